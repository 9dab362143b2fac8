"""Nothing grows past what a reader holds in mind."""

import ast
from collections.abc import Iterator

import pytest
from structure import Source, parse, sources

MODULE_LINES = 400
FUNCTION_LINES = 80
ARGUMENTS = 8
FIELDS = 16


def oversized(source: Source) -> Iterator[str]:
    lines = source.text.count("\n") + 1
    if lines > MODULE_LINES:
        yield f"{source.path} has {lines} lines"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from oversized_function(source, node)
        elif isinstance(node, ast.ClassDef):
            fields = sum(isinstance(child, ast.AnnAssign) for child in node.body)
            if fields > FIELDS:
                yield f"{source.path}:{node.lineno} {node.name} has {fields} fields"


def oversized_function(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if length > FUNCTION_LINES:
        yield f"{source.path}:{node.lineno} {node.name} has {length} lines"
    every = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    count = sum(argument.arg not in ("self", "cls") for argument in every)
    if count > ARGUMENTS:
        yield f"{source.path}:{node.lineno} {node.name} has {count} arguments"


def test_everything_is_small() -> None:
    assert [
        line for source in sources("himmel", "tests", "benchmarks", "docs") for line in oversized(source)
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" * MODULE_LINES,
        "def f():\n" + "    x = 1\n" * FUNCTION_LINES,
        "async def f(a, b, c, d, e, *, f, g, h, i): ...",
        "class C:\n" + "".join(f"    field{i}: int\n" for i in range(FIELDS + 1)),
    ],
)
def test_large_things_are_found(text: str) -> None:
    assert list(oversized(parse(text)))


def test_the_limits_themselves_pass() -> None:
    text = "def f(self, a, b, c, d, e, f, g, h):\n" + "    x = 1\n" * (FUNCTION_LINES - 1)
    assert not list(oversized(parse(text)))
