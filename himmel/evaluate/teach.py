"""How the recogniser learns: every head at once, from the world's clips alone, in a run that can be stopped.

Each step draws its lessons from a generator seeded by the run's seed and the step, so a run that goes on from a
checkpoint makes the same steps as one that was never stopped.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from himmel.data import ClipShards
from himmel.errors import Cancelled, UsageError
from himmel.evaluate.lessons import UNKNOWN, Batch, Lessons, open_lessons
from himmel.evaluate.recogniser import Recogniser, RecogniserConfig
from himmel.weights import INDEX_NAME, Card, Index, Part, load_weights, save_weights

__all__ = ["OnStep", "TeachConfig", "teach_recogniser"]

OnStep: TypeAlias = Callable[[str, int, int, float], None]

PARTS = ("recogniser", "means", "squares")


@dataclass(frozen=True, kw_only=True)
class TeachConfig:
    """Lessons of the first `clips` clips, seen in `steps` batches of `batch`; saved every `save_every` steps."""

    clips: int = 4096
    steps: int = 6000
    batch: int = 16
    rate: float = 2e-3
    seed: int = 0
    save_every: int = 200

    def __post_init__(self) -> None:
        if min(self.clips, self.steps, self.batch, self.save_every) < 1:
            raise UsageError("clips, steps, batch and save_every must be 1 or more")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TeachConfig":
        """Build from plain values; raises UsageError on unknown keys."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise UsageError(f"TeachConfig has no {', '.join(sorted(unknown))}; remove it")
        return cls(**values)

    def pace(self, step: int) -> float:
        """The learning rate of a step, by `rate`: up for a twentieth of the way, then down to nothing."""
        warm = max(1, self.steps // 20)
        return min((step + 1) / warm, (self.steps - step) / (self.steps - warm + 1))


def teach_recogniser(
    clips: ClipShards,
    folder: Path,
    run: Path,
    config: TeachConfig | None = None,
    *,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Index:
    """Train a recogniser on true clips and save it in `folder`, in place of an older one.

    run: a folder for lessons and the newest checkpoint; what was stopped goes on from there. `on_step` is told
    what is counted, what is done, what is to do and the loss. Raises Cancelled when told to stop, UsageError for a
    run of other settings, LedgerError for clips that are not what their ledger lists.
    """
    config = config or TeachConfig()
    tell = on_step or (lambda what, step, steps, loss: None)
    lessons = open_lessons(
        clips, run / "lessons", config.clips, lambda done, all_: tell("lessons", done, all_, 0.0)
    )
    pupil = _Pupil.begin(run / "checkpoint", config, clips.root)
    while pupil.step < config.steps:
        loss = pupil.learn(lessons.batch(config.batch, _chance(config.seed, pupil.step)))
        tell("steps", pupil.step, config.steps, loss)
        stopped = should_stop() and pupil.step < config.steps
        if stopped or pupil.step % config.save_every == 0 or pupil.step == config.steps:
            pupil.save()
        if stopped:
            raise Cancelled(
                f"stopped after {pupil.step} of {config.steps} steps; run the same command again to go on"
            )
    part = Part(
        config=pupil.recogniser.config.to_dict(), tensors=pupil.recogniser.state_dict(), storage="bfloat16"
    )
    return save_weights(folder, {"recogniser": part}, _card(lessons, clips.root, config), overwrite=True)


def _chance(seed: int, step: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def _card(lessons: Lessons, root: str, config: TeachConfig) -> Card:
    return Card(
        name="recogniser",
        generator=", ".join(lessons.generators),
        ledger=root,
        trained_steps=config.steps,
        trained_samples=config.steps * config.batch,
        knows=RecogniserConfig().heads,
        notes=f"learned from the world's clips and masks alone, {len(lessons)} clips, seed {config.seed}",
    )


@dataclass(kw_only=True, eq=False)
class _Pupil:
    """A recogniser that learns: its optimiser, how far it is, and where that is kept."""

    recogniser: Recogniser
    optimiser: torch.optim.AdamW
    config: TeachConfig
    folder: Path
    root: str
    step: int = 0

    @classmethod
    def begin(cls, folder: Path, config: TeachConfig, root: str) -> "_Pupil":
        """A new one, or that of the checkpoint in `folder`."""
        torch.manual_seed(config.seed)
        recogniser = Recogniser(RecogniserConfig())
        optimiser = torch.optim.AdamW(
            recogniser.parameters(), lr=config.rate, betas=(0.9, 0.99), weight_decay=0.02
        )
        pupil = cls(recogniser=recogniser, optimiser=optimiser, config=config, folder=folder, root=root)
        if (folder / INDEX_NAME).is_file():
            pupil._load()
        return pupil

    def learn(self, batch: Batch) -> float:
        """One step; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * self.config.pace(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            found = self.recogniser(batch.scene, batch.thing)
        losses = [
            cross_entropy(logits.float(), batch.labels[name], ignore_index=UNKNOWN, reduction="sum")
            for name, logits in found.logits.items()
        ]
        loss = torch.stack(losses).sum() / len(batch.scene)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.recogniser.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def save(self) -> None:
        """Keep the network and the optimiser's two averages, whole or not at all."""
        names = {id(value): name for name, value in self.recogniser.named_parameters()}
        state = {names[id(value)]: found for value, found in self.optimiser.state.items()}
        tensors: dict[str, dict[str, Tensor]] = {
            "recogniser": dict(self.recogniser.state_dict()),
            "means": {name: found["exp_avg"] for name, found in state.items()},
            "squares": {name: found["exp_avg_sq"] for name, found in state.items()},
        }
        about = {**self.config.to_dict(), "root": self.root}
        parts = {name: Part(config=about, tensors=tensors[name], storage="float32") for name in PARTS}
        card = Card(name="recogniser, learning", ledger=self.root, trained_steps=self.step, knows={})
        save_weights(self.folder, parts, card, overwrite=True)

    def _load(self) -> None:
        kept = load_weights(self.folder)
        about = {**self.config.to_dict(), "root": self.root}
        if dict(kept.parts["recogniser"].config) != about:
            raise UsageError(
                f"{self.folder.parent} holds a run of other settings; choose another folder, or remove it"
            )
        self.step = kept.card.trained_steps
        self.recogniser.load_state_dict(dict(kept.parts["recogniser"].tensors))
        for name, value in self.recogniser.named_parameters():
            self.optimiser.state[value] = {
                "step": torch.tensor(float(self.step)),
                "exp_avg": kept.parts["means"].tensors[name].clone(),
                "exp_avg_sq": kept.parts["squares"].tensors[name].clone(),
            }
