"""Changes that last: a bite, a shattered glass, a candle blown out, a stroke of paint.

All are closed formulas of time. Shards follow throwing parabolas instead of MuJoCo: its plane has no third
dimension for them to fly into, a dozen free bodies in space would cost more than drawing the clip, and a formula
lands every one of them lying flat.
"""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import motion
from himmel.world.bodies import COLLIDERS
from himmel.world.motion import Track
from himmel.world.parts import Part
from himmel.world.physics import Contact
from himmel.world.pieces import Effect, Lamp, Piece
from himmel.world.poses import body_pose, compose, part_pose
from himmel.world.spec import SceneSpec, SubjectSpec
from himmel.world.staging import Staged
from himmel.world.things import BITTEN_COOKIE, FLAME

__all__ = ["bite", "blow_out", "clock"]

FloatArray: TypeAlias = npt.NDArray[Any]
# Mouths in body units: how far before the middle, how high.
_MOUTHS = {
    "dog": (0.76, 0.66), "cat": (0.66, 0.60), "bird": (0.66, 0.68), "woman": (0.22, 0.98), "man": (0.22, 0.97),
    "mammoth": (0.80, 0.50),
}  # fmt: skip
_COOKIE_RADIUS = 0.48
_LUNGE = 0.17  # radians a body leans into a bite or a breath
_CHEWING = 2  # frames from the first touch to the missing piece


def clock(spec: SceneSpec) -> FloatArray:
    """Seconds of every frame [T]."""
    return np.arange(spec.frames) / spec.fps


def _attached(track: Track, subject: SubjectSpec, part: Part) -> FloatArray:
    """The pose [T, 3, 4] of a part that belongs to a subject's body."""
    body = body_pose(track, subject.kind, motion.scale_of(subject))
    return compose(body, part_pose(part, track.angles, len(track.yaw)))


def _bump(time: FloatArray, start: float, end: float) -> FloatArray:
    """From 0 up to 1 and back between two times."""
    return np.asarray(np.sin(np.pi * np.clip((time - start) / (end - start), 0.0, 1.0)) ** 2)


