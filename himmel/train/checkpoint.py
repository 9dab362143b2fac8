"""Checkpoints: one .safetensors file per step, there completely or not at all."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from himmel.errors import TrainingError

__all__ = ["Checkpoint", "latest_checkpoint", "save_checkpoint", "sync"]

_NAME = re.compile(r"step-(\d{9})\.safetensors")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A run after `step` steps on `samples` clips: tensors named "model.*", "average.*", "optimiser.*", and
    plain values."""

    step: int
    samples: int = 0
    tensors: Mapping[str, Tensor]
    about: Mapping[str, Any]

    def section(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names start with `name` and a dot, without that start."""
        start = name + "."
        return {key.removeprefix(start): value for key, value in self.tensors.items() if key.startswith(start)}


def save_checkpoint(folder: Path, checkpoint: Checkpoint, *, keep: int) -> Path:
    """Write a checkpoint and remove all but the newest `keep`.

    The bytes reach the disk before the file gets its name and the name before older files go, so a power
    cut at any moment leaves at least one whole checkpoint. Raises TrainingError when it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{checkpoint.step:09d}.safetensors"
    part = path.with_name(path.name + ".part")
    tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    counts = {"step": checkpoint.step, "samples": checkpoint.samples}
    about = json.dumps({**counts, "about": dict(checkpoint.about)}, sort_keys=True)
    try:
        save_file(tensors, part, metadata={"himmel": about})  # one key: equal runs write equal bytes
    except SafetensorError as error:
        raise TrainingError(f"checkpoint {path} cannot be written ({error}); free some space and go on") from error
    sync(part)
    os.replace(part, path)
    sync(folder)
    for old in _all(folder)[:-keep]:
        old.unlink()
    return path


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of a folder, or None; raises TrainingError when it cannot be read."""
    paths = _all(folder)
    if not paths:
        return None
    try:
        with safe_open(paths[-1], framework="pt") as file:
            about = json.loads(file.metadata()["himmel"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        counts = {"step": about["step"], "samples": about.get("samples", 0)}
        return Checkpoint(**counts, tensors=tensors, about=about["about"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise TrainingError(
            f"checkpoint {paths[-1]} cannot be read ({error}); remove it to go on from the one before"
        ) from error


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*.safetensors") if _NAME.fullmatch(path.name))


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
