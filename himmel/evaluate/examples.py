"""Clips that are kept for the report: of every row a few that are wrong and one that is right, each sealed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from himmel.evaluate.marks import Marked
from himmel.generate import Clip

__all__ = ["Shelf"]

WRONG, RIGHT = 2, 1  # clips of each row
MOST_FRAMES = 64  # a minute's stream is no example


class Shelf:
    """Decides which of a model's clips are kept, in the order they are made, and seals those in a folder."""

    def __init__(self, folder: Path | None, rows: Iterable[str], cases: Sequence[Marked] = ()) -> None:
        """rows: keys of the rows whose marks are right (1) or wrong (0). cases: those marked before."""
        self.folder = folder
        self._room = {(row, right): RIGHT if right else WRONG for row in rows for right in (True, False)}
        for case in cases:
            if case.example:
                self._fill(case.marks.get("model", {}))

    def keep(self, clip: Clip, group: str, marks: Mapping[str, Sequence[float]]) -> str:
        """Keep a clip if a row has room for it; returns the name of its file, "" when it is not kept."""
        if self.folder is None or len(clip.frames) > MOST_FRAMES or not self._fill(marks):
            return ""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{re.sub('[^a-z0-9]+', '-', group)}-{clip.plan.shots[0].seed}.mp4"
        clip.save(self.folder / name, force=True)
        return name

    def _fill(self, marks: Mapping[str, Sequence[float]]) -> bool:
        """Whether any row has room for a clip with these marks; the room is then taken."""
        wanted = [(row, min(values) == 1.0) for row, values in marks.items() if values]
        open_ones = [place for place in wanted if self._room.get(place, 0) > 0]
        for place in open_ones:
            self._room[place] -= 1
        return bool(open_ones)
