"""Train a codec from scratch on crops of decoded clips, measure its latents, export it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from himmel.codec import Codec
from himmel.train.loop import Loop
from himmel.train.metrics import Progress
from himmel.train.objective import codec_loss, psnr
from himmel.train.pixels import PixelCache, to_video
from himmel.train.recipes import CodecRecipe
from himmel.weights import Part

__all__ = ["CodecTask", "TrainedCodec", "train_codec"]


@dataclass(frozen=True, kw_only=True)
class TrainedCodec:
    """A finished codec: `codec` with measured latents, `figures` on held-out clips, the average they chose.

    sources: what names the clips that it learned from, see `Loop.sources`.
    """

    codec: Codec
    figures: dict[str, float]
    average: str
    steps: int
    samples: int
    sources: tuple[str, ...]

    def part(self) -> Part:
        """The part "codec", for `himmel.weights.save_weights`."""
        return Part(config=self.codec.config.to_dict(), tensors=self.codec.state_dict())


class CodecTask:
    """Crops in, reconstruction loss out."""

    def __init__(self, recipe: CodecRecipe) -> None:
        self.recipe = recipe
        self.device = recipe.run.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            self.model = Codec(recipe.model).to(self.device)
        self.pixels = PixelCache(recipe.data.pixels, held_out=recipe.data.held_out)
        self._compress = torch.compile(self.model.compress) if recipe.run.compile else self.model.compress
        self._reconstruct = torch.compile(self.model.reconstruct) if recipe.run.compile else self.model.reconstruct

    def draw(self, rng: np.random.Generator, progress: float) -> Sequence[npt.NDArray[np.uint8]]:
        """One part: uint8 [B, T, crop, crop, 3]."""
        data = self.recipe.data
        return [self.pixels.draw(rng, batch=data.batch, frames=data.frames, crop=data.crop)]

    def kind(self, part: npt.NDArray[np.uint8]) -> Hashable:
        """All parts cost the same."""
        return part.shape

    def loss(self, part: npt.NDArray[np.uint8], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Reconstruction through noisy latents."""
        video = self.model.lead_in(to_video(part, self.device))  # [B, 3, 4F, H, W]
        latents, _ = self._compress(video)  # [B, 48, F, h, w]
        noisy = self._disturbed(latents, generator)  # [B, 48, F, h, w]
        decoded, _ = self._reconstruct(noisy)  # [B, 3, 4F, H, W]
        loss, quality = codec_loss(decoded, video, latents)
        return loss, {"psnr": quality}

    def _disturbed(self, latents: Tensor, generator: torch.Generator) -> Tensor:
        """Noise in units of each channel's deviation, so that larger latents do not escape it."""
        least, most = self.recipe.noise
        shape = (len(latents), 1, 1, 1, 1)
        level = least + (most - least) * torch.rand(shape, generator=generator, device=self.device)
        noise = torch.randn(latents.shape, generator=generator, device=self.device)
        deviation = latents.detach().float().std(dim=(0, 2, 3, 4), keepdim=True)
        return latents + level * deviation * noise

    def evaluate(self) -> dict[str, float]:
        """Mean PSNR of whole held-out clips in dB, without noise."""
        values = [self._round_trip(index) for index in range(self.recipe.data.held_out)]
        return {"held_out_psnr": float(np.mean(values))}

    def _round_trip(self, index: int) -> float:
        video = to_video(self.pixels.clip(index)[None], self.device)
        latents, _ = self.model.compress(self.model.lead_in(video))
        decoded, _ = self.model.reconstruct(latents)
        return float(psnr(decoded[:, :, -video.shape[2] :].clamp(-1, 1), video))


def train_codec(
    recipe: CodecRecipe,
    out: Path,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainedCodec:
    """Run a recipe in the folder `out`, going on from its newest checkpoint.

    Chooses among the last weights and their averages by held-out PSNR, then measures the latents' mean and
    deviation and fits the preview. Raises Cancelled when stopped, TrainingError when it cannot go on.
    """
    task = CodecTask(recipe)
    about = recipe.to_dict()
    loop = Loop(task, recipe.run, recipe.optimiser, out, about)
    loop.run(on_progress, should_stop)
    best, figures = loop.keep_best("held_out_psnr")
    measure(task.model, task.pixels, device=recipe.run.device)
    counts = {"steps": loop.step, "samples": loop.samples}
    return TrainedCodec(codec=task.model, figures=figures, average=best, **counts, sources=loop.sources)


@torch.no_grad()
def measure(codec: Codec, pixels: PixelCache, *, device: str, clips: int = 256) -> None:
    """Freeze mean and deviation of the latents and fit the preview, on up to `clips` clips in float32."""
    chosen = np.unique(np.linspace(0, len(pixels) - 1, clips).astype(int))
    sums = torch.zeros(2, codec.config.latent_channels, dtype=torch.float64, device=device)
    count = 0
    for index in chosen:
        latents, _ = codec.compress(codec.lead_in(to_video(pixels.clip(int(index))[None], device)))
        values = latents.double().movedim(1, 0).flatten(1)  # [48, N]
        sums += torch.stack([values.sum(1), values.square().sum(1)])
        count += values.shape[1]
    mean, square = sums / count
    codec.measure(mean, (square - mean**2).sqrt())
    videos = [to_video(pixels.clip(int(index))[None], device) for index in chosen[:: len(chosen) // 16 or 1]]
    codec.fit_preview([(codec.encode(video), video) for video in videos])
