"""Marks on their way to rows: what each probe found on true clips, on coded ones and on those of a model."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from himmel.evaluate.cases import Case
from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.interval import Estimate
from himmel.evaluate.report import RowResult
from himmel.evaluate.rows import Row
from himmel.evaluate.suites import Suite
from himmel.world import SceneSpec

__all__ = ["Source", "Tally"]

Source: TypeAlias = Literal["truth", "coded", "model"]


class Tally:
    """Collects the marks of a suite's rows."""

    def __init__(self, suite: Suite) -> None:
        self.rows = suite.rows
        self._marks: dict[tuple[Source, int], list[float]] = {}
        self._asked: dict[int, list[SceneSpec]] = {}

    def add(self, source: Source, case: Case, exhibit: Exhibit) -> None:
        """Put a clip before every probe that is for its group."""
        for index, row in enumerate(self.rows):
            if case.group not in row.groups or (source == "truth" and row.valid is None):
                continue
            self._marks.setdefault((source, index), []).extend(row.marks(exhibit))
            if source == "truth":
                self._asked.setdefault(index, []).append(exhibit.spec)

    def results(self) -> tuple[RowResult, ...]:
        """The rows as far as there are marks for them."""
        return tuple(self._result(index, row) for index, row in enumerate(self.rows))

    def _result(self, index: int, row: Row) -> RowResult:
        truth, coded, score = (self._estimate(source, index) for source in ("truth", "coded", "model"))
        trusted = row.valid is None or (truth is not None and row.reaches(truth.value, row.valid))
        asked = self._asked.get(index)
        return RowResult(
            number=row.number,
            name=row.name,
            unit=row.unit,
            floor=row.floor,
            below=row.below,
            chance=row.chance(asked) if row.chance and asked else None,
            valid=trusted,
            truth=truth,
            coded=coded,
            score=score if trusted else None,
            passed=trusted and score is not None and row.reaches(score.value, row.floor),
        )

    def _estimate(self, source: Source, index: int) -> Estimate | None:
        marks: Sequence[float] = self._marks.get((source, index), ())
        return self.rows[index].estimate(marks) if marks else None
