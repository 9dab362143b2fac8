"""Large frames in pieces: each tile is worked on with what it depends on around it, which is then dropped.

A tile at the frame's border sees the same border as the whole frame would, so the pieces together equal the whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Span", "Tile", "tiles"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Along one side: `start` to `stop` is wanted, `first` to `last` is looked at for it."""

    start: int
    stop: int
    first: int
    last: int

    def inner(self, scale: int = 1) -> slice:
        """What is wanted within what was looked at, `scale` times as large."""
        return slice(scale * (self.start - self.first), scale * (self.stop - self.first))


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A rectangle of a frame."""

    rows: Span
    columns: Span

    def seen(self, frame: Tensor) -> Tensor:
        """The rectangle with its surroundings, of [B, C, H, W]."""
        return frame[..., self.rows.first : self.rows.last, self.columns.first : self.columns.last]

    def put(self, target: Tensor, made: Tensor, scale: int = 1) -> None:
        """Write what was made of `seen`, `scale` times as large, where it belongs in the target."""
        rows, columns = self.rows, self.columns
        place = target[..., scale * rows.start : scale * rows.stop, scale * columns.start : scale * columns.stop]
        place.copy_(made[..., rows.inner(scale), columns.inner(scale)])


def tiles(height: int, width: int, *, side: int, halo: int) -> Iterator[Tile]:
    """Rectangles of at most `side` pixels a side that cover the frame once, row by row."""
    for rows in _spans(height, side, halo):
        for columns in _spans(width, side, halo):
            yield Tile(rows=rows, columns=columns)


def _spans(length: int, side: int, halo: int) -> Iterator[Span]:
    for start in range(0, length, side):
        stop = min(start + side, length)
        yield Span(start=start, stop=stop, first=max(0, start - halo), last=min(length, stop + halo))
