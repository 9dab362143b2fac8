"""The loop around a task that is not one of the project's own."""

import shutil
from collections.abc import Hashable, Sequence
from pathlib import Path
from time import sleep

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from himmel.train import OptimiserRecipe, Progress, RunRecipe
from himmel.train.loop import Loop


class Doubling:
    """Learns to double numbers, in batches of two lengths."""

    def __init__(self, *, compiled: bool) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
        self._predict = torch.compile(self.model, dynamic=False) if compiled else self.model

    def draw(self, rng: np.random.Generator, progress: float) -> Sequence[Tensor]:
        return [torch.from_numpy(rng.random((size, 1), np.float32)) for size in (4, 6, 4, 6)]

    def kind(self, part: Tensor) -> Hashable:
        return len(part)

    def loss(self, part: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return (self._predict(part) - 2 * part).square().mean(), {}

    def evaluate(self) -> dict[str, float]:
        return {"of_one": float(self._predict(torch.ones(1, 1)))}


@pytest.mark.skipif(not shutil.which("g++"), reason="torch compiles for CPUs with g++")
@pytest.mark.filterwarnings("ignore")  # what torch says of its own parts
def test_parts_that_are_compiled_side_by_side_make_the_same_steps(tmp_path: Path) -> None:
    ends = []
    for compiled in (False, True):
        task = Doubling(compiled=compiled)
        run = RunRecipe(
            steps=3,
            precision="fp32",
            compile=compiled,
            side_by_side=1 + compiled,
            evaluate_every=1,
            tensorboard=False,
        )
        loop = Loop(task, run, OptimiserRecipe(warm_up=1), tmp_path / str(compiled), {})
        loop.run()
        ends.append(loop.evaluate()["of_one"])
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


def test_the_time_to_go_counts_what_lies_between_steps(tmp_path: Path) -> None:
    class Slow(Doubling):
        def evaluate(self) -> dict[str, float]:
            sleep(0.2)
            return {}

    run = RunRecipe(steps=4, precision="fp32", log_every=1, evaluate_every=1, tensorboard=False)
    seen: list[Progress] = []
    Loop(Slow(compiled=False), run, OptimiserRecipe(warm_up=1), tmp_path, {}).run(seen.append)
    assert seen[2].eta_seconds >= 2 / 3 * 0.2  # two judgements in three steps, one step to go
    assert seen[-1].eta_seconds == 0
