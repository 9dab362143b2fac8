"""Parts of the grammar: which of its words a body of training clips, or a model trained on them, may use."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from himmel.errors import UsageError
from himmel.world.grammar import (
    CAMERAS,
    COLOURS,
    LIGHTS,
    MATERIALS,
    RELATIONS,
    SETTINGS,
    SIZES,
    SPEEDS,
    STYLES,
    SUBJECTS,
    THENS,
    VERBS,
    allowed_verbs,
)
from himmel.world.scenarios import SCENARIOS

__all__ = ["FIRST_LIGHT", "FULL", "INTUITIVE_PHYSICS", "PROFILES", "Profile"]

_PLAIN_SUBJECTS = tuple(subject.id for subject in SUBJECTS.values() if not subject.scenario)
_PLAIN_VERBS = tuple(verb.id for verb in VERBS.values() if not verb.scenario)
_PLAIN_SCENARIOS = ("plain",)
_TABLES: dict[str, Sequence[str]] = {
    "subjects": tuple(SUBJECTS),
    "colours": tuple(COLOURS),
    "materials": MATERIALS,
    "sizes": SIZES,
    "settings": tuple(SETTINGS),
    "lights": LIGHTS,
    "verbs": _PLAIN_VERBS,
    "speeds": SPEEDS,
    "thens": THENS,
    "relations": RELATIONS,
    "cameras": CAMERAS,
    "styles": STYLES,
    "scenarios": tuple(SCENARIOS),
}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The part of the grammar scenes are drawn from; the defaults are all of it but the scenarios.

    A light, style or scenario named several times is drawn as many times as often.

    counts: the shares of plain scenes with one, two and three subjects, summing to 1. scenarios: ids of
    `scenarios.SCENARIOS`; "plain" are the scenes that all other fields describe, and what a scenario needs beyond
    them (its motion, what it is done to) it brings along.
    """

    name: str = "full"
    subjects: tuple[str, ...] = _PLAIN_SUBJECTS
    colours: tuple[str, ...] = tuple(COLOURS)
    materials: tuple[str, ...] = MATERIALS
    sizes: tuple[str, ...] = SIZES
    settings: tuple[str, ...] = tuple(SETTINGS)
    lights: tuple[str, ...] = LIGHTS
    verbs: tuple[str, ...] = _PLAIN_VERBS
    speeds: tuple[str, ...] = SPEEDS
    thens: tuple[str, ...] = THENS
    relations: tuple[str, ...] = RELATIONS
    cameras: tuple[str, ...] = CAMERAS
    styles: tuple[str, ...] = STYLES
    counts: tuple[float, float, float] = (0.45, 0.40, 0.15)
    scenarios: tuple[str, ...] = _PLAIN_SCENARIOS

    def __post_init__(self) -> None:
        for what, known in _TABLES.items():
            unknown = [value for value in getattr(self, what) if value not in known]
            if unknown:
                raise UsageError(f"{what} {unknown} are not in the world; choose among: {', '.join(known)}")
            if not getattr(self, what) and what != "thens":
                raise UsageError(f'profile "{self.name}" has no {what}; name at least one')
        if "still" not in self.verbs or "normal" not in self.speeds:
            raise UsageError(f'profile "{self.name}" must have the motion "still" and the speed "normal"')
        if len(self.counts) != 3 or min(self.counts) < 0 or abs(sum(self.counts) - 1) > 1e-9:
            raise UsageError(f"counts {self.counts} must be three shares that sum to 1, such as (0.5, 0.4, 0.1)")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them; without scenarios where there are none.

        What a seed means hangs on these values, and profiles are older than scenarios.
        """
        values = asdict(self)
        if self.scenarios == _PLAIN_SCENARIOS:
            del values["scenarios"]
        return values

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Profile":
        """Build from plain values; raises UsageError on unknown keys or values."""
        unknown = sorted(set(data) - {item.name for item in fields(cls)})
        if unknown:
            raise UsageError(f"Profile has no {', '.join(unknown)}; it names parts of the grammar")
        values: dict[str, Any] = {key: value if key == "name" else tuple(value) for key, value in data.items()}
        return cls(**values)

    def verbs_of(self, kind: str, setting: str) -> tuple[str, ...]:
        """Motions of `kind` in `setting` within this profile."""
        first = SUBJECTS[kind].first_verb
        return tuple(
            verb
            for verb in allowed_verbs(kind, setting)
            if verb in self.verbs and (verb != "stop" or first in self.verbs)
        )

    def lights_of(self, setting: str) -> tuple[str, ...]:
        """Lights of `setting` within this profile; all it has when the profile excludes every one of them."""
        lights = SETTINGS[setting].lights
        return tuple(light for light in self.lights if light in lights) or lights

    def materials_of(self, kind: str) -> tuple[str, ...]:
        """Materials of `kind` within this profile; empty when the profile excludes the kind by them."""
        return tuple(material for material in SUBJECTS[kind].materials if material in self.materials)


FULL = Profile()

FIRST_LIGHT = Profile(
    name="first_light",
    subjects=(
        "ball", "cube", "cylinder", "cone", "ring", "pyramid", "dog", "cat", "car", "bird", "robot", "snowman",
    ),
    materials=("clay", "wooden", "metal"),
    settings=("meadow", "snow", "desert", "wooden_table", "moon"),
    lights=("day", "day", "day", "sunset"),
    verbs=("still", "roll", "walk", "drive", "bounce", "jump", "spin", "fly", "circle", "stop"),
    thens=(),
    relations=("left_of", "right_of", "in_front_of", "behind"),
    cameras=("static", "pan_left", "pan_right", "dolly_in", "dolly_out", "orbit_left", "orbit_right"),
    styles=("realistic", "realistic", "realistic", "cartoon", "black_and_white"),
    counts=(0.55, 0.40, 0.05),
)  # fmt: skip
"""What the first bundled weights know."""

INTUITIVE_PHYSICS = replace(
    FIRST_LIGHT,
    name="intuitive_physics",
    subjects=(
        *FIRST_LIGHT.subjects, "woman", "man", "mammoth", "cookie", "glass", "domino", "candle", "brush", "canvas",
    ),
    materials=(*FIRST_LIGHT.materials, "glass"),
    lights=(*FIRST_LIGHT.lights, "night"),
    scenarios=tuple(SCENARIOS),
)  # fmt: skip
"""What is known as intuitive physics: causes, lasting changes, objects that are still there when hidden, number.

It holds every word of FIRST_LIGHT, so that a model of the one can go on to learn the other.
"""

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (FIRST_LIGHT, FULL, INTUITIVE_PHYSICS)}
"""The parts of the grammar that have a name."""
