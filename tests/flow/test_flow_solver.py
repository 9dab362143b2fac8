"""Solvers agree to the bit with diffusers' schedulers over whole trajectories."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from himmel.flow import (
    SOLVERS,
    Estimate,
    clean_from_velocity,
    euler,
    sigma_grid,
    solve,
    unipc,
    velocity_from_clean,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler


def field(x: Tensor, t: float) -> Tensor:
    """A velocity that bends with place and time."""
    return torch.tanh(1.3 * x.roll(1, -1) - 0.4 * x + t) * (1 + t) + 0.3 * x


def estimator(sigmas: Tensor) -> Callable[[Tensor, int], Estimate]:
    def estimate(x: Tensor, i: int) -> Estimate:
        v = field(x, float(sigmas[i].float()))
        return Estimate(clean=clean_from_velocity(x, v, sigmas[i].float()), velocity=v)

    return estimate


@pytest.mark.parametrize("shift", [3.0, 5.0, 12.0])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 50])
def test_unipc_equals_diffusers_to_the_bit(steps: int, shift: float) -> None:
    x = torch.randn((1, 4, 3, 4, 5), generator=torch.Generator().manual_seed(steps))
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)
    scheduler.set_timesteps(steps)
    sigmas = sigma_grid(steps, shift)
    assert torch.equal(sigmas.float(), scheduler.sigmas)
    assert torch.equal((1000 * sigmas[:-1]).to(torch.int64), scheduler.timesteps)

    expected = x
    for i, timestep in enumerate(scheduler.timesteps):
        v = field(expected, float(scheduler.sigmas[i]))
        expected = scheduler.step(v, timestep, expected, return_dict=False)[0]
    assert torch.equal(solve(unipc(x, sigmas), estimator(sigmas)), expected)


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_euler_equals_diffusers_to_the_bit(steps: int) -> None:
    x = torch.randn((1, 4, 3, 4, 5), generator=torch.Generator().manual_seed(steps))
    scheduler = FlowMatchEulerDiscreteScheduler(shift=5.0)
    scheduler.set_timesteps(steps)
    expected = x
    for i, timestep in enumerate(scheduler.timesteps):
        v = field(expected, float(scheduler.sigmas[i]))
        expected = scheduler.step(v, timestep, expected, return_dict=False)[0]
    assert torch.equal(solve(euler(x, scheduler.sigmas), estimator(scheduler.sigmas)), expected)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_perfect_prediction_is_reached(name: str) -> None:
    clean, x = torch.randn((2, 1, 4, 3, 2, 2), generator=torch.Generator().manual_seed(0))
    sigmas = sigma_grid(7, 2.5)
    result = solve(
        SOLVERS[name](x, sigmas),
        lambda y, i: Estimate(clean=clean, velocity=velocity_from_clean(y, clean, sigmas[i])),
    )
    torch.testing.assert_close(result, clean)


@pytest.mark.parametrize(("name", "order"), [("euler", 0.9), ("unipc", 1.7)])
def test_error_falls_with_the_order_of_the_solver(name: str, order: float) -> None:
    x = torch.randn((1, 2, 2, 3, 3), generator=torch.Generator().manual_seed(3))

    def end(steps: int) -> Tensor:
        # An even grid that stays away from the ends, where half log-SNR is infinite.
        sigmas = torch.linspace(0.9, 0.1, steps + 1, dtype=torch.float64)
        return solve(SOLVERS[name](x, sigmas), estimator(sigmas))

    reference = end(640)
    coarse, fine = ((end(steps) - reference).abs().mean() for steps in (20, 40))
    assert float(torch.log2(coarse / fine)) > order
