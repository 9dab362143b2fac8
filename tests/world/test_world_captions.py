"""Captions: complete, in known words, mirrored with their clip."""

import random
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.errors import UsageError
from himmel.world import caption_words as words
from himmel.world.captions import CLAUSE_DROPOUT, canonical, describe, lexicon, mirror_caption
from himmel.world.grammar import CAMERAS, LIGHTS, MIRROR, SETTINGS, SIZES, SPEEDS, STYLES, SUBJECTS
from himmel.world.sampling import FIRST_LIGHT, FULL, INTUITIVE_PHYSICS, Profile, sample_scene
from himmel.world.scenarios import HIDDEN_SECONDS, WALL
from himmel.world.spec import MotionSpec, RelationSpec, SceneSpec, SubjectSpec, mirrored

LONGEST = 72
"""Tokens a text encoder must hold to read any caption."""


def tokens(caption: str) -> list[str]:
    return re.findall(r"[a-z0-9']+|[,.]", caption)


def captions(seed: int, profile: Profile = FULL) -> list[str]:
    scene, rng = sample_scene(seed, profile=profile), random.Random(seed)
    return [canonical(scene), describe(scene, rng), describe(scene, rng), describe(scene, rng, form="short")]


def scene_of(*subjects: SubjectSpec, relation: RelationSpec | None = None) -> SceneSpec:
    return SceneSpec(
        seed=0, subjects=subjects, relation=relation, setting="snow", light="sunset", camera="pan_left",
        style="cartoon",
    )  # fmt: skip


def red_ball(**motion: object) -> SubjectSpec:
    return SubjectSpec(
        kind="ball", colour="red", material="clay", size="small", motion=MotionSpec.from_dict(motion)
    )


ORANGE_CUBE = SubjectSpec(kind="cube", colour="orange", material="felt", size="big")


# --- what is said ---------------------------------------------------------------------------------------------


def test_a_canonical_caption_says_everything() -> None:
    scene = scene_of(
        red_ball(verb="roll", direction="left", speed="slow"), ORANGE_CUBE,
        relation=RelationSpec(a=0, kind="behind", b=1),
    )  # fmt: skip
    assert canonical(scene) == (
        "a small red clay ball rolls slowly to the left and a big orange felt cube stands still in the snow at "
        "sunset. the red ball is behind the orange cube. the camera pans left. cartoon style."
    )


@pytest.mark.parametrize(
    ("motion", "says"),
    [
        ({"verb": "stop", "first": "roll", "direction": "right"}, "ball rolls to the right, then stops in"),
        ({"verb": "roll", "direction": "away", "then": "turn_back"}, "from the camera, then turns back"),
        ({"verb": "bounce"}, "ball bounces up and down in"),
        ({"verb": "fall"}, "ball falls down in"),
        ({"verb": "circle", "direction": "clockwise"}, "ball moves clockwise in a circle in"),
        ({"verb": "circle", "direction": "anticlockwise", "target": "tree"}, "anticlockwise around a tree"),
        ({"verb": "pass_behind", "direction": "left", "target": "tree"},
         "rolls to the left, passes behind a tree and comes out in"),
    ],
)  # fmt: skip
def test_events(motion: dict[str, object], says: str) -> None:
    assert says in canonical(scene_of(red_ball(**motion)))


def test_what_is_hit_is_named_once() -> None:
    scene = scene_of(
        red_ball(verb="collide", direction="left", target=1), ORANGE_CUBE,
        relation=RelationSpec(a=0, kind="right_of", b=1),
    )  # fmt: skip
    assert canonical(scene).startswith(
        "a small red clay ball rolls to the left and bumps into a big orange felt cube in the snow at sunset. the"
    )


def test_subjects_with_words_of_their_own() -> None:
    boat = SubjectSpec(
        kind="boat", colour="red", material="metal", motion=MotionSpec(verb="drive", direction="away")
    )
    glass = SubjectSpec(kind="glass", colour="orange", material="glass")
    woman = SubjectSpec(kind="woman", colour="green", material="wooden")
    assert canonical(SceneSpec(seed=0, subjects=(boat,), setting="sea")).startswith("a red metal boat sails away")
    assert canonical(scene_of(glass)).startswith("an orange glass stands still")
    assert canonical(scene_of(woman)).startswith("a wooden woman in green stands still")


