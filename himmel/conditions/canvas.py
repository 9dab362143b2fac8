"""Where conditions write: the latents of the shot, and which patches of them are known already.

C channels, F latent frames, h w latents, T frames, H W pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from himmel.errors import UsageError
from himmel.shapes import Compression, PixelShape, Size

__all__ = ["Canvas", "Known", "as_video", "fitted"]


def as_video(frames: NDArray[np.uint8]) -> Tensor:
    """Frames uint8 [T, H, W, 3] as a video tensor float32 [1, 3, T, H, W] in [-1, 1]."""
    return torch.from_numpy(frames.astype(np.float32) / 127.5 - 1.0).permute(3, 0, 1, 2)[None].contiguous()


def fitted(picture: NDArray[np.uint8], size: Size, shape: Size | None = None) -> NDArray[np.uint8]:
    """A picture uint8 [H, W, 3] cut to the shape of `size` around its middle and resized to it.

    With another `shape`, what will be kept of `size` when it is cut to that shape gets the picture; the pixels at
    its borders are repeated around it.
    """
    inner = size.cut_to(shape or size)
    height, width = picture.shape[:2]
    scale = max(inner.height / height, inner.width / width)
    kept_h, kept_w = min(height, round(inner.height / scale)), min(width, round(inner.width / scale))
    top, left = (height - kept_h) // 2, (width - kept_w) // 2
    cut = torch.from_numpy(picture[top : top + kept_h, left : left + kept_w].astype(np.float32))
    cut = cut.permute(2, 0, 1)[None]  # [1, 3, H, W]
    cut = interpolate(cut, (inner.height, inner.width), mode="bicubic", antialias=True)
    resized: NDArray[np.uint8] = cut[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).contiguous().numpy()
    spare = (size.height - inner.height, size.width - inner.width)
    sides = [(room // 2, room - room // 2) for room in spare]
    return np.pad(resized, (*sides, (0, 0)), mode="edge")


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """The shot a condition is for.

    shape: its pixels. encode: video [1, 3, T, H, W] in [-1, 1], T = 1 + 4k -> latents [1, C, F, h, w].
    """

    shape: PixelShape
    compression: Compression
    encode: Callable[[Tensor], Tensor]

    @property
    def latent_frames(self) -> int:
        """F of the shot."""
        return self.compression.latent_frames(self.shape.frames)

    def check_size(self, what: str, frames: NDArray[np.uint8]) -> None:
        """Raise UsageError unless `frames` are uint8 [T, H, W, 3] of the shot's size."""
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not len(frames):
            raise UsageError(f"{what} must be frames uint8 [T, H, W, 3], got {frames.dtype} {list(frames.shape)}")
        height, width = frames.shape[1:3]
        if (height, width) != (self.shape.height, self.shape.width):
            wanted = f"{self.shape.width}x{self.shape.height}"
            raise UsageError(f"{what} is {width}x{height} and the video {wanted}; resize it or ask for that size")

    def still(self, picture: NDArray[np.uint8]) -> Tensor:
        """Latents [1, C, 2, h, w] of a standing picture uint8 [H, W, 3]: a clip's first frame, any later one."""
        frames = np.broadcast_to(picture, (1 + self.compression.time, *picture.shape))
        return self.encode(as_video(frames))

    def nothing(self) -> "Known":
        """No patch known."""
        size = (
            self.latent_frames,
            self.shape.height // self.compression.space,
            self.shape.width // self.compression.space,
        )
        zeros = torch.zeros(1, 1, *size)
        return Known(values=zeros, where=zeros.bool(), origin=zeros)


@dataclass(frozen=True, kw_only=True)
class Known:
    """Clean latents [1, C, F, h, w] (C may still be 1 while nothing is known) and where they count.

    where: bool [1, 1, F, h, w]. claims: who claimed patches so far, for the sentence when two disagree. origin,
    start: what is free begins from these clean latents [1, C, F, h, w], noised to this level; 1 is noise alone.
    """

    values: Tensor
    where: Tensor
    origin: Tensor
    start: float = 1.0
    claims: tuple[tuple[str, Tensor], ...] = ()

    def claim(self, by: str, values: Tensor, where: Tensor) -> "Known":
        """Also know `values` [1, C, F, h, w] where `where` (bool, broadcasts) is true.

        Raises UsageError when one of those patches is claimed already.
        """
        where = where.expand_as(self.where)
        for other, theirs in self.claims:
            if bool((theirs & where).any()):
                raise UsageError(f"{other} and {by} both decide the same part of the video; leave one of them out")
        merged = torch.where(where, values, self.values.to(values).expand_as(values))
        return replace(self, values=merged, where=self.where | where, claims=(*self.claims, (by, where)))

    def enter(self, origin: Tensor, start: float) -> "Known":
        """Begin from clean latents [1, C, F, h, w] at noise level `start`; raises UsageError for a second time."""
        if self.start < 1:
            raise UsageError("a video can be remixed from one clip only; leave the other out")
        return replace(self, origin=origin, start=start)
