"""Solvers of the flow's differential equation: functions with one signature, listed in `SOLVERS`.

A solver is a walk from latents x at sigmas[0] down the falling times sigmas [n + 1]: a generator that gives x at
sigmas[0], sigmas[1], ... and is sent the model's estimate for each; it returns latents at sigmas[n]. Whoever holds
several walks, each at a time of its own, may take them all a step further with one model call.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["SOLVERS", "Estimate", "Solver", "Walk", "euler", "solve", "unipc"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a model says about latents at one time: the clean latents, and the velocity; same shape."""

    clean: Tensor
    velocity: Tensor


Walk: TypeAlias = Generator[Tensor, Estimate, Tensor]
Solver: TypeAlias = Callable[[Tensor, Tensor], Walk]


def solve(walk: Walk, estimate: Callable[[Tensor, int], Estimate]) -> Tensor:
    """Take a walk to its end, asking `estimate(x, i)` for what the model says of x at sigmas[i]."""
    x, i = next(walk), 0
    while True:
        try:
            x, i = walk.send(estimate(x, i)), i + 1
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def euler(x: Tensor, sigmas: Tensor) -> Walk:
    """First order: follow the velocity for one interval."""
    sigmas = sigmas.float()
    for i in range(len(sigmas) - 1):
        estimate = yield x
        x = x + (sigmas[i + 1] - sigmas[i]) * estimate.velocity
    return x


def unipc(x: Tensor, sigmas: Tensor) -> Walk:
    """UniPC of order 2 (arXiv 2302.04867): B2(h), data prediction, corrected, lower order at the end.

    Every model call serves twice: it corrects the step that led to x, then predicts the next one.
    """
    sigmas = sigmas.float()
    steps = len(sigmas) - 1
    cleans: list[Tensor] = []
    before, order = x, 0  # the latents that the last step set out from, and its order
    for i in range(steps):
        estimate = yield x
        if i > 0:
            x = _correct(before, estimate.clean, cleans, sigmas[: i + 1], order)
        cleans = [*cleans[-1:], estimate.clean]
        before, order = x, min(2, i + 1, steps - i)
        x = _advance(x, cleans, sigmas[: i + 2], order)
    return x


@dataclass(frozen=True, kw_only=True)
class _Interval:
    """Coefficients of the step between the last two of `sigmas`, in half log-SNR."""

    ratio: Tensor  # factor of the latents
    phi: Tensor  # e^-h - 1
    alpha: Tensor  # share of data at the end of the step
    hh: Tensor  # -h
    rk: Tensor | None  # place of the time before the step, in units of h

    @classmethod
    def of(cls, sigmas: Tensor, order: int) -> "_Interval":
        alphas = 1 - sigmas
        snr = torch.log(alphas) - torch.log(sigmas)
        h = snr[-1] - snr[-2]
        return cls(
            ratio=sigmas[-1] / sigmas[-2],
            phi=torch.expm1(-h),
            alpha=alphas[-1],
            hh=-h,
            rk=(snr[-3] - snr[-2]) / h if order == 2 else None,
        )


def _advance(x: Tensor, cleans: list[Tensor], sigmas: Tensor, order: int) -> Tensor:
    """Predict the latents at sigmas[-1] from x at sigmas[-2], where the model said cleans[-1]."""
    step = _Interval.of(sigmas, order)
    base = step.ratio * x - step.alpha * step.phi * cleans[-1]
    if step.rk is None:
        return base
    slope: Tensor = (cleans[-2] - cleans[-1]) / step.rk
    return base - step.alpha * step.phi * (0.5 * slope)


def _correct(before: Tensor, clean: Tensor, cleans: list[Tensor], sigmas: Tensor, order: int) -> Tensor:
    """Repeat the step from `before` at sigmas[-2] to sigmas[-1], knowing what the model says there."""
    step = _Interval.of(sigmas, order)
    base = step.ratio * before - step.alpha * step.phi * cleans[-1]
    change = clean - cleans[-1]
    if step.rk is None:
        return base - step.alpha * step.phi * (0.5 * change)
    weights = _weights(step.rk, step.hh)
    update: Tensor = weights[0] * ((cleans[-2] - cleans[-1]) / step.rk) + weights[1] * change
    return base - step.alpha * step.phi * update


def _weights(rk: Tensor, hh: Tensor) -> Tensor:
    """The weights that make the corrector exact to second order: R_p(h) a = phi / B in the paper."""
    phi = torch.expm1(hh)
    phi_1 = phi / hh - 1
    phi_2 = phi_1 / hh - 1 / 2
    nodes = torch.stack((rk, torch.ones_like(rk)))
    matrix = torch.stack((torch.ones_like(nodes), nodes))
    weights: Tensor = torch.linalg.solve(matrix, torch.stack((phi_1 / phi, phi_2 * 2 / phi)))
    return weights


SOLVERS: Mapping[str, Solver] = {"euler": euler, "unipc": unipc}
