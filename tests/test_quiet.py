"""The library never prints and never reads the environment; the command line may."""

import ast
from collections.abc import Iterator

import pytest
from structure import Source, aliases, calls, parse, resolve, sources

SPEAKING = {"himmel.cli"}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv"}


def noise(source: Source) -> Iterator[str]:
    if ".".join(source.name.split(".")[:2]) in SPEAKING:
        return
    names = aliases(source)
    for called, node in calls(source.tree):
        if resolve(called, names) in ("print", "builtins.print", "rich.print"):
            yield f"{source.path}:{node.lineno} prints"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and resolve(ast.unparse(node), names) in ENVIRONMENT:
            yield f"{source.path}:{node.lineno} reads the environment"


def test_the_library_is_quiet() -> None:
    assert [line for source in sources("himmel") for line in noise(source)] == []


@pytest.mark.parametrize(
    "text",
    [
        "print('x')",
        "import os\nos.environ['X']",
        "from os import environ as e\ne.get('X')",
        "import os\ndef f():\n    return os.getenv('X')",
    ],
)
def test_noise_is_found(text: str) -> None:
    assert list(noise(parse(text)))


def test_the_command_line_may_speak() -> None:
    assert not list(noise(parse("import os\nprint(os.environ)", "himmel/cli/show.py")))
