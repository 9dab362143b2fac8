"""Attention as Wan does it: norms over the whole width, rotation after the norms, image slots beside text.

B batch, N tokens (queries), S slots (keys), M image slots, D width.
"""

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from himmel.transformer.config import TransformerConfig
from himmel.transformer.rope import Rotation

__all__ = ["CrossAttention", "SelfAttention"]

EPS = 1e-6


class SelfAttention(nn.Module):
    """Attention of tokens to each other, rotated by their places in the grid."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.q, self.k, self.v, self.o = (nn.Linear(config.dim, config.dim) for _ in range(4))
        self.norm_q, self.norm_k = (nn.RMSNorm(config.dim, eps=EPS) for _ in range(2))

    def forward(self, x: Tensor, rotate: Rotation) -> Tensor:
        """Mix x [B, N, D] over N; same shape."""
        q = rotate(_split(self.norm_q(self.q(x)), self.heads))  # [B, N, heads, head_dim]
        k = rotate(_split(self.norm_k(self.k(x)), self.heads))  # [B, N, heads, head_dim]
        v = _split(self.v(x), self.heads)  # [B, N, heads, head_dim]
        return cast(Tensor, self.o(_attend(q, k, v)))  # [B, N, D]


class CrossAttention(nn.Module):
    """Attention of tokens to text slots, and to image slots where the config has them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.slots = config.heads, config.text_len
        self.q, self.k, self.v, self.o = (nn.Linear(config.dim, config.dim) for _ in range(4))
        self.norm_q, self.norm_k = (nn.RMSNorm(config.dim, eps=EPS) for _ in range(2))
        if config.image_dim:
            self.k_img, self.v_img = (nn.Linear(config.dim, config.dim) for _ in range(2))
            self.norm_k_img = nn.RMSNorm(config.dim, eps=EPS)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Read context [B, M + S, D], image slots before text slots, from x [B, N, D]; returns [B, N, D]."""
        image, text = context[:, : -self.slots], context[:, -self.slots :]  # [B, M, D], [B, S, D]
        q = _split(self.norm_q(self.q(x)), self.heads)  # [B, N, heads, head_dim]
        k = _split(self.norm_k(self.k(text)), self.heads)  # [B, S, heads, head_dim]
        v = _split(self.v(text), self.heads)  # [B, S, heads, head_dim]
        mixed = _attend(q, k, v)  # [B, N, D]
        if image.shape[1]:
            k = _split(self.norm_k_img(self.k_img(image)), self.heads)  # [B, M, heads, head_dim]
            v = _split(self.v_img(image), self.heads)  # [B, M, heads, head_dim]
            mixed = mixed + _attend(q, k, v)  # [B, N, D]
        return cast(Tensor, self.o(mixed))  # [B, N, D]


def _split(x: Tensor, heads: int) -> Tensor:
    return x.view(*x.shape[:-1], heads, -1)


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))  # [B, heads, N or S, head_dim]
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # [B, N, D]
