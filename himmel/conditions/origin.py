"""A clip to begin from instead of noise: remixing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from himmel.conditions.canvas import Canvas, Known, as_video
from himmel.conditions.condition import Condition
from himmel.errors import UsageError

__all__ = ["Origin"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin(Condition):
    """What is free begins from a given clip, noised to the level `start` between 0 and 1, instead of from noise.

    frames: uint8 [T, H, W, 3] of the video's length. The lower the level, the more of the clip remains (SDEdit,
    arXiv 2108.01073). Nothing is fixed, so it goes together with conditions that fix something.
    """

    kind: ClassVar[str] = "origin"
    frames: NDArray[np.uint8]
    start: float

    def __post_init__(self) -> None:
        if not 0 < self.start < 1:
            raise UsageError(
                f"strength {self.start:g} is not between 0 and 1; 0 would change nothing and 1 forget the clip, "
                "0.6 is usual"
            )

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Say where to begin."""
        canvas.check_size("the clip to remix", self.frames)
        if len(self.frames) != canvas.shape.frames:
            raise UsageError(
                f"the clip to remix has {len(self.frames)} frames and the video {canvas.shape.frames}; give those"
            )
        return known.enter(canvas.encode(as_video(self.frames)), self.start)

    def identity(self) -> tuple[object, ...]:
        """The clip and the level."""
        return (self.frames, self.start)
