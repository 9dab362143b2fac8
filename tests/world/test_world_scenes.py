"""Scenes of scenarios as values: what a spec accepts, what is drawn, and that older scenes stay what they were."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from himmel.errors import UsageError
from himmel.world import (
    FIRST_LIGHT,
    FULL,
    INTUITIVE_PHYSICS,
    PROFILES,
    MotionSpec,
    Profile,
    RelationSpec,
    SceneSpec,
    SubjectSpec,
    canonical,
    held_out,
    mirrored,
    sample_scene,
)
from himmel.world.caption_words import plural
from himmel.world.grammar import SETTINGS, VERBS
from himmel.world.scenarios import SCENARIOS

SEEDS = range(1200)
DRAWN = tuple(sample_scene(seed, profile=INTUITIVE_PHYSICS) for seed in SEEDS)
BALL = SubjectSpec(kind="ball", colour="red", material="clay", motion=MotionSpec(
    verb="knock_over", direction="right", target=1))  # fmt: skip
DOMINO = SubjectSpec(kind="domino", colour="white", material="wooden")
HIDING = MotionSpec(verb="disappear_behind", direction="left", target="wall", hidden=1.0)
BIRD = SubjectSpec(kind="bird", colour="yellow", material="felt", motion=MotionSpec(verb="fly", direction="left"))


def scenario_of(scene: SceneSpec) -> str:
    """Which scenario a scene is of."""
    if scene.count is not None:
        return "crowd"
    verb = scene.scenario_verb
    if verb == "knock_over":
        return "dominoes" if scene.subjects[1].kind == "domino" else "tower"
    return next((scenario.id for scenario in SCENARIOS.values() if verb and scenario.verb == verb), "plain")


# --- older scenes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "digest"),
    [(FIRST_LIGHT, "87be70ee91999e3b"), (FULL, "e2efd496f96a7c48")],
    ids=["first_light", "full"],
)
def test_what_the_seeds_of_older_profiles_mean_is_frozen(profile: Profile, digest: str) -> None:
    # Clips of these scenes are stored by their seeds: never change the digests, change the code.
    text = hashlib.sha256()
    for seed in range(100):
        text.update(json.dumps(sample_scene(seed, profile=profile).to_dict(), sort_keys=True).encode())
    assert text.hexdigest()[:16] == digest


def test_scenes_without_a_scenario_have_no_field_of_it() -> None:
    scene = sample_scene(0, profile=FIRST_LIGHT)
    assert "count" not in scene.to_dict() and "hidden" not in scene.subjects[0].motion.to_dict()
    assert "scenarios" not in FIRST_LIGHT.to_dict() and "scenarios" in INTUITIVE_PHYSICS.to_dict()
    assert SceneSpec.from_dict(scene.to_dict()) == scene


def test_profiles_by_name() -> None:
    assert [*PROFILES] == ["first_light", "full", "intuitive_physics"]
    assert Profile.from_dict(json.loads(json.dumps(INTUITIVE_PHYSICS.to_dict()))) == INTUITIVE_PHYSICS
    for factor in ("subjects", "colours", "materials", "settings", "lights", "verbs", "cameras", "styles"):
        assert {*getattr(FIRST_LIGHT, factor)} <= {*getattr(INTUITIVE_PHYSICS, factor)}
    with pytest.raises(UsageError, match="verbs.*bite"):
        Profile(verbs=("still", "bite"))
    with pytest.raises(UsageError, match="scenarios.*tennis"):
        Profile(scenarios=("tennis",))


# --- what is drawn ----------------------------------------------------------------------------------------------


def test_scenarios_come_as_often_as_they_are_named() -> None:
    counted = Counter(map(scenario_of, DRAWN))
    expected = len(DRAWN) / len(SCENARIOS)
    assert set(counted) == set(SCENARIOS)
    assert all(abs(count - expected) < 4.5 * expected**0.5 for count in counted.values())


def test_scenes_travel_and_mirror() -> None:
    for scene in DRAWN[:400]:
        assert SceneSpec.from_dict(json.loads(json.dumps(scene.to_dict()))) == scene
        assert mirrored(mirrored(scene)) == scene


def test_scenarios_keep_to_their_tables() -> None:
    for scene in DRAWN:
        scenario = SCENARIOS[scenario_of(scene)]
        first, *others = scene.subjects
        assert not {subject.colour for subject in scene.subjects} & {*SETTINGS[scene.setting].vanishing}
        if scenario.id == "plain":
            continue
        assert not scenario.actors or first.kind in scenario.actors
        assert not scenario.lights or scene.light in scenario.lights
        assert scene.camera in scenario.cameras and scene.relation is None
        if scenario.target:
            assert len(others) in scenario.counts and {other.kind for other in others} == {scenario.target}
            assert others[0].colour != first.colour and {*others} == {others[0]}


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_splits_hold_in_scenarios(split: str) -> None:
    for seed in range(300):
        scene = sample_scene(seed, profile=INTUITIVE_PHYSICS, split=split)  # type: ignore[arg-type]
        triples = [held_out(s.colour, s.kind, s.motion.verb) for s in scene.subjects]
        alike = scene.count or 1
        assert all(triple == (split == "held_out") for triple in triples[:alike])
        assert not any(triples[alike:])


# --- what a spec accepts ----------------------------------------------------------------------------------------


def test_equal_subjects_are_told_together() -> None:
    flock = SceneSpec(seed=0, subjects=(BIRD,) * 3, setting="snow", count=3)
    row = SceneSpec(seed=0, subjects=(BALL, *(DOMINO,) * 4), setting="snow")
    assert flock.groups == ((0, 1, 2),) and row.groups == ((0,), (1, 2, 3, 4))
    assert canonical(flock).startswith("three yellow felt birds are flying to the left in the snow")
    assert "rolls to the right and knocks over a row of four white wooden dominoes" in canonical(row)
    assert "for one second" in canonical(SceneSpec(seed=0, setting="snow", subjects=(
        replace(BALL, motion=HIDING),)))  # fmt: skip


def test_more_than_one() -> None:
    assert [plural(noun) for noun in ("puppy", "guy", "biscuit")] == ["puppies", "guys", "biscuits"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MotionSpec(verb="bite", direction="left"), "target"),
        (lambda: MotionSpec(verb="disappear_behind", direction="left", target="wall"), "seconds hidden"),
        (lambda: MotionSpec(verb="roll", direction="left", hidden=1.0), "seconds hidden"),
        (lambda: replace(BALL, kind="cone"), "motion of cone"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(BALL, replace(BIRD, motion=MotionSpec()))),
         "target of .knock_over. as"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(
            BALL, DOMINO, replace(DOMINO, colour="red"))), "equal"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(BALL, *(DOMINO,) * 6)), "no more than 5"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(BIRD,) * 4), "1 to 3"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(BIRD,) * 2, count=3), "count 3"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(BIRD, DOMINO), count=2), "equal"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(BALL, DOMINO),
                           relation=RelationSpec(a=0, kind="left_of", b=1)), "fills a scene"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(
            DOMINO, replace(BALL, motion=HIDING))), "only the first"),
        (lambda: SceneSpec(seed=0, setting="snow", subjects=(
            replace(BALL, motion=replace(HIDING, target="tree")),)), "prop of snow"),
    ],
)  # fmt: skip
def test_impossible_scenarios_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_every_scenario_has_its_verb() -> None:
    acts = {verb.id for verb in VERBS.values() if verb.scenario}
    assert acts == {scenario.verb for scenario in SCENARIOS.values() if scenario.verb}
