"""Camera paths: one view per frame for each camera move of the grammar, framed so that subjects are seen."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import motion
from himmel.world.bodies import COLLIDERS
from himmel.world.canvas import View
from himmel.world.motion import Track
from himmel.world.pieces import Piece
from himmel.world.spec import SceneSpec

__all__ = ["camera_path"]

FloatArray: TypeAlias = npt.NDArray[Any]
FOV = 36.0  # degrees across a square picture; wide pictures keep the area in view
DISTANCES = np.geomspace(3.6, 11.5, 14)
FARTHER = (12.6, 13.8, 15.1, 16.6, 18.2, 20.0)  # for long rows and walls
MARGIN = 0.98  # share of half the picture that subjects may fill
_TIGHT = 0.8  # share of a subject's sphere that must be in the picture; its corners are air
_SNUG = 0.9  # the same in a scenario, where small things happen and nothing may be cut
_EVENTFUL = ("fall", "push", "collide", "pass_behind")


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
    elevation = np.radians(rng.uniform(13, 21))
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
            return eyes, _turned(eyes, target, sign * np.radians(21) * size * even, flat)
        if move == "tilt":
            return eyes, _turned(eyes, target, flat, sign * np.radians(17) * size * even)
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
    aspect = spec.width / spec.height
    fov = float(np.degrees(2 * np.arctan(np.tan(np.radians(FOV) / 2) / np.sqrt(aspect))))
    path = _path(spec, centre, rng)
    room = float(rng.uniform(1.0, 1.12))
    # What falls or meets another is shown with its surroundings, lest the picture's edge cuts the moment.
    eventful = _does(spec, *_EVENTFUL) or spec.scenario_verb is not None or spec.count is not None
    radii *= _SNUG if spec.scenario_verb or spec.count else 1.1 if eventful else _TIGHT
    cuts = 0 if eventful else spec.frames // 16
    for distance in (*DISTANCES, *(FARTHER if spec.count or spec.scenario_verb else ())):
        eyes, targets = path(float(distance) * room)
        if _cut_frames(eyes, targets, fov, aspect, centres, radii) <= cuts:
            break
    return [View(eye=eye, target=target, fov=fov) for eye, target in zip(eyes, targets, strict=True)]


def _cut_frames(
    eyes: FloatArray, targets: FloatArray, fov: float, aspect: float, centres: FloatArray, radii: FloatArray
) -> int:
    """In how many frames a sphere does not lie inside the picture."""
    ray = (targets - eyes) / np.linalg.norm(targets - eyes, axis=1, keepdims=True)
    flat = np.hypot(ray[:, 0], ray[:, 1])
    right = np.stack([ray[:, 1] / flat, -ray[:, 0] / flat, flat * 0.0], 1)
    up = np.cross(right, ray)
    away = centres - eyes  # [K, T, 3]
    depth = np.maximum((away * ray).sum(-1), 0.2)
    focal = 1.0 / np.tan(np.radians(fov) / 2)
    across = (np.abs((away * right).sum(-1)) + radii[:, None]) * focal / aspect / depth
    along = (np.abs((away * up).sum(-1)) + radii[:, None]) * focal / depth
    return int((np.maximum(across, along) > MARGIN).any(0).sum())
