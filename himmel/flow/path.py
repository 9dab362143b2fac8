"""The clock: t = 1 is noise, t = 0 is data, and a straight line runs between them.

    x_t = (1 - t) * clean + t * noise        velocity = noise - clean = dx/dt

(rectified flow, arXiv 2209.03003). `t` may differ from patch to patch: it is a number or any tensor that
broadcasts against the latents.
"""

import torch
from torch import Tensor

__all__ = ["clean_from_velocity", "noisy", "velocity", "velocity_from_clean"]


def noisy(clean: Tensor, noise: Tensor, t: Tensor | float) -> Tensor:
    """The point at time t between clean latents and noise; exactly `clean` at 0 and `noise` at 1."""
    return (1 - t) * clean + t * noise


def velocity(clean: Tensor, noise: Tensor) -> Tensor:
    """The velocity of the straight line from clean latents to noise."""
    return noise - clean


def velocity_from_clean(x: Tensor, clean: Tensor, t: Tensor | float, *, floor: float = 0.05) -> Tensor:
    """The velocity that a prediction of the clean latents implies at x_t.

    `floor` bounds the division near t = 0 (JiT, arXiv 2511.13720).
    """
    return (x - clean) / torch.as_tensor(t).clamp(min=floor).to(x)


def clean_from_velocity(x: Tensor, velocity: Tensor, t: Tensor | float) -> Tensor:
    """The clean latents that a velocity implies at x_t."""
    return x - t * velocity
