"""The manifest: what a file claims about itself, and its form as a C2PA manifest.

C2PA's library signs manifests that contradict themselves (an invented action, a parent beside "created"),
so the fixed part is written here once and the values are checked when a `Manifest` is made.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from himmel import __version__
from himmel.errors import UsageError

__all__ = ["ASSERTION", "Manifest", "Source"]

ASSERTION = "org.himmel.plan"
ASSERTION_FORMAT = 1
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")

Source = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia"]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is claimed of a file.

    plan: the plan's JSON text, kept to the byte. weights: digest of the weights that made it, None when no
    model did. ledger: root of the data ledger those weights name. verdicts: what safety decided, as JSON
    objects. source: trainedAlgorithmicMedia for a model's work, compositeWithTrainedAlgorithmicMedia where it
    stands beside given pictures, algorithmicMedia for a drawing of the procedural world. edits: what was given and
    what was done to it afterwards, a sentence each, in order. version: the Himmel that made it.
    """

    plan: str
    weights: str | None = None
    ledger: str | None = None
    verdicts: Sequence[Mapping[str, Any]] = ()
    source: Source = "trainedAlgorithmicMedia"
    title: str = "Himmel video"
    edits: Sequence[str] = ()
    version: str = field(default=__version__)

    def __post_init__(self) -> None:
        if self.source not in get_args(Source):
            raise UsageError(f"source {self.source!r} is not one of {', '.join(get_args(Source))}")
        if self.source != "algorithmicMedia" and self.weights is None:
            raise UsageError("a manifest of a model's work must name its weights; give their digest")
        for name in ("weights", "ledger"):
            digest = getattr(self, name)
            if digest is not None and not DIGEST.fullmatch(digest):
                raise UsageError(f"{name} {str(digest)[:80]!r} is not a SHA-256 digest: 64 hexadecimal digits")
        if not isinstance(_json(self.plan), dict):
            raise UsageError("the plan in a manifest must be the text of a JSON object")
        try:  # as they will read back: tuples are lists in JSON
            verdicts = tuple(json.loads(json.dumps(list(self.verdicts), allow_nan=False)))
        except (TypeError, ValueError) as error:
            raise UsageError(f"the verdicts in a manifest must be JSON: {error}") from error
        object.__setattr__(self, "verdicts", verdicts)
        object.__setattr__(self, "edits", tuple(map(str, self.edits)))

    def to_dict(self) -> dict[str, Any]:
        """The claims by name, without those that are None, and edits only where there are some."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values["verdicts"], values["edits"] = list(self.verdicts), list(self.edits) or None
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Manifest":
        """Inverse of `to_dict`; raises UsageError on unknown or missing keys."""
        known = {item.name for item in fields(cls)}
        if not set(values) <= known or "plan" not in values:
            raise UsageError(f"a manifest has a plan and no keys beyond {', '.join(sorted(known))}")
        return cls(**values)

    def to_c2pa(self, layout: Sequence[str]) -> dict[str, Any]:
        """The manifest that C2PA's library signs; `layout` says what its hash leaves out (see `form`)."""
        agent = {"name": "himmel", "version": self.version}
        by = {"digitalSourceType": SOURCE_TYPES + self.source, "softwareAgent": agent}
        edits = [{"action": "c2pa.edited", **by, "description": edit} for edit in self.edits]
        actions = [{"action": "c2pa.created", **by}, *edits]
        # As text, like the plan: C2PA's library rounds numbers to 32 bits.
        claims = {**self.to_dict(), "verdicts": json.dumps(self.verdicts)}
        ours = {"format": ASSERTION_FORMAT, "claims": claims, "layout": list(layout)}
        return {
            "claim_generator_info": [agent],
            "title": self.title,
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": actions}, "created": True},
                {"label": ASSERTION, "data": ours, "created": True},
            ],
        }

    @classmethod
    def from_c2pa(cls, ours: Mapping[str, Any]) -> "Manifest":
        """Inverse of `to_c2pa`, of the data of our assertion; raises UsageError when it is not of our form."""
        try:
            claims, form = ours["claims"], ours["format"]
            verdicts = json.loads(claims["verdicts"])
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError("the assertion is not of Himmel's form") from error
        if form != ASSERTION_FORMAT:
            raise UsageError(f"the assertion has format {form!r}, this Himmel reads {ASSERTION_FORMAT}")
        return cls.from_dict({**claims, "verdicts": verdicts})


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
