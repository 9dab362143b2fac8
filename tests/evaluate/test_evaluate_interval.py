import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, spearmanr

from himmel.errors import UsageError
from himmel.evaluate.interval import (
    Estimate,
    best_rank,
    difference,
    jackknife_estimate,
    median_estimate,
    rank_estimate,
    share_estimate,
)

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.floats(-9, 9, width=32)), min_size=4, max_size=40)


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 20), (7, 9), (81, 263), (97, 100), (100, 100)])
def test_shares_have_wilson_intervals(right: int, n: int) -> None:
    found = share_estimate([1.0] * right + [0.0] * (n - right))
    known = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert found.value == right / n and found.n == n
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-12)


def test_a_known_interval() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I.
    found = share_estimate([1.0] * 81 + [0.0] * 182)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (10, 2), (20, 6), (30, 10), (100, 40)])
def test_medians_have_intervals_of_order_statistics(n: int, rank: int) -> None:
    # Ranks (from 1) of the sign test at 95 %: any table of it, for example Conover 1999, table A3.
    found = median_estimate([float(value) for value in np.random.default_rng(0).permutation(n)])
    assert (found.low, found.high) == (rank - 1, n - rank)
    assert found.value == (n - 1) / 2


def test_few_values_span_the_whole_interval() -> None:
    assert median_estimate([3.0, 1.0, 2.0]).low == 1.0
    assert median_estimate([5.0]).high == 5.0


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_rank_correlation_is_that_of_scipy(pairs: list[tuple[int, float]]) -> None:
    words, values = zip(*pairs, strict=True)
    found = rank_estimate([(float(word), value) for word, value in pairs])
    if len(set(words)) > 1 and len(set(values)) > 1:
        assert found.value == pytest.approx(spearmanr(words, values).statistic, abs=1e-9)
    else:
        assert found.value == 0.0
    assert -1 <= found.low <= found.value <= found.high <= 1 and found.n == len(pairs)
    if len(set(values)) == len(values):
        assert found.value <= best_rank([float(word) for word in words]) + 1e-9


def test_the_interval_of_a_rank_correlation_covers_the_truth() -> None:
    rng, inside = np.random.default_rng(4), 0
    for _ in range(200):
        x = rng.normal(size=60)
        y = 0.6 * x + 0.8 * rng.normal(size=60)
        found = rank_estimate(list(zip(x.tolist(), y.tolist(), strict=True)))
        inside += found.low <= 6 / np.pi * np.arcsin(0.6 / 2) <= found.high  # Pearson 1907
    assert 0.90 <= inside / 200 <= 0.99


def test_a_perfect_order_with_ties_reaches_the_best_rank() -> None:
    words = [0.0] * 5 + [1.0] * 5 + [2.0] * 5
    perfect = rank_estimate([(word, float(place)) for place, word in enumerate(words)])
    assert perfect.value == pytest.approx(best_rank(words)) and perfect.value < 1
    assert best_rank([1.0, 1.0]) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 20), 0.6791, 1.0)],
)
def test_a_difference_of_shares_is_newcombes(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    a, b = (share_estimate([1.0] * right + [0.0] * (n - right)) for right, n in (one, other))
    found = difference(a, b)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    back = difference(b, a)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_a_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=10)
    without = [float(np.delete(values, index).mean()) for index in range(10)]
    found = jackknife_estimate(float(values.mean()), without, 10)
    assert found.high - found.value == pytest.approx(2.2621571627 * values.std(ddof=1) / np.sqrt(10))
    assert isinstance(found, Estimate) and found.n == 10


@pytest.mark.parametrize("estimate", [share_estimate, median_estimate, rank_estimate])
def test_nothing_has_no_score(estimate: object) -> None:
    with pytest.raises(UsageError, match="at least one"):
        estimate([])  # type: ignore[operator]
