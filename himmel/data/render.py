"""Rendering training data: seeds in, shards and ledger rows out, on as many processes as asked for.

A clip is a function of the generator's version, its seed and the config, which names one size or several that
clips take turns in. So a run that was cut off goes on
with the seeds the ledger lacks, and a lost shard is drawn again and must come out with the digest the
ledger holds. Workers draw and encode; this process alone writes shards and ledger.
"""

import hashlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from himmel import world
from himmel.data.ledger import SPLITS, ClipRow, Ledger, SourceRow
from himmel.data.shards import LEDGER_NAME, Sample, write_shard
from himmel.errors import UsageError, WorldError
from himmel.media import encode_clip
from himmel.plan import canonical_json
from himmel.shapes import Size

__all__ = ["RenderConfig", "render_shards"]

# Clips sent to a worker at once: few enough that a shard's end does not leave workers idle.
CLIPS_PER_TASK = 4
PLAIN_FPS = 12  # of every scene that is not told otherwise


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    """What is drawn and how it is stored.

    split: "train" and "validation" draw from the same scenes (give them different seeds), "held_out" draws
    combinations that train never shows. profile: the name of a part of the world's grammar. crf: H.264
    quality, smaller is closer to the source. fps: frames a second. others: sizes "WIDTHxHEIGHT" that clips have
    besides width x height; they take turns by their seeds, and one that is named twice comes twice as often.
    """

    split: str = "train"
    profile: str = "full"
    width: int = 128
    height: int = 128
    frames: int = 33
    crf: int = 8
    fps: int = PLAIN_FPS
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", tuple(str(Size.parse(other)) for other in self.others))
        if self.split not in SPLITS:
            raise UsageError(f'split "{self.split}" is unknown; use one of {", ".join(SPLITS)}')
        if self.profile not in world.PROFILES:
            raise UsageError(f'profile "{self.profile}" is unknown; use one of {", ".join(world.PROFILES)}')

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `from_dict` takes them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RenderConfig":
        """Build from plain values; raises UsageError on unknown keys."""
        if unknown := set(data) - {field.name for field in fields(cls)}:
            raise UsageError(f"RenderConfig has no {', '.join(sorted(unknown))}; remove it")
        return cls(**data)

    @classmethod
    def of_sizes(cls, sizes: Sequence[Size], **values: Any) -> "RenderConfig":
        """The config for clips of these sizes, the first of them first in turn; `values` are its other fields."""
        first, *others = sizes
        return cls(width=first.width, height=first.height, others=tuple(map(str, others)), **values)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes that clips take turns in."""
        return (Size(width=self.width, height=self.height), *map(Size.parse, self.others))

    @property
    def transform(self) -> str:
        """What a ledger row says was done to the pixels; what scenes have anyway is not mentioned."""
        plain = (("fps", PLAIN_FPS), ("others", ()))
        values = {name: value for name, value in self.to_dict().items() if (name, value) not in plain}
        return canonical_json({"generator": world.GENERATOR, **values})

    def size(self, seed: int) -> Size:
        """The size of a seed's clip."""
        return self.sizes[seed % len(self.sizes)]

    def scene(self, seed: int) -> world.SceneSpec:
        """The scene of a seed."""
        size = self.size(seed)
        spec = world.sample_scene(
            seed,
            profile=world.PROFILES[self.profile],
            split="held_out" if self.split == "held_out" else "train",
            width=size.width,
            height=size.height,
        )
        return replace(spec, frames=self.frames, fps=self.fps)


