"""From a seed to a scene: every factor of the grammar equally often, nothing that contradicts itself.

What a subject is, what it does, where, and in which colour cannot be drawn one after the other without
favouring some (only a boat sails, and only on the sea). Their joint distribution is instead fitted once so
that each of the four factors comes out uniform over the combinations that exist (iterative proportional
fitting: Deming and Stephan, "On a least squares adjustment of a sampled frequency table", 1940).
"""

import hashlib
import json
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from himmel.errors import UsageError, WorldError
from himmel.world.grammar import OPPOSITE, SETTINGS, SUBJECTS, VERBS, held_out
from himmel.world.grammar_profile import FIRST_LIGHT, FULL, INTUITIVE_PHYSICS, Profile
from himmel.world.scenario_sampling import draw_scenario
from himmel.world.spec import MotionSpec, RelationSpec, SceneSpec, SubjectSpec

__all__ = ["FIRST_LIGHT", "FULL", "GENERATOR", "INTUITIVE_PHYSICS", "Profile", "Split", "sample_scene"]

Split: TypeAlias = Literal["train", "held_out", "any"]
T = TypeVar("T")

GENERATOR = "himmel-world/1"
"""Named in every draw: a change of this module that changes what a seed means changes this name."""

_PAIR_VERBS = ("push", "collide")
_STATIC_SHARE = 0.35
_THEN_SHARE = 0.25
_TRIES = 100


def sample_scene(
    seed: int, *, profile: Profile = FULL, split: Split = "train", width: int = 128, height: int = 128
) -> SceneSpec:
    """The scene of a seed: a pure function of GENERATOR, seed, profile and split.

    split: "train" never shows a held-out combination, "held_out" shows one in its first subject (the others
    come from the training part), "any" does not look. Raises WorldError when the profile allows no scene.
    """
    if split not in ("train", "held_out", "any"):
        raise UsageError(f'split "{split}" is not one of: train, held_out, any')
    rng = random.Random(_entropy(profile, split, seed))
    for _ in range(_TRIES):
        scenario = _scenario(rng, profile)
        if scenario == "plain":
            scene = _Draw(rng=rng, profile=profile, split=split).scene(seed)
        else:
            scene = draw_scenario(rng, profile, split, seed, scenario)
        if scene is not None:
            return replace(scene, width=width, height=height)
    raise WorldError(f'profile "{profile.name}" is too narrow for a {split} scene; allow more colours or subjects')


def _scenario(rng: random.Random, profile: Profile) -> str:
    """Which kind of scene; profiles of plain scenes draw nothing for it."""
    names = profile.scenarios
    return names[int(rng.random() * len(names))] if names != ("plain",) else "plain"


