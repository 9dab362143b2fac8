"""Where everyone stands in a shot, decided before its video and made from noise as videos are."""

from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor

from himmel.flow import FlowState, Guidance, Rolling, Sampler, noise_frames, roll, sigma_grid
from himmel.generate.model import Asked
from himmel.shapes import LatentShape

__all__ = ["blocking_of"]

_STEPS, _SHIFT, _GUIDANCE = 24, 1.0, 1.5  # a call takes milliseconds
_OTHER = 2**62  # the noise of a blocking is not the beginning of its video's


def blocking_of(asked: Asked, frames: int, seed: int, rolling: Rolling) -> Tensor | None:
    """The blocking [1, K, F] of a shot of `frames` latent frames; None for a model that has no planner.

    It goes along a long shot in windows as long as the video's and heeds the same texts. One window is done before
    the next begins: what is said of later frames must not move who stands in earlier ones.
    """
    model = asked.model.planning
    if model is None:
        return None
    shape = LatentShape(channels=model.transformer.config.in_channels, frames=frames, height=1, width=1)
    noise = noise_frames(shape, seed ^ _OTHER)

    def begin(start: int, stop: int) -> FlowState:
        return FlowState.begin(torch.cat(list(islice(noise, stop - start)), dim=2).to(model.device))

    sampler = Sampler(
        sigmas=sigma_grid(_STEPS, _SHIFT),
        prediction=model.transformer.config.prediction,
        guidance=Guidance(scale=_GUIDANCE),
    )
    windows = replace(rolling, history=max(1, rolling.window // 2), sink=0, stride=0)
    parts = roll(frames, begin, replace(asked, model=model).over, sampler, windows)
    return torch.cat(list(parts), dim=2).flatten(2)  # [1, K, F]
