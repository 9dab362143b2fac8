"""A small text encoder, trained together with the transformer that reads it or taught to read before.

Word embeddings, learned positions and a few layers are enough for a closed grammar. With queries, the encoder
hands on not the words but what it has read in them: `himmel.train.reading` teaches each query its part of a scene.

B prompts, L words, Q queries, S slots (Q, or L without queries), D width.
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
    """Prompts as vectors: tokens [B, S, D], zero where nothing is said, and pooled [B, D], the others' mean."""

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
        self.queries = nn.Parameter(torch.empty(config.queries, config.width)) if config.queries else None
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.reset_parameters()

    def tokenize(self, prompts: Sequence[str]) -> Tokens:
        """Number the words of prompts; see `tokenize`."""
        return tokenize(prompts, self.config)

    def forward(self, ids: Tensor) -> TextEmbedding:
        """Embed ids [B, L] (`tokenize`); padding is neither read nor written."""
        real = ids != PAD  # [B, L]
        said = real.any(dim=1, keepdim=True)  # [B, 1]
        x = self.words(ids) + self.positions  # [B, L, D]
        if self.queries is not None:
            x = torch.cat((self.queries.expand(len(ids), -1, -1), x), dim=1)  # [B, Q + L, D]
            asking = said.expand(-1, len(self.queries))  # [B, Q]
            written, real = asking, torch.cat((asking, real), dim=1)  # [B, Q], [B, Q + L]
        else:
            written = real  # [B, S]
        # A prompt without words reads its padding, since attention to nothing is not a number.
        mask = (real | ~said)[:, None, None]  # [B, 1, 1, Q + L]
        for layer in self.layers:
            x = layer(x, mask)  # [B, Q + L, D]
        tokens = self.norm(x[:, : written.shape[1]]) * written[..., None]  # [B, S, D]
        pooled = tokens.sum(dim=1) / written.sum(dim=1, keepdim=True).clamp(min=1)  # [B, D]
        return TextEmbedding(tokens=tokens, pooled=pooled)

    def reset_parameters(self) -> None:
        """Small normal embeddings and maps, zero biases."""
        nn.init.normal_(self.positions, std=0.02)
        if self.queries is not None:
            nn.init.normal_(self.queries, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Linear) else 0.05)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
