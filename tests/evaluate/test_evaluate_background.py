import numpy as np
import pytest
from scipy import ndimage

from himmel.evaluate.background import background_drift

SIZE, FRAMES = 96, 5


def ground() -> np.ndarray:
    """A soft random texture, larger than the picture."""
    rough = np.random.default_rng(0).random((2 * SIZE, 2 * SIZE))
    soft = ndimage.gaussian_filter(rough, 4, mode="wrap")
    return np.asarray((soft - soft.min()) / (soft.max() - soft.min()))


def filmed(matrix: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
    """Frames of the texture under a growing affine motion of places (y, x) from the middle."""
    frames = []
    for step in range(FRAMES):
        linear = np.eye(2) + step * matrix
        middle = np.array([SIZE / 2 - 0.5] * 2)
        offset = SIZE / 2 + middle - linear @ middle - step * np.array(shift)
        frames.append(ndimage.affine_transform(ground(), linear, offset, output_shape=(SIZE, SIZE), order=3))
    return np.repeat((np.stack(frames) * 255).clip(0, 255).astype(np.uint8)[..., None], 3, -1)


def nobody() -> np.ndarray:
    return np.zeros((FRAMES, SIZE, SIZE), bool)


@pytest.mark.parametrize(("down", "right"), [(0.0, 3.0), (2.0, 0.0), (-1.5, -2.5)])
def test_a_shift_is_measured(down: float, right: float) -> None:
    drift = background_drift(filmed(np.zeros((2, 2)), (down, right)), nobody())
    still = np.zeros(FRAMES - 1)
    u, v = drift.at(still, still)
    assert u * SIZE / 2 == pytest.approx([right] * 4, abs=0.15)
    assert v * SIZE / 2 == pytest.approx([down] * 4, abs=0.15)


def test_growth_is_measured() -> None:
    drift = background_drift(filmed(np.eye(2) * -0.02, (0, 0)), nobody())
    still = np.zeros(FRAMES - 1)
    assert drift.growth(still, still).sum() == pytest.approx(-np.log(1 - 0.08), abs=0.02)


def test_shear_is_measured() -> None:
    # What lies further down moves further right.
    drift = background_drift(filmed(np.array([[0.0, 0.0], [-0.03, 0.0]]), (0, 0)), nobody())
    still = np.zeros(FRAMES - 1)
    assert drift.shear(still, still) == pytest.approx([0.03] * 4, abs=0.006)


def test_what_a_subject_does_is_no_drift() -> None:
    frames, subjects = filmed(np.zeros((2, 2)), (0, 0)), nobody()
    for step in range(FRAMES):
        box = (step, slice(20, 60), slice(10 + 6 * step, 50 + 6 * step))
        frames[box], subjects[box] = 255, True
    assert np.abs(background_drift(frames, subjects).numbers).max() < 0.01
