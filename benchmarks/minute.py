"""A minute of video beside five seconds: seconds by stage, peak memory, and how far the picture drifts.

    python benchmarks/minute.py                          # the bundled weights, both ways of going on
    python benchmarks/minute.py --ways rolling --sheets FOLDER

Hardware: 2 CPU cores with bf16 matrix units and nothing else to do. Minutes: 5.
Expected: 60 s of 128x128 within 60 s, at a peak of memory within 10 % of that of 5 s (the bars of this project,
not a measurement). Where something else runs, read the CPU seconds: they do not count what others took.

The ways are those of `himmel.flow.Rolling`. "windows": a third of each window is history, and all the rest is
made at once. "rolling": latent frames are made one after the other, each less noisy than the next, beside the
first of the video. Every video is a process of its own. The picture is read back from the files: brightness and
saturation are means of 5 s, motion the mean change from frame to frame; seams are the changes where the windows
of the first way end, whichever way it is, "worst" the greatest of all, both by the middle change.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from machine import machine

if TYPE_CHECKING:
    from himmel.director import ModelFacts
    from himmel.generate import Progress
    from himmel.media import Pixels
    from himmel.plan import Windows

PROMPT = "a big red cube spins slowly on a wooden table in daylight. the camera does not move. realistic style."
WAYS = ("windows", "rolling")
BEGINNING = 5.0  # seconds that the end is compared with
BAR_SECONDS, BAR_MEMORY = 60.0, 1.10
LEVEL = 1 / 255  # the least change that is one


def window(facts: "ModelFacts", way: str) -> "Windows":
    """How a way goes on, for a model."""
    from himmel.plan import Windows

    frames, compression = facts.card.frames, facts.compression
    third = max(2, compression.latent_frames(frames) // 3)
    if way == "windows":
        return Windows(frames=frames, overlap=compression.pixel_frames(third), carry_level=0.03)
    overlap = compression.pixel_frames(third - 1)
    return Windows(frames=frames, overlap=overlap, carry_level=0.03, sink=1, stride=compression.time)


class Meter:
    """Seconds and CPU seconds by stage."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self._last = perf_counter(), process_time()

    def done(self, stage: str) -> None:
        """What passed since the last time was for this stage."""
        now = perf_counter(), process_time()
        self.wall[stage] += now[0] - self._last[0]
        self.cpu[stage] += now[1] - self._last[1]
        self._last = now


def once(model: str, way: str, seconds: float, out: Path) -> dict[str, Any]:
    """Make one video in this process: seconds by stage, the time of the first frame, peak memory in MiB."""
    meter = Meter()
    from himmel.generate import load
    from himmel.generate.sealing import finish
    from himmel.plan import Request
    from himmel.provenance import load_keys

    pipe = load(model, device="cpu", keys_folder=out.parent / "keys")
    plan = pipe.plan(Request(prompt=PROMPT, seconds=seconds, seed=7, expand="off"))
    shot = plan.shots[0].model_copy(update={"windows": window(pipe.facts, way)})
    plan = plan.model_copy(update={"shots": (shot,)})
    keys = load_keys(pipe.keys_folder)
    meter.done("load")
    first: list[float] = []
    calls: list[int] = []

    def told(event: "Progress") -> None:
        meter.done({"text": "prepare", "write": "decode", "seal": "write"}.get(event.stage, event.stage))
        calls.extend([event.total] * (event.stage == "denoise"))

    def handed(frames: "Iterator[Pixels]") -> "Iterator[Pixels]":
        for chunk in frames:
            meter.done("decode")
            first.append(sum(meter.wall.values()) - meter.wall["load"])
            yield chunk
            meter.done("write")

    clock = pipe.clock(plan, told)
    frames = handed(pipe.stream(plan, clock=clock))
    finish(plan, frames, out, card=pipe.facts.card, keys=keys, force=True, on_stage=clock.at)
    meter.done("seal")
    return {
        "wall": dict(meter.wall),
        "cpu": dict(meter.cpu),
        "first": first[0],
        "calls": len(calls),
        "frames": plan.frames,
        "peak": peak_memory(),
    }


