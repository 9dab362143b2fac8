"""Probes that follow one thing through a clip: how fast it goes, how it falls, whether it stays what it is.

Pixels become units of the world by the thing's own size: the root of its area, for each kind of subject as the
world draws it (`SILHOUETTE`, measured by `benchmarks/evaluate_probes.py --silhouettes`), times the size word.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.exhibit import Exhibit, Pixels
from himmel.evaluate.probes import MOVES, camera_scores
from himmel.evaluate.things import Thing
from himmel.world.grammar import SPEEDS

__all__ = [
    "SILHOUETTE",
    "camera_path",
    "fallen",
    "gravity",
    "lab",
    "pace",
    "same_colour",
    "same_size",
    "told_pace",
    "units_per_pixel",
]

Numbers = NDArray[np.float64]
Bits = NDArray[np.bool_]

# The root of the area of what is seen of a medium subject that goes sideways or bounces, in units of the world.
# Single clips differ from these by 1 to 4 in 100. What rolls lies on its side.
SILHOUETTE: dict[str, float] = {
    "ball": 0.82, "cube": 0.91, "cylinder": 0.89, "cone": 0.80, "ring": 0.75, "pyramid": 0.85, "dog": 0.85,
    "cat": 0.80, "car": 0.94, "bird": 0.72, "robot": 0.71, "snowman": 0.89,
}  # fmt: skip
ROLLING: dict[str, float] = {"ball": 0.82, "cylinder": 0.78, "ring": 0.80}
SIZE_SCALE = {"small": 0.72, "medium": 1.0, "big": 1.32}  # the world's own

GRAVITY = 9.81  # units a second squared: the world's
GRAVITY_RANGE = 0.3
DOWNHILL = 0.955  # what of a height is seen from the world's usual camera, 17 degrees above the ground
FREE = 0.2  # of the greatest height: what is lower may touch the ground
ARC = 4  # frames of a flight that a parabola is laid through, at least
REBOUND = 1.03  # of the first height: no bounce may go higher, but for a pixel's doubt

ENDS = 6  # first and last part of the clip that are compared
HUE_TURN = 8.0  # degrees
GREY = 18.0  # chroma (CIELAB) below which a hue says nothing
COLOUR_STEP = 10.0  # how far a colour without hue may go towards one (CIELAB a, b); its shade may change
GROWN = 0.25  # share of its area by which a thing may change
LEVEL = ("static", "pan_left", "pan_right")  # cameras that make nothing larger


def _subject(exhibit: Exhibit) -> Thing | None:
    return exhibit.of_colour(exhibit.spec.subjects[0].colour)


def _inside(thing: Thing) -> Bits:
    """In which frames a thing is seen whole: not cut by the edge of the picture [t]."""
    height, width = thing.mask.shape[1:]
    whole = (thing.left > 0) & (thing.top > 0) & (thing.right < width) & (thing.bottom < height)
    return np.asarray(thing.seen & whole)


def units_per_pixel(exhibit: Exhibit, thing: Thing) -> float | None:
    """How long a pixel is at the thing, by how large it looks; None where it is never whole or of another kind."""
    subject, whole = exhibit.spec.subjects[0], _inside(thing)
    known = ROLLING if subject.motion.verb == "roll" else SILHOUETTE
    if subject.kind not in known or not whole.any():
        return None
    return known[subject.kind] * SIZE_SCALE[subject.size] / float(np.sqrt(np.median(thing.area[whole])))


def pace(exhibit: Exhibit) -> Sequence[float]:
    """The speed that was asked for (0 slow, 1 normal, 2 fast) and what is seen, in units of the world a second."""
    return [float(SPEEDS.index(exhibit.spec.subjects[0].motion.speed)), told_pace(exhibit)]


def told_pace(exhibit: Exhibit) -> float:
    """How fast the first subject goes sideways, units a second; 0 where it is not there."""
    thing = _subject(exhibit)
    unit = None if thing is None else units_per_pixel(exhibit, thing)
    if thing is None or unit is None:
        return 0.0
    at = np.flatnonzero(_inside(thing))
    if len(at) < 3:
        return 0.0
    return abs(float(np.polyfit(at / exhibit.rate, thing.x[at], 1)[0])) * unit


def camera_path(exhibit: Exhibit) -> Sequence[float]:
    """Which of the camera's moves was asked for and how much of it is seen; the other way counts negative."""
    found = {name: way for way, name in MOVES.items()}.get(exhibit.spec.camera)
    if found is None:
        return []
    axis, sign = found
    return [float(sorted(MOVES.values()).index(exhibit.spec.camera)), sign * camera_scores(exhibit)[axis]]


