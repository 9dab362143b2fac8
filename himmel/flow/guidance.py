"""Classifier-free guidance (arXiv 2207.12598): away from what the model says without text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor

from himmel.errors import UsageError

__all__ = ["Branches", "Guidance"]


@dataclass(frozen=True, kw_only=True)
class Branches:
    """Predictions with the text and, where guidance asked for it, without; both [1, C, F, H, W]."""

    text: Tensor
    null: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How strongly the text leads, and when.

    scale: 1 is no guidance and halves the cost.
    low, high: guidance acts at times low <= t <= high (arXiv 2404.07724).
    rescale: 0 to 1, how far the deviation of the result is brought back to that of the text branch
        (arXiv 2305.08891, section 3.4), against over-saturated colours.
    """

    scale: float = 1.0
    low: float = 0.0
    high: float = 1.0
    rescale: float = 0.0

    def __post_init__(self) -> None:
        if not self.scale >= 0:
            raise UsageError(f"guidance scale {self.scale} must be 0 or more; 1 is none, 3 to 6 is usual")
        if not 0 <= self.low <= self.high <= 1:
            raise UsageError(
                f"guidance between t = {self.low} and {self.high} must lie in 0 to 1, low before high"
            )
        if not 0 <= self.rescale <= 1:
            raise UsageError(f"guidance rescale {self.rescale} must lie in 0 to 1; 0 is none, 0.7 is usual")

    def acts_at(self, t: float) -> bool:
        """Whether the branch without text is needed at time t."""
        return self.scale != 1 and self.low <= t <= self.high

    def combine(self, branches: Branches) -> Tensor:
        """The guided prediction; the text branch alone where there is no other."""
        text, null = branches.text, branches.null
        if null is None:
            return text
        guided = null + self.scale * (text - null)
        if self.rescale == 0:
            return guided
        axes = tuple(range(1, text.ndim))
        ratio = text.std(axes, keepdim=True) / guided.std(axes, keepdim=True).clamp(
            min=torch.finfo(text.dtype).tiny
        )
        return guided * (self.rescale * ratio + (1 - self.rescale))

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Guidance":
        """Read what `to_dict` wrote; raises UsageError on unknown keys."""
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise UsageError(f"guidance has unknown keys {unknown}; known keys are {known}")
        return cls(**values)
