"""Unit meshes every part of the world is built from: vertices and normals, as triangles.

Each mesh fits the cube [-1, 1]^3, so a part's half extents are its scale. Rounded boxes are superquadrics:
their soft edges catch the light like sanded wood.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["HOLLOW", "MESHES", "build", "in_bite"]

FloatArray: TypeAlias = npt.NDArray[Any]


def _revolve(profile: FloatArray, segments: int) -> FloatArray:
    """Turn a profile of (radius, z, normal radius, normal z) rows around z -> triangles [V, 6]."""
    angle = np.linspace(0.0, 2.0 * np.pi, segments + 1)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    radius, z, normal_radius, normal_z = profile.T[:, None, :]
    flat = np.ones_like(cos)
    grid = np.stack(
        [radius * cos, radius * sin, z * flat, normal_radius * cos, normal_radius * sin, normal_z * flat], -1
    )
    return _grid_triangles(grid)


def _grid_triangles(grid: FloatArray) -> FloatArray:
    """Two triangles for each cell of a vertex grid [U, V, 6] -> [cells * 6, 6]."""
    a, b, c, d = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
    return np.stack([a, b, c, a, c, d], 2).reshape(-1, 6)


def _sphere() -> FloatArray:
    angle = np.linspace(-np.pi / 2, np.pi / 2, 11)
    cos, sin = np.cos(angle), np.sin(angle)
    return _revolve(np.stack([cos, sin, cos, sin], 1), 18)


def _lathe(points: list[tuple[float, float]], segments: int = 20) -> FloatArray:
    """A solid of revolution with flat-shaded bands between (radius, z) points listed from bottom to top."""
    bands = []
    for (r0, z0), (r1, z1) in zip(points[:-1], points[1:], strict=True):
        normal = np.array([z1 - z0, r0 - r1])
        normal = normal / (np.linalg.norm(normal) + 1e-9)
        profile = np.array([[r0, z0, *normal], [r1, z1, *normal]])
        bands.append(_revolve(profile, segments))
    return np.concatenate(bands)


def _cylinder() -> FloatArray:
    bevel = 0.1
    return _lathe([(0, -1), (1 - bevel, -1), (1, -1 + bevel), (1, 1 - bevel), (1 - bevel, 1), (0, 1)])


def _cone() -> FloatArray:
    return _lathe([(0, -1), (0.94, -1), (1, -0.92), (0.06, 0.96), (0, 1)])


def _bell() -> FloatArray:
    return _lathe([(0, -1), (0.9, -1), (1, -0.9), (0.72, 0.0), (0.5, 0.9), (0.42, 1), (0, 1)])


def _torus() -> FloatArray:
    minor = 0.3
    around = np.linspace(0.0, 2.0 * np.pi, 13)
    cos, sin = np.cos(around), np.sin(around)
    return _revolve(np.stack([1 - minor + minor * cos, sin, cos, minor * sin], 1), 28)


def _superquadric(power: float, segments: int = 4) -> FloatArray:
    """A cube of patches pushed onto |x|^p + |y|^p + |z|^p = 1: a box with rounded edges."""
    line = np.tan(np.linspace(-np.pi / 4, np.pi / 4, segments + 1))
    u, v = np.meshgrid(line, line, indexing="ij")
    one = np.ones_like(u)
    faces = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            face = np.stack([sign * one, u * sign, v], -1)
            face = np.roll(face, axis, -1)
            norm = (np.abs(face) ** power).sum(-1, keepdims=True) ** (1 / power)
            point = face / norm
            normal = np.sign(point) * np.abs(point) ** (power - 1)
            normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
            faces.append(_grid_triangles(np.concatenate([point, normal], -1)))
    return np.concatenate(faces)


def _polyhedron(points: FloatArray, triangles: list[tuple[int, int, int]]) -> FloatArray:
    """Flat-shaded triangles, normals turned away from the origin."""
    rows = []
    for triangle in triangles:
        corner = points[list(triangle)]
        normal = np.cross(corner[1] - corner[0], corner[2] - corner[0])
        normal = normal / np.linalg.norm(normal)
        if normal @ corner.mean(0) < 0:
            normal, corner = -normal, corner[::-1]
        rows.append(np.concatenate([corner, np.repeat(normal[None], 3, 0)], 1))
    return np.concatenate(rows)


def _pyramid() -> FloatArray:
    points = np.array([[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [0, 0, 1]], dtype=np.float64)
    return _polyhedron(points, [(0, 1, 2), (0, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)])


def _slab() -> FloatArray:
    """A box with sharp edges: what is much longer than high would bulge if they were round."""
    points = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
    quads = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
    return _polyhedron(points, [half for a, b, c, d in quads for half in ((a, b, c), (a, c, d))])


def _wedge() -> FloatArray:
    points = np.array(
        [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [-1, 1, 1]], dtype=np.float64
    )
    faces = [(0, 1, 2), (0, 2, 3), (0, 1, 4), (3, 2, 5), (1, 2, 5), (1, 5, 4), (0, 3, 5), (0, 5, 4)]
    return _polyhedron(points, faces)


def _dome() -> FloatArray:
    angle = np.linspace(0.0, np.pi / 2, 8)
    cap = np.stack([np.cos(angle), 2 * np.sin(angle) - 1, np.cos(angle), np.sin(angle)], 1)
    floor = np.array([[0.0, -1, 0, -1], [1, -1, 0, -1]])
    return np.concatenate([_revolve(floor, 20), _revolve(cap, 20)])


def _plane() -> FloatArray:
    points = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float64)
    grid = np.concatenate([points, np.tile((0.0, 0.0, 1.0), (4, 1))], 1)
    return grid[[0, 1, 2, 0, 2, 3]]


# A bite out of the unit disc, at +x: three teeth as circles (x, y, radius), and what is left seen from a point.
_TEETH = ((0.90, 0.0, 0.52), (0.72, 0.50, 0.34), (0.72, -0.50, 0.34))
_FROM = np.array([-0.35, 0.0])


def in_bite(x: float, y: float) -> bool:
    """Whether a point of the unit disc goes with the bite."""
    return any(np.hypot(x - cx, y - cy) < radius for cx, cy, radius in _TEETH)


def _bite_edges() -> tuple[FloatArray, FloatArray]:
    """Points [A, 2] around the disc: what is left ends at the first, the disc at the second."""
    angle = np.linspace(-np.pi, np.pi, 97)
    way = np.stack([np.cos(angle), np.sin(angle)], 1)
    along = way @ _FROM
    whole = -along + np.sqrt(along**2 + 1.0 - _FROM @ _FROM)
    left = whole
    for cx, cy, radius in _TEETH:
        to = np.array([cx, cy]) - _FROM
        near = way @ to
        inside = radius**2 - to @ to + near**2
        left = np.where((inside > 0) & (near > 0), np.minimum(left, near - np.sqrt(np.maximum(inside, 0.0))), left)
    return _FROM + left[:, None] * way, _FROM + whole[:, None] * way


def _ring_between(inner: FloatArray, outer: FloatArray) -> FloatArray:
    """The ring between two outlines [A, 2], from z = -1 to 1."""

    def wall(edge: FloatArray, low: FloatArray, normal: FloatArray) -> FloatArray:
        rows = [np.hstack([end, height, normal]) for end, height in ((edge, low), (edge, -low))]
        return _grid_triangles(np.stack(rows, 1))

    high = np.ones((len(inner), 1))
    faces = []
    for side in (-1.0, 1.0):
        normal = np.hstack([0 * inner, side * high])
        faces.append(
            _grid_triangles(np.stack([np.hstack([edge, side * high, normal]) for edge in (inner, outer)], 1))
        )
    for edge, side in ((outer, 1.0), (inner, -1.0)):
        along = np.gradient(edge, axis=0)
        length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        turned = side * np.stack([along[:, 1], -along[:, 0]], 1) / length
        turned = np.where(length > 1e-6, turned, [side, 0.0])
        faces.append(wall(edge, -high, np.hstack([turned, 0 * high])))
    return np.concatenate(faces)


def _bitten() -> FloatArray:
    left, _ = _bite_edges()
    return _ring_between(np.repeat(_FROM[None], len(left), 0), left)


def _bite() -> FloatArray:
    left, whole = _bite_edges()
    gone = np.linalg.norm(whole - left, axis=1) > 1e-6
    keep = gone | np.roll(gone, 1) | np.roll(gone, -1)
    return _ring_between(left[keep], whole[keep])


MESHES: dict[str, Callable[[], FloatArray]] = {
    "sphere": _sphere,
    "box": lambda: _superquadric(8.0),
    "pill": lambda: _superquadric(3.2),
    "cylinder": _cylinder,
    "cone": _cone,
    "bell": _bell,
    "torus": _torus,
    "pyramid": _pyramid,
    "wedge": _wedge,
    "dome": _dome,
    "plane": _plane,
    "slab": _slab,
    "bitten": _bitten,
    "bite": _bite,
}
HOLLOW = frozenset({"torus", "plane", "bitten", "bite"})
"""Meshes that are not star-shaped around their middle."""


def build(name: str) -> tuple[FloatArray, FloatArray]:
    """A mesh as vertices float32 [V, 6] (position, unit normal) and triangle corners int32 [3 * triangles].

    Corners that share place and normal are one vertex: a software renderer shades each vertex once.
    """
    corners = np.asarray(MESHES[name](), dtype=np.float32).round(5) + 0.0
    vertices, index = np.unique(corners, axis=0, return_inverse=True)
    return np.ascontiguousarray(vertices), index.astype(np.int32).reshape(-1)
