import numpy as np
import pytest
from scipy.stats import binomtest

from himmel.errors import UsageError
from himmel.evaluate.interval import median_estimate, share_estimate


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


@pytest.mark.parametrize("estimate", [share_estimate, median_estimate])
def test_nothing_has_no_score(estimate: object) -> None:
    with pytest.raises(UsageError, match="at least one"):
        estimate([])  # type: ignore[operator]
