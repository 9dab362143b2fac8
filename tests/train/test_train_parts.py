"""The small parts of training: averages, optimisers, checkpoints, metrics, pixels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from himmel.errors import TrainingError, UsageError
from himmel.train import OptimiserRecipe, PixelCache, Progress, RunRecipe
from himmel.train.checkpoint import Checkpoint, latest_checkpoint, save_checkpoint
from himmel.train.ema import PowerAverage, exponent
from himmel.train.metrics import Metrics, gemm_peak
from himmel.train.optimiser import build_optimisers, orthogonalise, rate

PROGRESS = Progress(
    step=4,
    steps=9,
    scalars={"loss": 0.5},
    seconds_per_step=2.0,
    eta_seconds=10.0,
    flops_per_second=3e9,
    peak_flops_per_second=6e9,
    skipped=0,
)


@pytest.mark.parametrize(("width", "gamma"), [(0.05, 16.97), (0.10, 6.94), (0.15, 3.56), (0.20, 1.83)])
def test_exponents_are_those_of_the_paper(width: float, gamma: float) -> None:
    assert exponent(width) == pytest.approx(gamma, abs=0.01)


def test_an_average_is_the_power_weighted_mean() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = PowerAverage(model, 0.15)
    for step in range(1, 201):
        nn.init.constant_(model.weight, float(step))
        average.update(model, step)
    power = exponent(0.15)
    # The mean of t over [0, T] with weight t^gamma is T (gamma + 1) / (gamma + 2).
    assert float(average.values["weight"]) == pytest.approx(200 * (power + 1) / (power + 2), rel=0.01)
    with average.applied(model):
        assert torch.equal(model.weight, average.values["weight"])
    assert model.weight.item() == 200


@given(st.integers(2, 24), st.integers(2, 24), st.integers(0, 9))
def test_orthogonalised_matrices_are_nearly_orthogonal(rows: int, columns: int, seed: int) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    values = torch.linalg.svdvals(orthogonalise(matrix, steps=8).float())
    assert values.max() < 1.35 and values[: min(rows, columns) // 2].min() > 0.5


def test_muon_takes_the_matrices_it_is_given() -> None:
    model = nn.ModuleDict({"body": nn.Linear(4, 4), "head": nn.Linear(4, 2)})
    adam, muon = build_optimisers(model, OptimiserRecipe(muon=("body.",)))
    assert [p.shape for p in muon.param_groups[0]["params"]] == [(4, 4)]
    assert [p.shape for p in adam.param_groups[0]["params"]] == [(4,), (2, 4), (2,)]
    assert len(build_optimisers(model, OptimiserRecipe())) == 1


def test_the_rate_rises_holds_and_falls() -> None:
    recipe = OptimiserRecipe(warm_up=10, decay=0.5)
    shares = [rate(step, 100, recipe) for step in range(100)]
    assert shares[0] == pytest.approx(0.1) and shares[9:51] == [1.0] * 42
    assert shares[-1] == pytest.approx(0.02)
    assert all(a >= b for a, b in zip(shares[9:], shares[10:], strict=False))


def test_checkpoints_come_back_and_only_the_newest_stay(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path) is None
    for step in (1, 2, 10):
        tensors = {"model.w": torch.full((2,), float(step)), "optimiser.0.0.step": torch.tensor(float(step))}
        save_checkpoint(tmp_path, Checkpoint(step=step, tensors=tensors, about={"name": "x"}), keep=2)
    (tmp_path / "step-000000099.safetensors.part").write_bytes(b"cut off while writing")
    found = latest_checkpoint(tmp_path)
    assert found is not None and found.step == 10 and found.about == {"name": "x"}
    assert torch.equal(found.section("model")["w"], torch.full((2,), 10.0))
    assert [path.name for path in sorted(tmp_path.glob("*.safetensors"))] == [
        "step-000000002.safetensors",
        "step-000000010.safetensors",
    ]


def test_metrics_forget_what_an_interruption_undid(tmp_path: Path) -> None:
    with Metrics(tmp_path, 0, tensorboard=True) as metrics:
        metrics.write_scalars(2, {"loss": 1.0})
        metrics.write(PROGRESS)
    with Metrics(tmp_path, 3, tensorboard=False) as metrics:
        metrics.write(PROGRESS)
    lines = [json.loads(line) for line in metrics.path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert lines[1]["utilisation"] == 0.5 and lines[1]["loss"] == 0.5
    assert list((tmp_path / "tensorboard").iterdir())
    assert gemm_peak("cpu", "fp32", repeats=1) > 0


def test_metrics_are_json_and_only_rewritten_for_a_reason(tmp_path: Path) -> None:
    with Metrics(tmp_path, 0, tensorboard=False) as metrics:
        metrics.write_scalars(1, {"loss": float("nan"), "gradient_norm": float("inf"), "psnr": 20.0})
    assert metrics.path.read_text() == '{"step": 1, "loss": null, "gradient_norm": null, "psnr": 20.0}\n'
    written = metrics.path.stat().st_ino
    Metrics(tmp_path, 1, tensorboard=False)
    assert metrics.path.stat().st_ino == written
    with metrics.path.open("a") as file:
        file.write('{"step": 2, "lo')
    Metrics(tmp_path, 1, tensorboard=False)
    assert metrics.path.stat().st_ino != written and len(metrics.path.read_text().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_checkpoint_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "step-000000001.safetensors.part").mkdir()
    with pytest.raises(TrainingError, match="step-000000001.safetensors cannot be written .*; free some space"):
        save_checkpoint(tmp_path, Checkpoint(step=1, tensors={"w": torch.zeros(1)}, about={}), keep=1)


def test_crops_are_drawn_from_all_files_but_the_held_out_clips(tmp_path: Path) -> None:
    numbered = [np.full((4, 3, 8, width, 3), index, np.uint8) for index, width in enumerate((8, 16))]
    for index, clips in enumerate(numbered):
        np.save(tmp_path / f"{index}.npy", clips + 2 * np.arange(4, dtype=np.uint8)[:, None, None, None, None])
    (tmp_path / "2.npy.part").write_bytes(b"being filled")
    cache = PixelCache(tmp_path, held_out=3)
    assert len(cache) == 8 and cache.clip(3).shape == (3, 8, 8, 3) and cache.clip(4).shape == (3, 8, 16, 3)
    drawn = cache.draw(np.random.default_rng(0), batch=60, frames=2, crop=8)
    assert drawn.shape == (60, 2, 8, 8, 3) and set(np.unique(drawn)) == {6, 1, 3, 5, 7}
    with pytest.raises(TrainingError, match="choose a smaller crop"):
        cache.draw(np.random.default_rng(0), batch=1, frames=4, crop=8)
    with pytest.raises(TrainingError, match="render more clips"):
        PixelCache(tmp_path, held_out=8)
    with pytest.raises(IndexError):
        cache.clip(8)


def test_foreign_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "wrong.npy", np.zeros((2, 3), np.float32))
    with pytest.raises(TrainingError, match="not uint8"):
        PixelCache(tmp_path)


def test_recipes_refuse_nonsense() -> None:
    with pytest.raises(UsageError, match="bf16 or fp32"):
        RunRecipe(steps=1, precision="fp64")
    with pytest.raises(UsageError, match="at least 1"):
        RunRecipe(steps=0)
    with pytest.raises(UsageError, match="between 0 and 1"):
        OptimiserRecipe(decay=2)


def test_an_average_of_every_fourth_step_weighs_as_one_of_every_step() -> None:
    values = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))

    def averaged(since: int) -> torch.Tensor:
        model = nn.Linear(4, 1)
        average = PowerAverage(model, 0.15)
        for place, value in enumerate(values, start=1):
            with torch.no_grad():
                model.weight.copy_(value[:4])
                model.bias.copy_(value[4:])
            average.update(model, place * since, since)
        return torch.cat([tensor.flatten() for tensor in average.values.values()])

    assert torch.allclose(averaged(4), averaged(1))
