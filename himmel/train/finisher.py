"""Train a finisher from scratch on pairs of large and small clips, and export it.

B clips    n small frames    h w pixels of the small    H W = s*h s*w pixels of the large
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from himmel.finish import Finisher
from himmel.finish.keep import block_means
from himmel.train.loop import Loop
from himmel.train.metrics import Progress
from himmel.train.objective import Reconstruction, psnr
from himmel.train.pairs import Pair, PairStore
from himmel.train.pixels import to_video
from himmel.train.recipes import FinisherRecipe
from himmel.weights import Part

__all__ = ["FinisherTask", "TrainedFinisher", "finished", "plainly_finished", "train_finisher"]

_MIDDLE_WEIGHT = 0.5  # of the small middle frames' error beside that of the large frames
_BLUR_REACH = 3  # pixels of the small picture on each side


@dataclass(frozen=True, kw_only=True)
class TrainedFinisher:
    """A finished finisher: `figures` on held-out clips, the average they chose.

    sources: what names the clips that it learned from, see `Loop.sources`.
    """

    finisher: Finisher
    figures: dict[str, float]
    average: str
    steps: int
    samples: int
    sources: tuple[str, ...]

    def part(self) -> Part:
        """The part "finisher", for `himmel.weights.save_weights`."""
        return Part(config=self.finisher.config.to_dict(), tensors=self.finisher.state_dict())


class FinisherTask:
    """Small, half as many frames in; large, all frames out."""

    def __init__(self, recipe: FinisherRecipe) -> None:
        self.recipe = recipe
        self.device = recipe.run.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            self.model = Finisher(recipe.model).to(self.device)
        self.pairs = PairStore(recipe.data.pairs, held_out=recipe.data.held_out)
        self._finished = torch.compile(finished) if recipe.run.compile else finished

    def draw(self, rng: np.random.Generator, progress: float) -> Sequence[Pair]:
        """Parts of `batch` crops each."""
        data = self.recipe.data
        size = {"batch": data.batch, "frames": data.frames, "crop": data.crop}
        return [self.pairs.draw(rng, **size) for _ in range(data.parts)]

    def kind(self, part: Pair) -> Hashable:
        """All parts cost the same."""
        return part.low.shape

    def loss(self, part: Pair, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The error of the large frames, and of the small ones that were put between."""
        high = to_video(part.high, self.device)  # [B, 3, 2n - 1, H, W]
        low = self._seen(part, high, generator)  # [B, 3, n, h, w]
        smooth, large = self._finished(self.model, low)  # [B, 3, 2n - 1, h, w], [B, 3, 2n - 1, H, W]
        loss, square = Reconstruction.apply(large, high)  # type: ignore[no-untyped-call]
        middle = _smaller(high[:, :, 1::2], self.recipe.model.scale)  # [B, 3, n - 1, h, w]
        aside = (smooth[:, :, 1::2] - middle).abs().mean()
        return loss + _MIDDLE_WEIGHT * aside, {"psnr": 10 * torch.log10(4 / square), "between": aside}

    def _seen(self, part: Pair, high: Tensor, generator: torch.Generator) -> Tensor:
        """What the finisher is shown: the codec's small clip, or small frames with a little blur and noise."""
        coded = to_video(part.low, self.device)  # [B, 3, n, h, w]
        clean = _smaller(high[:, :, ::2], self.recipe.model.scale)  # [B, 3, n, h, w]
        shape = (len(part), 1, 1, 1, 1)
        chance = [torch.rand(shape, generator=generator, device=self.device) for _ in range(3)]
        noise = torch.randn(clean.shape, generator=generator, device=self.device)
        dull = _blurred(clean, self.recipe.blur * chance[0])  # [B, 3, n, h, w]
        dull = (dull + self.recipe.noise * chance[1] * noise).clamp(-1, 1)  # [B, 3, n, h, w]
        return torch.where(chance[2] < self.recipe.coded, coded, dull)

    def evaluate(self) -> dict[str, float]:
        """Mean PSNR in dB of whole held-out stretches that went through the codec, and what it is above plain."""
        values = np.array([self._judged(index) for index in range(self.recipe.data.held_out)])
        ours, plain = values.mean(axis=0)
        return {"held_out_psnr": float(ours), "held_out_gain": float(ours - plain)}

    def _judged(self, index: int) -> tuple[float, float]:
        pair = self.pairs.pair(index)
        high, low = to_video(pair.high, self.device), to_video(pair.low, self.device)
        _, large = finished(self.model, low)
        return float(psnr(large, high)), float(psnr(plainly_finished(low, self.recipe.model.scale), high))


