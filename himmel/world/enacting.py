"""Puts scenarios on the stage: each of them becomes tracks, contacts, effects and pieces."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import motion
from himmel.world.bodies import COLLIDERS
from himmel.world.changes import bite, blow_out
from himmel.world.leavings import paint, shatter
from himmel.world.motion import Track
from himmel.world.props import hiding_prop
from himmel.world.spec import SceneSpec
from himmel.world.staging import Staged, stage_scene, top_of
from himmel.world.toppling import topple

__all__ = ["enact"]

FloatArray: TypeAlias = npt.NDArray[Any]
_SEEN = 0.8  # of its length is out of hiding at both ends of its way
_SLIVER = 0.05  # of its length at either end may show when it counts as hidden: less than 4 % of its pixels
_DISTANCE = 1.6  # from the camera of a square picture, in lengths of the way
_NEAREST = 3.8  # world units, likewise
_WING_SPAN = {"bird": 0.74, "airplane": 0.72}


def enact(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Place and move everything in a scene; what the words leave open comes from `rng`."""
    if spec.scenario_verb is not None:
        return _ENACTED[spec.scenario_verb](spec, rng)
    if spec.count is not None:
        return _crowd(spec, rng)
    return stage_scene(spec, rng)


def _hide(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Pass behind a wall at an even pace, out of sight for the seconds that the motion names."""
    subject = spec.subjects[0]
    seconds = subject.motion.hidden or 0.0
    length = 2 * COLLIDERS[subject.kind][0] * motion.scale_of(subject)
    # A cylinder rolls lying across its way.
    aside = COLLIDERS[subject.kind][2 if subject.kind == "cylinder" else 1] * motion.scale_of(subject)
    in_sight = max((spec.frames - 1) / spec.fps - seconds, 0.3)
    pace = max(motion.SPEED["normal"], 2 * _SEEN * length / in_sight)
    deep = 0.12
    lane = deep + aside + rng.uniform(0.06, 0.12)
    high = (1.12 * top_of(subject) + 0.25 / spec.breadth * (deep + aside + 0.3)) / 2
    # A wall hides more than its own width of what is behind it.
    far = _DISTANCE * (pace * (spec.frames - 1) / spec.fps + length)
    # A tall picture is taken from farther away, a wide one from nearer, but not from nearer than any.
    wider = 1 + (lane + deep) / max(far / spec.breadth, min(far, _NEAREST))
    wide = (pace * seconds + (1 - 2 * _SLIVER) * length) / 2 / wider
    yaw = motion.heading(subject.motion.direction)
    time = np.arange(spec.frames) / spec.fps
    # It is as long in sight before as after, give or take a twelfth.
    along = pace * (time - time[-1] * rng.uniform(0.46, 0.54))
    wall = np.array([rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.2)])
    at = wall + np.array([np.cos(yaw) * along[0], lane])
    track = motion.moved(spec, subject, at, yaw, along - along[0], time, float(rng.uniform(0, 2 * np.pi)))
    prop = hiding_prop("wall", spec.setting, wall, (wide, deep, high))
    return Staged(tracks=(track,), contacts=(), prop=prop)


def _crowd(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Equal subjects in a row that nobody covers and nobody leaves, all doing the same in their own time."""
    first, count = spec.subjects[0], len(spec.subjects)
    long, wide, _ = COLLIDERS[first.kind]
    # Noses and tails reach out of the box that stands in for a body.
    half = max(1.15 * float(np.hypot(long, wide)), _WING_SPAN.get(first.kind, 0.0)) * motion.scale_of(first)
    gap = 2 * half * rng.uniform(1.08, 1.2) + 0.1
    line = (np.arange(count) - (count - 1) / 2) * gap
    tracks: list[Track] = []
    for index in range(count):
        place = np.array([line[index], rng.uniform(-0.2, 0.2)])
        track = stage_scene(replace(spec, subjects=(first,), count=None), rng).tracks[0]
        # Each is staged by itself and then moved to its place in the row.
        shift = place - (track.place[0, :2] + track.place[-1, :2]) / 2
        track.place[:, :2] += shift
        tracks.append(track)
    return Staged(tracks=tuple(tracks), contacts=(), prop=None)


_ENACTED: dict[str, Callable[[SceneSpec, np.random.Generator], Staged]] = {
    "bite": bite,
    "knock_over": topple,
    "shatter": shatter,
    "blow_out": blow_out,
    "paint": paint,
    "disappear_behind": _hide,
}
