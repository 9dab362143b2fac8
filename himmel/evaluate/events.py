"""The course of events: how far what a model goes on with is from what happens, by how far two takes are.

The measure is that of Physics-IQ (Motamed et al., "Do generative video models understand physical principles?",
2025): where something moves, where and when, how much, and how the pixels differ; each by what a second take of
the same event reaches. Frames here have a tenth of its pixels a side, so masks are opened and closed with a square
of three pixels instead of five.

t frames, H W pixels of a picture.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.exhibit import Exhibit, Pixels

__all__ = ["agreement", "course_of_events", "moving", "physics_iq"]

Numbers = NDArray[np.float64]
Bits: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"

BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
LUMA = (0.299, 0.587, 0.114)
FOLLOWS = 0.3  # of the running mean that each frame replaces
MOVES = 10.0  # levels from the running mean
QUARTER = 4  # pixels of a side that become one
DIGITS = 5  # of a number that is kept


def course_of_events(exhibit: Exhibit) -> Sequence[float]:
    """Four agreements of the clip with the true one and four of a second take with it, see `agreement`.

    Only what comes after the given beginning counts, as far as all last: codecs make 1 + 4k frames.
    """
    given = exhibit.given
    if given.whole is None or given.retake is None or given.first is None:
        return []
    every = (exhibit.frames, given.whole, given.retake)
    lasting = slice(len(given.first) - 1, min(map(len, every)))
    clip, truth, again = (frames[lasting] for frames in every)
    return [round(value, DIGITS) for value in (*agreement(clip, truth), *agreement(again, truth))]


def agreement(clip: Pixels, truth: Pixels) -> tuple[float, float, float, float]:
    """How two clips [t, H, W, 3] agree.

    IoU of where anything moves; the mean of the same frame by frame; IoU of how long it moves where; mean squared
    difference of pixels from 0 to 1.
    """
    one, other = (_small(moving(frames).astype(np.float64)) > 0.5 for frames in (clip, truth))
    each = [_iou(*pair) for pair in zip(one, other, strict=True)]
    apart = _small(clip.astype(np.float64) / 255) - _small(truth.astype(np.float64) / 255)
    return (
        _iou(one.any(0), other.any(0)), float(np.mean(each)), _iou(one.mean(0), other.mean(0)),
        float((apart**2).mean()),
    )  # fmt: skip


def physics_iq(rows: Numbers) -> float:
    """The score, 0 to 1, of marks [N, 8] as `course_of_events` makes them.

    Means first; then what those of the clips are by those of the second takes.
    """
    space, time, weight, apart, *takes = rows.mean(0)
    by_takes = [value / max(take, 1e-6) for value, take in zip((space, time, weight), takes, strict=False)]
    return float(np.clip(np.mean(by_takes) - (apart - takes[3]), 0.0, 1.0))


def moving(frames: Pixels) -> Bits:
    """Where frames [t, H, W, 3] differ from their running mean [t, H, W]; nowhere in the first."""
    grey = _blurred(frames.astype(np.float64) @ np.array(LUMA))
    mean, masks = grey[0], [np.zeros(grey.shape[1:], bool)]
    for frame in grey[1:]:
        mean = (1 - FOLLOWS) * mean + FOLLOWS * frame
        masks.append(np.abs(frame - mean) > MOVES)
    found = np.stack(masks)
    opened = _around(_around(found, np.min), np.max)
    return _around(_around(opened, np.max), np.min)


def _blurred(grey: Numbers) -> Numbers:
    """[t, H, W] with a binomial blur of five pixels."""
    for axis in (1, 2):
        wide = np.pad(grey, [(0, 0) if each != axis else (2, 2) for each in range(3)], mode="edge")
        parts = [np.take(wide, range(at, at + grey.shape[axis]), axis) * share for at, share in enumerate(BLUR)]
        grey = np.sum(parts, axis=0)
    return grey


def _around(masks: Bits, reduce: Any) -> Bits:
    """The least or the greatest of the nine pixels around each [t, H, W]; beyond the edge lies the edge."""
    wide = np.pad(masks, ((0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = masks.shape[1:]
    parts = [wide[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(reduce(np.stack(parts), axis=0), bool)


def _small(frames: Numbers) -> Numbers:
    """Means of QUARTER x QUARTER pixels of [t, H, W, ...]; what does not fill one is cut off."""
    count, height, width = frames.shape[0], frames.shape[1] // QUARTER, frames.shape[2] // QUARTER
    cut = frames[:, : height * QUARTER, : width * QUARTER]
    return np.asarray(cut.reshape(count, height, QUARTER, width, QUARTER, *frames.shape[3:]).mean((2, 4)))


def _iou(one: Any, other: Any) -> float:
    """What two masks, or two shares, have in common by what either has; 1 where nothing moves in both."""
    whole = np.maximum(one, other).sum()
    return float(np.minimum(one, other).sum() / whole) if whole else 1.0
