"""Power averages of the weights: the window grows with the run, so no decay constant has to be guessed.

Karras et al., "Analyzing and Improving the Training Dynamics of Diffusion Models" (EDM2), arXiv 2312.02696,
section 3: beta(t) = (1 - 1/t)^(gamma + 1), with gamma chosen from the window's width relative to the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["PowerAverage", "copy_into", "exponent"]


def exponent(width: float) -> float:
    """gamma whose averaging window has relative deviation `width`: solves width^2 = (g+1)/((g+2)^2 (g+3))."""
    inverse = width**-2
    roots = np.roots([1, 7, 16 - inverse, 12 - inverse])
    return float(roots.real.max())


class PowerAverage:
    """One running average of a module's parameters, in float32 on their device."""

    def __init__(self, model: nn.Module, width: float) -> None:
        self.power = exponent(width) + 1
        self.values = {name: p.detach().clone() for name, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int, since: int = 1) -> None:
        """Take in the weights after `step` steps (1-based), for the last `since` of them."""
        beta = (1 - since / step) ** self.power
        current = [p.detach() for p in model.parameters()]
        torch._foreach_lerp_(list(self.values.values()), current, 1 - beta)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """Put the average into the model for the length of a with block."""
        own = {name: p.detach().clone() for name, p in model.named_parameters()}
        copy_into(model, self.values)
        try:
            yield
        finally:
            copy_into(model, own)


@torch.no_grad()
def copy_into(model: nn.Module, values: dict[str, Tensor]) -> None:
    """Overwrite the parameters of `model` with values of the same names."""
    for name, p in model.named_parameters():
        p.copy_(values[name])
