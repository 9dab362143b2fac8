"""Train the transformer and its text encoder on encoded clips, with every pattern of known patches.

B clips    C channels    F latent frames    h w latents    S text slots    K numbers of a blocking
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.compiler import config

from himmel.blocking import channels
from himmel.errors import TrainingError
from himmel.flow import noisy
from himmel.shapes import LatentShape, TokenGrid
from himmel.text import TextEncoder
from himmel.train.buckets import Buckets, Weight, shape_of
from himmel.train.latents import LatentStore
from himmel.train.loop import Loop
from himmel.train.metrics import Progress
from himmel.train.objective import velocity_loss
from himmel.train.patterns import Levels, draw_levels
from himmel.train.pullback import load_metric
from himmel.train.reading import load_reader
from himmel.train.recipes import Stage, TransformerRecipe
from himmel.transformer import VideoTransformer
from himmel.weights import Part

__all__ = ["Caption", "ClipBatch", "TrainedTransformer", "TransformerTask", "Weight", "train_transformer"]

# What is said about a clip: its record, whether it is mirrored, and what to draw words from.
Caption = Callable[[Mapping[str, Any], bool, np.random.Generator], str]
_JUDGED_AT = (0.3, 0.6, 0.9)  # levels at which held-out clips are judged
_KERNELS = 32  # kinds of parts; where there are more, they share kernels


@dataclass(frozen=True, kw_only=True)
class ClipBatch:
    """Clips of one size: latents [B, C, F, h, w], their levels, text ids [B, S], first place in time [B].

    Stills of one clip follow each other and share its text: ids [B / stills, S]; so do copies of whole clips.
    subjects: how much of each latent is a subject, [B, 1, F, h, w], where that counts. blocking: [B, K, F], zeros
    where it is not told, for a transformer that has actors.
    """

    latents: Tensor
    subjects: Tensor | None
    blocking: Tensor | None
    levels: Levels
    ids: Tensor
    offset: Tensor

    def __len__(self) -> int:
        return len(self.latents)


@dataclass(frozen=True, kw_only=True)
class TrainedTransformer:
    """A finished run: weights by name ("last" and each average's width) and their figures on held-out clips.

    All of them are kept, so that whoever saves them may choose: by these figures, as `himmel train` does, or by
    judging what they draw. sources: what names the clips that they learned from, see `Loop.sources`.
    """

    recipe: TransformerRecipe
    weights: Mapping[str, Mapping[str, Tensor]]
    figures: Mapping[str, Mapping[str, float]]
    steps: int
    samples: int
    sources: tuple[str, ...]

    def parts(self, name: str) -> dict[str, Part]:
        """The parts "transformer" and "text" of one set of weights, for `himmel.weights.save_weights`."""
        configs = {"transformer": self.recipe.model.to_dict(), "text": self.recipe.text.to_dict()}
        return {part: Part(config=config, tensors=self._of(name, part)) for part, config in configs.items()}

    def _of(self, name: str, part: str) -> dict[str, Tensor]:
        start = part + "."
        return {k.removeprefix(start): v for k, v in self.weights[name].items() if k.startswith(start)}


class TransformerTask:
    """Noisy latents and a caption in, velocity loss over unknown patches out."""

    def __init__(self, recipe: TransformerRecipe, caption: Caption, weight: Weight = lambda record: 1.0) -> None:
        self.recipe, self.caption, self.device = recipe, caption, recipe.run.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            self.transformer, self.text = VideoTransformer(recipe.model), TextEncoder(recipe.text)
        if recipe.reader:
            load_reader(recipe.reader, self.text.requires_grad_(False))
        self.model = nn.ModuleDict({"transformer": self.transformer, "text": self.text}).to(self.device)
        self.store = LatentStore(recipe.data.latents)
        self.blockings = self._open_blockings() if recipe.model.actors else None
        self.buckets = Buckets(self.store, recipe.data.held_out, weight)
        self.kinds = 2 * len(self.buckets.kinds(recipe.data.stages))  # levels may differ inside a frame or not
        self._metric = self._read_metric() if recipe.seen else None
        self._subjects([0], [False], 1)  # or says now that it cannot
        self._predict: Callable[..., Tensor] = self._compiled() if recipe.run.compile else self.transformer

    def draw(self, rng: np.random.Generator, progress: float) -> Sequence[ClipBatch]:
        """`parts` batches of one size each, of lengths and sizes that the stage names."""
        stage = next(stage for stage in self.recipe.data.stages if progress < stage.until)
        return [self._draw_part(rng, stage) for _ in range(self.recipe.data.parts)]

    def kind(self, part: ClipBatch) -> Hashable:
        """Cost depends on size and on whether levels differ inside a frame."""
        return tuple(part.latents.shape), part.levels.by_token

    def loss(self, part: ClipBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Velocity loss of one batch."""
        clean = part.latents.to(self.device).float()  # [B, C, F, h, w]
        noise = torch.randn(clean.shape, generator=generator, device=self.device)  # [B, C, F, h, w]
        return self._velocity_loss(part, clean, noise), {}

    def evaluate(self) -> dict[str, float]:
        """Velocity loss of held-out clips, whole, with text, at fixed levels and with fixed noise."""
        rng = np.random.default_rng(self.recipe.run.seed)
        losses = {level: [self._judge(index, level, rng) for index in self._held_out()] for level in _JUDGED_AT}
        return {f"held_out_loss_at_{level}": float(np.mean(values)) for level, values in losses.items()}

    def _read_metric(self) -> Tensor:
        metric = load_metric(self.store.folder)
        if metric is None:
            raise TrainingError(
                f"{self.store.folder} does not say which errors the codec's decoder shows; encode the clips again"
            )
        return metric.to(self.device)

    def _open_blockings(self) -> LatentStore:
        if not self.recipe.data.blockings:
            raise TrainingError(
                "a transformer with actors learns from blockings too; write them and name the folder"
            )
        blockings = LatentStore(self.recipe.data.blockings)
        numbers = channels(self.recipe.model.actors)
        if len(blockings) != len(self.store) or blockings.shape(0)[0] != numbers:
            raise TrainingError(
                f"{blockings.folder} tells of {len(blockings)} clips by {blockings.shape(0)[0]} numbers a frame; "
                f"{len(self.store)} clips and {numbers} numbers are needed; write the blockings again"
            )
        return blockings

    def _compiled(self) -> Callable[..., Tensor]:
        # Beyond this limit torch compiles nothing more and goes on without.
        config.recompile_limit = max(config.recompile_limit, self.kinds)
        # On a CPU kernels for one size are faster than for any.
        single = self.device == "cpu" and self.kinds <= _KERNELS
        return torch.compile(self.transformer, dynamic=False if single else None)

    def _velocity_loss(self, part: ClipBatch, clean: Tensor, noise: Tensor) -> Tensor:
        levels = part.levels.over_latents(self.recipe.model.patch, *clean.shape[3:])
        t, known = levels.t.to(self.device), levels.known.to(self.device)  # [B, 1, F, h, w]
        text = self.text(part.ids.to(self.device))  # [B, S, text_dim] and [B, text_dim]
        prediction = self._predict(
            noisy(clean, noise, t),
            part.levels.timesteps().to(self.device),
            text.tokens,
            pooled=text.pooled if self.recipe.model.pooled_text else None,
            blocking=None if part.blocking is None else part.blocking.to(self.device),
            frame_offset=part.offset.to(self.device),
        )  # [B, C, F, h, w]
        weight = None if part.subjects is None else 1 + self.recipe.subjects * part.subjects.to(self.device)
        return velocity_loss(prediction, clean, t, known, metric=self._metric, weight=weight)

    def _draw_part(self, rng: np.random.Generator, stage: Stage) -> ClipBatch:
        lengths, shares = zip(*stage.lengths, strict=True)
        frames = int(rng.choice(lengths, p=np.array(shares) / sum(shares)))
        bucket = self.buckets.choose(stage, frames, rng)
        grid = self._grid(bucket.shape, frames)
        data = self.recipe.data
        sharing = data.stills if frames == 1 else data.copies
        clips = max(1, data.tokens // grid.count // sharing)
        chosen = bucket.draw(clips, rng)
        mirrored: list[bool] = (rng.random(clips) < 0.5).tolist()
        latents = self.store.latents(chosen, mirrored, bucket.shape.frames if frames == 1 else frames)
        subjects = self._subjects(chosen, mirrored, latents.shape[2])
        blocking = self._blocking(chosen, mirrored, latents.shape[2])
        places = rng.integers(0, latents.shape[2], (clips, sharing)) if frames == 1 else None
        latents = _shown(latents, sharing, places)
        subjects = None if subjects is None else _shown(subjects, sharing, places)
        blocking = None if blocking is None else _shown(blocking, sharing, places)
        levels = draw_levels(self.recipe.mixture, grid, len(latents), rng)
        return ClipBatch(
            latents=latents,
            subjects=subjects,
            blocking=None if blocking is None else self._told(blocking, levels, rng),
            levels=levels,
            ids=self._ids(chosen, mirrored, rng, self.recipe.text_dropped),
            offset=torch.from_numpy(rng.integers(0, self.recipe.offsets + 1, size=len(latents))),
        )

    def _subjects(self, chosen: Sequence[int], mirrored: Sequence[bool], frames: int) -> Tensor | None:
        return self.store.subjects(chosen, mirrored, frames) if self.recipe.subjects else None

    def _blocking(self, chosen: Sequence[int], mirrored: Sequence[bool], frames: int) -> Tensor | None:
        """Who is where in the first frames of clips: [B, K, F, 1, 1]."""
        return self.blockings.latents(chosen, mirrored, frames) if self.blockings is not None else None

    def _told(self, blocking: Tensor, levels: Levels, rng: np.random.Generator) -> Tensor:
        """What is told of blockings [B, K, F, 1, 1]: all, nothing, or what is not known; float32 [B, K, F]."""
        told = torch.from_numpy(rng.random(len(blocking)) < self.recipe.blocked)[:, None]  # [B, 1]
        silent = torch.from_numpy(rng.random(len(blocking)) < 0.5)[:, None]
        known = levels.known.flatten(2).all(2)  # [B, F]
        shaken = torch.from_numpy(rng.standard_normal(blocking.shape[:3], np.float32)) * self.recipe.shaken
        return (blocking.float().flatten(2) + shaken) * (told & ~(silent & known))[:, None]

    def _ids(
        self, chosen: Sequence[int], mirrored: Sequence[bool], rng: np.random.Generator, dropped: float
    ) -> Tensor:
        captions = [
            "" if rng.random() < dropped else self.caption(self.store.clips[index].record, side, rng)
            for index, side in zip(chosen, mirrored, strict=True)
        ]
        return self.text.tokenize(captions).ids

    def _judge(self, index: int, level: float, rng: np.random.Generator) -> float:
        shape = shape_of(self.store, index)
        grid = self._grid(shape, shape.frames)
        t = torch.full((1, grid.frames, 1, 1), level)
        blocking = self._blocking([index], [False], grid.frames)
        part = ClipBatch(
            latents=self.store.latents([index], [False], grid.frames),
            subjects=self._subjects([index], [False], grid.frames),
            blocking=None if blocking is None else blocking.float().flatten(2),
            levels=Levels(t=t, known=torch.zeros_like(t, dtype=torch.bool)),
            ids=self._ids([index], [False], rng, 0.0),
            offset=torch.zeros(1, dtype=torch.int64),
        )
        generator = torch.Generator(self.device).manual_seed(index)
        return float(self.loss(part, generator)[0])

    def _held_out(self) -> range:
        return range(min(self.recipe.data.held_out, len(self.store)))

    def _grid(self, shape: LatentShape, frames: int) -> TokenGrid:
        time, rows, columns = self.recipe.model.patch
        return TokenGrid(frames=frames // time, height=shape.height // rows, width=shape.width // columns)


def _shown(clips: Tensor, times: int, places: npt.NDArray[np.int64] | None) -> Tensor:
    """Clips [B, C, F, h, w], each so many times, or their latent frames at places [B, times] as clips of one."""
    if places is None:
        return clips.repeat_interleave(times, 0)
    chosen = [clip[:, place : place + 1] for clip, row in zip(clips, places, strict=True) for place in row]
    return torch.stack(chosen)


def train_transformer(
    recipe: TransformerRecipe,
    out: Path,
    caption: Caption,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    weight: Weight = lambda record: 1.0,
) -> TrainedTransformer:
    """Run a recipe in the folder `out`, going on from its newest checkpoint.

    `caption` says something about a clip's record, anew each time the clip is used; `weight` says how often the
    clip is used, against others. Raises Cancelled when stopped, TrainingError when the run cannot go on.
    """
    task = TransformerTask(recipe, caption, weight)
    loop = Loop(task, recipe.run, recipe.optimiser, out, recipe.to_dict())
    loop.run(on_progress, should_stop)
    weights = {"last": {name: p.detach().clone() for name, p in task.model.named_parameters()}}
    figures = {"last": loop.evaluate()}
    for width, average in loop.averages.items():
        with average.applied(task.model):
            weights[width], figures[width] = average.values, loop.evaluate()
    counts = {"steps": loop.step, "samples": loop.samples}
    return TrainedTransformer(recipe=recipe, weights=weights, figures=figures, **counts, sources=loop.sources)
