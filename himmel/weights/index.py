"""The index of a weights folder: card, parts, shards, digest. Standard library only, nothing is loaded."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from himmel.errors import WeightsError

__all__ = [
    "CATALOGUE",
    "INDEX_FORMAT",
    "INDEX_NAME",
    "Card",
    "Index",
    "LongDefaults",
    "PartIndex",
    "SamplerDefaults",
    "ShardFile",
    "check_size",
    "find_weights",
    "read_index",
]

CATALOGUE: dict[str, Path] = {"bundled": Path(__file__).parents[1] / "bundled"}
INDEX_NAME = "weights.json"
INDEX_FORMAT = "himmel.weights/1"
SHARD_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\.safetensors")


def _known_only(cls: type, values: object, what: str) -> dict[str, Any]:
    """`values` as keyword arguments of the dataclass `cls`; unknown keys and non-objects are refused."""
    if not isinstance(values, dict):
        raise WeightsError(f"{what} is not an object; the weights' index is damaged, install the weights again")
    names = {item.name for item in fields(cls)}
    unknown = sorted(set(values) - names)
    if unknown:
        raise WeightsError(f'{what} has the unknown key "{unknown[0]}"; known: {", ".join(sorted(names))}')
    return values


@dataclass(frozen=True, kw_only=True)
class SamplerDefaults:
    """How these weights are best sampled; the fields are those of `himmel.plan.Sampling`."""

    steps: int = 16
    solver: str = "unipc"
    shift: float = 2.5
    guidance: float = 3.0
    guidance_from: float = 0.15
    guidance_until: float = 0.95
    rescale: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LongDefaults:
    """How these weights best go on beyond a window; the fields are those of `himmel.plan.Windows`, in frames.

    overlap None: with the sink a third of the window, so that motion goes on and is not frozen. stride None: the
    frames of one latent frame, which is rolling; 0 is one window after the other (docs/long.md).
    """

    overlap: int | None = None
    carry_level: float = 0.03  # within the 0 to 0.1 that training shows beside clean history
    sink: int = 1
    stride: int | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a set of weights is and what it was taught.

    sizes are the trained "WIDTHxHEIGHT", the default first; frames is the trained length of a window and fps
    its clock; `sampler` and `long` say how a window is best made and how the video goes on beyond it. `knows` maps
    a category ("colours", "verbs", ...) to the trained words; `styles` maps a style to the sentence that captions
    have for it. `ledger` is the root of the training data's ledger, and
    `other_ledgers` those of what the codec, or the run this one began from, learned from besides; "unknown"
    where a run did not write it down.
    """

    name: str
    licence: str = "Apache-2.0"
    generator: str = ""
    commit: str = ""
    ledger: str = ""
    other_ledgers: tuple[str, ...] = ()
    trained_steps: int = 0
    trained_samples: int = 0
    sizes: tuple[str, ...] = ("128x128",)
    frames: int = 33
    fps: int = 12
    sampler: SamplerDefaults = SamplerDefaults()
    long: LongDefaults = LongDefaults()
    knows: Mapping[str, tuple[str, ...]]
    styles: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""

    def __post_init__(self) -> None:
        if not self.name or not self.sizes or min(self.frames, self.fps, self.sampler.steps) < 1:
            raise WeightsError(f'the card of "{self.name}" lacks a name, a trained size, frames, fps or steps')

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """The card that `to_dict` wrote; raises WeightsError on unknown or missing keys."""
        known = dict(_known_only(cls, values, "the card"))
        try:
            known["sizes"] = tuple(known.get("sizes", cls.sizes))
            known["other_ledgers"] = tuple(known.get("other_ledgers", ()))
            sampler = _known_only(SamplerDefaults, known.get("sampler", {}), "the card's sampler")
            known["sampler"] = SamplerDefaults(**sampler)
            known["long"] = LongDefaults(**_known_only(LongDefaults, known.get("long", {}), "the card's long"))
            known["knows"] = {category: tuple(words) for category, words in known["knows"].items()}
            return cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise WeightsError(f"the card of the weights is incomplete ({error}); install them again") from error