def finished(model: Finisher, low: Tensor) -> tuple[Tensor, Tensor]:
    """A small clip [B, 3, n, h, w] -> with frames between [B, 3, 2n - 1, h, w], and large [B, 3, 2n - 1, H, W]."""
    batch, _, frames = low.shape[:3]
    pictures = low.transpose(1, 2)  # [B, n, 3, h, w]
    before, after = pictures[:, :-1].flatten(0, 1), pictures[:, 1:].flatten(0, 1)  # [B*(n - 1), 3, h, w]
    middle = model.between(before, after).unflatten(0, (batch, frames - 1))  # [B, n - 1, 3, h, w]
    paired = torch.stack([pictures[:, :-1], middle], dim=2).flatten(1, 2)  # [B, 2n - 2, 3, h, w]
    smooth = torch.cat([paired, pictures[:, -1:]], dim=1)  # [B, 2n - 1, 3, h, w]
    large, memory = [], None
    for frame in smooth.unbind(1):
        picture, memory = model.enlarge(frame, memory)  # [B, 3, H, W]
        large.append(picture)
    return smooth.transpose(1, 2), torch.stack(large, dim=2)


def plainly_finished(low: Tensor, scale: int) -> Tensor:
    """Bicubic enlarging, and every frame but the last shown twice: [B, 3, n, h, w] -> [B, 3, 2n - 1, H, W]."""
    pictures = low.transpose(1, 2).flatten(0, 1)  # [B*n, 3, h, w]
    large = interpolate(pictures, scale_factor=scale, mode="bicubic").clamp(-1, 1)  # [B*n, 3, H, W]
    return _clips(large, len(low)).repeat_interleave(2, dim=2)[:, :, :-1]


def _smaller(video: Tensor, scale: int) -> Tensor:
    """[B, 3, n, H, W] -> [B, 3, n, h, w]."""
    return _clips(block_means(video.transpose(1, 2).flatten(0, 1), scale), len(video))


def _clips(pictures: Tensor, batch: int) -> Tensor:
    """[B*n, 3, h, w] -> [B, 3, n, h, w]."""
    return pictures.view(batch, -1, *pictures.shape[1:]).transpose(1, 2)


def _blurred(video: Tensor, deviation: Tensor) -> Tensor:
    """Gaussian blur of each clip [B, 3, n, h, w] by its own deviation in pixels, [B, 1, 1, 1, 1]."""
    batch, frames = len(video), video.shape[2]
    steps = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, device=video.device)
    line = torch.exp(-(steps**2) / (2 * deviation.reshape(batch, 1).square()).clamp_min(1e-4))  # [B, 7]
    line = (line / line.sum(1, keepdim=True)).repeat_interleave(3 * frames, 0)  # [B*3*n, 7]
    x = video.flatten(1, 2).flatten(0, 1)[None]  # [1, B*3*n, h, w]
    x = pad(x, (_BLUR_REACH,) * 4, mode="replicate")  # [1, B*3*n, h + 6, w + 6]
    x = conv2d(x, line[:, None, :, None], groups=x.shape[1])  # [1, B*3*n, h, w + 6]
    x = conv2d(x, line[:, None, None, :], groups=x.shape[1])  # [1, B*3*n, h, w]
    return x.view(video.shape)


def train_finisher(
    recipe: FinisherRecipe,
    out: Path,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainedFinisher:
    """Run a recipe in the folder `out`, going on from its newest checkpoint.

    Chooses among the last weights and their averages by held-out PSNR. Raises Cancelled when stopped,
    TrainingError when it cannot go on.
    """
    task = FinisherTask(recipe)
    loop = Loop(task, recipe.run, recipe.optimiser, out, recipe.to_dict())
    loop.run(on_progress, should_stop)
    average, figures = loop.keep_best("held_out_psnr")
    counts = {"steps": loop.step, "samples": loop.samples}
    return TrainedFinisher(finisher=task.model, figures=figures, average=average, **counts, sources=loop.sources)
