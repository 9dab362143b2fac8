"""From noise to latents, around whatever is known.

A patch that is known keeps its value and enters every model call at its own noise level; the rest is free
and walks down the grid of times. Text to video, image to video, extension, interpolation, inpainting and
remixing differ in the state they begin from, not here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from himmel.errors import HimmelError, UsageError
from himmel.flow.guidance import Branches, Guidance
from himmel.flow.path import clean_from_velocity, noisy, velocity_from_clean
from himmel.flow.schedule import entering
from himmel.flow.solver import SOLVERS, Estimate

__all__ = ["FlowState", "OnStep", "Predict", "sample"]

MOST_KNOWN_LEVEL = 0.1


class Predict(Protocol):
    """A model with its text, ready to be asked."""

    def __call__(self, latents: Tensor, levels: Tensor, guided: bool) -> Branches:
        """Predict from latents [1, C, F, H, W] whose noise levels (t, 0 to 1) are levels [1, 1, F, H, W], float64.

        `guided` asks for the branch without text too. `network_timesteps` makes timesteps of levels.
        """
        ...


# Called with the index of the step, the number of steps and the clean latents [1, C, F, H, W] as predicted
# so far; may raise Cancelled.
OnStep = Callable[[int, int, Tensor], None]


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

    def levels(self, t: float) -> Tensor:
        """Noise levels [1, 1, F, H, W], float64, when the free latents are at time t."""
        return torch.where(self.free != 0, t, self.known_level.double())

    def shown(self, latents: Tensor) -> Tensor:
        """The latents with known values in their places, at their noise level."""
        return torch.where(self.free != 0, latents, noisy(self.known, self.noise, self.known_level))

    def settled(self, latents: Tensor) -> Tensor:
        """The latents with known values in their places, clean."""
        return torch.where(self.free != 0, latents, self.known)


def sample(
    state: FlowState,
    predict: Predict,
    *,
    sigmas: Tensor,
    prediction: str = "velocity",
    solver: str = "unipc",
    guidance: Guidance | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """Denoise: clean latents [1, C, F, H, W], float32, in which known values are unchanged to the bit.

    sigmas: falling times (`sigma_grid`). prediction: what `predict` returns, "velocity" or "clean". solver: a name
    in SOLVERS. Raises UsageError on unknown names and HimmelError when the model returns values that
    are not finite; passes on what `on_step` raises.
    """
    if solver not in SOLVERS:
        raise UsageError(f'solver "{solver}" is unknown; choose one of {", ".join(SOLVERS)}')
    if prediction not in ("velocity", "clean"):
        raise UsageError(f'prediction "{prediction}" is unknown; choose velocity or clean')
    guide = guidance or Guidance()
    times = entering(sigmas, state.start)
    steps = len(times) - 1

    def estimate(x: Tensor, i: int) -> Estimate:
        t = float(times[i])
        shown = state.shown(x)
        output = guide.combine(predict(shown, state.levels(t), guide.acts_at(t))).to(x.dtype)
        result = _estimate(x, output, times[i].float(), prediction)
        if not torch.isfinite(output).all():
            raise HimmelError(
                f"the model returned values that are not finite at step {i + 1} of {steps} (t = {t:.4f})"
            )
        if on_step is not None:
            on_step(i, steps, state.settled(result.clean))
        return result

    return state.settled(SOLVERS[solver](state.latents, times, estimate))


def _estimate(x: Tensor, output: Tensor, t: Tensor, prediction: str) -> Estimate:
    if prediction == "clean":
        return Estimate(clean=output, velocity=velocity_from_clean(x, output, t))
    return Estimate(clean=clean_from_velocity(x, output, t), velocity=output)
