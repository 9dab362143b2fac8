"""Is this file ours? Three answers, and never "not made by AI": a missing seal proves nothing.

The library's defaults fetch whatever address a file names and count any well-formed signature as valid;
here nothing is fetched, and only a signature that leads to this installation's root is ours.
"""

import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import c2pa

from himmel.errors import MediaError, UsageError
from himmel.provenance.container import Malformed, sniff
from himmel.provenance.form import check_form
from himmel.provenance.manifest import ASSERTION, Manifest

__all__ = ["Answer", "Verification", "trust_context", "verify"]

Answer = Literal["ours (signed)", "altered", "no evidence"]
# The description that opens every manifest store; its presence in a file that will not parse is a trace.
STORE_MARK = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"

DAMAGED = "its manifest is damaged or the file is cut short"
MEANINGS = {
    "assertion.bmffHash.mismatch": "the content was changed after it was signed",
    "assertion.dataHash.mismatch": "the content was changed after it was signed",
    "assertion.hashedURI.mismatch": "a claim was changed after it was signed",
    "assertion.missing": "a claim was removed after it was signed",
    "claimSignature.mismatch": "the signature does not fit what it signs",
    "claimSignature.missing": "the signature was removed",
}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """An answer, why, and, only when the file is ours, what it claims; `signer` is who signed, if anyone."""

    answer: Answer
    reasons: tuple[str, ...]
    manifest: Manifest | None = None
    signer: str | None = None


def trust_context(root: bytes | None) -> c2pa.Context:
    """Settings for C2PA's library: trust `root` (PEM) alone, never use the network, make no thumbnails."""
    settings: dict[str, Any] = {
        "version": 1,
        "verify": {"remote_manifest_fetch": False},
        "core": {"allowed_network_hosts": []},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if root is not None:
        settings["trust"] = {"trust_anchors": root.decode("ascii")}
    return c2pa.Context.from_dict(settings)


def verify(path: Path, root: bytes | None) -> Verification:
    """Say whether a file was sealed by the installation whose root certificate (PEM) is `root`.

    "ours (signed)": sealed here and not a bit changed since. "altered": it carries a seal that its bytes no
    longer fit. "no evidence": unsigned, or signed by someone else, who is then named. Raises MediaError when
    there is no such file.
    """
    try:
        mime = sniff(path)
        if mime is None:
            return _no_evidence("the file is no MP4, PNG, JPEG or WebP, the kinds that Himmel seals")
        return _judge(path, mime, root)
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}") from error


def _judge(path: Path, mime: str, root: bytes | None) -> Verification:
    try:
        with path.open("rb") as file, c2pa.Reader(mime, file, context=trust_context(root)) as reader:
            state, report = reader.get_validation_state(), json.loads(reader.json())
    except c2pa.C2paError as error:
        return _judge_unreadable(path, error)
    active = (report.get("manifests") or {}).get(report.get("active_manifest"))
    if active is None:
        return Verification(answer="altered", reasons=(DAMAGED,))
    signer = _printable((active.get("signature_info") or {}).get("common_name"))
    if state == "Trusted":
        return _judge_trusted(path, mime, active, signer)
    failures = report.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    codes = sorted({str(failure["code"]) for failure in failures})
    broken = [code for code in codes if not code.startswith(("signingCredential.", "timeStamp."))]
    if state == "Invalid" and broken:
        reasons = tuple(MEANINGS.get(code, f"its manifest fails the check {code}") for code in broken)
        return Verification(answer="altered", reasons=tuple(dict.fromkeys(reasons)), signer=signer)
    return _no_evidence(f"the file is signed by {signer or 'someone unnamed'}, not by this installation", signer)


def _judge_trusted(path: Path, mime: str, active: Mapping[str, Any], signer: str | None) -> Verification:
    try:
        [assertion] = [item["data"] for item in active["assertions"] if item["label"] == ASSERTION]
        manifest, layout = Manifest.from_c2pa(assertion), assertion["layout"]
        check_form(path, mime, layout)
    except Malformed as error:
        return Verification(answer="altered", reasons=(str(error),), signer=signer)
    except (ValueError, KeyError, TypeError, UsageError):
        return _no_evidence("this installation's key signed the file, but no plan that can be read", signer)
    reason = "signed by this installation and unchanged since"
    return Verification(answer="ours (signed)", reasons=(reason,), manifest=manifest, signer=signer)


def _judge_unreadable(path: Path, error: c2pa.C2paError) -> Verification:
    if str(error).startswith("Remote:"):  # the library has a type for this, and does not raise it
        return _no_evidence("the file names a manifest on the network, which is never fetched")
    if _has_store(path):
        return Verification(answer="altered", reasons=(DAMAGED,))
    if isinstance(error, c2pa.C2paError.ManifestNotFound):
        return _no_evidence("the file carries no manifest; conversion and most sites remove it")
    return _no_evidence("the file is damaged and carries no manifest")


def _has_store(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(STORE_MARK) >= 0


def _printable(name: str | None) -> str | None:
    """Strangers choose their names; these are shown on terminals."""
    return "".join(letter for letter in name if letter.isprintable())[:80] if name else None


def _no_evidence(reason: str, signer: str | None = None) -> Verification:
    return Verification(answer="no evidence", reasons=(reason,), signer=signer)
