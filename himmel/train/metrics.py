"""What a run says about itself: progress values, a metrics.jsonl, TensorBoard scalars, the machine's peak."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any

import torch

from himmel.errors import MissingExtra

__all__ = ["Metrics", "Progress", "gemm_peak"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands; rates are averages since the last report.

    flops_per_second counts forward and backward matrix products and convolutions of the model;
    peak_flops_per_second is the fastest large matrix product this machine did when the run began, in the
    run's precision and thread count, so `utilisation` is a share of what was measured, not of a data sheet.
    """

    step: int
    steps: int
    scalars: Mapping[str, float]
    seconds_per_step: float
    eta_seconds: float
    flops_per_second: float
    peak_flops_per_second: float
    skipped: int

    @property
    def utilisation(self) -> float:
        """Model operations per second over the measured peak."""
        return self.flops_per_second / self.peak_flops_per_second


def gemm_peak(device: str, precision: str, *, repeats: int = 5) -> float:
    """Operations per second of the best of `repeats` square matrix products: 1024 wide on a CPU, else 8192."""
    size = 1024 if device == "cpu" else 8192
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a = torch.ones(size, size, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(repeats):
        started = perf_counter()
        float((a @ a)[0, 0])  # reading a value waits for the device
        best = min(best, perf_counter() - started)
    return float(2 * size**3 / best)


class Metrics:
    """Appends to `metrics.jsonl` in a folder, and to TensorBoard when asked.

    Lines of steps after `step` are dropped first: they belong to work that an interruption undid. A value that
    is not finite, as after a step that was skipped, is null. Raises MissingExtra when TensorBoard is asked for
    and not installed.
    """

    def __init__(self, folder: Path, step: int, *, tensorboard: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "metrics.jsonl"
        text = self.path.read_text() if self.path.exists() else ""
        lines = [line for line in text.splitlines() if line.endswith("}") and json.loads(line)["step"] <= step]
        kept = "".join(line + "\n" for line in lines)
        if kept != text:
            part = self.path.with_name(self.path.name + ".part")
            part.write_text(kept)
            os.replace(part, self.path)
        self._board = _board(folder, step) if tensorboard else None

    def __enter__(self) -> "Metrics":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()

    def write(self, progress: Progress) -> None:
        """Add one report."""
        values = {**asdict(progress), "utilisation": progress.utilisation}
        scalars = values.pop("scalars")
        self.write_scalars(progress.step, {**scalars, **values})

    def write_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Add one line of values."""
        finite = {name: value if isfinite(value) else None for name, value in values.items()}
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **finite}, allow_nan=False) + "\n")
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtra("train", "writing TensorBoard scalars") from error
    return SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
