"""From classes of pixels to things: areas of one colour, connected in space and in time.

Two frames of a thing overlap, so a thing is followed by being one piece of the volume of all frames; no
matching from frame to frame is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Thing", "connected", "find_things", "grown"]

# A thing smaller than this share of the picture (41 pixels of 128 x 128) is a speck, not a subject.
SMALLEST = 0.0025
# What is seen in a smaller share of the frames than this is not looked at.
RAREST = 0.1
# A piece is part of a larger thing when its area is at most this share of it and at least this share of the
# pixels around it are the other's. Of two whole subjects, true clips show shares of contact up to 0.41.
PART_SHARE, PART_CONTACT = 0.2, 0.6
# A fleck, such as a wheel of a mistaken colour, is smaller than anything that is asked for (cases.VISIBLE) and
# a sixteenth of the thing it is on: touching that on a fifth of its edge is enough.
FLECK, FLECK_SHARE, FLECK_CONTACT = 0.01, 0.06, 0.2
# Pieces of one thing lie at most this share of the picture's width from what hides the rest of it.
NEAR = 0.02

Bits = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Thing:
    """One thing over T frames, in pixels.

    colour: index into the palette. mask: [T, H, W]. area: [T]. x, y: its centre [T]. left, top, right, bottom:
    its box [T]. Places are nan where it is not seen.
    """

    colour: int
    mask: Bits
    area: Numbers
    x: Numbers
    y: Numbers
    left: Numbers
    top: Numbers
    right: Numbers
    bottom: Numbers

    @property
    def seen(self) -> Bits:
        """In which frames it is there: bool [T]."""
        return np.asarray(self.area >= SMALLEST * self.mask[0].size)

    @property
    def size(self) -> float:
        """Its middle area where it is seen."""
        return float(np.median(self.area[self.area > 0]))


def find_things(classes: NDArray[np.uint8]) -> list[Thing]:
    """The things in classes uint8 [T, H, W] (0 is the world, 1 + i colour i), large ones first."""
    pieces = connected(classes)
    least = SMALLEST * classes[0].size
    counts = np.bincount(pieces.ravel(), weights=classes.ravel() > 0)
    names = np.flatnonzero(counts >= max(1.0, least * len(classes) * RAREST))
    kept = []
    for name in names:
        mask = pieces == name
        kept.append(_measured(mask, int(classes[mask][0]) - 1))
    whole = _joined(_absorbed([thing for thing in kept if thing.size >= least]))
    return sorted(whole, key=lambda thing: -float(thing.area.sum()))


def connected(classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Number the pieces of equal class in [T, H, W], connected by edges in x, y and time: int64 [T, H, W].

    Runs along x are numbered first; runs that touch then take the smallest number among them until nothing
    changes.
    """
    begins = np.ones(classes.shape, bool)
    begins[..., 1:] = classes[..., 1:] != classes[..., :-1]
    runs = begins.ravel().cumsum().reshape(classes.shape) - 1
    count = int(runs[-1, -1, -1]) + 1
    pairs = []
    for before, after in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        same = classes[before] == classes[after]
        # Two runs meet in many pixels; the first of them is enough.
        same[..., 1:] &= begins[before][..., 1:] | begins[after][..., 1:]
        pairs.append(runs[before][same] * count + runs[after][same])
    a, b = np.divmod(np.concatenate(pairs), count)
    names = np.arange(count)
    while (names[a] != names[b]).any():
        least = np.minimum(names[a], names[b])
        np.minimum.at(names, names[a], least)
        np.minimum.at(names, names[b], least)
        names = names[names]
    return np.asarray(names[runs])


def _measured(mask: Bits, colour: int) -> Thing:
    """Areas, centres and boxes of a mask [T, H, W]."""
    height, width = mask.shape[1:]
    columns, rows = mask.sum(1).astype(np.float64), mask.sum(2).astype(np.float64)  # [T, W], [T, H]
    area = columns.sum(1)
    share = 1.0 / np.where(area > 0, area, np.nan)

    def edges(line: Numbers) -> tuple[Numbers, Numbers]:
        low, high = (line > 0).argmax(1), line.shape[1] - (line[:, ::-1] > 0).argmax(1)
        return np.where(area > 0, low, np.nan), np.where(area > 0, high, np.nan)

    left, right = edges(columns)
    top, bottom = edges(rows)
    return Thing(
        colour=colour,
        mask=mask,
        area=area,
        x=columns @ (np.arange(width) + 0.5) * share,
        y=rows @ (np.arange(height) + 0.5) * share,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
    )


def _absorbed(things: list[Thing]) -> list[Thing]:
    """Give small pieces that lie in a larger thing, a window or a hat, to that thing."""
    for piece in sorted(things, key=lambda thing: thing.size):
        for host in things:
            if host is not piece and _is_part(piece, host):
                rest = [thing for thing in things if thing is not piece and thing is not host]
                return _absorbed([*rest, _measured(piece.mask | host.mask, host.colour)])
    return things


def _is_part(piece: Thing, host: Thing) -> bool:
    share = piece.size / host.size
    if share > PART_SHARE:
        return False
    fleck = share <= FLECK_SHARE and piece.size <= FLECK * piece.mask[0].size
    return _touching(piece, host) >= (FLECK_CONTACT if fleck else PART_CONTACT)


def _touching(piece: Thing, host: Thing) -> float:
    """Which share of the pixels around a piece are the host's, in frames with both."""
    both = piece.seen & host.seen
    around = grown(piece.mask[both], 1) & ~piece.mask[both]
    return float((around & host.mask[both]).sum() / max(1, around.sum()))


def _joined(things: list[Thing]) -> list[Thing]:
    """Put together pieces of one colour that lie side by side, or that only something before them keeps apart."""
    for first, thing in enumerate(things):
        for second in range(first + 1, len(things)):
            other = things[second]
            if thing.colour != other.colour:
                continue
            veils = [veil for veil in things if veil.colour != thing.colour]
            if _near(thing, other) or any(_hides(veil, thing, other) for veil in veils):
                rest = [item for index, item in enumerate(things) if index not in (first, second)]
                return _joined([*rest, _measured(thing.mask | other.mask, thing.colour)])
    return things


def _near(one: Thing, other: Thing) -> bool:
    """Whether two pieces nearly touch in most frames in which both are seen."""
    return _mostly(one, other, lambda both: _reached(one.mask[both], other.mask[both]))


def _hides(veil: Thing, one: Thing, other: Thing) -> bool:
    """Whether both pieces touch the veil in most frames in which both are seen."""

    def touched(both: Bits) -> Bits:
        return _reached(veil.mask[both], one.mask[both]) & _reached(veil.mask[both], other.mask[both])

    return _mostly(one, other, touched)


def _mostly(one: Thing, other: Thing, found: Callable[[Bits], Bits]) -> bool:
    both = (one.area > 0) & (other.area > 0)
    return bool(both.any() and found(both).mean() > 0.5)


def _reached(mask: Bits, other: Bits) -> Bits:
    """In which frames another mask [T, H, W] is near: bool [T]."""
    reach = max(1, round(NEAR * mask.shape[2]))
    return np.asarray((grown(mask, reach) & other).any((1, 2)))


def grown(mask: Bits, reach: int) -> Bits:
    """A mask [T, H, W] grown by `reach` pixels in x and y."""
    for _ in range(reach):
        wide = mask.copy()
        wide[:, :, 1:] |= mask[:, :, :-1]
        wide[:, :, :-1] |= mask[:, :, 1:]
        mask = wide.copy()
        mask[:, 1:] |= wide[:, :-1]
        mask[:, :-1] |= wide[:, 1:]
    return mask
