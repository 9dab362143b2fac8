"""What a blocking says of every latent: which actor covers it, where in that actor it lies, what the camera sees.

The layout that `himmel.blocking` describes is turned into features of latents, together with what the text says of
each actor: the first K text slots are the actors'. So what is said of one is told to the places where it stands
and to no other. It changes nothing until it has learned.

B batch, K actors, F H W latent frames, rows, columns, D width of a text slot, C width of the features.
"""

import math
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from himmel.blocking import FIELD, Staged, staged
from himmel.transformer.config import TransformerConfig

__all__ = ["BlockingStem"]

_OF_ACTOR, _OF_VIEW = 10, 18  # numbers that `_about_actors` and `_about_view` tell of a latent
_NEAR = 1.5  # latents around a box that are told of its actor: shadows and outlines reach beyond it
_WAVES = (0.7, 1.9)  # per world unit: by them the ground is seen to pass
_HAZE = 12.0  # world units
_GRAZING = 0.02  # rays that fall less steeply meet the ground nowhere


class BlockingStem(nn.Module):
    """Features of latents from a blocking and the actors' text slots."""

    silent: ClassVar[bool] = True  # at first; a run may gain it

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.conv_width
        self.slot = nn.Linear(config.text_dim, width)
        self.place = nn.Linear(_OF_ACTOR, width, bias=False)
        self.view = nn.Linear(_OF_VIEW, width)
        self.actor_out = nn.Linear(width, width, bias=False)
        self.view_out = nn.Linear(width, width, bias=False)

    def forward(self, blocking: Tensor, slots: Tensor, size: tuple[int, int]) -> Tensor:
        """Features [B, F, H, W, C] of H x W latents from a blocking [B, C', F] and slots [B, K, D]."""
        stage, dtype = staged(blocking), self.slot.weight.dtype
        about, near = _about_actors(stage, size)  # [B, F, H, W, K, 10] and [..., 1]
        said = self.slot(slots.to(dtype))[:, None, None, None]  # [B, 1, 1, 1, K, C]
        actors = (F.silu(self.place(about.to(dtype)) + said) * near.to(dtype)).sum(-2)  # [B, F, H, W, C]
        view = F.silu(self.view(_about_view(stage, size).to(dtype)))  # [B, F, H, W, C]
        told = stage.told[:, :, None, None, None].to(dtype)
        return cast(Tensor, (self.actor_out(actors) + self.view_out(view)) * told)  # [B, F, H, W, C]


def _cells(size: tuple[int, int], like: Tensor) -> tuple[Tensor, Tensor, float, float]:
    """Middles of columns [W] and rows [H], half a column, half a row, in half sides of the square picture."""
    height, width = size
    wide = math.sqrt(width / height)
    across = ((2 * torch.arange(width, device=like.device) + 1) / width - 1) * wide
    down = ((2 * torch.arange(height, device=like.device) + 1) / height - 1) / wide
    return across, down, wide / width, 1 / (wide * height)


def _about_actors(stage: Staged, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """How each latent lies to each actor's box, [B, F, H, W, K, 10], and how near to it, 0 to 1, [..., 1]."""
    seen, x, y, wide, high, depth = (number.transpose(1, 2) for number in stage.actors.unbind(2))  # 6 x [B, F, K]
    across, down, half_column, half_row = _cells(size, x)
    grid = (*x.shape[:2], *size, x.shape[2], -1)
    sideways = _along(across, x, wide.exp2(), half_column)[:, :, None].expand(grid)  # [B, F, H, W, K, 5]
    upright = _along(down, y, high.exp2(), half_row)[:, :, :, None].expand(grid)  # [B, F, H, W, K, 5]
    sizes = torch.stack((wide, high, depth), dim=-1)[:, :, None, None].expand(grid)  # [B, F, H, W, K, 3]
    covered = sideways[..., :1] * upright[..., :1]  # [B, F, H, W, K, 1]
    near = sideways[..., 1:2] * upright[..., 1:2] * (seen > 0)[:, :, None, None, :, None]  # [B, F, H, W, K, 1]
    return torch.cat((covered, sideways[..., 2:], upright[..., 2:], sizes), dim=-1), near


def _broadcast(*tensors: Tensor) -> tuple[Tensor, ...]:
    return cast(tuple[Tensor, ...], torch.broadcast_tensors(*tensors))  # type: ignore[no-untyped-call]


def _along(cells: Tensor, middle: Tensor, half: Tensor, step: float) -> Tensor:
    """One axis: how cells [n] of half a width `step` lie to actors' middles and halves [B, F, K]: [B, F, n, K, 5].

    In order: the share that is covered, nearness, the place in the actor from -1 to 1, and both edges in cells.
    """
    cells, middle, half = cells[:, None], middle[:, :, None], half[:, :, None]
    first, last = middle - half, middle + half
    covered = (torch.minimum(last, cells + step) - torch.maximum(first, cells - step)).clamp(min=0) / (2 * step)
    away = ((cells - middle).abs() - half).clamp(min=0) / (2 * step)
    near = (_NEAR - away).clamp(0, 1)
    place = (cells - middle) / half
    return torch.stack((covered, near, place, (first - cells) / step, (last - cells) / step), dim=-1).clamp(-2, 2)


def _about_view(stage: Staged, size: tuple[int, int]) -> Tensor:
    """Where the eye is, which way each latent's ray goes and where that meets the ground: [B, F, H, W, 18]."""
    east, north, up, yaw, pitch = (number[:, :, None, None] for number in stage.camera.unbind(1))  # [B, F, 1, 1]
    across, down, _, _ = _cells(size, yaw)
    length = 1 / math.tan(math.radians(FIELD) / 2)
    right, above = across[None, :], -down[:, None]  # [1, W] and [H, 1]
    flat = length * pitch.cos() - above * pitch.sin()  # along the ground, ahead: [B, F, H, 1]
    ray = torch.stack(_broadcast(
        flat * yaw.sin() + right * yaw.cos(),
        flat * yaw.cos() - right * yaw.sin(),
        length * pitch.sin() + above * pitch.cos(),
    ), dim=-1)  # fmt: skip
    ray = F.normalize(ray, dim=-1)  # [B, F, H, W, 3]
    reach = up[..., None] / (-ray[..., 2:]).clamp(min=_GRAZING)  # [B, F, H, W, 1]
    ground = torch.stack((east, north), dim=-1) + reach * ray[..., :2]  # [B, F, H, W, 2]
    waves = torch.cat([ground * rate for rate in _WAVES], dim=-1)
    pattern = torch.cat((waves.sin(), waves.cos()), dim=-1) * (-reach / _HAZE).exp()  # [B, F, H, W, 8]
    eye = torch.stack((east, (north + 5) / 2, up - 2), dim=-1).expand_as(ray)
    steep = (8 * ray[..., 2:]).clamp(-3, 3)  # [B, F, H, W, 1]
    return torch.cat((eye, ray, steep, (32 * steep).clamp(-1, 1), (ground / 4).clamp(-4, 4), pattern), dim=-1)
