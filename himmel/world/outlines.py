"""The outlines of subjects: the points of their surfaces, which a picture must hold to show them whole."""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import mesh, motion
from himmel.world.bodies import BODIES
from himmel.world.motion import Track
from himmel.world.pieces import Piece
from himmel.world.poses import body_pose, compose, part_pose
from himmel.world.spec import SceneSpec

__all__ = ["outlines"]

FloatArray: TypeAlias = npt.NDArray[Any]


@lru_cache(maxsize=len(mesh.MESHES))
def _corners(name: str) -> FloatArray:
    """The places of a mesh's vertices [3, V], each once."""
    return np.ascontiguousarray(np.unique(mesh.build(name)[0][:, :3].astype(np.float64), axis=0).T)


def outlines(spec: SceneSpec, tracks: tuple[Track, ...], pieces: tuple[Piece, ...] = ()) -> tuple[FloatArray, ...]:
    """For each subject the points [T, 3, N] of its body and of the pieces that belong to it.

    What is not there in a frame has its points in the middle of what is.
    """
    return tuple(_outline(spec, index, track, pieces) for index, track in enumerate(tracks))


def _outline(spec: SceneSpec, index: int, track: Track, pieces: tuple[Piece, ...]) -> FloatArray:
    subject, always = spec.subjects[index], np.ones(spec.frames, bool)
    body = body_pose(track, subject.kind, motion.scale_of(subject))
    parts = [
        (part.mesh, compose(body, part_pose(part, track.angles, spec.frames)), track.shown)
        for part in BODIES[subject.kind]
    ]
    parts += [(piece.part.mesh, piece.pose, piece.shown) for piece in pieces if piece.owner == index]
    points = [pose[:, :, :3] @ _corners(name) + pose[:, :, 3:] for name, pose, _ in parts]
    there = np.stack([always if shown is None else shown for _, _, shown in parts])  # [P, T]
    middles = np.stack([pose[:, :, 3] for _, pose, _ in parts])  # [P, T, 3]
    middle = (middles * there[..., None]).sum(0) / np.maximum(there.sum(0), 1)[:, None]  # [T, 3]
    seen = [
        each if shown.all() else np.where(shown[:, None, None], each, middle[..., None])
        for shown, each in zip(there, points, strict=True)
    ]
    return np.concatenate(seen, axis=2)
