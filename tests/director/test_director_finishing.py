"""Sizes, rates and presets: what the model makes and what the finisher makes of it."""

import pytest

from himmel.director import ModelFacts, plan, refinished
from himmel.errors import UsageError
from himmel.plan import Plan, Request
from himmel.shapes import Compression, Size
from himmel.weights import Card

CARD = Card(name="tiny", sizes=("128x128", "160x96", "96x160"), knows={})


def made(*, enlarges: int = 4, lexicon: tuple[str, ...] = (), **fields: object) -> Plan:
    facts = ModelFacts(
        card=CARD,
        weights="0" * 64,
        name="tiny",
        compression=Compression(time=4, space=16, patch=(1, 2, 2)),
        enlarges=enlarges,
        lexicon=lexicon,
    )
    return plan(Request.model_validate({"prompt": "a red ball", "seed": 7} | fields), facts)


@pytest.mark.parametrize(
    ("fields", "draft", "final", "smooth"),
    [
        ({"size": "1920x1080"}, "160x96", "1920x1080", 1),
        ({"size": "1080x1920"}, "96x160", "1080x1920", 1),
        ({"size": "512x512"}, "128x128", "512x512", 1),
        ({"fps": 24}, "128x128", "128x128", 2),
        ({"fps": 48, "size": "320x192"}, "160x96", "320x192", 4),
        ({"preset": "final"}, "128x128", "512x512", 2),
        ({"preset": "final", "size": "160x96"}, "160x96", "160x96", 2),
        ({"preset": "final", "size": "1920x1080", "fps": 12}, "160x96", "1920x1080", 1),
        ({"preset": "draft", "size": "1920x1080", "fps": 24}, "160x96", "160x90", 1),
        ({"preset": "draft", "size": "1000x370"}, "160x96", "160x58", 1),
        ({"preset": "draft", "size": "3840x20"}, "160x96", "160x2", 1),
    ],
)
def test_a_finish_is_decided(fields: dict[str, object], draft: str, final: str, smooth: int) -> None:
    decided = made(**fields)
    shot = decided.shots[0]
    assert (str(shot.size), shot.fps, shot.frames) == (draft, 12, 33)
    assert decided.finish is not None and decided.finish.smooth == decided.smooth == smooth
    assert str(decided.size) == final and decided.fps == 12 * smooth and decided.frames == smooth * 32 + 1
    (note,) = decided.notes
    assert f"makes {draft} at 12 fps" in note and f"makes {final} at {12 * smooth} fps" in note
    assert ("is kept" in note) == (Size.parse(draft).cut_to(Size.parse(final)) != Size.parse(draft))
    assert Plan.from_json(decided.to_json()) == decided


@pytest.mark.parametrize(
    "fields", [{}, {"preset": "draft"}, {"size": "64x64"}, {"size": "160x96", "preset": "draft"}, {"fps": 12}]
)
def test_what_the_model_makes_itself_is_not_finished(fields: dict[str, object]) -> None:
    decided = made(**fields)
    assert decided.finish is None and "finish" not in decided.to_json()
    assert decided.to_json() == made(enlarges=0, **fields).to_json()


def test_a_draft_shows_what_its_final_will() -> None:
    """Everything but the finish is the same: shot, seed, steps."""
    for size in (None, "1920x1080"):
        draft, final = (made(preset=preset, size=size, fps=24) for preset in ("draft", "final"))
        assert draft.shots == final.shots and draft.digest != final.digest


def test_a_draft_can_be_finished_later() -> None:
    draft = made(preset="draft", size="1920x1080", fps=24)
    final = refinished(draft, Request(prompt="a", preset="final", size="1920x1080"), CARD, 4)
    assert final == made(preset="final", size="1920x1080")
    back = refinished(final, Request(prompt="a", preset="draft", size="1920x1080"), CARD, 4)
    assert back == draft
    with pytest.raises(UsageError, match="made at 160x96 and 12 fps.*would be made at 128x128"):
        refinished(draft, Request(prompt="a", size="512x512"), CARD, 4)


def test_a_shape_in_the_text_is_finished_as_the_usual_one_is() -> None:
    text = {"prompt": "a red ball, vertical", "expand": "off"}
    draft, final = (made(**text, preset=preset, lexicon=("a", "red", "ball")) for preset in ("draft", "final"))
    assert str(draft.size) == "96x160" and draft.finish is None
    assert str(final.size) == "384x640" and final.shots == draft.shots
    again = refinished(draft, Request(prompt="a red ball", preset="final"), CARD, enlarges=4)
    assert again.finish == final.finish and again.shots == final.shots


def test_seconds_are_of_what_is_seen() -> None:
    decided = made(fps=24, seconds=1.0)
    assert decided.shots[0].frames == 13 and decided.frames == 25 and decided.fps == 24


def test_other_rates_play_faster_as_before() -> None:
    decided = made(fps=30)
    assert decided.finish is None and decided.shots[0].fps == 30 and "2.5x as fast" in decided.notes[0]
    decided = made(fps=30, size="512x512")
    assert decided.fps == decided.shots[0].fps == 30 and str(decided.size) == "512x512"
    assert "2.5x as fast" in decided.notes[0] and "makes 512x512 at 30 fps" in decided.notes[1]


def test_without_a_finisher_the_remedy_is_named() -> None:
    with pytest.raises(UsageError, match='preset "final" needs .* himmel train finisher'):
        made(enlarges=0, preset="final")
    with pytest.raises(
        UsageError, match="1920x1080 is above 1024 .* ask for 128x128, or .* himmel train finisher"
    ):
        made(enlarges=0, size="1920x1080")
    decided = made(enlarges=0, size="512x512")
    assert decided.finish is None and str(decided.shots[0].size) == "512x512"
    assert "will look worse" in decided.notes[0] and "a finisher would help" in decided.notes[1]
    assert "2x as fast" in made(enlarges=0, fps=24).notes[0]


def test_what_no_video_can_be_is_refused() -> None:
    with pytest.raises(UsageError, match="511x301 is not even.*nearest: 512x302"):
        made(size="511x301")
    with pytest.raises(UsageError, match="preset 'best' is not accepted"):
        made(preset="best")


def test_a_final_stays_within_what_may_be_asked() -> None:
    card = Card(name="large", sizes=("1024x576",), knows={})
    facts = ModelFacts(
        card=card, weights="0" * 64, name="large", compression=Compression(time=4, space=16), enlarges=4
    )
    assert str(plan(Request(prompt="a", preset="final"), facts).size) == "3840x2160"
