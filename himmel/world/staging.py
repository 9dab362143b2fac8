"""Puts the subjects of a scene on the stage: starting places, facings, lanes that do not collide, tracks.

Where the words leave it open, places follow the picture's shape: the wider it is, the farther apart to the sides
subjects stand, the taller, the deeper.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import motion, physics
from himmel.world.bodies import COLLIDERS
from himmel.world.grammar import SUBJECTS, RelationKind
from himmel.world.motion import Track
from himmel.world.parts import Vector
from himmel.world.pieces import Effect, Lamp, Piece
from himmel.world.props import Prop, hiding_prop, target_prop
from himmel.world.spec import SceneSpec, SubjectSpec

__all__ = ["Staged", "reach_of", "stage_scene", "top_of"]

FloatArray: TypeAlias = npt.NDArray[Any]
_PHYSICAL = {"bounce", "fall", "push", "collide"}
_MOVING = {"walk", "drive", "roll", "fly", "stop", "jump", "bounce"}
_PROP_RADIUS = {"tree": 0.62, "rock": 0.80, "box": 0.62}  # of `props.target_prop`
_SIGHT = {"crane_up": 0.55, "drone": 1.0}  # how steeply a camera looks down on what passes behind


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A scene ready to draw: a track per subject, contacts, and the prop a motion refers to, if any.

    effects, pieces, lamp: what changes for good, the parts that come and go with it, and a light that may go out.
    """

    tracks: tuple[Track, ...]
    contacts: tuple[physics.Contact, ...]
    prop: Prop | None
    effects: tuple[Effect, ...] = ()
    pieces: tuple[Piece, ...] = ()
    lamp: Lamp | None = None


def reach_of(subject: SubjectSpec) -> float:
    """Radius of the circle a subject stands in, world units."""
    return max(COLLIDERS[subject.kind][:2]) * motion.scale_of(subject)


def top_of(subject: SubjectSpec) -> float:
    """Height of a subject's flat top, world units."""
    return 2.0 * COLLIDERS[subject.kind][2] * motion.scale_of(subject)


def stage_scene(spec: SceneSpec, rng: np.random.Generator) -> Staged:
    """Place and move every subject of `spec`; what the words leave open comes from `rng`."""
    prop_at = None
    if any(isinstance(s.motion.target, str) for s in spec.subjects):
        prop_at = np.array([rng.uniform(-0.25, 0.25), rng.uniform(0.0, 0.3)])
    places, heights = _places(spec, rng, prop_at)
    phases = rng.uniform(0, 2 * np.pi, len(spec.subjects))
    yaws = [_resting_yaw(rng) for _ in spec.subjects]
    tracks: dict[int, Track] = {}
    contacts: list[physics.Contact] = []
    for index, subject in enumerate(spec.subjects):
        target = subject.motion.target
        if subject.motion.verb in _PHYSICAL:
            group = (
                [index, target]
                if subject.motion.verb in ("push", "collide") and isinstance(target, int)
                else [index]
            )
            found, touched = motion.physical(
                spec,
                tuple(spec.subjects[i] for i in group),
                [places[i] for i in group],
                [yaws[i] for i in group],
                rng,
            )
            tracks.update(dict(zip(group, found, strict=True)))
            names = [*group, -1]  # the ground, -1, stays what it is
            contacts += [replace(c, a=names[c.a], b=names[c.b]) for c in touched]
    for index in range(len(spec.subjects)):
        if index not in tracks:
            tracks[index] = _track(spec, index, places, prop_at, yaws[index], float(phases[index]))
    lifted = [_lift(tracks[index], heights[index]) for index in range(len(spec.subjects))]
    return Staged(tracks=tuple(lifted), contacts=tuple(contacts), prop=_prop(spec, prop_at))


def _prop(spec: SceneSpec, at: FloatArray | None) -> Prop | None:
    """The prop that somebody goes around or behind, standing at `at`."""
    for subject in spec.subjects:
        target = subject.motion.target
        if at is not None and isinstance(target, str):
            if subject.motion.verb == "pass_behind":
                return hiding_prop(target, spec.setting, at, _screen(spec, subject))
            return target_prop(target, spec.setting, at)
    return None


