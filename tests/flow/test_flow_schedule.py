import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.errors import UsageError
from himmel.flow import entering, network_timesteps, sigma_grid, training_times

STEPS = st.integers(1, 60)
SHIFTS = st.floats(0.5, 16)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(STEPS, SHIFTS, st.sampled_from(["diffusers", "wan"]))
def test_a_grid_falls_from_noise_to_data(steps: int, shift: float, kind: str) -> None:
    sigmas = sigma_grid(steps, shift, kind)
    assert len(sigmas) == steps + 1 and float(sigmas[-1]) == 0
    assert 0.99 < float(sigmas[0]) < 1
    assert bool((sigmas.diff() < 0).all())


def test_grids_have_the_published_values() -> None:
    # Wan2.1 and diffusers 0.42, 50 steps, shift 5.
    new, old = sigma_grid(50, 5.0), sigma_grid(50, 5.0, "wan")
    torch.testing.assert_close(
        new[[0, 1, 2, -3, -2]].tolist(), [0.999999, 0.99594, 0.99174, 0.17597, 0.09678], atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        old[[0, 1, 2, -3, -2]].tolist(), [0.99980, 0.99573, 0.99153, 0.17227, 0.09251], atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(("steps", "shift", "kind"), [(0, 5.0, "wan"), (4, 0.0, "wan"), (4, 5.0, "karras")])
def test_a_wrong_grid_is_refused(steps: int, shift: float, kind: str) -> None:
    with pytest.raises(UsageError, match="choose one|must be above|use 1 or more"):
        sigma_grid(steps, shift, kind)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(STEPS, SHIFTS, st.floats(0.01, 1))
def test_entering_keeps_the_rest_of_the_grid(steps: int, shift: float, start: float) -> None:
    sigmas = sigma_grid(steps, shift)
    times = entering(sigmas, start)
    assert float(times[0]) == min(start, float(sigmas[0]))
    assert bool((times.diff() < 0).all()) and float(times[-1]) == 0
    assert torch.equal(times[1:], sigmas[len(sigmas) - len(times) + 1 :])


def test_training_times_follow_the_logit_normal() -> None:
    generator = torch.Generator().manual_seed(0)
    t = training_times((20000,), mean=0.8, std=1.0, generator=generator)
    assert float(t.logit().mean()) == pytest.approx(0.8, abs=0.03)
    assert float(t.logit().std()) == pytest.approx(1.0, abs=0.03)
    assert 0 < float(t.min()) and float(t.max()) < 1


def test_shift_is_a_shift_of_the_mean() -> None:
    plain = training_times((9,), mean=0.0, std=1.0, generator=torch.Generator().manual_seed(1))
    moved = training_times((9,), mean=0.0, std=1.0, shift=3.0, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(moved.logit(), plain.logit() + torch.tensor(3.0).log())


def test_timesteps_take_the_coarsest_granularity() -> None:
    levels = torch.full((1, 1, 3, 4, 4), 0.9999)
    assert network_timesteps(levels, (1, 2, 2), truncate=True).tolist() == [999]
    levels[:, :, 0] = 0
    assert network_timesteps(levels, (1, 2, 2), truncate=True).tolist() == [[0, 999, 999]]
    levels[:, :, 0, 0, 0] = 0.5
    tokens = network_timesteps(levels, (1, 2, 2), truncate=False)
    assert tokens.shape == (1, 12) and tokens[0, :2].tolist() == [500, 0]
