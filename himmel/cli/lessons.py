"""The clips of a folder as lessons: those that judge come first, those that teach follow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from himmel.errors import LedgerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from himmel.data import ClipShards
    from himmel.shapes import Size
    from himmel.world import Profile

__all__ = ["Lessons"]


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """The clips of a folder: those of the split "validation" come first and judge, those of "train" teach.

    Where there are none to judge, a recipe holds some of the others out. rendering: how they were drawn, as their
    ledger says.
    """

    judging: "ClipShards"
    training: "ClipShards"
    rendering: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> "Lessons":
        """Open a folder of clips; raises LedgerError when it has none to train on or they were not rendered."""
        from himmel.data import ClipShards

        training = ClipShards(folder, split="train")
        if not len(training):
            raise LedgerError(f"{folder} holds no training clips; draw some with: himmel world render")
        judging = ClipShards(folder, split="validation")
        return cls(judging=judging, training=training, rendering=_rendering(training))

    def __len__(self) -> int:
        return len(self.judging) + len(self.training)

    def frames(self, index: int, /) -> "NDArray[np.uint8]":
        """Frames of one clip, uint8 [T, H, W, 3]."""
        shards, index = self._place(index)
        return shards.frames(index)

    def record(self, index: int, /) -> dict[str, Any]:
        """What is in one clip's scene."""
        shards, index = self._place(index)
        return shards.record(index)

    def subjects(self, index: int, /) -> "NDArray[np.bool_]":
        """Where in one clip subjects are seen, bool [T, H, W]."""
        shards, index = self._place(index)
        return shards.subjects(index)

    def blocking(self, index: int, /, *, actors: int, every: int) -> "NDArray[np.float32]":
        """Who is where in one clip, float32 [C, F] (`himmel.blocking`)."""
        from himmel.world import GroundTruth, blocking_of

        shards, index = self._place(index)
        return blocking_of(GroundTruth.from_arrays(shards.truth(index)), actors=actors, every=every)

    @property
    def source(self) -> str:
        """What names these clips: the ledger root of those that judge, "+", the root of those that teach."""
        return f"{self.judging.root}+{self.training.root}"

    @property
    def profile(self) -> "Profile":
        """The part of the world's grammar the clips were drawn from."""
        return _profiles()[self.rendering["profile"]]

    @property
    def sizes(self) -> "tuple[Size, ...]":
        """Sizes of the training clips, each once: first those of the rendering, in its order."""
        told, found = self.rendering, {str(size): size for size in self.training.sizes}
        named = (f"{told.get('width')}x{told.get('height')}", *told.get("others", ()))
        return tuple(dict.fromkeys([*(found[name] for name in named if name in found), *found.values()]))

    def _place(self, index: int) -> "tuple[ClipShards, int]":
        first = len(self.judging)
        return (self.judging, index) if index < first else (self.training, index - first)


def _profiles() -> "Mapping[str, Profile]":
    from himmel.world import PROFILES

    return PROFILES


def _rendering(clips: "ClipShards") -> dict[str, Any]:
    transform = clips.rows[0].transform
    try:
        rendering: dict[str, Any] = json.loads(transform)
        if rendering["profile"] in _profiles() and rendering["generator"]:
            return rendering
    except (ValueError, TypeError, KeyError):
        pass  # another program's words for what it did
    raise LedgerError(
        f'{clips.folder} holds clips that were not rendered ("{transform[:60]}"), so nothing says what they show; '
        "draw some with: himmel world render"
    )
