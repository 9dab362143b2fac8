from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from himmel.evaluate import FULL, PROBES, Exhibit, Length, load_examiner
from himmel.evaluate.causes import COURSES, course
from himmel.evaluate.examiner import PALETTE
from himmel.evaluate.wrong import WRONG, check_wrong
from himmel.world import MotionSpec, SceneSpec, SubjectSpec
from himmel.world.grammar import COLOURS

SIDE, FRAMES = 64, 33
GROUND = (110, 120, 115)
EXAMINER = load_examiner()
Picture = tuple[np.ndarray, np.ndarray]


def spec(verb: str, kinds: tuple[str, ...], direction: str | None = None) -> SceneSpec:
    motion = MotionSpec.from_dict({"verb": verb, "direction": direction, "target": 1 if kinds[1:] else None})
    subjects = [
        SubjectSpec.from_dict(
            {"kind": kind, "colour": colour, "material": "glass" if kind == "glass" else "clay"}
            | ({"motion": motion.to_dict()} if at == 0 else {})
        )
        for at, (kind, colour) in enumerate(zip(kinds, ("red", "blue", "blue", "blue"), strict=False))
    ]
    light = "night" if verb == "blow_out" else "day"
    return SceneSpec(seed=1, subjects=tuple(subjects), setting="meadow", light=light, width=SIDE, height=SIDE)


def blank(level: tuple[int, int, int] = GROUND) -> Picture:
    return np.full((FRAMES, SIDE, SIDE, 3), level, np.uint8), np.zeros((FRAMES, SIDE, SIDE), np.uint8)


def put(picture: Picture, at: int, colour: str, area: tuple[slice, slice]) -> None:
    frames, classes = picture
    frames[at][area], classes[at][area] = COLOURS[colour].rgb, 1 + PALETTE.index(colour)


def bite(touch: int = 10, effect: int = 12, heals: int = FRAMES) -> Picture:
    """A red square goes to a blue one, from which a part is then missing, and goes back."""
    picture = blank()
    for at in range(FRAMES):
        put(picture, at, "blue", np.s_[30:50, 36:56])
        if effect <= at < heals:
            picture[0][at, 36:44, 36:44], picture[1][at, 36:44, 36:44] = GROUND, 0
        left = 24 - 2 * abs(at - touch - 1)
        if left > 0:
            put(picture, at, "red", np.s_[34:46, max(0, left - 12) : left + 12])
    return picture


def shatter(landing: int = 10, burst: int = 11, mends: int = FRAMES) -> Picture:
    """A tall red bar falls to row 50; then it is many small squares in a wide row."""
    picture = blank()
    for at in range(FRAMES):
        bottom = 20 + round(30 * min(1.0, at / landing) ** 2)
        if burst <= at < mends:
            for place in range(8, 56, 8):
                low = min(50, bottom + at - burst)
                put(picture, at, "red", np.s_[low - 5 : low, place : place + 5])
        else:
            put(picture, at, "red", np.s_[bottom - 16 : bottom, 29:36])
    return picture


def topple(touch: int = 8, falls: int = 9, rises: int = FRAMES) -> Picture:
    """A red square rolls up to three blue bars; then they lie flat."""
    picture = blank()
    for at in range(FRAMES):
        for place in range(34, 58, 8):
            share = np.clip((at - falls + 1) / 6, 0, 1) if at < rises else 0.0
            tall, lean = round(20 - 14 * share), round(5 * share)
            put(picture, at, "blue", np.s_[50 - tall : 50, place : place + 3 + lean])
        left = max(2, 22 - 2 * max(0, touch - at))
        put(picture, at, "red", np.s_[40:50, left : left + 10])
    return picture


def blow_out(leans: int = 8, out: int = 13, lights: int = FRAMES) -> Picture:
    """A red bar leans towards a blue one, whose flame and light then go."""
    picture = blank((60, 60, 80))
    for at in range(FRAMES):
        lit = at < out or at >= lights
        if not lit:
            picture[0][at] = picture[0][at] * 0.85
        put(picture, at, "blue", np.s_[30:55, 44:50])
        if lit:
            picture[0][at, 20:29, 44:50] = (255, 225, 90)
        lean = 5 if leans <= at < out + 3 else 0
        put(picture, at, "red", np.s_[15:35, 14 + lean : 26 + lean])
        put(picture, at, "red", np.s_[35:55, 14:26])
    return picture


