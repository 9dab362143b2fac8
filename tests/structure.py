"""What the structural tests share: the project's sources, parsed and never imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "himmel"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One Python file: its path from the root of the repository, dotted name, text and syntax tree."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.endswith("__init__.py")


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module; `lazy` when it happens inside a function."""

    module: str
    line: int
    lazy: bool


def parse(text: str, path: str = "himmel/bad.py") -> Source:
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Source(path=path, name=name, text=text, tree=ast.parse(text))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file of these folders of the repository."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(parse(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) for path in paths)


def imports(source: Source) -> Iterator[Import]:
    """Imports with full names: `from himmel import errors` and `from .errors import X` give himmel.errors."""
    yield from _imports(source, source.tree, lazy=False)


def _imports(source: Source, node: ast.AST, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(module=alias.name, line=child.lineno, lazy=lazy)
        elif isinstance(child, ast.ImportFrom):
            base = _base(source, child)
            for alias in child.names:
                # A submodule and a name of the package look alike here; both are named in full.
                full = f"{base}.{alias.name}" if base.split(".")[0] == "himmel" else base
                yield Import(module=full, line=child.lineno, lazy=lazy)
        yield from _imports(source, child, lazy=inside)


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    here = source.name.split(".") if source.is_package else source.name.split(".")[:-1]
    here = here[: len(here) - node.level + 1]
    return ".".join([*here, node.module] if node.module else here)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Calls with the dotted text of what is called ("" where it is not a plain name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            plain = isinstance(node.func, ast.Name | ast.Attribute)
            yield (ast.unparse(node.func) if plain else ""), node


def aliases(source: Source) -> dict[str, str]:
    """Local names of imported things: `from os import replace as r` gives {"r": "os.replace"}."""
    found = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            base = _base(source, node)
            found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
    return found


def resolve(called: str, names: dict[str, str]) -> str:
    """The full name of what is called, through the aliases of its file."""
    first, dot, rest = called.partition(".")
    return names.get(first, first) + dot + rest
