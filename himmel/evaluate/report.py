"""What an examination found: the table, as values, as JSON and for the screen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.table import Table

from himmel.errors import UsageError
from himmel.evaluate.interval import Estimate

__all__ = ["REPORT_FORMAT", "Report", "RowResult", "table_of"]

REPORT_FORMAT = "himmel.evaluation/1"
HEADINGS = ("row", "what", "score", "95 % interval", "floor", "chance", "true clips", "codec alone", "n", "")


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """One filled row. unit: "%" (values are shares), "dB" or "x".

    truth: the probe on true clips; None where it compares with the true clip itself. coded: on true clips as a
    codec gives them back, if one was asked. valid: whether the probe is right on true clips often enough to
    judge. score: the model's, None without a valid probe or a model. passed: whether it reaches the floor.
    """

    number: int
    name: str
    unit: str
    floor: float
    below: bool
    chance: float | None
    valid: bool
    truth: Estimate | None
    coded: Estimate | None
    score: Estimate | None
    passed: bool

    def cells(self) -> tuple[str, ...]:
        """The row as words, in the order of the headings."""
        score = self.score
        seen = score or self.coded or self.truth
        verdict = "pass" if self.passed else "below" if score else "" if self.valid else "probe not valid"
        return (
            str(self.number),
            self.name,
            _shown(score.value, self.unit) if score else "",
            f"{_shown(score.low, self.unit)} to {_shown(score.high, self.unit)}" if score else "",
            f"{'at most ' if self.below else ''}{_shown(self.floor, self.unit)}",
            _shown(self.chance, self.unit) if self.chance is not None else "",
            _shown(self.truth.value, self.unit) if self.truth else "",
            _shown(self.coded.value, self.unit) if self.coded else "",
            str(seen.n) if seen else "",
            verdict,
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """A filled table and what it was filled with.

    suite: its name. limit: the most scenes of each group, None for all. generator: of the world. model: its
    name. weights, examiner: digests. options: what was asked of the sampler beside the model's own way. clips:
    how many the model made, in so many seconds.
    """

    suite: str
    limit: int | None
    generator: str
    model: str
    weights: str
    examiner: str
    options: Mapping[str, Any]
    size: str
    frames: int
    clips: int
    seconds: float
    rows: tuple[RowResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every row reaches its floor."""
        return all(row.passed for row in self.rows)

    def to_json(self) -> str:
        """JSON with sorted keys; `from_json` reads it back to an equal report."""
        return json.dumps({"format": REPORT_FORMAT, **asdict(self)}, indent=1, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `to_json` wrote; raises UsageError when it is not one."""
        try:
            values = json.loads(text)
            if values.pop("format") != REPORT_FORMAT:
                raise UsageError(f"this is not a {REPORT_FORMAT} report; use the version that wrote it")
            values["rows"] = tuple(_row(row) for row in values["rows"])
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"this is not a report of an examination ({error})") from error


def _row(values: dict[str, Any]) -> RowResult:
    estimates = {name: values[name] and Estimate(**values[name]) for name in ("truth", "coded", "score")}
    return RowResult(**{**values, **estimates})


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{100 * value:.0f} %"
    return f"{value:+.1f} dB" if unit == "dB" else f"{value:.2f} x"


def table_of(rows: Sequence[RowResult], title: str | None = None) -> Table:
    """The rows for a terminal."""
    table = Table(*HEADINGS, title=title)
    for column, heading in zip(table.columns, HEADINGS, strict=True):
        column.justify = "left" if heading in ("what", "") else "right"
    for row in rows:
        table.add_row(*row.cells(), style=None if row.passed else "bold")
    return table
