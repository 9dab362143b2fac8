"""Given frames that are played around what is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from himmel.conditions.canvas import Canvas, Known
from himmel.conditions.condition import Condition
from himmel.errors import UsageError

__all__ = ["Footage"]

Clip = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Footage(Condition):
    """Given frames are played before and after those that are made; the model never sees them.

    before, after: uint8 [T, H, W, 3], None for nothing. first, last: how many frames at either end of the shot are
    left out, because they repeat what is given: the model saw them to go on from them.
    """

    kind: ClassVar[str] = "footage"
    before: Clip | None = None
    after: Clip | None = None
    first: int = 0
    last: int = 0

    def __post_init__(self) -> None:
        if min(self.first, self.last) < 0:
            raise UsageError(f"{self.first} and {self.last} frames cannot be left out; give 0 or more")

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim nothing; raise UsageError where the frames do not fit or nothing is left of the shot."""
        for what, frames in (("the footage before", self.before), ("the footage after", self.after)):
            if frames is not None:
                canvas.check_size(what, frames)
        if self.first + self.last >= canvas.shape.frames:
            raise UsageError(
                f"{self.first + self.last} of {canvas.shape.frames} frames would be left out; nothing is made then"
            )
        return known

    def shown(self, frames: int) -> int:
        """How many frames are played of a shot of so many."""
        given = sum(len(clip) for clip in (self.before, self.after) if clip is not None)
        return given + frames - self.first - self.last

    def play(self, frames: Iterator[Clip]) -> Iterator[Clip]:
        """The given frames around those of the shot."""
        if self.before is not None:
            yield self.before
        yield from _without_ends(frames, self.first, self.last)
        if self.after is not None:
            yield self.after

    def identity(self) -> tuple[object, ...]:
        """The frames and what is left out."""
        return (self.before, self.after, self.first, self.last)


def _without_ends(chunks: Iterator[Clip], first: int, last: int) -> Iterator[Clip]:
    """Chunks without so many frames at the beginning and the end; as many as `last` are held back."""
    held: Clip | None = None
    for chunk in chunks:
        begins = min(first, len(chunk))
        first -= begins
        new = chunk[begins:]
        held = new if held is None else np.concatenate([held, new])
        ready = len(held) - last
        if ready > 0:
            yield held[:ready]
            held = held[ready:]