def paint(ahead: int = 0, wipes: int = FRAMES) -> Picture:
    """A red brush goes over a blue canvas to the right and leaves a red stroke, `ahead` pixels before it."""
    picture = blank()
    for at in range(FRAMES):
        put(picture, at, "blue", np.s_[14:46, 8:56])
        tip = 12 + round(36 * np.clip((at - 5) / 18, 0, 1))
        if 5 < at < wipes:
            put(picture, at, "red", np.s_[28:34, 12 : min(50, tip + ahead)])
        if at < 26:
            put(picture, at, "red", np.s_[18:34, tip : tip + 5])
    return picture


DRAWN: dict[str, tuple[Callable[..., Picture], SceneSpec]] = {
    "bite": (bite, spec("bite", ("dog", "cookie"), "right")),
    "shatter": (shatter, spec("shatter", ("glass",))),
    "knock_over": (topple, spec("knock_over", ("ball", "domino", "domino", "domino"), "right")),
    "blow_out": (blow_out, spec("blow_out", ("woman", "candle"))),
    "paint": (paint, spec("paint", ("brush", "canvas"), "right")),
}


def marks(verb: str, picture: Picture) -> tuple[float, float]:
    """Cause before effect, and whether it lasts."""
    frames, classes = picture
    exhibit = Exhibit(frames=frames, spec=DRAWN[verb][1], examiner=EXAMINER, step=1)
    vars(exhibit)["classes"] = classes
    (first,), (lasts,) = PROBES["cause_first"](exhibit), PROBES["lasting"](exhibit)
    return first, lasts


def test_every_consequence_of_the_world_can_be_read() -> None:
    assert set(DRAWN) == set(COURSES)


@pytest.mark.parametrize("verb", sorted(DRAWN))
def test_what_happens_as_it_should_is_right_and_what_does_not_is_wrong(verb: str) -> None:
    frames, classes = picture = DRAWN[verb][0]()
    assert marks(verb, picture) == (1.0, 1.0)
    assert marks(verb, (frames[::-1], classes[::-1])) == (0.0, 0.0)
    assert marks(verb, (frames[[0] * FRAMES], classes[[0] * FRAMES])) == (0.0, 0.0)
    there_and_back = np.minimum(np.arange(FRAMES), FRAMES - 1 - np.arange(FRAMES))
    assert marks(verb, (frames[there_and_back], classes[there_and_back])) == (0.0, 0.0)
    assert marks(verb, blank()) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("verb", "early"),
    [
        ("bite", {"effect": 4}), ("shatter", {"burst": 5}), ("knock_over", {"falls": 3}),
        ("blow_out", {"out": 5, "leans": 8}), ("paint", {"ahead": 30}),
    ],
)  # fmt: skip
def test_an_effect_before_its_cause_is_wrong(verb: str, early: dict[str, int]) -> None:
    assert marks(verb, DRAWN[verb][0](**early))[0] == 0.0


@pytest.mark.parametrize(
    ("verb", "again"),
    [
        ("bite", {"heals": 28}), ("shatter", {"mends": 28}), ("knock_over", {"rises": 28}),
        ("blow_out", {"lights": 28}), ("paint", {"wipes": 28}),
    ],
)  # fmt: skip
def test_a_change_that_goes_away_does_not_last(verb: str, again: dict[str, int]) -> None:
    assert marks(verb, DRAWN[verb][0](**again))[1] == 0.0


def test_frames_of_cause_and_effect_are_read() -> None:
    frames, classes = bite()
    exhibit = Exhibit(frames=frames, spec=DRAWN["bite"][1], examiner=EXAMINER, step=1)
    vars(exhibit)["classes"] = classes
    found = course(exhibit)
    assert found is not None and found.lasts
    assert found.cause is not None and found.effect is not None
    assert abs(found.cause - 10) <= 1 and 12 <= found.effect <= 16


def test_other_scenes_are_not_asked() -> None:
    still = SubjectSpec(kind="ball", colour="red", material="clay")
    exhibit = Exhibit(
        frames=blank()[0], spec=replace(DRAWN["shatter"][1], subjects=(still,)), examiner=EXAMINER, step=1
    )
    assert course(exhibit) is None
    assert PROBES["cause_first"](exhibit) == [] and PROBES["lasting"](exhibit) == []


def test_wrong_clips_of_a_true_scene_are_caught() -> None:
    rows = tuple(replace(row, groups=("candle",)) for row in FULL.rows if row.probe in ("cause_first", "lasting"))
    suite = replace(FULL, groups={"candle": FULL.groups["candle"]}, rows=rows)
    found = check_wrong(suite, Length(width=128, height=128), examiner=EXAMINER, limit=1)
    assert len(found) == len(WRONG["cause_first"]) + len(WRONG["lasting"])
    assert {caught.share.value for caught in found} == {1.0}
