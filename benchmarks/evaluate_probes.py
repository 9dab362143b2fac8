"""How often the probes of the examination are right on true clips that nothing else has seen.

    python benchmarks/evaluate_probes.py                       # 134 scenes from seeds of no suite
    python benchmarks/evaluate_probes.py --suite full          # 3394 scenes, every probe
    python benchmarks/evaluate_probes.py --model bundled       # the same scenes also through its codec
    python benchmarks/evaluate_probes.py --suite full --groups events candle hidden course --wrong  # caught?
    python benchmarks/evaluate_probes.py --learn clips --out himmel/evaluate/examiner
    python benchmarks/evaluate_probes.py --teach work          # draws clips, trains the recogniser, checks it
    python benchmarks/evaluate_probes.py --silhouettes         # the table SILHOUETTE of himmel.evaluate.followed

Hardware: 2 CPU cores. Minutes: about 2 to check quick, about 30 to check full, about 4 for an examiner from 1280
clips, about 90 for a recogniser from 4096 (reckoned from 0.3 s a clip and 0.9 s a step). `--teach` stopped at any
moment and given again goes on.
Expected: every share at 97 % or more, the seam at 1.0; of clips that are wrong on purpose 90 % or more are caught.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from himmel.data import ClipShards, RenderConfig, render_shards
from himmel.evaluate import (
    LearnConfig,
    RowResult,
    Suite,
    TeachConfig,
    check_probes,
    codec_round_trip,
    learn_examiner,
    load_examiner,
    load_recogniser,
    suite_named,
    table_of,
    teach_recogniser,
)
from himmel.evaluate.examiner import EXAMINER_FOLDER
from himmel.evaluate.followed import SIZE_SCALE
from himmel.evaluate.recogniser import RECOGNISER_FOLDER
from himmel.evaluate.report import shown, spread
from himmel.evaluate.wrong import Caught, check_wrong
from himmel.generate import load
from himmel.world import FIRST_LIGHT, GroundTruth, Stage, sample_scene

CAUGHT = 0.90  # of the clips that are wrong in one way
SEED = 60_000_000  # no suite begins here
LESSON_SEED = 20_000_000  # nor do clips that a bundled model learns from


def asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="quick", help="whose groups and rows to take")
    parser.add_argument("--groups", nargs="+", help="only these groups, and the rows that they fill alone")
    parser.add_argument("--seed", type=int, default=SEED, help="the first seed of the scenes")
    parser.add_argument("--limit", type=int, help="the most scenes of each group")
    parser.add_argument("--wrong", action="store_true", help="clips that are wrong on purpose, made of the scenes")
    parser.add_argument("--model", help="weights whose codec to send the clips through")
    parser.add_argument("--examiner", type=Path, default=EXAMINER_FOLDER, help="the folder of an examiner")
    parser.add_argument("--recogniser", type=Path, default=RECOGNISER_FOLDER, help="the folder of a recogniser")
    parser.add_argument("--learn", type=Path, help="a folder of clips to learn a new examiner from")
    parser.add_argument("--teach", type=Path, help="a folder to work in, to draw clips and train a recogniser")
    parser.add_argument("--clips", type=int, default=TeachConfig().clips, help="how many clips --teach draws")
    parser.add_argument("--size", type=int, default=128, help="the side of the clips that --teach draws")
    parser.add_argument("--steps", type=int, help="how long to learn")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw clips")
    parser.add_argument("--out", type=Path, help="where the new examiner or recogniser goes")
    parser.add_argument("--silhouettes", action="store_true", help="measure how large each subject looks")
    return parser.parse_args(arguments)


def learned(wanted: argparse.Namespace) -> None:
    config = replace(LearnConfig(), steps=wanted.steps or LearnConfig().steps)
    out = wanted.out or EXAMINER_FOLDER
    with Progress() as progress:
        task = progress.add_task("learning", total=config.steps)
        index = learn_examiner(
            ClipShards(wanted.learn, split="train"),
            out,
            config,
            on_step=lambda step, steps, loss: progress.update(task, completed=step, total=steps),
        )
    print(f"{out}: {index.total_bytes} bytes from the clips with root {index.card.ledger[:12]}")


def taught(wanted: argparse.Namespace) -> None:
    """From nothing to a recogniser: clips, lessons, steps; each goes on where it was stopped."""
    config = TeachConfig(clips=wanted.clips, steps=wanted.steps or TeachConfig().steps)
    out, clips = wanted.out or RECOGNISER_FOLDER, wanted.teach / "clips"
    drawing = RenderConfig(profile="first_light", width=wanted.size, height=wanted.size, crf=6)
    with Progress() as progress:
        tasks = {name: progress.add_task(name, total=None) for name in ("clips", "lessons", "steps")}

        def tell(what: str, done: int, total: int, loss: float = 0.0) -> None:
            words = f"{what}, loss {loss:.2f}" if loss else what
            progress.update(tasks[what], completed=done, total=total, description=words)

        render_shards(
            clips,
            clips=config.clips,
            first_seed=LESSON_SEED,
            shard_size=64,
            workers=wanted.workers,
            config=drawing,
            on_progress=lambda done, total: tell("clips", done, total),
        )
        shards = ClipShards(clips, split="train")
        index = teach_recogniser(shards, out, wanted.teach / "run", config, on_step=tell)
    print(f"{out}: {index.total_bytes} bytes from the clips with root {index.card.ledger[:12]}")


def silhouettes() -> dict[str, float]:
    """The root of the area of medium subjects in units of the world, by kind and, where it differs, by motion."""
    verbs = ("still", "walk", "drive", "roll", "fly", "bounce")
    profile = replace(FIRST_LIGHT, lights=("day",), styles=("realistic",), cameras=("static",), verbs=verbs,
                      counts=(1.0, 0.0, 0.0))  # fmt: skip
    found: dict[str, list[float]] = {}
    stage = Stage()
    for seed in range(SEED, SEED + 400):
        spec = sample_scene(seed, profile=profile, split="train")
        motion = spec.subjects[0].motion
        if motion.verb != "still" and motion.direction in (None, "left", "right"):
            truth = stage.render(replace(spec, frames=3)).truth
            size = root_area(truth)
            if size is not None:
                name = f"{spec.subjects[0].kind}{', rolling' if motion.verb == 'roll' else ''}"
                found.setdefault(name, []).append(size / SIZE_SCALE[spec.subjects[0].size])
    stage.close()
    return {name: median(values) for name, values in sorted(found.items())}


def root_area(truth: GroundTruth) -> float | None:
    """Of the first subject, where it is seen whole, in units of the world."""
    height, width = truth.masks.shape[1:]
    pixels = 0.5 * height / np.tan(np.radians(truth.fov[0]) / 2) / truth.pixels[:, 0, 2]  # of a unit
    left, top, right, bottom = truth.boxes[:, 0].T
    whole = (left > 0) & (top > 0) & (right < width) & (bottom < height)
    return float(np.median((np.sqrt(truth.seen[:, 0]) / pixels)[whole])) if whole.any() else None


def chosen(suite: Suite, names: Iterable[str] | None, seed: int) -> Suite:
    """The suite with other seeds, and only some of its groups if any are named."""
    if names is None:
        return replace(suite, seed=seed)
    groups = {name: group for name, group in suite.groups.items() if name.split(",")[0] in set(names)}
    rows = tuple(row for row in suite.rows if set(row.groups) & set(groups))
    kept = tuple(replace(row, groups=tuple(name for name in row.groups if name in groups)) for row in rows)
    return replace(suite, groups=groups, rows=kept, seed=seed)


def checked(wanted: argparse.Namespace) -> tuple[RowResult, ...]:
    suite = chosen(suite_named(wanted.suite), wanted.groups, wanted.seed)
    round_trip = codec_round_trip(load(wanted.model)) if wanted.model else None
    with Progress() as progress:
        task = progress.add_task("true clips")
        return check_probes(
            suite,
            examiner=load_examiner(wanted.examiner),
            recogniser=load_recogniser(wanted.recogniser),
            round_trip=round_trip,
            limit=wanted.limit,
            on_progress=lambda phase, done, total: progress.update(task, completed=done, total=total),
        )


def caught(wanted: argparse.Namespace) -> tuple[Caught, ...]:
    suite = chosen(suite_named(wanted.suite), wanted.groups, wanted.seed)
    with Progress() as progress:
        task = progress.add_task("wrong clips")
        return check_wrong(
            suite,
            examiner=load_examiner(wanted.examiner),
            limit=wanted.limit,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def caught_table(found: Iterable[Caught]) -> Table:
    table = Table("row", "wrong clips", "caught", "95 % interval", "n", title="clips that are wrong on purpose")
    for each in found:
        share = each.share
        table.add_row(
            each.row, each.wrong, shown(share.value, "%"), spread(share, "%"), str(share.n),
            style=None if share.value >= CAUGHT else "bold",
        )  # fmt: skip
    return table


def main(arguments: list[str] | None = None) -> int:
    wanted = asked(arguments)
    if wanted.silhouettes:
        for name, size in silhouettes().items():
            print(f"{name}: {size:.2f}")
        return 0
    if wanted.learn:
        learned(wanted)
        return 0
    if wanted.teach:
        taught(wanted)
        return 0
    if wanted.wrong:
        found = caught(wanted)
        Console().print(caught_table(found))
        return int(any(each.share.value < CAUGHT for each in found))
    rows = checked(wanted)
    Console().print(table_of(rows, title=f"{wanted.suite}, scenes from seed {wanted.seed} on"))
    return int(not all(row.valid for row in rows if row.truth is not None))


if __name__ == "__main__":
    raise SystemExit(main())
