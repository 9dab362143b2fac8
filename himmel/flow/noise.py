"""The noise a video starts from."""

import torch
from torch import Tensor

from himmel.errors import UsageError
from himmel.shapes import LatentShape

__all__ = ["start_noise"]


def start_noise(shape: LatentShape, seed: int) -> Tensor:
    """Standard normal noise [1, C, F, H, W], float32, from a CPU generator.

    The same seed gives the same noise for every device. It is drawn frame by frame, so a longer clip of the same
    size starts from the same frames.
    """
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed {seed} must be a whole number from 0 to 2**63 - 1")
    generator = torch.Generator().manual_seed(seed)
    size = (shape.channels, shape.height, shape.width)
    return torch.stack([torch.randn(size, generator=generator) for _ in range(shape.frames)], dim=1)[None]
