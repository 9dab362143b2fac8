import pytest

from himmel.director import ModelFacts, plan
from himmel.errors import UsageError
from himmel.plan import Plan, Request


def made(text: str, facts: ModelFacts, **fields: object) -> Plan:
    return plan(Request.model_validate({"prompt": text, "seed": 7, "expand": "off"} | fields), facts)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("a red ball rolls left, ten seconds", 121),
        ("a 5 second video of a red ball", 61),
        ("a red ball rolls left for 2.75 seconds", 33),
        ("eine rote Kugel, fünf Sekunden lang", 61),
        ("eine rote Kugel, eine Sekunde lang", 13),
        ("une boule rouge pendant une seconde", 13),
        ("una palla rossa per un secondo", 13),
        ("una bola roja durante un segundo", 13),
        ("en röd boll i en sekund", 13),
        ("a red ball disappears behind a wall for two seconds and comes out", 33),
    ],
)
def test_lengths_are_read(text: str, frames: int, small: ModelFacts) -> None:
    assert made(text, small).shots[0].frames == frames


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("a red ball, vertical", "96x160"),
        ("a red ball, 16:9", "160x96"),
        ("a red ball in widescreen", "160x96"),
        ("a square video of a red ball", "128x128"),
        ("a red ball", "128x128"),
    ],
)
def test_shapes_are_read(text: str, size: str, small: ModelFacts) -> None:
    assert str(made(text, small).size) == size


def test_flags_win_and_the_difference_is_told(small: ModelFacts) -> None:
    decided = made("a red ball rolls left, ten seconds, vertical", small, seconds=1, size="128x128")
    assert decided.shots[0].frames == 13 and str(decided.size) == "128x128"
    assert "the prompt asks for 10 s, and 1 s were asked for beside it" in decided.notes
    assert "the prompt asks for vertical, and 128x128 was asked for beside it" in decided.notes
    decided = made("a red ball rolls left, after 1 second it stops", small, at=((2, "a blue cube"),))
    assert [cue.frame for cue in decided.shots[0].cues] == [25]


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("a dog walks in the snow. After one second it jumps", [(13, "a dog walks in the snow, then jumps")]),
        ("a dog walks and stops after one second", [(13, "a dog walks, then stops")]),
        ("a dog walks, at the end it spins", [(25, "a dog walks, then spins")]),
        ("a red ball rolls left, then a blue cube jumps", [(17, "a blue cube jumps")]),
        ("a red ball rolls left and then a cat walks, 4 seconds", [(25, "a cat walks")]),
        ("a dog walks, after a second it jumps", [(13, "a dog walks, then jumps")]),
        ("a dog walks, a second later a cat jumps", [(13, "a cat jumps")]),
        ("ein Hund läuft, nach einer Sekunde springt er", [(13, "a dog walks, then jumps")]),
        ("en hund går, efter en sekund hoppar den", [(13, "a dog walks, then jumps")]),
        ("un perro camina, después de un segundo salta", [(13, "a dog walks, then jumps")]),
        ("un chien marche, au bout d'une seconde il saute", [(13, "a dog walks, then jumps")]),
        ("ein Hund läuft weiter, am Ende springt er", [(25, "a dog walks, then jumps")]),
        ("un cane cammina, dopo un secondo salta", [(13, "a dog walks, then jumps")]),
        ("a dog, then a cat, then a bird, 6 seconds", [(25, "a cat"), (49, "a bird")]),
        ("a red ball rolls left, then stops", []),
        ("a red ball rolls left and then jumps", []),
        ("ein Hund läuft, dann kommt eine Katze im Schnee", [(17, "a cat walks in the snow")]),
        ("a dog and a cat jump after 2 seconds", []),
        ("a dog walks and a cat jumps after 2 seconds", [(25, "a cat jumps")]),
        ("un perro camina, al final salta", [(25, "a dog walks, then jumps")]),
    ],
)
def test_times_become_cues(text: str, cues: list[tuple[int, str]], small: ModelFacts) -> None:
    shot = made(text, small).shots[0]
    assert [(cue.frame, cue.caption) for cue in shot.cues] == cues


def test_time_words_leave_the_caption(small: ModelFacts) -> None:
    shot = made("A red ball rolls left, ten seconds, vertical, after two seconds it stops", small).shots[0]
    assert shot.caption == "A red ball rolls left"


@pytest.mark.parametrize(
    "text",
    [
        "a vertical wall behind a red ball",
        "a red square rolls left",
        "a portrait of a dog",
        "a dog jumps after the second ball",
        "a dog jumps after the second red ball",
        "a car at the end of the street stops",
        "a ball rolls left, disappears behind a wall for two seconds and comes out",
    ],
)
def test_what_only_looks_like_a_time_or_shape_stays(text: str, small: ModelFacts) -> None:
    shot = made(text, small).shots[0]
    assert shot.captions == (text,) and (shot.frames, str(shot.size)) == (33, "128x128")


def test_what_was_read_is_told(small: ModelFacts) -> None:
    notes = made("a red ball rolls left, 4 seconds, after two seconds it stops", small).notes
    assert "the prompt asks for 4 s" in notes and 'from 2 s on: "it stops"' in notes


def test_a_late_text_makes_the_video_longer(small: ModelFacts) -> None:
    shot = made("a red ball rolls left, after five seconds it stops", small).shots[0]
    assert shot.seconds > 7 and shot.cues[0].frame == 61
    with pytest.raises(UsageError, match="before 4 s"):
        made("a red ball rolls left, after five seconds it stops", small, seconds=4)


def test_a_picture_shows_the_beginning(small: ModelFacts) -> None:
    shot = made("a red ball rolls left, after two seconds it stops", small, seconds=0.001).shots[0]
    assert shot.frames == 1 and shot.cues == ()


@pytest.mark.parametrize("text", ["vertical, 10 seconds", "zehn Sekunden, Hochformat"])
def test_a_text_of_times_and_shapes_alone_shows_nothing(text: str, small: ModelFacts) -> None:
    with pytest.raises(UsageError, match="does not say what should be seen; name a subject"):
        made(text, small)


def test_a_plain_prompt_keeps_its_letters(small: ModelFacts) -> None:
    text = "The Red ball -- rolls   left; quickly!"
    decided = made(text, small)
    assert decided.prompt == text and decided.shots[0].caption == " ".join(text.split())