def bite(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Walk up to the cookie, bite a piece out of it where the mouth is, step back so that it can be seen."""
    actor, cookie = spec.subjects
    yaw, time = motion.heading(actor.motion.direction), clock(spec)
    own, size = motion.scale_of(actor), motion.scale_of(cookie)
    radius = _COOKIE_RADIUS * size
    reach, high = (value * own for value in _MOUTHS[actor.kind])
    rise = np.arcsin(np.clip((high - radius) / radius, -0.3, 0.75))
    touch = round((0.34 + 0.06 * rng.random()) * (spec.frames - 1))
    gone = min(touch + _CHEWING, spec.frames - 1)
    pace = motion.SPEED["normal"] * rng.uniform(0.9, 1.2)
    # At the touch the mouth is at the rim; then it goes in as deep as the bite is, and back.
    depth, back = 0.36 * size * np.cos(rise), rng.uniform(0.5, 0.7)
    way = np.interp(
        np.arange(spec.frames),
        [0, touch, gone, gone + 2, spec.frames + 1],
        [-pace * touch / spec.fps, 0.0, depth, depth, -back],
    )
    contact = -np.cos(rise) * radius - reach
    middle = 0.5 * (contact - pace * touch / spec.fps - COLLIDERS[actor.kind][0] * own + radius)
    heading = np.array([np.cos(yaw), np.sin(yaw)])
    at = np.array([0.0, rng.uniform(-0.1, 0.1)]) - middle * heading
    walker = motion.moved(spec, actor, at + (contact + way[0]) * heading, yaw, way - way[0], time, 0.0)
    walker = replace(walker, pitch=_LUNGE * _bump(time, (touch - 2) / spec.fps, (gone + 4) / spec.fps))
    bitten = motion.standing(spec, at, yaw + np.pi)  # its front, where the bite is, towards the mouth
    bitten = replace(bitten, pitch=bitten.pitch - rise, shown=np.zeros(spec.frames, bool))
    whole = np.arange(spec.frames) < gone
    pieces = tuple(
        Piece(owner=1, number=number, part=part, pose=_attached(bitten, cookie, part), colour=cookie.colour,
              shown=whole if number else np.ones(spec.frames, bool))
        for number, parts in enumerate(BITTEN_COOKIE)
        for part in parts
    )  # fmt: skip
    return Staged(
        tracks=(walker, bitten), prop=None, pieces=pieces, contacts=(Contact(frame=touch, a=0, b=1),),
        effects=(Effect(frame=gone, kind="bitten", a=1, b=0),),
    )  # fmt: skip


_PUFF = Part(mesh="sphere", at=(0, 0, 0), half=(1, 1, 1), tint="white")
_SMOKE = Part(mesh="sphere", at=(0, 0, 0), half=(1, 1, 1), tint="smoke")


def _balls(places: FloatArray, radii: FloatArray) -> FloatArray:
    """Poses [T, 3, 4] of a ball at places [T, 3]."""
    pose = np.zeros((len(places), 3, 4))
    pose[:, :, :3], pose[:, :, 3] = np.eye(3) * radii[:, None, None], places
    return pose


def blow_out(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Lean towards the candle and blow: when the breath is there, flame and light go, and smoke rises."""
    actor, candle = spec.subjects
    own, size = motion.scale_of(actor), motion.scale_of(candle)
    side, time, still = float(rng.choice([-1.0, 1.0])), clock(spec), np.arange(spec.frames)
    reach, high = (value * own for value in _MOUTHS[actor.kind])
    away = reach + 0.3 * size + rng.uniform(0.30, 0.45)
    yaw = 0.0 if side < 0 else np.pi
    at, depth = side * away / 2, rng.uniform(-0.1, 0.1)
    blower = motion.standing(spec, np.array([at, depth]), yaw)
    blows = round((0.32 + 0.06 * rng.random()) * (spec.frames - 1))
    flight = max(1, round(0.25 * spec.fps))
    touch, out = min(blows + flight, spec.frames - 2), min(blows + flight + 1, spec.frames - 1)
    breath = _bump(time, (blows - 4) / spec.fps, (out + 3) / spec.fps)
    blower = replace(
        blower, pitch=_LUNGE * breath, angles={"trunk": -0.9 * breath, "tail": 0.2 * np.sin(4 * time)}
    )
    stands = motion.standing(spec, np.array([-at, depth]), -np.pi / 2)
    flame = np.array([-at, depth, FLAME[0].at[2] * size])
    mouth = np.array([at - side * (reach + 0.03), depth, high])
    lit = still < out
    pieces = [
        Piece(owner=1, number=1, part=part, pose=_flicker(_attached(stands, candle, part), time), shown=lit,
              colour=candle.colour)
        for part in FLAME
    ]  # fmt: skip
    for late in range(3):
        share = np.clip((still - blows + 0.7 * late - 0.5) / flight, 0.0, 1.0)[:, None]
        shown = (still >= blows) & (still <= touch)
        puff = _balls(mouth + share * (flame - mouth), 0.035 + 0.03 * share[:, 0])
        pieces.append(Piece(owner=-1, number=0, part=_PUFF, pose=puff, shown=shown, colour="white"))
    return Staged(
        tracks=(blower, stands), prop=None, pieces=(*pieces, *_smoke(spec, flame, size, out, rng)),
        contacts=(Contact(frame=touch, a=0, b=1),), effects=(Effect(frame=out, kind="put_out", a=1, b=0),),
        lamp=Lamp(place=flame, strength=np.where(lit, 1.0 + 0.08 * np.sin(23.0 * time), 0.0)),
    )  # fmt: skip


def _flicker(pose: FloatArray, time: FloatArray) -> FloatArray:
    """A flame's parts grow and shrink a little about their own middles."""
    pose = pose.copy()
    pose[:, :, :3] *= (1.0 + 0.10 * np.sin(23.0 * time))[:, None, None]
    return pose


def _smoke(spec: SceneSpec, wick: FloatArray, size: float, out: int, rng: np.random.Generator) -> list[Piece]:
    """Puffs that leave the wick one after the other, rise, grow and thin out."""
    pieces = []
    drift = rng.uniform(-0.12, 0.12)
    for index in range(6):
        age = (np.arange(spec.frames) - out) / spec.fps - 0.11 * index
        shown = (age >= 0.0) & (age < 0.8)
        age = np.clip(age, 0.0, 0.8)
        sway = drift * age + 0.06 * np.sin(6.0 * age + 1.3 * index)
        places = wick + np.stack([sway, 0.0 * age, 0.75 * age], 1) * size
        radii = size * (0.075 + 0.14 * age) * np.sqrt(np.clip(1.0 - age / 0.85, 0.0, 1.0))
        pose = _balls(places, radii)
        pieces.append(Piece(owner=-1, number=2, part=_SMOKE, pose=pose, shown=shown, colour="white"))
    return pieces
