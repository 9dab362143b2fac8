import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_closing, binary_opening

from himmel.evaluate import PROBES, Exhibit, Given, load_examiner
from himmel.evaluate.events import agreement, moving, physics_iq
from himmel.evaluate.reckoning import RECKONINGS, TRUSTS
from himmel.world import SceneSpec, SubjectSpec

SIDE, FRAMES = 64, 17
SPEC = SceneSpec(
    seed=1, setting="meadow", width=SIDE, height=SIDE,
    subjects=(SubjectSpec(kind="ball", colour="red", material="clay"),),
)  # fmt: skip


def square(pace: float = 2.0, start: int = 4, row: int = 24) -> np.ndarray:
    """A bright square that goes to the right."""
    frames = np.full((FRAMES, SIDE, SIDE, 3), 60, np.uint8)
    for at in range(FRAMES):
        left = start + round(pace * at)
        frames[at, row : row + 16, left : left + 16] = 220
    return frames


def test_what_moves_is_seen_and_what_rests_is_not() -> None:
    masks = moving(square())
    assert not masks[0].any() and not masks[:, :20].any() and not masks[:, 46:].any()
    assert masks[8, 24:40].any() and not moving(square(0.0)).any()
    specks = np.full((5, SIDE, SIDE, 3), 60, np.uint8)
    specks[1::2, 10, 10] = 255
    assert not moving(specks).any()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_masks_are_opened_and_closed_as_scipy_does(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 60, (2, 24, 24)).cumsum(2).cumsum(1) / 12
    frames = np.repeat(np.clip(120 + noise, 0, 255).astype(np.uint8)[..., None], 3, 3)
    grey = frames[..., 0].astype(float)
    for axis in (1, 2):
        wide = np.pad(grey, [(0, 0) if each != axis else (2, 2) for each in range(3)], mode="edge")
        grey = np.apply_along_axis(np.convolve, axis, wide, np.array([1, 4, 6, 4, 1]) / 16, "valid")
    raw = np.abs(grey[1] - (0.7 * grey[0] + 0.3 * grey[1])) > 10.0
    box = np.ones((3, 3), bool)
    wanted = binary_closing(binary_opening(raw, box), box)
    assert (moving(frames)[1] == wanted)[3:-3, 3:-3].mean() > 0.95  # but for rounding at the threshold


def test_equal_clips_agree_and_others_less() -> None:
    truth = square()
    assert agreement(truth, truth) == (1.0, 1.0, 1.0, 0.0)
    near, far, frozen = (agreement(other, truth) for other in (square(1.9), square(1.2), square(0.0)))
    for mine, theirs in zip(near[:3], far[:3], strict=True):
        assert 1 >= mine > theirs
    assert frozen[0] == frozen[2] == 0.0 and near[3] < far[3]
    assert agreement(square(0.0), square(0.0))[:3] == (1.0, 1.0, 1.0)


def test_a_second_take_is_all_that_is_asked_for() -> None:
    truth, take = square(), square(1.7)
    as_take = (*agreement(take, truth), *agreement(take, truth))
    assert physics_iq(np.array([as_take])) == pytest.approx(1.0)
    assert physics_iq(np.array([(*agreement(truth, truth), *as_take[4:])])) == 1.0
    frozen = (*agreement(square(0.0), truth), *as_take[4:])
    assert physics_iq(np.array([frozen])) < 0.1


def shown(frames: np.ndarray) -> Exhibit:
    truth = square()
    given = Given(first=truth[:5], whole=truth, retake=square(1.7))
    return Exhibit(frames=frames, spec=SPEC, examiner=load_examiner(), given=given)


def test_the_course_is_compared_from_the_last_given_frame_on() -> None:
    right = PROBES["course_of_events"](shown(square()))
    assert len(right) == 8 and right[:4] == [1.0, 1.0, 1.0, 0.0] and min(right[4:7]) < 1.0
    before = square()
    before[:4] = 0
    assert PROBES["course_of_events"](shown(before)) == right
    assert PROBES["course_of_events"](Exhibit(frames=square(), spec=SPEC, examiner=load_examiner())) == []


def test_a_score_is_of_all_clips_and_has_an_interval() -> None:
    right, wrong = (list(PROBES["course_of_events"](shown(square(pace)))) for pace in (2.0, 0.5))
    few = RECKONINGS["events"]({"model": [right]}, "model")
    assert few is not None and (few.value, few.low, few.high, few.n) == (1.0, 0.0, 1.0, 1)
    many = RECKONINGS["events"]({"model": [right, wrong] * 10}, "model")
    assert many is not None and 0 <= many.low < many.value < many.high <= 1 and many.n == 20
    assert TRUSTS["events"]({"truth": [right] * 3}, 0.97, False)
    assert not TRUSTS["events"]({"truth": [wrong] * 3}, 0.97, False)