def _screen(spec: SceneSpec, subject: SubjectSpec) -> Vector:
    """Half extents of what a subject passes behind: a standing subject, or a prop made to hide it."""
    target = subject.motion.target
    if isinstance(target, int):
        girth = reach_of(spec.subjects[target])
        return girth, girth, top_of(spec.subjects[target]) / 2
    along, aside, _ = (value * motion.scale_of(subject) for value in COLLIDERS[subject.kind])
    wide, deep = (1.3 if target == "tree" else 1.12) * along + 0.12, max(0.3, 0.8 * aside)
    flies = SUBJECTS[subject.kind].family == "flyer"
    # The line of sight over the prop's top must pass over the subject's, which stands behind it.
    top = 1.15 * top_of(subject) + (motion.LOW_FLIGHT + 0.1 if flies else 0.0)
    high = (top + (deep + aside + 0.3) * _SIGHT.get(spec.camera, 0.25 / spec.breadth)) / 2
    return wide, deep, max(high, wide) if target == "tree" else high


def _pace(spec: SceneSpec, subject: SubjectSpec) -> float:
    """Units a second; who passes behind something is in time to come out again."""
    move = subject.motion
    if move.verb != "pass_behind":
        return motion.SPEED[move.speed]
    way = 1.9 * (_screen(spec, subject)[0] + COLLIDERS[subject.kind][0] * motion.scale_of(subject))
    haste = {"slow": 0.85, "normal": 1.0, "fast": 1.25}[move.speed]
    return max(motion.SPEED[move.speed], haste * way * spec.fps / (spec.frames - 1))


def _resting_yaw(rng: np.random.Generator) -> float:
    """Three quarters towards the viewer, so that faces are seen."""
    return float(-np.pi / 2 + np.radians(rng.uniform(22, 58)) * rng.choice([-1.0, 1.0]))


def _lift(track: Track, height: float) -> Track:
    place = track.place.copy()
    place[:, 2] += height
    return replace(track, place=place)


def _track(
    spec: SceneSpec, index: int, places: list[FloatArray], prop_at: FloatArray | None, yaw: float, phase: float
) -> Track:
    subject = spec.subjects[index]
    target = subject.motion.target
    if subject.motion.verb == "still":
        return motion.still(spec, subject, places[index], yaw, phase)
    around = np.zeros(2)
    if isinstance(target, int):
        around = places[target]
    elif prop_at is not None:
        around = prop_at
    elif subject.motion.verb == "circle":
        around = places[index] * 0.12
    return motion.scripted(spec, subject, places[index], phase, around, _pace(spec, subject))


def _travel(spec: SceneSpec, subject: SubjectSpec) -> FloatArray:
    """The vector [2] from the start to the farthest point of a subject's way."""
    move = subject.motion
    if move.verb not in _MOVING and move.verb not in ("pass_behind", "push", "collide"):
        return np.zeros(2)
    if move.verb in ("bounce", "jump") and move.direction is None:
        return np.zeros(2)
    seconds = (spec.frames - 1) / spec.fps
    pace = _pace(spec, subject) * {"jump": 0.8, "bounce": 0.73, "stop": 0.66}.get(move.verb, 1.0)
    length = pace * seconds * (0.5 if move.then == "turn_back" else 0.62 if move.then == "jump" else 1.0)
    yaw = motion.heading(move.direction)
    return length * np.array([np.cos(yaw), np.sin(yaw)])


def _places(
    spec: SceneSpec, rng: np.random.Generator, prop_at: FloatArray | None
) -> tuple[list[FloatArray], list[float]]:
    """Starting places [2] of all subjects and the heights they stand at."""
    count = len(spec.subjects)
    places: dict[int, FloatArray] = {}
    heights = [0.0] * count
    if spec.relation is not None:
        a, b = spec.relation.a, spec.relation.b
        places[b] = rng.uniform(-0.12, 0.12, 2)
        offset, heights[a] = _related(spec, spec.subjects[a], spec.relation.kind, spec.subjects[b], rng)
        places[a] = places[b] + offset
    for index, subject in enumerate(spec.subjects):
        target = subject.motion.target
        if isinstance(target, int):
            places.setdefault(target, rng.uniform(-0.15, 0.15, 2))
            goal, girth = places[target], reach_of(spec.subjects[target])
        elif isinstance(target, str) and prop_at is not None:
            goal, girth = prop_at, _PROP_RADIUS[target]
        else:
            continue
        places[index] = _aimed(spec, subject, goal, girth, rng)
    for index in range(count):
        if index not in places:
            places[index] = _free(spec, index, places, rng)
    _part_lanes(spec, places)
    return [places[index] for index in range(count)], heights


