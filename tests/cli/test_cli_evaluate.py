import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from himmel import evaluate
from himmel.cli import main
from himmel.evaluate import Estimate, Report, RowResult, Suite
from himmel.generate import Pipeline


def found(pipe: Pipeline, suite: Suite, *, on_progress: Callable[..., None], **asked: Any) -> Report:
    on_progress("true clips", 1, 1)
    on_progress("model", 1, 1)
    score = Estimate(value=0.5, low=0.1, high=0.9, n=4)
    row = RowResult(
        number=1, name="colour", unit="%", floor=0.8, below=False, chance=0.1, valid=True,
        truth=None, coded=None, score=score, passed=False,
    )  # fmt: skip
    return Report(
        suite=suite.name, limit=asked["limit"], generator="world", model=pipe.facts.card.name,
        weights=pipe.facts.weights, examiner="e" * 64, options=asked["options"], size="64x64", frames=9, clips=4,
        seconds=1.0, rows=(row,),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, and an examination that is over at once."""
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluate, "evaluate", found)
    monkeypatch.setattr(evaluate, "load_examiner", lambda: None)


def test_the_report_is_a_file_and_the_table_is_shown(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path
) -> None:
    arguments = ["evaluate", "--model", str(tiny_weights), "--limit", "2", "--steps", "3"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == "evaluation-quick.json\n" and "50 %" in said.err
    report = Report.from_json(Path("evaluation-quick.json").read_text())
    assert report.options == {"steps": 3} and report.limit == 2 and report.model == "tiny"
    assert main(arguments) == 2 and "--force" in capsys.readouterr().err
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["suite"] == "quick"


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
