"""What the finisher learns from: stretches of large, smooth clips, and what the codec leaves of them when small.

A clip is drawn large and with twice the frames. Its small twin has every other frame, each pixel the mean of those
it covers, and goes through the codec and back, as everything that the finisher will ever see has come out of it.
Both lie on disk as numbers: `high-N.npy` uint8 [stretches, 2n - 1, H, W, 3] and `low-N.npy` uint8
[stretches, n, h, w, 3]. `low` gets its name last, so a chunk is there completely or not at all and an interrupted
run goes on where it stopped.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from himmel.codec import Codec
from himmel.errors import Cancelled, TrainingError
from himmel.train.checkpoint import sync
from himmel.train.latents import RecordedClips, claim, codec_digest
from himmel.train.pixels import Pixels, to_video

__all__ = ["Cutting", "Pair", "PairStore", "fill_pairs"]

_CHUNK = 8  # clips: the most work that stopping loses


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """How stretches are cut: `stretches` of each clip, of `frames` small frames, `scale` times smaller a side."""

    scale: int = 4
    frames: int = 9
    stretches: int = 2


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Crops of one place: `high` uint8 [B, 2n - 1, sh, sw, 3] and `low`, from the codec, uint8 [B, n, h, w, 3]."""

    high: Pixels
    low: Pixels

    def __len__(self) -> int:
        return len(self.high)


def fill_pairs(
    clips: RecordedClips,
    codec: Codec,
    folder: Path,
    cutting: Cutting,
    *,
    source: str = "",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Cut every clip that `folder` does not hold yet.

    source: what names the clips, such as the root of their ledger. Raises TrainingError when the folder holds
    pairs of other clips, another codec or cut in another way, or when clips are too short, and Cancelled, between
    chunks, when asked to stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    origin = {"codec weights": codec_digest(codec), "clips": source, "cutting": repr(cutting)}
    claim(folder, dict(origin), "pairs")
    for start in range(0, len(clips), _CHUNK):
        chosen = range(start, min(start + _CHUNK, len(clips)))
        if not _path(folder, "low", start).exists():
            cut = [pair for number in chosen for pair in _cut(clips.frames(number), number, codec, cutting)]
            _save(_path(folder, "high", start), np.stack([high for high, _ in cut]))
            _save(_path(folder, "low", start), np.stack([low for _, low in cut]))
        on_progress(chosen.stop, len(clips))
        if should_stop():
            raise Cancelled(
                f"stopped after {chosen.stop} of {len(clips)} clips; run the same command again to go on"
            )


def _path(folder: Path, name: str, start: int) -> Path:
    return folder / f"{name}-{start:08d}.npy"


def _save(path: Path, array: Pixels) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, array)
    sync(part)
    os.replace(part, path)
    sync(path.parent)


def _cut(clip: Pixels, number: int, codec: Codec, cutting: Cutting) -> list[tuple[Pixels, Pixels]]:
    """Stretches of one clip uint8 [T, H, W, 3] and their twins, one from each equal share of its length."""
    small = _twin(clip, codec, cutting.scale)  # [n, h, w, 3]
    room = len(small) - cutting.frames
    if room < 0:
        raise TrainingError(
            f"clip {number} has {len(clip)} frames, a stretch takes {2 * cutting.frames - 1}; draw longer clips"
        )
    rng = np.random.default_rng([number, len(clip)])
    shares = np.linspace(0, room + 1, cutting.stretches + 1)
    starts = [int(rng.uniform(low, high)) for low, high in zip(shares[:-1], shares[1:], strict=True)]
    frames = cutting.frames
    return [(clip[2 * at : 2 * (at + frames) - 1], small[at : at + frames]) for at in starts]


@torch.no_grad()
def _twin(clip: Pixels, codec: Codec, scale: int) -> Pixels:
    """Every other frame, smaller and through the codec: uint8 [T, H, W, 3] -> uint8 [n, H/scale, W/scale, 3]."""
    compression, device = codec.compression, codec.mean.device
    frames = (len(clip) + 1) // 2
    frames -= (frames - 1) % compression.time  # of a length that the codec takes
    video = to_video(clip[: 2 * frames - 1 : 2][None], device)  # [1, 3, n, H, W]
    small = avg_pool2d(video[0].transpose(0, 1), scale).transpose(0, 1)[None]  # [1, 3, n, h, w]
    with torch.autocast(device.type, torch.bfloat16):
        back = codec.decode(codec.encode(small))  # [1, 3, n, h, w]
    return _to_bytes(back[0].permute(1, 2, 3, 0))


def _to_bytes(video: Tensor) -> Pixels:
    array: Pixels = (video.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return array


class PairStore:
    """The stretches of such a folder, in the order of its clips; the first `held_out` never leave `draw`."""

    def __init__(self, folder: Path | str, *, held_out: int = 0) -> None:
        self.folder, self.held_out = Path(folder), held_out
        lows = sorted(self.folder.glob("low-*.npy"))
        highs = [path.with_name(path.name.replace("low", "high")) for path in lows]
        self._arrays = [(_open(high), _open(low)) for high, low in zip(highs, lows, strict=True)]
        if len(self) <= held_out:
            raise TrainingError(
                f"{folder} holds {len(self)} stretches, {held_out} of them held out; draw more clips first"
            )

    def __len__(self) -> int:
        return sum(len(low) for _, low in self._arrays)

    def pair(self, index: int) -> Pair:
        """One stretch, whole: a batch of 1, views of the files."""
        for high, low in self._arrays:
            if index < len(low):
                return Pair(high=high[index : index + 1], low=low[index : index + 1])
            index -= len(low)
        raise IndexError(f"stretch {index} is beyond the end of {self.folder}")

    def draw(self, rng: np.random.Generator, *, batch: int, frames: int, crop: int) -> Pair:
        """Random crops of `crop` small pixels and `frames` small frames, mirrored half of the time."""
        cut = [self._crop(rng, frames, crop) for _ in range(batch)]
        return Pair(high=np.stack([pair.high[0] for pair in cut]), low=np.stack([pair.low[0] for pair in cut]))

    def _crop(self, rng: np.random.Generator, frames: int, crop: int) -> Pair:
        pair = self.pair(int(rng.integers(self.held_out, len(self))))
        length, height, width = pair.low.shape[1:4]
        if min(length - frames, height - crop, width - crop) < 0:
            raise TrainingError(
                f"{self.folder} holds {length} small frames of {width}x{height}, too few for {frames} of "
                f"{crop}x{crop}; choose a smaller crop"
            )
        t, y, x = (int(rng.integers(room + 1)) for room in (length - frames, height - crop, width - crop))
        scale, side = pair.high.shape[2] // height, 1 if rng.integers(2) else -1
        low = pair.low[:, t : t + frames, y : y + crop, x : x + crop]
        rows, columns = slice(scale * y, scale * (y + crop)), slice(scale * x, scale * (x + crop))
        high = pair.high[:, 2 * t : 2 * (t + frames) - 1, rows, columns]
        return Pair(high=high[:, :, :, ::side], low=low[:, :, :, ::side])


def _open(path: Path) -> Pixels:
    try:
        array: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read ({error}); remove {path.parent} and cut it again") from error
    return array
