from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from himmel.codec import Codec, CodecConfig
from himmel.errors import Cancelled, TrainingError, UsageError
from himmel.finish import FinisherConfig
from himmel.train import (
    Cutting,
    FinisherData,
    FinisherRecipe,
    OptimiserRecipe,
    PairStore,
    RunRecipe,
    fill_pairs,
    train_finisher,
)
from himmel.train.finisher import FinisherTask, plainly_finished

CUTTING = Cutting(scale=2, frames=3, stretches=2)


class Pans:
    """Smooth clips with edges that move by two pixels a frame: uint8 [18, 32, 64, 3]."""

    def __init__(self, count: int = 3) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def frames(self, index: int, /) -> np.ndarray:
        rng = np.random.default_rng(index)
        wide = rng.integers(0, 255, (5, 15, 3)).repeat(8, axis=0).repeat(8, axis=1)[3:35].astype(np.uint8)
        return np.stack([wide[:, 2 * t : 2 * t + 64] for t in range(18)])

    def record(self, index: int, /) -> dict[str, object]:
        return {}


def tiny_codec(seed: int = 0) -> Codec:
    torch.manual_seed(seed)
    return Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4, encoder_blocks=(0, 0, 0))).requires_grad_(
        False
    )


def recipe(pairs: Path, *, steps: int = 6, side_by_side: int = 1) -> FinisherRecipe:
    return FinisherRecipe(
        model=FinisherConfig(scale=2, width=8, blocks=1, memory=4, between_width=8, between_blocks=1, reach=1),
        data=FinisherData(pairs=str(pairs), batch=1, frames=2, crop=12, held_out=2),
        optimiser=OptimiserRecipe(warm_up=2, lr=4e-3, muon=("enlarge.blocks.",)),
        run=RunRecipe(
            steps=steps,
            precision="fp32",
            log_every=2,
            evaluate_every=4,
            tensorboard=False,
            side_by_side=side_by_side,
        ),
    )


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    fill_pairs(Pans(), tiny_codec(), tmp_path / "pairs", CUTTING, source="pans")
    return tmp_path / "pairs"


def newest(out: Path) -> bytes:
    return sorted((out / "checkpoints").glob("*.safetensors"))[-1].read_bytes()


def test_a_pair_is_one_stretch_seen_twice(pairs: Path) -> None:
    store = PairStore(pairs)
    assert len(store) == 6
    for index in range(6):
        pair = store.pair(index)
        assert pair.high.shape == (1, 5, 32, 64, 3) and pair.low.shape == (1, 3, 16, 32, 3)
        clip = Pans().frames(index // 2)
        starts = [t for t in range(0, 14, 2) if np.array_equal(clip[t : t + 5], pair.high[0])]
        assert len(starts) == 1
    crop = store.draw(np.random.default_rng(0), batch=4, frames=2, crop=8)
    assert crop.high.shape == (4, 3, 16, 16, 3) and crop.low.shape == (4, 2, 8, 8, 3) and len(crop) == 4


def test_crops_of_both_are_of_the_same_place(tmp_path: Path) -> None:
    """With a codec that gives back what it got, the small crop is the mean of the large one."""

    class Glass(Codec):
        def encode(self, video: torch.Tensor) -> torch.Tensor:
            return video

        def decode(self, latents: torch.Tensor) -> torch.Tensor:
            return latents

    codec = Glass(CodecConfig(channels=(8, 8, 8), latent_channels=4, encoder_blocks=(0, 0, 0)))
    fill_pairs(Pans(), codec, tmp_path / "pairs", CUTTING)
    crop = PairStore(tmp_path / "pairs").draw(np.random.default_rng(1), batch=6, frames=3, crop=8)
    means = crop.high[:, ::2].reshape(6, 3, 8, 2, 8, 2, 3).astype(float).mean((3, 5))
    assert np.abs(means - crop.low).max() <= 1.5  # bfloat16 rounds nothing here, bytes do


def test_cutting_goes_on_where_it_stopped(pairs: Path, tmp_path: Path) -> None:
    many = Pans(9)
    with pytest.raises(Cancelled, match="8 of 9 clips"):
        fill_pairs(many, tiny_codec(), tmp_path / "cut", CUTTING, should_stop=lambda: True)
    kept = (tmp_path / "cut" / "low-00000000.npy").stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    fill_pairs(many, tiny_codec(), tmp_path / "cut", CUTTING, on_progress=lambda *counts: told.append(counts))
    assert told == [(8, 9), (9, 9)] and len(PairStore(tmp_path / "cut")) == 18
    assert (tmp_path / "cut" / "low-00000000.npy").stat().st_mtime_ns == kept
    for other in ({"codec": tiny_codec(1)}, {"cutting": replace(CUTTING, stretches=1)}, {"source": "others"}):
        asked = {"codec": tiny_codec(), "cutting": CUTTING, "source": "pans"} | other
        with pytest.raises(TrainingError, match="holds pairs from other"):
            fill_pairs(Pans(), folder=pairs, **asked)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="takes 19; draw longer clips"):
        fill_pairs(Pans(), tiny_codec(), tmp_path / "long", replace(CUTTING, frames=10))


