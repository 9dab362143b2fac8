"""No path in the code yields a final video or picture that is not sealed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from structure import Source, aliases, calls, parse, resolve, sources

from himmel.errors import HimmelError
from himmel.media import write_image, write_video

SEAL = "himmel/provenance/seal.py"

# Who else gives files their names, and what these are. Each names its kind of file beside the call.
RENAMES = {
    SEAL: "sealed media",
    "himmel/cli/evaluate.py": "reports (.json)",
    "himmel/data/shards.py": "shards (.tar)",
    "himmel/data/pixels.py": "training arrays (.npy)",
    "himmel/provenance/keys.py": "the signing key (.pem)",
    "himmel/train/checkpoint.py": "checkpoints (.safetensors)",
    "himmel/train/latents.py": "training arrays (.npy)",
    "himmel/train/pairs.py": "training arrays (.npy)",
    "himmel/train/pullback.py": "a metric (.safetensors)",
    "himmel/train/metrics.py": "measurements (.jsonl)",
    "himmel/weights/shards.py": "folders of weights (.safetensors)",
}
# Who opens files for writing bytes, and which.
WRITES = {
    SEAL: "the .part it seals",
    "himmel/media/clip.py": "a clip in memory",
    "himmel/media/write.py": "a .part",
    "himmel/media/image.py": "a .part, or a figure of a report",
    "himmel/data/shards.py": "a shard's .part",
    "himmel/provenance/keys.py": "the signing key",
    "himmel/train/pairs.py": "a training array's .part",
    "himmel/weights/shards.py": "weights in a draft folder",
}
# Pictures for reports bypass the seal: only evaluation makes reports.
FIGURES = ("himmel/evaluate/", "himmel/media/")
MEDIA = (".mp4", ".webm", ".mov", ".mkv", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif")

MOVERS = {"os.replace", "os.rename", "os.renames", "os.link", "os.symlink", "shutil.move"}
COPIERS = {"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copyfileobj", "os.sendfile"}
MOVING_METHODS = {"rename", "hardlink_to", "symlink_to", "link_to", "move", "move_into", "copy_into"}


def renames(source: Source) -> Iterator[int]:
    """Lines that give a file another name or copy it."""
    names = aliases(source)
    for called, node in calls(source.tree):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        # str.replace takes two arguments and dataclasses.replace keywords; Path.replace takes one.
        path_replace = method == "replace" and len(node.args) == 1 and not node.keywords
        if resolve(called, names) in MOVERS | COPIERS or method in MOVING_METHODS or path_replace:
            yield node.lineno


def writes(source: Source) -> Iterator[int]:
    """Lines that open a file or a media container for writing bytes."""
    names = aliases(source)
    for called, node in calls(source.tree):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else called
        opening = method in ("open", "fdopen") and _binary_or_container(resolve(called, names), node)
        if method == "write_bytes" or opening:
            yield node.lineno


def _binary_or_container(called: str, node: ast.Call) -> bool:
    values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    values += [keyword.value.value for keyword in node.keywords if isinstance(keyword.value, ast.Constant)]
    modes = [value for value in values if isinstance(value, str) and set(value) <= set("rwxabt+") and value]
    writing = any(set(mode) & set("wxa+") for mode in modes)
    return writing and (called == "av.open" or any("b" in mode for mode in modes))


def unsealed(source: Source) -> Iterator[str]:
    if source.path not in RENAMES:
        yield from (f"{source.path}:{line} renames or copies a file" for line in renames(source))
    if source.path not in WRITES:
        yield from (f"{source.path}:{line} writes bytes to a file" for line in writes(source))
    for called, node in calls(source.tree):
        name = called.rpartition(".")[2]
        first = ast.unparse(node.args[0]) if node.args else ""
        if name in ("write_video", "write_image") and "part" not in first:
            yield f"{source.path}:{node.lineno} {name} gets {first or 'no path'}, not a .part"
        if name == "write_png" and not source.path.startswith(FIGURES):
            yield f"{source.path}:{node.lineno} writes a picture without a seal"


def functions_that_rename(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    lines = set(renames(source))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if lines & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)):
                yield node


def media_names(node: ast.AST) -> list[str]:
    return [
        child.value
        for child in ast.walk(node)
        if isinstance(child, ast.Constant) and isinstance(child.value, str) and child.value.endswith(MEDIA)
    ]


def test_only_the_seal_names_media() -> None:
    assert [line for source in sources("himmel") for line in unsealed(source)] == []


def test_other_renames_have_no_media_in_hand() -> None:
    for source in sources("himmel"):
        if source.path in RENAMES and source.path != SEAL:
            for node in functions_that_rename(source):
                assert media_names(node) == [], f"{source.path}:{node.lineno}"


def test_the_lists_have_no_dead_entry() -> None:
    present = {source.path: source for source in sources("himmel")}
    assert [path for path in RENAMES if path not in present or not list(renames(present[path]))] == []
    assert [path for path in WRITES if path not in present or not list(writes(present[path]))] == []


def test_media_refuses_a_final_name(tmp_path: Path) -> None:
    frames = np.zeros((2, 16, 16, 3), np.uint8)
    with pytest.raises(HimmelError, match="part"):
        write_video(tmp_path / "clip.mp4", [frames], 12)
    with pytest.raises(HimmelError, match="part"):
        write_image(tmp_path / "clip.png", frames[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.replace(part, final)",
        "from os import rename as r\nr(part, final)",
        "import shutil\nshutil.move(part, final)",
        "import shutil\nshutil.copyfile(part, final)",
        "part.rename(final)",
        "part.replace(final)",
        "final.hardlink_to(part)",
        "final.write_bytes(content)",
        "open(final, 'wb')",
        "final.open('xb')",
        "import os\nos.fdopen(handle, 'wb')",
        "import av\nav.open(final, 'w')",
        "import av\nav.open(final, mode='w', format='mp4')",
        "write_video(final, frames, 12)",
        "media.write_image(Path('x.png'), pixels)",
        "write_png(final, pixels)",
    ],
)
def test_unsealed_output_is_found(text: str) -> None:
    assert list(unsealed(parse(text, "himmel/generate.py")))


@pytest.mark.parametrize(
    "text",
    [
        "text.replace('a', 'b')",
        "replace(spec, frames=3)",
        "import av\nav.open(source, 'r')",
        "path.open('rb')",
        "open(path, 'w', encoding='utf-8')",
        "write_video(part, frames, 12)",
        "write_video(part_path(final), frames, 12)",
    ],
)
def test_other_lines_pass(text: str) -> None:
    assert not list(unsealed(parse(text, "himmel/generate.py")))


def test_media_in_hand_is_found() -> None:
    bad = parse("import os\ndef f(p):\n    os.replace(p, 'x.mp4')", "himmel/data/shards.py")
    assert [media_names(node) for node in functions_that_rename(bad)] == [["x.mp4"]]
