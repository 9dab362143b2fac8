"""The same scene, begun a little differently: how far apart two takes of one event are.

Physics-IQ films every event twice, because not even nature does the same twice, and asks no more of a model than
that. Here the second take is the same scene with every number that its words leave open moved by a hundredth.
"""

from typing import Any

import numpy as np

__all__ = ["NUDGE", "Nudged"]

NUDGE = 0.01  # of the largest value that a number may have


class Nudged(np.random.Generator):
    """Draws what another generator of the same state draws, moved up or down by `share` of the largest value.

    Choices, permutations and whole numbers stay what they are.
    """

    def __init__(self, source: np.random.Generator, share: float = NUDGE) -> None:
        super().__init__(source.bit_generator)
        self.share = share
        self._signs = np.random.default_rng(0)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """As of the source, moved by `share` of the larger of both ends; it may leave them by as much."""
        drawn = super().uniform(low, high, size)
        signs = self._signs.choice([-1.0, 1.0], np.shape(drawn))
        moved = drawn + self.share * np.maximum(np.abs(low), np.abs(high)) * signs
        return float(moved) if size is None else moved

    def random(self, *arguments: Any, **options: Any) -> Any:
        """As of the source, moved by `share`."""
        drawn = super().random(*arguments, **options)
        moved = drawn + self.share * self._signs.choice([-1.0, 1.0], np.shape(drawn))
        return float(moved) if np.ndim(drawn) == 0 else moved
