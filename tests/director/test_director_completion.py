import random

import pytest

from himmel.director import ModelFacts, plan
from himmel.director.completion import completions
from himmel.plan import Request
from himmel.world import FULL, INTUITIVE_PHYSICS, canonical, caption_words, sample_scene
from himmel.world.grammar import SETTINGS, SUBJECTS, VERBS

NAMED = {noun: kind for kind in SUBJECTS.values() for noun in (kind.noun, *kind.synonyms)}


def caption(text: str, facts: ModelFacts, **fields: object) -> str:
    return plan(Request.model_validate({"prompt": text, "seed": 7} | fields), facts).shots[0].caption


def test_a_red_ball_becomes_a_full_caption(small: ModelFacts) -> None:
    decided = plan(Request(prompt="a red ball", seed=7), small)
    text = decided.shots[0].caption
    assert text.startswith("a red ball ") and text.endswith(
        "in daylight. the camera does not move. realistic style."
    )
    assert decided.prompt == "a red ball" and decided.notes == (f'completed to: "{text}"',)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_done_is_told_before_where(seed: int, small: ModelFacts) -> None:
    deeds = [deed for row in completions()["verbs"].values() for deed in row]
    places = [row["phrase"] for row in completions()["settings"].values()]
    for text in ("a cat", "a red ball", "kitten"):
        told = caption(text, small, seed=seed)
        rest = "in daylight. the camera does not move. realistic style."
        assert told in [f"{text} {deed} {place} {rest}" for deed in deeds for place in places]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a red ball rolls left past a blue cube", "a red ball rolls left near a blue cube"),
        ("a cat beside a dog", "a cat next to a dog"),
        ("a red ball jumps by the blue cube", "a red ball jumps near the blue cube"),
        ("a red ball to the left of a blue cube", "a red ball to the left of a blue cube"),
        ("a cat near a dog", "a cat near a dog"),
    ],
)
def test_small_words_of_place_are_said_in_words_the_model_met(said: str, read: str, small: ModelFacts) -> None:
    assert caption(said, small).startswith(f"{read} ")
    assert caption(said, small, expand="off") == said


def test_no_small_word_is_taken_for_one_that_says_something_else(small: ModelFacts) -> None:
    decided = plan(Request(prompt="a red ball rolls through a blue cube", seed=7), small)
    assert "through a blue cube" in decided.shots[0].caption and "through" in " ".join(decided.notes)


def test_a_seed_decides_and_another_decides_otherwise(small: ModelFacts) -> None:
    captions = [caption("a red ball", small, seed=seed) for seed in range(20)]
    assert captions == [caption("a red ball", small, seed=seed) for seed in range(20)]
    assert len(set(captions)) > 5


def test_other_words_for_the_same_get_the_same(small: ModelFacts) -> None:
    short, long = "a red ball rolls left", "a red ball is rolling to the left"
    tail = caption(short, small).removeprefix(short)
    assert caption(long, small) == long + tail and len(tail) > 20


@pytest.mark.parametrize("seed", range(60))
def test_a_complete_caption_stays_as_it_is(seed: int, large: ModelFacts) -> None:
    for profile in (FULL, INTUITIVE_PHYSICS):
        text = canonical(sample_scene(seed=seed, profile=profile))
        assert caption(text, large) == text


def sentences() -> list[str]:
    chance = random.Random(5)
    nouns = [*NAMED, "zeppelin", "violin", "old oak"]
    rows = []
    for _ in range(150):
        one, two = chance.choice(nouns), chance.choice(nouns)
        colour = chance.choice(("red", "blue", "crimson", ""))
        rests = ("", " in the snow", f" near a {two}", " jumps", ", cartoon", " at sunset", ". it rains")
        more = (f" and a {two} in a kitchen", ". the camera pans left", f" with a {two} rolls left", ", pixel art")
        rest = chance.choice((*rests, *more))
        rows.append(" ".join(f"a {colour} {one}{rest}".split()))
    return rows


