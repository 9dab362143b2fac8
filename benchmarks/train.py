"""What a training step costs and how long a recipe takes, without any data.

    python benchmarks/train.py                        # recipe tiny_cpu, 6 steps of each kind
    python benchmarks/train.py --recipe one_gpu --steps 40
    python benchmarks/train.py --compile --steps 60   # as with himmel train --compile; needs g++ on a CPU

Hardware: 2 CPU cores with bf16 matrix units for tiny_cpu, one GPU for one_gpu. Minutes: 2, or 15 with
--compile, whose long warm-up lets every kind of part compile before anything is measured.
Expected with tiny_cpu: 0.2 TFLOP for a step of the codec, 0.1 of the transformer on clips, 0.2 on pictures, whose
text weighs more than they do, 0.3 of the finisher (counted, not measured); seconds depend on the machine.

Clips and latents are random numbers; a step costs the same whatever it learns. Utilisation is a share of the
fastest matrix product measured when a run begins.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from machine import machine

from himmel import train
from himmel.codec import Codec
from himmel.train import CodecRecipe, FinisherRecipe, Progress, Stage, TransformerRecipe
from himmel.world import FIRST_LIGHT, lexicon

CLIPS = 4
FRAMES, SIDE = 33, 128


class Noise:
    """Clips of random pixels."""

    def __len__(self) -> int:
        return CLIPS

    def frames(self, index: int, /) -> np.ndarray:
        """Frames of one clip, uint8 [T, H, W, 3]."""
        return np.random.default_rng(index).integers(0, 256, (FRAMES, SIDE, SIDE, 3), np.uint8)

    def record(self, index: int, /) -> dict[str, object]:
        """Nothing is in the scene."""
        return {}

    def subjects(self, index: int, /) -> np.ndarray:
        """Nor are there subjects, bool [T, H, W]."""
        return np.zeros((FRAMES, SIDE, SIDE), bool)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one kind of step costs and how many of them a recipe has."""

    name: str
    seconds: float
    flops: float
    utilisation: float
    steps: float


def codec_cost(recipe: CodecRecipe, folder: Path, steps: int) -> Cost:
    pixels = folder / "pixels"
    pixels.mkdir()
    np.save(pixels / "noise.npy", np.stack([Noise().frames(index) for index in range(CLIPS)]))
    short = replace(recipe, run=_short(recipe.run, steps), data=replace(recipe.data, held_out=1))
    last: list[Progress] = []
    train.train_codec(short, folder / "codec", last.append)
    return _cost("codec", last[-1], recipe.run.steps)


def transformer_costs(recipe: TransformerRecipe, folder: Path, steps: int) -> Iterator[Cost]:
    """One for each clip length that the recipe draws."""
    train.encode_clips(Codec(train.tiny_cpu_codec("").model), Noise(), folder / "latents")
    for frames, share in _shares(recipe.data.stages).items():
        data = replace(recipe.data, held_out=1, stages=(Stage(until=1.0, lengths=((frames, 1.0),)),))
        short = replace(recipe, run=_short(recipe.run, steps), data=data)
        last: list[Progress] = []
        out = folder / f"transformer-{frames}"
        train.train_transformer(short, out, lambda record, mirrored, rng: "a red ball rolls", last.append)
        yield _cost(f"transformer, {frames} latent frames", last[-1], share * recipe.run.steps)


def finisher_cost(recipe: FinisherRecipe, folder: Path, steps: int) -> Cost:
    pairs, scale = folder / "pairs", recipe.model.scale
    pairs.mkdir()
    small = np.stack([Noise().frames(index) for index in range(2)])
    large = small.repeat(scale, axis=2).repeat(scale, axis=3)
    np.save(pairs / "high-00000000.npy", large)
    np.save(pairs / "low-00000000.npy", small[:, ::2])
    data = replace(recipe.data, pairs=str(pairs), held_out=1)
    last: list[Progress] = []
    train.train_finisher(
        replace(recipe, run=_short(recipe.run, steps), data=data), folder / "finisher", last.append
    )
    return _cost("finisher", last[-1], recipe.run.steps)


def _shares(stages: Sequence[Stage]) -> dict[int, float]:
    """How often each clip length is drawn over a whole run."""
    shares: dict[int, float] = {}
    began = 0.0
    for stage in stages:
        total = sum(weight for _, weight in stage.lengths)
        for frames, weight in stage.lengths:
            shares[frames] = shares.get(frames, 0.0) + (stage.until - began) * weight / total
        began = stage.until
    return dict(sorted(shares.items()))


def _short(run: train.RunRecipe, steps: int) -> train.RunRecipe:
    """A warm-up of as many steps, then those that are reported."""
    return replace(run, steps=2 * steps, log_every=steps, evaluate_every=2 * steps, tensorboard=False)


def _cost(name: str, report: Progress, steps: float) -> Cost:
    seconds = report.seconds_per_step
    flops = report.flops_per_second * seconds
    return Cost(name=name, seconds=seconds, flops=flops, utilisation=report.utilisation, steps=steps)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=("tiny_cpu", "one_gpu"), default="tiny_cpu")
    parser.add_argument(
        "--steps", type=int, default=6, help="steps measured of each kind, after as many to warm up"
    )
    parser.add_argument("--compile", action="store_true", help="compile the transformer first")
    asked = parser.parse_args(arguments)
    codec: CodecRecipe = getattr(train, f"{asked.recipe}_codec")("")
    finisher: FinisherRecipe = getattr(train, f"{asked.recipe}_finisher")("")
    transformer: TransformerRecipe = getattr(train, f"{asked.recipe}_transformer")("", lexicon(FIRST_LIGHT))
    run = replace(transformer.run, compile=asked.compile or transformer.run.compile)
    transformer = replace(transformer, run=run)
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codec = replace(codec, data=replace(codec.data, pixels=str(folder / "pixels")))
        latents = replace(transformer.data, latents=str(folder / "latents"))
        costs = [codec_cost(codec, folder, asked.steps)]
        costs += transformer_costs(replace(transformer, data=latents), folder, asked.steps)
        costs.append(finisher_cost(finisher, folder, asked.steps))
    print(f"{'a step of':<32} {'s':>7} {'TFLOP':>7} {'of peak':>8} {'steps':>7} {'hours':>6}")
    for cost in costs:
        hours = cost.seconds * cost.steps / 3600
        print(
            f"{cost.name:<32} {cost.seconds:7.3f} {cost.flops / 1e12:7.3f} {cost.utilisation:8.0%} "
            f"{cost.steps:7.0f} {hours:6.2f}"
        )
    print(f"{asked.recipe} in all: {sum(cost.seconds * cost.steps for cost in costs) / 3600:.1f} hours")
    return 0


if __name__ == "__main__":
    sys.exit(main())
