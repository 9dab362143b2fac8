"""The finisher: the two networks as one set of weights, whole frames or in tiles."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from himmel.errors import UsageError
from himmel.finish.between import CELL, Between
from himmel.finish.config import FinisherConfig
from himmel.finish.enlarge import Enlarger
from himmel.finish.tiles import tiles

__all__ = ["TILE", "Finisher"]

# Pixels of a tile's side: the 64 channels of one layer then take 34 MB in bfloat16.
TILE = 512


class Finisher(nn.Module):
    """More frames (`between`) and more pixels (`enlarge`)."""

    def __init__(self, config: FinisherConfig) -> None:
        super().__init__()
        self.config = config
        self.between = Between(config)
        self.enlarge = Enlarger(config)

    @property
    def device(self) -> torch.device:
        """Where its weights lie."""
        return self.enlarge.enter.weight.device

    def store_in(self, dtype: torch.dtype) -> "Finisher":
        """A copy whose weights are in `dtype`, laid out as convolutions read them fastest."""
        copy = deepcopy(self).to(dtype)
        for parameter in copy.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return copy

    @torch.inference_mode()
    def middle(self, before: Tensor, after: Tensor, tile: int = TILE) -> Tensor:
        """The frame between two frames [B, 3, H, W] in [-1, 1], a tile at a time."""
        if tile % CELL:
            raise UsageError(f"a tile of {tile} pixels is not made of whole cells; take a multiple of {CELL}")
        made = torch.empty_like(before)
        for part in tiles(*before.shape[2:], side=tile, halo=self.between.halo):
            part.put(made, self.between(part.seen(before), part.seen(after)))
        return made

    @torch.inference_mode()
    def larger(self, frame: Tensor, memory: Tensor | None, tile: int = TILE) -> tuple[Tensor, Tensor]:
        """The enlarged frame of [B, 3, H, W] in [-1, 1] and the memory for the next, a tile at a time.

        Tiles read the whole frame's memory, surroundings included: what crosses a seam is remembered too.
        """
        batch, _, height, width = frame.shape
        scale = self.config.scale
        made = frame.new_empty(batch, 3, scale * height, scale * width)
        dtype = self.enlarge.enter.weight.dtype
        kept = frame.new_empty(batch, self.config.memory, height, width, dtype=dtype)
        for part in tiles(height, width, side=tile, halo=self.enlarge.halo):
            picture, remembered = self.enlarge(part.seen(frame), None if memory is None else part.seen(memory))
            part.put(made, picture, scale)
            part.put(kept, remembered)
        return made, kept
