"""What the finisher makes of small clips, beside plain enlarging, and how long a large frame takes.

    python benchmarks/finish.py --model run/finisher/weights                # 16 fresh validation scenes
    python benchmarks/finish.py --model run/finisher/weights --split held_out --sheet finish.png

Hardware: 2 CPU cores with bf16 matrix units. Minutes: 5, most of them drawing the scenes.
Expected: 3 dB or more above bicubic enlarging with every frame shown twice, on frames that went through the codec
and on frames that did not; structural similarity of final to draft 0.97 or more; at most 3 s for a frame of
1920x1080 (bars, not measurements).

Scenes are drawn large and with twice the frames. Their small twins, every other frame and each pixel the mean of
those it covers, are finished as `himmel make` finishes, plainly (bicubic, every frame twice), and with the other
network switched off: large pictures alone, frames between alone. PSNR is that of whole clips, one number a clip,
with the 95 % interval of the mean by bootstrap.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from codec import interval
from machine import machine
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from himmel.codec import Codec, CodecConfig
from himmel.data import RenderConfig
from himmel.errors import UsageError
from himmel.finish import Finisher, FinisherConfig, Target, finish_stream
from himmel.generate import fast_precision
from himmel.media import contact_sheet, write_png
from himmel.shapes import Size
from himmel.weights import load_weights
from himmel.world import Stage

SEED = 70_000_000  # no training and no suite begins here
LARGE = Size(width=1920, height=1080)
SHOWN = 4  # scenes on the sheet
WAYS = ("plain", "larger only", "between only", "finisher")

Pixels = NDArray[np.uint8]


@dataclass(kw_only=True)
class Found:
    """PSNR by what came in and by way, similarity of final to draft, and pictures for the sheet."""

    psnr: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    similar: list[float] = field(default_factory=list)
    pictures: list[Pixels] = field(default_factory=list)


def loaded(model: str) -> tuple[Codec, Finisher]:
    """Codec and finisher of weights; the finisher in the number format that `himmel make` would take."""
    weights = load_weights(model)
    if "finisher" not in weights.parts:
        raise UsageError(f"{model} holds no finisher; add one with: himmel train finisher --model {model}")
    codec = Codec(CodecConfig.from_dict(dict(weights.parts["codec"].config)))
    finisher = Finisher(FinisherConfig.from_dict(dict(weights.parts["finisher"].config)))
    for name, module in (("codec", codec), ("finisher", finisher)):
        module.load_state_dict(dict(weights.parts[name].tensors))
        module.requires_grad_(False)
    return codec, finisher.store_in(getattr(torch, fast_precision("cpu")))


def drawn(config: RenderConfig, seeds: range) -> Iterator[Pixels]:
    """Frames uint8 [T, H, W, 3] of fresh scenes."""
    stage = Stage()
    try:
        for seed in seeds:
            yield stage.render(config.scene(seed)).frames
    finally:
        stage.close()


def to_pictures(frames: Pixels) -> Tensor:
    """uint8 [T, H, W, 3] -> [T, 3, H, W] in [-1, 1]."""
    return (torch.from_numpy(np.array(frames)).float() / 127.5 - 1).permute(0, 3, 1, 2)


def to_frames(pictures: Tensor) -> Pixels:
    """[T, 3, H, W] in [-1, 1] -> uint8 [T, H, W, 3]."""
    scaled = (pictures.permute(0, 2, 3, 1) * 127.5 + 127.5).round().clamp(0, 255)
    return scaled.to(torch.uint8).contiguous().numpy()


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = np.square(one.astype(np.float32) - other).mean()
    return float(10 * np.log10(255**2 / max(float(error), 1e-9)))


def similarity(one: Pixels, other: Pixels) -> float:
    """Mean structural similarity of clips [T, H, W, 3] (Wang et al. 2004: 11x11 Gaussian of deviation 1.5)."""
    line = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window = (line[:, None] * line / line.sum() ** 2)[None, None].double()
    x, y = (
        torch.from_numpy(z.astype(np.float64)).permute(0, 3, 1, 2).flatten(0, 1)[:, None] for z in (one, other)
    )
    mx, my = conv2d(x, window), conv2d(y, window)
    vx, vy = conv2d(x * x, window) - mx**2, conv2d(y * y, window) - my**2
    both = conv2d(x * y, window) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


def twins(frames: Pixels, codec: Codec, scale: int) -> dict[str, Pixels]:
    """Every other frame, small: as it is, and through the codec."""
    small = avg_pool2d(to_pictures(frames[::2]), scale)
    back = codec.decode(codec.encode(small.transpose(0, 1)[None]))[0].transpose(0, 1)
    return {"through the codec": to_frames(back), "as drawn": to_frames(small)}


def made(finisher: Finisher, small: Pixels, size: Size) -> dict[str, Pixels]:
    """The clip finished in each way, uint8 [T, H, W, 3]."""

    def finished(frames: Pixels, target: Target) -> Pixels:
        return np.concatenate(list(finish_stream(finisher, [frames], target)))

    def plain(frames: Pixels) -> Pixels:
        return to_frames(interpolate(to_pictures(frames), (size.height, size.width), mode="bicubic"))

    own = Size(width=small.shape[2], height=small.shape[1])
    twice = np.repeat(small, 2, axis=0)[:-1]
    larger = finished(small, Target(size=size))
    return {
        "plain": plain(twice),
        "larger only": np.repeat(larger, 2, axis=0)[:-1],
        "between only": plain(finished(small, Target(size=own, smooth=2))),
        "finisher": finished(small, Target(size=size, smooth=2)),
    }


def examine(codec: Codec, finisher: Finisher, scenes: Iterator[Pixels]) -> Found:
    found, scale = Found(), finisher.config.scale
    for frames in scenes:
        size = Size(width=frames.shape[2], height=frames.shape[1])
        for name, small in twins(frames, codec, scale).items():
            clips = made(finisher, small, size)
            for way in WAYS:
                found.psnr.setdefault((name, way), []).append(psnr(clips[way], frames))
            means = to_frames(avg_pool2d(to_pictures(clips["finisher"][::2]), scale))
            found.similar.append(similarity(means, small))
            if len(found.pictures) < 3 * SHOWN and name == "through the codec":
                middle = len(frames) // 4 * 2 + 1  # a frame that was put between
                found.pictures += [clips["plain"][middle], clips["finisher"][middle], frames[middle]]
    return found


def report(found: Found) -> Iterator[str]:
    yield f"{'PSNR, dB':<34} {'clips':>5} {'mean':>6} {'above plain':>12}  {'95 % interval':>14}"
    for (name, way), values in found.psnr.items():
        gains = [value - plain for value, plain in zip(values, found.psnr[name, "plain"], strict=True)]
        low, high = interval(gains)
        between = f"{low:+.2f} to {high:+.2f}"
        label = f"{name}, {way}"
        yield f"{label:<34} {len(values):>5} {np.mean(values):6.2f} {np.mean(gains):+12.2f}  {between:>14}"
    mean, worst = np.mean(found.similar), min(found.similar)
    yield f"structural similarity of final to draft: {mean:.4f} on average, {worst:.4f} at worst"


def frame_seconds(finisher: Finisher, draft: Size, count: int) -> list[float]:
    """Seconds of each of `count` large frames made of frames of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (count, draft.height, draft.width, 3), np.uint8)
    marks = [perf_counter()]
    for _ in finish_stream(finisher, [noise], Target(size=LARGE)):
        marks.append(perf_counter())
    return np.diff(marks).tolist()


