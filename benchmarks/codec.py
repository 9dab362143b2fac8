"""How much of a clip the codec keeps, whether a stream equals a whole clip, and what it costs.

    python benchmarks/codec.py                                  # the bundled codec on 64 fresh validation scenes
    python benchmarks/codec.py --split held_out                 # on combinations that training never shows
    python benchmarks/codec.py --model runs/codec/weights --clips clips --sheet codec.png

Hardware: 2 CPU cores with bf16 matrix units. Minutes: 2, most of them drawing the scenes.
Expected: PSNR of 28 dB or more on average; a stream within 1e-4 of the whole clip (bars, not measurements).

PSNR is that of whole clips in float32, one number a clip, with the 95 % interval of its mean by bootstrap.
--model takes complete weights or a codec alone. --clips takes the clips of a folder with a ledger instead of
drawing scenes; those are what H.264 left of them.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from machine import machine
from numpy.typing import NDArray
from torch import Tensor

from himmel.codec import Codec, CodecConfig
from himmel.data import ClipShards, RenderConfig
from himmel.media import contact_sheet, write_png
from himmel.shapes import Size
from himmel.weights import load_weights
from himmel.world import Stage

SEED = 70_000_000  # no training and no suite begins here
SHOWN = 6  # clips on the sheet
MOMENTS = 4  # frames of each
TIMED = 5


@dataclass(kw_only=True)
class Found:
    """What was seen of all clips: PSNR by style, and the largest difference between stream and whole."""

    psnr: dict[str, list[float]] = field(default_factory=dict)
    streaming: float = 0.0
    pairs: list[NDArray[np.uint8]] = field(default_factory=list)


def load_codec(model: str) -> Codec:
    part = load_weights(model).parts["codec"]
    codec = Codec(CodecConfig.from_dict(dict(part.config)))
    codec.load_state_dict(dict(part.tensors))
    return codec.requires_grad_(False)


def drawn(config: RenderConfig, seeds: Iterable[int]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Style and frames uint8 [T, H, W, 3] of fresh scenes."""
    stage = Stage()
    try:
        for seed in seeds:
            scene = config.scene(seed)
            yield scene.style, stage.render(scene).frames
    finally:
        stage.close()


def stored(folder: Path, split: str, most: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The same of the clips of a folder."""
    clips = ClipShards(folder, split=split)
    for index in range(min(most, len(clips))):
        yield clips.record(index)["spec"]["style"], clips.frames(index)


def to_video(frames: NDArray[np.uint8]) -> Tensor:
    """uint8 [T, H, W, 3] -> [1, 3, T, H, W] in [-1, 1]."""
    return (torch.from_numpy(np.array(frames)).float() / 127.5 - 1).permute(3, 0, 1, 2)[None]


def to_frames(video: Tensor) -> NDArray[np.uint8]:
    """[1, 3, T, H, W] in [-1, 1] -> uint8 [T, H, W, 3]."""
    return (video[0].permute(1, 2, 3, 0) * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).numpy()


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def streamed(codec: Codec, video: Tensor) -> tuple[Tensor, Tensor]:
    """Latents and frames of a clip that comes and goes in pieces of uneven length."""
    latents = torch.cat(list(codec.encode_stream(torch.split(video, [1, 2, 7, video.shape[2] - 10], dim=2))), 2)
    return latents, torch.cat(list(codec.decode_stream(latents)), dim=2)


def examine(codec: Codec, clips: Iterable[tuple[str, NDArray[np.uint8]]]) -> Found:
    found = Found()
    for style, frames in clips:
        video = to_video(frames)
        latents = codec.encode(video)
        decoded = codec.decode(latents)
        again, piecewise = streamed(codec, video)
        difference = max(float((again - latents).abs().max()), float((piecewise - decoded).abs().max()))
        found.streaming = max(found.streaming, difference)
        kept = to_frames(decoded)
        found.psnr.setdefault(style, []).append(psnr(kept, frames))
        if len(found.pairs) < 2 * SHOWN:
            moments = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
            found.pairs += [frames[moments], kept[moments]]
    return found


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean, by bootstrap."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, size=(2000, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def report(found: Found) -> Iterator[str]:
    everything = [value for values in found.psnr.values() for value in values]
    yield f"{'PSNR, dB':<18} {'clips':>5} {'mean':>6}  {'95 % interval':>14} {'worst':>6}"
    for style, values in (*sorted(found.psnr.items()), ("all", everything)):
        low, high = interval(values)
        between = f"{low:.2f} to {high:.2f}"
        yield f"{style:<18} {len(values):>5} {np.mean(values):6.2f}  {between:>14} {min(values):6.2f}"
    yield f"largest difference between a stream and a whole clip, latents and frames: {found.streaming:.1e}"


def milliseconds(work: Callable[[], object]) -> float:
    """The least of some runs after one to warm up."""
    work()
    times = []
    for _ in range(TIMED):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return 1000 * min(times)


def costs(codec: Codec, frames: NDArray[np.uint8]) -> Iterator[str]:
    video = to_video(frames)
    latents = codec.encode(video)
    for name, enabled in (("fp32", False), ("bf16", True)):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            encode, decode = milliseconds(lambda: codec.encode(video)), milliseconds(lambda: codec.decode(latents))
            kept = psnr(to_frames(codec.decode(codec.encode(video)).float()), frames)
        yield f"{name}: encode {encode:.0f} ms, decode {decode:.0f} ms a clip; first clip {kept:.2f} dB"


@torch.inference_mode()
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help="a model's name or a folder of weights with a codec")
    parser.add_argument("--clips", type=Path, help="a folder of clips to take instead of drawing scenes")
    parser.add_argument("--split", default="validation", help="train, validation or held_out")
    parser.add_argument("--profile", default="first_light", help="the part of the world to draw")
    parser.add_argument("--size", type=Size.parse, default=Size.parse("128x128"))
    parser.add_argument("--scenes", type=int, default=64, help="how many clips")
    parser.add_argument("--seed", type=int, default=SEED, help="the first seed to draw")
    parser.add_argument("--sheet", type=Path, help="a PNG of frames, each row above what the codec kept of it")
    asked = parser.parse_args(arguments)
    size = asked.size
    config = RenderConfig(split=asked.split, profile=asked.profile, width=size.width, height=size.height)
    seeds = range(asked.seed, asked.seed + asked.scenes)
    clips = list(stored(asked.clips, asked.split, asked.scenes) if asked.clips else drawn(config, seeds))
    codec = load_codec(asked.model)
    found = examine(codec, clips)
    print(machine())
    where = asked.clips or f"drawn from seed {asked.seed}"
    print(f"{asked.model}: {len(clips)} clips {where}, split {asked.split}")
    for line in (*report(found), *costs(codec, clips[0][1])):
        print(line)
    if asked.sheet:
        write_png(asked.sheet, contact_sheet(np.concatenate(found.pairs), columns=MOMENTS))
        print(asked.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
