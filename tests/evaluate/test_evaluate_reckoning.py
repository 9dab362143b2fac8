import numpy as np
import pytest
from scipy.linalg import sqrtm

from himmel.evaluate.frechet import frechet_distance
from himmel.evaluate.reckoning import LEAST_CLIPS, RECKONINGS, TRUSTS, Marks


def marks(**found: list[list[float]]) -> Marks:
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(4))
def test_the_frechet_distance_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(60, 5)), rng.normal(0.3, 1.5, (80, 5)) @ rng.normal(size=(5, 5))
    a, b = np.cov(one.T), np.cov(other.T)
    known = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(one, other) == pytest.approx(known)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_a_shift_alone_is_its_square() -> None:
    one = np.random.default_rng(0).normal(size=(50, 3))
    assert frechet_distance(one, one + [3.0, 0.0, 4.0]) == pytest.approx(25.0)


def test_features_of_true_clips_are_one_and_others_are_farther() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4 * LEAST_CLIPS, 6)).tolist()
    near, far = rng.normal(size=(len(truth), 6)), rng.normal(1.0, 2.0, (len(truth), 6))
    for found, low, high in ((near, 0.5, 2.0), (far, 4.0, 1000.0)):
        both = marks(truth=truth, model=found.tolist())
        score = RECKONINGS["frechet"](both, "model")
        assert score is not None and low < score.value < high and score.low < score.value < score.high
        own = RECKONINGS["frechet"](both, "truth")
        assert own is not None and own.value == 1.0
    assert RECKONINGS["frechet"](marks(truth=truth[:20], model=truth[:20]), "model") is None


def test_a_gap_is_between_seen_and_held_out() -> None:
    found = marks(truth=[[0, 1], [1, 1]], model=[[0, 1], [0, 1], [1, 0], [1, 1], []])
    score = RECKONINGS["gap"](found, "model")
    assert score is not None and (score.value, score.n) == (0.5, 4)
    assert TRUSTS["gap"](found, 0.97, True)
    assert not TRUSTS["gap"](marks(truth=[[0, 1], [1, 0]]), 0.97, True)
    assert RECKONINGS["gap"](marks(model=[[0, 1]]), "model") is None


def test_a_path_is_measured_from_the_middle_of_true_moves() -> None:
    truth = [[0, 0.9], [0, 1.0], [0, 1.1], [1, -2.0]]
    found = marks(truth=truth, model=[[0, 1.5], [1, -1.0], [1, -3.0]])
    score = RECKONINGS["path"](found, "model")
    assert score is not None and score.value == pytest.approx(0.5) and score.n == 3
    assert TRUSTS["path"](found, 0.25, True)
    wild = marks(truth=[[0, 0.1], [0, 1.0], [0, 2.0]])
    assert not TRUSTS["path"](wild, 0.25, True)


def test_ratios_are_of_the_same_case() -> None:
    found = marks(truth=[[1.0], [2.0], [4.0]], coded=[[2.0], [0.0], [8.0]], model=[[2.0], [2.0], [12.0]])
    by_truth, by_codec = (RECKONINGS[name](found, "model") for name in ("by_truth", "by_codec"))
    assert by_truth is not None and by_truth.value == 2.0
    assert by_codec is not None and by_codec.value == 1.5
    assert RECKONINGS["by_codec"](marks(model=[[1.0]]), "model") is None
    assert not TRUSTS["by_codec"](found, 0.25, True) and TRUSTS["by_codec"](marks(truth=[[0.0]]), 0.25, True)


def test_ranks_are_trusted_near_the_best_that_ties_allow() -> None:
    ordered = [[float(word), word + 0.1 * index] for word in range(3) for index in range(5)]
    assert TRUSTS["rank"](marks(truth=ordered), 0.97, False)
    shuffled = [[word, -value] for word, value in ordered]
    assert not TRUSTS["rank"](marks(truth=shuffled), 0.97, False)
    assert not TRUSTS["rank"](marks(truth=[[0.0, 1.0], [0.0, 2.0]]), 0.97, False)


@pytest.mark.parametrize("name", sorted(RECKONINGS))
def test_no_marks_are_no_score(name: str) -> None:
    assert RECKONINGS[name](marks(), "model") is None
    assert RECKONINGS[name](marks(truth=[[], []], model=[[], []]), "model") is None
