"""Camera paths: one view per frame for each camera move of the grammar, framed so that subjects are seen.

A picture of any shape shows as much as a square one of the same area: a wide one more to the sides, a tall one
more above and below. What the camera does is measured by the picture: a pan turns through the same share of its
width, a tilt through the same share of its height, and the horizon lies at the same share of it.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.blocking import FIELD
from himmel.world import motion
from himmel.world.bodies import COLLIDERS
from himmel.world.canvas import View, camera_uniforms
from himmel.world.motion import Track
from himmel.world.outlines import outlines
from himmel.world.pieces import Piece
from himmel.world.spec import SceneSpec

__all__ = ["camera_path", "focal", "spread"]

FloatArray: TypeAlias = npt.NDArray[Any]
FOV = FIELD  # degrees across a square picture
DISTANCES = np.geomspace(3.6, 11.5, 14)
FARTHER = (12.6, 13.8, 15.1, 16.6, 18.2, 20.0)  # for long rows and walls
FARTHEST = (22.0, 24.2, 26.6, 29.3)  # for the same in tall pictures
MARGIN = 0.98  # share of half the picture that subjects may fill
_TIGHT = 0.8  # share of a subject's sphere that must be in the picture; its corners are air
_SNUG = 0.9  # the same in a scenario, where small things happen and nothing may be cut
_EVENTFUL = ("fall", "push", "collide", "pass_behind")
_AIR = 0.04  # of half the picture, left free around the outlines of subjects
_ROOM = 0.10  # the same around what falls or meets another


def focal(aspect: float) -> float:
    """Focal length in half widths of a picture of this width / height.

    A step of a length in depth makes a thing grow e-fold where the same step sideways moves it by this.
    """
    return float(1.0 / (np.tan(np.radians(FOV) / 2) * np.sqrt(aspect)))


def _fov(aspect: float) -> float:
    """Degrees from the lower to the upper edge."""
    return float(np.degrees(2 * np.arctan(np.tan(np.radians(FOV) / 2) / np.sqrt(aspect))))


def _bounds(
    spec: SceneSpec, tracks: tuple[Track, ...], pieces: tuple[Piece, ...]
) -> tuple[FloatArray, FloatArray]:
    """Spheres around the subjects and their pieces: centres [K, T, 3], radii [K]."""
    centres, radii = [], []
    for subject, track in zip(spec.subjects, tracks, strict=True):
        half = np.array(COLLIDERS[subject.kind]) * motion.scale_of(subject)
        centres.append(track.place + np.array([0.0, 0.0, half[2]]))
        radii.append(float(half.max()) * 1.12)
    for piece in pieces:
        if piece.owner >= 0:
            centres.append(piece.pose[:, :, 3])
            radii.append(max(piece.part.half))
    return np.stack(centres), np.array(radii)


def _does(spec: SceneSpec, *verbs: str) -> bool:
    return any(subject.motion.verb in verbs for subject in spec.subjects)


def _around(target: FloatArray, distance: FloatArray, azimuth: FloatArray, elevation: FloatArray) -> FloatArray:
    """Eyes [T, 3] on spheres around `target`; azimuth 0 looks along +y."""
    flat = distance * np.cos(elevation)
    return np.asarray(
        target + np.stack([flat * np.sin(azimuth), -flat * np.cos(azimuth), distance * np.sin(elevation)], -1)
    )


def _turned(eye: FloatArray, target: FloatArray, yaw: FloatArray, pitch: FloatArray) -> FloatArray:
    """Targets [T, 3] of a camera that stays at `eye` and turns by yaw (left is positive) and pitch."""
    ray = target - eye
    flat = np.hypot(ray[:, 0], ray[:, 1])
    azimuth = np.arctan2(ray[:, 1], ray[:, 0]) + yaw
    rise = np.arctan2(ray[:, 2], flat) + pitch
    length = np.linalg.norm(ray, axis=1)
    across, up = length * np.cos(rise), length * np.sin(rise)
    return np.asarray(eye + np.stack([across * np.cos(azimuth), across * np.sin(azimuth), up], -1))


_Path = Callable[[float], tuple[FloatArray, FloatArray]]


def _path(spec: SceneSpec, centre: FloatArray, rng: np.random.Generator) -> _Path:
    """A function from a distance to eyes and targets [T, 3] that perform the scene's camera move."""
    share = np.linspace(0.0, 1.0, spec.frames)
    even, flat = share - 0.5, np.zeros(spec.frames)
    wide = spec.breadth
    elevation = np.radians(rng.uniform(13, 21)) / wide
    if _does(spec, "pass_behind", "disappear_behind"):
        elevation *= 0.5  # seen from above, nothing hides behind anything
    size = rng.uniform(0.85, 1.15)
    move, _, side = spec.camera.partition("_")
    sign = {"left": 1.0, "right": -1.0, "up": 1.0, "down": -1.0}.get(side, 0.0)
    target = np.repeat(centre[None], spec.frames, 0)

    def place(distance: float) -> tuple[FloatArray, FloatArray]:
        far, level = flat + distance, flat + elevation
        if move == "dolly":
            near = {"in": share, "out": 1.0 - share}[side]
            return _around(target, far * (1.18 - 0.46 * size * near), flat, level), target
        if move == "orbit":  # the camera travels to its own left: azimuth falls
            return _around(target, far, -sign * np.radians(46) * size * share, level), target
        if move == "crane":
            return _around(target, far, flat, level * 0.35 + np.radians(36) * size * share), target
        if move == "drone":
            eyes = _around(
                target, far * (1.25 - 0.35 * size * share), np.radians(14) * even, flat + np.radians(44)
            )
            return eyes, target
        eyes = _around(target, far, flat, level)
        if move == "pan":
            return eyes, _turned(eyes, target, wide * sign * np.radians(21) * size * even, flat)
        if move == "tilt":
            return eyes, _turned(eyes, target, flat, sign * np.radians(17) * size * even / wide)
        return eyes, target

    return place


