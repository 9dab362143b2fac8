import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from himmel.errors import Cancelled, HimmelError, UsageError
from himmel.flow import SOLVERS, Branches, FlowState, Guidance, Sampler, noisy, sample, sigma_grid, start_noise
from himmel.shapes import LatentShape

SHAPE = LatentShape(channels=4, frames=3, height=4, width=4)
SIGMAS = sigma_grid(5, 3.0)
SAMPLER = Sampler(sigmas=SIGMAS)


class Recorder:
    """A model that pulls towards the mean of what it sees, and remembers what it was asked."""

    def __init__(self) -> None:
        self.latents: list[Tensor] = []
        self.levels: list[Tensor] = []
        self.guided: list[bool] = []

    def __call__(self, latents: Tensor, levels: Tensor, guided: bool) -> Branches:
        self.latents.append(latents)
        self.levels.append(levels)
        self.guided.append(guided)
        mean = latents.mean(dim=(3, 4), keepdim=True).expand_as(latents)
        return Branches(text=0.7 * mean, null=0.5 * mean if guided else None)


def state(seed: int = 0) -> FlowState:
    return FlowState.begin(start_noise(SHAPE, seed))


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    solver=st.sampled_from(sorted(SOLVERS)),
    prediction=st.sampled_from(["velocity", "clean"]),
    level=st.sampled_from([0.0, 0.05, 0.1]),
    share=st.floats(0, 1),
)
def test_known_values_are_unchanged_to_the_bit(
    seed: int, solver: str, prediction: str, level: float, share: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn((1, 4, 3, 4, 4), generator=generator)
    where = torch.rand((1, 1, 3, 4, 4), generator=generator) < share
    begin = state(seed).knowing(values, where, level=level)
    model = Recorder()
    result = sample(begin, model, Sampler(sigmas=SIGMAS, solver=solver, prediction=prediction))

    known = where.expand_as(result)
    assert torch.equal(result[known], values[known])
    assert bool(torch.isfinite(result).all())
    for i, (shown, levels) in enumerate(zip(model.latents, model.levels, strict=True)):
        assert torch.equal(shown[known], noisy(values, begin.noise, torch.tensor(level))[known])
        assert torch.equal(levels[where], torch.full_like(levels[where], torch.tensor(level).item()))
        assert torch.equal(levels[~where], torch.full_like(levels[~where], float(SIGMAS[i])))


def test_knowing_nothing_changes_nothing() -> None:
    nowhere = torch.zeros(1, 1, 3, 4, 4)
    plain = sample(state(), Recorder(), SAMPLER)
    assert torch.equal(sample(state().knowing(torch.ones(1, 4, 3, 4, 4), nowhere), Recorder(), SAMPLER), plain)


def test_the_order_of_what_is_known_does_not_matter() -> None:
    values = torch.randn(1, 4, 3, 4, 4)
    first, last = torch.zeros(2, 1, 1, 3, 1, 1)
    first[:, :, 0], last[:, :, 2] = 1, 1
    one = state().knowing(values, first).knowing(values, last, level=0.1)
    two = state().knowing(values, last, level=0.1).knowing(values, first)
    assert torch.equal(sample(one, Recorder(), SAMPLER), sample(two, Recorder(), SAMPLER))


def test_remix_enters_at_its_time() -> None:
    clean = torch.randn(1, 4, 3, 4, 4)
    begin = state().entering(clean, 0.6)
    model = Recorder()
    sample(begin, model, SAMPLER)
    assert torch.equal(model.latents[0], noisy(clean, begin.noise, 0.6))
    levels = [float(levels.max()) for levels in model.levels]
    assert levels[0] == 0.6 and levels[1:] == [t for t in SIGMAS[:-1].tolist() if t < 0.6]


def test_guidance_is_asked_for_in_its_interval_only() -> None:
    model = Recorder()
    sample(state(), model, Sampler(sigmas=SIGMAS, guidance=Guidance(scale=3.0, low=0.5, high=0.95)))
    assert model.guided == [0.5 <= t <= 0.95 for t in SIGMAS[:-1].tolist()]
    assert any(model.guided) and not all(model.guided)


def test_progress_is_told_and_may_cancel() -> None:
    seen: list[tuple[int, int]] = []

    def watch(i: int, n: int, clean: Tensor) -> None:
        assert clean.shape == (1, 4, 3, 4, 4)
        seen.append((i, n))
        if i == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        sample(state(), Recorder(), SAMPLER, on_step=watch)
    assert seen == [(0, 5), (1, 5), (2, 5)]


def test_values_that_are_not_finite_stop_the_run() -> None:
    def broken(latents: Tensor, levels: Tensor, guided: bool) -> Branches:
        return Branches(text=latents / 0)

    with pytest.raises(HimmelError, match="not finite at step 1 of 5"):
        sample(state(), broken, SAMPLER)


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(UsageError, match="choose one of euler, unipc"):
        Sampler(sigmas=SIGMAS, solver="heun")
    with pytest.raises(UsageError, match="choose velocity or clean"):
        Sampler(sigmas=SIGMAS, prediction="noise")
    with pytest.raises(UsageError, match="must have the shape"):
        state().knowing(torch.zeros(1, 4, 2, 4, 4), torch.ones(1))
    with pytest.raises(UsageError, match="must lie in 0 to 0.1"):
        state().knowing(torch.zeros(1, 4, 3, 4, 4), torch.ones(1), level=0.5)
    with pytest.raises(UsageError, match="1 forgets the video"):
        state().entering(torch.zeros(1, 4, 3, 4, 4), 0.0)
