"""Where every subject is in every frame: places, turns, squashes and the angles of its joints.

A `Track` is what a motion spec becomes. Scripted motions (walk, drive, fly, spin, circle, jump, stop, pass
behind) are closed formulas; roll, bounce, fall, push and collide run in `physics`.
"""

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import physics
from himmel.world.bodies import COLLIDERS, CYLINDER_RADIUS
from himmel.world.spec import MotionSpec, SceneSpec, SubjectSpec

__all__ = [
    "LOW_FLIGHT",
    "ROUND",
    "SPEED",
    "Track",
    "heading",
    "moved",
    "physical",
    "scale_of",
    "scripted",
    "standing",
    "still",
]

FloatArray: TypeAlias = npt.NDArray[Any]

_SIZE_SCALE = {"small": 0.72, "medium": 1.0, "big": 1.32}
SPEED = {"slow": 0.34, "normal": 0.64, "fast": 1.05}  # units a second
_TURN = {"slow": 1.1, "normal": 2.2, "fast": 4.2}  # radians a second
_HEADINGS = {"right": 0.0, "away": np.pi / 2, "left": np.pi, "toward": -np.pi / 2}
_LYING = {"cylinder"}  # stand up at rest, lie down to roll
ROUND = {"ball", "cylinder", "ring", "cookie"}
_TUMBLING = {"cube"}
_FRICTION = {"bounce": 0.08, "fall": 0.35, "push": 0.35, "collide": 0.5}
_SLIDING = 0.025  # what is hit shall be seen to slide
_BOUNCE = {"bounce": 0.959, "fall": 0.16, "push": 0.1, "collide": 0.6}
_REACHING = -1.25  # radians: arms that push
FLIGHT_HEIGHT, LOW_FLIGHT = 1.05, 0.35


@dataclass(frozen=True, kw_only=True)
class Track:
    """One subject over T frames, in world units and radians.

    place: [T, 3] the point under the body's centre, on the ground when it stands. yaw: [T]. pitch: [T] turn
    about the body's own sideways axis, through its centre. squash: [T] height factor, volume kept.
    angles: joint channels, each [T]. lying: the body is laid on its side (a rolling cylinder). shown: bool [T]
    where the body itself is not there in every frame.
    """

    place: FloatArray
    yaw: FloatArray
    pitch: FloatArray
    squash: FloatArray
    angles: dict[str, FloatArray] = field(default_factory=dict)
    lying: bool = False
    shown: FloatArray | None = None


def scale_of(subject: SubjectSpec) -> float:
    """World units of one body unit."""
    return _SIZE_SCALE[subject.size]


def heading(direction: str | None) -> float:
    """Yaw of a body that moves in `direction` as the viewer names it; straight at the viewer if None."""
    return _HEADINGS.get(direction or "toward", -np.pi / 2)


def _times(spec: SceneSpec) -> FloatArray:
    return np.arange(spec.frames) / spec.fps


def standing(spec: SceneSpec, at: FloatArray, yaw: float) -> Track:
    """A body that stays at `at` ([2], or [3] above the ground) and faces `yaw`."""
    ones = np.ones(spec.frames)
    place = (
        np.repeat(np.append(at, 0.0)[None], spec.frames, 0)
        if len(at) == 2
        else np.repeat(at[None], spec.frames, 0)
    )
    return Track(place=place, yaw=ones * yaw, pitch=ones * 0.0, squash=ones)


def _idle(kind: str, time: FloatArray, phase: float) -> dict[str, FloatArray]:
    """What moves on a body at rest: a wagging tail, a wing, a propeller."""
    angles = {"tail": 0.35 * np.sin(5.0 * time + phase), "trunk": 0.12 * np.sin(2.6 * time + phase)}
    if kind == "airplane":
        angles["propeller"] = 17.0 * time
    return angles


