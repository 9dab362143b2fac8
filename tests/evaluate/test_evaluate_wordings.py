from pathlib import Path

import pytest

from himmel.evaluate.wordings import STRANGE, Wording, answered, wordings
from himmel.generate import Pipeline, load

WORDS = ("a", "red", "ball", "rolls", "to", "the", "left")


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path) -> Pipeline:
    return load(tiny_weights)


def test_texts_say_nothing_one_word_or_a_strange_one() -> None:
    texts = list(wordings(60, WORDS))
    assert (texts[0].text, texts[0].expected) == ("", "refusal")
    assert {text.text for text in texts[1::2]} == set(WORDS)
    assert all(text.strange in text.text and text.strange in STRANGE for text in texts[2::2])
    assert all((text.text == text.strange) == (text.expected == "either") for text in texts[2::2])


def test_a_model_that_tells_what_it_leaves_out_answers_all(pipe: Pipeline) -> None:
    options = {"size": "64x64", "steps": 1}
    assert all(answered(pipe, wording, options) for wording in wordings(12, pipe.facts.lexicon))
    single = Wording(text="привет", seed=1, expected="either", strange="привет")  # refused: no language is read
    assert answered(pipe, single, options)


@pytest.mark.parametrize(
    "wording",
    [
        Wording(text="a red ball", seed=1, expected="refusal"),
        Wording(text="", seed=1, expected="video"),
        Wording(text="привет", seed=1, expected="video", strange="привет"),
        Wording(text="a red ball", seed=1, expected="video", strange="ball"),  # it is no strange word: no note
    ],
)
def test_other_answers_are_wrong(pipe: Pipeline, wording: Wording) -> None:
    assert not answered(pipe, wording, {"size": "64x64", "steps": 1})
