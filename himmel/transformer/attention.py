"""Attention as Wan does it: norms over the whole width, rotation after the norms, image slots beside text.

B batch, N tokens (queries), S text slots, M image slots, D width.
"""

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from himmel.transformer.config import TransformerConfig
from himmel.transformer.lean import attend, norm_rotate
from himmel.transformer.rope import Rotation

__all__ = ["CrossAttention", "SelfAttention"]

EPS = 1e-6


class SelfAttention(nn.Module):
    """Attention of tokens to each other, rotated by their places in the grid."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.lean = config.heads, config.precision == "lean"
        self.q, self.k, self.v, self.o = (nn.Linear(config.dim, config.dim) for _ in range(4))
        self.norm_q, self.norm_k = (nn.RMSNorm(config.dim, eps=EPS) for _ in range(2))

    def forward(self, x: Tensor, rotate: Rotation) -> Tensor:
        """Mix x [B, N, D] over N; same shape."""
        q = _normed(self.q(x), self.norm_q, self.heads, self.lean, rotate)  # [B, heads, N, head_dim]
        k = _normed(self.k(x), self.norm_k, self.heads, self.lean, rotate)  # [B, heads, N, head_dim]
        v = _split(self.v(x), self.heads)  # [B, heads, N, head_dim]
        return cast(Tensor, self.o(_attend(q, k, v, self.lean)))  # [B, N, D]


class CrossAttention(nn.Module):
    """Attention of tokens to text slots, and to image slots where the config has them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.lean, self.slots = config.heads, config.precision == "lean", config.text_len
        self.q, self.k, self.v, self.o = (nn.Linear(config.dim, config.dim) for _ in range(4))
        self.norm_q, self.norm_k = (nn.RMSNorm(config.dim, eps=EPS) for _ in range(2))
        if config.image_dim:
            self.k_img, self.v_img = (nn.Linear(config.dim, config.dim) for _ in range(2))
            self.norm_k_img = nn.RMSNorm(config.dim, eps=EPS)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Read context [B, M + S, D], image slots before text slots, from x [B, N, D]; returns [B, N, D].

        Where there are fewer contexts than clips, as many clips in a row read each.
        """
        tokens = x
        x = tokens.reshape(len(context), -1, x.shape[-1])
        image, text = context[:, : -self.slots], context[:, -self.slots :]  # [B, M, D], [B, S, D]
        q = _normed(self.q(x), self.norm_q, self.heads, self.lean)  # [B, heads, N, head_dim]
        k = _normed(self.k(text), self.norm_k, self.heads, self.lean)  # [B, heads, S, head_dim]
        v = _split(self.v(text), self.heads)  # [B, heads, S, head_dim]
        mixed = _attend(q, k, v, self.lean)  # [B, N, D]
        if image.shape[1]:
            k = _normed(self.k_img(image), self.norm_k_img, self.heads, self.lean)  # [B, heads, M, head_dim]
            v = _split(self.v_img(image), self.heads)  # [B, heads, M, head_dim]
            mixed = mixed + _attend(q, k, v, self.lean)  # [B, N, D]
        return cast(Tensor, self.o(mixed)).view_as(tokens)  # [B, N, D]


def _normed(x: Tensor, norm: nn.RMSNorm, heads: int, lean: bool, rotate: Rotation | None = None) -> Tensor:
    """Normalise x [B, N, D], split it into heads and rotate it: [B, heads, N, head_dim]."""
    if lean and x.device.type == "cpu":
        turns = None if rotate is None else rotate.turns
        return norm_rotate(x, norm.weight, turns, heads=heads, eps=EPS)
    # Weights in the dtype of x: torch has no fused norm for mixed ones.
    y = F.rms_norm(x, x.shape[-1:], norm.weight.to(x.dtype), EPS).view(*x.shape[:2], heads, -1)
    return (y if rotate is None else rotate(y)).transpose(1, 2)


def _split(x: Tensor, heads: int) -> Tensor:
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)  # [B, heads, N, head_dim]


def _attend(q: Tensor, k: Tensor, v: Tensor, lean: bool) -> Tensor:
    """Attend from q [B, heads, N, head_dim] to k, v [B, heads, S, head_dim]: [B, N, D]."""
    if lean and q.device.type == "cpu":
        return attend(q, k, v)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
