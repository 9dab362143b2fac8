"""Clips encoded once, in both mirror images, as numbers on disk.

A latent is not mirrored by mirroring its array, so both orientations are encoded; a caption sampled for the
mirrored one swaps left and right. Arrays are bfloat16 seen as uint16 [clips, 2, C, F, h, w], one size per
file. `chunk-N.jsonl` names what a chunk's arrays hold, with every clip's record; it is written last, so a
chunk is there completely or not at all and an interrupted encoding goes on where it stopped. `origin.json`
says which codec and which clips a folder's latents came from, and how many clips a chunk has; a folder never
mixes two. Beside every array lies `subjects-ARRAY`, uint8 [clips, F, h, w]: how much of a latent's pixels show a
subject, 255 for all.
"""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from himmel.codec import Codec
from himmel.errors import Cancelled, TrainingError
from himmel.shapes import Compression
from himmel.train.checkpoint import sync
from himmel.train.pixels import Pixels, to_video
from himmel.train.pullback import load_metric, pullback_metric, save_metric

__all__ = ["LatentStore", "RecordedClips", "StoredClip", "claim", "codec_digest", "encode_clips", "write_whole"]

_CHUNK = "number of clips in a chunk"
_SUBJECTS = "subjects-"
_CHUNK_ONCE = 256  # in folders from before it was written down
# Clips, and their first latent frames, at which the decoder's metric is taken: 32 x 5 x 64 latents at 128x128.
_SAMPLE, _SAMPLE_FRAMES = 32, 5

Bits = npt.NDArray[np.uint16]


class RecordedClips(Protocol):
    """Clips with a record each, such as `himmel.data.ClipShards`."""

    def __len__(self) -> int:
        """Number of clips."""

    def frames(self, index: int, /) -> Pixels:
        """Frames of one clip, uint8 [T, H, W, 3]."""

    def record(self, index: int, /) -> dict[str, Any]:
        """What captions are sampled from."""

    def subjects(self, index: int, /) -> npt.NDArray[np.bool_]:
        """Where in the frames of one clip subjects are seen, bool [T, H, W]."""


@dataclass(frozen=True, kw_only=True)
class StoredClip:
    """One clip of a store: its place and its record."""

    array: str
    row: int
    record: dict[str, Any]


def encode_clips(
    codec: Codec,
    clips: RecordedClips,
    folder: Path,
    *,
    source: str = "",
    per_chunk: int = 256,
    batch: int = 8,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Encode every clip that `folder` does not hold yet; under bfloat16 autocast, whose error is far below
    the noise that training adds.

    source: what names the clips, such as the root of their ledger. Raises TrainingError when the folder holds
    latents of other clips, of another codec or in chunks of another size, Cancelled, between chunks, when asked
    to stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    claim(folder, {"codec weights": codec_digest(codec), "clips": source, _CHUNK: per_chunk}, "latents")
    for start in range(0, len(clips), per_chunk):
        index = folder / f"chunk-{start:08d}.jsonl"
        if not index.exists():
            _encode_chunk(codec, clips, range(start, min(start + per_chunk, len(clips))), index, batch)
        done = min(start + per_chunk, len(clips))
        on_progress(done, len(clips))
        if should_stop():
            raise Cancelled(f"stopped after {done} of {len(clips)} clips; run the same command again to go on")
    store = LatentStore(folder)
    _save_subjects(clips, store, codec.compression)
    if load_metric(folder) is None:
        save_metric(_metric(codec, store), folder)


def claim(folder: Path, origin: dict[str, str | int], noun: str) -> None:
    """Write down where what a folder holds, called `noun`, comes from; raises TrainingError for another."""
    path = folder / "origin.json"
    if not path.exists():
        write_whole(path, json.dumps(origin))
        return
    try:
        found = {_CHUNK: _CHUNK_ONCE, **json.loads(path.read_text())}
        others = " and ".join(name for name in origin if found[name] != origin[name])
    except (ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{path} does not say where the {noun} beside it come from; remove {folder} or choose another folder"
        ) from error
    if others:
        raise TrainingError(f"{folder} holds {noun} from other {others}; remove it or choose another folder")


def codec_digest(codec: Codec) -> str:
    """SHA-256 (hex) of a codec's weights: what names the codec that encoded latents."""
    text = hashlib.sha256()
    for name, value in sorted(codec.state_dict().items()):
        text.update(name.encode() + b"\0" + value.detach().cpu().contiguous().numpy().tobytes())
    return text.hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text)
    sync(part)
    os.replace(part, path)
    sync(path.parent)


def _encode_chunk(codec: Codec, clips: RecordedClips, chosen: range, index: Path, batch: int) -> None:
    sizes: dict[tuple[int, ...], list[int]] = defaultdict(list)
    decoded = {number: clips.frames(number) for number in chosen}
    for number, clip in decoded.items():
        sizes[clip.shape].append(number)
    lines = {}
    for (frames, height, width, _), members in sizes.items():
        name = f"{index.stem}-{width}x{height}x{frames}.npy"  # read by _size_of
        groups = [members[i : i + batch] for i in range(0, len(members), batch)]
        latents = [_encode(codec, np.stack([decoded[number] for number in group])) for group in groups]
        np.save(index.with_name(name), torch.cat(latents).view(torch.uint16).numpy())
        sync(index.with_name(name))  # an index must never name an array that a power cut could still take
        for row, number in enumerate(members):
            lines[number] = {"array": name, "row": row, "record": clips.record(number)}
    write_whole(index, "".join(json.dumps(lines[number]) + "\n" for number in chosen))


