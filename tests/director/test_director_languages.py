"""What people type in six languages: each sentence must come to the same plan as its English twin."""

import tomllib
from pathlib import Path

import pytest

from himmel.director import LANGUAGES, ModelFacts, plan
from himmel.director.lexicon import FOLDER, TABLES, load_language
from himmel.director.reading import read_scene
from himmel.director.telling import tell
from himmel.director.understanding import find_language
from himmel.errors import UsageError
from himmel.plan import Plan, Request

SETS = Path(__file__).with_name("sentences")
ENOUGH = 0.95


def pairs(code: str) -> list[tuple[str, str]]:
    lines = (SETS / f"{code}.txt").read_text(encoding="utf-8").splitlines()
    return [(left.strip(), right.strip()) for left, right in (line.split(" | ") for line in lines)]


def plainly(text: str) -> str:
    """English in the plainest words."""
    english = load_language("en")
    return tell(read_scene(english.items(text), english.adjectives))


def meaning(text: str, facts: ModelFacts, language: str | None = None) -> tuple[object, ...]:
    """All that a plan says, its captions in the plainest words."""
    decided = plan(Request(prompt=text, seed=7, language=language), facts)
    shot = decided.shots[0]
    cues = [(cue.frame, plainly(cue.caption)) for cue in shot.cues]
    return plainly(shot.caption), cues, shot.frames, shot.size


@pytest.mark.parametrize("code", LANGUAGES)
def test_sentences_come_to_the_plan_of_their_twins(code: str, large: ModelFacts) -> None:
    assert len(pairs(code)) == 50
    missed = [typed for typed, twin in pairs(code) if meaning(typed, large) != meaning(twin, large)]
    assert len(missed) <= (1 - ENOUGH) * 50, missed


def test_sentences_that_came_later_are_read_as_well(large: ModelFacts) -> None:
    lines = (SETS / "fresh.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines]
    missed = [typed for _, typed, twin in rows if meaning(typed, large) != meaning(twin, large)]
    assert len(rows) == 50 and len(missed) <= 5, missed


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_of_a_twin_is_lost_in_plain_words(code: str) -> None:
    """Two readings that lose the same word would be equal, and wrong."""
    lost = []
    for _, twin in pairs(code):
        english = load_language("en")
        kinds = ("nouns", "colours", "sizes", "materials", "clothes", "verbs", "settings", "lights", "cameras")
        told = {item.name for item in english.items(plainly(twin))}
        named = [item for item in english.items(twin) if item.kind in kinds]
        lost += [(twin, item.name) for item in named if item.kind != "verbs" and item.name not in told]
    assert lost == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_language_is_found(code: str) -> None:
    found = [find_language(typed, None).code for typed, _ in pairs(code)]
    assert sum(name == code for name in found) >= ENOUGH * len(found)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_file_has_the_rows_of_the_others(code: str) -> None:
    english = tomllib.loads((FOLDER / "en.toml").read_text(encoding="utf-8"))
    here = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    doubles = {
        "lorry",
        "down",
        "in the evening light",
        "in golden light",
        "on a sunny day",
    }  # others have one word
    for table in TABLES:
        assert set(here[table]) <= set(english[table]), table
        assert set(english[table]) - set(here[table]) <= doubles | {"on a desk"}, table


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_row_is_reached(code: str) -> None:
    """No form of a word is hidden behind another of the same words and kind."""
    language = load_language(code)
    for rows in language.phrases.values():
        for phrase in rows:
            if phrase.kind in ("colours", "settings", "lights", "cameras") and "*" not in phrase.words:
                kinds = {item.kind for item in language.items(" ".join(phrase.words).replace("' ", "'"))}
                assert phrase.kind in kinds or "unknown" not in kinds, phrase


@pytest.mark.parametrize(
    ("code", "typed", "told"),
    [
        ("de", "ein Holzwürfel", "a wooden cube"),
        ("de", "Minikugel", "a small sphere"),
        ("sv", "en träkub", "a wooden cube"),
        ("sv", "jättehund", "a big dog"),
        ("de", "ein Hund mit einer Holzkiste", "a dog with a wooden box"),
        ("es", "una pelota a la izquierda de un cubo", "a ball to the left of a cube"),
        ("it", "una palla a sinistra dell'albero", "a ball to the left of a tree"),
        ("fr", "a cote d'un arbre, un chien", "a dog next to a tree"),
        ("es", "un arbol verde", "a green tree"),
        ("sv", "Tva roda bollar", "two red balls"),
        ("de", "auf dem Mond", "on the moon"),
        ("es", "dos perros y un gato saltan", "two dogs are jumping and a cat jumps"),
    ],
)
def test_compounds_word_order_and_missing_accents(code: str, typed: str, told: str) -> None:
    language = load_language(code)
    assert tell(read_scene(language.items(typed), language.adjectives)) == told


def test_words_a_model_lacks_are_named_as_the_user_wrote_them(small: ModelFacts) -> None:
    def notes(text: str) -> str:
        return "\n".join(plan(Request(prompt=text, seed=7), small).notes)

    assert '"barco" (boat) is not a word the model has' in notes("un barco rojo navega en la nieve")
    assert '"Geige" is not a word the model has' in notes("eine Frau mit einer Geige geht im Schnee")
    assert '"Frau" (woman) is not' in notes("eine Frau mit einer Geige geht im Schnee")
    assert 'read as German: "a red ball rolls in the snow"' in notes("im Schnee rollt ein roter Ball")


@pytest.mark.parametrize(
    "text", ["красный мяч катится влево", "uma bola vermelha rola para a esquerda", "赤いボール"]
)
def test_a_language_that_is_not_read_is_one_sentence(text: str, small: ModelFacts) -> None:
    with pytest.raises(UsageError, match=r"no language that is read.*sv \(Swedish\).*--language") as caught:
        plan(Request(prompt=text, seed=7), small)
    assert "\n" not in str(caught.value)


def test_a_named_language_wins() -> None:
    assert find_language("a dog", "Swedish").code == "sv"
    with pytest.raises(UsageError, match=r'language "klingon" .* choose one of en \(English\)'):
        find_language("a dog", "klingon")


def test_few_unknown_words_are_left_to_the_list_of_words() -> None:
    assert find_language("zeppelin", None).code == "en"


def test_a_model_that_reads_for_itself_gets_the_prompt_as_it_is(small: ModelFacts) -> None:
    from dataclasses import replace

    decided: Plan = plan(Request(prompt="красный мяч, 10 s", seed=7), replace(small, lexicon=()))
    assert decided.shots[0].caption == "красный мяч, 10 s" and decided.shots[0].frames == 33


def test_the_negative_prompt_is_translated(small: ModelFacts) -> None:
    asked = Request(prompt="un perro rojo camina en la nieve", negative="un gato azul", seed=7)
    assert plan(asked, small).shots[0].negative == "a blue cat"
