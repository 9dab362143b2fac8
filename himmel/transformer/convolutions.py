"""Convolutions over latents before and after the blocks, for a model whose patches are wide.

A patch of the bundled model is 32 pixels wide. What is smaller, the outline of a thing or how far it moves from
one latent frame to the next, convolutions over single latents see better. `ConvStem` tells the blocks what it sees
and hands it on to `ConvHead`, which corrects what the blocks predict. Both change nothing until they have learned.

B batch, C channels, F H W latent frames, rows, columns, N tokens in a grid f h w, D width of the blocks, G groups
of consecutive tokens that share a timestep. Channels come last here: convolutions on CPUs want them there, those
of the weights included, and turning weights around took as long as the convolution itself.
"""

from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from himmel.transformer.config import CONV_BLOCKS, TransformerConfig

__all__ = ["ConvHead", "ConvStem", "SpaceConv", "over_latents", "to_patches", "to_video"]

EPS = 1e-6
Grid = tuple[int, int, int]


class SpaceConv(nn.Module):
    """A convolution of 3 x 3 over height and width."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outer, 3, 3, inner))
        self.bias = nn.Parameter(torch.empty(outer))

    def forward(self, x: Tensor) -> Tensor:
        """Map x [B, F, H, W, C] to [B, F, H, W, C']."""
        pictures = x.flatten(0, 1).permute(0, 3, 1, 2)  # [B F, C, H, W]
        y = F.conv2d(pictures, self.weight.permute(0, 3, 1, 2), self.bias, padding=1)  # [B F, C', H, W]
        return torch.unflatten(y.permute(0, 2, 3, 1), 0, x.shape[:2])


class ConvBlock(nn.Module):
    """A convolution over height and width, then one over time, beside what they change."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.conv_width
        self.norm = nn.RMSNorm(width, eps=EPS)  # without it the stream grows until nothing passes
        self.level = nn.Linear(config.dim, 2 * width)
        self.space = SpaceConv(width, width)
        self.time = nn.Linear(3 * width, width)

    def forward(self, x: Tensor, level: Tensor, grid: Grid, patch: Grid) -> Tensor:
        """Change x [B, F, H, W, C], where level [B, G, D] is the time embedding; same shape."""
        scale, shift = over_latents(self.level(level), grid, patch).to(x.dtype).chunk(2, dim=-1)
        y = _normed(x, self.norm) * (1 + scale) + shift  # [B, F, H, W, C]
        y = F.silu(self.space(F.silu(y)))  # [B, F, H, W, C]
        if x.shape[1] == 1:  # the same as between two frames of zeros, at a third of the cost
            alone = self.time.weight.chunk(3, dim=1)[1]
            return x + F.linear(y, alone, self.time.bias)  # [B, F, H, W, C]
        return cast(Tensor, x + self.time(_with_neighbours(y)))  # [B, F, H, W, C]


class ConvStem(nn.Module):
    """From noisy latents to features of them, and what the blocks are told of these."""

    silent: ClassVar[bool] = True  # at first; a run may gain it

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.conv_width
        self.patch = config.patch
        self.enter = SpaceConv(config.in_channels + 1, width)
        self.blocks = nn.ModuleList(ConvBlock(config) for _ in range(CONV_BLOCKS[0]))
        self.tell = nn.Linear(width * config.patch_volume, config.dim)

    def forward(
        self, latents: Tensor, t: Tensor, level: Tensor, grid: Grid, placed: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Features [B, F, H, W, C] of latents [B, C, F, H, W] and what they add to the tokens, [B, N, D].

        t: noise levels [B, F, H, W, 1] from 0 to 1; level: [B, G, D], activated; placed: features [B, F, H, W, C]
        of what a blocking says.
        """
        x = self.enter(torch.cat((latents.movedim(1, -1), t.to(latents.dtype)), dim=-1))  # [B, F, H, W, C]
        x = x if placed is None else x + placed  # [B, F, H, W, C]
        for block in self.blocks:
            x = block(x, level, grid, self.patch)  # [B, F, H, W, C]
        return x, self.tell(to_patches(x, grid, self.patch))


class ConvHead(nn.Module):
    """From features of the noisy latents, the blocks' stream and their prediction to a better one."""

    silent: ClassVar[bool] = True  # at first; a run may gain it

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.conv_width
        self.patch = config.patch
        self.hear = nn.Linear(config.dim, width * config.patch_volume)
        self.predicted = nn.Linear(config.out_channels, width)
        self.blocks = nn.ModuleList(ConvBlock(config) for _ in range(CONV_BLOCKS[1]))
        self.norm = nn.RMSNorm(width, eps=EPS)
        self.leave = SpaceConv(width, config.out_channels)

    def forward(self, seen: Tensor, tokens: Tensor, prediction: Tensor, level: Tensor, grid: Grid) -> Tensor:
        """What is missing in prediction [B, C, F, H, W]; same shape.

        seen: features [B, F, H, W, C]; tokens: [B, N, D], normalised; level: [B, G, D], activated.
        """
        x = seen + to_video(self.hear(tokens), grid, self.patch)  # [B, F, H, W, C]
        x = x + self.predicted(prediction.movedim(1, -1).to(x.dtype))  # [B, F, H, W, C]
        for block in self.blocks:
            x = block(x, level, grid, self.patch)  # [B, F, H, W, C]
        change = self.leave(F.silu(_normed(x, self.norm)))  # [B, F, H, W, C]
        return cast(Tensor, change.movedim(-1, 1))  # [B, C, F, H, W]


def over_latents(values: Tensor, grid: Grid, patch: Grid) -> Tensor:
    """Values [B, G, C] of groups of tokens for every latent: [B, F, 1, 1, C], of single tokens [B, F, H, W, C]."""
    frames, height, width = grid
    if values.shape[1] == frames * height * width:
        each = torch.unflatten(values, 1, grid)  # [B, f, h, w, C]
        each = each.repeat_interleave(patch[1], 2).repeat_interleave(patch[2], 3)  # [B, f, H, W, C]
    else:
        each = values.expand(-1, frames, -1)[:, :, None, None]  # [B, f, 1, 1, C]
    return each if patch[0] == 1 else each.repeat_interleave(patch[0], dim=1)


def to_patches(x: Tensor, grid: Grid, patch: Grid) -> Tensor:
    """Latents [B, F, H, W, C] as tokens [B, N, patch volume * C]; `to_video` undoes it."""
    (frames, height, width), (pt, ph, pw) = grid, patch
    x = x.reshape(len(x), frames, pt, height, ph, width, pw, -1)
    return x.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4).flatten(1, 3)  # [B, N, pt ph pw C]


def to_video(x: Tensor, grid: Grid, patch: Grid) -> Tensor:
    """Tokens [B, N, patch volume * C] as latents [B, F, H, W, C]."""
    x = x.view(len(x), *grid, *patch, -1)  # [B, f, h, w, pt, ph, pw, C]
    return x.permute(0, 1, 4, 2, 5, 3, 6, 7).flatten(5, 6).flatten(3, 4).flatten(1, 2)


def _normed(x: Tensor, norm: nn.RMSNorm) -> Tensor:
    # In the dtype of x: torch has no fused norm for mixed ones.
    return F.rms_norm(x, x.shape[-1:], norm.weight.to(x.dtype), EPS)


def _with_neighbours(x: Tensor) -> Tensor:
    """The frame before, the frame and the one after as channels of x [B, F, H, W, C]: [B, F, H, W, 3 C].

    There are zeros before the first frame and after the last.
    """
    nothing = torch.zeros_like(x[:, :1])  # [B, 1, H, W, C]
    return torch.cat((torch.cat((nothing, x[:, :-1]), dim=1), x, torch.cat((x[:, 1:], nothing), dim=1)), dim=-1)
