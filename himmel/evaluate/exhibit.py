"""What a probe looks at: the frames of one clip, and what can be read off them once for all probes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.background import Drift, background_drift
from himmel.evaluate.examiner import PALETTE, Examiner
from himmel.evaluate.things import Thing, find_things
from himmel.world import SceneSpec

__all__ = ["Exhibit", "Pixels"]

Pixels = NDArray[np.uint8]
STEP = 2  # of the frames every second one is looked at: at 12 a second nothing is missed


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """A clip under examination: frames uint8 [T, H, W, 3] and the scene they were asked to show.

    given: frames uint8 [t, H, W, 3] that the clip had to begin with, if any; coded: the same frames as the
    codec alone gives them back.
    """

    frames: Pixels
    spec: SceneSpec
    examiner: Examiner
    given: Pixels | None = None
    coded: Pixels | None = None

    @cached_property
    def watched(self) -> Pixels:
        """The frames that are looked at, the last one among them: [t, H, W, 3]."""
        backwards = self.frames[::-1][::STEP]
        return np.ascontiguousarray(backwards[::-1])

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """Whose each pixel is: uint8 [t, H, W], 0 the world, 1 + i colour i of the palette."""
        return self.examiner.label(self.watched)

    @cached_property
    def things(self) -> list[Thing]:
        """What is there beside the world, large things first."""
        return find_things(self.classes)

    @cached_property
    def drift(self) -> Drift:
        """How the world moves between the frames looked at."""
        return background_drift(self.watched, self.classes > 0)

    def of_colour(self, colour: str) -> Thing | None:
        """The largest thing of a colour."""
        index = PALETTE.index(colour)
        return next((thing for thing in self.things if thing.colour == index), None)
