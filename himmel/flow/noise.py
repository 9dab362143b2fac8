"""The noise a video starts from."""

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from himmel.errors import UsageError
from himmel.shapes import LatentShape

__all__ = ["noise_frames", "start_noise"]


def noise_frames(shape: LatentShape, seed: int) -> Iterator[Tensor]:
    """Standard normal noise, float32, without end: latent frame by latent frame, [1, C, 1, H, W] each.

    From a CPU generator: the same seed gives the same noise for every device, and a longer clip of the same size
    starts from the same frames.
    """
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed {seed} must be a whole number from 0 to 2**63 - 1")
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randn((1, shape.channels, 1, shape.height, shape.width), generator=generator)


def start_noise(shape: LatentShape, seed: int) -> Tensor:
    """The first frames of `noise_frames` as one tensor [1, C, F, H, W]."""
    return torch.cat(list(islice(noise_frames(shape, seed), shape.frames)), dim=2)
