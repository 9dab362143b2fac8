"""Two examinations side by side: every row of both, and how much the one is ahead, with an interval."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from himmel.errors import UsageError
from himmel.evaluate.interval import Estimate, difference
from himmel.evaluate.report import Report, RowResult, shown, spread

__all__ = ["COMPARISON_FORMAT", "Comparison", "RowPair", "compare", "compared_cells", "compared_table"]

COMPARISON_FORMAT = "himmel.comparison/1"
SAME = ("suite", "limit", "generator", "examiner", "recogniser", "size", "frames")


@dataclass(frozen=True, kw_only=True)
class RowPair:
    """One row of both reports; gap: how much larger the second score is. None where one of them has no score.

    The interval takes both scores as independent. They were asked the same captions, so it is rather too wide.
    """

    number: int
    name: str
    unit: str
    below: bool
    one: Estimate | None
    other: Estimate | None
    gap: Estimate | None

    @property
    def verdict(self) -> str:
        """Which is better as far as the interval can tell: "first", "second", or "" when it cannot."""
        if self.gap is None or self.gap.low <= 0 <= self.gap.high:
            return ""
        return "second" if (self.gap.value > 0) != self.below else "first"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two reports of one suite and their rows in pairs."""

    first: Report
    second: Report
    rows: tuple[RowPair, ...]

    @property
    def names(self) -> tuple[str, str]:
        """What the models are called here: their names, and their digests where these are the same."""
        names = self.first.model, self.second.model
        if names[0] != names[1]:
            return names
        return f"{names[0]} {self.first.weights[:8]}", f"{names[1]} {self.second.weights[:8]}"

    def to_json(self) -> str:
        """JSON with sorted keys."""
        models = [
            {"model": report.model, "weights": report.weights, "options": dict(report.options)}
            for report in (self.first, self.second)
        ]
        rows = [{**asdict(row), "better": row.verdict} for row in self.rows]
        values = {"format": COMPARISON_FORMAT, "suite": self.first.suite, "models": models, "rows": rows}
        return json.dumps(values, indent=1, sort_keys=True, allow_nan=False)


def compare(first: Report, second: Report) -> Comparison:
    """Put two reports side by side; raises UsageError unless both asked the same and judged alike."""
    differs = [name for name in SAME if getattr(first, name) != getattr(second, name)]
    if differs:
        theirs = ", ".join(f"{name} {_short(first, name)} and {_short(second, name)}" for name in differs)
        raise UsageError(f"these reports cannot be compared: {theirs}; examine both models again with one suite")
    others = {(row.number, row.name): row for row in second.rows}
    rows = [_pair(row, others[row.number, row.name]) for row in first.rows if (row.number, row.name) in others]
    return Comparison(first=first, second=second, rows=tuple(rows))


def _short(report: Report, name: str) -> str:
    return str(getattr(report, name))[:16] or "none"


def _pair(one: RowResult, other: RowResult) -> RowPair:
    gap = difference(other.score, one.score) if one.score and other.score else None
    return RowPair(
        number=one.number, name=one.name, unit=one.unit, below=one.below, one=one.score, other=other.score, gap=gap
    )


def compared_table(found: Comparison) -> Table:
    """The rows of both for a terminal."""
    table = Table("row", "what", *found.names, "difference", "95 % interval", "better")
    for row in found.rows:
        table.add_row(*compared_cells(row, found.names), style="bold" if row.verdict else None)
    return table


def compared_cells(row: RowPair, names: Sequence[str]) -> tuple[str, ...]:
    """One row in words."""
    unit = "points" if row.unit == "%" else row.unit
    better = {"first": names[0], "second": names[1]}.get(row.verdict, "")
    return (
        str(row.number),
        row.name,
        shown(row.one.value, row.unit) if row.one else "",
        shown(row.other.value, row.unit) if row.other else "",
        shown(row.gap.value, unit) if row.gap else "",
        spread(row.gap, unit) if row.gap else "",
        better,
    )
