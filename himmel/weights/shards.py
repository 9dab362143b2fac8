"""Tensors to shards and back: bfloat16 or int8 rows on disk, float32 in memory, hashes checked between.

torch is imported inside the functions: this module is reached by `himmel.weights`, which the command line
reads before it knows whether it will need torch at all.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from himmel.errors import WeightsError
from himmel.weights.index import (
    INDEX_FORMAT,
    INDEX_NAME,
    Card,
    Index,
    PartIndex,
    ShardFile,
    check_size,
    read_index,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SHARD_BYTES", "Part", "Weights", "load_weights", "save_weights", "verify_weights"]

SHARD_BYTES = 15 * 2**20
SCALE_SUFFIX = "::row_scale"
STORAGES = ("float32", "bfloat16", "int8")
ARCHIVES_AND_PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
ROWS_FROM = 4096  # smaller matrices stay bfloat16: their scales and errors cost more than they save


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part in memory: config and tensors (float32 after loading, whatever the storage).

    storage, used when saving: "float32", "bfloat16", or "int8" (one scale per row, first dimension = rows).
    """

    config: Mapping[str, Any]
    tensors: "Mapping[str, Tensor]"
    storage: str = "bfloat16"

    def __post_init__(self) -> None:
        if self.storage not in STORAGES:
            raise WeightsError(f'storage "{self.storage}" is not one of {", ".join(STORAGES)}')


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Loaded weights: the verified index and the tensors of each part."""

    index: Index
    parts: Mapping[str, Part]

    @property
    def card(self) -> Card:
        """What the weights are and know."""
        return self.index.card

    @property
    def digest(self) -> str:
        """The digest a plan and a manifest name."""
        return self.index.digest


def save_weights(
    folder: Path, parts: Mapping[str, Part], card: Card, *, overwrite: bool = False, shard_bytes: int = SHARD_BYTES
) -> Index:
    """Write `parts` and `card` into `folder`, whole or not at all; returns the index.

    Raises WeightsError when the folder exists (unless `overwrite`) or a tensor does not fit a shard.
    """
    folder = Path(folder)
    _settle(folder)
    if folder.exists() and not overwrite:
        raise WeightsError(f"{folder} exists already; choose another folder or allow overwriting")
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        entries = {name: _save_part(draft, name, part, shard_bytes) for name, part in parts.items()}
        written = {
            "format": INDEX_FORMAT,
            "card": card.to_dict(),
            "parts": {n: asdict(e) for n, e in entries.items()},
        }
        _write(draft / INDEX_NAME, (json.dumps(written, indent=1, sort_keys=True) + "\n").encode())
        _swap(draft, folder)
    except OSError as error:
        raise WeightsError(f"cannot write weights to {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return read_index(folder)


def _swap(draft: Path, folder: Path) -> None:
    """Put `draft` in the place of `folder`; other files of an existing folder (a model card) are kept.

    The old folder only goes when the new one has its place; until then it lies aside and comes back on any error.
    """
    try:
        if folder.exists():
            for kept in folder.iterdir():
                if kept.name != INDEX_NAME and kept.suffix != ".safetensors":
                    copy = shutil.copy2 if kept.is_file() else shutil.copytree
                    copy(kept, draft / kept.name)
            os.replace(folder, _aside(folder))
        os.replace(draft, folder)
        _sync(folder.parent)
    finally:
        _settle(folder)


def _aside(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def _settle(folder: Path) -> None:
    """Remove the folder that lies aside, or put it back when its place is empty, as after a power cut."""
    if folder.exists():
        shutil.rmtree(_aside(folder), ignore_errors=True)
    elif _aside(folder).exists():
        os.replace(_aside(folder), folder)


def _write(path: Path, content: bytes) -> None:
    """Write a file whose bytes are on the disk before anything refers to it."""
    with path.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _save_part(folder: Path, name: str, part: Part, shard_bytes: int) -> PartIndex:
    from safetensors.torch import save

    config = json.loads(json.dumps(dict(part.config)))
    stored = _stored(part)
    groups = list(_grouped(stored, shard_bytes))
    files = []
    for number, group in enumerate(groups, start=1):
        about = {"part": name, "config": config, "shard": number, "shards": len(groups), "storage": part.storage}
        data = save({key: stored[key] for key in group}, metadata={"himmel": json.dumps(about, sort_keys=True)})
        file = folder / f"{name}-{number:02d}.safetensors"
        _write(file, data)
        files.append(ShardFile(name=file.name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest()))
    return PartIndex(config=config, storage=part.storage, files=tuple(files))


def _stored(part: Part) -> "dict[str, Tensor]":
    """The tensors as they go to disk: vectors stay float32 (they are small and carry scales and means)."""
    import torch

    stored: dict[str, Tensor] = {}
    for name, value in sorted(part.tensors.items()):
        value = value.detach().cpu().contiguous()
        if not torch.isfinite(value).all():
            raise WeightsError(f"tensor {name} holds values that are not finite; it is not worth saving")
        if not value.is_floating_point() or value.ndim < 2 or part.storage == "float32":
            stored[name] = value.float() if value.is_floating_point() else value
        elif part.storage == "int8" and value.numel() >= ROWS_FROM:
            stored[name], stored[name + SCALE_SUFFIX] = _to_rows(value)
        else:
            stored[name] = value.to(torch.bfloat16)
    return stored


def _to_rows(value: "Tensor") -> "tuple[Tensor, Tensor]":
    """int8 values of `value`'s shape and float32 scales [rows]; symmetric, the largest value is 127."""
    import torch

    rows = value.float().flatten(1)
    scale = (rows.abs().amax(dim=1) / 127).clamp_min(torch.finfo(torch.float32).tiny)
    quantised = (rows / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
    return quantised.view(value.shape), scale


def _from_rows(value: "Tensor", scale: "Tensor") -> "Tensor":
    return (value.flatten(1).float() * scale[:, None]).view(value.shape)


def _grouped(tensors: "Mapping[str, Tensor]", shard_bytes: int) -> Iterable[list[str]]:
    """Names in order, cut so that each group and its header fit a shard."""
    group: list[str] = []
    filled = room = 64 * 1024  # the header: names, shapes and the config
    for name, value in tensors.items():
        size = value.numel() * value.element_size() + 256
        if size + room > shard_bytes:
            raise WeightsError(f"tensor {name} takes {size} bytes, a shard holds {shard_bytes}; store it as int8")
        if group and filled + size > shard_bytes:
            yield group
            group, filled = [], room
        group.append(name)
        filled += size
    yield group


def _read_shard(folder: Path, file: ShardFile) -> bytes:
    """The bytes of a shard whose size and hash match; a pickle or archive is refused by its first bytes."""
    check_size(folder, file)
    data = (folder / file.name).read_bytes()
    # A .safetensors file begins with the 8 bytes of its header's length, which may look like anything.
    if data[8:9] != b"{" and data.startswith(ARCHIVES_AND_PICKLES):
        raise WeightsError(
            f"shard {folder / file.name} is a pickle or archive, which can run code; it was not opened"
        )
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise WeightsError(
            f"shard {folder / file.name} was altered (its SHA-256 differs); install the weights again"
        )
    return data


def verify_weights(name_or_path: str | Path) -> Index:
    """Read every shard and check its hash without building a model; returns the index."""
    index = read_index(name_or_path)
    for part in index.parts.values():
        for file in part.files:
            _read_shard(index.folder, file)
    return index


def load_weights(name_or_path: str | Path) -> Weights:
    """Verified weights with float32 tensors; raises WeightsError, naming the file, when anything is off."""
    index = read_index(name_or_path)
    parts = {
        name: Part(config=part.config, tensors=_load_part(index.folder, part), storage=part.storage)
        for name, part in index.parts.items()
    }
    return Weights(index=index, parts=parts)


def _load_part(folder: Path, part: PartIndex) -> "dict[str, Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load

    stored: dict[str, Tensor] = {}
    for file in part.files:
        try:
            stored.update(load(_read_shard(folder, file)))
        except SafetensorError as error:
            raise WeightsError(
                f"shard {folder / file.name} is not a .safetensors file; it was not opened"
            ) from error
    tensors = {}
    for name, value in stored.items():
        if name.endswith(SCALE_SUFFIX):
            continue
        scale = stored.get(name + SCALE_SUFFIX)
        value = value if scale is None else _from_rows(value, scale)
        tensors[name] = value.float() if value.is_floating_point() else value
    return tensors
