"""Scenarios, drawn for real at a small size: the cause comes first, the change lasts, the hidden come back."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.world import INTUITIVE_PHYSICS, RenderedClip, Stage, sample_scene
from himmel.world.consequences import EFFECTS, components, consequences, lasting_area, occlusions
from himmel.world.grammar import SUBJECTS
from himmel.world.truth import EVENTS, GroundTruth

SIZE = 64
SEEDS = st.integers(0, 2**31)
CHANGING = {"bite": "bitten", "shatter": "shatters", "dominoes": "knocked_over", "tower": "knocked_over",
            "blow_out": "put_out", "paint": "painted"}  # fmt: skip
Draw: TypeAlias = Callable[..., RenderedClip]


@pytest.fixture(scope="module")
def draw() -> Draw:
    stage = Stage()

    def drawn(scenario: str, seed: int, **changes: object) -> RenderedClip:
        profile = replace(INTUITIVE_PHYSICS, name="one", scenarios=(scenario,))
        spec = sample_scene(seed, profile=profile, width=SIZE, height=SIZE)
        return stage.render(replace(spec, **changes))  # type: ignore[arg-type]

    return drawn


def few(test: Callable[..., None]) -> Callable[..., None]:
    """Two scenes of any seed: what is stated must hold in all of them."""
    return settings(deadline=None, max_examples=2)(given(seed=SEEDS)(test))


def at_rest(draw: Draw, scenario: str, seed: int) -> tuple[GroundTruth, RenderedClip]:
    clip = draw(scenario, seed, camera="static")
    return clip.truth, clip


# --- causes and effects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", CHANGING)
@settings(deadline=None, max_examples=1)
@given(seed=SEEDS)
def test_the_cause_comes_before_the_effect(draw: Draw, scenario: str, seed: int) -> None:
    clip = draw(scenario, seed)
    found = consequences(clip.truth)
    assert found and {change.kind for change in found} == {CHANGING[scenario]}
    for change in found:
        assert 0 < change.cause < change.effect < clip.spec.frames
        assert change.effect - change.cause <= 6  # at most half a second later


@few
def test_nothing_changes_before_the_touch(draw: Draw, seed: int) -> None:
    truth, clip = at_rest(draw, "dominoes", seed)
    first = consequences(truth)[0]
    before = truth.places[: first.cause + 1, 1:]
    assert np.abs(before - before[0]).max() < 0.02
    assert len(consequences(truth)) == len(clip.spec.subjects) - 1


@few
def test_a_bitten_cookie_stays_bitten(draw: Draw, seed: int) -> None:
    truth, _ = at_rest(draw, "bite", seed)
    bite, (change,) = lasting_area(truth, 1, number=1), consequences(truth)
    assert bite[0] >= 0.15 * truth.seen[0, 1] and not bite[change.effect :].any()
    assert (bite[: change.cause - 2] > 0.5 * bite[0]).all()
    assert truth.seen[-1, 1] < 0.85 * truth.seen[0, 1]
    # Who bit has stepped back: the hole can be seen, and what is seen there is not the cookie.
    hole = (truth.pieces[0] == 1) & (truth.masks[0] == 2)  # type: ignore[index]
    assert (truth.masks[-1][hole] != 2).mean() > 0.6  # but for its own thickness


@few
def test_a_glass_becomes_pieces_that_stay(draw: Draw, seed: int) -> None:
    truth, _ = at_rest(draw, "shatter", seed)
    (change,) = consequences(truth)
    assert change.b == -1 and truth.pieces is not None
    assert not truth.pieces[: change.effect].any()
    assert ((truth.pieces > 0) == (truth.masks == 1))[change.effect :].all()
    assert components(truth.masks[0] == 1, smallest=8) == 1
    assert components(truth.masks[-1] == 1, smallest=3) >= 3
    assert np.array_equal(truth.pieces[-1], truth.pieces[-6])
    assert 0.75 < truth.seen[-1, 0] / truth.seen[2, 0] < 1.35


@few
def test_each_domino_fells_the_next(draw: Draw, seed: int) -> None:
    clip = draw("dominoes", seed)
    chain = consequences(clip.truth)
    assert [(change.a, change.b) for change in chain] == [(i, i - 1) for i in range(1, len(clip.spec.subjects))]
    assert [change.effect for change in chain] == sorted(change.effect for change in chain)
    height = clip.truth.places[:, 1:, 2]
    assert (height[-1] < 0.8 * height[0]).all()


@few
def test_a_tower_comes_down(draw: Draw, seed: int) -> None:
    clip = draw("tower", seed)
    height = clip.truth.places[:, 1:, 2]
    assert (np.diff(height[0]) > 0.5).all()  # one on the other
    assert height[-1, -1] < 0.45 * height[0, -1]
    assert {change.a for change in consequences(clip.truth)} >= {len(clip.spec.subjects) - 1}


@few
def test_a_flame_goes_out_with_its_light(draw: Draw, seed: int) -> None:
    truth, clip = at_rest(draw, "blow_out", seed)
    (change,) = consequences(truth)
    flame = lasting_area(truth, 1, number=1)
    assert flame[: change.effect].min() > 0 and not flame[change.effect :].any()
    assert (truth.pieces[change.effect + 1] == 2).any()  # type: ignore[index]  # smoke
    around = (truth.masks == 0) & (truth.masks[:1] == 0)
    light = [float(frame[seen].mean()) for frame, seen in zip(clip.frames, around, strict=True)]
    assert np.mean(light[: change.cause]) > np.mean(light[change.effect :]) + 1.0


@few
def test_paint_grows_and_stays(draw: Draw, seed: int) -> None:
    truth, clip = at_rest(draw, "paint", seed)
    (change,) = consequences(truth)
    stroke = lasting_area(truth, 1, number=1)
    assert not stroke[: change.effect].any() and stroke[-1] > 0.03 * truth.seen[-1, 1]
    assert stroke[16] < stroke[-1] and stroke[-4:].min() > 0.9 * stroke.max()


# --- objects that are still there, and how many -----------------------------------------------------------------


@settings(deadline=None, max_examples=4)
@given(seed=SEEDS)
def test_what_is_hidden_comes_back_in_time_on_the_other_side(draw: Draw, seed: int) -> None:
    hidden_and_back(draw("occlusion", seed))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("width", "height"), [(48, 80), (112, 48)])
def test_walls_hide_as_long_in_every_shape(draw: Draw, width: int, height: int, seed: int) -> None:
    hidden_and_back(draw("occlusion", seed, width=width, height=height))


def hidden_and_back(clip: RenderedClip) -> None:
    motion, truth = clip.spec.subjects[0].motion, clip.truth
    (gone,) = occlusions(truth)
    assert motion.hidden is not None
    assert abs((gone.after - gone.first) / clip.spec.fps - motion.hidden) <= 3.01 / clip.spec.fps
    assert not truth.seen[gone.first + 2 : gone.after - 2, 0].any()
    assert min(truth.seen[0, 0], truth.seen[-1, 0]) > 0.3 * truth.seen.max()
    side = 1 if motion.direction == "right" else -1
    assert side * (truth.boxes[-1, 0, 0] - truth.boxes[0, 0, 2]) > 0
    steps = np.diff(truth.places[:, 0, 0].astype(float)) * side
    assert np.allclose(steps, steps[0], rtol=0.02)  # hidden or not, at an even pace


@settings(deadline=None, max_examples=5)
@given(seed=SEEDS)
def test_a_count_is_exact_in_every_frame(draw: Draw, seed: int) -> None:
    clip = draw("crowd", seed)
    count, masks = clip.spec.count, clip.truth.masks
    assert count == len(clip.spec.subjects) == clip.truth.seen.shape[1]
    assert (clip.truth.seen > 0).all()
    if SUBJECTS[clip.spec.subjects[0].kind].family == "solid":  # no tails and wings, thinner than a pixel
        for mask in masks[::8]:
            assert components(mask > 0, smallest=3) == count


def test_all_counts_come_up() -> None:
    profile = replace(INTUITIVE_PHYSICS, name="one", scenarios=("crowd",))
    counts = [sample_scene(seed, profile=profile).count for seed in range(200)]
    assert {counts.count(number) > 20 for number in range(1, 6)} == {True}


# --- ground truth -----------------------------------------------------------------------------------------------


def test_a_scenario_is_a_function_of_its_seed(draw: Draw) -> None:
    first, again, other = draw("tower", 3), draw("tower", 3), draw("tower", 4)
    assert first.spec == again.spec and np.array_equal(first.frames, again.frames)
    assert not np.array_equal(first.frames, other.frames)
    shattered = [draw("shatter", 3).truth.to_arrays() for _ in range(2)]
    assert all(np.array_equal(shattered[0][name], shattered[1][name], equal_nan=name == "boxes")
               for name in shattered[0])  # fmt: skip


def test_pieces_travel_where_there_are_any(draw: Draw) -> None:
    arrays = draw("bite", 1, frames=3).truth.to_arrays()
    assert GroundTruth.from_arrays(arrays).pieces is not None
    plain = draw("occlusion", 1, frames=3).truth
    assert "pieces" not in plain.to_arrays() and GroundTruth.from_arrays(plain.to_arrays()).pieces is None


def test_old_events_keep_their_numbers() -> None:
    assert EVENTS[:6] == ("contact", "landing", "starts", "stops", "hidden", "seen_again")
    assert set(EVENTS[6:]) == set(EFFECTS)


def test_components_are_counted() -> None:
    mask = np.array([[1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 1]], bool)
    assert components(mask) == 3 and components(mask, smallest=2) == 2 and components(~mask | mask) == 1
    spiral = np.ones((9, 9), bool)
    spiral[1:8, 1], spiral[7, 1:8], spiral[1:8, 7], spiral[1, 3:8], spiral[1:6, 3] = (False,) * 5
    assert components(spiral) == 1