def _entropy(profile: Profile, split: Split, seed: int) -> int:
    vocabulary = {key: value for key, value in profile.to_dict().items() if key != "name"}
    text = json.dumps([GENERATOR, vocabulary, split, seed], sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


@dataclass(frozen=True, kw_only=True)
class _Lead:
    """What the first subject is, does, where and in which colour."""

    kind: str
    verb: str
    setting: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class _Leads:
    """All leads that exist, with their cumulative probability; `paired`: the share that needs a partner."""

    leads: tuple[_Lead, ...]
    cumulative: tuple[float, ...]
    paired: float

    def draw(self, rng: random.Random) -> _Lead:
        return self.leads[min(bisect_right(self.cumulative, rng.random()), len(self.leads) - 1)]


@lru_cache(maxsize=32)
def _leads(profile: Profile, split: Split) -> _Leads:
    """Fit the joint distribution of lead factors to uniform marginals."""
    leads = tuple(
        _Lead(kind=kind, verb=verb, setting=setting, colour=colour)
        for kind in profile.subjects
        if profile.materials_of(kind)
        for setting in profile.settings
        for verb in profile.verbs_of(kind, setting)
        if verb not in _PAIR_VERBS or profile.counts[0] < 1
        for colour in _colours(profile, split, kind, verb, setting)
    )
    if not leads:
        raise WorldError(f'profile "{profile.name}" has no subject that can do anything in a {split} scene')
    factors = [[getattr(lead, item.name) for lead in leads] for item in fields(_Lead)]
    columns = [np.unique(factor, return_inverse=True) for factor in factors]
    weight = np.full(len(leads), 1.0 / len(leads))
    for _ in range(100):
        for names, index in columns:
            weight /= np.bincount(index, weights=weight, minlength=len(names))[index] * len(names)
    share = weight / weight.sum()
    paired = sum(share[index] for index, lead in enumerate(leads) if lead.verb in _PAIR_VERBS)
    return _Leads(leads=leads, cumulative=tuple(np.cumsum(share).tolist()), paired=float(paired))


def _colours(profile: Profile, split: Split, kind: str, verb: str, setting: str) -> list[str]:
    """Colours that show against the setting and belong to the split."""
    return [
        colour
        for colour in profile.colours
        if colour not in SETTINGS[setting].vanishing
        and (split == "any" or held_out(colour, kind, verb) == (split == "held_out"))
    ]


# Where a subject stands seen from its partner -> the way it may not go, because the partner is there.
_BLOCKED: dict[str, str] = {"left_of": "right", "right_of": "left", "in_front_of": "away", "behind": "toward"}
_STARTS: dict[str | None, str] = {"right": "left_of", "left": "right_of"}
_AIMED_VERBS = ("push", "collide", "pass_behind", "circle")
_STANDING_FAMILIES = ("solid", "creature", "thing")


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """One attempt at a scene."""

    rng: random.Random
    profile: Profile
    split: Split

    def one(self, options: Sequence[T]) -> T:
        """One of the options, each as likely; only `random()` is used, whose values Python keeps for ever."""
        return options[int(self.rng.random() * len(options))]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def scene(self, seed: int) -> SceneSpec | None:
        """A scene, or None when the draw painted itself into a corner."""
        leads = _leads(self.profile, self.split)
        lead = leads.draw(self.rng)
        count = self.count(lead.verb, leads.paired)
        motion = self.motion(lead.kind, lead.verb, prop=SETTINGS[lead.setting].prop, partnered=count > 1)
        first = self.subject(lead.kind, lead.colour, motion)
        subjects: list[SubjectSpec] = [first]
        relation = None
        if count > 1:
            pair = self.pair(first, lead.setting)
            if pair is None:
                return None
            subjects, relation = [pair.first, pair.second], pair.relation
        if count > 2:
            calm = ("still", "still", "still", self.one(("spin", "jump", "bounce")))
            third = self.companion(lead.setting, taken=subjects, verbs=(self.one(calm),), side=None)
            if third is None:
                return None
            subjects.append(third)
        values = {
            "seed": seed,
            "subjects": [subject.to_dict() for subject in subjects],
            "relation": relation.to_dict() if relation else None,
            "setting": lead.setting,
            "light": self.one(self.profile.lights_of(lead.setting)),
            "camera": self.camera(),
            "style": self.one(self.profile.styles),
        }
        return SceneSpec.from_dict(values)

    def count(self, verb: str, paired: float) -> int:
        """How many subjects, so that all scenes together have the profile's counts."""
        one, two, three = self.profile.counts
        alone = 0.0 if verb in _PAIR_VERBS else min(1.0, one / max(1e-9, 1.0 - paired))
        if two + three == 0 or self.chance(alone):
            return 1
        return 2 if self.chance(two / (two + three)) else 3

    def camera(self) -> str:
        moving = [camera for camera in self.profile.cameras if camera != "static"]
        if "static" in self.profile.cameras and (not moving or self.chance(_STATIC_SHARE)):
            return "static"
        return self.one(moving)

    def subject(self, kind: str, colour: str, motion: MotionSpec) -> SubjectSpec:
        material, size = self.one(self.profile.materials_of(kind)), self.one(self.profile.sizes)
        values = {"kind": kind, "colour": colour, "material": material, "size": size, "motion": motion.to_dict()}
        return SubjectSpec.from_dict(values)

    def motion(
        self, kind: str, verb: str, *, prop: str, partnered: bool = False, side: str | None = None
    ) -> MotionSpec:
        """A motion with its direction, speed, second step and target; never into the partner at `side`."""
        facts, subject = VERBS[verb], SUBJECTS[kind]
        thens = [then for then in facts.thens if then in self.profile.thens]
        thens = [then for then in thens if then != "jump" or "jump" in subject.verbs]
        kinds = [target for target in facts.targets if target != "subject" or partnered]
        target = self.one(kinds)
        paces = [speed for speed in self.profile.speeds if speed != "normal"]
        values = {
            "verb": verb,
            "direction": self.one([way for way in facts.directions if not side or way != _BLOCKED.get(side)]),
            "speed": self.one(paces) if facts.timed and paces and self.chance(0.5) else "normal",
            "then": self.one(thens) if thens and self.chance(_THEN_SHARE) else None,
            "target": 1 if target == "subject" else prop if target == "prop" else None,
            "first": subject.first_verb if verb == "stop" else None,
        }
        return MotionSpec.from_dict(values)

    def pair(self, first: SubjectSpec, setting: str) -> "_Pair | None":
        """Give the first subject a partner, a place beside it and sizes that suit what happens."""
        motion = first.motion
        aimed = motion.target == 1
        sides = self.sides(first)
        if not sides:
            return None
        # Few scenes can have something on top, so those that can have it half of the time.
        side = "on_top_of" if "on_top_of" in sides and self.chance(0.5) else self.one(sides)
        moves = not aimed and side != "on_top_of" and self.chance(0.5 if motion.verb == "still" else 0.25)
        verbs = [verb for verb in VERBS if verb not in (*_AIMED_VERBS, "still")] if moves else ["still"]
        second = self.companion(setting, taken=[first], verbs=verbs, side=side)
        if second is None:
            return None
        if aimed or side == "on_top_of":
            # What pushes is no smaller than what is pushed; what hides or carries is no smaller than the other.
            small, large = sorted((first.size, second.size), key=self.profile.sizes.index)
            strong = motion.verb in _PAIR_VERBS
            first, second = (replace(first, size=large if strong else small),
                             replace(second, size=small if strong else large))  # fmt: skip
        relation = {"a": 0, "kind": side, "b": 1}
        if side in OPPOSITE and self.chance(0.5):
            relation = {"a": 1, "kind": OPPOSITE[side], "b": 0}
        return _Pair(first=first, second=second, relation=RelationSpec.from_dict(relation))

    def sides(self, first: SubjectSpec) -> list[str]:
        """Where the first subject may start, seen from its partner."""
        motion, relations = first.motion, self.profile.relations
        if motion.target == 1 and motion.direction in _STARTS:
            return [_STARTS[motion.direction]]
        at_rest = motion.verb in ("still", "spin", "jump", "bounce") and motion.direction not in _STARTS
        stands = at_rest and motion.then is None and SUBJECTS[first.kind].family in _STANDING_FAMILIES
        return [
            side for side in relations if (stands if side == "on_top_of" else motion.direction != _BLOCKED[side])
        ]

    def companion(
        self, setting: str, *, taken: Sequence[SubjectSpec], verbs: Sequence[str], side: str | None
    ) -> SubjectSpec | None:
        """Another subject in a colour of its own that does one of `verbs` if it can, or stands still.

        side: where the first subject is seen from this one; None for a bystander, who stays in its place.
        """
        split: Split = "any" if self.split == "any" else "train"
        kinds = [kind for kind in self.profile.subjects if "still" in self.profile.verbs_of(kind, setting)]
        kinds = [kind for kind in kinds if self.profile.materials_of(kind)]
        if side == "on_top_of":
            kinds = [kind for kind in kinds if SUBJECTS[kind].flat_top]
        if not kinds:
            return None
        kind = self.one(kinds)
        able = [verb for verb in self.profile.verbs_of(kind, setting) if verb in verbs]
        verb = self.one(able or ["still"])
        used = {subject.colour for subject in taken}
        colours = [colour for colour in _colours(self.profile, split, kind, verb, setting) if colour not in used]
        if not colours:
            return None
        motion = self.motion(kind, verb, prop=SETTINGS[setting].prop, side=OPPOSITE.get(side or ""))
        if side is None:
            turn = motion.direction if verb == "spin" else None
            motion = MotionSpec(verb=verb, direction=turn, speed=motion.speed)
        return self.subject(kind, self.one(colours), motion)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Two subjects and where the one is, seen from the other."""

    first: SubjectSpec
    second: SubjectSpec
    relation: RelationSpec
