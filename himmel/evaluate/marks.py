"""The record of an examination: a line of JSON for every case, written as soon as the case is marked.

An examination takes hours. Its record lies beside its report: given the same questions, weights and options, the
same command goes on after the last line. Other questions are refused, never mixed in.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from himmel.errors import UsageError
from himmel.evaluate.reckoning import Source

__all__ = ["MARKS_FORMAT", "Marked", "MarksFile"]

MARKS_FORMAT = "himmel.marks/1"


@dataclass(frozen=True, kw_only=True)
class Marked:
    """One case: its group, seed, caption and scene (None for a text without one), and all marks.

    marks: by source ("truth", "coded", "model") and row. clips: how many a model made, in so many seconds.
    example: the name of a clip that was kept, "" for none.
    """

    group: str
    seed: int
    caption: str
    spec: Mapping[str, Any] | None
    marks: Mapping[Source, Mapping[str, Sequence[float]]]
    clips: int = 0
    seconds: float = 0.0
    example: str = ""


class MarksFile:
    """Marked cases in the order they came, in a file or, without a path, in memory alone."""

    def __init__(self, path: Path | None, exam: Mapping[str, Any]) -> None:
        """Open or begin the record of `exam`; raises UsageError for a file that is of another one."""
        self.path = path
        self.cases: list[Marked] = []
        head = {"format": MARKS_FORMAT, "exam": json.loads(json.dumps(exam))}
        if path is None:
            return
        if path.exists():
            self.cases = list(_read(path, head))
        else:
            self._append(json.dumps(head, sort_keys=True))

    def add(self, case: Marked) -> None:
        """Keep a case; it is on the disk when this returns."""
        self.cases.append(case)
        self._append(json.dumps(asdict(case), sort_keys=True, allow_nan=False))

    def seeds(self) -> dict[str, list[int]]:
        """The seeds of the cases so far, by group."""
        found: dict[str, list[int]] = {}
        for case in self.cases:
            found.setdefault(case.group, []).append(case.seed)
        return found

    def _append(self, line: str) -> None:
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())


def _read(path: Path, head: Mapping[str, Any]) -> Iterator[Marked]:
    """The cases of a record. A last line without an end, which a power cut may leave, is taken away."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    try:
        first, *lines = [json.loads(line) for line in whole.splitlines()]
        cases = [Marked(**line) for line in lines]
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{path} is not the record of an examination; remove it, or start anew with --force"
        ) from error
    if first != head:
        theirs, ours = first.get("exam", {}), head["exam"]
        differs = [name for name in ours if theirs.get(name) != ours[name]] or ["format"]
        raise UsageError(
            f"{path} is the record of another examination (it differs in {', '.join(differs)}); "
            "give another --out, or start anew with --force"
        )
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    yield from cases
