import numpy as np
import pytest

from himmel.world import FACTS, FULL, INTUITIVE_PHYSICS, Profile, mirrored, sample_scene, scene_facts


@pytest.mark.parametrize("profile", [FULL, INTUITIVE_PHYSICS])
def test_every_fact_of_every_scene_has_its_place_in_the_table(profile: Profile) -> None:
    for seed in range(400):
        spec = sample_scene(seed, profile=profile)
        groups = scene_facts(spec)
        assert len(groups) == len(FACTS)
        for told, known in zip(groups, FACTS, strict=True):
            assert all(value in known[name] for name, value in told.items()), (seed, told)
            assert told.keys() == known.keys() or told == {"kind": "none"}


def test_mirrored_scenes_exchange_left_and_right_only() -> None:
    sides = {"left": "right", "left_of": "right_of", "pan_left": "pan_right", "orbit_left": "orbit_right"}
    sides |= {"clockwise": "anticlockwise"} | {other: side for side, other in sides.items()}
    sides["anticlockwise"] = "clockwise"
    for seed in np.random.default_rng(0).integers(0, 10**6, 200):
        spec = sample_scene(int(seed), profile=FULL)
        for one, other in zip(scene_facts(spec), scene_facts(mirrored(spec)), strict=True):
            assert {name: sides.get(value, value) for name, value in one.items()} == dict(other)


def test_the_two_sides_of_a_relation_are_told_of_both() -> None:
    scenes = (sample_scene(seed, profile=FULL) for seed in range(400))
    found = [scene for scene in scenes if scene.relation is not None and scene.relation.kind == "left_of"]
    assert found
    for spec in found:
        assert spec.relation is not None
        groups = scene_facts(spec)
        assert (groups[spec.relation.a]["place"], groups[spec.relation.b]["place"]) == ("left_of", "right_of")
