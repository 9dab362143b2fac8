"""The bundled codec: 4 frames x 16 x 16 pixels to one latent of 48 channels and back, causal in time.

A clip of 1 + 4k frames starts with frame 0 repeated three times, so that every latent frame covers four
frames and is statistically like every other; the decoder drops the three again. Convolutions are
two-dimensional; time is mixed only by memory blocks (blocks.py), so a stream carries one feature map per
memory block and uses the same memory for a minute as for a second.

    B clips    T frames    F latent frames    H W pixels    h w latents
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d, silu

from himmel.codec.blocks import Memory, Resample, Residual, fold, unfold
from himmel.errors import UsageError, WeightsError
from himmel.shapes import Compression, Size

__all__ = ["Codec", "CodecConfig"]

_LEADING = 3  # times frame 0 is repeated in front, so that 1 + 4k frames become 4(1 + k)


@dataclass(frozen=True, kw_only=True)
class CodecConfig:
    """Widths of the codec.

    channels: at 1/4, 1/8 and 1/16 of the picture. latent_channels: of one latent.
    encoder_blocks: residual blocks at each level; the decoder has one more at each.
    """

    channels: tuple[int, int, int] = (64, 128, 256)
    latent_channels: int = 48
    encoder_blocks: tuple[int, int, int] = (1, 1, 1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "encoder_blocks", tuple(self.encoder_blocks))
        if any(coarse not in (fine, 2 * fine, 4 * fine) for fine, coarse in pairwise(self.channels)):
            raise UsageError(f"channels {self.channels}: each must be 1, 2 or 4 times the one before it")
        if self.latent_channels < 1 or min(self.encoder_blocks) < 0:
            raise UsageError(
                f"latent_channels {self.latent_channels} and encoder_blocks {self.encoder_blocks} must be positive"
            )

    @property
    def compression(self) -> Compression:
        """Pixels per latent: the product of the folds below."""
        return Compression(time=4, space=16)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a weights file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "CodecConfig":
        """Undo `to_dict`; raises WeightsError on an unknown key."""
        unknown = values.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise WeightsError(f"codec config has unknown keys {sorted(unknown)}; this file needs another version")
        return cls(**values)


class Codec(nn.Module):
    """Frames to latents and back.

    Latents leave `encode` and enter `decode` with mean 0 and deviation 1 per channel, by the buffers
    `mean` and `std` that training measures once. `compress` and `reconstruct` are the bare networks.
    """

    mean: Tensor
    std: Tensor
    preview_rgb: Tensor
    preview_bias: Tensor

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.channels
        one, two, three = config.encoder_blocks
        self.pixels_in = nn.Conv2d(3 * 16, fine, 3, padding=1)
        self.encoder = nn.ModuleList(
            [Residual(fine) for _ in range(one)]
            + [Resample(fine, middle, time=1, space=2, up=False)]
            + [Memory(middle) for _ in range(two)]
            + [Resample(middle, coarse, time=4, space=2, up=False)]
            + [Memory(coarse) for _ in range(three)]
        )
        self.to_latent = nn.Conv2d(coarse, config.latent_channels, 1)
        self.from_latent = nn.Conv2d(config.latent_channels, coarse, 3, padding=1)
        self.decoder = nn.ModuleList(
            [Memory(coarse) for _ in range(three + 1)]
            + [Resample(middle, coarse, time=4, space=2, up=True)]
            + [Memory(middle) for _ in range(two + 1)]
            + [Resample(fine, middle, time=1, space=2, up=True)]
            + [Residual(fine) for _ in range(one + 1)]
        )
        # The last doubling goes 1/4 -> 1/2 -> pixels: a 3x3 convolution at 1/2 overlaps the 4x4 patches
        # that a single linear step would leave visible at their borders.
        self.half_size = Resample(fine // 2, fine, time=1, space=2, up=True)
        self.pixels_out = nn.Conv2d(fine // 2, 3 * 4, 3, padding=1)
        self.register_buffer("mean", torch.zeros(config.latent_channels))
        self.register_buffer("std", torch.ones(config.latent_channels))
        self.register_buffer("preview_rgb", torch.zeros(3, config.latent_channels))
        self.register_buffer("preview_bias", torch.zeros(3))

    @property
    def compression(self) -> Compression:
        """Pixels per latent."""
        return self.config.compression

    def encode(self, video: Tensor) -> Tensor:
        """[B, 3, T, H, W] in [-1, 1], T = 1 + 4k -> latents [B, 48, F, h, w], mean 0, deviation 1.

        Raises UsageError when T, H or W do not divide.
        """
        self.compression.check(Size(width=video.shape[4], height=video.shape[3]))
        self.compression.latent_frames(video.shape[2])
        latents, _ = self.compress(self.lead_in(video))
        return self._normalised(latents)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents [B, 48, F, h, w] -> [B, 3, 1 + 4(F-1), 16h, 16w] in [-1, 1]."""
        video, _ = self.reconstruct(self._denormalised(latents))
        return video[:, :, _LEADING:].clamp(-1, 1)

    def encode_stream(self, chunks: Iterable[Tensor]) -> Iterator[Tensor]:
        """Chunks [B, 3, t, H, W] of any length -> chunks of latents [B, 48, f, h, w], equal to `encode`.

        Frames left over after the last full group of four are not encoded.
        """
        past: list[Tensor | None] | None = None
        waiting: Tensor | None = None
        for chunk in chunks:
            waiting = self.lead_in(chunk) if waiting is None else torch.cat([waiting, chunk], dim=2)
            ready = waiting.shape[2] // 4 * 4
            if ready:
                latents, past = self.compress(waiting[:, :, :ready], past)
                waiting = waiting[:, :, ready:]
                yield self._normalised(latents)

    def decode_stream(self, latents: Tensor | Iterable[Tensor]) -> Iterator[Tensor]:
        """Latents, whole or in chunks [B, 48, f, h, w] -> chunks of frames [B, 3, t, H, W], equal to `decode`.

        A whole tensor is decoded one latent frame at a time. Memory does not grow with length.
        """
        chunks = torch.split(latents, 1, dim=2) if isinstance(latents, Tensor) else latents
        past: list[Tensor | None] | None = None
        for chunk in chunks:
            first = past is None
            video, past = self.reconstruct(self._denormalised(chunk), past)
            yield video[:, :, _LEADING if first else 0 :].clamp(-1, 1)

    def compress(
        self, video: Tensor, past: list[Tensor | None] | None = None
    ) -> tuple[Tensor, list[Tensor | None]]:
        """[B, 3, 4F, H, W] -> raw latents [B, 48, F, h, w] and what the memory blocks keep for the next chunk."""
        batch = video.shape[0]
        x = _frames_first(video)  # [4F*B, 3, H, W]
        x = self.pixels_in(fold(x, batch, 1, 4))  # [4F*B, fine, H/4, W/4]
        x, past = _run(self.encoder, x, batch, past)  # [F*B, coarse, h, w]
        x = self.to_latent(x)  # [F*B, 48, h, w]
        return _clips_first(x, batch), past

    def reconstruct(
        self, latents: Tensor, past: list[Tensor | None] | None = None
    ) -> tuple[Tensor, list[Tensor | None]]:
        """Raw latents [B, 48, F, h, w] -> [B, 3, 4F, H, W] and what the memory blocks keep."""
        batch = latents.shape[0]
        x = self.from_latent(_frames_first(latents))  # [F*B, coarse, h, w]
        x, past = _run(self.decoder, x, batch, past)  # [4F*B, fine, H/4, W/4]
        x, _ = self.half_size(silu(x), batch)  # [4F*B, fine/2, H/2, W/2]
        x = self.pixels_out(silu(x))  # [4F*B, 12, H/2, W/2]
        x = unfold(x, batch, 1, 2)  # [4F*B, 3, H, W]
        return _clips_first(x, batch), past

    def preview(self, latents: Tensor) -> Tensor:
        """A picture per latent without decoding: [B, 48, F, h, w] -> [B, 3, F, h, w] in [-1, 1]."""
        picture = torch.einsum("rc,bcfhw->brfhw", self.preview_rgb, latents)
        return (picture + self.preview_bias[:, None, None, None]).clamp(-1, 1)

    @torch.no_grad()
    def measure(self, mean: Tensor, std: Tensor) -> None:
        """Freeze what `encode` subtracts and divides by; both [48]. Done once, after training."""
        self.mean.copy_(mean)
        self.std.copy_(std)

    @torch.no_grad()
    def fit_preview(self, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Fit `preview` by least squares to pairs of normalised latents [B, 48, F, h, w] and their video."""
        size = self.config.latent_channels + 1
        gram, aim = (torch.zeros(size, n, dtype=torch.float64, device=self.mean.device) for n in (size, 3))
        for latents, video in pairs:
            small = avg_pool3d(self.lead_in(video), (4, 16, 16))  # [B, 3, F, h, w]
            wanted = small.double().movedim(1, -1).flatten(0, -2)  # [N, 3]
            known = latents.double().movedim(1, -1).flatten(0, -2)  # [N, 48]
            known = torch.cat([known, torch.ones_like(known[:, :1])], dim=1)  # [N, 49]
            gram += known.T @ known
            aim += known.T @ wanted
        ridge = 1e-6 * gram.diagonal().mean() * torch.eye(size, dtype=gram.dtype, device=gram.device)
        solution = torch.linalg.solve(gram + ridge, aim)  # [49, 3]
        self.preview_rgb.copy_(solution[:-1].T)
        self.preview_bias.copy_(solution[-1])

    @staticmethod
    def lead_in(video: Tensor) -> Tensor:
        """Repeat frame 0 three times in front: [B, 3, 1 + 4k, H, W] -> [B, 3, 4(1 + k), H, W]."""
        x = video.permute(0, 2, 3, 4, 1)  # [B, T, H, W, 3]: the order that frames arrive in and convolutions read
        return torch.cat([x[:, :1]] * _LEADING + [x], dim=1).permute(0, 4, 1, 2, 3)

    def _normalised(self, latents: Tensor) -> Tensor:
        return (latents.float() - self.mean[:, None, None, None]) / self.std[:, None, None, None]

    def _denormalised(self, latents: Tensor) -> Tensor:
        return (latents * self.std[:, None, None, None] + self.mean[:, None, None, None]).to(self.mean.dtype)


def _run(
    blocks: nn.ModuleList, x: Tensor, batch: int, past: list[Tensor | None] | None
) -> tuple[Tensor, list[Tensor | None]]:
    kept: list[Tensor | None] = []
    for block, memory in zip(blocks, past or [None] * len(blocks), strict=True):
        x, memory = block(x, batch, memory)
        kept.append(memory)
    return x, kept


def _frames_first(video: Tensor) -> Tensor:
    """[B, C, T, H, W] -> [T*B, C, H, W], channels last in memory."""
    return video.permute(2, 0, 3, 4, 1).flatten(0, 1).permute(0, 3, 1, 2)


def _clips_first(x: Tensor, batch: int) -> Tensor:
    """[T*B, C, H, W] -> [B, C, T, H, W]; a view."""
    return x.view(-1, batch, *x.shape[1:]).permute(1, 2, 0, 3, 4)
