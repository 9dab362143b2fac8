"""A raw copy of a folder's frames for training: one uint8 array on disk for each size, filled once, then mapped.

Decoding a clip costs milliseconds and training reads every clip many times. The array is made from shards
that were checked against the ledger; its description beside it names the ledger root it was made from.
"""

import json
import os
import shutil
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from himmel.data.shards import ClipShards
from himmel.errors import LedgerError, UsageError
from himmel.plan import canonical_json
from himmel.shapes import Size

__all__ = ["fill_pixels", "open_pixels"]

# Work lost when a run is cut off is at most this many clips.
CLIPS_PER_SAVE = 64


def fill_pixels(
    shards: ClipShards,
    path: Path | str,
    *,
    size: Size | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.uint8]:
    """Fill the array file `path` with the frames of `shards` and map it read-only: uint8 [clips, T, H, W, 3].

    size: of the clips to take, where there are several. A run that was cut off goes on where it stopped; a
    complete file is only mapped. `on_progress` is told clips done and clips in all. Raises UsageError when the
    clips differ in shape or the file belongs to other clips, LedgerError for a clip that is not what the ledger
    lists or when the disk has no room.
    """
    path = Path(path)
    chosen = [
        index for index, row in enumerate(shards.rows) if size in (None, Size(width=row.width, height=row.height))
    ]
    wanted = _description(shards, chosen)
    if not path.exists():
        _fill(shards, chosen, path.with_name(path.name + ".part"), wanted, on_progress)
        _save_note(path, wanted)
        os.replace(path.with_name(path.name + ".part"), path)
        _note_path(path.with_name(path.name + ".part")).unlink()
    return open_pixels(path, root=shards.root)


def open_pixels(path: Path | str, *, root: str) -> npt.NDArray[np.uint8]:
    """Map a complete array file read-only: uint8 [clips, T, H, W, 3].

    Raises LedgerError unless the file was made from the clips with this Merkle root.
    """
    path = Path(path)
    note = _read_note(path)
    if not path.exists() or note.get("root") != root:
        raise LedgerError(f"{path} was not made from the clips with root {root[:12]}; remove it and fill it again")
    pixels: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    if list(pixels.shape) != note["shape"] or pixels.dtype != np.uint8:
        raise LedgerError(f"{path} is not the array its description names; remove it and fill it again")
    return pixels


def _description(shards: ClipShards, chosen: list[int]) -> dict[str, Any]:
    rows = [shards.rows[index] for index in chosen]
    shapes = {(row.frames, row.height, row.width) for row in rows}
    if len(shapes) != 1:
        found = ", ".join(sorted("x".join(map(str, shape)) for shape in shapes)) or "none"
        raise UsageError(f"clips must have one shape to share an array, found {found}; use an array for each")
    return {"root": shards.root, "shape": [len(rows), *shapes.pop(), 3]}


def _fill(
    shards: ClipShards,
    chosen: list[int],
    part: Path,
    wanted: dict[str, Any],
    on_progress: Callable[[int, int], None] | None,
) -> None:
    note = _read_note(part)
    done = note.get("done", 0) if part.exists() else 0
    if done and {name: note[name] for name in wanted} != wanted:
        raise UsageError(f"{part} was begun from other clips; remove it and fill it again")
    _check_room(part, wanted["shape"], done)
    pixels = np.lib.format.open_memmap(
        part, mode="r+" if done else "w+", dtype=np.uint8, shape=tuple(wanted["shape"])
    )
    for place in range(done, len(chosen)):
        pixels[place] = shards.frames(chosen[place])
        if (place + 1) % CLIPS_PER_SAVE == 0 or place + 1 == len(chosen):
            # The note must never be ahead of the frames it counts.
            pixels.flush()
            _save_note(part, wanted | {"done": place + 1})
        if on_progress:
            on_progress(place + 1, len(chosen))


def _check_room(part: Path, shape: list[int], done: int) -> None:
    """The file takes room only as it is filled, and a mapped page that finds none ends the process by signal."""
    clips, *clip = shape
    wanted, free = (clips - done) * prod(clip), shutil.disk_usage(part.parent).free
    if wanted > free:
        raise LedgerError(
            f"{part.parent} has {free / 1e9:.1f} GB free and the pixels of {clips - done} clips take "
            f"{wanted / 1e9:.1f} GB; free some space or choose another folder"
        )


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _read_note(path: Path) -> dict[str, Any]:
    note = _note_path(path)
    return dict(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else {}


def _save_note(path: Path, values: dict[str, Any]) -> None:
    note = _note_path(path)
    draft = note.with_name(note.name + ".part")
    draft.write_text(canonical_json(values), encoding="utf-8")
    os.replace(draft, note)
