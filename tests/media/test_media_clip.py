"""Clips in memory: nearly lossless, any size, the same bytes twice."""

import numpy as np
import pytest

from himmel.errors import MediaError, UsageError
from himmel.media import Limits, Pixels, decode_clip, encode_clip


def moving(frames: int, height: int, width: int) -> Pixels:
    t, y, x, c = np.ogrid[:frames, :height, :width, :3]
    return (127 + 100 * np.sin(x / 9 + y * c / 14 + t / 5)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 16, 16), (9, 64, 96), (17, 33, 51), (5, 7, 130)])
def test_nearly_lossless(shape: tuple[int, int, int]) -> None:
    clip = moving(*shape)
    back = decode_clip(encode_clip(clip, 24))
    assert back.shape == clip.shape and back.dtype == np.uint8
    assert np.abs(back.astype(int) - clip).mean() < 1.3


def test_sharp_colour_edges_stay() -> None:
    clip = np.zeros((3, 32, 32, 3), np.uint8)
    clip[:, :, ::2] = (255, 0, 0)
    clip[:, :, 1::2] = (0, 0, 255)
    assert np.abs(decode_clip(encode_clip(clip, 24, crf=0)).astype(int) - clip).max() <= 2


def test_smaller_at_a_higher_crf() -> None:
    clip = moving(9, 64, 96)
    assert len(encode_clip(clip, 24, crf=20)) < len(encode_clip(clip, 24, crf=4)) < clip.nbytes / 10


def test_the_same_bytes_twice() -> None:
    clip, rng = moving(17, 120, 136), np.random.default_rng(0)
    seen = set()
    for _ in range(3):
        litter = [rng.integers(0, 256, size, np.uint8) for size in rng.integers(1000, 400_000, 40)]
        del litter
        seen.add(encode_clip(clip, 24))
    assert len(seen) == 1


def test_refusals() -> None:
    with pytest.raises(UsageError, match="at least one frame"):
        encode_clip(moving(1, 16, 16)[:0], 24)
    with pytest.raises(UsageError, match="got float64"):
        encode_clip(moving(1, 16, 16) / 2, 24)
    with pytest.raises(MediaError, match="clip is not a readable"):
        decode_clip(b"nothing of the kind")
    clip = encode_clip(moving(9, 64, 96), 24)
    with pytest.raises(MediaError, match="clip has 5 frames, more than 4"):
        decode_clip(clip, Limits(frames=4))