@pytest.mark.parametrize("text", sentences())
def test_every_word_of_the_user_stays_in_its_order(text: str, small: ModelFacts) -> None:
    words = iter(caption(text, small).replace(",", " ").replace(".", " ").split())
    assert all(word in words for word in text.replace(",", " ").replace(".", " ").split())


@pytest.mark.parametrize(
    "text", ["a red ball", "in the snow at sunset", "a blue cat jumps", "snowman", "a green car"]
)
@pytest.mark.parametrize("seed", range(5))
def test_only_words_the_model_knows_are_added(text: str, seed: int, small: ModelFacts) -> None:
    added = set(caption(text, small, seed=seed).replace(".", "").split()) - set(text.split())
    assert added and added <= set(small.lexicon)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a cat in a kitchen", "in a kitchen in daylight"),
        ("a ball on the moon at sunset", "on the moon at sunset"),
        ("a red ball, cartoon", "cartoon"),
        ("the camera pans left while a dog walks", "the camera pans left"),
        ("a dog walks, the camera shakes", "the camera shakes"),
    ],
)
def test_what_was_said_is_not_said_again(text: str, kept: str, small: ModelFacts) -> None:
    told = caption(text, small)
    assert kept in told
    places = [row["phrase"] for row in completions()["settings"].values()]
    assert sum(place in told for place in places) <= 1
    assert ("realistic" in told) == ("cartoon" not in text) and told.count("camera") == 1


def test_a_picture_has_no_motion(small: ModelFacts) -> None:
    verbs = {word.split()[0] for words in completions()["verbs"].values() for word in words}
    assert not verbs & set(caption("a red ball", small, seconds=0.001).split())


def test_off_and_pictures_complete_nothing(small: ModelFacts) -> None:
    assert caption("a red ball", small, expand="off") == "a red ball"
    decided = plan(Request(prompt="a red ball", seed=7), small, pictured=True)
    assert decided.shots[0].caption == "a red ball"


def test_a_style_that_was_asked_for_is_the_only_one(small: ModelFacts) -> None:
    told = caption("a red ball", small, style="cartoon")
    assert told.endswith("cartoon style.") and "realistic" not in told


def test_texts_of_later_times_keep_place_and_light(small: ModelFacts) -> None:
    asked = Request(prompt="a red ball rolls left", at=((1, "a blue cube jumps"), (2, "it stops")), seed=7)
    first, second, third = plan(asked, small).shots[0].captions
    tail = first.removeprefix("a red ball rolls left")
    assert second == f"a blue cube jumps{tail}" and third == f"a blue cube jumps, then stops{tail}"


def test_a_caption_that_would_not_fit_stays_short(small: ModelFacts) -> None:
    from dataclasses import replace

    narrow = replace(small, left_over=lambda text: max(0, len(text.split()) - 6))
    assert caption("a red ball", narrow) == "a red ball"


def test_the_table_agrees_with_the_world() -> None:
    data = completions()
    for name, row in data["settings"].items():
        setting = SETTINGS[name.replace(" ", "_")]
        assert row["phrase"] == caption_words.SETTINGS[setting.id][0] and set(setting.vanishing) <= set(
            row["hides"]
        )
    for light, phrase in data["lights"].items():
        assert phrase == caption_words.LIGHTS[light][0]
    for camera, phrase in data["cameras"].items():
        assert phrase == caption_words.CAMERA_SENTENCES[camera][0]
    for noun, verbs in data["movers"].items():
        for verb in verbs.split():
            listed = data["listed"].get(verb, verb)
            assert listed in NAMED[noun].verbs and listed in VERBS, (noun, verb)
            own = caption_words.KIND_VERBS.get((NAMED[noun].id, listed)) or caption_words.VERBS[listed]
            assert data["verbs"][verb][0].split()[0] == own[0][0]
    for place, nouns in data["homes"].items():
        assert all(NAMED[noun].settings == (place,) for noun in nouns)
