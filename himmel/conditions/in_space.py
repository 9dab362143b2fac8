"""Conditions on a part of the picture: inpainting, outpainting, replacing a span of time."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himmel.conditions.canvas import Canvas, Known, as_video
from himmel.conditions.condition import Condition
from himmel.errors import UsageError

__all__ = ["Region"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Region(Condition):
    """Keep a given clip outside (or inside) a box and make the rest anew.

    frames: uint8 [T, H, W, 3] of the video's length, or one frame that stands still. box: (left, top, width,
    height) in pixels; what is made anew is rounded out to whole patches. span: (start, stop) frames in which
    anything is made anew, rounded out to latent frames; None is the whole video.
    """

    kind: ClassVar[str] = "region"
    frames: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    keep: Literal["outside", "inside"] = "outside"
    span: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.keep not in ("outside", "inside"):
            raise UsageError(f'a region keeps its "outside" or its "inside", not "{self.keep}"')

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim the kept patches."""
        canvas.check_size("the region's clip", self.frames)
        total = canvas.shape.frames
        if len(self.frames) not in (1, total):
            raise UsageError(f"the region's clip has {len(self.frames)} frames; give 1 or the video's {total}")
        values = canvas.encode(as_video(self._clip(canvas)))
        return known.claim("the region", values, ~self._free(canvas))

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put the given pixels back wherever their patch was kept."""
        scale, time = canvas.compression.space, canvas.compression.time
        kept = ~self._free(canvas)[0, 0].numpy()  # [F, h, w]
        groups = -(-np.arange(start, start + len(frames)) // time)
        pixels = kept[groups].repeat(scale, axis=1).repeat(scale, axis=2)  # [t, H, W]
        return np.where(pixels[..., None], self._clip(canvas)[start : start + len(frames)], frames)

    def identity(self) -> tuple[object, ...]:
        """The clip, the box, the side kept and the span."""
        return (self.frames, tuple(self.box), self.keep, self.span)

    def _clip(self, canvas: Canvas) -> NDArray[np.uint8]:
        return np.broadcast_to(self.frames, (canvas.shape.frames, *self.frames.shape[1:]))

    def _free(self, canvas: Canvas) -> Tensor:
        """bool [1, 1, F, h, w]: what is made anew, in whole patches."""
        time = self._free_in_time(canvas)[:, None, None]  # [F, 1, 1]
        return (time & self._free_in_space(canvas)[None])[None, None]

    def _free_in_time(self, canvas: Canvas) -> Tensor:
        start, stop = self.span or (0, canvas.shape.frames)
        if not 0 <= start < stop <= canvas.shape.frames:
            raise UsageError(
                f"the span {start} to {stop} is not within the {canvas.shape.frames} frames of the video"
            )
        step = canvas.compression.time
        free = torch.zeros(canvas.latent_frames, dtype=torch.bool)
        free[-(-start // step) : -(-(stop - 1) // step) + 1] = True
        return free

    def _free_in_space(self, canvas: Canvas) -> Tensor:
        left, top, width, height = self.box
        inside = left >= 0 and top >= 0 and width > 0 and height > 0
        if not inside or left + width > canvas.shape.width or top + height > canvas.shape.height:
            size = f"{canvas.shape.width}x{canvas.shape.height}"
            raise UsageError(f"the box {width}x{height} at ({left}, {top}) is not within the {size} picture")
        space = canvas.compression.space
        step_h, step_w = canvas.compression.pixel_step
        touched = self.keep == "outside"  # a patch that straddles the border is made anew either way
        rows = _cells(top, top + height, step_h, canvas.shape.height, touched)
        columns = _cells(left, left + width, step_w, canvas.shape.width, touched)
        box = rows[:, None] & columns[None]  # [H / step, W / step]
        free = box if self.keep == "outside" else ~box
        return free.repeat_interleave(step_h // space, 0).repeat_interleave(step_w // space, 1)


def _cells(start: int, stop: int, step: int, length: int, touched: bool) -> Tensor:
    """bool [length / step]: cells that start..stop touches, or those that lie wholly within."""
    edges = torch.arange(0, length, step)
    if touched:
        return (edges < stop) & (edges + step > start)
    return (edges >= start) & (edges + step <= stop)
