"""A stream of frames becomes a stream of more and larger frames; memory does not grow with its length.

First frames are put between frames, where pictures are small and motions short. Then each frame is enlarged,
once or in several passes, and brought to the exact size that is wanted.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from himmel.errors import UsageError
from himmel.finish.keep import settled
from himmel.finish.model import TILE, Finisher
from himmel.shapes import Size

__all__ = ["Target", "finish_stream", "passes"]

Pixels = NDArray[np.uint8]

# Plain enlarging up to this factor is not worth a pass.
_PLAIN = 1.25


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is wanted: frames of `size`, and `smooth` frames (1, 2 or 4) for each that comes, last one excepted."""

    size: Size
    smooth: int = 1

    def __post_init__(self) -> None:
        if self.smooth not in (1, 2, 4):
            raise UsageError(f"{self.smooth} frames cannot be made of one; choose 1, 2 or 4")


def passes(start: Size, size: Size, scale: int) -> int:
    """How often frames of `start` are enlarged `scale` times to fill `size`.

    >>> passes(Size(width=128, height=72), Size(width=1920, height=1080), 4)
    2
    """
    left, count = max(size.width / start.width, size.height / start.height), 0
    while left > _PLAIN:
        left, count = left / scale, count + 1
    return count


def finish_stream(
    finisher: Finisher,
    chunks: Iterable[Pixels],
    target: Target,
    *,
    tile: int = TILE,
    on_frame: Callable[[], None] = lambda: None,
) -> Iterator[Pixels]:
    """Chunks of frames uint8 [t, h, w, 3] of one take -> its finished frames, uint8 [1, H, W, 3] each.

    What does not fit the shape of the target is cut off around the middle (`Size.cut_to`). n frames become
    smooth * (n - 1) + 1. `on_frame` hears of each finished frame.
    """
    frames: Iterator[Tensor] = (
        _cut(frame, target.size, finisher.device) for chunk in chunks for frame in chunk
    )  # [1, 3, h, w]
    for _ in range(target.smooth.bit_length() - 1):
        frames = _smoothed(finisher, frames, tile)
    for frame in _enlarged(finisher, frames, target.size, tile):
        pixels = _to_pixels(frame)
        on_frame()
        yield pixels


def _cut(frame: Pixels, size: Size, device: torch.device) -> Tensor:
    """uint8 [h, w, 3] -> float32 [1, 3, h', w'] in [-1, 1], of the shape of `size`."""
    height, width = frame.shape[:2]
    kept = Size(width=width, height=height).cut_to(size)
    top, left = (height - kept.height) // 2, (width - kept.width) // 2
    part = torch.from_numpy(frame[top : top + kept.height, left : left + kept.width].astype(np.float32))
    return (part.to(device) / 127.5 - 1).permute(2, 0, 1)[None]


def _smoothed(finisher: Finisher, frames: Iterator[Tensor], tile: int) -> Iterator[Tensor]:
    """Every frame, and the one between it and the next."""
    before: Tensor | None = None
    for frame in frames:
        if before is not None:
            yield finisher.middle(before, frame, tile)
        yield frame
        before = frame


def _enlarged(finisher: Finisher, frames: Iterator[Tensor], size: Size, tile: int) -> Iterator[Tensor]:
    """Frames [1, 3, h, w] -> [1, 3, H, W]; each pass has a memory of its own."""
    memories: list[Tensor | None] | None = None
    for frame in frames:
        if memories is None:
            start = Size(width=frame.shape[3], height=frame.shape[2])
            memories = [None] * passes(start, size, finisher.config.scale)
        large = frame
        for number, memory in enumerate(memories):
            large, memories[number] = finisher.larger(large, memory, tile)
        yield _sized(large, frame, size, finisher.config.slack)


@torch.inference_mode()
def _sized(large: Tensor, draft: Tensor, size: Size, slack: float) -> Tensor:
    """The enlarged frame [1, 3, H', W'] at its final size [1, 3, H, W], still showing the draft [1, 3, h, w]."""
    if large.shape[2:] != (size.height, size.width):
        large = interpolate(large, (size.height, size.width), mode="bicubic", antialias=True)
    if size.height < draft.shape[2] or size.width < draft.shape[3] or large.shape == draft.shape:
        return large
    return settled(large, draft, slack)


def _to_pixels(frame: Tensor) -> Pixels:
    """[1, 3, H, W] in [-1, 1] -> uint8 [1, H, W, 3]."""
    scaled = (frame.permute(0, 2, 3, 1) * 127.5 + 127.5).round().clamp(0, 255)
    pixels: Pixels = scaled.to(torch.uint8).cpu().contiguous().numpy()
    return pixels
