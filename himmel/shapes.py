"""Pixel, latent and token arithmetic: the only place where it is written.

Clips have 1 + c*k frames, c being the codec's compression in time: the first frame has a latent frame
of its own, every further latent frame covers c frames (the rule of the Wan family's codecs).
"""

import re
from dataclasses import dataclass
from math import ceil, floor

from himmel.errors import UsageError

__all__ = ["BUCKETS", "Compression", "LatentShape", "PixelShape", "Size", "TokenGrid", "parse_sizes"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise UsageError(f"size {self.width}x{self.height} must be positive, for example 128x128")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Read "WIDTHxHEIGHT" (x, X or the multiplication sign); raises UsageError on anything else."""
        match = re.fullmatch(r"\s*(\d{1,6})\s*[xX×]\s*(\d{1,6})\s*", text)
        if match is None:
            raise UsageError(f'size "{text[:40]}" is not WIDTHxHEIGHT in pixels, for example 128x128')
        return cls(width=int(match[1]), height=int(match[2]))

    def cut_to(self, shape: "Size") -> "Size":
        """The largest size within this one that has the shape of another, rounded to whole pixels.

        >>> str(Size(width=128, height=128).cut_to(Size(width=1920, height=1080)))
        '128x72'
        """
        width = min(self.width, max(1, round(self.height * shape.width / shape.height)))
        height = min(self.height, max(1, round(self.width * shape.height / shape.width)))
        return Size(width=width, height=height)


BUCKETS: tuple[Size, ...] = (
    Size(width=128, height=128),
    Size(width=160, height=96),
    Size(width=96, height=160),
    Size(width=160, height=128),
    Size(width=224, height=96),
)
"""Sizes of clips for square, 16:9, 9:16, 4:3 and 21:9: multiples of 32 with 15 to 21 patches of 32 x 32 pixels.

Each has about as many patches as the square one, so that all show their subjects equally well and cost about the
same, and no side is shorter than the 96 pixels that a codec learns from. Four times as large and cut to their
shape they are 640x360, 360x640, 640x480 and 896x384.
"""


def parse_sizes(text: str) -> tuple[Size, ...]:
    """Read sizes with commas between, or "buckets" for all of BUCKETS; one that is named twice counts twice.

    >>> [str(size) for size in parse_sizes("128x128, 160x96")]
    ['128x128', '160x96']
    """
    return BUCKETS if text.strip() == "buckets" else tuple(map(Size.parse, text.split(",")))


@dataclass(frozen=True, kw_only=True)
class PixelShape:
    """A clip in pixels."""

    frames: int
    height: int
    width: int


@dataclass(frozen=True, kw_only=True)
class LatentShape:
    """A clip in latents: channels x frames x height x width."""

    channels: int
    frames: int
    height: int
    width: int


@dataclass(frozen=True, kw_only=True)
class TokenGrid:
    """A clip in tokens (patches of latents)."""

    frames: int
    height: int
    width: int

    @property
    def count(self) -> int:
        """Number of tokens."""
        return self.frames * self.height * self.width


@dataclass(frozen=True, kw_only=True)
class Compression:
    """What a codec and a transformer's patches divide by; owned by their configs and passed on as this.

    time, space: pixels per latent. patch: latents per token along (time, height, width).
    """

    time: int
    space: int
    patch: tuple[int, int, int] = (1, 1, 1)

    @property
    def pixel_step(self) -> tuple[int, int]:
        """(height, width) must be multiples of these."""
        return self.space * self.patch[1], self.space * self.patch[2]

    def latent_frames(self, frames: int) -> int:
        """Latent frames of a clip of `frames` frames; raises UsageError unless frames = 1 + time*k."""
        if frames < 1 or (frames - 1) % self.time:
            near = self.nearest_frames(max(frames, 1))
            raise UsageError(f"{frames} frames is not 1 + {self.time}*k; nearest: {near}")
        return 1 + (frames - 1) // self.time

    def pixel_frames(self, latent_frames: int) -> int:
        """Frames that `latent_frames` latent frames decode to."""
        return 1 + (latent_frames - 1) * self.time

    def nearest_frames(self, frames: int) -> int:
        """The valid frame count closest to `frames` (ties go up)."""
        return 1 + self.time * max(0, floor((frames - 1) / self.time + 0.5))

    def check(self, size: Size) -> None:
        """Raise UsageError naming the nearest valid sizes unless `size` is a multiple of `pixel_step`."""
        step_h, step_w = self.pixel_step
        if size.height % step_h == 0 and size.width % step_w == 0:
            return
        down = (max(1, size.width // step_w) * step_w, max(1, size.height // step_h) * step_h)
        up = (ceil(size.width / step_w) * step_w, ceil(size.height / step_h) * step_h)
        near = " or ".join(dict.fromkeys(f"{w}x{h}" for w, h in (down, up)))
        rule = f"{step_w}" if step_w == step_h else f"{step_w} wide and {step_h} high"
        raise UsageError(f"{size} is not divisible by {rule}; nearest: {near}")

    def latent_shape(self, pixels: PixelShape, channels: int) -> LatentShape:
        """Latents of a clip; raises UsageError when it does not divide."""
        self.check(Size(width=pixels.width, height=pixels.height))
        return LatentShape(
            channels=channels,
            frames=self.latent_frames(pixels.frames),
            height=pixels.height // self.space,
            width=pixels.width // self.space,
        )

    def token_grid(self, latents: LatentShape) -> TokenGrid:
        """Tokens of latents."""
        frames, height, width = self.patch
        return TokenGrid(
            frames=latents.frames // frames, height=latents.height // height, width=latents.width // width
        )
