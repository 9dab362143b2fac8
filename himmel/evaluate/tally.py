"""Marks on their way to rows: what each probe found on true clips, on coded ones and on those of a model."""

from collections.abc import Iterable, Sequence
from typing import get_args

from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.marks import Marked
from himmel.evaluate.questions import Suite
from himmel.evaluate.reckoning import Source
from himmel.evaluate.report import Absent, RowResult
from himmel.evaluate.rows import Need, Row
from himmel.world import SceneSpec

__all__ = ["Tally"]

REASONS: dict[Need, str] = {
    "recogniser": "the recogniser is not trained yet; see docs/evaluation.md",
    "training clips": "no training clips were given; name their folder with --clips",
}


class Tally:
    """A suite's rows as far as they can be asked here, and how marks become their results."""

    def __init__(self, suite: Suite, has: Iterable[Need] = ()) -> None:
        met = {"", *has}
        self.rows = tuple(row for row in suite.rows if row.needs in met)
        absent = [(row.number, row.name, REASONS[row.needs]) for row in suite.rows if row.needs not in met]
        self.absent = tuple(
            Absent(number=number, name=name, reason=reason)
            for number, name, reason in sorted([*suite.absent, *absent])
        )

    def marks(self, source: Source, group: str, exhibit: Exhibit) -> dict[str, list[float]]:
        """What every probe that is for the group finds in a clip."""
        return {
            row.key: list(row.marks(exhibit))
            for row in self.rows
            if group in row.groups
            and not (source == "truth" and row.reckoning in ("median", "share") and not row.valid)
        }

    def results(self, cases: Sequence[Marked]) -> tuple[RowResult, ...]:
        """The rows as far as there are marks for them."""
        return tuple(self._result(row, cases) for row in self.rows)

    def _result(self, row: Row, cases: Sequence[Marked]) -> RowResult:
        mine = [case for case in cases if case.group in row.groups]
        marks = {
            source: [case.marks.get(source, {}).get(row.key, ()) for case in mine] for source in get_args(Source)
        }
        truth, coded, score = (row.estimate(marks, source) for source in get_args(Source))
        trusted, floor = row.trusted(marks), row.floor_beside(truth)
        asked = [SceneSpec.from_dict(case.spec) for case in mine if case.spec is not None] if row.chance else []
        return RowResult(
            number=row.number,
            name=row.name,
            unit=row.unit,
            floor=floor,
            below=row.below,
            chance=row.chance(asked) if row.chance and asked else None,
            valid=trusted,
            truth=truth,
            coded=coded,
            score=score if trusted else None,
            passed=trusted and score is not None and row.reached(score, floor),
        )