@torch.inference_mode()
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help="a model's name or a folder of weights with a finisher")
    parser.add_argument("--split", default="validation", help="train, validation or held_out")
    parser.add_argument("--profile", default="first_light", help="the part of the world to draw")
    parser.add_argument("--size", type=Size.parse, default=Size.parse("512x512"), help="of the large clips")
    parser.add_argument("--scenes", type=int, default=16, help="how many clips")
    parser.add_argument("--frames", type=int, default=33, help="of the large clips: 1 + 8k")
    parser.add_argument("--seed", type=int, default=SEED, help="the first seed to draw")
    parser.add_argument("--timed", type=int, default=5, help="large frames to time, after one to warm up")
    parser.add_argument("--sheet", type=Path, help="a PNG: plain, finished, drawn, of frames put between")
    asked = parser.parse_args(arguments)
    codec, finisher = loaded(asked.model)
    fps, size = 2 * load_weights(asked.model).card.fps, asked.size
    config = RenderConfig(
        split=asked.split,
        profile=asked.profile,
        width=size.width,
        height=size.height,
        frames=asked.frames,
        fps=fps,
    )
    found = examine(codec, finisher, drawn(config, range(asked.seed, asked.seed + asked.scenes)))
    print(machine())
    print(f"{asked.model}: {asked.scenes} scenes drawn from seed {asked.seed} at {size}, split {asked.split}")
    for line in report(found):
        print(line)
    draft = Size(width=128, height=72)
    seconds = frame_seconds(finisher, draft, asked.timed + 1)[1:]
    print(f"a frame of {LARGE} of one of {draft}: {min(seconds):.2f} s at best, {np.median(seconds):.2f} s median")
    if asked.sheet:
        write_png(asked.sheet, contact_sheet(np.stack(found.pictures), columns=3))
        print(asked.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
