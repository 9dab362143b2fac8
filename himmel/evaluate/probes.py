"""Probes: each reads one kind of fact off frames and marks it right (1) or wrong (0), or measures it.

A probe is a function from an `Exhibit` to numbers, one for each thing it was asked about. It sees pixels and
what was asked for, never how the frames were made. Lengths are in half widths of the picture, so that they do
not depend on its size.
"""

from collections.abc import Callable, Sequence
from math import hypot, log10
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from himmel.errors import UsageError
from himmel.evaluate.exhibit import Exhibit, Pixels
from himmel.evaluate.things import Thing
from himmel.world.camera import focal

__all__ = [
    "Probe",
    "MOVES",
    "camera",
    "colour",
    "camera_scores",
    "count",
    "direction",
    "first_frame",
    "kept",
    "places",
    "relation",
    "seam",
    "told_camera",
    "told_direction",
]

Probe: TypeAlias = Callable[[Exhibit], Sequence[float]]
Numbers = NDArray[np.float64]

RELATIONS = ("left_of", "right_of", "in_front_of", "behind")
STEADY = 0.8  # share of the frames in which a count must hold
MOVED = 0.08  # half widths: less is standing still
# What a whole camera move does in the training clips: half widths of a pan, growth of a dolly, shear of an orbit.
PAN, DOLLY, ORBIT = 1.1, 0.5, 1.6
STATIC = 0.35  # of a whole move: less is a camera that does not move
SAME = 60.0  # decibels; pictures as near as this differ in one pixel of fifteen by one level
WAYS = {(0, 1): "right", (0, -1): "left", (1, 1): "toward", (1, -1): "away"}
# The camera that turns left sees everything move to the right.
MOVES = {
    (0, 1): "pan_left",
    (0, -1): "pan_right",
    (1, 1): "dolly_in",
    (1, -1): "dolly_out",
    (2, 1): "orbit_left",
    (2, -1): "orbit_right",
}


def count(exhibit: Exhibit) -> Sequence[float]:
    """Whether as many things as asked are there in STEADY of the frames."""
    seen = np.sum([thing.seen for thing in exhibit.things], axis=0)
    right = np.mean(seen == len(exhibit.spec.subjects))
    return [float(right >= STEADY)]


def colour(exhibit: Exhibit) -> Sequence[float]:
    """For each subject, whether its colour is among those of the largest things, as many as are asked for."""
    wanted = [subject.colour for subject in exhibit.spec.subjects]
    return _found(exhibit, exhibit.things[: len(wanted)])


def kept(exhibit: Exhibit) -> Sequence[float]:
    """As `colour`, and it must still be there in the last frame."""
    wanted = len(exhibit.spec.subjects)
    return _found(exhibit, [thing for thing in exhibit.things[:wanted] if thing.seen[-1]])


def _found(exhibit: Exhibit, things: Sequence[Thing]) -> Sequence[float]:
    colours = {exhibit.examiner.config.colours[thing.colour] for thing in things}
    return [float(subject.colour in colours) for subject in exhibit.spec.subjects]


def relation(exhibit: Exhibit) -> Sequence[float]:
    """Whether the one is where it should be, seen from the other, in the first frame in which both are seen.

    Left and right are those of the centres; in front is nearer, so its foot is lower in the picture. Raises
    UsageError for another relation.
    """
    asked = exhibit.spec.relation
    if asked is None:
        return []
    if asked.kind not in RELATIONS:
        raise UsageError(f'no probe tells "{asked.kind}"; ask for one of {", ".join(RELATIONS)}')
    a, b = (exhibit.of_colour(exhibit.spec.subjects[index].colour) for index in (asked.a, asked.b))
    if a is None or b is None or not (a.seen & b.seen).any():
        return [0.0]
    frame = int((a.seen & b.seen).argmax())
    if asked.kind in ("left_of", "right_of"):
        offset = a.x[frame] - b.x[frame]
        return [float(offset < 0 if asked.kind == "left_of" else offset > 0)]
    offset = a.bottom[frame] - b.bottom[frame]
    return [float(offset > 0 if asked.kind == "in_front_of" else offset < 0)]


def direction(exhibit: Exhibit) -> Sequence[float]:
    """Whether the first subject goes where it should."""
    return [float(told_direction(exhibit) == exhibit.spec.subjects[0].motion.direction)]