def test_an_interrupted_run_equals_a_whole_one(pairs: Path, tmp_path: Path) -> None:
    plan = recipe(pairs)
    whole = train_finisher(plan, tmp_path / "whole")
    stops = iter([False, True] * 9)
    for _ in range(2):
        with pytest.raises(Cancelled, match="run the same command again"):
            train_finisher(plan, tmp_path / "cut", should_stop=lambda: next(stops))
    resumed = train_finisher(plan, tmp_path / "cut")
    assert newest(tmp_path / "whole") == newest(tmp_path / "cut")
    assert whole.samples == resumed.samples == 12 and whole.figures == resumed.figures
    part = whole.part()
    assert FinisherConfig.from_dict(dict(part.config)) == plan.model
    with pytest.raises(TrainingError, match="another recipe .coded is 0.5 there and 0.25 here"):
        train_finisher(replace(plan, coded=0.25), tmp_path / "cut")


def test_two_processes_learn_the_same_as_one(pairs: Path, tmp_path: Path) -> None:
    one = train_finisher(recipe(pairs, steps=2), tmp_path / "one")
    two = train_finisher(recipe(pairs, steps=2, side_by_side=2), tmp_path / "two")
    for name, value in one.finisher.state_dict().items():
        torch.testing.assert_close(value, two.finisher.state_dict()[name], atol=1e-4, rtol=1e-3)


def test_it_learns_what_plain_enlarging_cannot_do(pairs: Path, tmp_path: Path) -> None:
    plan = replace(recipe(pairs, steps=120), coded=0.0, blur=0.0, noise=0.0)
    before = FinisherTask(plan)
    trained = train_finisher(plan, tmp_path / "out")
    part = before.pairs.draw(np.random.default_rng(5), batch=8, frames=3, crop=14)
    with torch.no_grad():
        loss, _ = before.loss(part, torch.Generator().manual_seed(0))
        before.model.load_state_dict(trained.finisher.state_dict())
        better, scalars = before.loss(part, torch.Generator().manual_seed(0))
    assert float(better) < 0.85 * float(loss) and set(scalars) == {"psnr", "between"}
    assert set(trained.figures) == {"held_out_psnr", "held_out_gain"} and trained.sources == ("",)


def test_what_is_seen_is_coded_or_dull(pairs: Path) -> None:
    plan = recipe(pairs)
    part = PairStore(pairs).draw(np.random.default_rng(0), batch=4, frames=2, crop=12)
    high = torch.from_numpy(part.high).float().permute(0, 4, 1, 2, 3) / 127.5 - 1
    low = torch.from_numpy(part.low).float().permute(0, 4, 1, 2, 3) / 127.5 - 1

    def seen(**changes: float) -> torch.Tensor:
        return FinisherTask(replace(plan, **changes))._seen(part, high, torch.Generator().manual_seed(3))

    clean = torch.nn.functional.avg_pool3d(high[:, :, ::2], (1, 2, 2))
    torch.testing.assert_close(seen(coded=1.0), low)
    torch.testing.assert_close(seen(coded=0.0, blur=0.0, noise=0.0), clean, atol=1e-5, rtol=0)
    assert seen(coded=0.0, blur=2.0, noise=0.0).std() < clean.std()
    assert 0 < float((seen(coded=0.0, blur=0.0, noise=0.1) - clean).std()) < 0.1


def test_plain_finishing_doubles_frames_and_enlarges() -> None:
    low = torch.rand(1, 3, 3, 8, 8) * 2 - 1
    plain = plainly_finished(low, 4)
    assert plain.shape == (1, 3, 5, 32, 32)
    assert torch.equal(plain[:, :, 0], plain[:, :, 1]) and not torch.equal(plain[:, :, 1], plain[:, :, 2])


def test_too_little_is_refused(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds 6 stretches, 6 of them held out"):
        PairStore(pairs, held_out=6)
    with pytest.raises(TrainingError, match="3 small frames of 32x16, too few for 2 of 99x99"):
        PairStore(pairs).draw(np.random.default_rng(0), batch=1, frames=2, crop=99)
    with pytest.raises(UsageError, match="nothing between"):
        FinisherData(pairs="", frames=1)
    (pairs / "low-00000000.npy").write_bytes(b"torn")
    with pytest.raises(TrainingError, match="remove .* and cut it again"):
        PairStore(pairs)
