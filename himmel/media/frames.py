"""Frames in memory: what the media border hands in and out, and how much of it is accepted.

Pixels are numpy `uint8`, red green blue: a clip is [T, H, W, 3], a picture [H, W, 3];
T frames, H rows, W columns.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from himmel.errors import MediaError, UsageError

__all__ = ["Frames", "Limits", "Pixels", "exact_rate"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Frames:
    """A clip in memory: `pixels` uint8 [T, H, W, 3], `fps` in frames per second."""

    pixels: Pixels
    fps: Fraction

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return float(len(self.pixels) / self.fps)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a file is accepted when reading; a few kilobytes can claim gigabytes of pixels.

    picture: pixels in one frame or picture. frames: frames in a clip. memory: bytes of decoded pixels.
    """

    picture: int = 4096 * 4096
    frames: int = 7200
    memory: int = 4 << 30

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise UsageError(f"limit {field.name}={getattr(self, field.name)} must be at least 1")

    def to_dict(self) -> dict[str, int]:
        """The limits by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, int]) -> "Limits":
        """Inverse of `to_dict`; raises UsageError on unknown keys."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise UsageError(f"unknown limit {unknown[0]!r}; known: picture, frames, memory")
        return cls(**values)

    def check(self, *, name: str, width: int, height: int, frames: int = 1) -> None:
        """Raise MediaError when a file called `name` would decode to more than is accepted."""
        if width * height > self.picture:
            raise MediaError(f"{name} is {width}x{height}, more than {self.picture} pixels; make it smaller first")
        if frames > self.frames:
            raise MediaError(f"{name} has {frames} frames, more than {self.frames}; cut it shorter first")
        if frames * width * height * 3 > self.memory:
            gib = self.memory / (1 << 30)
            raise MediaError(f"{name} needs more than {gib:.1f} GiB as frames; make it smaller or shorter first")


def exact_rate(fps: Fraction | float) -> Fraction:
    """Frames per second as a fraction that a file can carry; raises UsageError outside (0, 1000].

    >>> exact_rate(24)
    Fraction(24, 1)
    >>> exact_rate(30000 / 1001)
    Fraction(30000, 1001)
    """
    if not 0 < fps <= 1000:
        raise UsageError(f"{fps} frames per second is not in (0, 1000]; for example 24")
    return Fraction(fps).limit_denominator(1001)
