"""The video transformer: latents, noise levels and text in, a prediction of the same shape out.

One class runs the Wan family and the bundled model; parameters carry the names of Wan's own checkpoints
(https://github.com/Wan-Video/Wan2.2, `wan/modules/model.py`), so those files load without renaming. Patches
carry their own noise levels: modulation has the granularity of the timesteps (clip, frame or token).

B batch, C channels, F H W latent frames, rows, columns, N tokens, D width, S text slots, M image slots,
G groups of consecutive tokens that share a timestep, n = N/G tokens in a group.
"""

import math
from collections.abc import Iterator
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from himmel.blocking import channels
from himmel.errors import UsageError
from himmel.transformer.attention import CrossAttention, SelfAttention
from himmel.transformer.blocking import BlockingStem
from himmel.transformer.config import TransformerConfig
from himmel.transformer.convolutions import ConvHead, ConvStem, SpaceConv, over_latents, to_video
from himmel.transformer.rope import Rotation, rotation

__all__ = ["VideoTransformer"]

EPS = 1e-6
TIME_WIDTH = 256
KEPT_WIDE = ("time_embedding.", "modulation", "norm3.", "img_emb.proj.0.", "img_emb.proj.4.")


class Block(nn.Module):
    """Self-attention, cross-attention and feed-forward on a residual stream."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.lean = config.precision == "lean"
        self.modulation = nn.Parameter(torch.empty(1, 6, config.dim))
        self.self_attn = SelfAttention(config)
        self.norm3 = nn.LayerNorm(config.dim, eps=EPS)
        self.cross_attn = CrossAttention(config)
        self.ffn = nn.Sequential(
            nn.Linear(config.dim, config.ffn_dim),
            nn.SiLU() if config.activation == "silu" else nn.GELU(approximate="tanh"),
            nn.Linear(config.ffn_dim, config.dim),
        )

    def forward(self, x: Tensor, levels: Tensor, context: Tensor, rotate: Rotation) -> Tensor:
        """Refine x [B, N, D]; levels [B, G, 6, D] say how noisy each group of tokens is."""
        wide = x.dtype if self.lean else torch.float32
        m = (self.modulation.float() + levels.float()).unsqueeze(3)  # [B, G, 6, 1, D]
        shift1, scale1, gate1, shift2, scale2, gate2 = m.unbind(2)  # 6 x [B, G, 1, D]

        y = _modulate(_layer_norm(x.to(wide)), shift1, scale1).to(x.dtype)  # [B, N, D]
        x = _add_gated(x.to(wide), self.self_attn(y, rotate), gate1).to(x.dtype)  # [B, N, D]

        y = _layer_norm(x.to(wide), self.norm3).to(x.dtype)  # [B, N, D]
        x = x + self.cross_attn(y, context)  # [B, N, D]

        y = _modulate(_layer_norm(x.to(wide)), shift2, scale2).to(x.dtype)  # [B, N, D]
        return _add_gated(x.to(wide), self.ffn(y), gate2).to(x.dtype)  # [B, N, D]


class Head(nn.Module):
    """From the residual stream to patches of latents."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.lean = config.precision == "lean"
        self.modulation = nn.Parameter(torch.empty(1, 2, config.dim))
        self.head = nn.Linear(config.dim, config.out_channels * config.patch_volume)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """Read patches [B, N, patch volume * C] from x [B, N, D]; level [B, G, D] is the time embedding."""
        wide = x.dtype if self.lean else torch.float32
        shift, scale = (self.modulation + level.unsqueeze(2)).float().unsqueeze(3).unbind(2)  # 2 x [B, G, 1, D]
        y = _modulate(_layer_norm(x.to(wide)), shift, scale).to(x.dtype)  # [B, N, D]
        return cast(Tensor, self.head(y))  # [B, N, patch volume * C]


