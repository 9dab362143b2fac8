"""What an examination found: the table, as values, as JSON and for the screen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Self

from rich.table import Table

from himmel.errors import UsageError
from himmel.evaluate.interval import Estimate

__all__ = ["FORMATS", "REPORT_FORMAT", "Absent", "Example", "Report", "RowResult", "shown", "spread", "table_of"]

REPORT_FORMAT = "himmel.evaluation/2"
FORMATS = ("himmel.evaluation/1", REPORT_FORMAT)  # the first had no examples and nothing absent
HEADINGS = ("row", "what", "score", "95 % interval", "floor", "chance", "true clips", "codec alone", "n", "")


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """One filled row. unit: "%" and "points" (values are shares), "rho", "dB", "x" or "s".

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
            shown(score.value, self.unit) if score else "",
            spread(score, self.unit) if score else "",
            f"{'at most ' if self.below else ''}{shown(self.floor, self.unit)}",
            shown(self.chance, self.unit) if self.chance is not None else "",
            shown(self.truth.value, self.unit) if self.truth else "",
            shown(self.coded.value, self.unit) if self.coded else "",
            str(seen.n) if seen else "",
            verdict,
        )


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A row of the table that was not asked, and why."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """A clip of the model that was kept: what was asked, the name of its file and its marks by row."""

    group: str
    seed: int
    caption: str
    file: str
    marks: Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Report:
    """A filled table and what it was filled with.

    suite: its name. limit: the most scenes of each group, None for all. generator: of the world. model: its
    name. weights, examiner, recogniser: digests ("" for a recogniser that is not there). options: what was asked
    of the sampler beside the model's own way. training: root of the ledger of the training clips that were given,
    if any. clips: how many the model made, in so many seconds.
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
    recogniser: str = ""
    training: str = ""
    absent: tuple[Absent, ...] = ()
    examples: tuple[Example, ...] = ()

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
            if values.pop("format") not in FORMATS:
                raise UsageError(f"this is not a {REPORT_FORMAT} report; use the version that wrote it")
            values["rows"] = tuple(_row(row) for row in values["rows"])
            values["absent"] = tuple(Absent(**each) for each in values.get("absent", ()))
            values["examples"] = tuple(Example(**each) for each in values.get("examples", ()))
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"this is not a report of an examination ({error})") from error


def _row(values: dict[str, Any]) -> RowResult:
    estimates = {name: values[name] and Estimate(**values[name]) for name in ("truth", "coded", "score")}
    return RowResult(**{**values, **estimates})


def shown(value: float, unit: str) -> str:
    """A value in words.

    >>> shown(0.714, "%"), shown(-0.05, "points"), shown(1.5, "x"), shown(0.8, "rho"), shown(-1, "dB")
    ('71 %', '-5 points', '1.50 x', '0.80', '-1.0 dB')
    """
    match unit:
        case "%" | "points":
            return f"{100 * value:{'.0f' if unit == '%' else '+.0f'}} {unit}"
        case "dB":
            return f"{value:+.1f} dB"
        case "s":
            return f"{value:.1f} s"
        case "rho":
            return f"{value:.2f}"
    return f"{value:.2f} x"


def spread(found: Estimate, unit: str) -> str:
    """An interval in words."""
    return f"{shown(found.low, unit)} to {shown(found.high, unit)}"


def table_of(rows: Sequence[RowResult], absent: Sequence[Absent] = (), title: str | None = None) -> Table:
    """The rows for a terminal, and below them what was not asked."""
    table = Table(*HEADINGS, title=title)
    for column, heading in zip(table.columns, HEADINGS, strict=True):
        column.justify = "left" if heading in ("what", "") else "right"
    for row in rows:
        table.add_row(*row.cells(), style=None if row.passed else "bold")
    for number, group in groupby(absent, key=lambda each: each.number):
        names = list(group)
        what = ", ".join(each.name for each in names)
        table.add_row(str(number), what, *[""] * 7, names[0].reason, style="dim")
    return table
