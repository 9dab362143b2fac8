"""Clips of several sizes in one run: a part of one size, as many tokens as ever, exact shares, exact resuming."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train_transformer import PaintedClips, caption, recipe

from himmel.codec import Codec, CodecConfig
from himmel.errors import Cancelled, TrainingError
from himmel.train import LatentStore, Stage, TransformerRecipe, encode_clips, train_transformer
from himmel.train.buckets import Buckets
from himmel.train.transformer import TransformerTask

WIDE, SQUARE = "64x32", "32x32"


@pytest.fixture(scope="module")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    encode_clips(codec, PaintedClips(), folder, per_chunk=5)
    return folder


def mixed(latents: Path, *sizes: tuple[str, float], **changes: object) -> TransformerRecipe:
    plan = recipe(latents)
    stages = tuple(replace(stage, sizes=sizes) for stage in plan.data.stages)
    return replace(plan, data=replace(plan.data, stages=stages, **changes))  # type: ignore[arg-type]


def test_sizes_are_drawn_as_a_stage_says(latents: Path) -> None:
    task = TransformerTask(mixed(latents, (WIDE, 3.0), (SQUARE, 1.0)), caption)
    assert {bucket.size: len(bucket.members) for bucket in task.buckets.all} == {WIDE: 3, SQUARE: 3}
    rng, widths = np.random.default_rng(0), Counter[int]()
    for _ in range(300):
        widths.update(part.latents.shape[-1] for part in task.draw(rng, 0.0))
    assert set(widths) == {2, 4} and abs(widths[4] / widths.total() - 0.75) < 0.05
    only = TransformerTask(mixed(latents, (SQUARE, 1.0)), caption)
    assert {part.latents.shape[-1] for _ in range(20) for part in only.draw(rng, 0.9)} == {2}


def test_a_part_is_of_one_size_and_keeps_to_its_tokens(latents: Path) -> None:
    task, rng, kinds = TransformerTask(mixed(latents, tokens=13), caption), np.random.default_rng(1), set()
    for progress in (0.0, 0.9):
        for part in (part for _ in range(60) for part in task.draw(rng, progress)):
            batch, _, frames, height, width = part.latents.shape
            tokens = frames * height * width // 4
            fit = 13 // tokens  # as many clips as the tokens hold; stills come in fours
            assert batch == (fit // 4 * 4 if frames == 1 else fit)
            kinds.add(task.kind(part))
    assert len({shape for shape, _ in kinds}) == 6  # two sizes in three lengths
    assert len(kinds) <= task.kinds == 12


def test_kernels_are_bounded_and_none_is_given_up(latents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.compiler.config.recompile_limit", 8)
    plan = mixed(latents)
    asked: list[bool | None] = []
    monkeypatch.setattr(torch, "compile", lambda model, dynamic: asked.append(dynamic) or model)
    compiled = replace(plan, run=replace(plan.run, compile=True))
    task = TransformerTask(compiled, caption)
    assert torch.compiler.config.recompile_limit == task.kinds == 12
    monkeypatch.setattr("himmel.train.transformer._KERNELS", 11)
    TransformerTask(compiled, caption)
    assert asked == [False, None]


def test_a_run_of_two_sizes_goes_on_to_the_bit(latents: Path, tmp_path: Path) -> None:
    plan = mixed(latents, (WIDE, 1.0), (SQUARE, 1.0), parts=2)
    whole = train_transformer(plan, tmp_path / "whole", caption)
    stops = iter([False, True, True])
    for _ in range(2):
        with pytest.raises(Cancelled):
            train_transformer(plan, tmp_path / "cut", caption, should_stop=lambda: next(stops))
    resumed = train_transformer(plan, tmp_path / "cut", caption)
    for name, values in whole.weights.items():
        assert all(torch.equal(value, resumed.weights[name][key]) for key, value in values.items()), name
    assert whole.figures == resumed.figures and whole.samples == resumed.samples
    other = mixed(latents, (WIDE, 2.0), (SQUARE, 1.0), parts=2)
    with pytest.raises(TrainingError, match="another recipe"):
        train_transformer(other, tmp_path / "cut", caption)


def test_what_no_clip_has_is_refused_before_the_first_step(latents: Path) -> None:
    with pytest.raises(TrainingError, match="is 96x32, which a stage draws; the sizes are 32x32, 64x32"):
        TransformerTask(mixed(latents, (WIDE, 1.0), ("96x32", 1.0)), caption)
    buckets = Buckets(LatentStore(latents), 2, lambda record: 1.0)
    with pytest.raises(TrainingError, match="9 latent frames; shorten"):
        buckets.kinds([Stage(until=1.0, lengths=((9, 1.0),))])
    with pytest.raises(TrainingError, match="8 of them held out"):
        Buckets(LatentStore(latents), 8, lambda record: 1.0)
