import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.flow import clean_from_velocity, noisy, velocity, velocity_from_clean


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.floats(0.05, 1), st.integers(0, 2**31))
def test_both_predictions_say_the_same(t: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    clean, noise = torch.randn((2, 3, 4), generator=generator, dtype=torch.float64)
    x = noisy(clean, noise, t)
    v = velocity(clean, noise)
    torch.testing.assert_close(velocity_from_clean(x, clean, t), v)
    torch.testing.assert_close(clean_from_velocity(x, v, t), clean)


def test_the_ends_of_the_path_are_exact() -> None:
    clean, noise = torch.randn(2, 5)
    assert torch.equal(noisy(clean, noise, 0.0), clean)
    assert torch.equal(noisy(clean, noise, 1.0), noise)


def test_t_may_differ_from_patch_to_patch() -> None:
    clean, noise = torch.randn(2, 1, 4, 3, 2, 2)
    t = torch.rand(1, 1, 3, 2, 2)
    x = noisy(clean, noise, t)
    for frame in range(3):
        torch.testing.assert_close(x[:, :, frame], noisy(clean[:, :, frame], noise[:, :, frame], t[:, :, frame]))


@pytest.mark.parametrize("t", [0.0, 0.01])
def test_velocity_stays_bounded_near_the_data(t: float) -> None:
    assert float(velocity_from_clean(torch.tensor(1.0), torch.tensor(0.0), t)) == pytest.approx(20)
