import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from himmel.codec import CodecConfig
from himmel.errors import Cancelled, TrainingError, UsageError
from himmel.train import CodecData, CodecRecipe, OptimiserRecipe, Progress, RunRecipe, train_codec
from himmel.train.checkpoint import latest_checkpoint, save_checkpoint


def write_moving_squares(folder: Path, clips: int, frames: int = 9, size: int = 32) -> None:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(clips):
        clip = np.empty((frames, size, size, 3), np.uint8)
        clip[...] = rng.integers(0, 255, 3)
        colour, (y, x), speed = rng.integers(0, 255, 3), rng.integers(4, size - 20, 2), rng.integers(-1, 2, 2)
        for t in range(frames):
            top, left = np.clip(np.array((y, x)) + t * speed, 0, size - 12)
            clip[t, top : top + 12, left : left + 12] = colour
        made.append(clip)
    folder.mkdir()
    np.save(folder / "squares.npy", np.stack(made))


def recipe(pixels: Path, *, steps: int = 6) -> CodecRecipe:
    return CodecRecipe(
        model=CodecConfig(channels=(8, 16, 32), latent_channels=8),
        data=CodecData(pixels=str(pixels), batch=2, frames=5, crop=32, held_out=1),
        optimiser=OptimiserRecipe(warm_up=2, lr=4e-3),
        run=RunRecipe(steps=steps, precision="fp32", log_every=2, evaluate_every=4, tensorboard=False),
    )


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    write_moving_squares(tmp_path / "pixels", 6)
    return tmp_path / "pixels"


def newest(out: Path) -> bytes:
    return sorted((out / "checkpoints").glob("*.safetensors"))[-1].read_bytes()


@pytest.mark.parametrize("muon", [(), ("encoder.", "decoder.")])
def test_an_interrupted_run_equals_a_whole_one(pixels: Path, tmp_path: Path, muon: tuple[str, ...]) -> None:
    plan = recipe(pixels)
    plan = replace(plan, optimiser=replace(plan.optimiser, muon=muon))
    whole = train_codec(plan, tmp_path / "whole")
    stops = iter([False, True] * 9)
    for _ in range(2):
        with pytest.raises(Cancelled, match="run the same command again"):
            train_codec(plan, tmp_path / "cut", should_stop=lambda: next(stops))
    resumed = train_codec(plan, tmp_path / "cut")
    assert newest(tmp_path / "whole") == newest(tmp_path / "cut")
    for name, value in whole.codec.state_dict().items():
        assert torch.equal(value, resumed.codec.state_dict()[name]), name
    again = train_codec(plan, tmp_path / "cut")
    assert whole.samples == resumed.samples == again.samples == 12
    assert again.figures == resumed.figures and newest(tmp_path / "whole") == newest(tmp_path / "cut")
    steps = [json.loads(line)["step"] for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 4, 6, 6]
    assert len(list((tmp_path / "cut" / "checkpoints").iterdir())) == 2


def test_it_learns_two_clips_by_heart(tmp_path: Path) -> None:
    write_moving_squares(tmp_path / "pixels", 3)
    plan = replace(
        recipe(tmp_path / "pixels", steps=100),
        model=CodecConfig(channels=(16, 32, 64), latent_channels=16),
    )
    plan = replace(plan, run=replace(plan.run, evaluate_every=100))
    seen: list[Progress] = []
    trained = train_codec(plan, tmp_path / "out", seen.append)
    assert np.mean([report.scalars["psnr"] for report in seen[-5:]]) > 21
    assert 0 < seen[-1].utilisation < 1 and seen[-1].eta_seconds == 0 and seen[-1].skipped == 0
    latents = trained.codec.encode(torch.zeros(1, 3, 9, 32, 32))
    assert torch.isfinite(latents).all() and trained.codec.std.min() > 0


def test_another_recipe_is_refused(pixels: Path, tmp_path: Path) -> None:
    train_codec(recipe(pixels, steps=1), tmp_path / "out")
    with pytest.raises(TrainingError, match=r"another recipe .noise is \[0.02, 0.1\] there and \[0.0, 0.1\] here"):
        train_codec(replace(recipe(pixels, steps=1), noise=(0.0, 0.1)), tmp_path / "out")
    with pytest.raises(UsageError, match="0 clips held out can judge nothing"):
        replace(recipe(pixels).data, held_out=0)


def named(pixels: Path, source: str, initial: Path | None = None) -> CodecRecipe:
    plan = recipe(pixels, steps=1)
    run = replace(plan.run, initial=str(initial or ""))
    return replace(plan, data=replace(plan.data, source=source), run=run)


def test_a_run_may_move_but_its_clips_stay(pixels: Path, tmp_path: Path) -> None:
    train_codec(named(pixels, "clips"), tmp_path / "out")
    pixels, out = pixels.rename(tmp_path / "moved"), (tmp_path / "out").rename(tmp_path / "run")
    before = newest(out)
    board = replace(named(pixels, "clips"), run=replace(named(pixels, "clips").run, tensorboard=True))
    assert train_codec(board, out).sources == ("clips",)
    assert newest(out) == before
    with pytest.raises(TrainingError, match="data.source is 'clips' there and 'others' here"):
        train_codec(named(pixels, "others"), out)
    with pytest.raises(TrainingError, match="run.initial is '' there"):
        train_codec(named(pixels, "clips", tmp_path), out)


def test_weights_know_all_they_learned_from(pixels: Path, tmp_path: Path) -> None:
    train_codec(named(pixels, "one"), tmp_path / "first")
    assert train_codec(named(pixels, "two", tmp_path / "first"), tmp_path / "second").sources == ("one", "two")
    (tmp_path / "first").rename(tmp_path / "away")
    moved = named(pixels, "two", tmp_path / "away")
    assert train_codec(moved, tmp_path / "second").sources == ("one", "two")
    assert train_codec(named(pixels, "two", tmp_path / "second"), tmp_path / "third").sources == ("one", "two")


def test_a_checkpoint_from_before_sources_goes_on(pixels: Path, tmp_path: Path) -> None:
    train_codec(named(pixels, ""), tmp_path / "out")
    found = latest_checkpoint(tmp_path / "out" / "checkpoints")
    assert found is not None
    about = {key: value for key, value in found.about.items() if key != "sources"}
    about["data"] = {key: value for key, value in about["data"].items() if key != "source"}
    save_checkpoint(tmp_path / "out" / "checkpoints", replace(found, about=about), keep=2)
    assert train_codec(named(pixels, "clips"), tmp_path / "out").sources == ("clips",)
    assert train_codec(named(pixels, "more", tmp_path / "out"), tmp_path / "next").sources == ("", "more")


def test_a_damaged_checkpoint_is_named(pixels: Path, tmp_path: Path) -> None:
    train_codec(recipe(pixels, steps=1), tmp_path / "out")
    path = next((tmp_path / "out" / "checkpoints").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TrainingError, match="step-000000001.*remove it"):
        train_codec(recipe(pixels, steps=1), tmp_path / "out")