def _strides(
    kind: str, distance: FloatArray, time: FloatArray, scale: float, phase: float
) -> dict[str, FloatArray]:
    """Joint angles of a body that has travelled `distance` [T]."""
    step = np.sin(distance / scale * 6.2 + phase)
    moving = np.minimum(1.0, np.abs(np.gradient(distance)) / 0.02)
    return _idle(kind, time, phase) | {
        "leg_a": 0.62 * step * moving,
        "leg_b": -0.62 * step * moving,
        "arm_a": -0.62 * step * moving,
        "arm_b": 0.62 * step * moving,
        "wheel": distance / scale,
    }


def still(spec: SceneSpec, subject: SubjectSpec, at: FloatArray, yaw: float, phase: float) -> Track:
    """A subject that stays where it is; boats and fish bob, flyers hover."""
    time = _times(spec)
    track = replace(standing(spec, at, yaw), angles=_idle(subject.kind, time, phase))
    if subject.motion.then == "jump":
        return _hop(track, time, start=1.1, period=0.8, count=1)
    return _float(track, subject, spec, time, phase)


def _float(track: Track, subject: SubjectSpec, spec: SceneSpec, time: FloatArray, phase: float) -> Track:
    """Keep swimmers in the water and flyers in the air."""
    lift = np.zeros(len(time))
    pitch = track.pitch
    angles = dict(track.angles)
    if subject.kind in ("boat", "fish"):
        depth = 0.22 if subject.kind == "fish" else 0.10
        lift = 0.04 * np.sin(2.4 * time + phase) - depth * scale_of(subject)
        pitch = pitch + 0.06 * np.sin(2.1 * time + phase)
    if subject.kind == "balloon":
        lift = 0.35 + 0.05 * np.sin(2.0 * time + phase)
    if subject.kind == "airplane" or subject.motion.verb == "fly" or (
        subject.kind == "bird" and spec.setting == "sea"
    ):  # fmt: skip
        height = LOW_FLIGHT if subject.motion.verb == "pass_behind" else FLIGHT_HEIGHT
        swing = 0.07 if subject.kind == "bird" else 0.035
        lift = (
            lift * 0 + height * (0.75 if subject.kind == "balloon" else 1.0) + swing * np.sin(3.0 * time + phase)
        )
        angles["wing"] = 0.75 * np.sin(9.0 * time + phase)
    place = track.place.copy()
    place[:, 2] += lift
    return replace(track, place=place, pitch=pitch, angles=angles)


def _hop(track: Track, time: FloatArray, start: float, period: float, count: int, height: float = 0.6) -> Track:
    """Add `count` jumps of `height` from `start` seconds on, with a crouch before each."""
    phase = np.clip((time - start) / period, 0.0, count)
    inside = phase % 1.0
    inside = np.where((time < start) | (phase >= count), 0.0, inside)
    air = np.clip((inside - 0.2) / 0.8, 0.0, 1.0)
    crouch = np.where((inside > 0) & (inside < 0.2), np.sin(np.pi * inside / 0.2), 0.0)
    place = track.place.copy()
    place[:, 2] += height * 4.0 * air * (1.0 - air)
    squash = track.squash * (1.0 - 0.22 * crouch + 0.10 * np.sin(np.pi * air) ** 2 * (air > 0))
    return replace(track, place=place, squash=squash)


def _distance(motion: MotionSpec, time: FloatArray, pace: float) -> FloatArray:
    """Signed distance travelled [T] for a mover of `pace` units a second, with its second step."""
    end = time[-1]
    if motion.verb == "stop":
        halt = 0.55 * end
        slow = 0.3  # seconds of braking
        coasting = np.clip(time - halt, 0.0, slow)
        return np.asarray(pace * (np.minimum(time, halt) + coasting - coasting**2 / (2 * slow)))
    if motion.then == "turn_back":
        return np.asarray(pace * (end / 2 - np.abs(time - end / 2)))
    if motion.then == "jump":
        return np.asarray(pace * np.minimum(time, 0.62 * end))
    return np.asarray(pace * time)


