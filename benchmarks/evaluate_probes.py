"""How often the probes of the examination are right on true clips that nothing else has seen.

    python benchmarks/evaluate_probes.py                       # 134 scenes from seeds of no suite
    python benchmarks/evaluate_probes.py --model bundled       # the same scenes also through its codec
    python benchmarks/evaluate_probes.py --learn clips --out himmel/evaluate/examiner

Hardware: 2 CPU cores. Minutes: about 2 to check, about 4 to learn from 1280 clips.
Expected: every share at 97 % or more, the seam at 1.0.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from himmel.data import ClipShards
from himmel.evaluate import (
    LearnConfig,
    RowResult,
    check_probes,
    learn_examiner,
    load_examiner,
    suite_named,
    table_of,
)
from himmel.evaluate.examiner import EXAMINER_FOLDER
from himmel.evaluate import codec_round_trip
from himmel.generate import load

SEED = 60_000_000  # no suite begins here


def asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="quick", help="whose groups and rows to take")
    parser.add_argument("--seed", type=int, default=SEED, help="the first seed of the scenes")
    parser.add_argument("--limit", type=int, help="the most scenes of each group")
    parser.add_argument("--model", help="weights whose codec to send the clips through")
    parser.add_argument("--examiner", type=Path, default=EXAMINER_FOLDER, help="the folder of an examiner")
    parser.add_argument("--learn", type=Path, help="a folder of clips to learn a new examiner from")
    parser.add_argument("--steps", type=int, default=LearnConfig().steps, help="how long to learn")
    parser.add_argument("--out", type=Path, default=EXAMINER_FOLDER, help="where the new examiner goes")
    return parser.parse_args(arguments)


def learned(clips: Path, out: Path, config: LearnConfig) -> None:
    with Progress() as progress:
        task = progress.add_task("learning", total=config.steps)
        index = learn_examiner(
            ClipShards(clips, split="train"),
            out,
            config,
            on_step=lambda step, steps, loss: progress.update(task, completed=step, total=steps),
        )
    print(f"{out}: {index.total_bytes} bytes from the clips with root {index.card.ledger[:12]}")


def checked(wanted: argparse.Namespace) -> tuple[RowResult, ...]:
    suite = replace(suite_named(wanted.suite), seed=wanted.seed)
    round_trip = codec_round_trip(load(wanted.model)) if wanted.model else None
    with Progress() as progress:
        task = progress.add_task("true clips")
        return check_probes(
            suite,
            examiner=load_examiner(wanted.examiner),
            round_trip=round_trip,
            limit=wanted.limit,
            on_progress=lambda phase, done, total: progress.update(task, completed=done, total=total),
        )


def main(arguments: list[str] | None = None) -> int:
    wanted = asked(arguments)
    if wanted.learn:
        learned(wanted.learn, wanted.out, LearnConfig(steps=wanted.steps))
        return 0
    rows = checked(wanted)
    Console().print(table_of(rows, title=f"{wanted.suite}, scenes from seed {wanted.seed} on"))
    return int(not all(row.valid for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
