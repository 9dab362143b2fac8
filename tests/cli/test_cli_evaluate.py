import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from himmel.cli import main
from himmel.evaluate import QUICK, SUITES, Report

COLOUR = replace(QUICK.rows[1], groups=("three",))
SMALL = replace(QUICK, name="small", groups={"three": QUICK.groups["three"]}, rows=(COLOUR,))


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, and a suite that is soon over."""
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SUITES, "small", SMALL)


def asked(weights: Path, *more: str) -> list[str]:
    return ["evaluate", "--suite", "small", "--model", str(weights), "--limit", "1", "--steps", "1", *more]


def test_the_report_is_a_file_and_the_table_is_shown(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path
) -> None:
    assert main(asked(tiny_weights)) == 0
    said = capsys.readouterr()
    assert said.out == "evaluation-small.json\nevaluation-small.html\n" and "colour of each object" in said.err
    assert "colour of each object" in Path("evaluation-small.html").read_text()
    report = Report.from_json(Path("evaluation-small.json").read_text())
    assert (report.options, report.limit, report.model, report.clips) == ({"steps": 1}, 1, "tiny", 1)
    (row,) = report.rows
    assert row.truth is not None and row.truth.n == 3
    assert main(asked(tiny_weights)) == 2 and "--force" in capsys.readouterr().err
    assert main(asked(tiny_weights, "--json")) == 0
    again = Report.from_json(capsys.readouterr().out)
    assert replace(again, seconds=0) == replace(report, seconds=0, examples=())


def test_what_was_stopped_goes_on(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def at_once() -> Iterator[Callable[[], bool]]:
        yield lambda: True

    two = ["evaluate", "--suite", "small", "--model", str(tiny_weights), "--limit", "2", "--steps", "1"]
    with monkeypatch.context() as patched:
        patched.setattr("himmel.cli.evaluate.stopping", at_once)
        assert main([*two, "--no-page"]) == 130
    assert "stopped after 1 of 2" in capsys.readouterr().err and not Path("evaluation-small.json").exists()
    record = Path("evaluation-small.marks.jsonl").read_text()
    assert main([*two, "--no-page"]) == 0
    assert Path("evaluation-small.marks.jsonl").read_text().startswith(record)
    report = Report.from_json(Path("evaluation-small.json").read_text())
    assert main([*two, "--no-page", "-o", "again.json"]) == 0
    again = Report.from_json(Path("again.json").read_text())
    assert again.clips == 2 and replace(again, seconds=0) == replace(report, seconds=0)
    other = [*two[:-1], "2", "-o", "again.json", "--no-page"]
    Path("again.json").unlink()
    assert main(other) == 2 and "differs in options" in capsys.readouterr().err


def test_two_reports_are_compared(capsys: pytest.CaptureFixture[str], tiny_weights: Path) -> None:
    assert main(asked(tiny_weights, "--no-page")) == 0
    assert main(asked(tiny_weights, "--compare", "evaluation-small.json", str(tiny_weights))) == 0
    said = capsys.readouterr()
    assert said.out.endswith("comparison.json\ncomparison.html\n")
    found = json.loads(Path("comparison.json").read_text())
    (row,) = found["rows"]
    assert row["gap"]["value"] == 0 and row["better"] == "" and row["gap"]["low"] < 0 < row["gap"]["high"]
    assert "holds 0" in Path("comparison.html").read_text()
    assert main(["evaluate", "--compare", "absent.json", "evaluation-small.json", "-o", "x.json"]) == 2
    assert "absent.json cannot be read" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_not_lost(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *arguments: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert main(asked(tiny_weights)) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["suite"] == "small" and "colour of each object" in said.err
    assert "No space left on device" in said.err.splitlines()[-1]


def test_a_folder_that_cannot_be_written_is_noticed_first(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *arguments: False)
    assert main(asked(tiny_weights)) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--suite", "hard"], 'suite "hard"'),
        (["--limit", "0"], "a limit of 0"),
        (["--steps", "0"], "steps 0"),
        (["-o", "report.txt"], ".json"),
        (["-o", "nowhere/report.json"], "nowhere"),
    ],
)
def test_nonsense_is_refused_before_anything_is_loaded(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["evaluate", *arguments]) == 2
    assert words in capsys.readouterr().err