def _related(
    spec: SceneSpec, a: SubjectSpec, relation: RelationKind, b: SubjectSpec, rng: np.random.Generator
) -> tuple[FloatArray, float]:
    """Where `a` stands, seen from `b` [2], and the height it stands at."""
    girth, free = reach_of(a) + reach_of(b), rng.uniform(0.25, 0.6)
    wide, tall = max(1.0, spec.breadth), max(1.0, 1.0 / spec.breadth)
    sideways = rng.choice([-1.0, 1.0]) * rng.uniform(0.45, 0.75) * girth * 0.8 * wide
    deep = (0.35 + 0.75 * (girth + free)) * tall
    # Who goes somewhere fills the width by that.
    gap = girth + (free if _travel(spec, a).any() or _travel(spec, b).any() else free * spec.breadth**2)
    offset = {
        "left_of": (-gap, rng.uniform(-0.15, 0.15)),
        "right_of": (gap, rng.uniform(-0.15, 0.15)),
        "in_front_of": (sideways, -deep),
        "behind": (sideways, deep),
        "on_top_of": (0.0, 0.0),
    }[relation]
    return np.array(offset), top_of(b) if relation == "on_top_of" else 0.0


def _aimed(
    spec: SceneSpec, subject: SubjectSpec, goal: FloatArray, girth: float, rng: np.random.Generator
) -> FloatArray:
    """Where a subject starts that pushes, hits, circles or passes behind something at `goal`."""
    own, verb = reach_of(subject), subject.motion.verb
    yaw = motion.heading(subject.motion.direction or "right")
    way = np.array([np.cos(yaw), np.sin(yaw)])
    if verb == "circle":
        angle = rng.uniform(0, 2 * np.pi)
        return goal + (own + girth + rng.uniform(0.25, 0.45)) * np.array([np.cos(angle), np.sin(angle)])
    if verb == "pass_behind":
        half = np.linalg.norm(_travel(spec, subject)) / 2
        aside = COLLIDERS[subject.kind][1] * motion.scale_of(subject)
        lane = np.array([0.0, _screen(spec, subject)[1] + aside + rng.uniform(0.10, 0.20)])
        return np.asarray(goal - way * half * rng.uniform(0.95, 1.05) + lane)
    lead = motion.SPEED[subject.motion.speed] * rng.uniform(0.7, 1.1)
    return goal - way * (own + girth + lead)


def _free(spec: SceneSpec, index: int, places: dict[int, FloatArray], rng: np.random.Generator) -> FloatArray:
    """A place clear of the others; alone, the way is centred on the middle of the stage."""
    subject = spec.subjects[index]
    travel, own = _travel(spec, subject), reach_of(subject)
    jitter = rng.uniform(-0.22, 0.22, 2)
    if subject.motion.verb == "circle":
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.0) + 0.3 * own
        jitter = radius * np.array([np.cos(angle), np.sin(angle)])
    if not places:
        return jitter - travel / 2
    best, best_gap = jitter, -np.inf
    for _ in range(40):
        wide = spec.breadth
        at = np.array([rng.uniform(-1.9 * wide, 1.9 * wide), rng.uniform(-0.5, 1.5 / wide)]) - travel / 2
        gap = min(
            _lane_distance(at, travel, place, _travel(spec, spec.subjects[other]))
            - own
            - reach_of(spec.subjects[other])
            for other, place in places.items()
        )
        if gap > 0.15:
            return at
        if gap > best_gap:
            best, best_gap = at, gap
    return best


def _lane_distance(start: FloatArray, way: FloatArray, other: FloatArray, other_way: FloatArray) -> float:
    """Smallest distance between the points of two straight ways."""
    share = np.linspace(0, 1, 9)
    first = start + share[:, None] * way
    second = other + share[:, None] * other_way
    return float(np.linalg.norm(first[:, None] - second[None], axis=-1).min())


def _part_lanes(spec: SceneSpec, places: dict[int, FloatArray]) -> None:
    """Move a walker's lane aside when it would run through somebody it is not meant to meet.

    Lanes to the left or right move towards the viewer, lanes in depth move sideways: the relation named in
    the caption keeps holding.
    """
    for index, subject in enumerate(spec.subjects):
        travel = _travel(spec, subject)
        if not travel.any() or subject.motion.verb in ("push", "collide", "pass_behind"):
            continue
        for other, neighbour in enumerate(spec.subjects):
            if other == index or (spec.relation is not None and spec.relation.kind == "on_top_of"):
                continue
            needed = reach_of(subject) + reach_of(neighbour) + 0.1
            lane = _lane_distance(places[index], travel, places[other], np.zeros(2))
            if lane >= needed:
                continue
            across = np.array([0.0, -1.0]) if abs(travel[0]) > abs(travel[1]) else np.array([1.0, 0.0])
            offset = float((places[index] - places[other]) @ across)
            side = 1.0 if across[1] or offset >= 0 else -1.0
            places[index] = places[index] + across * (side * needed - offset)
