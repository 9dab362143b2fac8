"""The report as one page: no network, no script, readable on a telephone, by day and night, and aloud.

Examples are the sealed files themselves, as text in the page: who takes a video out of it has a file that says
where it comes from.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from himmel.evaluate.compare import Comparison, compared_cells
from himmel.evaluate.page_style import STYLE
from himmel.evaluate.report import Example, Report, RowResult, shown, spread

__all__ = ["comparison_page", "report_page"]

PAGE_BYTES = 12 * 10**6  # of examples: what a telephone still opens
# Nothing may be fetched, not even by a page that somebody changed.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; media-src data:; img-src data:"
BAR_WIDTH, BAR_HEIGHT = 160, 14
WORDS = {"pass": "passes", "below": "fails", "probe not valid": "probe not valid", "": "no score"}
ORDER = ("below", "probe not valid", "", "pass")  # what needs a look comes first


def report_page(report: Report, clips: Path | None = None) -> str:
    """A report as HTML; `clips` is the folder of its examples."""
    rows = sorted(report.rows, key=lambda row: ORDER.index(row.cells()[-1]))
    passed = sum(row.passed for row in report.rows)
    facts = {
        "suite": report.suite + (f", at most {report.limit} scenes of a group" if report.limit else ""),
        "clips": f"{report.clips}, {report.frames} frames of {report.size}, made in {report.seconds:.0f} s",
        "weights": report.weights[:16],
        "examiner": report.examiner[:16],
        "recogniser": report.recogniser[:16] or "not trained",
        "world": report.generator,
        "asked with": ", ".join(f"{name} {value}" for name, value in report.options.items())
        or "the model's own way",
    }
    body = [
        f"<h1>{escape(report.model)}</h1>",
        f'<p class="sum">{passed} of {len(report.rows)} rows pass.</p>',
        _facts(facts),
        *_table(rows),
        *_absent(report),
        *_examples(report, clips),
    ]
    return _page(f"Examination of {report.model}", body)


def _page(title: str, body: Sequence[str]) -> str:
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>\n",
        ]
    )


def _facts(facts: Mapping[str, str]) -> str:
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f"<dl>{items}</dl>"


def _table(rows: Sequence[RowResult]) -> Iterator[str]:
    heads = (
        "row",
        "what",
        "verdict",
        "score",
        "95 % interval",
        "floor",
        "chance",
        "true clips",
        "codec alone",
        "n",
    )
    yield '<div class="wide" role="region" aria-label="The table of rows" tabindex="0"><table>'
    yield "<caption>What was asked and how often it was right; what fails comes first.</caption>"
    yield _head(heads)
    for row in rows:
        number, name, score, interval, floor, chance, truth, coded, n, verdict = row.cells()
        yield f'<tr class="{verdict.replace(" ", "-") or "none"}"><td data-of="row">{number}</td>'
        yield f'<th scope="row">{escape(name)}</th>'
        yield f'<td data-of="verdict"><span class="verdict">{WORDS[verdict]}</span></td>'
        yield f'<td data-of="score">{score}</td><td data-of="95 % interval">{_bar(row)}{interval}</td>'
        cells = {"floor": floor, "chance": chance, "true clips": truth, "codec alone": coded, "n": n}
        yield "".join(f'<td data-of="{head}">{cell}</td>' for head, cell in cells.items()) + "</tr>"
    yield "</tbody></table></div>"


def _head(heads: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return f"<thead><tr>{cells}</tr></thead><tbody>"


def _bar(row: RowResult) -> str:
    """A drawn interval from 0 to 1 with the floor as a stroke; only shares have one."""
    if row.score is None or row.unit != "%":
        return ""
    low, value, high, floor = (
        round(BAR_WIDTH * share, 1) for share in (row.score.low, row.score.value, row.score.high, row.floor)
    )
    words = (
        f"{shown(row.score.value, row.unit)}, {spread(row.score, row.unit)}, floor {shown(row.floor, row.unit)}"
    )
    middle = BAR_HEIGHT / 2
    return (
        f'<svg viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" role="img" aria-label="{escape(words)}">'
        f'<rect class="rail" x="0" y="{middle - 1}" width="{BAR_WIDTH}" height="2"/>'
        f'<rect class="span" x="{low}" y="{middle - 3}" width="{max(1.0, high - low)}" height="6"/>'
        f'<circle class="dot" cx="{value}" cy="{middle}" r="4"/>'
        f'<rect class="floor" x="{floor - 1}" y="0" width="2" height="{BAR_HEIGHT}"/></svg>'
    )


def _absent(report: Report) -> Iterator[str]:
    if not report.absent:
        return
    yield "<h2>Not asked</h2><ul>"
    for each in report.absent:
        yield f"<li>row {each.number}, {escape(each.name)}: {escape(each.reason)}</li>"
    yield "</ul>"


def _examples(report: Report, clips: Path | None) -> Iterator[str]:
    """The kept clips, those with the most wrong marks first, as far as the page has room."""
    if clips is None or not report.examples:
        return
    yield "<h2>Examples</h2>"
    yield "<p>Clips of the model, kept as they came: of every row two that are wrong and one that is right.</p>"
    yield '<div class="clips">'
    room, left_out = PAGE_BYTES, 0
    for example in sorted(report.examples, key=lambda each: -len(_wrong(report, each))):
        path = clips / example.file
        if not path.is_file() or path.stat().st_size > room:
            left_out += 1
            continue
        content = path.read_bytes()
        room -= len(content)
        yield _figure(report, example, content)
    yield "</div>"
    if left_out:
        yield f"<p>{left_out} more lie in the folder of clips beside this page.</p>"


def _figure(report: Report, example: Example, content: bytes) -> str:
    source = f"data:video/mp4;base64,{base64.b64encode(content).decode()}"
    wrong = _wrong(report, example)
    right = [name for name in _judged(report, example) if name not in wrong]
    marks = "".join(f'<li class="wrong">wrong: {escape(name)}</li>' for name in wrong)
    marks += "".join(f'<li class="right">right: {escape(name)}</li>' for name in right)
    about = f"{escape(example.group)}, seed {example.seed}"
    return (
        f'<figure><video controls loop muted playsinline preload="metadata" '
        f'aria-label="{escape(example.caption, quote=True)}" src="{source}"></video>'
        f"<figcaption>{escape(example.caption)}<small>{about}</small></figcaption>"
        f"<ul>{marks}</ul></figure>"
    )


def _judged(report: Report, example: Example) -> list[str]:
    """Names of the rows that mark this clip right or wrong."""
    keys = {f"{row.number} {row.name}": row.name for row in report.rows if row.unit == "%" and row.valid}
    return [keys[key] for key, values in example.marks.items() if key in keys and values]


def _wrong(report: Report, example: Example) -> list[str]:
    keys = {row.name: f"{row.number} {row.name}" for row in report.rows}
    return [name for name in _judged(report, example) if min(example.marks[keys[name]]) < 1]


def comparison_page(found: Comparison) -> str:
    """Two reports side by side as HTML."""
    first, second = found.names
    heads = ("row", "what", first, second, "difference", "95 % interval", "better")
    ahead = [f"{escape(name)} is better in {_count(found, which)} rows"
             for name, which in ((first, "first"), (second, "second"))]  # fmt: skip
    body = [
        f"<h1>{escape(first)} and {escape(second)}</h1>",
        f'<p class="sum">{", ".join(ahead)}; elsewhere the interval of the difference holds 0.</p>',
        _facts({"suite": found.first.suite, first: found.first.weights[:16], second: found.second.weights[:16]}),
        '<div class="wide" role="region" aria-label="The table of rows" tabindex="0"><table>',
        "<caption>The difference is the second score less the first; its interval takes both as independent."
        "</caption>",
        _head(heads),
    ]
    for row in sorted(found.rows, key=lambda row: not row.verdict):
        number, name, *cells = compared_cells(row, found.names)
        body.append(f'<tr class="{row.verdict or "none"}"><td data-of="row">{number}</td>')
        body.append(f'<th scope="row">{escape(name)}</th>')
        pairs = zip(heads[2:], cells, strict=True)
        body.append("".join(f'<td data-of="{escape(head)}">{escape(cell)}</td>' for head, cell in pairs) + "</tr>")
    return _page(f"{first} and {second}", [*body, "</tbody></table></div>"])


def _count(found: Comparison, which: str) -> int:
    return sum(row.verdict == which for row in found.rows)
