"""What the tests of the finisher share: small networks whose every weight is random, and pictures to judge."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from himmel.finish import Finisher, FinisherConfig

SMALL = FinisherConfig(width=8, blocks=2, memory=4, between_width=8, between_blocks=1, reach=2)


def scrambled(config: FinisherConfig = SMALL, *, seed: int = 0, strength: float = 1.0) -> Finisher:
    """A finisher without a zero in it: what comes out is noise, so that nothing holds by good luck."""
    generator = torch.Generator().manual_seed(seed)
    finisher = Finisher(config)
    with torch.no_grad():
        for parameter in finisher.parameters():
            fan = parameter[0].numel() if parameter.ndim > 1 else 4
            parameter.normal_(0, strength * fan**-0.5, generator=generator)
    return finisher.requires_grad_(False)


def picture(height: int, width: int, *, seed: int = 0, coarse: int = 4) -> Tensor:
    """Random blots with sharp edges and a little texture, [1, 3, H, W] in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    blots = torch.randn(1, 3, max(2, height // coarse), max(2, width // coarse), generator=generator)
    large = interpolate(blots, (height, width), mode="bicubic")
    sharp = torch.where(large > 0.3, 0.8, torch.where(large < -0.5, -0.9, 0.1))
    texture = 0.1 * torch.randn(1, 3, height, width, generator=generator)
    return (sharp + texture).clamp(-1, 1)


def clip(frames: int, height: int, width: int, *, seed: int = 0) -> np.ndarray:
    """A picture that the camera pans over, three pixels a frame: uint8 [T, H, W, 3]."""
    wide = picture(height, width + 3 * frames, seed=seed)[0].permute(1, 2, 0)
    moments = [wide[:, 3 * t : 3 * t + width] for t in range(frames)]
    return (torch.stack(moments) * 127.5 + 127.5).round().to(torch.uint8).numpy()


def ssim(one: Tensor, other: Tensor) -> float:
    """Mean structural similarity of pictures [1, 3, H, W] in [-1, 1] (Wang et al. 2004: 11x11 Gaussian, 1.5)."""
    steps = torch.arange(11) - 5.0
    line = torch.exp(-(steps**2) / (2 * 1.5**2))
    window = (line[:, None] * line / line.sum() ** 2)[None, None]
    x, y = ((p.double() * 127.5 + 127.5).transpose(0, 1) for p in (one, other))  # [3, 1, H, W]

    def mean(z: Tensor) -> Tensor:
        return conv2d(z, window.double())

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(values.mean())
