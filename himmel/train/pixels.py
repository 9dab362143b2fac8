"""Decoded clips as raw numbers on disk, so that drawing a random crop costs a few page reads.

A folder of `.npy` files, each uint8 [clips, T, H, W, 3] of one size. A file appears under its name only
when it is complete, so a renderer can add files while a training run reads the folder.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from himmel.errors import TrainingError

__all__ = ["Clips", "PixelCache", "Pixels", "cache_pixels", "to_video", "write_pixels"]

Pixels = npt.NDArray[np.uint8]


class Clips(Protocol):
    """Anything that gives clips by number, such as `himmel.data.ClipShards`."""

    def __len__(self) -> int:
        """Number of clips."""

    def frames(self, index: int, /) -> Pixels:
        """Frames of one clip, uint8 [T, H, W, 3]."""


def write_pixels(folder: Path, name: str, clips: Sequence[Pixels]) -> Path:
    """Write clips of one size, uint8 [T, H, W, 3] each, as `{name}.npy`; whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{name}.npy", folder / f"{name}.npy.part"
    shape = (len(clips), *clips[0].shape)
    array: Any = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
    for row, clip in zip(array, clips, strict=True):
        row[...] = clip
    array.flush()
    os.replace(part, path)
    return path


def cache_pixels(clips: Clips, folder: Path, *, name: str = "clips", per_file: int = 256) -> int:
    """Decode all clips into `folder`, one series of files per size; returns how many. Existing files stay."""
    waiting: dict[tuple[int, ...], list[Pixels]] = defaultdict(list)
    written: dict[tuple[int, ...], int] = defaultdict(int)

    def flush(size: tuple[int, ...]) -> None:
        frames, height, width = size[:3]
        write_pixels(folder, f"{width}x{height}x{frames}-{name}-{written[size]:04d}", waiting.pop(size))
        written[size] += 1

    for index in range(len(clips)):
        frames = clips.frames(index)
        waiting[frames.shape].append(frames)
        if len(waiting[frames.shape]) == per_file:
            flush(frames.shape)
    for size in list(waiting):
        flush(size)
    return len(clips)


class PixelCache:
    """The clips of such a folder, in the order of file names; the first `held_out` never leave `draw`.

    `refresh` takes in files that appeared since; a run whose folder grows is not repeatable to the bit.
    """

    def __init__(self, folder: Path | str, *, held_out: int = 0) -> None:
        self.folder, self.held_out = Path(folder), held_out
        self._files: dict[str, Pixels] = {}
        self.refresh()
        if len(self) <= held_out:
            raise TrainingError(
                f"{folder} holds {len(self)} clips, {held_out} of them held out; render more clips into it first"
            )

    def __len__(self) -> int:
        return sum(map(len, self._files.values()))

    def refresh(self) -> None:
        """Open files that were not there before."""
        for path in sorted(self.folder.glob("*.npy")):
            if path.name not in self._files:
                self._files[path.name] = _open(path)

    def clip(self, index: int) -> Pixels:
        """Frames of one clip, uint8 [T, H, W, 3]; a view of the file."""
        for array in self._files.values():
            if index < len(array):
                clip: Pixels = array[index]
                return clip
            index -= len(array)
        raise IndexError(f"clip {index} is beyond the end of {self.folder}")

    def frames(self, index: int) -> Pixels:
        """The same as `clip`: a cache is itself a source of clips."""
        return self.clip(index)

    def draw(self, rng: np.random.Generator, *, batch: int, frames: int, crop: int) -> Pixels:
        """Random crops, mirrored half of the time: uint8 [batch, frames, crop, crop, 3]."""
        crops = np.empty((batch, frames, crop, crop, 3), np.uint8)
        for row in crops:
            row[...] = self._crop(rng, frames, crop)
        return crops

    def _crop(self, rng: np.random.Generator, frames: int, crop: int) -> Pixels:
        for _ in range(100):
            clip = self.clip(int(rng.integers(self.held_out, len(self))))
            spare = [have - want for have, want in zip(clip.shape[:3], (frames, crop, crop), strict=True)]
            if min(spare) >= 0:
                t, y, x = (int(rng.integers(room + 1)) for room in spare)
                part = clip[t : t + frames, y : y + crop, x : x + crop]
                mirrored: Pixels = part[:, :, :: 1 if rng.integers(2) else -1]
                return mirrored
        raise TrainingError(
            f"hardly any clip of {self.folder} holds {frames} frames of {crop}x{crop}; choose a smaller crop"
        )


def _open(path: Path) -> Pixels:
    array: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.dtype != np.uint8 or array.ndim != 5 or array.shape[4] != 3:
        raise TrainingError(f"{path} is {array.dtype}{list(array.shape)}, not uint8 [clips, T, H, W, 3]")
    return array


def to_video(pixels: Pixels, device: torch.device | str) -> Tensor:
    """uint8 [B, T, H, W, 3] -> float [B, 3, T, H, W] in [-1, 1]."""
    frames = torch.from_numpy(np.array(pixels)).to(device, non_blocking=True)
    return (frames.float() / 127.5 - 1).permute(0, 4, 1, 2, 3)