def _save_subjects(clips: RecordedClips, store: "LatentStore", compression: Compression) -> None:
    """Write the share of subjects beside every array that lacks it."""
    members: dict[str, list[int]] = defaultdict(list)
    for number, clip in enumerate(store.clips):
        members[clip.array].append(number)
    for name, numbers in members.items():
        path = store.folder / (_SUBJECTS + name)
        if not path.exists():
            rows = sorted(numbers, key=lambda number: store.clips[number].row)
            part = path.with_suffix(".part.npy")
            np.save(part, np.stack([_shares(clips.subjects(number), compression) for number in rows]))
            sync(part)
            os.replace(part, path)


def _shares(subjects: npt.NDArray[np.bool_], compression: Compression) -> npt.NDArray[np.uint8]:
    """How much of each latent's pixels is among bool [T, H, W]: uint8 [F, h, w], 255 for all.

    The first frame has a latent frame to itself, then every `compression.time` frames share one.
    """
    frames, height, width = subjects.shape
    space = compression.space
    cells = subjects.reshape(frames, height // space, space, width // space, space).mean((2, 4))  # [T, h, w]
    later = cells[1:].reshape(-1, compression.time, *cells.shape[1:]).mean(1)  # [F - 1, h, w]
    shares: npt.NDArray[np.uint8] = np.rint(255 * np.concatenate((cells[:1], later))).astype(np.uint8)
    return shares


def _size_of(name: str) -> str:
    """ "WIDTHxHEIGHT" in the name of an array."""
    width, height, _ = name.removesuffix(".npy").rpartition("-")[2].split("x")
    return f"{width}x{height}"


@torch.no_grad()
def _encode(codec: Codec, pixels: Pixels) -> Tensor:
    """uint8 [B, T, H, W, 3] -> bfloat16 [B, 2, C, F, h, w]: as filmed, and mirrored left to right."""
    device = codec.mean.device
    with torch.autocast(device.type, torch.bfloat16):
        both = [codec.encode(to_video(side, device)) for side in (pixels, pixels[:, :, :, ::-1])]
    return torch.stack(both, dim=1).bfloat16().cpu()


def _metric(codec: Codec, store: "LatentStore") -> Tensor:
    """The decoder's metric at the first clips of a store."""
    chosen = range(min(_SAMPLE, len(store)))
    groups = [store.latents([i], [False], min(_SAMPLE_FRAMES, store.shape(i)[1])) for i in chosen]
    return torch.stack([pullback_metric(codec, latents) for latents in groups]).mean(0)


class LatentStore:
    """The encoded clips of a folder, in the order of encoding."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        indices = sorted(self.folder.glob("chunk-*.jsonl"))
        lines = [line for index in indices for line in index.read_text().splitlines()]
        self.clips = [StoredClip(**json.loads(line)) for line in lines]
        if not self.clips:
            raise TrainingError(f"{folder} holds no encoded clips; encode the rendered clips first")
        self._arrays: dict[str, Bits] = {
            name: np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
            for name in dict.fromkeys(clip.array for clip in self.clips)
        }
        self._subjects: dict[str, npt.NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def shape(self, index: int) -> tuple[int, int, int, int]:
        """Shape [C, F, h, w] of a clip's latents."""
        channels, frames, height, width = self._arrays[self.clips[index].array].shape[2:]
        return channels, frames, height, width

    def size(self, index: int) -> str:
        """Size of a clip in pixels, "WIDTHxHEIGHT"."""
        return _size_of(self.clips[index].array)

    def latents(self, index: Sequence[int], mirrored: Sequence[bool], frames: int) -> Tensor:
        """The first `frames` latent frames of clips of one size, bfloat16 [B, C, frames, h, w]."""
        rows = [
            self._arrays[self.clips[i].array][self.clips[i].row, int(side), :, :frames]
            for i, side in zip(index, mirrored, strict=True)
        ]
        return torch.from_numpy(np.stack(rows)).view(torch.bfloat16)

    def subjects(self, index: Sequence[int], mirrored: Sequence[bool], frames: int) -> Tensor:
        """How much of what each latent shows is a subject, 0 to 1: float32 [B, 1, frames, h, w].

        Raises TrainingError in a folder from before this was written down.
        """
        rows = []
        for i, side in zip(index, mirrored, strict=True):
            row = self._shares(self.clips[i].array)[self.clips[i].row, :frames]
            rows.append(row[..., ::-1] if side else row)
        return torch.from_numpy(np.stack(rows)[:, None].astype(np.float32) / 255)

    def _shares(self, name: str) -> npt.NDArray[np.uint8]:
        if name not in self._subjects:
            path = self.folder / (_SUBJECTS + name)
            if not path.exists():
                raise TrainingError(f"{self.folder} does not say where subjects are seen; encode the clips again")
            self._subjects[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        return self._subjects[name]