@settings(deadline=None)
@given(seed=st.integers(0, 2**31))
def test_canonical_names_every_factor(seed: int) -> None:
    scene = sample_scene(seed)
    text = canonical(scene)
    for subject in scene.subjects:
        assert SUBJECTS[subject.kind].noun in text and subject.colour in text
        assert not words.SIZES[subject.size] or words.SIZES[subject.size][0] in text
        assert subject.material in text or len(SUBJECTS[subject.kind].materials) == 1
    for table, value in ((words.SETTINGS, scene.setting), (words.LIGHTS, scene.light),
                         (words.CAMERA_SENTENCES, scene.camera), (words.STYLE_TAGS, scene.style)):  # fmt: skip
        assert table[value][0] in text


def test_different_scenes_have_different_canonical_captions() -> None:
    told: dict[str, SceneSpec] = {}
    for seed in range(1500):
        scene = sample_scene(seed)
        other = told.setdefault(canonical(scene), scene)
        assert [s.to_dict() for s in other.subjects] == [s.to_dict() for s in scene.subjects]
        assert (other.setting, other.light, other.camera, other.style) == (
            scene.setting, scene.light, scene.camera, scene.style,
        )  # fmt: skip


def test_colours_and_first_nouns_are_never_dropped_from_full_captions() -> None:
    for seed in range(600):
        scene = sample_scene(seed)
        text = tokens(describe(scene, random.Random(seed)))
        for subject in scene.subjects:
            facts = SUBJECTS[subject.kind]
            assert subject.colour in text and {facts.noun, *facts.synonyms} & set(text)


def test_every_subject_is_mentioned_in_short_captions() -> None:
    for seed in range(600):
        scene = sample_scene(seed)
        text = set(tokens(describe(scene, random.Random(seed), form="short")))
        assert all({SUBJECTS[s.kind].noun, *SUBJECTS[s.kind].synonyms} & text for s in scene.subjects)


def test_clauses_drop_out_at_their_rate() -> None:
    scene, rng = scene_of(red_ball(verb="roll", direction="left", speed="fast")), random.Random(0)
    drawn = [describe(scene, rng) for _ in range(2000)]
    for options in (words.SIZES["small"], words.MATERIALS["clay"], words.SPEEDS["fast"]):
        said = sum(any(option in tokens(text) for option in options) for text in drawn)
        assert abs(said / len(drawn) - (1 - CLAUSE_DROPOUT)) < 0.035


def test_full_captions_vary_and_synonyms_are_used() -> None:
    scene, rng = scene_of(red_ball(verb="roll", direction="left")), random.Random(0)
    drawn = Counter(describe(scene, rng) for _ in range(500))
    assert len(drawn) > 300
    assert len(words.FULL_TEMPLATES) >= 6
    assert {len(text.split(".")) for text in drawn} >= {2, 3, 4}


def test_short_captions_are_short() -> None:
    scenes = [sample_scene(seed, profile=FIRST_LIGHT) for seed in range(800)]
    short = [describe(scene, random.Random(1), form="short") for scene in scenes if len(scene.subjects) == 1]
    assert np.mean([len(tokens(text)) for text in short]) < 9.5


# --- form and words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "samples"),
    [(FULL, 3500), (FIRST_LIGHT, 2000), (INTUITIVE_PHYSICS, 3200)],
    ids=["full", "first_light", "intuitive_physics"],
)
def test_every_word_is_in_the_lexicon_and_every_word_of_it_is_used(profile: Profile, samples: int) -> None:
    seen = {word for seed in range(samples) for text in captions(seed, profile) for word in tokens(text)}
    assert seen == set(lexicon(profile))


