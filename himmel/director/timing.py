"""What a text says of time and shape: its length, from when on what is seen, upright or wide."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from himmel.director.lexicon import Item

__all__ = ["Span", "Timed", "read_times", "settled"]

IN_ONE_CAPTION = ("stops", "turns back", "jumps")  # what captions say themselves: "rolls left, then stops"
SILENT = ("mark", "and", "then", "while", "small", "times", "shapes")
PART_OF_THE_END = 0.75  # from where on it is "at the end"
NAMES = ("nouns", "colours", "sizes", "materials")
OF = ("of", "de", "von", "av", "di")
LINGER = 2.0  # seconds left to what comes last, where the length is open


@dataclass(frozen=True, kw_only=True)
class Span:
    """Pieces of a text that say what is seen from a time on; None is "then", infinity "at the end"."""

    items: tuple[Item, ...]
    seconds: float | None = 0.0


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A text taken apart: spans in order, the first from 0; the length in seconds and the shape, if said."""

    spans: tuple[Span, ...]
    length: float | None = None
    shape: str = ""

    @property
    def said(self) -> bool:
        """Whether any word is of a time or a shape."""
        return any(item.kind in ("times", "shapes") for span in self.spans for item in span.items)

    def times(self, seconds: float | None, usual: float) -> tuple[float, tuple[float, ...]]:
        """The length of the video, and the times of all spans but the first.

        seconds: the length, None where it is open; then it is `usual`, or as much as the times take.
        """
        said = [span.seconds for span in self.spans[1:]]
        latest = max((time for time in said if time is not None and time != float("inf")), default=0.0)
        total = seconds
        if total is None:
            total = usual if latest < usual else latest + LINGER
        times: list[float] = []
        for index, time in enumerate(said):
            before = times[-1] if times else 0.0
            if time is None:
                later = next(((at, n) for n, at in enumerate(said[index:]) if at is not None), None)
                until, steps = later or (float("inf"), len(said) - index)
                until = min(until, total)
                time = before + (until - before) / (steps + (later is None or until == total))
            elif time == float("inf"):
                time = before + (total - before) * PART_OF_THE_END
            times.append(round(time, 3))
        return total, tuple(times)


def settled(items: Sequence[Item]) -> tuple[Item, ...]:
    """The pieces, where those that only look like times or shapes are plain words: "a vertical wall"."""
    return tuple(
        replace(item, kind="unknown", name=item.said) if _misleads(items, index) else item
        for index, item in enumerate(items)
    )


def _misleads(items: Sequence[Item], index: int) -> bool:
    item = items[index]
    before = items[index - 1] if index else None
    after = items[index + 1] if index + 1 < len(items) else None
    if item.kind == "shapes":
        return ":" not in item.said and any(
            other is not None and other.kind in ("nouns", "unknown") for other in (before, after)
        )
    if item.kind == "times" and item.name == "end":  # of a street
        return after is not None and after.kind == "small" and after.said.casefold() in OF
    if item.kind == "times" and item.number == 1:  # "after the second ball"
        if after is not None and after.kind in NAMES and not after.article:
            return True
    if item.kind == "times" and item.name == "length":  # how long something stays hidden behind another
        hidden = any(other.name == "behind" for other in items[:index])
        return hidden and item.said.casefold().startswith("for ")
    return False


def read_times(items: Sequence[Item]) -> Timed:
    """The spans, the length and the shape of a text in `settled` pieces."""
    lengths = [item.number for item in items if item.kind == "times" and item.name == "length"]
    shapes = [item.name for item in items if item.kind == "shapes"]
    starts = sorted(_starts(items).items())
    spans = []
    for number, (start, seconds) in enumerate([(0, 0.0), *starts]):
        stop = starts[number][0] if number < len(starts) else len(items)
        spans.append(Span(items=tuple(items[start:stop]), seconds=seconds))
    if len(spans) > 1 and not _says_something(spans[0].items):  # "after two seconds, ..." with nothing before
        spans = [Span(items=(*spans[0].items, *spans[1].items)), *spans[2:]]
    return Timed(spans=tuple(spans), length=lengths[-1] if lengths else None, shape=shapes[-1] if shapes else "")


def _starts(items: Sequence[Item]) -> dict[int, float | None]:
    """Where spans begin, and when."""
    starts: dict[int, float | None] = {}
    for index, item in enumerate(items):
        if item.kind == "times" and item.name in ("later", "end"):
            seconds = float("inf") if item.name == "end" else item.number
            starts[_clause(items, index)] = seconds
        elif item.kind == "then" and _begins_anew(items, index):
            starts.setdefault(index, None)
    return starts


def _clause(items: Sequence[Item], index: int) -> int:
    """Where the clause of a time word begins: it may stand at its front or at its end."""
    start = index
    while start and not _divides(items, start - 1):
        start -= 1
    while start and items[start - 1].kind in ("and", "then"):  # of one clause: "and then at the end"
        start -= 1
    return start


def _divides(items: Sequence[Item], index: int) -> bool:
    """Whether a clause ends here; "and" between two subjects of one verb does not end one."""
    if items[index].kind == "and":
        return any(item.kind in ("verbs", "directions", "ways", "unknown") for item in items[:index])
    return items[index].kind in ("mark", "then", "while", "times")


def _begins_anew(items: Sequence[Item], index: int) -> bool:
    """Whether "then" begins what no single caption says."""
    content = [item for item in items[index + 1 :] if item.kind not in ("mark", "and", "then", "small")]
    if not content or not _says_something(items[:index]):
        return False
    timed = any(item.kind == "times" and item.name != "length" for item in content[:1])
    return not timed and content[0].kind != "lights" and content[0].name not in IN_ONE_CAPTION


def _says_something(items: Sequence[Item]) -> bool:
    return any(item.kind not in SILENT for item in items)