def gravity(exhibit: Exhibit) -> Sequence[float]:
    """Whether what bounces falls as fast as in the world, and never bounces higher than it fell."""
    thing = _subject(exhibit)
    unit = None if thing is None else units_per_pixel(exhibit, thing)
    if thing is None or unit is None:
        return [0.0]
    found = fallen(np.where(thing.seen, thing.y, np.nan) * unit / DOWNHILL, exhibit.rate)
    if found is None:
        return [0.0]
    rate, rebound = found
    return [float(abs(rate / GRAVITY - 1) <= GRAVITY_RANGE and rebound <= REBOUND)]


def fallen(down: Numbers, rate: float) -> tuple[float, float] | None:
    """The acceleration and the highest rebound by the first height, of places [t] counted downwards.

    A parabola is laid through every flight, which is what happens well above the lowest place. None where nothing
    flies for ARC looks, `rate` of which make a second, or where nothing comes down again.
    """
    there = np.isfinite(down)
    if there.sum() < ARC:
        return None
    height = np.nanmax(down) - down
    top = float(np.nanmax(height))
    free = there & (height > FREE * top)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(int), [0]])))
    flights = [np.arange(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    fits = [float(-2 * np.polyfit(at / rate, height[at], 2)[0]) for at in flights if len(at) >= ARC]
    landed = np.flatnonzero(there & ~free)
    if not fits or top <= 0 or not len(landed):
        return None
    before, after = height[: landed[0]], height[landed[0] :]
    first = float(np.nanmax(before)) if np.isfinite(before).any() else top
    return float(np.median(fits)), float(np.nanmax(after)) / max(first, 1e-6)


def same_colour(exhibit: Exhibit) -> Sequence[float]:
    """Whether the first subject ends in the colour it began with; 0 where it is not there at both ends.

    Not asked of an orbit, which shows the side in the shade.
    """
    thing = _subject(exhibit)
    if exhibit.spec.camera.startswith("orbit"):
        return []
    if thing is None:
        return [0.0]
    ends = _ends(thing.seen)
    if ends is None:
        return [0.0]
    first, last = (_colour(exhibit.watched[at], thing.mask[at]) for at in ends)
    if min(np.hypot(*first[1:]), np.hypot(*last[1:])) < GREY:
        return [float(np.hypot(*(first - last)[1:]) < COLOUR_STEP)]
    turn = np.degrees(np.arctan2(first[2], first[1]) - np.arctan2(last[2], last[1]))
    return [float(abs((turn + 180) % 360 - 180) < HUE_TURN)]


def same_size(exhibit: Exhibit) -> Sequence[float]:
    """Whether the first subject keeps its size.

    Asked where nothing explains another one: it stands still or goes sideways and the camera stays or pans. Where
    the edge of the picture cuts it, it is not looked at.
    """
    spec, thing = exhibit.spec, _subject(exhibit)
    if spec.camera not in LEVEL or spec.subjects[0].motion.direction in ("toward", "away"):
        return []
    if thing is None or not thing.seen.any():
        return [0.0]
    ends = _ends(_inside(thing))
    if ends is None:
        return []
    size = np.log(np.maximum(thing.area, 1.0))
    first, last = (float(np.median(size[at])) for at in ends)
    return [float(abs(last - first) < np.log(1 + GROWN))]


def _ends(seen: Bits) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """The first and the last few looks of those with something to see; None with fewer than two."""
    at = np.flatnonzero(seen)
    few = max(1, len(at) // ENDS)
    return (at[:few], at[-few:]) if len(at) > 1 else None


def _colour(frames: Pixels, masks: Bits) -> Numbers:
    """The middle colour of what is masked, CIELAB [3]."""
    pixels = frames[masks].astype(np.float64) / 255
    return lab(np.median(pixels, axis=0)) if len(pixels) else np.zeros(3)


def lab(rgb: Numbers) -> Numbers:
    """sRGB [3] in 0 to 1 as CIELAB under D65 (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = matrix @ linear / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
