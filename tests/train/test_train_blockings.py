import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from himmel.blocking import channels, mirrored
from himmel.codec import Codec, CodecConfig
from himmel.errors import Cancelled, TrainingError, UsageError
from himmel.text import TextConfig
from himmel.train import (
    LatentStore,
    OptimiserRecipe,
    RunRecipe,
    Stage,
    TransformerData,
    TransformerRecipe,
    encode_clips,
    train_transformer,
    write_blockings,
)
from himmel.train.transformer import TransformerTask
from himmel.transformer import tiny, tiny_planner

ACTORS = 2


class StagedClips:
    """Clips of noise in two lengths, whose blockings are noise too."""

    def __len__(self) -> int:
        return 7

    def frames(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(index)
        return rng.integers(0, 256, (9 if index % 2 else 5, 32, 32, 3), np.uint8)

    def record(self, index: int) -> dict[str, Any]:
        return {"number": index}

    def subjects(self, index: int) -> np.ndarray:
        return np.zeros((9 if index % 2 else 5, 32, 32), bool)

    def blocking(self, index: int, *, actors: int, every: int) -> np.ndarray:
        frames = (8 if index % 2 else 4) // every + 1
        return np.random.default_rng(index).standard_normal((channels(actors), frames)).astype(np.float32)


def caption(record: Mapping[str, Any], mirrored: bool, rng: np.random.Generator) -> str:
    return "left" if mirrored else "right"


def write(folder: Path, **options: Any) -> Path:
    write_blockings(StagedClips(), folder, actors=ACTORS, every=4, per_chunk=3, **options)
    return folder


@pytest.fixture(scope="module")
def blockings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("blockings"))


@pytest.fixture(scope="module")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    encode_clips(codec, StagedClips(), folder, per_chunk=5)
    return folder


def recipe(latents: Path, blockings: Path | str = "") -> TransformerRecipe:
    return TransformerRecipe(
        model=tiny(text_dim=16, text_len=8, actors=ACTORS),
        text=TextConfig(lexicon=("left", "right"), length=8, width=16, layers=1),
        shaken=0.0,
        data=TransformerData(
            latents=str(latents),
            blockings=str(blockings),
            stages=(Stage(until=1.0, lengths=((1, 0.3), (2, 0.7))),),
            tokens=12,
            held_out=2,
        ),
        optimiser=OptimiserRecipe(lr=5e-3, warm_up=2),
        run=RunRecipe(steps=3, precision="fp32", log_every=2, evaluate_every=2, tensorboard=False),
    )


def test_every_clip_is_stored_with_its_mirror_image(blockings: Path) -> None:
    store, clips = LatentStore(blockings), StagedClips()
    assert [clip.record["number"] for clip in store.clips] == list(range(7))
    for index in range(7):
        there = torch.from_numpy(clips.blocking(index, actors=ACTORS, every=4))[None]
        assert store.shape(index) == (*there.shape[1:], 1, 1)
        both = store.latents([index, index], [False, True], there.shape[2]).float().flatten(2)
        torch.testing.assert_close(both, torch.cat((there, mirrored(there))), atol=0, rtol=2**-8)


def test_stopping_loses_nothing(blockings: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled, match="stopped after 3 of 7 clips"):
        write(tmp_path, should_stop=lambda: True)
    write(tmp_path, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 7), (6, 7), (7, 7)]
    names = sorted(path.name for path in blockings.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all((tmp_path / name).read_bytes() == (blockings / name).read_bytes() for name in names)


def test_a_folder_keeps_to_its_clips(blockings: Path) -> None:
    with pytest.raises(
        TrainingError, match="holds blockings from other clips; remove it or choose another folder"
    ):
        write(blockings, source="others")
    assert json.loads((blockings / "origin.json").read_text())["actors"] == ACTORS


def test_a_transformer_learns_with_blockings(latents: Path, blockings: Path, tmp_path: Path) -> None:
    trained = train_transformer(recipe(latents, blockings), tmp_path, caption)
    assert trained.steps == 3
    assert trained.weights["last"]["transformer.blocking_stem.actor_out.weight"].abs().sum() > 0


def test_a_planner_learns_blockings_as_a_transformer_learns_clips(blockings: Path, tmp_path: Path) -> None:
    plan = replace(recipe(blockings), model=tiny_planner(actors=ACTORS), seen=False, subjects=0.0)
    plan = replace(plan, data=replace(plan.data, copies=3, stills=2, tokens=12))
    task = TransformerTask(plan, caption)
    parts = [part for seed in range(6) for part in task.draw(np.random.default_rng(seed), 0.0)]
    assert {len(part) / len(part.ids) for part in parts} == {3.0, 2.0}
    for part in parts:
        each = 3 if part.latents.shape[2] == 2 else 2
        groups = part.latents.unflatten(0, (-1, each))
        assert each == 2 or torch.equal(groups[:, 0], groups[:, 1])
        assert len(part.levels.t.unique()) > len(part.ids)
    assert train_transformer(plan, tmp_path, caption).parts("last")["transformer"].config["in_channels"] == 17


def test_what_is_told_is_all_or_nothing_or_what_is_not_known(latents: Path, blockings: Path) -> None:
    task = TransformerTask(recipe(latents, blockings), caption)
    kinds = set()
    for seed in range(40):
        for part in task.draw(np.random.default_rng(seed), 0.0):
            assert part.blocking is not None and part.blocking.shape == (len(part), 17, part.latents.shape[2])
            told = (part.blocking != 0).any(1)  # [B, F]
            known = part.levels.known.flatten(2).all(2)
            for row, sure in zip(told, known, strict=True):
                kinds.add("all" if row.all() else "nothing" if not row.any() else "part")
                assert row.all() or not row.any() or torch.equal(row, ~sure)
    assert kinds == {"all", "nothing", "part"}
    assert task.kinds > 0


def test_what_is_told_is_shaken(latents: Path, blockings: Path) -> None:
    sure, shaken = recipe(latents, blockings), replace(recipe(latents, blockings), shaken=0.05)
    for seed in range(4):
        parts = [TransformerTask(r, caption).draw(np.random.default_rng(seed), 0.0)[0] for r in (sure, shaken)]
        plain, moved = (part.blocking for part in parts)
        assert plain is not None and moved is not None
        assert torch.equal(plain == 0, moved == 0)
        assert plain.any() == moved.any() and float((plain - moved).abs().max()) < 0.3
        assert not plain.any() or float((plain - moved)[plain != 0].std()) == pytest.approx(0.05, rel=0.3)


def test_actors_and_blockings_belong_together(latents: Path, blockings: Path) -> None:
    with pytest.raises(TrainingError, match="learns from blockings too; write them and name the folder"):
        TransformerTask(recipe(latents), caption)
    with pytest.raises(UsageError, match="a transformer without actors cannot be told blockings"):
        replace(recipe(latents, blockings), model=tiny())
    with pytest.raises(TrainingError, match="tells of 7 clips by 17 numbers a frame; 7 clips and 23 numbers"):
        TransformerTask(replace(recipe(latents, blockings), model=tiny(actors=3)), caption)
