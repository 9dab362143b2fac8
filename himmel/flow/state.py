"""Latents on their way, patch by patch: which are known, which are free, and how each is shown to a model.

A patch that is known keeps its value and enters every model call at its own noise level; the rest is free
and walks down the grid of times. Text to video, image to video, extension, interpolation, inpainting and
remixing differ in the state they begin from, not here.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from himmel.errors import UsageError
from himmel.flow.path import noisy

__all__ = ["MOST_KNOWN_LEVEL", "FlowState", "Shown"]

MOST_KNOWN_LEVEL = 0.1  # training shows known patches with no more noise


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a model sees: latents [1, C, F, H, W] and their noise levels [1, 1, F, H, W], float64."""

    latents: Tensor
    levels: Tensor

    @classmethod
    def beside(cls, parts: "list[Shown]") -> "Shown":
        """Parts one after the other in time."""
        latents, levels = [part.latents for part in parts], [part.levels for part in parts]
        return cls(latents=torch.cat(latents, dim=2), levels=torch.cat(levels, dim=2))

    @property
    def frames(self) -> int:
        """Latent frames."""
        return self.latents.shape[2]

    def apart(self) -> "list[Shown]":
        """Its latent frames, one by one; each holds no more memory than it needs."""
        pairs = zip(torch.split(self.latents, 1, dim=2), torch.split(self.levels, 1, dim=2), strict=True)
        return [Shown(latents=latents.clone(), levels=levels.clone()) for latents, levels in pairs]


@dataclass(frozen=True, kw_only=True)
class FlowState:
    """Latents on their way, and what is known about them.

    latents: [1, C, F, H, W] at time `start`.
    noise: [1, C, F, H, W], the noise the video starts from.
    free: [1, 1, F, H, W], 1 where the model decides and 0 where the value is known.
    known: [1, C, F, H, W], clean values; only those where `free` is 0 count.
    known_level: [1, 1, F, H, W], the noise level at which known values are shown to the model, 0 to 0.1. A level
        above 0 keeps a model's own earlier output from passing on its small errors.
    start: time of the free latents, 1 for noise.
    """

    latents: Tensor
    noise: Tensor
    free: Tensor
    known: Tensor
    known_level: Tensor
    start: float = 1.0

    @classmethod
    def begin(cls, noise: Tensor) -> "FlowState":
        """Nothing known: noise [1, C, F, H, W] everywhere."""
        free = torch.ones_like(noise[:, :1])
        return cls(
            latents=noise,
            noise=noise,
            free=free,
            known=torch.zeros_like(noise),
            known_level=torch.zeros_like(free),
        )

    @property
    def frames(self) -> int:
        """Latent frames."""
        return self.latents.shape[2]

    def knowing(self, values: Tensor, where: Tensor, *, level: float = 0.0) -> "FlowState":
        """Also know the clean `values` [1, C, F, H, W] where `where` (broadcasts to [1, 1, F, H, W]) is not 0."""
        if values.shape != self.latents.shape:
            raise UsageError(f"known values {tuple(values.shape)} must have the shape {tuple(self.latents.shape)}")
        if not 0 <= level <= MOST_KNOWN_LEVEL:
            raise UsageError(f"a known level of {level} must lie in 0 to {MOST_KNOWN_LEVEL}; 0 is clean")
        here = (where != 0).expand_as(self.free)
        return replace(
            self,
            free=torch.where(here, torch.zeros_like(self.free), self.free),
            known=torch.where(here, values.to(self.known), self.known),
            known_level=torch.where(here, torch.full_like(self.known_level, level), self.known_level),
        )

    def entering(self, clean: Tensor, start: float) -> "FlowState":
        """Begin from clean latents [1, C, F, H, W], noised to time `start` (remix), instead of from noise."""
        if clean.shape != self.latents.shape:
            raise UsageError(
                f"latents to remix {tuple(clean.shape)} must have the shape {tuple(self.latents.shape)}"
            )
        if not 0 < start <= 1:
            raise UsageError(f"start {start} must be above 0 and at most 1; 1 forgets the video, 0.6 is usual")
        return replace(self, latents=noisy(clean.to(self.noise), self.noise, start), start=start)

    def part(self, start: int, stop: int) -> "FlowState":
        """Its latent frames start..stop-1."""
        names = ("latents", "noise", "free", "known", "known_level")
        return replace(self, **{name: getattr(self, name)[:, :, start:stop] for name in names})

    def levels(self, t: float) -> Tensor:
        """Noise levels [1, 1, F, H, W], float64, when the free latents are at time t."""
        return torch.where(self.free != 0, t, self.known_level.double())

    def shown(self, latents: Tensor, t: float) -> Shown:
        """The latents at time t, with known values in their places at their own noise level."""
        x = torch.where(self.free != 0, latents, noisy(self.known, self.noise, self.known_level))
        return Shown(latents=x, levels=self.levels(t))

    def recalled(self, clean: Tensor, level: float) -> Shown:
        """The settled latents as what comes later sees them: made ones at `level`, known ones at their own."""
        t = torch.where(self.free != 0, torch.full_like(self.known_level, level), self.known_level)
        return Shown(latents=noisy(clean, self.noise, t), levels=t.double())

    def settled(self, latents: Tensor) -> Tensor:
        """The latents with known values in their places, clean."""
        return torch.where(self.free != 0, latents, self.known)
