"""What happens in one clip, written down completely: the value the renderer draws and the captions describe.

A spec is checked against `grammar` when it is made, so that a scene that exists can be drawn and described.
Axes: x to the viewer's right, y away from the viewer into depth, z up.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from typing import Any

from himmel.errors import UsageError
from himmel.world.grammar import (
    CAMERAS,
    COLOURS,
    LIGHTS,
    MATERIALS,
    MIRROR,
    RELATIONS,
    SETTINGS,
    SIZES,
    SPEEDS,
    STYLES,
    SUBJECTS,
    VERBS,
    Camera,
    Direction,
    Light,
    Material,
    RelationKind,
    Size,
    Speed,
    Style,
    Then,
    allowed_verbs,
)
from himmel.world.scenarios import HIDDEN_SECONDS, WALL

__all__ = ["MotionSpec", "RelationSpec", "SceneSpec", "SubjectSpec", "mirrored"]


def _one_of(what: str, value: object, allowed: Collection[object]) -> None:
    if value not in allowed:
        names = ", ".join("none" if name is None else str(name) for name in allowed)
        raise UsageError(f"{what} {value!r} is not in the world; choose one of: {names}")


_YOUNG = ("hidden", "count")  # fields that scenes had to do without at first


def _plain(value: Any) -> Any:
    """Nested plain values without young fields that are not set: old scenes keep their digests."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None or key not in _YOUNG}
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _known(cls: type, data: Mapping[str, Any]) -> dict[str, Any]:
    items = fields(cls)
    needed = {item.name for item in items if item.default is MISSING and item.default_factory is MISSING}
    unknown, missing = set(data) - {item.name for item in items}, needed - set(data)
    if unknown or missing:
        wrong = f"has no {', '.join(sorted(unknown))}" if unknown else f"needs {', '.join(sorted(missing))}"
        raise UsageError(f"{cls.__name__} {wrong}; its fields are: {', '.join(item.name for item in items)}")
    return dict(data)