def told_direction(exhibit: Exhibit) -> str | None:
    """Where the largest thing goes: left, right, toward, away, or None when it stays or is not there.

    Its way in the picture is compared with its growth, which is a way in depth; the longer of the two decides
    (within 45 degrees). The camera is taken to be at rest, as it is in the scenes that are asked: on a ground of
    stripes the shadow that goes with a thing cannot be told from a camera that does.
    """
    if not exhibit.things:
        return None
    thing = exhibit.things[0]
    there = np.flatnonzero(thing.seen)
    ends = max(1, len(there) // 6)
    before, after = there[:ends], there[-ends:]
    x, _ = places(thing, exhibit)
    size = np.log(np.maximum(thing.area, 1.0)) / 2
    _, height, width = exhibit.classes.shape
    grown = focal(width / height) * float(size[after].mean() - size[before].mean())
    ways = (float(x[after].mean() - x[before].mean()), grown)
    if hypot(*ways) < MOVED:
        return None
    axis = int(abs(ways[1]) > abs(ways[0]))
    return WAYS[axis, 1 if ways[axis] > 0 else -1]


def camera(exhibit: Exhibit) -> Sequence[float]:
    """Whether the camera moves as it should around a subject that stands still."""
    return [float(told_camera(exhibit) == exhibit.spec.camera)]


def camera_scores(exhibit: Exhibit) -> tuple[float, float, float]:
    """How much of a whole pan, dolly and orbit the camera does, from the world and the subject it shows.

    A pan moves the subject and the world alike. A dolly makes both grow. An orbit keeps the subject and
    turns the ground under it: what is nearer goes one way and what is farther the other.
    """
    still = exhibit.things[0] if exhibit.things else None
    x, y = places(still, exhibit)
    u, _ = exhibit.drift.at(x[:-1], y[:-1])
    world, grown, sheared = (
        float(each.sum())
        for each in (u, exhibit.drift.growth(x[:-1], y[:-1]), exhibit.drift.shear(x[:-1], y[:-1]))
    )
    moved, size = world, grown
    if still is not None and still.seen.sum() > 1:
        first, last = np.flatnonzero(still.seen)[[0, -1]]
        whole = (len(x) - 1) / (last - first)
        moved = float(x[last] - x[first]) * whole
        size = float(np.log(still.area[last] / still.area[first])) / 2 * whole
    found = (moved + world) / 2 / PAN, (size + grown) / 2 / DOLLY, (sheared - (world - moved)) / ORBIT
    return float(found[0]), float(found[1]), float(found[2])


def told_camera(exhibit: Exhibit) -> str:
    """The camera's move, of the seven of the first profile."""
    scores = camera_scores(exhibit)
    most = max(range(3), key=lambda index: abs(scores[index]))
    if abs(scores[most]) < STATIC:
        return "static"
    return MOVES[most, 1 if scores[most] > 0 else -1]


def places(thing: Thing | None, exhibit: Exhibit) -> tuple[Numbers, Numbers]:
    """Where a thing stands [t], in half widths from the middle; the middle itself without one.

    Where it is not seen, it is where it was last (or first) seen.
    """
    frames, height, width = exhibit.classes.shape
    if thing is None or not thing.seen.any():
        return np.zeros(frames), np.zeros(frames)
    there = np.flatnonzero(thing.seen)
    nearest = np.interp(np.arange(frames), there, np.arange(len(there))).round().astype(int)
    at = there[nearest]
    return (thing.x[at] - width / 2) / (width / 2), (thing.bottom[at] - height / 2) / (width / 2)


def first_frame(exhibit: Exhibit) -> Sequence[float]:
    """By how many decibels the first frame is nearer to the given picture than what the codec makes of it."""
    given, coded = exhibit.given.first, exhibit.given.coded
    if given is None or coded is None:
        return []
    return [_psnr(exhibit.frames[0], given[0]) - _psnr(coded[0], given[0])]


def _psnr(one: Pixels, other: Pixels) -> float:
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return SAME if error == 0 else min(SAME, 10 * log10(255**2 / error))


def seam(exhibit: Exhibit) -> Sequence[float]:
    """The change from the last given frame to the first made one, by the middle change between neighbours."""
    given = exhibit.given.first
    if given is None or len(given) >= len(exhibit.frames):
        return []
    frames = exhibit.frames.astype(np.int16)
    changes = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    usual = max(float(np.median(changes)), 1 / 255)
    return [float(changes[len(given) - 1]) / usual]
