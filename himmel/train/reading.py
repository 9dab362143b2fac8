"""Teach the text encoder to read, before any video: each of its queries must tell its part of the scene.

A video model that gets a caption's words alone learns to parse them from the error of pictures, and a small one
does not come that far: it takes them as a bag of words. But whoever drew the clips knows what their captions say.
So the encoder learns it from captions and facts, without pictures, in a hundredth of the time; linear readers of
its slots, dropped afterwards, see to it that each slot holds its facts in plain sight.

B captions, L words, Q queries, D width, K facts.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from himmel.errors import TrainingError
from himmel.text import TextEncoder
from himmel.train.checkpoint import latest_checkpoint
from himmel.train.loop import Loop
from himmel.train.metrics import Progress
from himmel.train.recipes import ReadingRecipe

__all__ = ["Lesson", "ReadingTask", "TrainedReader", "load_reader", "train_reader"]

Facts: TypeAlias = Sequence[Mapping[str, str]]  # of each query: values by the names of its facts
# Draws a caption and the facts it is about.
Lesson: TypeAlias = Callable[[np.random.Generator], tuple[str, Facts]]
_UNTOLD = -1  # of a fact that the scene does not have
_JUDGED = 512  # captions


@dataclass(frozen=True, kw_only=True)
class Captions:
    """Word numbers [B, L] and the number of each fact's value [B, K], -1 where there is none."""

    ids: Tensor
    facts: Tensor

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, kw_only=True)
class TrainedReader:
    """A finished run and its figures: the shares of facts told rightly, of all ("held_out_right") and by name."""

    figures: Mapping[str, float]
    steps: int


class ReadingTask:
    """Captions in, the cross-entropy of every fact out."""

    def __init__(self, recipe: ReadingRecipe, lesson: Lesson) -> None:
        self.recipe, self.lesson, self.device = recipe, lesson, recipe.run.device
        self.told = [(slot, name, values) for slot, facts in enumerate(recipe.facts) for name, values in facts]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            self.text = TextEncoder(recipe.text)
            readers = nn.ModuleList(nn.Linear(recipe.text.width, len(values)) for _, _, values in self.told)
        self.readers = readers
        self.model = nn.ModuleDict({"text": self.text, "readers": readers}).to(self.device)

    def draw(self, rng: np.random.Generator, progress: float) -> Sequence[Captions]:
        """`parts` batches of captions."""
        return [self._captions(rng, self.recipe.batch) for _ in range(self.recipe.parts)]

    def kind(self, part: Captions) -> Hashable:
        """All parts cost the same."""
        return part.ids.shape

    def loss(self, part: Captions, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy of the facts that are there, in nats a fact."""
        facts = part.facts.to(self.device)  # [B, K]
        losses = [
            F.cross_entropy(logits.float(), facts[:, place], ignore_index=_UNTOLD, reduction="sum")
            for place, logits in enumerate(self._read(part))
        ]
        return torch.stack(losses).sum() / (facts != _UNTOLD).sum().clamp_min(1), {}

    def evaluate(self) -> dict[str, float]:
        """How many facts of captions that are always the same are told rightly."""
        part = self._captions(np.random.default_rng(self.recipe.run.seed), _JUDGED)
        facts = part.facts.to(self.device)
        with torch.no_grad():
            right = torch.stack([logits.argmax(1) for logits in self._read(part)], dim=1) == facts  # [B, K]
        there = facts != _UNTOLD
        names = dict.fromkeys(name for _, name, _ in self.told)
        columns = {name: [place for place, told in enumerate(self.told) if told[1] == name] for name in names}
        shares = {f"held_out_right_{name}": _share(right[:, c], there[:, c]) for name, c in columns.items()}
        return {"held_out_right": _share(right, there), **shares}

    def _read(self, part: Captions) -> list[Tensor]:
        slots = self.text(part.ids.to(self.device)).tokens  # [B, Q, D]
        return [reader(slots[:, told[0]]) for reader, told in zip(self.readers, self.told, strict=True)]

    def _captions(self, rng: np.random.Generator, count: int) -> Captions:
        drawn = [self.lesson(rng) for _ in range(count)]
        rows = [[self._number(facts, told) for told in self.told] for _, facts in drawn]
        ids = self.text.tokenize([caption for caption, _ in drawn]).ids
        return Captions(ids=ids, facts=torch.tensor(rows))

    @staticmethod
    def _number(facts: Facts, told: tuple[int, str, tuple[str, ...]]) -> int:
        slot, name, values = told
        return values.index(facts[slot][name]) if name in facts[slot] else _UNTOLD


def train_reader(
    recipe: ReadingRecipe,
    out: Path,
    lesson: Lesson,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainedReader:
    """Run a recipe in the folder `out`, going on from its newest checkpoint; `load_reader` opens what comes out.

    Raises Cancelled when stopped, TrainingError when the run cannot go on.
    """
    task = ReadingTask(recipe, lesson)
    loop = Loop(task, recipe.run, recipe.optimiser, out, recipe.to_dict())
    loop.run(on_progress, should_stop)
    return TrainedReader(figures=loop.evaluate(), steps=loop.step)


def load_reader(run: Path | str, text: TextEncoder) -> None:
    """Give a text encoder the weights that a run of `train_reader` left.

    Raises TrainingError where there is none, or of another text encoder.
    """
    checkpoint = latest_checkpoint(Path(run) / "checkpoints")
    if checkpoint is None:
        raise TrainingError(f"{run} holds no text encoder that has learned to read; train it first")
    weights = checkpoint.section("model")
    try:
        text.load_state_dict({k.removeprefix("text."): v for k, v in weights.items() if k.startswith("text.")})
    except RuntimeError as error:
        raise TrainingError(f"{run} holds another text encoder; give the recipe it was trained with") from error


def _share(right: Tensor, there: Tensor) -> float:
    return float((right & there).sum() / there.sum().clamp_min(1))
