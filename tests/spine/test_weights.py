import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from himmel.errors import WeightsError
from himmel.weights import (
    INDEX_NAME,
    Card,
    Index,
    Part,
    find_weights,
    load_weights,
    read_index,
    save_weights,
    verify_weights,
)

CARD = Card(name="tiny", knows={"colour": ("red", "blue")}, ledger="ab" * 32)


def some_tensors() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return {
        "matrix": torch.randn(96, 64, generator=draw),
        "kernel": torch.randn(64, 16, 3, 3, generator=draw) * torch.logspace(-3, 2, 64)[:, None, None, None],
        "small": torch.randn(4, 4, generator=draw),
        "gain": torch.randn(64, generator=draw),
        "count": torch.tensor([3, 5]),
    }


def saved(folder: Path, storage: str = "bfloat16", **options: Any) -> Index:
    part = Part(config={"width": 64, "depths": [1, 2]}, tensors=some_tensors(), storage=storage)
    return save_weights(folder, {"codec": part}, CARD, **options)


@pytest.mark.parametrize(("storage", "error"), [("float32", 0.0), ("bfloat16", 2**-8), ("int8", 0.5 / 127 * 1.01)])
def test_tensors_return_within_the_error_of_their_storage(tmp_path: Path, storage: str, error: float) -> None:
    index = saved(tmp_path / "w", storage)
    weights = load_weights(tmp_path / "w")
    assert weights.digest == index.digest and weights.card == CARD
    tensors = weights.parts["codec"].tensors
    assert tensors.keys() == some_tensors().keys()
    for name, value in some_tensors().items():
        back = tensors[name]
        assert back.dtype == (torch.float32 if value.is_floating_point() else torch.int64)
        largest = value.flatten(1).abs().amax(1) if value.ndim > 1 else value.abs()
        off = (back - value).flatten(1).abs().amax(1) if value.ndim > 1 else (back - value).abs()
        exact = value.ndim < 2
        bound = 0.0 if exact else (max(error, 2**-8) if value.numel() < 4096 and storage == "int8" else error)
        assert bool((off <= largest * bound).all()), name


def test_int8_takes_about_half_of_bfloat16(tmp_path: Path) -> None:
    half = saved(tmp_path / "a", "int8").total_bytes / saved(tmp_path / "b", "bfloat16").total_bytes
    assert half < 0.62


def test_shards_stay_below_the_limit_and_describe_themselves(tmp_path: Path) -> None:
    index = saved(tmp_path / "w", "float32", shard_bytes=110_000)
    files = index.parts["codec"].files
    assert len(files) > 1 and all(file.bytes <= 110_000 for file in files)
    from safetensors import safe_open

    with safe_open(tmp_path / "w" / files[0].name, framework="pt") as shard:
        about = json.loads(shard.metadata()["himmel"])
    assert about["part"] == "codec" and about["config"]["width"] == 64 and about["shards"] == len(files)
    assert load_weights(tmp_path / "w").parts["codec"].tensors.keys() == some_tensors().keys()


def test_a_tensor_larger_than_a_shard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="a shard holds 80000"):
        saved(tmp_path / "w", "float32", shard_bytes=80_000)
    assert not list(tmp_path.iterdir())


def test_the_digest_follows_values_and_configs_not_the_card(tmp_path: Path) -> None:
    first = saved(tmp_path / "a").digest
    assert saved(tmp_path / "b").digest == first
    other = Part(config={"width": 65}, tensors=some_tensors())
    assert save_weights(tmp_path / "c", {"codec": other}, CARD).digest != first
    changed = some_tensors() | {"gain": torch.zeros(64)}
    part = Part(config={"width": 64, "depths": [1, 2]}, tensors=changed)
    assert save_weights(tmp_path / "d", {"codec": part}, CARD).digest != first


