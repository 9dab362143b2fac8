"""Probes of whole clips: what they share with each other, with what was given and with training clips."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.exhibit import Exhibit, Pixels
from himmel.evaluate.probes import colour, direction, relation
from himmel.world import held_out

__all__ = [
    "box_edge",
    "counterfactual",
    "flicker",
    "held_out_too",
    "nearest_training",
    "outside",
    "seam_velocity",
    "seams",
    "seconds",
    "steady",
    "thumbnail",
    "variety",
]

Numbers = NDArray[np.float64]

MOMENTS, SIDE = 5, 8  # of a thumbnail: frames, and pixels of a side
LEVEL = 1 / 255  # what frames may differ by at least before they are called different
BEGINNING = 5.0  # seconds of a stream that all later ones are compared with
DRIFT = 0.10  # share by which brightness and saturation may change
ENERGY = (0.5, 1.6)  # of the beginning's motion, what the end may have
BRIGHTEST, DULLEST = 255.0, 8.0  # levels; a saturation below the second is measured against it


def counterfactual(exhibit: Exhibit) -> Sequence[float]:
    """Whether both clips of a pair show what each was asked: the changed word is followed and nothing else."""
    return [float(all(_all_right(each) for each in (exhibit, *exhibit.twins)))]


def _all_right(exhibit: Exhibit) -> bool:
    moving = exhibit.spec.subjects[0].motion.direction is not None
    marks = [*colour(exhibit), *relation(exhibit), *(direction(exhibit) if moving else ())]
    return min(marks) == 1.0


def held_out_too(exhibit: Exhibit) -> Sequence[float]:
    """1 for a combination that no training clip shows, and whether colours and motion or relation are right."""
    first = exhibit.spec.subjects[0]
    moving = first.motion.direction is not None
    marks = [*colour(exhibit), *(direction(exhibit) if moving else relation(exhibit))]
    kept_out = held_out(first.colour, first.kind, first.motion.verb)
    return [float(kept_out), float(min(marks) == 1.0)]


def flicker(exhibit: Exhibit) -> Sequence[float]:
    """How much the world changes from frame to frame, in levels of 256; nothing in it moves."""
    world = (exhibit.classes == 0).all(0)
    if not world.any():
        return [BRIGHTEST]
    steps = np.diff(exhibit.frames.astype(np.int16), axis=0)
    return [float(np.abs(steps[:, world]).mean())]


def thumbnail(frames: Pixels) -> NDArray[np.float32]:
    """A clip as a few very small frames, float32 [D] in 0 to 1: near for clips that look alike."""
    moments = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
    height, width = frames.shape[1:3]
    rows, columns = (np.arange(SIDE) * side // SIDE for side in (height, width))
    blocks = np.add.reduceat(np.add.reduceat(frames[moments].astype(np.float32), rows, 1), columns, 2)
    areas = np.diff([*rows, height])[:, None] * np.diff([*columns, width])
    return np.asarray((blocks / areas[..., None] / 255.0).ravel(), np.float32)


def nearest_training(exhibit: Exhibit) -> Sequence[float]:
    """How far the nearest training clip is, as the root mean square of the differences of thumbnails."""
    if exhibit.gallery is None:
        return []
    apart = ((exhibit.gallery - thumbnail(exhibit.frames)) ** 2).mean(1)
    return [float(np.sqrt(apart.min()))]


def variety(exhibit: Exhibit) -> Sequence[float]:
    """How far clips of one caption are from each other in the mean, as thumbnails."""
    small = np.stack([thumbnail(each.frames) for each in (exhibit, *exhibit.twins)])
    apart = np.sqrt(((small[:, None] - small[None]) ** 2).mean(2))
    return [float(apart[np.triu_indices(len(small), 1)].mean())] if len(small) > 1 else []


def seam_velocity(exhibit: Exhibit) -> Sequence[float]:
    """The change of the change where given frames end, by the middle one elsewhere."""
    given = exhibit.given.first
    if given is None or len(given) + 1 >= len(exhibit.frames):
        return []
    turns = np.abs(np.diff(exhibit.frames.astype(np.int16), n=2, axis=0)).mean((1, 2, 3))
    usual = max(float(np.median(turns)), LEVEL)
    # Two of these reach over the seam: their mean is less at the mercy of one frame.
    return [float(turns[len(given) - 2 : len(given)].mean()) / usual]


def seams(exhibit: Exhibit) -> Sequence[float]:
    """The greater of the changes where the beginning ends and the ending begins, by the middle change."""
    first, last = exhibit.given.first, exhibit.given.last
    if first is None or last is None:
        return []
    changes = _changes(exhibit.frames)
    both = changes[len(first) - 1], changes[len(changes) - len(last)]
    return [float(max(both)) / max(float(np.median(changes)), LEVEL)]


def _changes(frames: Pixels) -> Numbers:
    """Mean change between neighbours [T - 1], levels."""
    return np.asarray(np.abs(np.diff(frames.astype(np.int16), axis=0)).mean((1, 2, 3)))


def outside(exhibit: Exhibit) -> Sequence[float]:
    """Whether every pixel outside of the box is the one that was given."""
    whole, box = exhibit.given.whole, exhibit.given.box
    if whole is None or box is None:
        return []
    left, top, width, height = box
    differs = (exhibit.frames != whole).any(3)
    differs[:, top : top + height, left : left + width] = False
    return [float(not differs.any())]


def box_edge(exhibit: Exhibit) -> Sequence[float]:
    """The step across the edge of the box, by the same step of the clip that was given."""
    whole, box = exhibit.given.whole, exhibit.given.box
    if whole is None or box is None:
        return []
    made, given = _edge_steps(exhibit.frames, box), _edge_steps(whole, box)
    return [made / max(given, 1.0)]


def _edge_steps(frames: Pixels, box: tuple[int, int, int, int]) -> float:
    """Mean step across the edges of a box that lie inside the picture, in levels."""
    left, top, width, height = box
    levels = frames.astype(np.int16)
    rows, columns = slice(top, top + height), slice(left, left + width)
    steps = [
        levels[:, rows, at] - levels[:, rows, at - 1] for at in (left, left + width) if 0 < at < frames.shape[2]
    ]
    steps += [levels[:, at, columns] - levels[:, at - 1, columns] for at in (top, top + height)
              if 0 < at < frames.shape[1]]  # fmt: skip
    return float(np.mean([np.abs(step).mean() for step in steps])) if steps else 0.0


def steady(exhibit: Exhibit) -> Sequence[float]:
    """Whether a long clip stays as it begins: brightness, saturation, colours found, and how much moves."""
    frames, span = exhibit.frames, round(BEGINNING * exhibit.spec.fps)
    if len(frames) < 2 * span:
        return []
    first, last = exhibit.part(0, span), exhibit.part(len(frames) - span, len(frames))
    begun = [*_look(first.frames)]
    for start in range(span, len(frames) - span + 1, span):
        now = _look(frames[start : start + span])
        if any(abs(here - there) > DRIFT * max(there, DULLEST) for here, there in zip(now, begun, strict=True)):
            return [0.0]
    if any(there > here for there, here in zip(colour(first), colour(last), strict=True)):
        return [0.0]
    energy = max(float(_changes(last.frames).mean()), LEVEL) / max(float(_changes(first.frames).mean()), LEVEL)
    return [float(ENERGY[0] <= energy <= ENERGY[1])]


def _look(frames: Pixels) -> tuple[float, float]:
    """Mean luma (BT.709) and mean distance of the channels from each other, in levels."""
    means = frames[::3].reshape(-1, 3)
    luma = float((means.mean(0) * (0.2126, 0.7152, 0.0722)).sum())
    return luma, float((means.max(1).astype(np.int16) - means.min(1)).mean())


def seconds(exhibit: Exhibit) -> Sequence[float]:
    """How long the clip took to make; nothing for clips that no model made."""
    return [] if exhibit.seconds is None else [exhibit.seconds]
