"""What is left behind: the shards of a glass and the stroke of a brush. See `changes` for the others."""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import motion
from himmel.world.changes import clock
from himmel.world.parts import Part
from himmel.world.physics import Contact
from himmel.world.pieces import Effect, Piece
from himmel.world.spec import SceneSpec
from himmel.world.staging import Staged
from himmel.world.things import BRUSH_LENGTH, CANVAS_FACE

__all__ = ["paint", "shatter"]

FloatArray: TypeAlias = npt.NDArray[Any]
_GRAVITY = 9.81
_SHARDS: tuple[Part, ...] = (
    Part(mesh="cylinder", at=(0, 0, 0.05), half=(0.27, 0.27, 0.05)),
    Part(mesh="cylinder", at=(0, 0, 0.22), half=(0.07, 0.07, 0.17)),
    *(
        Part(mesh=("wedge", "pyramid")[index % 2], at=(0, 0, 0.42 + 0.05 * index),
             half=(0.20 - 0.008 * index, 0.16 + 0.008 * (index % 3), 0.035), tint=("main", "light")[index % 2])
        for index in range(9)
    ),
)  # fmt: skip
_THROWS = (0.75, 1.5)  # units a second: shards come to lie in two rings
_BEADS = 16  # of a stroke


def shatter(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Fall, break on the ground, and lie there in pieces."""
    glass, time = spec.subjects[0], clock(spec)
    size = motion.scale_of(glass)
    height = rng.uniform(1.3, 1.9)
    crash = float(np.sqrt(2 * height / _GRAVITY))
    broken = min(int(np.floor(crash * spec.fps)) + 1, spec.frames - 1)  # the first frame after the crash
    whole = np.arange(spec.frames) < broken
    at = rng.uniform(-0.12, 0.12, 2)
    track = motion.standing(spec, at, float(rng.uniform(-np.pi, np.pi)))
    track.place[:, 2] = np.maximum(height - _GRAVITY * time**2 / 2, 0.0)
    track = replace(track, shown=whole, pitch=rng.uniform(-0.25, 0.25) * np.minimum(time / crash, 1.0))
    angles = rng.permutation(len(_SHARDS)) * 2 * np.pi / len(_SHARDS) + rng.uniform(-0.2, 0.2, len(_SHARDS))
    pieces = tuple(
        Piece(owner=0, number=index + 1, part=replace(part, at=(0.0, 0.0, 0.0)), shown=~whole, colour=glass.colour,
              pose=_flung(part, np.append(at, 0.0), _THROWS[index % 2] * _level(angle), size,
                          np.maximum(time - crash, 0.0), rng))
        for index, (part, angle) in enumerate(zip(_SHARDS, angles, strict=True))
    )  # fmt: skip
    return Staged(
        tracks=(track,), prop=None, pieces=pieces, contacts=(Contact(frame=broken - 1, a=0, b=-1),),
        effects=(Effect(frame=broken, kind="shatters", a=0, b=-1),),
    )  # fmt: skip


def _level(angle: float) -> FloatArray:
    return np.array([np.cos(angle), np.sin(angle), 0.0])


def _flung(
    part: Part, at: FloatArray, way: FloatArray, size: float, age: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Poses [T, 3, 4] of a shard: a parabola along `way`, tumbling, then a short slide lying flat."""
    throw = float(np.linalg.norm(way))
    way = way / throw
    half, rise = np.array(part.half) * size, rng.uniform(0.9, 2.2)
    lying = part.half[2] > part.half[0]  # a stem comes to lie on its side
    floor = float(half[0] if lying else half[2])
    start = max(part.at[2] * size, floor)
    lands = float((rise + np.sqrt(rise**2 + 2 * _GRAVITY * (start - floor))) / _GRAVITY)
    speed, slide = throw * rng.uniform(0.85, 1.15) * size, 0.25  # seconds of sliding
    sliding = np.clip(age - lands, 0.0, slide)
    gone = speed * (np.minimum(age, lands) + 0.5 * (sliding - sliding**2 / (2 * slide)))
    flight = np.minimum(age, lands)
    height = np.where(age < lands, start + rise * flight - _GRAVITY * flight**2 / 2, floor)
    share = np.minimum(age / lands, 1.0)
    pose = np.zeros((len(age), 3, 4))
    end = np.pi / 2 if lying else 0.0
    tilt = end + (1.0 - share) * rng.uniform(2.0, 5.0)
    turn = rng.uniform(-np.pi, np.pi) + rng.uniform(-2.0, 2.0) * share
    cos, sin, zero, one = np.cos(tilt), np.sin(tilt), 0 * tilt, 1 + 0 * tilt
    tumble = np.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], 1).reshape(-1, 3, 3)
    cos, sin = np.cos(turn), np.sin(turn)
    spin = np.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], 1).reshape(-1, 3, 3)
    pose[:, :, :3] = spin @ tumble * half
    pose[:, :, 3] = at + (0.12 * size + gone)[:, None] * way
    pose[:, 2, 3] = height
    return pose


