"""Where given frames begin and end: what the codec loses there must not be lost between one frame and the next."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Seam"]

Frame: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]

KEPT = 0.75  # of the correction, from each frame to the next


class Seam:
    """Lets the look of given frames fade into that of decoded ones and back, in one walk along a video.

    Given pixels are put back as they were, so they are a little sharper than what the codec made of them and of
    all that is made, and the first made frame would show the difference at once. Instead the correction of the
    last given frame is taken on to those that follow, by less and less, and that of the next given frame comes up
    in as many as `ahead` before it, which are held back for that.
    """

    def __init__(self, ahead: int = 8) -> None:
        self._ahead = ahead
        self._correction: NDArray[np.float32] | None = None
        self._held: list[Frame] = []  # made frames that given ones may follow

    def join(self, decoded: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The next frames uint8 [t, H, W, 3] that are ready, from those decoded and with given pixels put back.

        Frames with given pixels come out as restored, the others as decoded with what there is of corrections.
        """
        ready = [frame for pair in zip(decoded, restored, strict=True) for frame in self._frames(*pair)]
        return np.stack(ready) if ready else decoded[:0]

    def end(self) -> list[NDArray[np.uint8]]:
        """The last frames [H, W, 3], where the video ends with made ones."""
        held, self._held = self._held, []
        return [_pixels(frame) for frame in held]

    def _frames(self, decoded: NDArray[np.uint8], restored: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        if not np.array_equal(decoded, restored):
            self._correction = restored.astype(np.float32) - decoded  # [H, W, 3]
            places = range(len(self._held), 0, -1)  # how far each is from this frame
            self._held = [
                frame + KEPT**away * self._correction for away, frame in zip(places, self._held, strict=True)
            ]
            return [*self.end(), restored]
        self._held.append(self._faded(decoded))
        return [_pixels(self._held.pop(0))] if len(self._held) > self._ahead else []

    def _faded(self, decoded: NDArray[np.uint8]) -> Frame:
        """A made frame with what is left of the correction before it."""
        if self._correction is None:
            return decoded
        self._correction *= KEPT
        if np.abs(self._correction).max() < 0.5:  # less than half a level changes nothing
            self._correction = None
            return decoded
        joined: NDArray[np.float32] = decoded + self._correction
        return joined


def _pixels(frame: Frame) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = frame.round().clip(0, 255).astype(np.uint8)
    return pixels
