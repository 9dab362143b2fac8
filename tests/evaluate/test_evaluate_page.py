import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_evaluate_report import REPORT, ROW

from himmel.errors import UsageError
from himmel.evaluate import Absent, Example, compare, comparison_page, report_page, share_estimate

VOID = {"meta", "br", "img", "rect", "circle"}
FAILS = replace(ROW, number=1, name="object <count>", score=share_estimate([1, 0, 0, 0]), passed=False)
BLIND = replace(ROW, number=2, name="colour", score=None, passed=False, valid=False)


class Tags(HTMLParser):
    """Checks that every tag is closed in order, and keeps attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def example(folder: Path, name: str, marks: dict[str, list[float]]) -> Example:
    (folder / name).write_bytes(name.encode() * 9)
    return Example(group="three", seed=4, caption='a "red" <ball>', file=name, marks=marks)


@pytest.fixture
def page(tmp_path: Path) -> Tags:
    examples = (
        example(tmp_path, "right.mp4", {"6 relation": [1.0], "1 object <count>": [1.0], "12 path": [0.2]}),
        example(tmp_path, "wrong.mp4", {"6 relation": [0.0]}),
        Example(group="three", seed=5, caption="gone", file="gone.mp4", marks={"6 relation": [0.0]}),
    )
    absent = (Absent(number=14, name="occlusion", reason="no scenes"),)
    rows = (ROW, FAILS, BLIND)
    return Tags(report_page(replace(REPORT, rows=rows, absent=absent, examples=examples), tmp_path))


def test_the_page_is_whole_and_fetches_nothing(page: Tags) -> None:
    sources = [
        value for _, name, value in page.attributes if name in ("src", "href", "srcset", "action", "poster")
    ]
    assert len(sources) == 2 and all(source.startswith("data:video/mp4;base64,") for source in sources)
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert not {tag for tag, _, _ in page.attributes} & {"script", "link", "iframe", "object"}
    assert "url(" not in page.words and "@import" not in page.words


def test_failures_come_first_and_words_are_words(page: Tags) -> None:
    words = page.words
    assert words.index("object <count>") < words.index("colour") < words.index("relation")
    assert "1 of 3 rows pass" in words and "row 14, occlusion: no scenes" in words
    assert 'a "red" <ball>' in words and "wrong: relation" in words and "right: relation" in words
    assert words.index("wrong: relation") < words.index("right: relation")
    assert "1 more lie in the folder" in words


def test_the_page_can_be_heard_and_held(page: Tags) -> None:
    html = [(name, value) for tag, name, value in page.attributes if tag == "html"]
    assert ("lang", "en") in html
    assert ("meta", "content", "width=device-width, initial-scale=1") in page.attributes
    labels = [value for tag, name, value in page.attributes if tag in ("video", "svg") and name == "aria-label"]
    assert len(labels) == 4 and all(labels)
    assert [value for tag, name, value in page.attributes if tag == "th" and name == "scope"].count("row") == 3
    assert "prefers-color-scheme: dark" in page.words and "max-width: 48rem" in page.words


def contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG 2 has it."""

    def light(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_text_stands_out_from_paper_by_day_and_night(page: Tags) -> None:
    palettes = re.findall(r":root \{(.*?)\}", page.words, re.DOTALL)
    assert len(palettes) == 2
    for palette in palettes:
        colours = dict(re.findall(r"--(\w+): (#\w+)", palette))
        for paper in ("paper", "card"):
            for ink in ("ink", "soft", "good", "bad", "doubt"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


def test_reports_are_compared_row_by_row() -> None:
    better = replace(ROW, score=share_estimate([1.0] * 30 + [0.0] * 2))
    worse = replace(ROW, score=share_estimate([1.0] * 10 + [0.0] * 22))
    found = compare(replace(REPORT, rows=(worse,)), replace(REPORT, rows=(better,), weights="2" * 64))
    (row,) = found.rows
    assert row.verdict == "second" and row.gap is not None and row.gap.low > 0
    assert found.names == ("tiny 00000000", "tiny 22222222")
    turned = compare(replace(REPORT, rows=(better,), model="big"), replace(REPORT, rows=(worse,)))
    assert turned.rows[0].verdict == "first" and turned.names == ("big", "tiny")
    small = replace(better, unit="x", below=True)
    less = compare(replace(REPORT, rows=(small,)), replace(REPORT, rows=(replace(small, score=worse.score),)))
    assert less.rows[0].verdict == "second"
    blind = compare(replace(REPORT, rows=(BLIND,)), replace(REPORT, rows=(BLIND, ROW)))
    assert [row.gap for row in blind.rows] == [None] and blind.rows[0].verdict == ""
    text = Tags(comparison_page(found)).words
    assert "tiny 22222222 is better in 1 rows" in text and "+62 points" in text


def test_reports_that_asked_something_else_are_not_compared() -> None:
    for other in ({"suite": "full"}, {"limit": 3}, {"examiner": "3" * 64}, {"frames": 17}):
        with pytest.raises(UsageError, match=f"cannot be compared: {next(iter(other))}"):
            compare(REPORT, replace(REPORT, **other))  # type: ignore[arg-type]
