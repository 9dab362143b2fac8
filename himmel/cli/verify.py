"""`himmel verify`: was this file made here, and is it unchanged?"""

from json import loads
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from himmel.cli.home import keys_folder
from himmel.cli.show import print_json, print_note, print_path

__all__ = ["verify"]


def verify(
    file: Annotated[Path, Parameter(help="A video or picture.")],
    /,
    *,
    json: Annotated[bool, Parameter(negative=(), help="Print the answer as JSON.")] = False,
) -> int:
    """Say whether a file was made by this installation and is unchanged.

    Answers "ours (signed)", "altered" or "no evidence". A file without evidence may still be ours: converting
    a file removes its seal. The exit code is 0 for "ours (signed)" and 1 otherwise.
    """
    from himmel.provenance import read_root
    from himmel.provenance import verify as verify_file

    found = verify_file(file, read_root(keys_folder()))
    claims = found.manifest.to_dict() if found.manifest is not None else {}
    if json:
        answer: dict[str, Any] = {"answer": found.answer, "reasons": list(found.reasons), "signer": found.signer}
        print_json(answer | ({"manifest": claims | {"plan": loads(claims["plan"])}} if claims else {}))
    else:
        print_path(found.answer)
        for reason in found.reasons:
            print_note(reason)
        if claims:
            print_note(
                f"it claims: {claims['title']}, {claims['source']}, weights {claims.get('weights', 'none')}"
            )
    return 0 if found.answer == "ours (signed)" else 1
