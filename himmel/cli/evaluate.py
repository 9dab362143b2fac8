"""`himmel evaluate`: ask a model for scenes whose answers are known, and count."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from himmel.cli.home import keys_folder
from himmel.cli.options import Ask
from himmel.cli.outputs import check_folder
from himmel.cli.show import Show, print_path, print_table
from himmel.errors import HimmelError, UsageError

if TYPE_CHECKING:
    from himmel.evaluate import Report

__all__ = ["evaluate"]


def evaluate(
    *,
    suite: Annotated[str, Parameter(help="quick or thorough.")] = "quick",
    limit: Annotated[int | None, Parameter(help="At most so many scenes of each kind, for a first look.")] = None,
    model: Annotated[str, Parameter(help="A model's name or the folder of its weights.")] = "bundled",
    steps: Annotated[int | None, Parameter(help="Model calls; the model's own number when left out.")] = None,
    guidance: Annotated[
        float | None, Parameter(help="How strongly the text leads; the model's own when left out.")
    ] = None,
    out: Annotated[
        Path | None, Parameter(name=["--out", "-o"], help="Where the report goes, a .json file.")
    ] = None,
    force: Annotated[bool, Parameter(negative=(), help="Replace a report that exists.")] = False,
    json: Annotated[bool, Parameter(negative=(), help="Print the report as JSON and write no file.")] = False,
) -> int:
    """Examine a model: does it show what was asked for?

    Every probe is first put to true clips of the world, then to those that the codec gives back, then to the
    model's. Prints the path of the report.
    """
    ask = Ask(steps=steps, guidance=guidance)
    report_file = out or Path(f"evaluation-{suite}.json")
    if not json:
        _check_report(report_file, force)
    with Show() as show:
        report = _examined(suite, limit, model, ask, show)
    if json:
        print_path(report.to_json())
        return 0
    from himmel.evaluate import table_of

    print_table(table_of(report.rows, title=f"{report.model}, suite {report.suite}, {report.clips} clips"))
    _write(report_file, report.to_json())
    print_path(report_file)
    return 0


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


def _examined(suite: str, limit: int | None, model: str, ask: Ask, show: Show) -> "Report":
    from himmel.evaluate import evaluate as examine
    from himmel.evaluate import load_examiner, suite_named
    from himmel.plan import Request
    from himmel.weights import read_index

    chosen, _ = suite_named(suite), Request(prompt="checked before anything is loaded", **ask.given())
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to examine; give 1 or more")
    read_index(model)
    load_examiner()
    show.begin("load")
    from himmel.generate import load

    pipe = load(model, keys_folder=keys_folder())
    counters = {phase: show.counter(phase) for phase in ("true clips", "model")}
    return examine(
        pipe,
        chosen,
        limit=limit,
        options=ask.given(),
        on_progress=lambda phase, done, total: counters[phase](done, total),
    )


def _check_report(path: Path, force: bool) -> None:
    if path.suffix != ".json":
        raise UsageError(f"{path.name} must end in .json")
    if not path.parent.is_dir():
        raise UsageError(f"folder {path.parent} does not exist; create it first")
    if path.is_dir() or (path.exists() and not force):
        raise UsageError(f"{path} exists; choose another name, or replace it with --force")
    check_folder(path)
