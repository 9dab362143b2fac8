"""What comes loose, comes into being or goes away in a clip: parts with a way and a time of their own."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.parts import Part

__all__ = ["Effect", "Lamp", "Piece"]

FloatArray: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part that is there in some frames only.

    owner: the subject it belongs to, or -1. number: what ground truth calls it, from 1 on; 0 for what is no piece
    of its own. pose: [T, 3, 4] in the world. shown: bool [T]. colour: the grammar's colour its tint is made of.
    """

    owner: int
    number: int
    part: Part
    pose: FloatArray
    shown: FloatArray
    colour: str


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What happens to subject `a` because of `b` (-1: the ground).

    kind: of `truth.EVENTS`. frame: the first in which it is seen.
    """

    frame: int
    kind: str
    a: int
    b: int


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """A small warm light: its place [3] and its strength [T]."""

    place: FloatArray
    strength: FloatArray

    def uniform(self, frame: int) -> FloatArray:
        """What the shaders take: place and strength [4]."""
        return np.append(self.place, self.strength[frame])
