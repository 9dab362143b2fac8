"""Which times: those seen in training, and the grid that sampling walks down."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from himmel.errors import UsageError

__all__ = ["GRIDS", "entering", "network_timesteps", "sigma_grid", "training_times"]

GRIDS = ("diffusers", "wan")


def training_times(
    shape: tuple[int, ...],
    *,
    mean: float,
    std: float,
    shift: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Logit-normal times in (0, 1), float32, of the given shape (SD3, arXiv 2403.03206, section 3.1).

    t = sigmoid(mean + std * normal); `shift` > 1 then moves them towards noise: shift*t / (1 + (shift-1)*t).
    """
    return _shifted(torch.sigmoid(mean + std * torch.randn(shape, generator=generator)), shift)


def sigma_grid(steps: int, shift: float, kind: str = "diffusers") -> Tensor:
    """Times from noise to data: float64 [steps + 1], falling, the last one 0.

    kind "diffusers" is UniPC's flow grid of diffusers 0.37 and later (pull request 12109): it starts at 1 - 1e-6.
    kind "wan" is the grid of the Wan repositories: it starts just below 1. Solvers round to float32;
    the float64 values decide the truncated timesteps (`network_timesteps`).
    """
    if steps < 1:
        raise UsageError(f"{steps} steps cannot denoise anything; use 1 or more, for example 20")
    if not shift > 0:
        raise UsageError(f"shift {shift} must be above 0; use 1 for an even grid, 3 to 12 for large videos")
    if kind not in GRIDS:
        raise UsageError(f'sigma grid "{kind}" is unknown; choose one of {", ".join(GRIDS)}')
    first, last = (1.0, 1 / 1000) if kind == "diffusers" else (0.999, 0.0)
    # numpy's linspace, not torch's: the two differ in the last bit.
    sigmas = _shifted(torch.from_numpy(np.linspace(first, last, steps + 1)[:-1].copy()), shift)
    if abs(float(sigmas[0]) - 1) < 1e-6:
        sigmas[0] -= 1e-6  # log(1 - sigma) has to be finite
    return torch.cat((sigmas, torch.zeros(1, dtype=torch.float64)))


def entering(sigmas: Tensor, start: float) -> Tensor:
    """The grid for latents that are at time `start` already: the times below it, after `start` itself."""
    if not 0 < start <= 1:
        raise UsageError(f"start {start} must be above 0 and at most 1; 1 begins from noise")
    if start >= float(sigmas[0]):
        return sigmas
    return torch.cat((sigmas.new_tensor([start]), sigmas[sigmas < start]))


def network_timesteps(levels: Tensor, patch: tuple[int, int, int], *, truncate: bool) -> Tensor:
    """Noise levels [B, 1, F, H, W] as a network's timesteps, on the scale of 0 to 1000.

    A token is as noisy as the noisiest latent of its patch. The coarsest granularity that holds the levels is
    used: per clip [B], per latent frame [B, f] or per token [B, N]. `truncate` rounds down to whole numbers, which
    the Wan family was trained and is sampled with; otherwise float32.
    """
    tokens = F.max_pool3d(levels.double(), patch, patch).squeeze(1)  # [B, f, h, w]
    tokens = (1000 * tokens).to(torch.int64) if truncate else (1000 * tokens).float()
    frames = tokens.flatten(2)  # [B, f, h*w]
    if not torch.equal(frames, frames[..., :1].expand_as(frames)):
        return tokens.flatten(1)
    clips = frames[..., 0]  # [B, f]
    return clips if not torch.equal(clips, clips[:, :1].expand_as(clips)) else clips[:, 0]


def _shifted(t: Tensor, shift: float) -> Tensor:
    return shift * t / (1 + (shift - 1) * t)