class ImageEmbedding(nn.Module):
    """CLIP image embeddings to the width of the blocks."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width, positions = config.image_dim, config.image_positions
        self.proj = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, config.dim),
            nn.LayerNorm(config.dim),
        )
        self.emb_pos = nn.Parameter(torch.zeros(1, positions, width)) if positions else None

    def forward(self, image: Tensor) -> Tensor:
        """Map image [B, M, image_dim] to [B, M, D]; the norms are computed in float32."""
        norm, *layers, last_norm = self.proj
        x = image if self.emb_pos is None else image + self.emb_pos  # [B, M, image_dim]
        x = _layer_norm(x.float(), norm).to(image.dtype)  # [B, M, image_dim]
        x = nn.Sequential(*layers)(x)  # [B, M, D]
        return _layer_norm(x.float(), last_norm).to(x.dtype)  # [B, M, D]


class PlaceEmbedding(nn.Module):
    """Where in the clip a patch lies; says nothing until it has learned, so a model may gain it later.

    Coordinates run from -1 to 1 along time, height and width whatever the size of the clip.
    """

    silent: ClassVar[bool] = True  # at first; a run may gain it

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.waves = config.place_waves
        self.map = nn.Linear(6 * self.waves, config.dim, bias=False)

    def forward(self, grid: tuple[int, int, int]) -> Tensor:
        """Embeddings [1, N, D] of a (time, height, width) grid."""
        axes = [self._waves(count) for count in grid]  # 3 x [f or h or w, 2 * waves]
        along, down, across = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None]
        places = torch.cat([axis.expand(*grid, -1) for axis in (along, down, across)], dim=-1)
        return cast(Tensor, self.map(places.flatten(0, 2).to(self.map.weight.dtype)))[None]  # [1, N, D]

    def _waves(self, count: int) -> Tensor:
        device = self.map.weight.device
        middles = (2 * torch.arange(count, device=device) + 1) / count - 1  # [count]
        angles = middles[:, None] * (math.pi / 2) * 2 ** torch.arange(self.waves, device=device)  # [count, waves]
        return torch.cat((angles.sin(), angles.cos()), dim=-1)  # [count, 2 * waves]


class VideoTransformer(nn.Module):
    """Predicts velocity or clean latents (`config.prediction`) of a video whose patches are noisy."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        self.patch_embedding = nn.Conv3d(config.in_channels, dim, config.patch, config.patch)
        self.place_embedding = PlaceEmbedding(config) if config.place_waves else None
        self.text_embedding = nn.Sequential(
            nn.Linear(config.text_dim, dim), nn.GELU(approximate="tanh"), nn.Linear(dim, dim)
        )
        self.time_embedding = nn.Sequential(nn.Linear(TIME_WIDTH, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.pooled_embedding = nn.Linear(config.text_dim, dim) if config.pooled_text else None
        self.img_emb = ImageEmbedding(config) if config.image_dim else None
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.head = Head(config)
        self.conv_stem = ConvStem(config) if config.conv_width else None
        self.conv_head = ConvHead(config) if config.conv_width else None
        self.blocking_stem = BlockingStem(config) if config.actors else None
        self.reset_parameters()

    def forward(
        self,
        latents: Tensor,
        timesteps: Tensor,
        text: Tensor,
        *,
        pooled: Tensor | None = None,
        image: Tensor | None = None,
        blocking: Tensor | None = None,
        frame_offset: int | Tensor = 0,
    ) -> Tensor:
        """Predict [B, C, F, H, W] from latents [B, C', F, H, W].

        timesteps: noise level times 1000, per clip [B], per latent frame [B, F] or per token [B, N].
        text: [B, S, text_dim], S up to `text_len`; missing slots are zeros and are attended like the rest. Where
        there are fewer texts than clips, as many clips in a row share each. pooled: [B, text_dim], as many as
        texts, where the config has `pooled_text`. image: [B, M, image_dim], where it has one. blocking: [B, K, F]
        (`himmel.blocking`), where it has actors; zeros, or None, say nothing.
        frame_offset: place of the first latent frame in time, an int or [B].
        Raises UsageError when a shape does not fit the config.
        """
        self._check(latents, timesteps, text, pooled, image)
        grid = self._grid(latents)
        dtype = self.head.head.weight.dtype
        rotate = rotation(self.config.head_dim, grid, frame_offset=frame_offset, device=latents.device)

        x = self.patch_embedding(latents.to(dtype)).flatten(2).transpose(1, 2).contiguous()  # [B, N, D]
        if self.place_embedding is not None:
            x = x + self.place_embedding(grid).to(dtype)  # [B, N, D]
        level = self._time(timesteps, pooled, dtype)  # [B, G, D]
        levels = self.time_projection(level).unflatten(-1, (6, -1))  # [B, G, 6, D]
        context = self._context(text, image, dtype)  # [B, M + S, D]

        t = self._levels(timesteps, latents, grid) if self.config.conv_width else None  # [B, F, H, W, 1]
        seen, active = None, F.silu(level)  # [B, G, D]
        if self.conv_stem is not None and t is not None:
            placed = self._placed(blocking, text, latents)  # [B, F, H, W, C]
            seen, told = self.conv_stem(latents.to(dtype), t, active, grid, placed)
            x = x + told  # [B, N, D]
        for block in self.blocks:
            x = block(x, levels, context, rotate)  # [B, N, D]
        prediction = to_video(self.head(x, level), grid, self.config.patch).movedim(-1, 1)  # [B, C, F, H, W]
        if self.conv_head is None or seen is None or t is None:
            return prediction
        change = self.conv_head(seen, _layer_norm(x), prediction, active, grid)  # [B, C, F, H, W]
        return cast(Tensor, prediction + self._error(t.movedim(-1, 1)).to(dtype) * change)  # [B, C, F, H, W]

    def reset_parameters(self) -> None:
        """Wan's initialisation: Xavier, normal embeddings of text and time, a head that says zero."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.Conv3d):
                nn.init.xavier_uniform_(module.weight.flatten(1))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, SpaceConv):
                nn.init.xavier_uniform_(module.weight.flatten(1))
                nn.init.zeros_(module.bias)
            if isinstance(module, Block | Head):
                nn.init.normal_(module.modulation, std=self.config.dim**-0.5)
        for layer in (*self.text_embedding, *self.time_embedding):
            if isinstance(layer, nn.Linear):
                # 0.016 at Wan's text width, where Wan has 0.02; a fixed 0.02 would mute narrow text.
                nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        nn.init.zeros_(self.head.head.weight)
        if self.place_embedding is not None:
            nn.init.zeros_(self.place_embedding.map.weight)
        for silent in self._silent():
            nn.init.zeros_(silent)

    def store_in(self, dtype: torch.dtype) -> "VideoTransformer":
        """Store parameters in `dtype`, except those that Wan keeps in float32; returns self."""
        for name, parameter in self.named_parameters():
            kept = any(part in name for part in KEPT_WIDE)
            parameter.data = parameter.data.to(torch.float32 if kept else dtype)
        return self

    def _time(self, timesteps: Tensor, pooled: Tensor | None, dtype: torch.dtype) -> Tensor:
        # Always float32: neighbouring timesteps differ by less than bfloat16 resolves.
        with torch.autocast(timesteps.device.type, enabled=False):
            t = timesteps.reshape(timesteps.shape[0], -1).float()  # [B, G]
            powers = torch.arange(TIME_WIDTH // 2, dtype=torch.float32, device=t.device) / (TIME_WIDTH // 2)
            angles = t[..., None] * torch.exp(-math.log(10000) * powers)  # [B, G, 128]
            level = self.time_embedding(torch.cat((angles.cos(), angles.sin()), dim=-1))  # [B, G, D]
        level = level.to(dtype)
        if pooled is not None and self.pooled_embedding is not None:
            told = self.pooled_embedding(pooled.to(dtype)).to(dtype)  # [B, D], or fewer
            level = level + told.repeat_interleave(len(level) // len(told), 0)[:, None]  # [B, G, D]
        return cast(Tensor, level)

    def _levels(self, timesteps: Tensor, latents: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Noise level of every latent, 0 to 1: float32 [B, F, H, W, 1]."""
        t = (timesteps.float() / 1000).reshape(len(timesteps), -1, 1)  # [B, G, 1]
        return over_latents(t, grid, self.config.patch).expand(-1, -1, *latents.shape[3:], -1)

    def _placed(self, blocking: Tensor | None, text: Tensor, latents: Tensor) -> Tensor | None:
        """What a blocking and the slots of its actors say of every latent."""
        if blocking is None:
            return None
        if self.blocking_stem is None:
            raise UsageError("this transformer has no actors; ask it without a blocking")
        actors, (batch, _, frames) = self.config.actors, latents.shape[:3]
        if blocking.shape != (batch, channels(actors), frames):
            raise UsageError(
                f"a blocking {tuple(blocking.shape)} does not fit {actors} actors over {frames} latent frames; "
                f"make it {(batch, channels(actors), frames)}"
            )
        slots = text[:, : self.config.actors].repeat_interleave(len(latents) // len(text), 0)  # [B, K, text_dim]
        return cast(Tensor, self.blocking_stem(blocking, slots, latents.shape[3:]))

    def _error(self, t: Tensor) -> Tensor:
        """How large the error of a prediction is at noise levels t, where latents have the deviation 1.

        With it the change that the convolutions make is asked of them at one size (EDM, arXiv 2206.00364).
        """
        return (
            t / (t.square() + (1 - t).square()).sqrt() if self.config.prediction == "clean" else torch.ones_like(t)
        )

    def _silent(self) -> Iterator[Tensor]:
        """Weights of layers that say nothing at first."""
        if self.conv_stem is not None and self.conv_head is not None:
            yield from (self.conv_stem.tell.weight, self.conv_head.leave.weight)
            for block in (*self.conv_stem.blocks, *self.conv_head.blocks):
                yield from (block.level.weight, block.time.weight)
        if self.blocking_stem is not None:
            yield from (self.blocking_stem.actor_out.weight, self.blocking_stem.view_out.weight)

    def _context(self, text: Tensor, image: Tensor | None, dtype: torch.dtype) -> Tensor:
        text = F.pad(text, (0, 0, 0, self.config.text_len - text.shape[1]))  # [B, S, text_dim]
        slots = cast(Tensor, self.text_embedding(text.to(dtype)))  # [B, S, D]
        if image is None or self.img_emb is None:
            return slots
        return torch.cat((self.img_emb(image.to(dtype)), slots), dim=1)  # [B, M + S, D]

    def _grid(self, latents: Tensor) -> tuple[int, int, int]:
        frames, height, width = latents.shape[2:]
        step = self.config.patch
        return frames // step[0], height // step[1], width // step[2]

    def _check(
        self, latents: Tensor, timesteps: Tensor, text: Tensor, pooled: Tensor | None, image: Tensor | None
    ) -> None:
        config = self.config
        batch, channels, *size = latents.shape
        if channels != config.in_channels or any(s % p for s, p in zip(size, config.patch, strict=True)):
            raise UsageError(
                f"latents {tuple(latents.shape)} are not {config.in_channels} channels in patches of "
                f"{config.patch}; pad or crop them to multiples of the patch"
            )
        tokens = math.prod(self._grid(latents))
        groups = timesteps.numel() // batch
        if timesteps.shape[0] != batch or groups not in (1, self._grid(latents)[0], tokens):
            raise UsageError(
                f"timesteps {tuple(timesteps.shape)} do not fit {batch} clips of {tokens} tokens; "
                f"give one per clip, per latent frame ({self._grid(latents)[0]}) or per token"
            )
        if text.shape[1] > config.text_len or text.shape[2] != config.text_dim:
            raise UsageError(
                f"text {tuple(text.shape)} is not up to {config.text_len} slots of width {config.text_dim}; "
                "shorten it"
            )
        if batch % len(text):
            raise UsageError(f"{batch} clips cannot share {len(text)} texts evenly; give a text to each")
        for name, given, wanted in (
            ("pooled", pooled is not None, config.pooled_text),
            ("image", image is not None, config.image_dim > 0),
        ):
            if given != wanted:
                raise UsageError(f"this transformer {'needs' if wanted else 'takes no'} {name} embeddings")


def _layer_norm(x: Tensor, norm: nn.Module | None = None) -> Tensor:
    if not isinstance(norm, nn.LayerNorm):
        return F.layer_norm(x, x.shape[-1:], eps=EPS)
    return F.layer_norm(x, x.shape[-1:], norm.weight.to(x.dtype), norm.bias.to(x.dtype), norm.eps)


def _modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Scale and shift x [B, N, D] by [B, G, 1, D] per group of tokens."""
    groups = x.view(len(x), shift.shape[1], -1, x.shape[-1])  # [B, G, n, D]
    return (groups * (1 + scale).to(x.dtype) + shift.to(x.dtype)).view_as(x)  # [B, N, D]


def _add_gated(x: Tensor, update: Tensor, gate: Tensor) -> Tensor:
    """Add update [B, N, D], scaled by gate [B, G, 1, D] per group of tokens, to x [B, N, D]."""
    shape = (len(x), gate.shape[1], -1, x.shape[-1])
    return (x.view(shape) + update.view(shape) * gate.to(x.dtype)).view_as(x)  # [B, N, D]
