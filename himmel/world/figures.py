"""The figures of a scene: every part of every body and prop as a row for the canvas, for all frames at once."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import look, motion, props
from himmel.world.bodies import BODIES
from himmel.world.canvas import INSTANCE_FLOATS, Instances
from himmel.world.grammar import COLOURS
from himmel.world.motion import Track
from himmel.world.parts import FIXED_TINTS, Part
from himmel.world.pieces import Piece
from himmel.world.poses import body_pose, compose, part_pose, standing_pose
from himmel.world.spec import SceneSpec, SubjectSpec
from himmel.world.staging import Staged

__all__ = ["Figures"]

FloatArray: TypeAlias = npt.NDArray[Any]
_SURFACE = {"clay": 0, "wooden": 1, "metal": 2, "glass": 3, "felt": 4}
_GROUND, _LAMP, _PLAIN = 5.0, 6.0, 7.0
_SHADOWED = 4.5  # props within this distance of the middle cast shadows
_PIECE_PART = 63  # the part number of every piece; its own number is the fraction of the fact
_PIECES = 64.0
_SLACK = 0.05  # what is left out is this far outside, in clip space
_AROUND = ((0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0))
_BEFORE = (2, 1.0)


def _rows(pose: FloatArray, colour: FloatArray, surface: float, identity: int, part: float) -> FloatArray:
    """Instance rows [T, INSTANCE_FLOATS] of one part."""
    rows = np.zeros((len(pose), INSTANCE_FLOATS), np.float32)
    rows[:, :12] = pose.reshape(-1, 12)
    rows[:, 12:15], rows[:, 15] = colour, 1.0
    rows[:, 16] = surface
    rows[:, 20], rows[:, 21] = identity, part
    return rows


def _shown(rows: FloatArray, shown: FloatArray | None) -> FloatArray:
    """The rows, shrunk to nothing where the part is not there: crowds keep their size over time."""
    if shown is not None:
        rows[~shown, :12] = 0.0
    return rows


@lru_cache(maxsize=len(COLOURS))
def _tints(colour: str) -> dict[str, FloatArray]:
    main = np.array(COLOURS[colour].rgb) / 255.0
    tints = {name: look.linear(value) for name, value in FIXED_TINTS.items()}
    return tints | {
        "main": look.linear(main),
        "inner": look.linear(main),
        "shade": look.linear(main * 0.72),
        "light": look.linear(main * 0.45 + 0.55),
    }


@dataclass(kw_only=True)
class _Crowd:
    """Parts of one mesh that are drawn together: standing ones, rows [1, F] each, and moving ones, [T, F]."""

    standing: list[FloatArray] = field(default_factory=list)
    moving: list[FloatArray] = field(default_factory=list)

    def rows(self, planes: FloatArray) -> list[FloatArray]:
        """The rows to draw in each frame: all that moves, and what stands inside the frame's planes [T, P, 4]."""
        standing = np.concatenate(self.standing or [np.empty((0, INSTANCE_FLOATS), np.float32)])
        inside = _inside(planes, standing)
        still = [standing if frame.all() else standing[frame] for frame in inside]
        if not self.moving:
            return still
        return [np.concatenate(pair) for pair in zip(still, np.stack(self.moving, 1), strict=True)]


def _inside(planes: FloatArray, rows: FloatArray) -> FloatArray:
    """Which parts, rows [N, F], reach before every plane of a frame, planes [T, P, 4] -> bool [T, N].

    A part fills at most the box that its pose makes of the unit cube.
    """
    pose = rows[:, :12].astype(np.float64).reshape(-1, 3, 4)
    normals = planes[..., :3].reshape(-1, 3)
    middle = normals @ pose[:, :, 3].T + planes[..., 3].reshape(-1, 1)
    reach = np.abs(normals @ pose[:, :, :3].transpose(1, 0, 2).reshape(3, -1)).reshape(len(normals), -1, 3).sum(-1)
    return np.asarray((middle + reach > -_SLACK).reshape(*planes.shape[:2], -1).all(1))


def _planes(clip: FloatArray, sides: tuple[tuple[int, float], ...]) -> FloatArray:
    """The planes [T, P, 4] that bound what matrices [T, 4, 4] take into clip space: w +- x, y or z >= 0."""
    return np.stack([clip[:, 3] + sign * clip[:, axis] for axis, sign in sides], 1)


