"""At which noise levels the text helps the model: what its loss would be with a wrong text, or none.

    python benchmarks/text_gain.py                               # the bundled model on 48 fresh held-out scenes
    python benchmarks/text_gain.py --model runs/one/weights --scenes 24 --frames 1

Hardware: any; 3 minutes on 2 CPU cores for whole clips, one for stills.
Expected: mirrored, none and another scene's all above 0 where levels are high. Levels where all are 0 teach a
model nothing about words: put few training samples there and many where they are large.

Every row is a level t (1 is noise). The loss is the velocity loss with the scene's own caption. The other
columns say by how much it grows with left and right swapped (of the scenes whose caption has either), with the
caption of another scene, and without any.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from machine import machine
from torch import Tensor

import himmel
from himmel.flow import noisy
from himmel.generate.model import Model
from himmel.train.objective import velocity_loss
from himmel.world import FIRST_LIGHT, Stage, canonical, sample_scene
from himmel.world.captions import mirror_caption

LEVELS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
SEED = 50_000_000  # no training and no suite begins here


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Latents [1, C, F, h, w] of a true clip and its caption."""

    clean: Tensor
    caption: str


def lessons(model: Model, scenes: int, frames: int, side: int) -> list[Lesson]:
    """Fresh scenes of combinations that training never shows, drawn and encoded."""
    stage, found = Stage(), []
    try:
        for seed in range(SEED, SEED + scenes):
            scene = sample_scene(seed, profile=FIRST_LIGHT, split="held_out", width=side, height=side)
            video = torch.from_numpy(np.array(stage.render(scene).frames[:frames])).float() / 127.5 - 1
            clean = model.encode(video.permute(3, 0, 1, 2)[None]).float()
            found.append(Lesson(clean=clean, caption=canonical(scene)))
    finally:
        stage.close()
    return found


@torch.inference_mode()
def loss(model: Model, lesson: Lesson, caption: str, level: float, seed: int) -> float:
    """Velocity loss at one level, with noise that the seed decides."""
    noise = torch.randn(lesson.clean.shape, generator=torch.Generator().manual_seed(seed))
    frames = lesson.clean.shape[2]
    text = model.embed(caption, "")
    prediction = model.transformer(
        noisy(lesson.clean, noise, torch.tensor(level)).to(model.device),
        torch.full((1, frames), 1000 * level, device=model.device),
        text.tokens[:1],
        pooled=text.pooled[:1] if model.transformer.config.pooled_text else None,
    )
    levels = torch.full((1, 1, frames, 1, 1), level)
    known = torch.zeros_like(levels, dtype=torch.bool)
    return float(velocity_loss(prediction.cpu(), lesson.clean, levels, known))


def gains(model: Model, found: Sequence[Lesson], level: float) -> dict[str, float]:
    """Loss with the right caption, and how much more with each wrong one."""
    right = [loss(model, lesson, lesson.caption, level, seed) for seed, lesson in enumerate(found)]
    sided = [i for i, lesson in enumerate(found) if mirror_caption(lesson.caption) != lesson.caption]
    more = {
        "mirrored": [loss(model, found[i], mirror_caption(found[i].caption), level, i) - right[i] for i in sided],
        "another": [
            loss(model, lesson, found[i - 1].caption, level, i) - right[i] for i, lesson in enumerate(found)
        ],
        "none": [loss(model, lesson, "", level, i) - right[i] for i, lesson in enumerate(found)],
    }
    return {"loss": float(np.mean(right)), **{name: float(np.mean(values)) for name, values in more.items()}}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="bundled", help="a model's name or the folder of its weights")
    parser.add_argument("--scenes", type=int, default=48)
    parser.add_argument("--frames", type=int, default=33, help="of each clip; 1 is a still picture")
    parser.add_argument("--side", type=int, default=128, help="pixels")
    asked = parser.parse_args(arguments)
    if asked.scenes < 2:
        parser.error(f"{asked.scenes} scenes have no other one to swap captions with; ask for 2 or more")
    pipe = himmel.load(asked.model)
    model = pipe.model.cast(himmel.generate.pipeline.fast_precision(pipe.model.device))
    print(f"{pipe.facts.name} on {machine()}: {asked.scenes} scenes, {asked.frames} frames")
    found = lessons(model, asked.scenes, asked.frames, asked.side)
    print(f"{'t':>5}{'loss':>10}{'mirrored':>11}{'another':>11}{'none':>11}")
    for level in LEVELS:
        marks = gains(model, found, level)
        print(
            f"{level:>5}{marks['loss']:>10.4f}"
            f"{marks['mirrored']:>+11.4f}{marks['another']:>+11.4f}{marks['none']:>+11.4f}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
