import pytest
import torch

from himmel.errors import UsageError
from himmel.flow import start_noise
from himmel.shapes import LatentShape


def shape(frames: int) -> LatentShape:
    return LatentShape(channels=3, frames=frames, height=5, width=7)


def test_a_seed_is_a_noise() -> None:
    noise = start_noise(shape(4), 7)
    assert noise.shape == (1, 3, 4, 5, 7) and noise.dtype == torch.float32
    assert torch.equal(noise, start_noise(shape(4), 7))
    assert not torch.equal(noise, start_noise(shape(4), 8))


def test_a_longer_clip_starts_from_the_same_frames() -> None:
    assert torch.equal(start_noise(shape(9), 7)[:, :, :4], start_noise(shape(4), 7))


def test_noise_is_standard_normal() -> None:
    noise = start_noise(LatentShape(channels=8, frames=8, height=16, width=16), 0)
    assert abs(float(noise.mean())) < 0.03 and float(noise.std()) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(UsageError, match="seed"):
        start_noise(shape(1), seed)
