import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.conditions import Seam


def clip(frames: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, 6, 8, 3), dtype=np.uint8)


def largest(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(np.int16) - other).max())


@settings(deadline=None)
@given(known=st.integers(1, 6), cut=st.integers(1, 5), seed=st.integers(0, 99))
def test_the_correction_fades_whatever_the_chunks(known: int, cut: int, seed: int) -> None:
    decoded = clip(1, seed).repeat(24, axis=0)
    restored = decoded.copy()
    restored[:known] = np.clip(decoded[:known].astype(np.int16) + 20, 0, 255)
    seam = Seam()
    joined = walked(seam, decoded, restored, cut)
    assert np.array_equal(joined[:known], restored[:known])
    left = [largest(frame, decoded[0]) for frame in joined[known - 1 :]]
    assert left == sorted(left, reverse=True) and left[1] < left[0] and left[-1] == 0
    steps = np.abs(np.diff(joined.astype(np.int16), axis=0)).max()
    assert steps <= 0.3 * 20  # without fading the whole correction would go at once


@settings(deadline=None)
@given(free=st.integers(1, 20), cut=st.integers(1, 5), seed=st.integers(0, 99))
def test_the_correction_comes_up_before_given_frames(free: int, cut: int, seed: int) -> None:
    decoded = clip(1, seed).repeat(24, axis=0)
    restored = decoded.copy()
    restored[free:] = np.clip(decoded[free:].astype(np.int16) + 20, 0, 255)
    joined = walked(Seam(), decoded, restored, cut)
    assert len(joined) == 24 and np.array_equal(joined[free:], restored[free:])
    away = [largest(frame, decoded[0]) for frame in joined[: free + 1]]
    assert away == sorted(away) and away[-2] < away[-1]
    if free > 8:
        assert np.array_equal(joined[: free - 8], decoded[: free - 8])
        assert np.abs(np.diff(joined.astype(np.int16), axis=0)).max() <= 0.3 * 20


def walked(seam: Seam, decoded: np.ndarray, restored: np.ndarray, cut: int) -> np.ndarray:
    """A video joined chunk by chunk."""
    places = range(0, len(decoded), cut)
    chunks = [seam.join(decoded[place : place + cut], restored[place : place + cut]) for place in places]
    return np.concatenate([*chunks, *(frame[None] for frame in seam.end())])


def test_nothing_given_changes_nothing() -> None:
    decoded = clip(12, 0)
    assert np.array_equal(walked(Seam(), decoded, decoded, 5), decoded)
    assert np.array_equal(Seam(ahead=0).join(decoded, decoded), decoded)  # and nothing is held back


def test_frames_with_given_pixels_are_never_touched() -> None:
    decoded, restored = clip(6, 1), clip(6, 2)
    restored[3] = decoded[3]
    joined = walked(Seam(), decoded, restored, 6)
    assert all(np.array_equal(joined[i], restored[i]) for i in (0, 1, 2, 4, 5))
    assert not np.array_equal(joined[3], decoded[3])


def test_chunks_must_have_as_many_frames() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Seam().join(clip(2, 0), clip(1, 0))
