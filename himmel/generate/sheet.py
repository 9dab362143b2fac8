"""A picture of a video: a few of its frames side by side, picked while they pass."""

from collections.abc import Iterable, Iterator

import numpy as np

from himmel.media import Pixels, contact_sheet

__all__ = ["SheetFrames"]


class SheetFrames:
    """Picks `most` frames, evenly from first to last, out of a stream of `total`."""

    def __init__(self, total: int, most: int = 12) -> None:
        self._wanted = sorted({round(place) for place in np.linspace(0, total - 1, min(most, total))})
        self._kept: list[Pixels] = []

    def watch(self, chunks: Iterable[Pixels]) -> Iterator[Pixels]:
        """The same chunks uint8 [t, H, W, 3], looked at on their way."""
        start = 0
        for chunk in chunks:
            self._kept += [chunk[index - start] for index in self._wanted if start <= index < start + len(chunk)]
            start += len(chunk)
            yield chunk

    def sheet(self, fps: int) -> Pixels:
        """The picked frames with their times, uint8 [h, w, 3]."""
        times = [f"{index / fps:.2f} s" for index in self._wanted[: len(self._kept)]]
        return contact_sheet(np.stack(self._kept), columns=4, captions=times)