def scripted(
    spec: SceneSpec, subject: SubjectSpec, at: FloatArray, phase: float, around: FloatArray, pace: float
) -> Track:
    """Walk, drive, fly, swim, spin, circle, jump, stop, pass behind, and rolling where nothing is hit.

    at: where it starts. around: [2] the middle of a circle. pace: units a second of what goes straight.
    """
    motion, time = subject.motion, _times(spec)
    if motion.verb == "spin":
        rate = _TURN[motion.speed] * (-1.0 if motion.direction == "clockwise" else 1.0)
        turned = rate * (np.minimum(time, 0.6 * time[-1]) if motion.then == "stop" else time)
        track = replace(standing(spec, at, -np.pi / 2), yaw=-np.pi / 2 + phase + turned)
        return _float(replace(track, angles=_idle(subject.kind, time, phase)), subject, spec, time, phase)
    if motion.verb == "circle":
        return _circle(spec, subject, at, around, time, phase)
    if motion.verb == "jump":
        period = 0.82
        along = SPEED["normal"] * 0.8 * time if motion.direction else time * 0.0
        track = moved(spec, subject, at, heading(motion.direction), along, time, phase)
        track = replace(track, angles=_idle(subject.kind, time, phase))
        return _hop(track, time, start=0.15, period=period, count=3, height=0.62)
    distance = _distance(motion, time, pace)
    track = moved(spec, subject, at, heading(motion.direction), distance, time, phase)
    if motion.then == "turn_back" and subject.kind not in ROUND:
        track = replace(track, yaw=_about_turn(track.yaw[0], time))
    if motion.then == "jump":
        return _hop(track, time, start=0.64 * time[-1], period=0.8, count=1)
    return track


def _about_turn(yaw: float, time: FloatArray) -> FloatArray:
    """Turn round by way of facing the viewer, in about four frames at half time."""
    share = np.clip((time - time[-1] / 2) / 0.34 + 0.5, 0.0, 1.0)
    side = 1.0 if np.cos(yaw) < 0 else -1.0
    return np.asarray(yaw + side * np.pi * share)


def moved(
    spec: SceneSpec, subject: SubjectSpec, at: FloatArray, yaw: float, distance: FloatArray, time: FloatArray,
    phase: float,
) -> Track:  # fmt: skip
    """A subject that has gone `distance` [T] from `at` towards `yaw`, as its kind does."""
    scale = scale_of(subject)
    way = np.array([np.cos(yaw), np.sin(yaw)])
    track = standing(spec, at, yaw)
    place = track.place.copy()
    place[:, :2] += distance[:, None] * way
    angles = _strides(subject.kind, distance, time, scale, phase)
    if subject.motion.moving_verb == "walk" and subject.kind not in ("fish",):
        place[:, 2] += (
            0.035 * scale * np.abs(np.cos(distance / scale * 6.2 + phase)) * (np.gradient(distance) > 1e-4)
        )
    if subject.kind == "fish":
        angles["tail"] = 0.6 * np.sin(9.0 * time + phase)
    track = replace(track, place=place, angles=angles)
    if subject.kind in ROUND:
        radius = _rolling_radius(subject.kind) * scale
        track = replace(track, pitch=distance / radius, lying=subject.kind in _LYING)
    if subject.kind == "snowman":
        track = replace(track, pitch=0.08 * np.sin(distance * 6.0 + phase))
    return _float(track, subject, spec, time, phase)


def _rolling_radius(kind: str) -> float:
    return CYLINDER_RADIUS if kind == "cylinder" else COLLIDERS[kind][2]


def _circle(
    spec: SceneSpec, subject: SubjectSpec, at: FloatArray, middle: FloatArray, time: FloatArray, phase: float
) -> Track:
    motion = subject.motion
    away = at - middle
    radius = max(float(np.hypot(*away)), 0.4)
    rate = 0.62 * _TURN[motion.speed] * (-1.0 if motion.direction == "clockwise" else 1.0)
    angle = np.arctan2(away[1], away[0]) + rate * time
    place = np.stack([middle[0] + radius * np.cos(angle), middle[1] + radius * np.sin(angle), time * 0], 1)
    distance = radius * np.abs(rate) * time
    track = replace(
        standing(spec, at, 0.0),
        place=place,
        yaw=angle + np.sign(rate) * np.pi / 2,
        angles=_strides(subject.kind, distance, time, scale_of(subject), phase),
    )
    if subject.kind in ROUND:
        radius_up = _rolling_radius(subject.kind) * scale_of(subject)
        track = replace(track, pitch=distance / radius_up, lying=subject.kind in _LYING)
    if subject.kind == "fish":
        track.angles["tail"] = 0.6 * np.sin(9.0 * time + phase)
    return _float(track, subject, spec, time, phase)


