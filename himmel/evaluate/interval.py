"""How sure a score is: 95 % intervals for shares and medians."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import median

from himmel.errors import UsageError

__all__ = ["Estimate", "median_estimate", "share_estimate"]

Z = 1.959963984540054  # the normal quantile of 97.5 %
OUTSIDE = 0.025


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value of `n` observations with the 95 % interval it lies in."""

    value: float
    low: float
    high: float
    n: int


def share_estimate(marks: Sequence[float]) -> Estimate:
    """The share of right answers (1 right, 0 wrong) with its interval.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927): unlike the
    textbook interval it stays within 0 to 1 and holds for small numbers.

    >>> found = share_estimate([1] * 9 + [0])
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (0.9, 0.5958, 0.9821)
    """
    n = _count(marks)
    share = sum(marks) / n
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return Estimate(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half), n=n)


def median_estimate(values: Sequence[float]) -> Estimate:
    """The median with the narrowest interval of order statistics that covers at least 95 %.

    With few values (five or fewer) no such interval exists; it is then from the smallest to the largest.

    >>> median_estimate([4.0, 1.0, 3.0, 2.0, 5.0, 6.0])
    Estimate(value=3.5, low=1.0, high=6.0, n=6)
    """
    n = _count(values)
    ordered = sorted(values)
    below, rank = 1 / 2**n, 0  # chance that fewer than `rank + 1` values lie below the true median
    while rank + 1 < n // 2 and below + comb(n, rank + 1) / 2**n <= OUTSIDE:
        rank += 1
        below += comb(n, rank) / 2**n
    return Estimate(value=median(ordered), low=ordered[rank], high=ordered[n - 1 - rank], n=n)


def _count(values: Sequence[float]) -> int:
    if not values:
        raise UsageError("a score needs at least one observation; ask for more cases")
    return len(values)
