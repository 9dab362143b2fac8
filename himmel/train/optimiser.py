"""Optimisers: AdamW for everything, or Muon for the matrices in the middle of a network and AdamW for the rest."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from himmel.train.recipes import OptimiserRecipe

__all__ = ["Muon", "build_optimisers", "flat_state", "load_flat_state", "orthogonalise", "rate"]


class Muon(Optimizer):
    """Momentum whose update is replaced by the nearest orthogonal matrix (Keller Jordan et al., 2024).

    Convolutions count as matrices [out, in*k*k]. The update is scaled by 0.2*sqrt(longer side), which gives
    it the root mean square of a typical AdamW update (Moonlight, arXiv 2502.16982), so that rates carry over.
    """

    def __init__(self, params: Iterable[Tensor], *, lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group["lr"], group["momentum"])

    def _update(self, p: Tensor, lr: float, momentum: float) -> None:
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        assert p.grad is not None
        buffer: Tensor = state["momentum"]
        buffer.lerp_(p.grad, 1 - momentum)
        ahead = p.grad.lerp(buffer, momentum).flatten(1)  # Nesterov: look one momentum step ahead
        update = orthogonalise(ahead) * (0.2 * max(ahead.shape) ** 0.5)
        p.sub_(lr * update.view(p.shape).to(p.dtype))


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """The orthogonal factor of a matrix [m, n], roughly: singular values end between 0.7 and 1.2.

    Newton-Schulz iteration of degree 5 with the coefficients of Keller Jordan's Muon, in bfloat16.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (torch.linalg.vector_norm(x) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


def build_optimisers(model: nn.Module, recipe: OptimiserRecipe) -> list[Optimizer]:
    """The optimisers of a recipe; each group keeps its peak rate as "peak" for `rate` to scale."""
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, p in model.named_parameters():
        is_matrix = p.ndim >= 2 and p.shape[0] > 1  # a single row, such as a modulation, is a vector
        (matrices if is_matrix and recipe.muon and name.startswith(recipe.muon) else others).append(p)
    built: list[Optimizer] = [
        AdamW(others, lr=recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=True)
    ]
    if matrices:
        built.append(Muon(matrices, lr=recipe.muon_lr))
    for optimiser in built:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return built


def rate(step: int, steps: int, recipe: OptimiserRecipe) -> float:
    """Share of the peak rate at a step (0-based): linear warm-up, constant, linear decay to zero."""
    up = (step + 1) / max(1, recipe.warm_up)
    down = (steps - step) / max(1.0, recipe.decay * steps)
    return min(1.0, up, down)


def flat_state(optimisers: list[Optimizer]) -> dict[str, Tensor]:
    """The tensors of the optimisers' states as "{optimiser}.{parameter}.{entry}"."""
    flat = {}
    for number, optimiser in enumerate(optimisers):
        for index, entries in optimiser.state_dict()["state"].items():
            flat.update({f"{number}.{index}.{key}": value for key, value in entries.items()})
    return flat


def load_flat_state(optimisers: list[Optimizer], flat: dict[str, Tensor]) -> None:
    """Undo `flat_state`."""
    for number, optimiser in enumerate(optimisers):
        whole: dict[str, Any] = optimiser.state_dict()
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in flat.items():
            owner, index, key = name.split(".")
            if int(owner) == number:
                state.setdefault(int(index), {})[key] = value
        optimiser.load_state_dict({**whole, "state": state})
