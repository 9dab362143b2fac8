"""`himmel evaluate`: ask a model for scenes whose answers are known, and count."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from himmel.cli.home import keys_folder
from himmel.cli.options import Ask
from himmel.cli.outputs import check_folder
from himmel.cli.show import Show, print_path, print_table
from himmel.cli.stop import stopping
from himmel.errors import HimmelError, UsageError

if TYPE_CHECKING:
    from himmel.data import ClipShards
    from himmel.evaluate import Comparison, Keeping, Report

__all__ = ["evaluate"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Exam:
    """What is asked, and of whom."""

    suite: Annotated[str, Parameter(help="quick, thorough or full.")] = "quick"
    limit: Annotated[int | None, Parameter(help="At most so many scenes of each kind, for a first look.")] = None
    model: Annotated[str, Parameter(help="A model's name or the folder of its weights.")] = "bundled"
    steps: Annotated[int | None, Parameter(help="Model calls; the model's own number when left out.")] = None
    guidance: Annotated[
        float | None, Parameter(help="How strongly the text leads; the model's own when left out.")
    ] = None
    clips: Annotated[
        Path | None,
        Parameter(help="The folder of clips the model learned from, to see whether it learned some by heart."),
    ] = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"a limit of {self.limit} leaves nothing to examine; give 1 or more")

    @property
    def ask(self) -> Ask:
        """How the sampler is asked."""
        return Ask(steps=self.steps, guidance=self.guidance)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Written:
    """Where the report goes, and in which forms."""

    out: Annotated[Path | None, Parameter(name=["--out", "-o"], help="Where the report goes, a .json file.")] = (
        None
    )
    page: Annotated[bool, Parameter(help="Also write a page with examples beside the report (.html).")] = True
    force: Annotated[bool, Parameter(negative=(), help="Replace a report that exists, and begin anew.")] = False
    json: Annotated[bool, Parameter(negative=(), help="Print the report as JSON and write no file.")] = False


def evaluate(
    *,
    exam: Exam = Exam(),  # noqa: B008  frozen
    written: Written = Written(),  # noqa: B008  frozen
    compare: Annotated[
        tuple[str, str] | None,
        Parameter(help="Two models, or two reports (.json), to set side by side.", consume_multiple=False),
    ] = None,
) -> int:
    """Examine a model: does it show what was asked for?

    Every probe is first put to true clips of the world, then to those that the codec gives back, then to the
    model's. Stop it and give the same command again: it goes on where it was. Prints the path of the report.
    """
    if compare is not None:
        return _compared(exam, written, compare)
    report_file = written.out or Path(f"evaluation-{exam.suite}.json")
    if written.json:
        print_path(_examined(exam, None).to_json())
        return 0
    _check_report(report_file, written.force)
    _reported(exam, report_file, written)
    print_path(report_file)
    if written.page:
        print_path(report_file.with_suffix(".html"))
    return 0


def _reported(exam: Exam, report_file: Path, written: Written) -> "Report":
    """Examine and write the report, keeping a record beside it meanwhile."""
    record, clips = report_file.with_suffix(".marks.jsonl"), report_file.with_suffix(".clips")
    if written.force:
        record.unlink(missing_ok=True)
        for example in clips.glob("*.mp4"):
            example.unlink()
    report = _examined(exam, (record, clips if written.page else None))
    _show_table(report)
    _write(report_file, report.to_json())
    if written.page:
        from himmel.evaluate import report_page

        _write(report_file.with_suffix(".html"), report_page(report, clips))
    return report


def _show_table(report: "Report") -> None:
    from himmel.evaluate import table_of

    title = f"{report.model}, suite {report.suite}, {report.clips} clips"
    print_table(table_of(report.rows, report.absent, title=title))


def _compared(exam: Exam, written: Written, pair: tuple[str, str]) -> int:
    """Read or make two reports and set them side by side."""
    from himmel.evaluate import compare, compared_table, comparison_page

    report_file = written.out or Path("comparison.json")
    if not written.json:
        _check_report(report_file, written.force)
    found: Comparison = compare(*(_report_of(name, exam, written) for name in pair))
    if written.json:
        print_path(found.to_json())
        return 0
    print_table(compared_table(found))
    _write(report_file, found.to_json())
    print_path(report_file)
    if written.page:
        _write(report_file.with_suffix(".html"), comparison_page(found))
        print_path(report_file.with_suffix(".html"))
    return 0


def _report_of(name: str, exam: Exam, written: Written) -> "Report":
    """The report in a file, or that of a model, which is examined unless its report lies here."""
    from dataclasses import replace

    from himmel.evaluate import Report
    from himmel.weights import read_index

    if name.endswith(".json"):
        return Report.from_json(_text(Path(name)))
    index = read_index(name)
    slug = re.sub("[^a-z0-9]+", "-", index.card.name.lower()).strip("-")
    path = Path(f"evaluation-{exam.suite}-{slug}-{index.digest[:8]}.json")
    if path.is_file():
        return Report.from_json(_text(path))
    one = replace(exam, model=name)
    return _examined(one, None) if written.json else _reported(one, path, replace(written, force=False))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a report; name a .json file of himmel evaluate") from error


def _write(path: Path, text: str) -> None:
    """Keep a report that took hours, on standard output where the file cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(f"{text}\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        print_path(text)
        raise HimmelError(
            f"{path} was not written ({error.strerror}); the report is on standard output"
        ) from error


def _examined(exam: Exam, files: tuple[Path, Path | None] | None) -> "Report":
    """Examine a model; `files` are its record and the folder for examples, if they are kept."""
    from himmel.evaluate import evaluate as examine
    from himmel.evaluate import load_examiner, suite_named
    from himmel.plan import Request
    from himmel.weights import read_index

    chosen, _ = suite_named(exam.suite), Request(prompt="checked before anything is loaded", **exam.ask.given())
    read_index(exam.model)
    load_examiner()
    training = _training(exam.clips)
    with Show() as show, stopping() as stop:
        show.begin("load")
        from himmel.generate import load

        return examine(
            load(exam.model, keys_folder=keys_folder()),
            chosen,
            limit=exam.limit,
            options=exam.ask.given(),
            on_progress=_counters(show),
            keeping=_keeping(files, training, stop),
        )


def _counters(show: Show) -> Callable[[str, int, int], None]:
    counters: dict[str, Callable[[int, int], None]] = {}

    def count(noun: str, done: int, total: int) -> None:
        counters.setdefault(noun, show.counter(noun))(done, total)

    return count


def _keeping(
    files: tuple[Path, Path | None] | None, training: "ClipShards | None", stop: Callable[[], bool]
) -> "Keeping":
    from himmel.evaluate import Keeping

    record, clips = files or (None, None)
    return Keeping(marks=record, clips=clips, training=training, stop=stop)


def _training(folder: Path | None) -> "ClipShards | None":
    if folder is None:
        return None
    from himmel.data import ClipShards

    clips = ClipShards(folder, split="train")
    if not len(clips):
        raise UsageError(f"{folder} holds no training clips; name the folder that the model learned from")
    return clips


def _check_report(path: Path, force: bool) -> None:
    if path.suffix != ".json":
        raise UsageError(f"{path.name} must end in .json")
    if not path.parent.is_dir():
        raise UsageError(f"folder {path.parent} does not exist; create it first")
    if path.is_dir() or (path.exists() and not force):
        raise UsageError(f"{path} exists; choose another name, or replace it with --force")
    check_folder(path)
