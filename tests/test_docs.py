"""The pages agree with the code: flags, errors, links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structure import ROOT
from test_public_names import docs_script

from himmel import errors

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def commands(app: Any, names: tuple[str, ...] = ("himmel",)) -> Iterator[tuple[str, Any]]:
    for name in app:
        if not name.startswith("-"):
            yield " ".join((*names, name)), app[name]
            yield from commands(app[name], (*names, name))


def silent_flags(app: Any) -> Iterator[str]:
    """Commands and flags without a word of help."""
    for name, command in commands(app):
        if not (command.help or (command.default_command and command.default_command.__doc__)):
            yield name
        if command.default_command:
            for argument in command.assemble_argument_collection(parse_docstring=True):
                if argument.show and not argument.parameter.help:
                    yield f"{name} {argument.names[0]}"


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def dead_links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(without_code(text)):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        if path != page and not path.exists():
            yield f"{page.name}: {target}"
        elif anchor and path.suffix == ".md":
            other = text if path == page else path.read_text(encoding="utf-8")
            headings = [line.lstrip("#") for line in without_code(other).splitlines() if line.startswith("#")]
            if anchor not in map(slug, headings):
                yield f"{page.name}: {target}"


def test_every_flag_says_what_it_does() -> None:
    from himmel.cli import app

    assert list(silent_flags(app)) == []


def test_the_command_line_page_is_current() -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert page == docs_script().cli_page(), "run: python docs/make.py"


def test_the_page_of_words_is_current() -> None:
    page = (ROOT / "docs/words.md").read_text(encoding="utf-8")
    assert page == docs_script().words_page(), "run: python docs/make.py"


def test_the_command_line_page_lists_every_flag() -> None:
    from himmel.cli import app

    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    sections = dict(section.split("\n", 1) for section in page.split("\n## ")[1:])
    for name, command in commands(app):
        if command.default_command and command.show:
            for argument in command.assemble_argument_collection(parse_docstring=True):
                for flag in argument.names if argument.show else ():
                    assert f"`{flag}`" in sections[name], f"{name} {flag}"


def test_every_error_is_documented() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    for name in errors.__all__:
        assert f"class `{name}`" in page
        assert getattr(errors, name).__doc__, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(dead_links(page, page.read_text(encoding="utf-8"))) == []


def test_a_silent_flag_is_found() -> None:
    import cyclopts

    app = cyclopts.App(name="bad")

    @app.command
    def mute(flag: int = 1) -> None: ...

    assert list(silent_flags(app)) == ["himmel mute", "himmel mute --flag"]


@pytest.mark.parametrize("text", ["[a](nowhere.md)", "[a](README.md#no-such-heading)", "[a](#missing)\n# Title"])
def test_a_dead_link_is_found(text: str) -> None:
    assert list(dead_links(ROOT / "README.md", text))


def test_a_live_link_passes() -> None:
    assert not list(dead_links(ROOT / "page.md", "# A title, here\n[a](#a-title-here) [b](https://example.org/x)"))
