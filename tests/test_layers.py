"""Imports point strictly down the table of docs/architecture.md, which is read here, not repeated."""

import graphlib
import re
from collections.abc import Iterable, Iterator, Mapping

import pytest
from structure import PACKAGE, ROOT, Source, imports, parse, sources

FRONT_DOORS = ("", "__main__")


def layers() -> dict[str, int]:
    """Part -> layer, from the fenced table under "## Layers"."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = re.search(r"^## Layers$.*?^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert section, "docs/architecture.md has no layers table"
    rows = [line.split() for line in section[1].splitlines()]
    return {part: int(number) for number, *parts in rows for part in parts}


def part(module: str) -> str:
    """himmel.codec.blocks -> codec; the package himmel itself -> ""."""
    return module.split(".")[1] if "." in module else ""


def upward(source: Source, table: Mapping[str, int]) -> Iterator[str]:
    """Imports of `source` that do not point strictly down; the package's front doors may use anything."""
    here = part(source.name)
    for found in imports(source):
        there = part(found.module)
        if not found.module.startswith("himmel.") or there == here or here in FRONT_DOORS or there not in table:
            continue
        if table[there] >= table[here]:
            yield f"{source.path}:{found.line} imports {found.module}"


def cycle(files: Iterable[Source]) -> list[str]:
    """A circle of imports at module level, or nothing."""
    files = list(files)
    names = {source.name for source in files}
    graph = {
        source.name: {
            name
            for found in imports(source)
            for name in (found.module, found.module.rpartition(".")[0])
            if not found.lazy
            and name in names
            and name != source.name
            # A package's door opens before its rooms do: a room is not made to wait for it.
            and not source.name.startswith(f"{name}.")
        }
        for source in files
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_the_table_lists_the_package() -> None:
    entries = [path for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.rglob("*.py"))]
    parts = {path.stem for path in entries} - {"__init__", "__main__"}
    assert parts == set(layers())


def test_imports_point_down() -> None:
    table = layers()
    assert [line for source in sources("himmel") for line in upward(source, table)] == []


def test_imports_have_no_circle() -> None:
    assert cycle(sources("himmel")) == []


@pytest.mark.parametrize(
    "text",
    [
        "from himmel.train import loop",
        "import himmel.cli",
        "from himmel import text",
        "from ..flow import path",
        "def late():\n    from himmel.generate import make",
    ],
)
def test_upward_and_sideways_imports_are_found(text: str) -> None:
    assert list(upward(parse(text, "himmel/codec/bad.py"), layers()))


@pytest.mark.parametrize("text", ["from himmel.errors import UsageError", "from . import blocks", "import torch"])
def test_downward_imports_pass(text: str) -> None:
    assert not list(upward(parse(text, "himmel/codec/good.py"), layers()))


def test_a_circle_is_found() -> None:
    a = parse("from himmel.codec.b import x", "himmel/codec/a.py")
    b = parse("import himmel.codec.a", "himmel/codec/b.py")
    late = parse("def f():\n    import himmel.codec.a", "himmel/codec/b.py")
    assert set(cycle([a, b])) == {"himmel.codec.a", "himmel.codec.b"}
    assert cycle([a, late]) == []
