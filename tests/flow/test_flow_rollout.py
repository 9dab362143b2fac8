"""A window moves along a video: every latent frame is made once, and what is seen while it is made."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from himmel.errors import Cancelled, UsageError
from himmel.flow import (
    Branches,
    Call,
    FlowState,
    Guidance,
    Predict,
    Rolling,
    Sampler,
    noise_frames,
    roll,
    sample,
    sigma_grid,
)
from himmel.shapes import LatentShape

SHAPE = LatentShape(channels=3, frames=1, height=2, width=2)
SAMPLER = Sampler(sigmas=sigma_grid(4, 2.5), prediction="clean", guidance=Guidance(scale=2.0, low=0.5))


@st.composite
def rollings(draw: st.DrawFn) -> Rolling:
    leaving, together = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    history, sink = draw(st.integers(1, 4)), draw(st.integers(0, 2))
    window = leaving * together + history + sink
    stride = leaving if together > 1 else draw(st.sampled_from([0, leaving]))
    return Rolling(window=window, history=history, sink=sink, stride=stride)


class Model:
    """Pulls towards the mean of what it sees; remembers what it was shown, and about which places."""

    def __init__(self) -> None:
        self.places: list[tuple[int, ...]] = []
        self.shown: list[tuple[Tensor, Tensor]] = []
        self.guided: list[bool] = []

    def over(self, places: tuple[int, ...]) -> Predict:
        def predict(latents: Tensor, levels: Tensor, guided: bool) -> Branches:
            self.places.append(places)
            self.shown.append((latents, levels))
            self.guided.append(guided)
            mean = latents.mean(dim=2, keepdim=True).expand_as(latents)
            return Branches(text=0.6 * mean + 0.1, null=0.5 * mean if guided else None)

        return predict


def beginnings(
    seed: int = 0, known: Tensor | None = None, where: Tensor | None = None
) -> Callable[..., FlowState]:
    noise, expected = noise_frames(SHAPE, seed), iter(range(10**6))

    def begin(start: int, stop: int) -> FlowState:
        assert [next(expected) for _ in range(start, stop)] == list(range(start, stop)), "each once, in order"
        state = FlowState.begin(torch.cat([next(noise) for _ in range(start, stop)], dim=2))
        if known is None or where is None:
            return state
        return state.knowing(known[:, :, start:stop], where[:, :, start:stop])

    return begin


def rolled(frames: int, rolling: Rolling, model: Model | None = None, **options: object) -> Tensor:
    begin = beginnings(**options)  # type: ignore[arg-type]
    return torch.cat(list(roll(frames, begin, (model or Model()).over, SAMPLER, rolling)), dim=2)


def walks(calls: Iterator[Call]) -> dict[int, list[int]]:
    """The steps each latent frame takes, in order."""
    taken: dict[int, list[int]] = {}
    for call in calls:
        for group in call.groups:
            for place in group.places if group.step is not None else ():
                taken.setdefault(place, []).append(group.step or 0)
    return taken


@settings(derandomize=True, max_examples=300, deadline=None)
@given(rollings(), st.integers(1, 60), st.integers(1, 20))
def test_every_latent_frame_takes_every_step_behind_those_before_it(
    rolling: Rolling, frames: int, steps: int
) -> None:
    calls = list(rolling.calls(frames, steps))
    taken, opening = walks(iter(calls)), min(frames, rolling.window)
    kept = rolling.kept(steps) if frames > opening else frames
    for place in range(frames):
        again = taken[place][steps:] if place < opening else taken[place]
        assert place >= opening or taken[place][:steps] == list(range(steps))
        assert again == list(range(steps - len(again), steps)) and bool(again) == (place >= kept)
        assert place < opening or len(again) == steps
    for call in calls:
        assert len(call.past) + len(call.places) == opening, "as long as the model was trained on"
        assert list(call.steps) == sorted(call.steps, reverse=True) and len(call.steps) >= 1
        assert call.groups[: len(call.steps)] == tuple(g for g in call.groups if g.step is not None)
        if call.past:
            sink, history = call.past[: rolling.sink], call.past[rolling.sink :]  # there is no turn
            assert sink == tuple(range(rolling.sink)) and len(history) >= rolling.history
            assert [*history, *call.places] == list(range(history[0], call.places[-1] + 1)) and history[
                0
            ] >= kept * 0


@settings(derandomize=True, max_examples=200, deadline=None)
@given(rollings(), st.integers(1, 80), st.lists(st.integers(1, 79), max_size=3))
def test_no_sink_reaches_over_a_turn(rolling: Rolling, frames: int, places: list[int]) -> None:
    turns = sorted({place for place in places if place < frames})
    for call, plain in zip(rolling.calls(frames, 3, turns), rolling.calls(frames, 3), strict=True):
        assert call.groups == plain.groups and len(call.past) == len(plain.past)
        assert list(call.past) == sorted(set(call.past))
        near = [place for place in call.past if place > call.places[-1] - rolling.window]
        turn = max((turn for turn in turns if turn <= call.places[-1]), default=0)
        for place in set(call.past) - set(near):
            assert place in rolling.sink_of(turn) and (place >= turn + rolling.window - 1 or turn == 0)
        assert turn or call.past == plain.past


def test_after_a_turn_the_sink_is_of_what_began_there() -> None:
    rolling, turn = Rolling(window=6, history=2, sink=1, stride=1), 12
    sinks = {call.places[0]: call.past[0] for call in rolling.calls(40, 3, [turn]) if call.past}
    assert sinks[8] == 0 and [sinks[place] for place in (10, 14, 18)] == [7, 11, 15]  # of the history alone
    assert {sinks[place] for place in range(20, 38)} == {17}
    model, plain = Model(), Model()
    for asked, turns in ((model, [turn]), (plain, [])):
        assert sum(x.shape[2] for x in roll(40, beginnings(), asked.over, SAMPLER, rolling, None, turns)) == 40
    firsts = [latents[0, 0, 0, 0, 0].item() for latents, _ in model.shown[-20:]]
    assert len(set(firsts)) == 1 and firsts[0] != plain.shown[-1][0][0, 0, 0, 0, 0].item()


@pytest.mark.parametrize(
    ("rolling", "calls"),
    [
        (Rolling(window=9, history=3), 480),
        (Rolling(window=9, history=3, stride=1), 545),
        (Rolling(window=9, history=2, sink=1, stride=2), 542),
    ],
)
def test_a_minute_costs_about_three_calls_a_latent_frame(rolling: Rolling, calls: int) -> None:
    # 60 s at 12 frames a second are 181 latent frames; 16 steps.
    assert sum(1 for _ in rolling.calls(181, 16)) == calls


@settings(derandomize=True, max_examples=40, deadline=None)
@given(rollings(), st.integers(1, 40), st.integers(0, 100))
def test_known_values_are_unchanged_to_the_bit(rolling: Rolling, frames: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    known = torch.randn((1, 3, frames, 2, 2), generator=generator)
    where = torch.rand((1, 1, frames, 2, 2), generator=generator) < 0.4
    model = Model()
    made = rolled(frames, rolling, model, known=known, where=where)
    assert made.shape == known.shape and bool(torch.isfinite(made).all())
    there = where.expand_as(made)
    assert torch.equal(made[there], known[there])
    # What is known is shown clean wherever it is seen, what is made never is while it is on its way.
    for places, (latents, levels) in zip(model.places, model.shown, strict=True):
        here, count = where[:, :, list(places)], len(places)
        assert bool((levels[:, :, -count:][here] == 0).all()) and bool((levels[:, :, -count:][~here] > 0).all())
        seen = latents[:, :, -count:][here.expand(1, 3, count, 2, 2)]
        assert torch.equal(seen, known[:, :, list(places)][here.expand(1, 3, count, 2, 2)])


def test_one_window_is_a_sample() -> None:
    model, other = Model(), Model()
    made = rolled(5, Rolling(window=6, history=2, stride=1), model)
    whole = sample(beginnings()(0, 5), other.over((0,)), SAMPLER)
    assert torch.equal(made, whole) and len(model.shown) == SAMPLER.steps


def test_a_stride_as_long_as_all_that_is_active_makes_windows() -> None:
    """By hand: each window knows the end of the one before and is sampled by itself."""
    rolling, noise = Rolling(window=5, history=2, noise=0.05), noise_frames(SHAPE, 0)
    drawn = torch.cat([next(noise) for _ in range(10)], dim=2)
    made = sample(FlowState.begin(drawn[:, :, :5]), Model().over((0,)), SAMPLER)
    for start, stop, known in ((3, 8, 2), (5, 10, 3)):  # the last one reaches further back
        state, values = FlowState.begin(drawn[:, :, start:stop]), torch.zeros(1, 3, 5, 2, 2)
        values[:, :, :known] = made[:, :, start : start + known]
        where = torch.arange(5)[None, None, :, None, None] < known
        window = sample(state.knowing(values, where, level=0.05), Model().over((0,)), SAMPLER)
        made = torch.cat([made, window[:, :, known:]], dim=2)
    assert torch.equal(rolled(10, rolling), made)


def test_groups_of_one_rise_in_noise_and_see_history_at_its_level() -> None:
    model = Model()
    rolling = Rolling(window=6, history=1, sink=1, stride=1, noise=0.08)
    made = rolled(20, rolling, model)
    opening = SAMPLER.steps
    for places, (latents, levels) in zip(model.places[opening:], model.shown[opening:], strict=True):
        count, t = len(places), levels[0, 0, :, 0, 0].tolist()
        assert t[: 6 - count] == pytest.approx([0.08] * (6 - count))
        assert all(early <= late for early, late in pairwise(t)) and t[-1] > t[0]
        # The sink is the first latent frame, seen just before the history.
        assert torch.equal(latents[:, :, 0], model.shown[-1][0][:, :, 0])
    first = next(noise_frames(SHAPE, 0))
    torch.testing.assert_close(model.shown[-1][0][:, :, :1], 0.92 * made[:, :, :1] + 0.08 * first)


def test_groups_of_the_first_window_go_on_from_what_it_became() -> None:
    model = Model()
    rolling = Rolling(window=6, history=2, stride=1)
    stream = roll(30, beginnings(), model.over, SAMPLER, rolling)
    kept = next(stream)
    assert kept.shape[2] == rolling.kept(SAMPLER.steps) == 3
    assert len(model.shown) == SAMPLER.steps
    assert next(stream).shape[2] == 1 and len(model.shown) == SAMPLER.steps + 1
    levels = model.shown[-1][1][0, 0, :, 0, 0].tolist()
    assert levels == [0, 0, *SAMPLER.sigmas[:4].flip(0).tolist()]


def test_it_hands_out_latent_frames_while_later_ones_are_not_begun() -> None:
    begun: list[int] = []
    begin = beginnings()

    def watched(start: int, stop: int) -> FlowState:
        begun.append(stop)
        return begin(start, stop)

    rolling, out = Rolling(window=6, history=2, stride=1), 0
    for latents in roll(500, watched, Model().over, SAMPLER, rolling):
        out += latents.shape[2]
        assert begun[-1] - out <= rolling.active
    assert out == 500


def test_guidance_is_asked_for_only_where_a_group_is_within_its_interval() -> None:
    model = Model()
    rolling = Rolling(window=4, history=2, stride=1)
    rolled(9, rolling, model)
    times = SAMPLER.sigmas.tolist()
    expected = [any(times[step] >= 0.5 for step in call.steps) for call in rolling.calls(9, SAMPLER.steps)]
    assert model.guided == expected and not all(expected)


def test_progress_is_told_in_order_and_may_cancel() -> None:
    told: list[tuple[int, int, int]] = []

    def watch(call: int, calls: int, clean: Tensor) -> None:
        told.append((call, calls, clean.shape[2]))
        if call == 9:
            raise Cancelled("stopped")

    rolling = Rolling(window=4, history=2, stride=1)
    with pytest.raises(Cancelled):
        list(roll(12, beginnings(), Model().over, SAMPLER, rolling, watch))
    total = sum(1 for _ in rolling.calls(12, SAMPLER.steps))
    assert [call for call, _, _ in told] == list(range(10)) and {calls for _, calls, _ in told} == {total}
    assert {frames for _, _, frames in told} == {4, 2}


@pytest.mark.parametrize(
    ("rolling", "words"),
    [
        ({"window": 9, "history": 9}, "at least 1"),
        ({"window": 9, "history": 0}, "at least 1"),
        ({"window": 9, "history": 5, "sink": 4}, "below the window"),
        ({"window": 9, "history": 3, "stride": 4}, "does not divide"),
        ({"window": 9, "history": 3, "stride": 7}, "does not divide"),
    ],
)
def test_impossible_windows_are_refused_where_they_are_needed(rolling: dict[str, int], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        list(Rolling(**rolling).calls(20, 4))
    assert len(list(Rolling(**rolling).calls(9, 4))) == 4


def test_values_that_mean_nothing_are_refused() -> None:
    for wrong in (
        {"window": 0, "history": 1},
        {"window": 3, "history": -1},
        {"window": 3, "history": 1, "noise": 0.5},
    ):
        with pytest.raises(UsageError, match="must"):
            Rolling(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="nothing to make"):
        list(Rolling(window=3, history=1).calls(0, 4))


def test_a_config_survives_its_dict() -> None:
    rolling = Rolling(window=9, history=2, sink=1, stride=1, noise=0.03)
    assert Rolling.from_dict(rolling.to_dict()) == rolling
    with pytest.raises(UsageError, match="unknown keys"):
        Rolling.from_dict({"windows": 9})
