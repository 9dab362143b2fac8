"""The packages that must run on any machine with torch need torch, numpy and safetensors alone."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
from structure import ROOT, Source, imports, parse, sources

ALLOWED = {"torch", "numpy", "safetensors", "himmel"}


def torch_only() -> set[str]:
    """The parts named in docs/architecture.md as importing only torch, numpy and safetensors."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = re.search(r"`([a-z ]+)` import only torch, numpy and safetensors", text)
    assert named, "docs/architecture.md does not name the torch-only parts"
    return set(named[1].split())


def others(source: Source) -> Iterator[str]:
    """Module-level imports beyond the standard library and the allowed three."""
    for found in imports(source):
        root = found.module.split(".")[0]
        if not found.lazy and root not in ALLOWED and root not in sys.stdlib_module_names:
            yield f"{source.path}:{found.line} imports {found.module}"


def torch_sources() -> list[Source]:
    parts = torch_only()
    return [source for source in sources("himmel") if "." in source.name and source.name.split(".")[1] in parts]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dependencies() -> set[str]:
    """Import names of every other package the project can ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    every = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {re.split(r"[^A-Za-z0-9_-]", line)[0] for line in every}
    imported = {"Pillow": "PIL", "c2pa-python": "c2pa"}
    return {imported.get(name, name) for name in names} - ALLOWED - {"pytest", "hypothesis", "ruff", "mypy"}


def test_nothing_else_is_imported() -> None:
    assert [line for source in torch_sources() for line in others(source)] == []


def test_they_import_where_nothing_else_is_installed() -> None:
    """Also through other parts of himmel: every other dependency is hidden, then each module is imported."""
    names = [source.name for source in torch_sources()]
    code = f"import sys\nfor name in {sorted(dependencies())}: sys.modules[name] = None\nimport importlib\n"
    run(code + f"for name in {names}: importlib.import_module(name)")


def test_the_command_line_opens_without_torch() -> None:
    slow = ("torch", "mujoco", "moderngl", "av", "c2pa", "diffusers", "scipy")
    code = f"import sys, himmel.cli\nprint([name for name in {slow} if name in sys.modules])"
    assert run(code).strip() == "[]"


@pytest.mark.parametrize(
    "text", ["import av", "from PIL import Image", "try:\n    import triton\nexcept ImportError: ..."]
)
def test_other_imports_are_found(text: str) -> None:
    assert list(others(parse(text, "himmel/codec/bad.py")))


@pytest.mark.parametrize(
    "text", ["import torch.nn.functional as F", "def f():\n    import diffusers", "import math"]
)
def test_allowed_imports_pass(text: str) -> None:
    assert not list(others(parse(text, "himmel/codec/good.py")))
