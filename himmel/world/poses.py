"""Poses over time: the affine maps that carry a part into its body and a body into the world.

A pose is [T, 3, 4]: a linear map and, in the last column, a place. Turns are in radians except a part's own,
which its body lists in degrees.
"""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.bodies import COLLIDERS, CYLINDER_RADIUS
from himmel.world.motion import Track
from himmel.world.parts import Part, Vector

__all__ = ["body_pose", "compose", "part_pose", "standing_pose"]

FloatArray: TypeAlias = npt.NDArray[Any]
_UP, _SIDEWAYS = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])


def _rotation(axis: FloatArray, angle: FloatArray) -> FloatArray:
    """Rotation matrices [T, 3, 3] about a unit axis (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    sin, cos = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + sin * cross + (1 - cos) * (cross @ cross))


@lru_cache(maxsize=256)
def _euler(turn: tuple[float, float, float]) -> FloatArray:
    """Rotation [3, 3] by degrees about x, then y, then z."""
    matrix = np.eye(3)
    for axis, degrees in zip(np.eye(3), turn, strict=True):
        matrix = _rotation(axis, np.array([np.radians(degrees)]))[0] @ matrix
    return matrix


def part_pose(part: Part, angles: dict[str, FloatArray], frames: int) -> FloatArray:
    """A part in its body's space over time, by the body's joint angles (each [T])."""
    pose = np.zeros((frames, 3, 4))
    linear = _euler(part.turn) * np.array(part.half)
    pose[:, :, :3], pose[:, :, 3] = linear, part.at
    joint = part.joint
    if joint is not None and joint.channel in angles:
        turn = _rotation(np.array(joint.axis), joint.gain * angles[joint.channel])
        pivot = np.array(joint.pivot)
        pose[:, :, :3] = turn @ linear
        pose[:, :, 3] = np.einsum("tij,j->ti", turn, np.array(part.at) - pivot) + pivot
    return pose


def body_pose(track: Track, kind: str, scale: float) -> FloatArray:
    """A body in the world over time."""
    middle = (CYLINDER_RADIUS if track.lying else COLLIDERS[kind][2]) * scale
    base = _euler((90.0, 0.0, 0.0)) if track.lying else np.eye(3)
    # A body lying down turns about its own middle, which then rests on its radius.
    own_middle = COLLIDERS[kind][2] * scale
    squash = np.stack([track.squash**-0.5, track.squash**-0.5, track.squash], 1)[:, :, None]
    turn = _rotation(_UP, track.yaw) @ _rotation(_SIDEWAYS, track.pitch)
    linear = turn @ (squash * base) * scale
    pose = np.zeros((len(track.yaw), 3, 4))
    pose[:, :, :3] = linear
    pose[:, :, 3] = track.place + np.array([0, 0, middle]) - linear @ np.array([0, 0, own_middle / scale])
    return pose


def standing_pose(at: tuple[float, float], yaw: float, scale: float | Vector) -> FloatArray:
    """A thing that stands still at `at`, T = 1; `scale` may differ along its three axes."""
    sin, cos = np.sin(yaw), np.cos(yaw)
    pose = np.zeros((1, 3, 4))
    pose[0, :, :3] = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) * np.asarray(scale)
    pose[0, :2, 3] = at
    return pose


def compose(outer: FloatArray, inner: FloatArray) -> FloatArray:
    """Outer after inner."""
    pose = np.empty_like(inner)
    pose[:, :, :3] = outer[:, :, :3] @ inner[:, :, :3]
    pose[:, :, 3] = np.einsum("tij,tj->ti", outer[:, :, :3], inner[:, :, 3]) + outer[:, :, 3]
    return pose
