import json
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
    assert said.out == "evaluation-small.json\n" and "colour of each object" in said.err
    report = Report.from_json(Path("evaluation-small.json").read_text())
    assert (report.options, report.limit, report.model, report.clips) == ({"steps": 1}, 1, "tiny", 1)
    (row,) = report.rows
    assert row.truth is not None and row.truth.n == 3
    assert main(asked(tiny_weights)) == 2 and "--force" in capsys.readouterr().err
    assert main(asked(tiny_weights, "--json")) == 0
    again = Report.from_json(capsys.readouterr().out)
    assert replace(again, seconds=0) == replace(report, seconds=0)


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
