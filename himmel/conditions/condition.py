"""What every condition is: a frozen value that claims patches, can be named in a plan, and can be restored."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from himmel.conditions.canvas import Canvas, Known
from himmel.errors import UsageError

__all__ = ["Condition", "respect"]


class Condition(ABC):
    """Something the video must respect. `kind` is its name in plans and sentences.

    start: the noise level at which what is free begins; 1 is noise.
    """

    kind: ClassVar[str]
    start: float = 1.0

    @abstractmethod
    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim this condition's patches; raises UsageError when it does not fit the canvas or contradicts."""

    @abstractmethod
    def identity(self) -> tuple[object, ...]:
        """Everything that decides what is known: arrays, numbers and words."""

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Decoded frames [t, H, W, 3], the first of which is frame `start`, with given pixels put back."""
        return frames

    def shown(self, frames: int) -> int:
        """How many frames are played of a shot of so many."""
        return frames

    def play(self, frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """What is played: the shot's frames in chunks [t, H, W, 3], with what belongs around them."""
        return frames

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the identity: equal conditions have equal digests."""
        digest = hashlib.sha256(self.kind.encode())
        for part in self.identity():
            if isinstance(part, np.ndarray):
                digest.update(f"|{part.dtype}{part.shape}|".encode())
                digest.update(np.ascontiguousarray(part).tobytes())
            else:
                digest.update(f"|{part!r}".encode())
        return digest.hexdigest()


def respect(conditions: Sequence[Condition], canvas: Canvas) -> Known:
    """All conditions together; their order does not matter.

    Raises UsageError when two contradict each other or nothing is left to make.
    """
    known = canvas.nothing()
    for condition in sorted(conditions, key=lambda each: (each.kind, each.digest)):
        known = condition.apply(known, canvas)
    if bool(known.where.all()):
        raise UsageError(
            "the conditions decide every part of the video; nothing is left to make, ask for more seconds"
        )
    return known
