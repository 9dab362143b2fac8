"""The probe of what is hidden for a while: it must come out on the other side, in time, and be what it was.

The camera is at rest, so the empty scene can be seen in the clip itself: it is what shows while nothing moves,
which is while the subject is behind the wall. What differs from it is the subject. Nothing has to know what the
subject is or which colour it has, so that what no examiner has seen yet can be followed as well.

t frames, H W pixels of a picture. Lengths are in widths of the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from himmel.evaluate.exhibit import Exhibit, Pixels
from himmel.evaluate.followed import lab

__all__ = ["Passage", "cleaned", "different", "hidden_again", "passage"]

Numbers = NDArray[np.float64]
Bits = NDArray[np.bool_]

DIFFERS = 26  # levels in one channel: what differs less is taken to be the empty scene
SHADE = 0.10  # by how much the channels' ratios to the empty scene may differ in a shadow
SKY = 0.28  # the same where the sky is blue and the light of a shadow with it
DARKER = (0.30, 0.99)  # of the empty scene's levels that a shadow leaves
NEIGHBOURS = 5  # of the nine pixels around one that must differ as well
NARROW = 0.03  # widths of the picture: what is thinner is one as well
TALL = 0.25  # of the greatest height: lower columns are a shadow's
LEAST = 0.0012  # of the picture: what covers less is not seen
OUT_OF_SIGHT = 0.08  # of the greatest area: the same
SHORTEST = 4  # frames out of sight; half a second is six
LATE = (-3, 6)  # frames by which it may be off the asked time; what hardly shows counts as hidden
STRAY = 0.12  # widths by which the place may be off the straight line
COLOUR = 28.0  # distance in the plane of a and b (CIELAB), or
HUE, COLOURFUL = 15.0, 30.0  # degrees of hue, where both are at least as far from grey
MIDDLE, DARK = 60.0, 15.0  # lightness that colours are compared at, and the least that has a colour
GROWN = 0.40  # share by which the height may differ
WELL = 0.2  # of the greatest area: seen well enough to say where it is
GHOST = 0.25  # of the greatest area that may differ at all times
APART = 0.04  # widths between two things


@dataclass(frozen=True, kw_only=True, eq=False)
class Passage:
    """A subject on its way past what hides it.

    masks: where it is seen [t, H, W]. first, after: the frames between which it is out of sight. sign: 1 to the
    right, -1 to the left. pace: widths a frame before it is hidden. stray: how far off the straight line it comes
    out, in widths. late: how many frames off the time that line says. colour: how far apart the colours before and
    after are.
    grown: by how much taller or lower it is after, natural logarithm. parts: how many things are seen at the end.
    """

    masks: Bits
    first: int
    after: int
    sign: int
    pace: float
    stray: float
    colour: float
    grown: float
    parts: int


def hidden_again(exhibit: Exhibit) -> Sequence[float]:
    """Whether what goes out of sight comes out again as itself, where and when it should; else 0."""
    motion = exhibit.spec.subjects[0].motion
    if motion.hidden is None:
        return []
    found = passage(exhibit.frames)
    if found is None:
        return [0.0]
    asked = {"left": -1, "right": 1}.get(motion.direction or "", found.sign)
    late = found.after - found.first - motion.hidden * exhibit.spec.fps
    right = (
        found.sign == asked
        and LATE[0] <= late <= LATE[1]
        and found.stray <= STRAY
        and found.colour <= COLOUR
        and abs(found.grown) <= np.log(1 + GROWN)
        and found.parts == 1
    )
    return [float(right)]


def passage(frames: Pixels) -> Passage | None:
    """The way of the one thing that moves in frames uint8 [t, H, W, 3]; None where none goes and comes back."""
    masks = _upright(different(frames, _empty(frames)))
    area = masks.sum((1, 2)).astype(np.float64)
    least = max(LEAST * masks[0].size, OUT_OF_SIGHT * float(area.max()))
    gone = _longest(area < least)
    if gone is None or gone[1] - gone[0] < SHORTEST or gone[0] < 2 or gone[1] > len(frames) - 2:
        return None
    first, after = gone
    seen = np.flatnonzero(area >= least)
    before, later = seen[seen < first], seen[seen >= after]
    ghost = masks[seen].mean(0) > 0.7
    if len(before) < 2 or len(later) < 2 or ghost.sum() > GHOST * area.max():
        return None
    left, right = _sides(masks)
    sign = 1 if left[later].mean() + right[later].mean() > left[before].mean() + right[before].mean() else -1
    # The side that is last to vanish and the one that is first to come out again move freely.
    behind, ahead = (left, right) if sign > 0 else (right, left)
    well = [at[area[at] > WELL * area.max()] for at in (before, later)]
    if not all(map(len, well)):
        return None
    if (sign * (ahead[well[0]] - behind[well[1]][:, None])).max() > APART:
        return None  # It was never hidden: one side is seen where the other one comes out.
    pace, between = _line(before, behind[before], later, ahead[later])
    length = float(np.quantile(np.abs(right - left)[seen], 0.9))
    if sign * pace <= 0:
        return None
    tall = masks.any(2).sum(1).astype(np.float64)
    whole = [at[np.argsort(area[at])[-3:]] for at in (before, later)]
    one, other = (_colour(frames[at], masks[at]) for at in whole)
    grown = float(np.log(tall[whole[1]].mean() / tall[whole[0]].mean()))
    return Passage(
        masks=masks, first=first, after=after, sign=sign, pace=abs(pace), stray=abs(sign * between - length),
        colour=_apart(one, other), grown=grown, parts=_parts(masks[later[-1]]),
    )  # fmt: skip


def _empty(frames: Pixels) -> Numbers:
    """The scene without what moves in it [H, W, 3]: the frames among which least changes."""
    changes = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean((1, 2, 3))
    span = SHORTEST - 1
    still = np.convolve(changes, np.ones(span), "valid")
    start = int(still.argmin())
    return np.asarray(np.median(frames[start : start + SHORTEST], axis=0), np.float64)


def different(frames: Pixels, empty: Numbers, *, lit: bool = False) -> Bits:
    """Where frames [t, H, W, 3] differ from an empty scene [H, W, 3], but for shadows and single pixels.

    lit: nor is what a shadow has left a difference; something pale before grey is then none either.
    """
    levels = frames.astype(np.float64)
    differs = np.abs(levels - empty).max(3) > DIFFERS
    ratio = (levels + 1) / (empty + 1)
    shadow = _shaded(ratio, SKY) | _shaded(1 / ratio, SKY) if lit else _shaded(ratio, SHADE)
    return cleaned(differs & ~shadow)


def _shaded(ratio: Numbers, tint: float) -> Bits:
    """Where all channels have the same smaller share of what they were [t, H, W, 3] -> [t, H, W]."""
    share = ratio.mean(3)
    return np.asarray((np.ptp(ratio, axis=3) < tint) & (share > DARKER[0]) & (share < DARKER[1]))


def cleaned(mask: Bits) -> Bits:
    """Without pixels that have few neighbours, and with those that have many [t, H, W]."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1))).astype(np.int8)
    height, width = mask.shape[1:]
    around = np.sum([padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
    return np.asarray(around >= NEIGHBOURS)


def _upright(masks: Bits) -> Bits:
    """Without what is flat or thin, as shadows that come and go with what is hidden are [t, H, W]."""
    columns = masks.sum(1)
    tall = columns >= max(3.0, TALL * float(np.quantile(columns.max(1), 0.9)))
    narrow = max(1, round(NARROW * masks.shape[2]))
    wide = sliding_window_view(np.pad(tall, ((0, 0), (narrow - 1, narrow - 1))), narrow, axis=1).all(2)
    kept: Bits = np.asarray(sliding_window_view(wide, narrow, axis=1).any(2))
    return np.asarray(masks & kept[:, None])


def _longest(hidden: Bits) -> tuple[int, int] | None:
    """The longest run of frames that is neither at the beginning nor at the end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(int), [0]])))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if a > 0 and b < len(hidden)]
    return max(runs, key=lambda run: run[1] - run[0], default=None)


def _sides(masks: Bits) -> tuple[Numbers, Numbers]:
    """Left and right ends of masks [t, H, W], in widths [t]."""
    columns: Bits = np.asarray(masks.any(1))
    width = masks.shape[2]
    seen = np.asarray(columns.any(1))
    left = np.where(seen, columns.argmax(1), 0) / width
    right = np.where(seen, width - columns[:, ::-1].argmax(1), 0) / width
    return left, right


def _apart(one: Numbers, other: Numbers) -> float:
    """How far apart two colours are, a and b each [2]; 0 for those of one hue, whatever light they are in."""
    hues = np.degrees(np.arctan2(*one[::-1]) - np.arctan2(*other[::-1]))
    if min(np.hypot(*one), np.hypot(*other)) >= COLOURFUL and abs((hues + 180) % 360 - 180) <= HUE:
        return 0.0
    return float(np.hypot(*(one - other)))


def _line(one: NDArray[np.intp], x: Numbers, other: NDArray[np.intp], y: Numbers) -> tuple[float, float]:
    """Parallel lines through x [t] at frames `one` and y [t] at `other`: slope, how far the second is above."""
    ones, zeros = np.ones(len(one) + len(other)), np.concatenate([np.zeros(len(one)), np.ones(len(other))])
    columns = np.stack([np.concatenate([one, other]), ones, zeros], 1)
    slope, _, between = np.linalg.lstsq(columns, np.concatenate([x, y]), rcond=None)[0]
    return float(slope), float(between)


def _parts(mask: Bits) -> int:
    """How many things are seen beside each other in a mask [H, W]."""
    columns = np.flatnonzero(mask.any(0))
    gaps = np.diff(columns) > APART * mask.shape[1]
    return int(gaps.sum()) + 1 if len(columns) else 0


def _colour(frames: Pixels, masks: Bits) -> Numbers:
    """The middle hue and saturation of the more colourful half of what is masked [2].

    A thing may have wheels and eyes of steel, and may come out of the wall's shadow into the sun: a and b of
    CIELAB are taken as they would be in the middle of the scale of lightness.
    """
    pixels = frames[masks].astype(np.float64) / 255
    bright = pixels.max(1)
    vivid = (bright - pixels.min(1)) / np.maximum(bright, 0.05)
    light, *hue = lab(np.median(pixels[vivid >= np.median(vivid)], axis=0))
    return np.asarray(np.array(hue) * MIDDLE / max(light, DARK))
