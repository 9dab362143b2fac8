"""A small text encoder, trained together with the transformer that reads it.

Word embeddings, learned positions and a few layers are enough for a closed grammar: the video model does the
parsing.

B prompts, S slots, D width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from himmel.text.config import TextConfig
from himmel.text.lexicon import FIRST_WORD, PAD, Tokens, tokenize

__all__ = ["TextEmbedding", "TextEncoder"]


@dataclass(frozen=True, kw_only=True)
class TextEmbedding:
    """Prompts as vectors: tokens [B, S, D], zero at padding, and pooled [B, D], their mean over real slots."""

    tokens: Tensor
    pooled: Tensor


class Layer(nn.Module):
    """Attention and feed-forward, each after its norm, on a residual stream."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.ffn = nn.Sequential(
            nn.Linear(config.width, 4 * config.width),
            nn.GELU(approximate="tanh"),
            nn.Linear(4 * config.width, config.width),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Refine x [B, S, D]; mask [B, 1, 1, S] is true where a slot may be read."""
        qkv = self.qkv(self.norm1(x)).view(*x.shape[:2], 3, self.heads, -1)  # [B, S, 3, heads, head_dim]
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # 3 x [B, heads, S, head_dim]
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # [B, heads, S, head_dim]
        x = x + self.out(mixed.transpose(1, 2).flatten(2))  # [B, S, D]
        return cast(Tensor, x + self.ffn(self.norm2(x)))  # [B, S, D]


class TextEncoder(nn.Module):
    """Prompts to embeddings; a prompt without words is "no text", which is zero everywhere."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(FIRST_WORD + len(config.lexicon), config.width)
        self.positions = nn.Parameter(torch.empty(config.length, config.width))
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.reset_parameters()

    def tokenize(self, prompts: Sequence[str]) -> Tokens:
        """Number the words of prompts; see `tokenize`."""
        return tokenize(prompts, self.config)

    def forward(self, ids: Tensor) -> TextEmbedding:
        """Embed ids [B, S] (`tokenize`); padding is neither read nor written."""
        real = ids != PAD  # [B, S]
        # A prompt without words reads its padding, since attention to nothing is not a number.
        mask = (real | ~real.any(dim=1, keepdim=True))[:, None, None]  # [B, 1, 1, S]
        x = self.words(ids) + self.positions  # [B, S, D]
        for layer in self.layers:
            x = layer(x, mask)  # [B, S, D]
        tokens = self.norm(x) * real[..., None]  # [B, S, D]
        pooled = tokens.sum(dim=1) / real.sum(dim=1, keepdim=True).clamp(min=1)  # [B, D]
        return TextEmbedding(tokens=tokens, pooled=pooled)

    def reset_parameters(self) -> None:
        """Small normal embeddings and maps, zero biases."""
        nn.init.normal_(self.positions, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Linear) else 0.05)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
