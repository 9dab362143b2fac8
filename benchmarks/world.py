"""How many clips a second the world is drawn at, as `himmel world render` stores them.

    python benchmarks/world.py                      # 128 clips of 33 frames, 128x128, two processes
    python benchmarks/world.py --workers 1 --profile full --size 256x144

Hardware: 2 CPU cores with nothing else to do; OpenGL without a window (Mesa's software renderer will do).
Minutes: 1.
Expected: at least 5 clips a second on two cores (the bar of this project; not a measurement).

Counted is everything that makes a training clip: scene, physics, drawing at twice the size, ground truth, H.264,
shards and ledger. The first shard, whose time holds the start of the processes, is shown by itself.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

from machine import machine

from himmel.data import RenderConfig, render_shards
from himmel.shapes import Size

BAR = 5.0
SEED = 80_000_000  # no training and no suite begins here
SHARD = 32


def asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=4 * SHARD, help=f"more than {SHARD}")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--profile", default="first_light", help="first_light or full")
    parser.add_argument("--size", default="128x128")
    wanted = parser.parse_args(arguments)
    if wanted.clips <= SHARD:
        parser.error(f"{wanted.clips} clips are too few; ask for more than {SHARD}")
    return wanted


def timed(config: RenderConfig, clips: int, workers: int, folder: Path) -> list[tuple[int, float]]:
    """How many clips were there after how many seconds."""
    began = perf_counter()
    marks: list[tuple[int, float]] = []
    render_shards(
        folder,
        clips=clips,
        first_seed=SEED,
        shard_size=SHARD,
        workers=workers,
        config=config,
        on_progress=lambda done, total: marks.append((done, perf_counter() - began)),
    )
    return marks


def main(arguments: list[str] | None = None) -> int:
    wanted = asked(arguments)
    size = Size.parse(wanted.size)
    config = RenderConfig(profile=wanted.profile, width=size.width, height=size.height)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        marks = timed(config, wanted.clips, wanted.workers, Path(folder))
        stored = sum(path.stat().st_size for path in Path(folder).rglob("*.tar"))
    started, (done, ended) = next(mark for mark in marks if mark[0] >= SHARD), marks[-1]
    rate = (done - started[0]) / (ended - started[1])
    print(f"{done} clips of {config.frames} frames, {size}, {wanted.profile}, {wanted.workers} processes")
    print(f"first {started[0]}: {started[1]:.1f} s with the start of the processes")
    print(f"then: {rate:.1f} clips/s (bar: {BAR:g}), {rate * config.frames:.0f} frames/s")
    print(f"{stored / done / 1e3:.0f} kB a clip")
    return int(rate < BAR)


if __name__ == "__main__":
    raise SystemExit(main())