@dataclass(frozen=True, kw_only=True)
class ShardFile:
    """One .safetensors file: name inside the folder, size in bytes, SHA-256 (hex)."""

    name: str
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if not SHARD_NAME.fullmatch(self.name):
            raise WeightsError(f'the index names a shard "{self.name}", which is not a plain .safetensors name')


@dataclass(frozen=True, kw_only=True)
class PartIndex:
    """One part: the config its class is built from, its storage type and its shards."""

    config: Mapping[str, Any]
    storage: str
    files: tuple[ShardFile, ...]


@dataclass(frozen=True, kw_only=True)
class Index:
    """What `weights.json` says: card and parts; `digest` is derived, never stored on trust."""

    folder: Path
    card: Card
    parts: Mapping[str, PartIndex]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the sorted digests of the shards and the configs of the parts."""
        shards = sorted(file.sha256 for part in self.parts.values() for file in part.files)
        configs = {name: dict(part.config) for name, part in self.parts.items()}
        text = json.dumps({"configs": configs, "shards": shards}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def total_bytes(self) -> int:
        """Size of all shards."""
        return sum(file.bytes for part in self.parts.values() for file in part.files)


def find_weights(name_or_path: str | Path) -> Path:
    """The folder of a named model of the catalogue or of a path; raises WeightsError when there is none."""
    folder = CATALOGUE.get(str(name_or_path), Path(name_or_path))
    if (folder / INDEX_NAME).is_file():
        return folder
    if str(name_or_path) in CATALOGUE:
        where = f"{folder / INDEX_NAME} is missing"
        raise WeightsError(
            f'the weights "{name_or_path}" are not installed ({where}); name others with --model, or '
            "install a version that has them"
        )
    names = ", ".join(sorted(CATALOGUE))
    raise WeightsError(
        f'no weights at "{name_or_path}": no {INDEX_NAME} there, and the catalogue has only {names}'
    )


def read_index(name_or_path: str | Path) -> Index:
    """The index of a weights folder, with every shard's presence and size checked (not its hash)."""
    folder = find_weights(name_or_path)
    try:
        values = json.loads((folder / INDEX_NAME).read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder / INDEX_NAME} cannot be read as JSON; install the weights again") from error
    if not isinstance(values, dict) or values.get("format") != INDEX_FORMAT:
        raise WeightsError(f"{folder / INDEX_NAME} is not a {INDEX_FORMAT} index; install the weights again")
    unknown = sorted(set(values) - {"format", "card", "parts"})
    if unknown or not isinstance(values.get("parts"), dict):
        raise WeightsError(f"{folder / INDEX_NAME} has unknown or missing keys {unknown or ['parts']}")
    parts = {name: _read_part(name, part) for name, part in values["parts"].items()}
    index = Index(folder=folder, card=Card.from_dict(values.get("card")), parts=parts)
    for part in parts.values():
        for file in part.files:
            check_size(folder, file)
    return index


def _read_part(name: str, values: object) -> PartIndex:
    known = _known_only(PartIndex, values, f"part {name}")
    try:
        files = tuple(ShardFile(**_known_only(ShardFile, file, f"a shard of {name}")) for file in known["files"])
        return PartIndex(config=dict(known["config"]), storage=known["storage"], files=files)
    except (KeyError, TypeError) as error:
        raise WeightsError(
            f"part {name} of the index is incomplete ({error}); install the weights again"
        ) from error


def check_size(folder: Path, file: ShardFile) -> None:
    """Raise WeightsError unless the shard lies in `folder` with the size the index names."""
    path = folder / file.name
    if not path.is_file():
        raise WeightsError(f"shard {path} is missing; install the weights again")
    size = path.stat().st_size
    if size != file.bytes:
        raise WeightsError(f"shard {path} has {size} bytes instead of {file.bytes}; install the weights again")