def peak_memory() -> float:
    """The most memory this process has had resident, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the process was before it became this program
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def drift(path: Path, windows: "Windows") -> dict[str, float]:
    """How the end of a video differs from its beginning, and what it is like where windows end."""
    import numpy as np

    from himmel.media import read_video

    clip = read_video(path)
    frames = clip.pixels
    span = min(round(BEGINNING * float(clip.fps)), len(frames) // 2)
    changes = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean((1, 2, 3))
    begun, ended = look(frames[:span]), look(frames[-span:])
    usual = max(float(np.median(changes)), LEVEL)
    return {
        "brightness": ended[0] / max(begun[0], LEVEL),
        "saturation": ended[1] / max(begun[1], LEVEL),
        "motion": max(float(changes[-span:].mean()), LEVEL) / max(float(changes[:span].mean()), LEVEL),
        "seam": float(changes[windows.frames - 1 :: windows.frames - windows.overlap].mean()) / usual,
        "worst": float(changes.max()) / usual,
    }


def look(frames: "Pixels") -> tuple[float, float]:
    """Mean luma (BT.709) and mean distance of the channels from each other, in levels."""
    import numpy as np

    pixels = frames[::3].reshape(-1, 3)
    luma = float((pixels.mean(0) * (0.2126, 0.7152, 0.0722)).sum())
    return luma, float((pixels.max(1).astype(np.int16) - pixels.min(1)).mean())


def in_a_process(model: str, way: str, seconds: float, out: Path) -> dict[str, Any]:
    """`once` in a process of its own."""
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    asked = ["--model", model, "--ways", way, "--seconds", str(seconds), "--once", str(out)]
    done = subprocess.run([sys.executable, __file__, *asked], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(made: dict[str, Any]) -> str:
    """One line a stage: seconds and CPU seconds."""
    rows = [f"    {name:<10} {made['wall'][name]:8.2f} {made['cpu'][name]:8.2f}" for name in made["wall"]]
    after = [sum(spent for name, spent in made[kind].items() if name != "load") for kind in ("wall", "cpu")]
    rows.append(f"    {'in all':<10} {after[0]:8.2f} {after[1]:8.2f}   without load")
    rows.append(
        f"    {made['frames']} frames, {made['calls']} model calls, {made['frames'] / after[0]:.1f} frames a "
        f"second, {made['frames'] / after[1]:.1f} a CPU second; first frame after {made['first']:.2f} s; "
        f"peak {made['peak']:.0f} MiB"
    )
    return "\n".join(rows)


def compared(model: str, way: str, lengths: tuple[float, float], folder: Path, sheets: Path | None) -> str:
    """What a way costs at both lengths, and how the longer one drifts."""
    from himmel.generate import describe
    from himmel.weights import read_index

    lines, made = [f"{way}:"], []
    for seconds in lengths:
        out = folder / f"{way}-{seconds:g}.mp4"
        made.append(in_a_process(model, way, seconds, out))
        lines += [f"  {seconds:g} s, seconds and CPU seconds", table(made[-1])]
    wall = sum(made[1]["wall"].values()) - made[1]["wall"]["load"]
    ratio = made[1]["peak"] / made[0]["peak"]
    figures = drift(out, window(describe(read_index(model)), "windows"))
    lines += [
        f"  {wall:.1f} s is {'within' if wall <= BAR_SECONDS else 'beyond'} the bar of {BAR_SECONDS:g} s, "
        f"{ratio:.3f} times the memory {'within' if ratio <= BAR_MEMORY else 'beyond'} that of {BAR_MEMORY:g}",
        "  last 5 s by first 5 s: "
        + ", ".join(f"{name} {figures[name]:.2f}" for name in ("brightness", "saturation", "motion"))
        + f"; seams {figures['seam']:.2f}, worst change {figures['worst']:.2f} times the middle one",
    ]
    if sheets is not None:
        write_sheet(out, sheets / f"{way}.png")
    return "\n".join(lines)


def write_sheet(video: Path, out: Path) -> None:
    """Forty-eight frames of a video side by side."""
    import numpy as np

    from himmel.media import contact_sheet, part_path, read_video, write_image

    clip = read_video(video)
    places = np.linspace(0, len(clip.pixels) - 1, min(48, len(clip.pixels))).round().astype(int)
    times = [f"{place / float(clip.fps):.1f} s" for place in places]
    part = part_path(out)
    write_image(part, contact_sheet(clip.pixels[places], columns=12, captions=times))
    part.replace(out)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help="a model's name or the folder of its weights")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seconds", type=float, default=60.0, help="the longer length")
    parser.add_argument("--short", type=float, default=5.0, help="the shorter length")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="also draw a contact sheet of each way")
    parser.add_argument("--once", type=Path, metavar="FILE", help="one video in this process, as JSON")
    asked = parser.parse_args(arguments)
    if asked.once:
        print(json.dumps(once(asked.model, asked.ways[0], asked.seconds, asked.once)))
        return 0
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        for way in asked.ways:
            print(compared(asked.model, way, (asked.short, asked.seconds), Path(name), asked.sheets), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
