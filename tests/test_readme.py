"""The README's commands exist, parse, and are the ones that .ci/run runs."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from structure import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "cli.md")]
HIMMEL = re.compile(r"(?:\S*/)?himmel")


def fences(text: str, *languages: str) -> list[str]:
    return [body for language, body in FENCE.findall(text) if language in languages]


def commands(shell: str) -> Iterator[list[str]]:
    """Words of each command of a shell text, without comments, split at &&, ; and |."""
    joined = re.sub(r"\\\n\s*", " ", shell)
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if set(word) <= set("&;|"):
                yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words


def wrong_commands(shell: str) -> Iterator[str]:
    """`himmel` commands that the command line would not take; nothing is run."""
    from himmel.cli import app

    for words in commands(shell):
        if HIMMEL.fullmatch(words[0]) and words[1:] not in (["--help"], ["--version"]):
            try:
                app.parse_args(words[1:], exit_on_error=False, print_error=False)
            except Exception as error:
                yield f"{shlex.join(words)}: {error}"


def pytest_commands(shell: str) -> list[list[str]]:
    """Commands that run pytest or install for it, without the folder of their environment and redirections."""
    shell = re.sub(r"\d*>+(&\d|\S+)", "", shell)
    bare = [[re.sub(r"^.*/bin/", "", word) for word in words] for words in commands(shell)]
    return [words for words in bare if "pytest" in words or any("[test]" in word for word in words)]


def bash_accepts(shell: str) -> bool:
    return subprocess.run(["bash", "-n"], input=shell, text=True, capture_output=True, timeout=30).returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shell_blocks_parse(page: Path) -> None:
    for block in fences(page.read_text(encoding="utf-8"), "sh", "bash", "console"):
        assert bash_accepts(block), block
        assert list(wrong_commands(block)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_compile(page: Path) -> None:
    for block in fences(page.read_text(encoding="utf-8"), "python"):
        compile(block, page.name, "exec")


def test_the_first_two_commands() -> None:
    """What the README opens with: one line makes a video, one runs the tests."""
    first, second, *_ = fences((ROOT / "README.md").read_text(encoding="utf-8"), "sh")
    assert [words[:2] for words in commands(first)][-1][1] == "make"
    assert "pytest" in second


def test_the_test_command_is_the_one_ci_runs() -> None:
    readme = pytest_commands("\n".join(fences((ROOT / "README.md").read_text(encoding="utf-8"), "sh")))
    ci = pytest_commands((ROOT / ".ci/run").read_text(encoding="utf-8"))
    assert readme == ci != []


def test_ci_run_parses_and_is_executable() -> None:
    assert bash_accepts((ROOT / ".ci/run").read_text(encoding="utf-8"))
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


@pytest.mark.parametrize("shell", [".venv/bin/himmel juggle", 'himmel make "x" --no-such-flag 3', "himmel verify"])
def test_wrong_commands_are_found(shell: str) -> None:
    assert list(wrong_commands(shell))


def test_bad_shell_is_found() -> None:
    assert not bash_accepts('echo "open')
    assert pytest_commands("a/bin/python -m pytest -x >log 2>&1\npip list") == [["python", "-m", "pytest", "-x"]]