def _body(
    subject: SubjectSpec, verb: str, x: float, rng: np.random.Generator, *, struck: bool
) -> tuple[physics.Body, float]:
    """The physical stand-in of a subject that does `verb`, or is `struck` by one that does.

    Returns the body and the height of its centre when it stands.
    """
    kind, scale = subject.kind, scale_of(subject)
    along, _, up = (value * scale for value in COLLIDERS[kind])
    ball = kind in ROUND and (kind != "cylinder" or verb == "collide") if not struck else kind == "ball"
    if kind == "cylinder" and not struck and verb != "fall":
        along = up = CYLINDER_RADIUS * scale if verb == "collide" else up
    height, velocity, tilt = up, 0.0, 0.0
    if verb == "fall":
        height += rng.uniform(1.2, 1.6)
        tilt = rng.uniform(-0.3, 0.3) if kind in _TUMBLING else 0.0
    if verb == "bounce":
        height += rng.uniform(1.1, 1.5)
        velocity = 0.55 if subject.motion.direction else 0.0
    if verb in ("push", "collide") and not struck:
        velocity = SPEED[subject.motion.speed]
    body = physics.Body(
        half=(along, up), x=x, z=height, velocity=velocity, tilt=tilt, round=ball,
        turns=ball and verb != "fall" or (kind in _TUMBLING and verb == "fall"),
        bounce=_BOUNCE[verb], mass=scale**3 * (1.5 if verb == "collide" and not struck else 1.0),
        friction=_SLIDING if verb == "collide" and (struck or ball) else _FRICTION[verb],
        driven="" if struck else {"push": "push", "collide": "until contact"}.get(verb, ""),
    )  # fmt: skip
    return body, up


def physical(
    spec: SceneSpec, subjects: tuple[SubjectSpec, ...], places: list[FloatArray], yaws: list[float],
    rng: np.random.Generator,
) -> tuple[list[Track], tuple[physics.Contact, ...]]:  # fmt: skip
    """Run one subject, or an actor and its target, through physics along the first one's heading.

    places: where each stands at the start. Returns their tracks and contacts, indices as given.
    """
    motion, time = subjects[0].motion, _times(spec)
    yaw = heading(motion.direction or "right")
    way = np.array([np.cos(yaw), np.sin(yaw)])
    made = [
        _body(subject, motion.verb, float((place - places[0]) @ way), rng, struck=index > 0)
        for index, (subject, place) in enumerate(zip(subjects, places, strict=True))
    ]
    bodies, rests = [body for body, _ in made], [rest for _, rest in made]
    trace = physics.simulate(bodies, spec.frames, spec.fps)
    tracks = []
    for index, (subject, body) in enumerate(zip(subjects, bodies, strict=True)):
        along, scale = trace.x[:, index] - body.x, scale_of(subject)
        actor = index == 0
        facing = yaw if (motion.direction if actor else body.turns) else yaws[index]
        track = standing(spec, places[index], facing)
        place = track.place.copy()
        place[:, :2] += along[:, None] * way
        place[:, 2] = np.maximum(trace.z[:, index] - rests[index], 0.0 if not body.turns else -9.0)
        turned = trace.angle[:, index] if np.cos(facing - yaw) > 0 else -trace.angle[:, index]
        angles = _strides(subject.kind, along, time, scale, 0.0) if actor else _idle(subject.kind, time, 0.0)
        if actor and motion.verb == "push":
            angles |= {"arm_a": _REACHING + 0.0 * time, "arm_b": _REACHING + 0.0 * time}
        lying = subject.kind in _LYING and body.round
        track = replace(track, place=place, pitch=turned, angles=angles, lying=lying)
        tracks.append(_float(track, subject, spec, time, 0.0) if spec.setting == "sea" else track)
    return tracks, trace.contacts
