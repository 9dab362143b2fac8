"""Conditions on a part of the picture: inpainting, outpainting, replacing a span of time."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import max_pool2d

from himmel.conditions.canvas import Canvas, Known, as_video
from himmel.conditions.condition import Condition
from himmel.errors import UsageError

__all__ = ["Region"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Region(Condition):
    """Keep a given clip outside (or inside) a box or a mask and make the rest anew.

    frames: uint8 [T, H, W, 3] of the video's length, or one frame that stands still. box: (left, top, width,
    height) in pixels, or instead mask: bool [H, W]. span: (start, stop) frames in which anything is made anew;
    None is the whole video. The model makes whole patches and latent frames anew, so more than what was asked for;
    of that only what was asked for is shown, and all other pixels are given ones. feather: over how many pixels
    from the seam inwards what is made comes up.
    """

    kind: ClassVar[str] = "region"
    frames: NDArray[np.uint8]
    box: tuple[int, int, int, int] | None = None
    mask: NDArray[np.bool_] | None = None
    keep: Literal["outside", "inside"] = "outside"
    span: tuple[int, int] | None = None
    feather: int = 0

    def __post_init__(self) -> None:
        if self.keep not in ("outside", "inside"):
            raise UsageError(f'a region keeps its "outside" or its "inside", not "{self.keep}"')
        if (self.box is None) == (self.mask is None):
            raise UsageError("a region is either a box or a mask; give one of them")
        if self.feather < 0:
            raise UsageError(f"a feather of {self.feather} pixels must be 0 or more")

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim the kept patches."""
        canvas.check_size("the region's clip", self.frames)
        total = canvas.shape.frames
        if len(self.frames) not in (1, total):
            raise UsageError(f"the region's clip has {len(self.frames)} frames; give 1 or the video's {total}")
        kept = ~self._free(canvas)
        return known.claim("the region", canvas.encode(as_video(self._clip(canvas))), kept)

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put the given pixels back wherever they are to be kept, blended with the made ones at the seam."""
        first, stop = self._span(canvas)
        places = np.arange(start, start + len(frames))
        within = (first <= places) & (places < stop)
        given = self._clip(canvas)[start : start + len(frames)]
        share = np.where(within[:, None, None], self._share(canvas), 0.0)[..., None]  # [t, H, W, 1]
        blended = (given * (1 - share) + frames * share).round().astype(np.uint8)
        return np.where(share == 1, frames, blended)

    def identity(self) -> tuple[object, ...]:
        """The clip, the box or mask, the side kept, the span and, where there is one, the feather."""
        where = self.mask if self.box is None else tuple(self.box)
        return (self.frames, where, self.keep, self.span, *([self.feather] if self.feather else []))

    def _clip(self, canvas: Canvas) -> NDArray[np.uint8]:
        return np.broadcast_to(self.frames, (canvas.shape.frames, *self.frames.shape[1:]))

    def _free(self, canvas: Canvas) -> Tensor:
        """bool [1, 1, F, h, w]: what is made anew, in whole patches; one that is touched is made anew."""
        step, space = canvas.compression.time, canvas.compression.space
        start, stop = self._span(canvas)
        time = torch.zeros(canvas.latent_frames, dtype=torch.bool)
        time[-(-start // step) : -(-(stop - 1) // step) + 1] = True
        step_h, step_w = canvas.compression.pixel_step
        pixels = torch.from_numpy(self._made(canvas)).float()[None]  # [1, H, W]
        patches = max_pool2d(pixels, (step_h, step_w))[0] > 0  # [H / step, W / step]
        cells = patches.repeat_interleave(step_h // space, 0).repeat_interleave(step_w // space, 1)  # [h, w]
        return (time[:, None, None] & cells[None])[None, None]

    def _span(self, canvas: Canvas) -> tuple[int, int]:
        start, stop = self.span or (0, canvas.shape.frames)
        if not 0 <= start < stop <= canvas.shape.frames:
            raise UsageError(
                f"the span {start} to {stop} is not within the {canvas.shape.frames} frames of the video"
            )
        return start, stop

    def _made(self, canvas: Canvas) -> NDArray[np.bool_]:
        """bool [H, W]: pixels that are made anew."""
        inside = self._boxed(canvas) if self.mask is None else self.mask
        size = (canvas.shape.height, canvas.shape.width)
        if inside.dtype != bool or inside.shape != size:
            kind = f"{inside.dtype} {list(inside.shape)}"
            raise UsageError(f"the region's mask must be bool {list(size)}, the height and width, got {kind}")
        return inside if self.keep == "outside" else ~inside

    def _boxed(self, canvas: Canvas) -> NDArray[np.bool_]:
        left, top, width, height = self.box or (0, 0, 0, 0)
        within = left >= 0 and top >= 0 and width > 0 and height > 0
        if not within or left + width > canvas.shape.width or top + height > canvas.shape.height:
            size = f"{canvas.shape.width}x{canvas.shape.height}"
            raise UsageError(f"the box {width}x{height} at ({left}, {top}) is not within the {size} picture")
        inside = np.zeros((canvas.shape.height, canvas.shape.width), bool)
        inside[top : top + height, left : left + width] = True
        return inside

    def _share(self, canvas: Canvas) -> NDArray[np.float32]:
        """[H, W]: how much of each pixel is made, 0 where it is kept and 1 beyond the feather."""
        ring = torch.from_numpy(self._made(canvas)).float()[None]  # [1, H, W]
        rings = [ring]
        for _ in range(self.feather):
            ring = 1 - max_pool2d(1 - ring, 3, 1, 1)  # a pixel less at every seam; the picture's border is none
            rings.append(ring)
        shares: NDArray[np.float32] = torch.stack(rings).mean(0)[0].numpy()
        return shares
