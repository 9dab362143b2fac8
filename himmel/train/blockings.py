"""The blockings of clips as numbers on disk, in the form of latents: to a planner they are very small clips.

Arrays are those of latents.py, with the numbers of a blocking as channels and one place: bfloat16 seen as uint16
[clips, 2, C, F, 1, 1]. A chunk has the same clips as the chunk of latents with its name.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from himmel.blocking import channels, mirrored
from himmel.errors import Cancelled
from himmel.train.checkpoint import sync
from himmel.train.latents import claim, write_whole

__all__ = ["BlockedClips", "write_blockings"]


class BlockedClips(Protocol):
    """Clips with a record each, of which it is known who is where."""

    def __len__(self) -> int:
        """Number of clips."""

    def record(self, index: int, /) -> dict[str, Any]:
        """What captions are sampled from."""

    def blocking(self, index: int, /, *, actors: int, every: int) -> npt.NDArray[np.float32]:
        """The blocking of one clip (`himmel.blocking`), float32 [C, F]: its first frame, then each `every`th."""


def write_blockings(
    clips: BlockedClips,
    folder: Path,
    *,
    actors: int,
    every: int,
    source: str = "",
    per_chunk: int = 256,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Write the blocking of every clip that `folder` does not hold yet.

    actors: how many of the subjects of a scene it tells of. every: frames that share a latent frame. source: what
    names the clips. Raises TrainingError when the folder holds others, Cancelled, between chunks, when asked to
    stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    origin: dict[str, str | int] = {"clips": source, "actors": actors, "frames in a latent frame": every}
    claim(folder, {**origin, "clips in a chunk": per_chunk}, "blockings")
    for start in range(0, len(clips), per_chunk):
        index, done = folder / f"chunk-{start:08d}.jsonl", min(start + per_chunk, len(clips))
        if not index.exists():
            _write_chunk(clips, range(start, done), index, actors, every)
        on_progress(done, len(clips))
        if should_stop():
            raise Cancelled(f"stopped after {done} of {len(clips)} clips; run the same command again to go on")


def _write_chunk(clips: BlockedClips, chosen: range, index: Path, actors: int, every: int) -> None:
    by_length: dict[int, list[tuple[int, torch.Tensor]]] = {}
    for number in chosen:
        blocking = torch.from_numpy(clips.blocking(number, actors=actors, every=every))  # [C, F]
        assert len(blocking) == channels(actors)
        by_length.setdefault(blocking.shape[1], []).append((number, blocking))
    lines = {}
    for frames, members in by_length.items():
        name = f"{index.stem}-1x1x{frames}.npy"
        filmed = torch.stack([blocking for _, blocking in members])  # [n, C, F]
        both = torch.stack((filmed, mirrored(filmed)), dim=1)[..., None, None].bfloat16()  # [n, 2, C, F, 1, 1]
        np.save(index.with_name(name), both.view(torch.uint16).numpy())
        sync(index.with_name(name))
        for row, (number, _) in enumerate(members):
            lines[number] = {"array": name, "row": row, "record": clips.record(number)}
    write_whole(index, "".join(json.dumps(lines[number]) + "\n" for number in chosen))
