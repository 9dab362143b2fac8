"""From noise to latents, around whatever is known: one model call after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from himmel.errors import HimmelError, UsageError
from himmel.flow.guidance import Branches, Guidance
from himmel.flow.path import clean_from_velocity, velocity_from_clean
from himmel.flow.schedule import entering
from himmel.flow.solver import SOLVERS, Estimate
from himmel.flow.state import FlowState, Shown

__all__ = ["OnStep", "Predict", "Sampler", "Walker", "advance", "sample"]


class Predict(Protocol):
    """A model with its text, ready to be asked."""

    def __call__(self, latents: Tensor, levels: Tensor, guided: bool) -> Branches:
        """Predict from latents [1, C, F, H, W] whose noise levels (t, 0 to 1) are levels [1, 1, F, H, W], float64.

        `guided` asks for the branch without text too. `network_timesteps` makes timesteps of levels.
        """
        ...


# Called with the index of the model call, the number of calls and the clean latents [1, C, F, H, W] as predicted
# so far; may raise Cancelled.
OnStep = Callable[[int, int, Tensor], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampler:
    """How noise is walked down.

    sigmas: falling times (`sigma_grid`). prediction: what the model returns, "velocity" or "clean". solver: a name
    in SOLVERS. Raises UsageError on unknown names.
    """

    sigmas: Tensor
    prediction: str = "velocity"
    solver: str = "unipc"
    guidance: Guidance = Guidance()

    def __post_init__(self) -> None:
        if self.solver not in SOLVERS:
            raise UsageError(f'solver "{self.solver}" is unknown; choose one of {", ".join(SOLVERS)}')
        if self.prediction not in ("velocity", "clean"):
            raise UsageError(f'prediction "{self.prediction}" is unknown; choose velocity or clean')

    @property
    def steps(self) -> int:
        """Model calls from noise to data."""
        return len(self.sigmas) - 1


class Walker:
    """A state on its way down the times of a sampler; `clean` is its end, None until then."""

    def __init__(self, state: FlowState, sampler: Sampler) -> None:
        self.state = state
        self.clean: Tensor | None = None
        self._prediction = sampler.prediction
        self._times = entering(sampler.sigmas, state.start)
        self._walk = SOLVERS[sampler.solver](state.latents, self._times)
        self._x, self._step = next(self._walk), 0

    @property
    def steps(self) -> int:
        """Steps of the whole way."""
        return len(self._times) - 1

    @property
    def t(self) -> float:
        """The time its free latents are at."""
        return float(self._times[self._step])

    @property
    def shown(self) -> Shown:
        """What the model sees of it."""
        return self.state.shown(self._x, self.t)

    def predicted(self, output: Tensor) -> Tensor:
        """The clean latents that a model's output implies, known values in their places."""
        return self.state.settled(self._estimate(output).clean)

    def step(self, output: Tensor) -> None:
        """Go on by what the model says here; raises HimmelError where that is not finite."""
        if not torch.isfinite(output).all():
            place = f"step {self._step + 1} of {self.steps} (t = {self.t:.4f})"
            raise HimmelError(f"the model returned values that are not finite at {place}")
        try:
            self._x, self._step = self._walk.send(self._estimate(output)), self._step + 1
        except StopIteration as end:
            self.clean = self.state.settled(end.value)

    def _estimate(self, output: Tensor) -> Estimate:
        t, output = self._times[self._step].float(), output.to(self._x.dtype)
        if self._prediction == "clean":
            return Estimate(clean=output, velocity=velocity_from_clean(self._x, output, t))
        return Estimate(clean=clean_from_velocity(self._x, output, t), velocity=output)


def advance(
    walkers: Sequence[Walker], moving: int, predict: Predict, guidance: Guidance, past: Sequence[Shown] = ()
) -> Tensor:
    """One model call for all walkers, one after the other in time behind what is `past`.

    The first `moving` take a step, the others are only seen. Returns the clean latents [1, C, F, H, W] that the
    model predicts for all of them.
    """
    acts = [guidance.acts_at(walker.t) for walker in walkers[:moving]]
    shown = Shown.beside([*past, *(walker.shown for walker in walkers)])
    branches = predict(shown.latents, shown.levels, any(acts))
    guided, text = (
        output[:, :, sum(part.frames for part in past) :] for output in (guidance.combine(branches), branches.text)
    )
    lengths = [walker.state.frames for walker in walkers]
    outputs = zip(torch.split(guided, lengths, dim=2), torch.split(text, lengths, dim=2), strict=True)
    seen = []
    for number, (walker, (led, plain)) in enumerate(zip(walkers, outputs, strict=True)):
        output = led if number < moving and acts[number] else plain
        seen.append(walker.predicted(output))
        if number < moving:
            walker.step(output)
    return torch.cat(seen, dim=2)


def sample(state: FlowState, predict: Predict, sampler: Sampler, on_step: OnStep | None = None) -> Tensor:
    """Denoise: clean latents [1, C, F, H, W], float32, in which known values are unchanged to the bit.

    Raises HimmelError when the model returns values that are not finite; passes on what `on_step` raises.
    """
    walker, call = Walker(state, sampler), 0
    while walker.clean is None:
        seen = advance((walker,), 1, predict, sampler.guidance)
        if on_step is not None:
            on_step(call, walker.steps, seen)
        call += 1
    return walker.clean
