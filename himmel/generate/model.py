"""The networks and how the sampler asks them.

B is 1 or, with guidance, 2 (with text, without); C F H W latents; S D text slots and width; K numbers
of a blocking.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from himmel.codec import Codec
from himmel.finish import Finisher
from himmel.flow import Branches, Predict, network_timesteps
from himmel.shapes import Compression
from himmel.text import TextEmbedding, TextEncoder, tokenize
from himmel.transformer import VideoTransformer

__all__ = ["Asked", "Model"]

# A prediction of clean latents, which have deviation 1, is kept within this many deviations (model.md 3.5).
CLEAN_LIMIT = 4.0


@dataclass(frozen=True, kw_only=True)
class Model:
    """Codec, text encoder, transformer and, where the weights have them, planner and finisher on one device.

    `planner` is a transformer of blockings (`himmel.blocking`). `dtype` is that of the activations of transformer
    and finisher.
    """

    codec: Codec
    text: TextEncoder
    transformer: VideoTransformer
    planner: VideoTransformer | None = None
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

    @property
    def planning(self) -> "Model | None":
        """The model that makes blockings where this one makes videos; None where it cannot be told any."""
        if self.planner is None or not self.transformer.config.actors:
            return None
        return replace(self, transformer=self.planner, planner=None, dtype=torch.float32, casts={})

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

    def predict(
        self, latents: Tensor, levels: Tensor, tokens: Tensor, pooled: Tensor, blocking: Tensor | None = None
    ) -> Tensor:
        """What the transformer says of latents [1, C, F, H, W] at noise levels [1, 1, F, H, W] with each text.

        tokens [B, S, D], pooled [B, D] and blocking [B, K, F] of B texts -> float32 [B, C, F, H, W].
        """
        batch, config = len(tokens), self.transformer.config
        timesteps = network_timesteps(levels, config.patch, truncate=False)  # [1], [1, F] or [1, N]
        predicted: Tensor = self.transformer(
            latents.to(self.dtype).expand(batch, -1, -1, -1, -1),
            timesteps.expand(batch, *timesteps.shape[1:]),
            tokens.to(self.dtype),
            pooled=pooled.to(self.dtype) if config.pooled_text else None,
            blocking=blocking,
        ).float()  # [B, C, F, H, W]
        return predicted.clamp(-CLEAN_LIMIT, CLEAN_LIMIT) if config.prediction == "clean" else predicted


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The transformer with the texts of a shot: what `flow.roll` asks about its latent frames.

    texts: by the latent frame they begin at, 0 first, in order. blocking: [1, K, F] of all latent frames of the
    shot, None where nothing is told of them.
    """

    model: Model
    texts: Mapping[int, TextEmbedding]
    blocking: Tensor | None = None

    def begins(self, place: int) -> int:
        """The latent frame at which the text of a latent frame begins."""
        return max(start for start in self.texts if start <= place)

    def over(self, places: tuple[int, ...]) -> Predict:
        """The model asked about latent frames at these places, the last of those it is shown.

        Where texts meet in a window the model reads it once with each, and every latent frame takes the prediction
        with its own: the switch is clean, and both sides see each other.
        """
        return partial(self._predict, places)

    def _predict(self, places: tuple[int, ...], latents: Tensor, levels: Tensor, guided: bool) -> Branches:
        """Predict latent frames, the last of which are at `places`."""
        starts = tuple(map(self.begins, places))
        begins = tuple(dict.fromkeys(starts))
        texts = [self.texts[start] for start in begins]
        tokens = [text.tokens[:1] for text in texts] + [texts[-1].tokens[1:]] * guided  # [1, S, D] each
        pooled = [text.pooled[:1] for text in texts] + [texts[-1].pooled[1:]] * guided  # [1, D] each
        frames, blocking = latents.shape[2], None
        if self.blocking is not None:
            told = self.blocking[:, :, list(places)]  # [1, K, f]
            told = F.pad(told, (frames - len(places), 0)).expand(len(begins), -1, -1)  # what is made is seen
            blocking = torch.cat((told, *[torch.zeros_like(told[:1])] * guided))  # [B, K, F]
        predicted = self.model.predict(latents, levels, torch.cat(tokens), torch.cat(pooled), blocking)
        rows = [0] * (frames - len(starts)) + [begins.index(start) for start in starts]
        own = predicted[rows, :, list(range(frames))].transpose(0, 1)[None]  # [1, C, F, H, W]
        return Branches(text=own, null=predicted[-1:] if guided else None)
