"""What a probe looks at: the frames of one clip, and what can be read off them once for all probes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.background import Drift, background_drift
from himmel.evaluate.examiner import PALETTE, Examiner
from himmel.evaluate.recogniser import Recogniser, Told, views_of
from himmel.evaluate.things import Thing, find_things
from himmel.world import SceneSpec

__all__ = ["STEP", "Exhibit", "Given", "Pixels"]

Pixels = NDArray[np.uint8]
STEP = 2  # of the frames every second one is looked at: at 12 a second nothing is missed


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What a clip had to respect.

    first: frames uint8 [t, H, W, 3] that it begins with; coded: the same as the codec alone gives them back; last:
    frames that it ends with; whole: a clip that is kept outside of box (left, top, width, height in pixels) or,
    with retake (another take of the same event), one to compare with.
    """

    first: Pixels | None = None
    coded: Pixels | None = None
    last: Pixels | None = None
    whole: Pixels | None = None
    box: tuple[int, int, int, int] | None = None
    retake: Pixels | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """A clip under examination: frames uint8 [T, H, W, 3] and the scene they were asked to show.

    given: what it had to respect. twins: the other clips of the same question. seconds: how long a model took to
    make it. step: every how many frames are looked at. recogniser, gallery [N, D] (thumbnails of training clips):
    where there are any.
    """

    frames: Pixels
    spec: SceneSpec
    examiner: Examiner
    given: Given = Given()
    twins: "tuple[Exhibit, ...]" = ()
    seconds: float | None = None
    step: int = STEP
    recogniser: Recogniser | None = None
    gallery: NDArray[np.float32] | None = None

    @cached_property
    def watched(self) -> Pixels:
        """The frames that are looked at, the last one among them: [t, H, W, 3]."""
        backwards = self.frames[::-1][:: self.step]
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

    @property
    def rate(self) -> float:
        """Frames that are looked at, a second."""
        return self.spec.fps / self.step

    def of_colour(self, colour: str) -> Thing | None:
        """The largest thing of a colour."""
        index = PALETTE.index(colour)
        return next((thing for thing in self.things if thing.colour == index), None)

    def told(self, colour: str | None) -> Told | None:
        """What the recogniser says of the largest thing of a colour, or of the scene alone when that is None.

        None without a recogniser, or without such a thing.
        """
        if self.recogniser is None:
            return None
        thing = None if colour is None else self.of_colour(colour)
        if colour is not None and thing is None:
            return None
        if colour not in self._tellings:
            nothing = np.zeros(self.watched.shape[:3], bool)
            mask = nothing if thing is None else thing.mask
            self._tellings[colour] = self.recogniser.tell(views_of(self.watched, mask))
        return self._tellings[colour]

    @cached_property
    def _tellings(self) -> dict[str | None, Told]:
        return {}

    def beside(self, twins: "Sequence[Exhibit]") -> "Exhibit":
        """The same clip with the other clips of its question."""
        return replace(self, twins=tuple(twins))

    def part(self, start: int, stop: int) -> "Exhibit":
        """The same question to a span of the frames."""
        return replace(self, frames=self.frames[start:stop])