def render_shards(
    out: Path | str,
    *,
    clips: int,
    first_seed: int = 0,
    shard_size: int = 256,
    workers: int = 1,
    config: RenderConfig | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> str:
    """Draw `clips` clips, of the seeds from `first_seed` on, into `out`; returns the Merkle root of the split.

    Seeds that the ledger already lists are not drawn again, except to mend a lost shard. `on_progress` is
    told clips done and clips in all. Raises UsageError for settings that do not fit the folder, WorldError
    when nothing can be drawn here, LedgerError when a mended shard comes out different.
    """
    config, out = config or RenderConfig(), Path(out)
    if min(clips, shard_size, workers) < 1 or first_seed < 0:
        raise UsageError("clips, shard_size and workers must be 1 or more and first_seed 0 or more")
    out.mkdir(parents=True, exist_ok=True)
    with Ledger(out / LEDGER_NAME) as ledger:
        ledger.verify()
        rows = list(ledger.clips(split=config.split))
        _check_settings(rows, config)
        source = ledger.add_source(_source())
        wanted = range(first_seed, first_seed + clips)
        jobs = [*_lost(out, ledger, rows), *_missing(rows, wanted, shard_size, config.split)]
        progress = _Progress(total=sum(len(seeds) for _, seeds in jobs), report=on_progress)
        with _renderer(config, workers) as render:
            for name, seeds in jobs:
                _render_shard(out / name, ledger, config, source, progress.count(render(seeds)))
        return ledger.root(split=config.split)


def _render_shard(
    path: Path, ledger: Ledger, config: RenderConfig, source: int, samples: Iterable[Sample]
) -> None:
    rows: list[ClipRow] = []

    def noted() -> Iterator[Sample]:
        for sample in samples:
            size = config.size(int(sample.key))
            rows.append(
                ClipRow(
                    **sample.digests(),
                    source=source,
                    seed=int(sample.key),
                    split=config.split,
                    width=size.width,
                    height=size.height,
                    frames=config.frames,
                    shard=path.name,
                    key=sample.key,
                    transform=config.transform,
                )
            )
            yield sample

    known = ledger.shards().get(path.name)
    shard = write_shard(path, noted(), known=known)
    if known is None:
        ledger.add_clips(rows, shard)


def _check_settings(rows: Sequence[ClipRow], config: RenderConfig) -> None:
    others = {row.transform for row in rows} - {config.transform}
    if others:
        raise UsageError(f"the folder holds {config.split} clips made by {others.pop()}; use another folder")


def _lost(out: Path, ledger: Ledger, rows: Sequence[ClipRow]) -> Iterator[tuple[str, list[int]]]:
    """Shards that the ledger lists and the folder lacks, with their seeds."""
    for name, shard in ledger.shards().items():
        seeds = [row.seed for row in rows if row.shard == name]
        path = out / name
        if seeds and (not path.is_file() or path.stat().st_size != shard.bytes):
            yield name, seeds


def _missing(
    rows: Sequence[ClipRow], wanted: Sequence[int], shard_size: int, split: str
) -> Iterator[tuple[str, list[int]]]:
    """New shards for the wanted seeds that no row has."""
    present = {row.seed for row in rows}
    seeds = [seed for seed in wanted if seed not in present]
    for start in range(0, len(seeds), shard_size):
        chunk = seeds[start : start + shard_size]
        yield f"{split}-{_key(chunk[0])}.tar", chunk


def _key(seed: int) -> str:
    return f"{seed:09d}"


@dataclass(kw_only=True)
class _Progress:
    """Counts samples on their way to the shard."""

    total: int
    report: Callable[[int, int], None] | None
    done: int = 0

    def count(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            yield sample
            self.done += 1
            if self.report:
                self.report(self.done, self.total)


def _source() -> SourceRow:
    """The world as a source: its evidence is the digest of the program text that draws."""
    text = hashlib.sha256()
    for path in sorted(Path(world.__file__).parent.glob("*.py")):
        text.update(path.name.encode() + b"\0" + path.read_bytes())
    return SourceRow(
        kind="rendered",
        creator="The Himmel authors",
        title="Himmel's procedural world: every shape, texture and light is computed, no asset is loaded",
        generator=world.GENERATOR,
        licence_declared="Apache-2.0",
        licence_concluded="Apache-2.0",
        concluded_by="The Himmel authors",
        evidence_sha256=text.hexdigest(),
    )


@contextmanager
def _renderer(config: RenderConfig, workers: int) -> Iterator[Callable[[Sequence[int]], Iterator[Sample]]]:
    """A function from seeds to samples in the same order; one OpenGL context for each worker."""
    if workers == 1:
        stage = world.Stage()
        try:
            yield partial(map, partial(_draw, stage, config))
        finally:
            stage.close()
        return
    # Contexts of OpenGL do not survive a fork: workers start afresh.
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(config,)
    )
    try:
        yield partial(_map, pool)
    except BrokenProcessPool as error:
        raise WorldError("a rendering worker died (out of memory?); start again with fewer workers") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _map(pool: ProcessPoolExecutor, seeds: Sequence[int]) -> Iterator[Sample]:
    """Draw in the workers; those that start here never hear Ctrl-C, not even before their first line runs."""
    if not hasattr(signal, "pthread_sigmask"):
        return pool.map(_draw_in_worker, seeds, chunksize=CLIPS_PER_TASK)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.map(_draw_in_worker, seeds, chunksize=CLIPS_PER_TASK)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _draw(stage: world.Stage, config: RenderConfig, seed: int) -> Sample:
    spec = config.scene(seed)
    clip = stage.render(spec)
    record = {"generator": world.GENERATOR, "seed": seed, "spec": spec.to_dict()}
    return Sample.pack(_key(seed), encode_clip(clip.frames, spec.fps, config.crf), record, clip.truth.to_arrays())


# A worker's stage cannot be sent to it; it is made there, once, by the pool's initialiser.
_worker: dict[str, tuple[world.Stage, RenderConfig]] = {}


def _start_worker(config: RenderConfig) -> None:
    # Ctrl-C reaches the whole group of processes; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker["here"] = world.Stage(), config


def _draw_in_worker(seed: int) -> Sample:
    stage, config = _worker["here"]
    return _draw(stage, config, seed)
