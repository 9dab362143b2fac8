"""The review of what was made: technical checks on every frame, and an honest word on what did not look."""

import numpy as np
from numpy.typing import NDArray

from himmel.safety.verdict import Verdict

__all__ = ["FrameReview"]

NO_REVIEWER = "no reviewer of pictures is installed, so their content was not judged"


class FrameReview:
    """Looks at a stream of frames as it passes and gives one verdict at its end.

    It checks that numbers are finite and that the picture is not one flat colour from start to end. It does
    not understand pictures, so its best verdict is "skipped": allowed, and not `safe`.
    """

    def __init__(self) -> None:
        self._frames = 0
        self._finite = True
        self._lowest: float = np.inf
        self._highest: float = -np.inf

    def look(self, frames: NDArray[np.uint8] | NDArray[np.float32]) -> None:
        """Take in frames [t, H, W, 3], uint8 or float."""
        self._frames += len(frames)
        if np.issubdtype(frames.dtype, np.floating) and not np.isfinite(frames).all():
            self._finite = False
            return
        if frames.size:
            self._lowest = min(self._lowest, float(frames.min()))
            self._highest = max(self._highest, float(frames.max()))

    def verdict(self) -> Verdict:
        """What can be said of the frames seen so far."""
        fault = ""
        if not self._frames:
            fault = "there are no frames"
        elif not self._finite:
            fault = "some values are not finite numbers"
        elif self._lowest == self._highest:
            fault = "every frame is one flat colour"
        if fault:
            return Verdict(subject="frames", allowed=False, status="failed", rule="broken-frames", reason=fault)
        reason = f"{NO_REVIEWER}; technical checks passed on all {self._frames} frames"
        return Verdict(subject="frames", allowed=True, status="skipped", reason=reason)
