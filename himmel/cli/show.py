"""What a person sees while they wait: stages, an estimate that is measured, and the video as it takes shape."""

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.style import Style
from rich.text import Text

from himmel.errors import Declined, HimmelError

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray
    from rich.table import Table

    from himmel.generate import Progress as Event
    from himmel.train import Progress as Training

__all__ = [
    "Show",
    "filmstrip",
    "print_error",
    "print_json",
    "print_note",
    "print_path",
    "print_table",
    "time_left",
]

LINE_SECONDS = 15.0  # where there is no terminal: how often to say how far it is
STRIP_COLUMNS = 16  # most terminal columns for one latent frame of the preview
WORDS = {
    "load": "reading the weights",
    "text": "reading the prompt",
    "block": "deciding who stands where",
    "denoise": "making the video",
    "decode": "drawing the frames",
    "finish": "finishing the frames",
    "write": "writing the file",
    "seal": "sealing",
}


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def print_path(path: object) -> None:
    """A result on standard output."""
    sys.stdout.write(f"{path}\n")


def print_note(note: str) -> None:
    """A remark on standard error."""
    sys.stderr.write(f"himmel: {note}\n")


def print_table(table: "Table") -> None:
    """A table on standard error, as wide as it needs where there is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.width = 160
    console.print(table)


def print_error(error: HimmelError, as_json: bool) -> int:
    """Say an error in one sentence, as JSON too when asked; returns its exit code."""
    sentence = " ".join(str(error).split())
    print_note(sentence)
    if as_json:
        rule = {"rule": error.rule} if isinstance(error, Declined) else {}
        print_json({"error": sentence, "kind": type(error).__name__, "exit_code": error.exit_code, **rule})
    return error.exit_code


def time_left(eta: float | None) -> str:
    """An estimate in words, no finer than it is known.

    >>> time_left(None), time_left(0.4), time_left(7.6), time_left(65), time_left(4030)
    ('measuring', 'under 1 s left', '8 s left', '1 min 5 s left', '1 h 7 min left')
    """
    if eta is None:
        return "measuring"
    if eta < 1:
        return "under 1 s left"
    seconds = round(eta)
    if seconds < 60:
        return f"{seconds} s left"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s left"
    return f"{minutes // 60} h {minutes % 60} min left"


def filmstrip(frames: "NDArray[uint8]", columns: int) -> Text:
    """Small frames [F, h, w, 3] side by side in half blocks, as many as fit into `columns`."""
    step = max(1, -(-frames.shape[2] // STRIP_COLUMNS))
    frames = frames[:, ::step, ::step]
    if frames.shape[1] % 2:
        frames = frames[:, :-1] if frames.shape[1] > 1 else frames.repeat(2, axis=1)
    shown = frames[: max(1, columns // (frames.shape[2] + 1))]
    strip = Text(no_wrap=True, end="")
    for row in range(0, shown.shape[1], 2):
        for frame in shown:
            for upper, lower in zip(frame[row].tolist(), frame[row + 1].tolist(), strict=True):
                strip.append("▀", Style(color=_colour(upper), bgcolor=_colour(lower)))
            strip.append(" ")
        strip.append("\n")
    return strip


def _colour(rgb: list[int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


class Show:
    """A bar, stages and previews on a terminal; a line for each stage elsewhere. `label` precedes every stage."""

    def __init__(self, *, preview: bool = True) -> None:
        self._console = Console(stderr=True)
        self._preview = preview
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"), console=self._console
        )
        self._task: TaskID | None = None
        self._strip = Text()
        self._live: Live | None = None
        self._said: set[str] = set()
        self._said_at = 0.0
        self.label = ""

    def __enter__(self) -> "Show":
        if self._console.is_terminal:
            self._task = self._bar.add_task("", total=1.0, left="")
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take the bar away; results may be printed now."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def result(self, path: object) -> None:
        """A result on standard output while work goes on: the bar makes room for it."""
        shown = self._live is not None
        self.end()
        print_path(path)
        sys.stdout.flush()
        if shown:
            self._start()

    def _start(self) -> None:
        self._live = Live(Group(self._strip, self._bar), console=self._console, transient=True)
        self._live.start()

    def begin(self, stage: str) -> None:
        """A stage of unknown length."""
        self._tell(f"{self.label}{WORDS.get(stage, stage)}", 0.0, "")

    def note(self, text: str) -> None:
        """A remark above the bar."""
        self._console.print(f"himmel: {text}", markup=False, highlight=False, soft_wrap=True)

    def __call__(self, event: "Event") -> None:
        """Show one event of `himmel.generate`."""
        counted = f" {event.done}/{event.total}" if event.total > 1 else ""
        if self._live is not None and self._preview and event.preview is not None:
            self._strip = filmstrip(event.preview, self._console.width)
        words = WORDS[event.stage] if self._live is None else f"{WORDS[event.stage]}{counted}"
        self._tell(f"{self.label}{words}", event.fraction, time_left(event.eta) if event.total > 1 else "")

    def counter(self, noun: str) -> Callable[[int, int], None]:
        """Counts done and total of `noun`, with an estimate from the rate since its first call."""
        first: tuple[float, int] | None = None

        def count(done: int, total: int) -> None:
            nonlocal first
            now = time.monotonic()
            first = first or (now, done)
            counted = done - first[1]
            left = (now - first[0]) / counted * (total - done) if counted else None
            percent = f"{100 * done // max(total, 1)} % of {total} {noun}"
            self._tell(percent, done / max(total, 1), time_left(left), key=noun)

        return count

    def training(self, event: "Training") -> None:
        """Show one event of `himmel.train`."""
        scalars = ", ".join(
            f"{name} {value:.3g}" for name, value in event.scalars.items() if name != "gradient_norm"
        )
        share = event.step / event.steps
        self._tell(
            f"step {event.step} of {event.steps}: {scalars}", share, time_left(event.eta_seconds), key="training"
        )

    def _tell(self, words: str, fraction: float, left: str, *, key: str = "") -> None:
        """Without a terminal what shares a `key` (the words by default) is said now and then only."""
        key = key or words
        if self._live is not None and self._task is not None:
            self._bar.update(self._task, description=words, completed=fraction, left=left)
            self._live.update(Group(self._strip, self._bar))
        elif key not in self._said or time.monotonic() - self._said_at > LINE_SECONDS:
            self.note(f"{words}{f', {left}' if left else ''}")
            self._said.add(key)
            self._said_at = time.monotonic()
