"""How the examiner learns: true clips, their masks, and pictures made worse on purpose.

The clips are those of a ledger, so the examiner's card names its data as the generator's card does. They
come from the training part of the grammar; what the examiner is checked on, held-out combinations, it has
not seen either. It never sees a generator's frames.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from himmel.data import ClipShards
from himmel.errors import UsageError
from himmel.evaluate.examiner import PALETTE, Examiner, ExaminerConfig
from himmel.weights import Card, Index, Part, save_weights
from himmel.world import SceneSpec

__all__ = ["LearnConfig", "learn_examiner"]

COLOURLESS = ("black_and_white",)  # styles in which no colour can be told
WORLD = 0.3  # what a pixel of the world counts beside one of a subject: nine of ten are the world's
OnStep = Callable[[int, int, float], None]


@dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """`moments` frames of each of the first `clips` clips, looked at in `steps` batches of `batch`."""

    clips: int = 4096
    moments: int = 4
    steps: int = 5000
    batch: int = 16
    rate: float = 3e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.clips, self.moments, self.steps, self.batch) < 1:
            raise UsageError("clips, moments, steps and batch must be 1 or more")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LearnConfig":
        """Build from plain values; raises UsageError on unknown keys."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise UsageError(f"LearnConfig has no {', '.join(sorted(unknown))}; remove it")
        return cls(**values)


def learn_examiner(
    clips: ClipShards, folder: Path, config: LearnConfig | None = None, *, on_step: OnStep | None = None
) -> Index:
    """Train an examiner on true clips and save it in `folder`, in place of an older one.

    `on_step` is told the step, all steps and the loss. Raises LedgerError for clips that are not what their
    ledger lists.
    """
    config = config or LearnConfig()
    frames, classes, generators = _lessons(clips, config)
    torch.manual_seed(config.seed)
    examiner = Examiner(ExaminerConfig())
    _train(examiner, frames, classes, config, on_step or (lambda step, steps, loss: None))
    card = Card(
        name="examiner",
        generator=", ".join(sorted(generators)),
        ledger=clips.root,
        sizes=(f"{frames.shape[3]}x{frames.shape[2]}",),
        trained_steps=config.steps,
        trained_samples=config.steps * config.batch,
        knows={"colour": PALETTE},
        notes=f"learned from the world's masks alone, {len(frames)} frames, seed {config.seed}",
    )
    part = Part(config=examiner.config.to_dict(), tensors=examiner.state_dict(), storage="bfloat16")
    return save_weights(folder, {"examiner": part}, card, overwrite=True)


def _lessons(clips: ClipShards, config: LearnConfig) -> tuple[Tensor, Tensor, set[str]]:
    """Frames uint8 [N, 3, H, W], classes uint8 [N, H, W] and which generators drew them."""
    frames, classes, generators = [], [], set()
    for index in range(min(config.clips, len(clips))):
        record = clips.record(index)
        spec = SceneSpec.from_dict(record["spec"])
        if spec.style in COLOURLESS:
            continue
        moments = np.linspace(0, spec.frames - 1, config.moments).round().astype(int)
        frames.append(clips.frames(index)[moments])
        classes.append(_classes_of(clips.truth(index)["masks"][moments], spec))
        generators.add(str(record["generator"]))
    if not frames:
        raise UsageError("none of the clips shows colours; render clips in other styles as well")
    pixels = torch.from_numpy(np.concatenate(frames)).permute(0, 3, 1, 2)
    return pixels, torch.from_numpy(np.concatenate(classes)), generators


def _classes_of(masks: NDArray[np.uint8], spec: SceneSpec) -> NDArray[np.uint8]:
    """Identity masks [T, H, W] -> classes uint8 [T, H, W]."""
    names = [0, *(1 + PALETTE.index(subject.colour) for subject in spec.subjects)]
    return np.array(names, np.uint8)[masks]


def _train(
    examiner: Examiner,
    frames: Tensor,
    classes: Tensor,
    config: LearnConfig,
    on_step: OnStep,
) -> None:
    chance = torch.Generator().manual_seed(config.seed)
    optimiser = torch.optim.AdamW(examiner.parameters(), lr=config.rate, betas=(0.9, 0.99), weight_decay=0.01)
    warm = max(1, config.steps // 20)

    def pace(step: int) -> float:
        return min((step + 1) / warm, (config.steps - step) / (config.steps - warm + 1))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, pace)
    examiner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    weight = torch.ones(1 + len(PALETTE))
    weight[0] = WORLD
    for step in range(config.steps):
        chosen = torch.randint(len(frames), (config.batch,), generator=chance)
        pictures, wanted = _worse(frames[chosen], classes[chosen], chance)
        with torch.autocast("cpu", torch.bfloat16):
            logits = examiner(pictures.contiguous(memory_format=torch.channels_last))
        loss = cross_entropy(logits.float(), wanted, weight)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(examiner.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        on_step(step + 1, config.steps, loss.item())


def _worse(frames: Tensor, classes: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """Frames uint8 [B, 3, H, W] as pictures in [-1, 1], flipped, blurred, noisy and in another light; classes
    [B, H, W]. A codec and a generator blur and stain; a picture may be so and still be read."""

    def draw(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(len(frames), *shape, generator=chance)

    pictures, wanted = frames.float() / 127.5 - 1.0, classes.long()
    flip = draw(0, 1) < 0.5
    pictures = torch.where(flip[:, None, None, None], pictures.flip(3), pictures)
    wanted = torch.where(flip[:, None, None], wanted.flip(2), wanted)
    size = pictures.shape[2:]
    for share, factor in ((0.35, 0.5), (0.20, 0.34)):
        small = interpolate(pictures, scale_factor=factor, mode="bilinear", antialias=True)
        soft = interpolate(small, size=size, mode="bilinear")
        pictures = torch.where((draw(0, 1) < share)[:, None, None, None], soft, pictures)
    pictures = pictures * draw(0.85, 1.15, 1, 1, 1) + draw(-0.12, 0.12, 1, 1, 1) + draw(-0.04, 0.04, 3, 1, 1)
    coarse = torch.randn(len(frames), 3, size[0] // 4, size[1] // 4, generator=chance)
    stains = interpolate(coarse, size=size, mode="bilinear") * draw(0, 0.12, 1, 1, 1)
    grain = torch.randn(pictures.shape, generator=chance) * draw(0, 0.06, 1, 1, 1)
    return (pictures + stains + grain).clamp(-1, 1), wanted
