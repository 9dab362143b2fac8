"""Which errors of a transformer can be seen: its latents in the directions that the codec's decoder shows most.

    python benchmarks/seen.py                                # the bundled model on 24 fresh held-out scenes
    python benchmarks/seen.py --model runs/one/weights --scenes 48

Hardware: any; 3 minutes on 2 CPU cores.
Expected: ten of 48 directions carry more than 90 % of what is seen.

The decoder's pullback metric (himmel/train/pullback.py) orders the directions of a latent by how much pixels
change along them. The table says, per noise level t, how much of the variance of the `--first` directions and of
the rest the model leaves unexplained, with the caption and without, and which share of the velocity loss the rest
has: where every channel counts alike, and where an error counts as it is seen.
"""

import argparse
import sys
from collections.abc import Sequence

import torch
from machine import machine
from text_gain import Lesson, lessons
from torch import Tensor

import himmel
from himmel.flow import noisy
from himmel.generate.model import Model
from himmel.train.pullback import pullback_metric

LEVELS = (0.3, 0.6, 0.9, 0.97)
CLIPS, FRAMES = 12, 5  # at which the metric is taken: 12 x 5 x 64 latents at 128 x 128


@torch.inference_mode()
def errors(model: Model, lesson: Lesson, level: float, caption: str, seed: int) -> Tensor:
    """What is missing in the prediction of a clip's clean latents: [C, F h w]."""
    noise = torch.randn(lesson.clean.shape, generator=torch.Generator().manual_seed(seed))
    text = model.embed(caption, "")
    prediction = model.transformer(
        noisy(lesson.clean, noise, torch.tensor(level)).to(model.device),
        torch.full((1, lesson.clean.shape[2]), 1000 * level, device=model.device),
        text.tokens[:1],
        pooled=text.pooled[:1] if model.transformer.config.pooled_text else None,
    )
    return (prediction.cpu().float() - lesson.clean)[0].flatten(1)


def spectrum(found: Sequence[Tensor], vectors: Tensor) -> Tensor:
    """Mean square along each of the directions `vectors` [C, C] (columns) of arrays [C, N]: [C]."""
    return torch.stack([(vectors.T @ each).square().mean(1) for each in found]).mean(0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="bundled", help="a model's name or the folder of its weights")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--frames", type=int, default=33, help="of each clip")
    parser.add_argument("--side", type=int, default=128, help="pixels")
    parser.add_argument("--first", type=int, default=10, help="directions that are set against the rest")
    asked = parser.parse_args(arguments)
    pipe = himmel.load(asked.model)
    if asked.scenes < 2 or not 0 < asked.first < pipe.model.codec.config.latent_channels:
        parser.error("ask for 2 scenes or more, and for fewer directions than the latents have")
    print(f"{pipe.facts.name} on {machine()}: {asked.scenes} scenes, {asked.frames} frames")
    model = pipe.model.cast("float32")
    found = lessons(model, asked.scenes, asked.frames, asked.side)
    known = torch.cat([lesson.clean[:, :, :FRAMES] for lesson in found[:CLIPS]])
    metric = pullback_metric(model.codec, known)
    values, vectors = (each.flip(-1) for each in torch.linalg.eigh(metric))
    together = torch.cat([lesson.clean[0].flatten(1) for lesson in found], dim=1)
    covariance = torch.cov(together)
    root = torch.linalg.cholesky(metric)
    shares = torch.linalg.eigvalsh(root.T @ covariance @ root).flip(0)
    print(
        f"variance of pixels: {100 * float(shares[0] / shares.sum()):.0f} % along one direction, "
        f"{100 * float(shares[: asked.first].sum() / shares.sum()):.0f} % along {asked.first} of {len(values)}"
    )
    model = model.cast(himmel.generate.pipeline.fast_precision(model.device))
    variance = (vectors.T @ covariance @ vectors).diagonal()
    rest = slice(asked.first, None)
    columns = ("unexplained", "rest", "no caption", "rest", "loss of rest, alike", "as seen")
    print(f"{'t':>5}" + "".join(f"{name:>21}" for name in columns))
    for level in LEVELS:
        cells = []
        for caption in (True, False):
            missing = spectrum(
                [errors(model, one, level, one.caption if caption else "", i) for i, one in enumerate(found)],
                vectors,
            )
            cells += [float(missing[part].sum() / variance[part].sum()) for part in (slice(asked.first), rest)]
            alike, seen = (float(w[rest].sum() / w.sum()) for w in (missing, missing * values))
        print(f"{level:>5}" + "".join(f"{cell:>21.3f}" for cell in (*cells, alike, seen)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
