"""Nothing is loaded that could run code: no pickle in any guise, no eval, no object arrays."""

import ast
from collections.abc import Iterator

import pytest
from structure import Source, aliases, calls, imports, parse, resolve, sources

MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
# torch.distributed.checkpoint keeps its metadata as a pickle.
SUBMODULES = ("torch.distributed.checkpoint", "torch.package", "torch.serialization")
CALLS = {
    "torch.load",
    "torch.save",
    "torch.hub.load",
    "torch.jit.load",
    "yaml.load",
    "yaml.load_all",
    "yaml.unsafe_load",
    "yaml.full_load",
    "numpy.fromregex",
    "eval",
    "exec",
    "__import__",
    "builtins.eval",
    "builtins.exec",
}
SHORT = {"np": "numpy", "th": "torch"}


def unsafe(source: Source) -> Iterator[str]:
    for found in imports(source):
        if found.module.split(".")[0] in MODULES or found.module.startswith(SUBMODULES):
            yield f"{source.path}:{found.line} imports {found.module}"
    names = SHORT | aliases(source)
    for called, node in calls(source.tree):
        full = resolve(called, names)
        if full in CALLS:
            yield f"{source.path}:{node.lineno} calls {full}"
        for keyword in node.keywords:
            allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "allow_pickle" and not allowed:
                yield f"{source.path}:{node.lineno} allows pickle"
        if full == "numpy.load" and not any(k.arg == "allow_pickle" for k in node.keywords):
            yield f"{source.path}:{node.lineno} calls numpy.load without allow_pickle=False"


def test_nothing_loads_code() -> None:
    files = sources("himmel", "tests", "benchmarks", "docs")
    assert [line for source in files for line in unsafe(source)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "def f():\n    import marshal",
        "import shelve as s",
        "import torch.distributed.checkpoint as dcp",
        "import torch\ntorch.load('x')",
        "import torch as t\nt.load('x', weights_only=True)",
        "from torch import load as read\nread('x')",
        "import yaml\nyaml.load('x', Loader=yaml.SafeLoader)",
        "eval('1')",
        "exec('x = 1')",
        "__import__('os')",
        "import numpy as np\nnp.load('x.npy', allow_pickle=True)",
        "import numpy as np\nnp.load('x.npy')",
        "import numpy\nnumpy.lib.format.open_memmap('x', allow_pickle=flag)",
    ],
)
def test_unsafe_loading_is_found(text: str) -> None:
    assert list(unsafe(parse(text)))


@pytest.mark.parametrize(
    "text",
    ["model.eval()", "import numpy as np\nnp.load('x', allow_pickle=False)", "import yaml\nyaml.safe_load('x')"],
)
def test_safe_loading_passes(text: str) -> None:
    assert not list(unsafe(parse(text)))