def paint(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Put the brush on the canvas, draw a stroke, lift it off; what it passed stays painted."""
    brush, canvas = spec.subjects
    size, own = motion.scale_of(canvas), motion.scale_of(brush)
    sign = 1.0 if brush.motion.direction == "right" else -1.0
    at = np.array([rng.uniform(-0.1, 0.1), rng.uniform(0.1, 0.3)])
    easel = motion.standing(spec, at, -np.pi / 2)
    last = spec.frames - 1
    touch, lift = round(0.16 * last), round(0.74 * last)
    waves, height = rng.uniform(0.5, 1.5), rng.uniform(0.10, 0.24) * rng.choice([-1.0, 1.0])
    middle, reach = (0.78 + rng.uniform(-0.1, 0.1)) * size, rng.uniform(0.52, 0.62) * size

    def point(share: FloatArray) -> FloatArray:
        """The stroke's points [N, 3] for shares [N] of its length."""
        x = at[0] + sign * reach * (2 * share - 1)
        return np.stack([x, 0 * x + at[1] - CANVAS_FACE * size,
                         middle + height * size * np.sin(2 * np.pi * waves * share)], 1)  # fmt: skip

    steps = np.arange(spec.frames)
    share = np.clip((steps - touch) / (lift - touch), 0.0, 1.0)
    away = np.clip((steps - lift) / (last - lift), 0.0, 1.0)
    off = np.clip((touch - steps) / touch, 0.0, 1.0) + away
    tip = point(share) + off[:, None] * np.array([0.0, -0.35, 0.0])
    tip += away[:, None] * np.array([0.22 * sign, 0.0, -0.2]) * size
    return Staged(
        tracks=(_held(spec, tip, sign, own), easel), prop=None,
        pieces=_stroke(spec, point(np.linspace(0, 1, _BEADS + 1)), size, np.append(touch, lift)),
        contacts=(Contact(frame=touch, a=0, b=1),), effects=(Effect(frame=touch + 1, kind="painted", a=1, b=0),),
    )  # fmt: skip


def _held(spec: SceneSpec, tip: FloatArray, sign: float, size: float) -> motion.Track:
    """A brush whose tip is at `tip` [T, 3], its handle leaning towards the viewer and ahead."""
    yaw, lean, half = -np.pi / 2 + 0.6 * sign, 0.75, BRUSH_LENGTH / 2 * size
    track = motion.standing(spec, np.zeros(2), yaw)
    way = np.array([np.sin(lean) * np.cos(yaw), np.sin(lean) * np.sin(yaw), np.cos(lean)])
    place = tip + half * way - np.array([0.0, 0.0, half])
    return replace(track, place=place, pitch=track.pitch + lean)


def _stroke(spec: SceneSpec, points: FloatArray, size: float, when: FloatArray) -> tuple[Piece, ...]:
    """The stroke as overlapping beads along its points, each there from the frame on in which the brush passes."""
    pieces = []
    steps = np.arange(spec.frames)
    for index in range(len(points) - 1):
        one, other = points[index], points[index + 1]
        along = other - one
        length = float(np.linalg.norm(along))
        passed = when[0] + (index + 0.5) / (len(points) - 1) * (when[1] - when[0])
        part = Part(mesh="slab", at=(0, 0, 0), half=(0.62 * length, 0.02 * size, 0.09 * size))
        pose = np.zeros((spec.frames, 3, 4))
        cos, sin = along[0] / length, along[2] / length
        turn = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
        pose[:, :, :3], pose[:, :, 3] = turn * np.array(part.half), (one + other) / 2
        pieces.append(
            Piece(owner=1, number=1, part=part, pose=pose, shown=steps > passed, colour=spec.subjects[0].colour)
        )
    return tuple(pieces)
