"""Where given frames end: what the codec loses there must not be lost between one frame and the next."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Seam"]

KEPT = 0.75  # of the correction, from each frame to the next


class Seam:
    """Lets the look of given frames fade into that of decoded ones, in one walk along a video.

    Given pixels are put back as they were, so they are a little sharper than what the codec made of them and of
    all that follows, and the first made frame would show the difference at once. Instead the correction of the
    last given frame is taken on to those that follow, by less and less.
    """

    def __init__(self) -> None:
        self._correction: NDArray[np.float32] | None = None

    def join(self, decoded: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The next frames uint8 [t, H, W, 3], as decoded and with given pixels put back.

        Frames with given pixels come out as restored, the others as decoded with what is left of the correction.
        """
        return np.stack([self._frame(*pair) for pair in zip(decoded, restored, strict=True)])

    def _frame(self, decoded: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not np.array_equal(decoded, restored):
            self._correction = restored.astype(np.float32) - decoded  # [H, W, 3]
            return restored
        if self._correction is None:
            return decoded
        self._correction *= KEPT
        if np.abs(self._correction).max() < 0.5:  # less than half a level changes nothing
            self._correction = None
            return decoded
        joined: NDArray[np.uint8] = (decoded + self._correction).round().clip(0, 255).astype(np.uint8)
        return joined
