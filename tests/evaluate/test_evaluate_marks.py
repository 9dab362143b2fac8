from pathlib import Path

import pytest

from himmel.errors import UsageError
from himmel.evaluate.marks import Marked, MarksFile

EXAM = {"suite": "full", "options": {"steps": 8}, "limit": None}


def case(seed: int, group: str = "direction") -> Marked:
    marks = {"truth": {"1 count": [1.0]}, "model": {"1 count": [0.0], "12 path": [3.0, -0.123456789]}}
    return Marked(group=group, seed=seed, caption="a ball", spec=None, marks=marks, clips=1)  # type: ignore[arg-type]


def test_cases_are_read_back_equal_and_more_follow(tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    record = MarksFile(path, EXAM)
    record.add(case(3))
    again = MarksFile(path, EXAM)
    assert again.cases == [case(3)] and again.seeds() == {"direction": [3]}
    again.add(case(5, "camera"))
    assert MarksFile(path, EXAM).cases == [case(3), case(5, "camera")]


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_half_a_line_is_forgotten(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "marks.jsonl"
    record = MarksFile(path, EXAM)
    record.add(case(3))
    record.add(case(4))
    path.write_text(path.read_text()[:-cut])
    again = MarksFile(path, EXAM)
    assert again.cases == [case(3)]
    again.add(case(9))
    assert MarksFile(path, EXAM).cases == [case(3), case(9)]


@pytest.mark.parametrize("other", [{"suite": "quick"}, {"options": {"steps": 9}}, {"limit": 4}])
def test_another_examination_is_refused(tmp_path: Path, other: dict[str, object]) -> None:
    path = tmp_path / "marks.jsonl"
    MarksFile(path, EXAM).add(case(3))
    before = path.read_text()
    with pytest.raises(UsageError, match=f"differs in {next(iter(other))}"):
        MarksFile(path, {**EXAM, **other})
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["{}", "words\n", '{"format": "himmel.marks/1", "exam": {}}\n{"group": 1}\n', ""])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "marks.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match="not the record|another examination"):
        MarksFile(path, EXAM)


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = MarksFile(None, EXAM)
    record.add(case(1))
    assert record.cases == [case(1)] and list(tmp_path.iterdir()) == []