class Figures:
    """All instance rows of a scene: moving bodies per frame, standing props once."""

    def __init__(self, spec: SceneSpec, staged: Staged, rng: np.random.Generator) -> None:
        self._near: dict[str, _Crowd] = {}
        self._shiny: dict[str, _Crowd] = {}
        self._glass: dict[str, _Crowd] = {}
        self._far: dict[str, _Crowd] = {}
        ground = np.zeros((1, 3, 4))
        ground[0, :, :3] = np.diag([60.0, 60.0, 1.0])
        self._ground = _rows(ground, np.ones(3), _GROUND, 0, 0)
        for prop in props.props_for(spec.setting, rng, spec.breadth):
            self._add_prop(prop)
        if staged.prop is not None:
            self._add_prop(staged.prop)
        for index, (subject, track) in enumerate(zip(spec.subjects, staged.tracks, strict=True)):
            self._add_body(index, subject, track)
        for piece in staged.pieces:
            self._add_piece(spec, piece)

    def _add_body(self, index: int, subject: SubjectSpec, track: Track) -> None:
        body = body_pose(track, subject.kind, motion.scale_of(subject))
        tints = _tints(subject.colour)
        for number, part in enumerate(BODIES[subject.kind]):
            pose = compose(body, part_pose(part, track.angles, len(body)))
            shelf, surface = self._made_of(part, subject.material)
            rows = _rows(pose, tints[part.tint], surface, index + 1, number + 1)
            shelf.setdefault(part.mesh, _Crowd()).moving.append(_shown(rows, track.shown))

    def _made_of(self, part: Part, material: str) -> tuple[dict[str, _Crowd], float]:
        """Where a part of a body of `material` is drawn, and the number of its surface."""
        if part.tint not in ("main", "shade", "light"):
            return self._near, _LAMP if part.tint in ("lamp", "flame") else 0.0
        shelves = {"glass": self._glass, "metal": self._shiny}
        return shelves.get(material, self._near), float(_SURFACE[material])

    def _add_piece(self, spec: SceneSpec, piece: Piece) -> None:
        material = spec.subjects[piece.owner].material if piece.owner >= 0 else "clay"
        shelf, surface = self._made_of(piece.part, material)
        fact = _PIECE_PART + piece.number / _PIECES
        rows = _rows(piece.pose, _tints(piece.colour)[piece.part.tint], surface, piece.owner + 1, fact)
        shelf.setdefault(piece.part.mesh, _Crowd()).moving.append(_shown(rows, piece.shown))

    def _add_prop(self, prop: props.Prop) -> None:
        place = standing_pose(prop.at, prop.yaw, prop.scale)
        shelf = self._near if float(np.hypot(*prop.at)) < _SHADOWED else self._far
        for number, (part, colour) in enumerate(prop.parts):
            pose = compose(place, part_pose(part, {}, 1))
            rows = _rows(pose, look.linear(colour), _LAMP if colour in props.GLOWING else _PLAIN, 0, 32 + number)
            shelf.setdefault(part.mesh, _Crowd()).standing.append(rows)

    def instances(self, cameras: FloatArray, sun: FloatArray) -> list[Instances]:
        """What to draw in every frame.

        cameras [T, 4, 4] and sun [4, 4] take the world to the clip spaces of the picture and of the shadow map.
        What stands outside of them is left out, which changes no pixel.
        """
        seen = _planes(cameras, (*_AROUND, _BEFORE))
        lit = np.repeat(_planes(sun[None], _AROUND), len(cameras), 0)
        near, shiny, glass, far = (
            {mesh: crowd.rows(seen) for mesh, crowd in shelf.items()}
            for shelf in (self._near, self._shiny, self._glass, self._far)
        )
        casters = {mesh: crowd.rows(lit) for mesh, crowd in self._near.items()}
        return [
            Instances(
                casters=_at(casters, frame),
                near=_at(near, frame),
                shiny=_at(shiny, frame),
                far=_at(far, frame),
                ground=self._ground,
                glass=_at(glass, frame),
            )
            for frame in range(len(cameras))
        ]


def _at(rows: dict[str, list[FloatArray]], frame: int) -> dict[str, FloatArray]:
    return {mesh: of_frame[frame] for mesh, of_frame in rows.items()}
