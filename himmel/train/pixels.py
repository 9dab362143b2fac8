"""Decoded clips as raw numbers on disk, so that drawing a random crop costs a few page reads.

A folder of `.npy` files, each uint8 [clips, T, H, W, 3] of one size, as `himmel.data.fill_pixels` writes them.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from himmel.errors import TrainingError

__all__ = ["PixelCache", "Pixels", "to_video"]

Pixels = npt.NDArray[np.uint8]


class PixelCache:
    """The clips of such a folder, in the order of file names; the first `held_out` never leave `draw`."""

    def __init__(self, folder: Path | str, *, held_out: int = 0) -> None:
        self.folder, self.held_out = Path(folder), held_out
        self._files = [_open(path) for path in sorted(self.folder.glob("*.npy"))]
        if len(self) <= held_out:
            raise TrainingError(
                f"{folder} holds {len(self)} clips, {held_out} of them held out; render more clips into it first"
            )

    def __len__(self) -> int:
        return sum(map(len, self._files))

    def clip(self, index: int) -> Pixels:
        """Frames of one clip, uint8 [T, H, W, 3]; a view of the file."""
        for array in self._files:
            if index < len(array):
                clip: Pixels = array[index]
                return clip
            index -= len(array)
        raise IndexError(f"clip {index} is beyond the end of {self.folder}")

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
