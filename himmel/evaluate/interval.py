"""How sure a score is: 95 % intervals for shares, medians, rank correlations, differences and leave-one-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, comb, sqrt, tanh
from statistics import median

from himmel.errors import UsageError

__all__ = [
    "Estimate",
    "best_rank",
    "difference",
    "jackknife_estimate",
    "median_estimate",
    "rank_estimate",
    "share_estimate",
]

Z = 1.959963984540054  # the normal quantile of 97.5 %
OUTSIDE = 0.025
STUDENT = 2.2621571627409915  # the quantile of 97.5 % with nine degrees of freedom: ten groups


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


def rank_estimate(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Spearman's rank correlation of pairs, ties sharing their rank, with its interval.

    Bonett and Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
    Psychometrika 65 (2000): normal after Fisher's transformation, with the variance (1 + rho^2 / 2) / (n - 3).
    With three pairs or fewer nothing is known: the interval is everything.

    >>> round(rank_estimate([(1, 10.0), (2, 11.0), (3, 15.0), (4, 12.0), (5, 30.0), (6, 31.0)]).value, 3)
    0.943
    """
    n = _count(pairs)
    rho = _correlation(_ranks([pair[0] for pair in pairs]), _ranks([pair[1] for pair in pairs]))
    if n <= 3:
        return Estimate(value=rho, low=-1.0, high=1.0, n=n)
    middle, half = atanh(max(-0.999999, min(0.999999, rho))), Z * sqrt((1 + rho * rho / 2) / (n - 3))
    return Estimate(value=rho, low=min(rho, tanh(middle - half)), high=max(rho, tanh(middle + half)), n=n)


def best_rank(words: Sequence[float]) -> float:
    """The highest rank correlation that measured values, all different, can have with `words` that repeat.

    >>> round(best_rank([0, 0, 1, 1, 2, 2]), 3)
    0.956
    """
    return _correlation(_ranks(words), [float(rank) for rank in _places(words)])


def difference(one: Estimate, other: Estimate) -> Estimate:
    """How much larger `one` is than `other`, which was measured independently, with its interval.

    Zou and Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27 (2008):
    each limit is found from the limits of both. For shares with Wilson's intervals this is method 10 of
    Newcombe, Statistics in Medicine 17 (1998).
    """
    gap = one.value - other.value
    low = gap - sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    high = gap + sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return Estimate(value=gap, low=low, high=high, n=one.n + other.n)


def jackknife_estimate(whole: float, parts: Sequence[float], n: int) -> Estimate:
    """A value of `n` observations and what it is without each of some equal parts of them, with its interval.

    Tukey's jackknife by groups, with Student's quantile for ten groups (2.262).
    """
    count = _count(parts)
    middle = sum(parts) / count
    error = sqrt((count - 1) / count * sum((part - middle) ** 2 for part in parts))
    return Estimate(value=whole, low=whole - STUDENT * error, high=whole + STUDENT * error, n=n)


def _places(values: Sequence[float]) -> list[int]:
    """The place of each value in the order of all, those that are equal in the order they come in."""
    order = sorted(range(len(values)), key=values.__getitem__)
    places = [0] * len(values)
    for place, index in enumerate(order):
        places[index] = place
    return places


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each value in the order of all; equal values share the mean of theirs."""
    shared: dict[float, list[int]] = {}
    for value, place in zip(values, _places(values), strict=True):
        shared.setdefault(value, []).append(place)
    return [sum(shared[value]) / len(shared[value]) for value in values]


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's correlation; 0 where one of them is always the same."""
    n = len(a)
    mean_a, mean_b = sum(a) / n, sum(b) / n
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    spread = sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return both / spread if spread else 0.0


def _count(values: Sequence[object]) -> int:
    if not values:
        raise UsageError("a score needs at least one observation; ask for more cases")
    return len(values)
