import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.errors import UsageError
from himmel.text import TextConfig, normalise, suggest, tokenize

LEXICON = ("a", "red", "blue", "ball", "left-hand", "rolls", ",")
CONFIG = TextConfig(lexicon=LEXICON, length=16)


def words(ids: list[int]) -> list[str]:
    return [LEXICON[number - 257] for number in ids if number]


def test_known_words_are_one_number_each() -> None:
    tokens = tokenize(["A red BALL, rolls."], CONFIG)
    assert words(tokens.ids[0].tolist()) == ["a", "red", "ball", ",", "rolls"]
    assert tokens.unknown == ((),) and tokens.dropped == (0,)


def test_unknown_words_are_spelled_and_reported_once() -> None:
    tokens = tokenize(["a cat, a cat"], CONFIG)
    spelled = [1 + byte for byte in b" cat"]
    assert tokens.ids[0].tolist() == [257, *spelled, 263, 257, *spelled, *[0] * 5]
    assert tokens.unknown == (("cat",),)


def test_hyphens_hold_known_words_together_only() -> None:
    assert normalise("left-hand red-ball", LEXICON) == ("left-hand", "red", "ball")


def test_words_that_do_not_fit_are_counted() -> None:
    tokens = tokenize(["red " * 20], CONFIG)
    assert tokens.dropped == (4,) and int((tokens.ids != 0).sum()) == 16


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_text_becomes_numbers(prompts: list[str]) -> None:
    tokens = tokenize(prompts, CONFIG)
    assert tokens.ids.shape == (len(prompts), 16) and tokens.ids.dtype == torch.int64
    assert bool(((tokens.ids >= 0) & (tokens.ids < 257 + len(LEXICON))).all())
    # Padding is at the end only.
    real = tokens.ids != 0
    assert bool((real.int().diff(dim=1) <= 0).all())


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(LEXICON), max_size=16))
def test_known_words_survive_the_round_trip(chosen: list[str]) -> None:
    tokens = tokenize([" ".join(chosen).upper()], CONFIG)
    assert words(tokens.ids[0].tolist()) == chosen and tokens.unknown == ((),)


def test_suggestions_are_near_words() -> None:
    assert suggest("bal", LEXICON) == ("ball",)
    assert suggest("Rols", LEXICON)[0] == "rolls"
    assert suggest("zebra", LEXICON) == ()


def test_a_bad_lexicon_is_refused() -> None:
    with pytest.raises(UsageError, match='"a" twice'):
        TextConfig(lexicon=("a", "a"))
    for word in ("Red", "two words", ""):
        with pytest.raises(UsageError, match="not one lower-case word"):
            tokenize(["red"], TextConfig(lexicon=(word,)))


def test_a_prompt_must_be_text() -> None:
    with pytest.raises(UsageError, match="must be text, not int"):
        tokenize([3], CONFIG)  # type: ignore[list-item]


def test_config_round_trip() -> None:
    assert TextConfig.from_dict(CONFIG.to_dict()) == CONFIG
    with pytest.raises(UsageError, match="unknown keys"):
        TextConfig.from_dict({"lexicon": [], "depth": 3})
    with pytest.raises(UsageError, match="lacks its lexicon"):
        TextConfig.from_dict({"width": 8})
