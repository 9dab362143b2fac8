from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from himmel.errors import UsageError
from himmel.evaluate import Estimate, Report, RowResult, table_of

ROW = RowResult(
    number=6, name="relation", unit="%", floor=0.7, below=False, chance=0.5, valid=True,
    truth=Estimate(value=1.0, low=0.9, high=1.0, n=32), coded=Estimate(value=0.97, low=0.84, high=0.99, n=32),
    score=Estimate(value=0.75, low=0.58, high=0.87, n=32), passed=True,
)  # fmt: skip
SEAM = replace(ROW, number=25, name="extension seam", unit="x", floor=1.5, below=True, chance=None)
REPORT = Report(
    suite="quick", limit=None, generator="himmel-world/1", model="tiny", weights="0" * 64, examiner="1" * 64,
    options={"steps": 8}, size="128x128", frames=33, clips=134, seconds=61.5, rows=(ROW, SEAM),
)  # fmt: skip


def test_json_there_and_back() -> None:
    unsure = replace(ROW, score=None, truth=None, passed=False, valid=False)
    report = replace(REPORT, rows=(ROW, SEAM, unsure))
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "himmel.evaluation/9"}', "null"])
def test_other_text_is_no_report(text: str) -> None:
    with pytest.raises(UsageError, match="report"):
        Report.from_json(text)


def test_a_report_passes_when_every_row_does() -> None:
    assert REPORT.passed
    assert not replace(REPORT, rows=(ROW, replace(SEAM, passed=False))).passed


def test_rows_are_told_in_words() -> None:
    assert ROW.cells() == (
        "6", "relation", "75 %", "58 % to 87 %", "70 %", "50 %", "100 %", "97 %", "32", "pass",
    )  # fmt: skip
    assert SEAM.cells()[4] == "at most 1.50 x"
    assert replace(ROW, passed=False).cells()[-1] == "below"
    assert replace(ROW, passed=False, score=None, valid=False).cells()[-1] == "probe not valid"
    assert replace(ROW, passed=False, score=None, coded=None).cells()[2:4] == ("", "")


def test_the_table_is_for_the_screen() -> None:
    console = Console(width=140, record=True, file=StringIO())
    console.print(table_of(REPORT.rows, title="quick"))
    text = console.export_text()
    assert "relation" in text and "75 %" in text and "true clips" in text
