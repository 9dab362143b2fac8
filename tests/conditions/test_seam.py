import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himmel.conditions import Seam


def clip(frames: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, 6, 8, 3), dtype=np.uint8)


def largest(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(np.int16) - other).max())


@given(known=st.integers(1, 6), cut=st.integers(1, 5), seed=st.integers(0, 99))
def test_the_correction_fades_whatever_the_chunks(known: int, cut: int, seed: int) -> None:
    decoded = clip(1, seed).repeat(24, axis=0)
    restored = decoded.copy()
    restored[:known] = np.clip(decoded[:known].astype(np.int16) + 20, 0, 255)
    seam = Seam()
    joined = np.concatenate([seam.join(decoded[i : i + cut], restored[i : i + cut]) for i in range(0, 24, cut)])
    assert np.array_equal(joined[:known], restored[:known])
    left = [largest(frame, decoded[0]) for frame in joined[known - 1 :]]
    assert left == sorted(left, reverse=True) and left[1] < left[0] and left[-1] == 0
    steps = np.abs(np.diff(joined.astype(np.int16), axis=0)).max()
    assert steps <= 0.3 * 20  # without fading the whole correction would go at once


def test_nothing_given_changes_nothing() -> None:
    decoded = clip(5, 0)
    assert np.array_equal(Seam().join(decoded, decoded), decoded)


def test_frames_with_given_pixels_are_never_touched() -> None:
    decoded, restored = clip(6, 1), clip(6, 2)
    restored[3] = decoded[3]
    joined = Seam().join(decoded, restored)
    assert all(np.array_equal(joined[i], restored[i]) for i in (0, 1, 2, 4, 5))
    assert not np.array_equal(joined[3], decoded[3])


def test_chunks_must_have_as_many_frames() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Seam().join(clip(2, 0), clip(1, 0))
