from dataclasses import replace

import pytest

from himmel.director import ModelFacts, plan, read_words
from himmel.errors import UsageError
from himmel.plan import Cue, Plan, Request, Windows
from himmel.shapes import Compression
from himmel.weights import Card, LongDefaults, SamplerDefaults
from himmel.world import FIRST_LIGHT, lexicon

CARD = Card(
    name="tiny",
    sizes=("128x128", "160x96"),
    knows={"colour": ("red", "blue"), "subject": ("ball", "cube"), "motion": ("rolls left", "walks")},
    styles={"watercolour": "painted in watercolour"},
    sampler=SamplerDefaults(steps=12, guidance=2.0),
)
FACTS = ModelFacts(
    card=CARD,
    weights="0" * 64,
    name="tiny",
    compression=Compression(time=4, space=16, patch=(1, 2, 2)),
    lexicon=("a", "red", "blue", "ball", "cube", "rolls", "left", "walks", "violin", "painted", "in", "35"),
    left_over=lambda caption: max(0, len(caption) - 60),
)


def made(**fields: object) -> Plan:
    return plan(Request.model_validate({"prompt": "a red ball rolls left", "seed": 7} | fields), FACTS)


def test_defaults_come_from_the_card() -> None:
    shot = made().shots[0]
    assert (shot.width, shot.height, shot.frames, shot.fps) == (128, 128, 33, 12)
    assert (shot.sampling.steps, shot.sampling.guidance) == (12, 2.0)
    assert shot.windows == Windows(frames=33, overlap=5, carry_level=0.03, sink=1, stride=4)
    assert made(steps=5).shots[0].sampling.steps == 5
    assert made().notes == () and made().digest == made().digest


@pytest.mark.parametrize(("frames", "overlap", "sink"), [(1, 1, 0), (5, 1, 0), (9, 1, 1), (13, 1, 1), (81, 21, 1)])
def test_a_third_of_any_window_is_what_was_made(frames: int, overlap: int, sink: int) -> None:
    facts = replace(FACTS, card=replace(CARD, frames=frames))
    decided = plan(Request(prompt="a red ball", seconds=30, seed=7), facts).shots[0].windows
    assert (decided.frames, decided.overlap, decided.sink, decided.stride) == (frames, overlap, sink, 4)


def test_the_card_says_how_a_video_goes_on() -> None:
    card = replace(CARD, long=LongDefaults(overlap=9, carry_level=0.0, sink=0, stride=0))
    decided = plan(Request(prompt="a red ball", seed=7), replace(FACTS, card=card)).shots[0].windows
    assert decided == Windows(frames=33, overlap=9)


def test_texts_begin_with_groups_of_frames_and_have_the_style() -> None:
    at = [(1, "a blue cube"), (2, "it walks."), (2.5, "and then rolls left")]
    shot = made(seconds=4, at=at, style="watercolour").shots[0]
    style = "painted in watercolour."
    assert shot.cues == (
        Cue(frame=13, caption=f"a blue cube. {style}"),
        Cue(frame=25, caption=f"a blue cube, then walks. {style}"),
        Cue(frame=29, caption=f"a blue cube, then rolls left. {style}"),
    )
    assert shot.captions == (shot.caption, *(cue.caption for cue in shot.cues))


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ([(2.74, "a blue cube")], "beyond the 2.75 s"),
        ([(1, "a blue cube"), (1.1, "a red ball")], "leave at least 0.33 s"),
    ],
)
def test_texts_that_have_no_frames_are_refused(at: list[tuple[float, str]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        made(at=at)


def test_words_of_every_text_are_read_once() -> None:
    notes = made(prompt="a crimson ball", at=[(1, "it walks"), (2, "a zeppelin")]).notes
    assert sum("crimson" in note for note in notes) == 1 and sum("zeppelin" in note for note in notes) == 1


def test_a_plan_names_the_model_that_makes_it() -> None:
    assert made().model == made(model="/home/someone/run/weights").model == "tiny"


def test_an_open_seed_is_chosen_and_stored() -> None:
    seeds = {made(seed=None).shots[0].seed for _ in range(4)}
    assert len(seeds) == 4


@pytest.mark.parametrize(("seconds", "frames"), [(0.01, 1), (1, 13), (2.75, 33), (5, 61), (60, 721)])
def test_seconds_become_the_nearest_valid_frames(seconds: float, frames: int) -> None:
    decided = made(seconds=seconds)
    assert decided.shots[0].frames == frames
    assert any("a window moves" in note for note in decided.notes) == (frames > 33)
    rounded = max(1, seconds * 12) != frames
    assert any("became" in note for note in decided.notes) == rounded


def test_a_size_that_does_not_divide_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="nearest: 96x96 or 128x128"):
        made(size="100x100")


def test_untrained_sizes_and_rates_are_noted() -> None:
    assert "64x64 will look worse" in made(size="64x64").notes[0]
    assert "2x as fast" in made(fps=24).notes[0]


def test_the_caption_is_the_prompt_with_its_style() -> None:
    assert made(prompt=" a  red\nball ").shots[0].caption == "a red ball"
    assert made(style="watercolour").shots[0].caption == "a red ball rolls left. painted in watercolour."
    with pytest.raises(UsageError, match='style "oil" .* watercolour'):
        made(style="oil")


def test_words_are_reported_never_replaced() -> None:
    decided = made(prompt="a crimson redd ball plays violin")
    assert decided.shots[0].caption == "a crimson redd ball plays violin"
    assert decided.notes == (
        '"crimson" is not a word the model has, it is left out; nearest it knows: red',
        '"redd" is not a word the model has, it is left out; nearest it knows: red',
        '"plays" is not a word the model has, it is left out',
        '"violin" is a word the model has but was not trained on; expect little',
    )


def test_small_words_the_model_lacks_are_recorded() -> None:
    decided = made(prompt="a red ball rolls left past a blue cube by the ball")
    assert decided.shots[0].caption == "a red ball rolls left past a blue cube by the ball"
    assert decided.notes == ('left out, as the model has no such small words: "past", "by", "the"',)


def test_the_negative_prompt_is_read_too() -> None:
    (note,) = made(negative="a zeppelin").notes
    assert note == 'in the negative prompt, "zeppelin" is not a word the model has, it is left out'


def test_words_are_compared_as_the_encoder_reads_them() -> None:
    assert read_words("a \uff32\uff25\uff24 ball", (), FACTS.lexicon).notes() == ()


def test_without_lists_nothing_is_claimed() -> None:
    assert read_words("a zeppelin", (), ()).notes() == ()


def test_hyphenated_words_fall_apart_unless_known() -> None:
    assert read_words("red-blue", ("red", "blue"), ("red", "blue")).notes() == ()
    assert read_words("red-blue", ("red-blue",), ("red-blue",)).notes() == ()


def test_a_caption_that_does_not_fit_is_noted() -> None:
    assert made().notes == ()
    assert "longer than the model reads" in made(prompt="a red ball and " * 9).notes[-1]


def test_the_first_prompt_of_the_readme_is_known_but_for_a_small_word() -> None:
    known = lexicon(FIRST_LIGHT)
    reading = read_words("a red ball rolls left past a blue cube", known, known)
    assert (reading.unknown, reading.skipped, reading.untrained) == ((), ("past",), ())