def camera_path(
    spec: SceneSpec, tracks: tuple[Track, ...], rng: np.random.Generator, pieces: tuple[Piece, ...] = ()
) -> list[View]:
    """Views of all frames, as near as shows every subject whole (or as far as the world allows)."""
    centres, radii = _bounds(spec, tracks, pieces)
    low = (centres - radii[:, None, None]).min((0, 1))
    high = (centres + radii[:, None, None]).max((0, 1))
    centre = (low + high) / 2
    centre[2] = max(centre[2], 0.30)
    path = _path(spec, centre, rng)
    room = float(rng.uniform(1.0, 1.12))
    fov = _fov(spec.width / spec.height)

    def views(distance: float) -> list[View]:
        eyes, targets = path(distance * room)
        return [View(eye=eye, target=target, fov=fov) for eye, target in zip(eyes, targets, strict=True)]

    if spec.width == spec.height:
        return views(_square_distance(spec, lambda distance: path(distance * room), centres, radii))
    ways = (*DISTANCES.tolist(), *FARTHER, *FARTHEST)
    points = np.concatenate(outlines(spec, tracks, pieces), axis=2)
    first = bisect_left(ways, True, key=lambda distance: _holds(spec, views(distance), points))
    return views(ways[min(first, len(ways) - 1)])


def _eventful(spec: SceneSpec) -> bool:
    """Whether something falls or meets another: the picture's edge shall not cut the moment."""
    return _does(spec, *_EVENTFUL) or spec.scenario_verb is not None or spec.count is not None


def _holds(spec: SceneSpec, views: list[View], points: FloatArray) -> bool:
    """Whether all points [T, 3, N] are in the picture, with some air around them."""
    return bool((spread(spec, views, points) <= 1.0 - (_ROOM if _eventful(spec) else _AIR)).all())


def spread(spec: SceneSpec, views: list[View], points: FloatArray) -> FloatArray:
    """How far points [T, 3, N] reach from the picture's middle in each frame [T]; its nearest edge is at 1."""
    cameras = camera_uniforms(views, spec.width / spec.height)
    matrix = np.stack([camera["view_projection"] for camera in cameras])[:, [0, 1, 3]]
    x, y, depth = (matrix[:, :, :3] @ points + matrix[:, :, 3:]).swapaxes(0, 1)  # 3 x [T, N]
    away = np.maximum(np.abs(x), np.abs(y)) / np.maximum(depth, 1e-6)
    return np.asarray(np.where(depth > 0, away, np.inf).max(1))


def _square_distance(spec: SceneSpec, path: _Path, centres: FloatArray, radii: FloatArray) -> float:
    """How far away the camera of a square picture is.

    Clips are stored by their seeds, so what a seed looks like in a square stays what it was when spheres stood for
    subjects: the corners of a few subjects leave the picture for a moment, which no other shape allows.
    """
    eventful, fov = _eventful(spec), _fov(1.0)
    radii = radii * (_SNUG if spec.scenario_verb or spec.count else 1.1 if eventful else _TIGHT)
    cuts = 0 if eventful else spec.frames // 16
    for distance in (*DISTANCES, *(FARTHER if spec.count or spec.scenario_verb else ())):
        eyes, targets = path(float(distance))
        if _cut_frames(eyes, targets, fov, centres, radii) <= cuts:
            break
    return float(distance)


def _cut_frames(eyes: FloatArray, targets: FloatArray, fov: float, centres: FloatArray, radii: FloatArray) -> int:
    """In how many frames a sphere does not lie inside a square picture."""
    ray = (targets - eyes) / np.linalg.norm(targets - eyes, axis=1, keepdims=True)
    flat = np.hypot(ray[:, 0], ray[:, 1])
    right = np.stack([ray[:, 1] / flat, -ray[:, 0] / flat, flat * 0.0], 1)
    up = np.cross(right, ray)
    away = centres - eyes  # [K, T, 3]
    depth = np.maximum((away * ray).sum(-1), 0.2)
    scale = 1.0 / np.tan(np.radians(fov) / 2)
    across = (np.abs((away * right).sum(-1)) + radii[:, None]) * scale / depth
    along = (np.abs((away * up).sum(-1)) + radii[:, None]) * scale / depth
    return int((np.maximum(across, along) > MARGIN).any(0).sum())
