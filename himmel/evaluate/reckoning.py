"""From marks to scores: how what a probe found on many clips becomes one number with an interval.

Every way has the same form: all marks, and whose clips the score is for. What a probe is compared with (true
clips, the codec's, its own other half) differs. A second table says when true clips show that a probe can be
trusted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Literal, TypeAlias

import numpy as np

from himmel.evaluate.events import physics_iq
from himmel.evaluate.frechet import frechet_distance
from himmel.evaluate.interval import (
    Estimate,
    best_rank,
    difference,
    jackknife_estimate,
    median_estimate,
    rank_estimate,
    share_estimate,
)

__all__ = ["RECKONINGS", "TRUSTS", "Marks", "Reckoning", "Source"]

Source: TypeAlias = Literal["truth", "coded", "model"]
Mark: TypeAlias = Sequence[float]
Marks: TypeAlias = Mapping[Source, Sequence[Mark]]
"""What was found on each clip, in the order of the cases, the same for all sources."""
Reckoning: TypeAlias = Callable[[Marks, Source], Estimate | None]
Trust: TypeAlias = Callable[[Marks, float, bool], bool]

FLICKER_LEAST = 0.1  # levels of 256: a codec that changes less between frames is taken to change this much
PARTS = 10  # of the clips, for the interval of the Frechet distance and of the course of events
LEAST_CLIPS = 40  # of each half; fewer say nothing of a distribution


def _found(marks: Marks, source: Source) -> list[Mark]:
    return [mark for mark in marks.get(source, ()) if len(mark)]


def _all(marks: Marks, source: Source) -> list[float]:
    return [value for mark in marks.get(source, ()) for value in mark]


def share(marks: Marks, source: Source) -> Estimate | None:
    """The share of right answers."""
    values = _all(marks, source)
    return share_estimate(values) if values else None


def middle(marks: Marks, source: Source) -> Estimate | None:
    """The median of all values."""
    values = _all(marks, source)
    return median_estimate(values) if values else None


def rank(marks: Marks, source: Source) -> Estimate | None:
    """Marks (what was asked as a number, what was measured): how well their orders agree."""
    pairs = [(mark[0], mark[1]) for mark in _found(marks, source)]
    return rank_estimate(pairs) if pairs else None


def gap(marks: Marks, source: Source) -> Estimate | None:
    """Marks (1 for a held-out combination, right or wrong): seen ones right less the others' share."""
    found = _found(marks, source)
    seen, held_out = ([mark[1] for mark in found if mark[0] == held] for held in (0, 1))
    return difference(share_estimate(seen), share_estimate(held_out)) if seen and held_out else None


def path_error(marks: Marks, source: Source) -> Estimate | None:
    """Marks (which move, how far): the median distance from the middle of true clips' moves, as a part of it."""
    centres: dict[float, list[float]] = {}
    for move, far in _found(marks, "truth"):
        centres.setdefault(move, []).append(far)
    middles = {move: median(values) for move, values in centres.items()}
    found = [
        float(abs(far - middles[move]) / abs(middles[move]))
        for move, far in _found(marks, source)
        if abs(middles.get(move, 0.0)) > 0
    ]
    return median_estimate(found) if found else None


def _paired(marks: Marks, source: Source, other: Source, least: float) -> Iterator[float]:
    """Each value by that of the same case from another source."""
    for mine, theirs in zip(marks.get(source, ()), marks.get(other, ()), strict=False):
        for value, reference in zip(mine, theirs, strict=False):
            yield value / max(reference, least)


def by_codec(marks: Marks, source: Source) -> Estimate | None:
    """The median of each value by what the codec alone reaches on the same case."""
    values = list(_paired(marks, source, "coded", FLICKER_LEAST))
    return median_estimate(values) if values else None


def by_truth(marks: Marks, source: Source) -> Estimate | None:
    """The median of each value by that of the true clip of the same case."""
    values = list(_paired(marks, source, "truth", 1e-6))
    return median_estimate(values) if values else None


def frechet(marks: Marks, source: Source) -> Estimate | None:
    """The distance of a source's clips to true clips of other cases, by that of true clips to those.

    Cases are halved: one half of the source, and of the true clips, is put beside the other half of the true
    ones, so that both distances have the same number of clips and the same excess from there being so few.
    """
    mine, truth = _found(marks, source), _found(marks, "truth")
    pairs = min(len(mine), len(truth)) // 2
    if pairs < LEAST_CLIPS:
        return None
    one, other = (np.array(values[: 2 * pairs], np.float64) for values in (mine, truth))

    def ratio(kept: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> float:
        reference = other[1::2][kept]
        return frechet_distance(one[::2][kept], reference) / frechet_distance(other[::2][kept], reference)

    part = np.arange(pairs) % PARTS
    without = [ratio(part != left_out) for left_out in range(PARTS)]
    return jackknife_estimate(ratio(part >= 0), without, 2 * pairs)


def events(marks: Marks, source: Source) -> Estimate | None:
    """Marks of eight numbers: the score of Physics-IQ over all, see `himmel.evaluate.events`."""
    found = np.array(_found(marks, source), np.float64)
    if not len(found):
        return None
    whole, part = physics_iq(found), np.arange(len(found)) % PARTS
    if len(found) < PARTS:
        return Estimate(value=whole, low=0.0, high=1.0, n=len(found))
    spread = jackknife_estimate(whole, [physics_iq(found[part != out]) for out in range(PARTS)], len(found))
    return replace(spread, low=max(0.0, spread.low), high=min(1.0, spread.high))


RECKONINGS: dict[str, Reckoning] = {
    "share": share,
    "median": middle,
    "rank": rank,
    "gap": gap,
    "path": path_error,
    "by_codec": by_codec,
    "by_truth": by_truth,
    "frechet": frechet,
    "events": events,
}


def _own_score(name: str) -> Trust:
    def trusted(marks: Marks, valid: float, below: bool) -> bool:
        found = RECKONINGS[name](marks, "truth")
        return found is not None and (found.value <= valid if below else found.value >= valid)

    return trusted


def _trust_gap(marks: Marks, valid: float, below: bool) -> bool:
    """What a gap is made of must itself be right on true clips."""
    right = [mark[1] for mark in _found(marks, "truth")]
    return bool(right) and share_estimate(right).value >= valid


def _trust_rank(marks: Marks, valid: float, below: bool) -> bool:
    """True clips must come near the best that such a question, with the same words often, allows."""
    pairs = _found(marks, "truth")
    best = best_rank([pair[0] for pair in pairs]) if pairs else 0.0
    found = rank(marks, "truth")
    return found is not None and best > 0 and found.value >= valid * best


def _trust_levels(marks: Marks, valid: float, below: bool) -> bool:
    """True clips themselves must hardly change; the median in levels of 256."""
    found = middle(marks, "truth")
    return found is not None and found.value <= valid


TRUSTS: dict[str, Trust] = {
    "share": _own_score("share"),
    "median": _own_score("median"),
    "events": _own_score("events"),
    "rank": _trust_rank,
    "gap": _trust_gap,
    "path": _own_score("path"),
    "by_codec": _trust_levels,
}
"""When a probe may judge, for the ways in which true clips can say so."""