@dataclass(frozen=True, kw_only=True)
class MotionSpec:
    """How a subject moves.

    verb: an id of `grammar.VERBS`. direction: one the verb takes. speed: "normal" where the verb is not timed.
    then: a second step. target: index of another subject, or the name of the setting's prop. first: for the
    verb "stop" only, how the subject moves before it stops. hidden: for the verb "disappear_behind" only, how many
    seconds the subject is out of sight.
    """

    verb: str = "still"
    direction: Direction | None = None
    speed: Speed = "normal"
    then: Then | None = None
    target: int | str | None = None
    first: str | None = None
    hidden: float | None = None

    def __post_init__(self) -> None:
        _one_of("motion", self.verb, VERBS)
        verb = VERBS[self.verb]
        _one_of(f'direction of "{verb.id}"', self.direction, verb.directions)
        _one_of(f'speed of "{verb.id}"', self.speed, SPEEDS if verb.timed else ("normal",))
        _one_of(f'second step of "{verb.id}"', self.then, (None, *verb.thens))
        _one_of(f'target of "{verb.id}" as', self.target_kind, verb.targets)
        firsts = ("walk", "drive", "roll") if verb.id == "stop" else (None,)
        _one_of(f'first step of "{verb.id}"', self.first, firsts)
        _one_of(
            f'seconds hidden of "{verb.id}"',
            self.hidden,
            HIDDEN_SECONDS if verb.id == "disappear_behind" else (None,),
        )

    @property
    def target_kind(self) -> str | None:
        """ "subject", "prop" or None: what `target` is."""
        return None if self.target is None else "subject" if isinstance(self.target, int) else "prop"

    @property
    def moving_verb(self) -> str:
        """The motion to draw first: `first` for "stop", otherwise `verb`."""
        return self.first or self.verb

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return dict(_plain(asdict(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "MotionSpec":
        """Build from plain values; raises UsageError on unknown keys or values."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, kw_only=True)
class SubjectSpec:
    """One subject: what it is, how it looks and how it moves."""

    kind: str
    colour: str
    material: Material
    size: Size = "medium"
    motion: MotionSpec = field(default_factory=MotionSpec)

    def __post_init__(self) -> None:
        _one_of("subject", self.kind, SUBJECTS)
        subject = SUBJECTS[self.kind]
        _one_of("colour", self.colour, COLOURS)
        _one_of("material", self.material, MATERIALS)
        _one_of(f"material of {subject.noun}", self.material, subject.materials)
        _one_of("size", self.size, SIZES)
        _one_of(f"motion of {subject.noun}", self.motion.verb, subject.verbs)
        if self.motion.first is not None:
            _one_of(f"first step of {subject.noun}", self.motion.first, (subject.first_verb,))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return dict(_plain(asdict(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SubjectSpec":
        """Build from plain values; raises UsageError on unknown keys or values."""
        values = _known(cls, data)
        if "motion" in values:
            values["motion"] = MotionSpec.from_dict(values["motion"])
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class RelationSpec:
    """Where subject `a` is, seen from subject `b`, when the clip starts; both are indices."""

    a: int
    kind: RelationKind
    b: int

    def __post_init__(self) -> None:
        _one_of("relation", self.kind, RELATIONS)
        if self.a == self.b:
            raise UsageError(f"subject {self.a} cannot be {self.kind} itself; name two subjects")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return dict(_plain(asdict(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RelationSpec":
        """Build from plain values; raises UsageError on unknown keys or values."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, kw_only=True)
class SceneSpec:
    """One clip: one to three subjects, or a group of equal ones, in a place, a light, a camera move and a style.

    seed: of everything the words leave open (exact places, sizes, textures). width, height: pixels.
    count: set where all subjects are equal and their number is what the scene is about.
    """

    seed: int
    subjects: tuple[SubjectSpec, ...]
    relation: RelationSpec | None = None
    setting: str
    light: Light = "day"
    camera: Camera = "static"
    style: Style = "realistic"
    width: int = 128
    height: int = 128
    frames: int = 33
    fps: int = 12
    count: int | None = None

    def __post_init__(self) -> None:
        _one_of("setting", self.setting, SETTINGS)
        _one_of("light", self.light, LIGHTS)
        _one_of(f"light of {self.setting}", self.light, SETTINGS[self.setting].lights)
        _one_of("camera move", self.camera, CAMERAS)
        _one_of("style", self.style, STYLES)
        self._check_groups()
        for name in ("width", "height", "frames", "fps"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)} must be positive")
        for index in range(len(self.subjects)):
            self._check_subject(index)
        if self.relation is not None:
            self._check_relation(self.relation)

    @property
    def breadth(self) -> float:
        """How far a picture spreads to the sides: 1 in a square one, more in a wide one, less in a tall one.

        Of two pictures of the same area, the one is this many times as wide and the other as high.
        """
        return math.sqrt(self.width / self.height)

    @property
    def scenario_verb(self) -> str | None:
        """What the first subject does if only a scenario has it, or None."""
        verb = self.subjects[0].motion.verb
        return verb if VERBS[verb].scenario else None

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The subjects that are told together: a counted crowd, what is knocked over; others are told alone."""
        everyone = tuple(range(len(self.subjects)))
        if self.count is not None:
            return (everyone,)
        if self.scenario_verb == "knock_over":
            return everyone[:1], everyone[1:]
        return tuple((index,) for index in everyone)

    def _check_groups(self) -> None:
        if not self.subjects:
            raise UsageError("0 subjects do not fit a scene; give 1 to 3")
        if len(self.groups) > 3:
            raise UsageError(f"{len(self.subjects)} subjects do not fit a scene; give 1 to 3")
        if self.count not in (None, len(self.subjects)):
            raise UsageError(f"count {self.count} is not the number of subjects, {len(self.subjects)}")
        for group in self.groups:
            if len(group) > 5 or any(self.subjects[index] != self.subjects[group[0]] for index in group):
                raise UsageError("what is told as a number must be equal in everything, and no more than 5")
        if any(VERBS[subject.motion.verb].scenario for subject in self.subjects[1:]):
            raise UsageError("only the first subject can do what a scenario is about; let the others stand still")
        if self.scenario_verb and (self.relation or self.count or len(self.groups) > 2):
            raise UsageError(f'"{self.scenario_verb}" fills a scene; leave out relation, count and other subjects')

    def _check_subject(self, index: int) -> None:
        subject = self.subjects[index]
        _one_of(f"motion of {subject.kind} at {self.setting}", subject.motion.verb,
                allowed_verbs(subject.kind, self.setting))  # fmt: skip
        target = subject.motion.target
        if isinstance(target, str):
            hides = subject.motion.verb == "disappear_behind"
            _one_of(f"prop of {self.setting}", target, (WALL,) if hides else (SETTINGS[self.setting].prop,))
        if isinstance(target, int):
            others = tuple(other for other in range(len(self.subjects)) if other != index)
            _one_of(f"target of subject {index}", target, others)
            kinds = VERBS[subject.motion.verb].kinds or tuple(SUBJECTS)
            _one_of(f'target of "{subject.motion.verb}" as', self.subjects[target].kind, kinds)
            if self.subjects[target].motion.verb != "still":
                raise UsageError(f"subject {target} is a target and moves by itself; make it stand still")

    def _check_relation(self, relation: RelationSpec) -> None:
        for index in (relation.a, relation.b):
            _one_of("subject of the relation", index, range(len(self.subjects)))
        if relation.kind == "on_top_of" and not SUBJECTS[self.subjects[relation.b].kind].flat_top:
            flat = ", ".join(subject.id for subject in SUBJECTS.values() if subject.flat_top)
            raise UsageError(f"nothing can stand on a {self.subjects[relation.b].kind}; use one of: {flat}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return dict(_plain(asdict(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SceneSpec":
        """Build from plain values; raises UsageError on unknown keys or values."""
        values = _known(cls, data)
        values["subjects"] = tuple(SubjectSpec.from_dict(subject) for subject in values.get("subjects", ()))
        if values.get("relation") is not None:
            values["relation"] = RelationSpec.from_dict(values["relation"])
        return cls(**values)


def _flip(value: Any) -> Any:
    return MIRROR.get(value, value)


def mirrored(spec: SceneSpec) -> SceneSpec:
    """The scene a viewer sees when the clip is flipped left to right; twice is the scene itself.

    Directions, turns, the relation and sideways camera moves change sides; the seed stays, because what is
    flipped is the clip drawn from it.
    """
    subjects = tuple(
        replace(subject, motion=replace(subject.motion, direction=_flip(subject.motion.direction)))
        for subject in spec.subjects
    )
    relation = None if spec.relation is None else replace(spec.relation, kind=_flip(spec.relation.kind))
    return replace(spec, subjects=subjects, relation=relation, camera=_flip(spec.camera))
