"""The networks and how the sampler asks them.

B is 1 or, with guidance, 2 (with text, without); C F H W latents; S D text slots and width.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from himmel.codec import Codec
from himmel.finish import Finisher
from himmel.flow import Branches, network_timesteps
from himmel.shapes import Compression
from himmel.text import TextEmbedding, TextEncoder, tokenize
from himmel.transformer import VideoTransformer

__all__ = ["Asked", "Model"]

# A prediction of clean latents, which have deviation 1, is kept within this many deviations (model.md 3.5).
CLEAN_LIMIT = 4.0


@dataclass(frozen=True, kw_only=True)
class Model:
    """Codec, text encoder, transformer and, where the weights have one, finisher on one device.

    `dtype` is that of the activations of transformer and finisher.
    """

    codec: Codec
    text: TextEncoder
    transformer: VideoTransformer
    finisher: Finisher | None = None
    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    casts: "dict[str, Model]" = field(default_factory=dict, repr=False)

    @property
    def compression(self) -> Compression:
        """Pixels per latent and latents per token."""
        return replace(self.codec.compression, patch=self.transformer.config.patch)

    def cast(self, precision: str) -> "Model":
        """This model with transformer and finisher in "float32" or "bfloat16"; made once and kept.

        The float32 original stays, so that a plan of the other precision is made from the exact weights.
        """
        dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
        if dtype == self.dtype:
            return self
        if precision not in self.casts:
            transformer = deepcopy(self.transformer).store_in(dtype)
            finisher = self.finisher and self.finisher.store_in(dtype)
            cast = replace(self, transformer=transformer, finisher=finisher, dtype=dtype, casts={})
            self.casts[precision] = cast
        return self.casts[precision]

    def embed(self, caption: str, negative: str) -> TextEmbedding:
        """Slots [2, S, D] and pooled [2, D] of the caption and of what guidance leads away from.

        Words that the lexicon lacks are left out: the embeddings that would spell them were never trained.
        """
        ids = tokenize([caption, negative], self.text.config, spell=False).ids
        embedding: TextEmbedding = self.text(ids.to(self.device))
        return embedding

    def encode(self, video: Tensor) -> Tensor:
        """Video [1, 3, T, H, W] -> latents [1, C, F, h, w] on the CPU."""
        return self.codec.encode(video.to(self.device)).cpu()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The transformer with its text: what `flow.sample` calls at each step."""

    model: Model
    text: TextEmbedding

    def __call__(self, latents: Tensor, levels: Tensor, guided: bool) -> Branches:
        """Predict from latents [1, C, F, H, W] at noise levels [1, 1, F, H, W], with and without text."""
        batch = 2 if guided else 1
        transformer = self.model.transformer
        patch, dtype = transformer.config.patch, self.model.dtype
        timesteps = network_timesteps(levels, patch, truncate=False)  # [1], [1, F] or [1, N]
        predicted = transformer(
            latents.to(dtype).expand(batch, -1, -1, -1, -1),
            timesteps.expand(batch, *timesteps.shape[1:]),
            self.text.tokens[:batch].to(dtype),
            pooled=self.text.pooled[:batch].to(dtype) if transformer.config.pooled_text else None,
        ).float()  # [B, C, F, H, W]
        if transformer.config.prediction == "clean":
            predicted = predicted.clamp(-CLEAN_LIMIT, CLEAN_LIMIT)
        return Branches(text=predicted[:1], null=predicted[1:] if guided else None)