def test_an_existing_folder_is_kept_unless_told(tmp_path: Path) -> None:
    saved(tmp_path / "w")
    (tmp_path / "w" / "MODEL_CARD.md").write_text("about")
    with pytest.raises(WeightsError, match="exists already"):
        saved(tmp_path / "w")
    save_weights(tmp_path / "w", {"text": Part(config={}, tensors=some_tensors())}, CARD, overwrite=True)
    names = {path.name for path in (tmp_path / "w").iterdir()}
    assert names == {INDEX_NAME, "MODEL_CARD.md", "text-01.safetensors"}
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_values_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not finite"):
        save_weights(tmp_path / "w", {"codec": Part(config={}, tensors={"a": torch.tensor([float("nan")])})}, CARD)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def remove(path: Path) -> None:
    path.unlink()


def pickled(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02e.".ljust(size, b"\0"))


def zipped(path: Path) -> None:
    size = path.stat().st_size
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", b"0" * (size - 300))
    path.write_bytes(path.read_bytes().ljust(size, b"\0")[:size])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "was altered"),
        (cut, "bytes instead of"),
        (remove, "is missing"),
        (pickled, "pickle or archive"),
        (zipped, "pickle or archive"),
    ],
)
def test_a_damaged_shard_is_refused_by_name(tmp_path: Path, damage: object, words: str) -> None:
    saved(tmp_path / "w")
    damage(tmp_path / "w" / "codec-01.safetensors")  # type: ignore[operator]
    for read in (load_weights, verify_weights):
        with pytest.raises(WeightsError, match=words) as caught:
            read(tmp_path / "w")
        assert "codec-01.safetensors" in str(caught.value) and "\n" not in str(caught.value)


def test_a_header_as_long_as_a_pickle_s_first_bytes_is_no_pickle(tmp_path: Path) -> None:
    """The first two bytes of a header of 640 bytes are those of a pickle of protocol 2."""
    for letters in range(600):
        part = Part(config={"name": "x" * letters}, tensors={"a": torch.ones(2, 2)})
        save_weights(tmp_path / "w", {"codec": part}, CARD, overwrite=True)
        if (tmp_path / "w" / "codec-01.safetensors").read_bytes()[:2] == b"\x80\x02":
            assert load_weights(tmp_path / "w").parts["codec"].config["name"] == "x" * letters
            return
    raise AssertionError("no header had that length")


def edited(folder: Path, **changes: object) -> None:
    values = json.loads((folder / INDEX_NAME).read_text())
    for path, value in changes.items():
        target = values
        *steps, last = path.split("__")
        for step in steps:
            target = target[int(step) if step.isdigit() else step]
        target[last] = value
    (folder / INDEX_NAME).write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "himmel.weights/7"}, "himmel.weights/1"),
        ({"extra": 1}, "extra"),
        ({"card__colour": 1}, 'unknown key "colour"'),
        ({"card": {}}, "incomplete"),
        ({"parts__codec__hidden": 1}, 'unknown key "hidden"'),
        ({"parts__codec__files": [{"name": "codec-01.safetensors"}]}, "incomplete"),
        ({"parts__codec__files": [{"name": "../x.safetensors", "bytes": 1, "sha256": ""}]}, "plain"),
        ({"parts": 3}, "parts"),
    ],
)
def test_a_damaged_index_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    saved(tmp_path / "w")
    edited(tmp_path / "w", **changes)
    with pytest.raises(WeightsError, match=words):
        read_index(tmp_path / "w")


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(WeightsError, match="no weights at"):
        find_weights("/nowhere/at/all")


def test_an_index_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / INDEX_NAME).write_text("{")
    with pytest.raises(WeightsError, match="cannot be read as JSON"):
        read_index(tmp_path)


def test_reading_the_index_needs_no_torch(tmp_path: Path) -> None:
    saved(tmp_path / "w")
    code = (
        f"import sys, himmel.weights as w; w.read_index({str(tmp_path / 'w')!r}); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
