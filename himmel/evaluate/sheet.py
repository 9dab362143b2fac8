"""A sheet of what was made, to be looked at beside the numbers."""

from pathlib import Path

import numpy as np

from himmel.errors import UsageError
from himmel.evaluate.cases import Case
from himmel.evaluate.exhibit import Pixels
from himmel.media import contact_sheet, write_png

__all__ = ["SampleSheet"]

MOMENTS = 4


class SampleSheet:
    """Collects clips (give it to `evaluate` as `on_clip`) and writes the picture: a row of moments for each."""

    def __init__(self, most: int = 24, columns: int = 2) -> None:
        self.most, self.columns = most, columns
        self._pictures: list[Pixels] = []
        self._captions: list[str] = []

    def __call__(self, case: Case, frames: Pixels) -> None:
        """Keep a few moments of a clip, unless the sheet is full."""
        if len(self._pictures) >= self.most * MOMENTS:
            return
        moments = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
        self._pictures += list(frames[moments])
        width, words = frames.shape[2] // 6, case.caption.split()
        # The caption runs on below the moments of its clip.
        lines = [""]
        for word in words:
            if len(lines[-1]) + len(word) >= width and len(lines) < MOMENTS:
                lines.append("")
            lines[-1] += f" {word}"
        self._captions += [*lines, *[""] * (MOMENTS - len(lines))]

    def write(self, path: Path) -> None:
        """Write the sheet as a PNG; raises UsageError when there is nothing on it."""
        if not self._pictures:
            raise UsageError("no clip was made; there is nothing to put on a sheet")
        sheet = contact_sheet(np.stack(self._pictures), self.columns * MOMENTS, self._captions)
        write_png(path, sheet)
