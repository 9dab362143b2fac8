"""Scenes of the scenarios: as `sampling`, every factor that a scenario leaves open is drawn evenly."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from himmel.world.grammar import COLOURS, SETTINGS, SUBJECTS, VERBS, held_out
from himmel.world.grammar_profile import Profile
from himmel.world.scenarios import HIDDEN_SECONDS, SCENARIOS, TOGETHER, WALL, Scenario
from himmel.world.spec import MotionSpec, SceneSpec, SubjectSpec

__all__ = ["draw_scenario"]

T = TypeVar("T")
_STATIC_SHARE = 0.6  # a camera at rest leaves no doubt about what moved
_FEW = 3  # more equal subjects than this are small ones before a camera at rest, so that all are seen well
# Who bites is no larger than what it bites; a person, whose mouth is high, is smaller. So is who blows.
_PEOPLE = ("woman", "man")
_CONTRAST = 60.0  # of 255


def _lightness(colour: str) -> float:
    red, green, blue = COLOURS[colour].rgb
    return 0.30 * red + 0.59 * green + 0.11 * blue


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """One attempt at a scene."""

    rng: random.Random
    profile: Profile
    split: str

    def one(self, options: Sequence[T]) -> T:
        return options[int(self.rng.random() * len(options))]

    def scene(self, seed: int, scenario: Scenario) -> SceneSpec | None:
        """A scene of the scenario, or None when no colour was left for it."""
        verbs = [scenario.verb] if scenario.verb else [v for v in self.profile.verbs if v in TOGETHER]
        verb = self.one(verbs)
        kinds = [kind for kind in scenario.actors or self.profile.subjects if self.can(kind, verb)]
        if not kinds:
            return None
        kind = self.one(kinds)
        setting = self.one([s for s in self.profile.settings if self.fits(kind, verb, s, scenario)])
        count = self.one(scenario.counts)
        colour = self.colour(kind, verb, setting, split=self.split)
        if colour is None:
            return None
        motion = self.motion(kind, verb)
        size, other = self.sizes(kind, scenario, motion.hidden or 0.0)
        if scenario.verb is None and count > _FEW:
            size = self.profile.sizes[0]
        actor = self.subject(kind, colour, size, motion)
        subjects = [actor] * (1 if scenario.target else count)
        if scenario.target:
            second = self.target(scenario.target, setting, other, used=colour)
            if second is None:
                return None
            subjects += [second] * count
        few = len(subjects) <= _FEW or scenario.verb is not None
        cameras = [camera for camera in self.profile.cameras if camera in scenario.cameras and few] or ["static"]
        lights = [light for light in self.profile.lights_of(setting) if light in (scenario.lights or (light,))]
        values = {
            "seed": seed,
            "subjects": [subject.to_dict() for subject in subjects],
            "setting": setting,
            "light": self.one(lights),
            "camera": "static" if self.rng.random() < _STATIC_SHARE else self.one(cameras),
            "style": self.one(self.profile.styles),
            "count": count if scenario.verb is None else None,
        }
        return SceneSpec.from_dict(values)

    def can(self, kind: str, verb: str) -> bool:
        return (
            verb in SUBJECTS[kind].verbs
            and kind in self.profile.subjects
            and bool(self.profile.materials_of(kind))
        )

    def fits(self, kind: str, verb: str, setting: str, scenario: Scenario) -> bool:
        """Whether the place suits actor, target and light."""
        kinds = [kind, *([scenario.target] if scenario.target else [])]
        lights = {*self.profile.lights_of(setting)} & {*(scenario.lights or SETTINGS[setting].lights)}
        return not SETTINGS[setting].water and bool(lights) and all(setting in SUBJECTS[k].settings for k in kinds)

    def colour(self, kind: str, verb: str, setting: str, *, split: str, used: Sequence[str] = ()) -> str | None:
        """A colour that shows against the setting, is not used yet and belongs to the split."""
        colours = [
            colour
            for colour in self.profile.colours
            if colour not in (*used, *SETTINGS[setting].vanishing)
            and (split == "any" or held_out(colour, kind, verb) == (split == "held_out"))
        ]
        return self.one(colours) if colours else None

    def sizes(self, kind: str, scenario: Scenario, hidden: float) -> tuple[str, str]:
        """Sizes of actor and target, such that the one reaches the other, or a wall for so many seconds fits."""
        pairs = [(a, b) for a in self.profile.sizes for b in self.profile.sizes]
        rank = {size: index for index, size in enumerate(("small", "medium", "big"))}
        if scenario.verb in ("bite", "blow_out"):
            gap = 1 if kind in _PEOPLE and scenario.verb == "bite" else 0
            pairs = [(a, b) for a, b in pairs if gap <= rank[b] - rank[a] <= 1 + gap] or pairs[:1]
        if scenario.verb == "knock_over":
            pairs = [
                (a, b) for a, b in pairs if rank[a] == 1 and rank[b] == (1 if scenario.id == "dominoes" else 0)
            ]
        if scenario.verb == "paint":
            pairs = [(a, b) for a, b in pairs if rank[a] == rank[b]]
        if hidden >= 1.0:
            pairs = [(a, b) for a, b in pairs if rank[a] < (2 if hidden < 1.5 else 1)] or pairs[:1]
        return self.one(pairs)

    def subject(self, kind: str, colour: str, size: str, motion: MotionSpec) -> SubjectSpec:
        material = self.one(self.profile.materials_of(kind))
        values = {"kind": kind, "colour": colour, "material": material, "size": size, "motion": motion.to_dict()}
        return SubjectSpec.from_dict(values)

    def target(self, kind: str, setting: str, size: str, *, used: str) -> SubjectSpec | None:
        """What it is done to; paint is seen on its canvas without colours as well."""
        split = "any" if self.split == "any" else "train"
        close: Sequence[str] = (used,)
        if kind == "canvas":
            close = tuple(name for name in COLOURS if abs(_lightness(name) - _lightness(used)) < _CONTRAST)
        colour = self.colour(kind, "still", setting, split=split, used=close)
        return None if colour is None else self.subject(kind, colour, size, MotionSpec())

    def motion(self, kind: str, verb: str) -> MotionSpec:
        facts = VERBS[verb]
        aimed = facts.targets[0]
        paces = [speed for speed in self.profile.speeds if speed != "normal"]
        values = {
            "verb": verb,
            "direction": self.one(facts.directions),
            "speed": self.one(paces) if facts.timed and paces and self.rng.random() < 0.5 else "normal",
            "target": 1 if aimed == "subject" else WALL if aimed == "prop" else None,
            "hidden": self.one(HIDDEN_SECONDS) if verb == "disappear_behind" else None,
        }
        return MotionSpec.from_dict(values)


def draw_scenario(rng: random.Random, profile: Profile, split: str, seed: int, name: str) -> SceneSpec | None:
    """A scene of scenario `name`, or None when the draw painted itself into a corner."""
    return _Drawing(rng=rng, profile=profile, split=split).scene(seed, SCENARIOS[name])