def test_the_lexicon_is_small_and_a_profile_has_its_own() -> None:
    assert len(lexicon()) <= 512 and lexicon() == tuple(sorted(lexicon()))
    assert set(lexicon(FIRST_LIGHT)) < set(lexicon())
    assert "mammoth" in lexicon() and "mammoth" not in lexicon(FIRST_LIGHT)
    assert set(lexicon(FIRST_LIGHT)) < set(lexicon(INTUITIVE_PHYSICS)) and len(lexicon(INTUITIVE_PHYSICS)) <= 512
    assert "dominoes" not in lexicon() and "shatters" not in lexicon(FIRST_LIGHT)


def test_tables_cover_the_grammar() -> None:
    assert set(words.SIZES) == set(SIZES) and set(words.SPEEDS) == set(SPEEDS)
    assert set(words.SETTINGS) == set(SETTINGS) and set(words.LIGHTS) == set(LIGHTS)
    assert set(words.PROPS) == {setting.prop for setting in SETTINGS.values()} | {WALL}
    assert set(words.HIDDEN) == set(HIDDEN_SECONDS)
    for table in (words.CAMERA_SENTENCES, words.CAMERA_TAGS, words.CAMERA_SHOTS):
        assert set(table) == set(CAMERAS)
    for table in (words.STYLE_TAGS, words.STYLE_WAYS, words.STYLE_OF):
        assert set(table) == set(STYLES)


def test_rows_mirror_each_other() -> None:
    tables = (words.DIRECTIONS, words.RELATIONS, words.CAMERA_SENTENCES, words.CAMERA_TAGS, words.CAMERA_SHOTS)
    for table in tables:
        for value, row in table.items():
            assert tuple(map(mirror_caption, row)) == table[MIRROR.get(value, value)]


def test_synonyms_name_one_subject_each() -> None:
    names = [name for subject in SUBJECTS.values() for name in (subject.noun, *subject.synonyms)]
    assert len(set(names)) == len(names)


def test_captions_are_tidy() -> None:
    for seed in range(1000):
        for text in (*captions(seed), *captions(seed, INTUITIVE_PHYSICS)):
            assert re.fullmatch(r"[a-z0-9 ,.]+", text), text
            assert text == text.strip() and "  " not in text and " ," not in text and " ." not in text
            assert ",," not in text and ".." not in text and ",." not in text and not text.startswith((",", "."))
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text
            assert not re.search(r"\b(of|over|from) (behind|in front|to the|left|right|on)\b", text), text
            assert len(tokens(text)) <= LONGEST


# --- choice and mirror ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(seed=st.integers(0, 2**31), form=st.sampled_from(["full", "short", "any"]))
@pytest.mark.parametrize("profile", [FULL, INTUITIVE_PHYSICS], ids=lambda profile: profile.name)
def test_a_mirrored_scene_has_the_mirrored_caption(profile: Profile, seed: int, form: str) -> None:
    scene = sample_scene(seed, profile=profile)
    text = describe(scene, random.Random(seed), form=form)  # type: ignore[arg-type]
    other = describe(mirrored(scene), random.Random(seed), form=form)  # type: ignore[arg-type]
    assert other == mirror_caption(text)
    assert mirror_caption(other) == text
    assert canonical(mirrored(scene)) == mirror_caption(canonical(scene))


def test_the_mirrored_caption_never_says_the_old_side() -> None:
    scene = scene_of(red_ball(verb="roll", direction="left"))
    for seed in range(300):
        text = describe(mirrored(scene), random.Random(seed))
        assert not re.search(r"\bleft(wards)?\b", text) and re.search(r"\bright(wards)?\b", text)
    turning = scene_of(red_ball(verb="circle", direction="clockwise"))
    assert all("anticlockwise" in describe(mirrored(turning), random.Random(seed)) for seed in range(100))


def test_the_same_numbers_give_the_same_caption() -> None:
    scene = sample_scene(5)
    assert describe(scene, random.Random(3)) == describe(scene, random.Random(3))
    assert describe(scene, np.random.default_rng(3)) == describe(scene, np.random.default_rng(3))
    assert len({describe(scene, random.Random(seed)) for seed in range(40)}) > 20


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(UsageError, match="full, short, any"):
        describe(sample_scene(0), random.Random(0), form="long")  # type: ignore[arg-type]
