"""Knocking over: a row of dominoes or a tower of blocks, by MuJoCo in the plane of the actor's way.

The actor gets a speed; what falls, when and where is what forces make of it. Where too little falls, the same is
tried again with more speed.
"""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import motion, physics
from himmel.world.bodies import COLLIDERS, CYLINDER_RADIUS
from himmel.world.motion import Track
from himmel.world.pieces import Effect
from himmel.world.spec import SceneSpec, SubjectSpec
from himmel.world.staging import Staged

__all__ = ["topple"]

FloatArray: TypeAlias = npt.NDArray[Any]
_SPACING = 0.42  # of a domino's height: each hits the next in the upper half
_PACE = {"domino": (1.15, 1.5), "cube": (2.7, 3.2)}  # units a second
_WEIGHT = 3.0  # of the actor, so that it is not stopped by the first touch
_TRIES = 5
_MOVED = 0.06  # units or radians: what an eye would notice
_FELL = 0.6  # radians that a domino, and share of its height that a tower's top, must have come down


def topple(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """The first subject goes and hits the others, which stand in a row or on each other."""
    yaw = motion.heading(spec.subjects[0].motion.direction)
    targets, starts = _targets(spec.subjects[1:], rng)
    low, high = _PACE[spec.subjects[1].kind]
    pace, lead = rng.uniform(low, high), rng.uniform(0.40, 0.50)
    for attempt in range(_TRIES):
        actor, ahead = _actor(spec.subjects[0], starts[0] - targets[0].half[0], pace * (1 + 0.3 * attempt), lead)
        trace = physics.simulate([actor, *targets], spec.frames, spec.fps)
        if _fallen(spec.subjects[1], trace):
            break
    middle = (actor.x + float(trace.x.max())) / 2
    at = -middle * np.array([np.cos(yaw), np.sin(yaw)]) + np.array([0.0, rng.uniform(-0.15, 0.15)])
    tracks = (
        _came(spec, trace, at - ahead * np.array([np.cos(yaw), np.sin(yaw)]), yaw),
        *(_hit(spec, index, trace, at, yaw) for index in range(1, len(spec.subjects))),
    )
    # What rests on another from the start on does not touch it as an event.
    contacts = tuple(contact for contact in trace.contacts if contact.frame > 0)
    return Staged(tracks=tracks, contacts=contacts, prop=None, effects=_effects(spec.subjects[1], trace))


def _targets(group: tuple[SubjectSpec, ...], rng: np.random.Generator) -> tuple[list[physics.Body], list[float]]:
    """Bodies of a row or a tower, and where along the way each stands."""
    tower, scale = group[0].kind != "domino", motion.scale_of(group[0])
    along, _, up = (value * scale for value in COLLIDERS[group[0].kind])
    starts = [float(rng.uniform(-0.02, 0.02)) if tower else 2 * up * _SPACING * i for i in range(len(group))]
    bodies = [
        physics.Body(
            half=(along, up), x=x, z=up * (1 + 2 * i * tower), turns=True, bounce=0.05,
            mass=scale**3 * (0.6 if tower else 0.4), friction=0.45 if tower else 0.7,
        )
        for i, x in enumerate(starts)
    ]  # fmt: skip
    return bodies, starts


def _actor(subject: SubjectSpec, reach: float, pace: float, lead: float) -> tuple[physics.Body, float]:
    """The body that comes from `lead` seconds before `reach`, and how far its middle is ahead of the subject's.

    All are discs, those that do not roll too: a flat front would shove the targets along upright.
    """
    scale = motion.scale_of(subject)
    along, _, up = (value * scale for value in COLLIDERS[subject.kind])
    rolls = subject.kind in motion.ROUND
    radius = CYLINDER_RADIUS * scale if subject.kind == "cylinder" else up
    body = physics.Body(
        half=(radius, radius), x=reach - radius - pace * lead, z=radius, velocity=pace, round=True, turns=rolls,
        bounce=0.1, mass=_WEIGHT * max(scale, 1.0), friction=0.5, driven="until contact",
    )  # fmt: skip
    return body, 0.0 if rolls else along - radius


def _fallen(first: SubjectSpec, trace: physics.Trace) -> bool:
    """Whether every domino leans for good, or the tower's top has come down."""
    if first.kind == "domino":
        return bool((np.abs(trace.angle[-1, 1:]) > _FELL).all())
    return bool(trace.z[-1, -1] < (1 - _FELL) * trace.z[0, -1])


def _effects(first: SubjectSpec, trace: physics.Trace) -> tuple[Effect, ...]:
    """When each target is first seen to move, and what touched it before: the actor or the one before it."""
    off = np.maximum(np.abs(trace.x - trace.x[0]), np.abs(trace.z - trace.z[0]))
    moved = np.maximum(off, np.abs(trace.angle - trace.angle[0])) > _MOVED
    return tuple(
        Effect(frame=int(moved[:, index].argmax()), kind="knocked_over", a=index,
               b=index - 1 if first.kind == "domino" else 0)
        for index in range(1, moved.shape[1])
        if moved[-1, index]
    )  # fmt: skip


def _came(spec: SceneSpec, trace: physics.Trace, at: FloatArray, yaw: float) -> Track:
    """The actor, from where it starts to where it comes to rest."""
    along = trace.x[:, 0] - trace.x[0, 0]
    start = at + trace.x[0, 0] * np.array([np.cos(yaw), np.sin(yaw)])
    track = motion.moved(spec, spec.subjects[0], start, yaw, along, np.arange(spec.frames) / spec.fps, 0.0)
    return replace(track, pitch=trace.angle[:, 0])


def _hit(spec: SceneSpec, index: int, trace: physics.Trace, at: FloatArray, yaw: float) -> Track:
    """What is hit, as it stands, falls and lies."""
    way = np.array([np.cos(yaw), np.sin(yaw)])
    track = motion.standing(spec, at, yaw)
    place = track.place + np.append(way, 0.0) * trace.x[:, index, None]
    half = COLLIDERS[spec.subjects[index].kind][2] * motion.scale_of(spec.subjects[index])
    place[:, 2] = trace.z[:, index] - half
    return replace(track, place=place, pitch=trace.angle[:, index])
