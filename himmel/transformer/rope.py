"""Rotary positions on a video grid (RoFormer, arXiv 2104.09864; split of the head as in Wan)."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Rotation", "rotation"]

THETA = 10000.0


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How far every pair of every token is turned: cosines and sines, each [B or 1, N, 1, head_dim/2], float32.

    turns: the same as complex numbers.
    """

    cos: Tensor
    sin: Tensor
    turns: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Rotate neighbouring pairs of x [B, N, heads, head_dim]; the dtype of x is kept."""
        even, odd = x[..., 0::2], x[..., 1::2]  # 2 x [B, N, heads, head_dim/2]
        turned = torch.stack((even * self.cos - odd * self.sin, even * self.sin + odd * self.cos), dim=-1)
        return turned.flatten(-2).to(x.dtype)  # [B, N, heads, head_dim]


def rotation(
    head_dim: int, grid: tuple[int, int, int], *, frame_offset: int | Tensor = 0, device: torch.device
) -> Rotation:
    """Angles of a (time, height, width) grid of tokens.

    A head is split into time, height and width parts: 2*(head_dim//6) each for height and width, the rest
    for time. `frame_offset` (an int, or a tensor [B]) is added to the positions in time. Angles are computed in
    float64 so that far positions keep their phase.
    """
    space = 2 * (head_dim // 6)
    widths = (head_dim - 2 * space, space, space)
    offset = torch.as_tensor(frame_offset, device=device).reshape(-1, 1)  # [B or 1, 1]
    frames, height, width = grid
    positions = (
        (torch.arange(frames, device=device) + offset)[:, :, None, None],
        torch.arange(height, device=device)[None, None, :, None],
        torch.arange(width, device=device)[None, None, None, :],
    )
    shape = (offset.shape[0], *grid)
    angles = [_angles(p, w).expand(*shape, w // 2) for p, w in zip(positions, widths, strict=True)]
    turns = torch.cat(angles, dim=-1).flatten(1, 3)[:, :, None]  # [B or 1, N, 1, head_dim/2]
    cos, sin = turns.cos().float(), turns.sin().float()
    return Rotation(cos=cos, sin=sin, turns=torch.complex(cos, sin))


def _angles(positions: Tensor, width: int) -> Tensor:
    # Apple's GPUs have no float64.
    exact = torch.float32 if positions.device.type == "mps" else torch.float64
    powers = torch.arange(0, width, 2, dtype=exact, device=positions.device) / width
    return positions[..., None] * (1.0 / THETA**powers)  # [..., width/2]
