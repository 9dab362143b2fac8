"""Every module says what it offers, and docs/reference.md lists exactly that."""

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from types import ModuleType

import pytest
from structure import ROOT, Source, imports, parse, sources


def docs_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("himmel_docs_make", ROOT / "docs/make.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed(source: Source) -> list[str] | None:
    """The literal `__all__` of a module."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return [str(name) for name in ast.literal_eval(node.value)]
    return None


def bound(tree: ast.Module) -> set[str]:
    """Names a module has at its top level."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return found


def faults(source: Source) -> Iterator[str]:
    names = listed(source)
    if names is None:
        yield f"{source.path} has no __all__"
        return
    if len(set(names)) != len(names):
        yield f"{source.path} lists a name twice"
    lazy = {"__getattr__"} <= bound(source.tree)
    for name in set(names) - bound(source.tree):
        if not lazy:
            yield f"{source.path} lists {name}, which it does not have"


def trespasses(source: Source, offered: Mapping[str, list[str] | None]) -> Iterator[str]:
    """Names taken from another module of the package that it does not offer; `offered` is `__all__` by module."""
    for found in imports(source):
        home, _, name = found.module.rpartition(".")
        if home in offered and found.module not in offered and name not in (offered[home] or ()):
            yield f"{source.path}:{found.line} takes {name}, which {home} does not offer"


def test_every_module_lists_what_it_offers() -> None:
    assert [line for source in sources("himmel") for line in faults(source)] == []


def test_modules_take_only_what_is_offered() -> None:
    offered = {source.name: listed(source) for source in sources("himmel")}
    assert [line for source in sources("himmel") for line in trespasses(source, offered)] == []


def test_the_reference_is_current() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert page == docs_script().reference_page(), "run: python docs/make.py"


def test_the_reference_lists_every_public_name() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    sections = dict(section.split("\n", 1) for section in page.split("\n## ")[1:])
    for source in sources("himmel"):
        for name in listed(source) or ():
            assert f"`{name}" in sections[source.name], f"{source.name}.{name}"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "__all__ = ['absent']",
        "__all__ = ['x', 'x']\nx = 1",
        "__all__: list[str] = ['absent']\ndef present(): ...",
    ],
)
def test_bad_lists_are_found(text: str) -> None:
    assert list(faults(parse(text)))


@pytest.mark.parametrize("text", ["from himmel.codec import hidden", "def f():\n    from ..codec import hidden"])
def test_trespassing_is_found(text: str) -> None:
    offered = {"himmel.codec": ["Codec"], "himmel.codec.blocks": ["fold"]}
    assert list(trespasses(parse(text, "himmel/train/bad.py"), offered))
    good = parse(
        "from himmel.codec import Codec, blocks\nfrom himmel.codec.blocks import fold\nimport himmel.codec"
    )
    assert not list(trespasses(good, offered))


def test_a_good_list_passes() -> None:
    assert not list(faults(parse("from a import b\n__all__ = ['b', 'f']\ndef f(): ...\ndef _g(): ...")))
