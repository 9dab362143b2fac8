import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from himmel.codec import Codec, CodecConfig
from himmel.errors import Cancelled, TrainingError, UsageError
from himmel.text import TextConfig
from himmel.text.lexicon import FIRST_WORD
from himmel.train import (
    LatentStore,
    OptimiserRecipe,
    Progress,
    RunRecipe,
    Stage,
    TransformerData,
    TransformerRecipe,
    codec_digest,
    encode_clips,
    train_transformer,
)
from himmel.train.checkpoint import latest_checkpoint, save_checkpoint
from himmel.train.objective import velocity_loss
from himmel.train.transformer import TransformerTask
from himmel.transformer import tiny

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 60, 220)}


class PaintedClips:
    """Clips of one flat colour, light on one side, in two sizes; the record says which colour."""

    def __len__(self) -> int:
        return 8

    def frames(self, index: int) -> np.ndarray:
        clip = np.empty((9, 32, 32 if index % 2 else 64, 3), np.uint8)
        clip[...] = COLOURS[self.record(index)["colour"]]
        clip[:, :, : clip.shape[2] // 2] = clip[:, :, : clip.shape[2] // 2] // 2
        return clip

    def record(self, index: int) -> dict[str, Any]:
        return {"colour": list(COLOURS)[index % 3]}

    def subjects(self, index: int) -> np.ndarray:
        seen = np.zeros((9, 32, 32 if index % 2 else 64), bool)
        seen[5:, :8, :16] = True  # half of what the first latent of the last latent frame shows
        return seen


def caption(record: Mapping[str, Any], mirrored: bool, rng: np.random.Generator) -> str:
    side = "right" if mirrored else "left"
    return f"{rng.choice(['a', 'the'])} {record['colour']} wall dark on the {side}"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    encode_clips(codec, PaintedClips(), folder, per_chunk=5)
    return folder


def recipe(latents: Path, *, steps: int = 4) -> TransformerRecipe:
    stages = (
        Stage(until=0.5, lengths=((1, 0.5), (2, 0.5))),
        Stage(until=1.0, lengths=((3, 1.0),)),
    )
    return TransformerRecipe(
        model=tiny(text_dim=16, text_len=8),
        text=TextConfig(lexicon=("a", "the", *COLOURS, "wall", "dark", "left"), length=8, width=16, layers=1),
        data=TransformerData(latents=str(latents), stages=stages, tokens=12, held_out=2),
        optimiser=OptimiserRecipe(lr=5e-3, warm_up=2),
        run=RunRecipe(steps=steps, precision="fp32", log_every=2, evaluate_every=2, tensorboard=False),
    )


def test_both_mirror_images_are_stored(latents: Path) -> None:
    store = LatentStore(latents)
    assert len(store) == 8 and store.clips[4].record == {"colour": "green"}
    assert store.shape(0) == (4, 3, 2, 4) and store.shape(1) == (4, 3, 2, 2)
    one, other = store.latents([0, 0], [False, True], 2)
    assert one.shape == (4, 2, 2, 4) and one.dtype == torch.bfloat16
    assert not torch.equal(one, other) and not torch.equal(one, other.flip(-1))


def test_latents_know_where_subjects_are_seen(latents: Path, tmp_path: Path) -> None:
    store = LatentStore(latents)
    filmed, mirrored = store.subjects([0, 0], [False, True], 3)
    assert filmed.shape == (1, 3, 2, 4) and torch.equal(filmed.flip(-1), mirrored)
    assert filmed[0, :, 0, 0].tolist() == pytest.approx([0, 0, 0.5], abs=2e-3) and filmed.count_nonzero() == 1
    older = tmp_path / "older"
    shutil.copytree(latents, older)
    for path in older.glob("subjects-*"):
        path.unlink()
    with pytest.raises(TrainingError, match="does not say where subjects are seen; encode the clips again"):
        TransformerTask(recipe(older), caption)
    TransformerTask(replace(recipe(older), subjects=0.0), caption)
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    encode_clips(codec, PaintedClips(), older, per_chunk=5)
    assert contents(older) == contents(latents)


def test_pictures_of_a_clip_share_its_caption(latents: Path) -> None:
    plan = recipe(latents)
    task = TransformerTask(replace(plan, data=replace(plan.data, stills=3)), caption)
    parts = [part for seed in range(8) for part in task.draw(np.random.default_rng(seed), 0.0)]
    stills = [part for part in parts if part.latents.shape[2] == 1]
    assert stills and all(len(part) == 3 * len(part.ids) for part in stills)
    for part in stills:
        assert part.subjects is not None and part.subjects.shape[1:] == (1, 1, *part.latents.shape[3:])
        latest = torch.cat(
            [
                task.store.latents([i], [side], 3)
                for i in range(2, 8)
                for side in (False, True)
                if task.store.latents([i], [side], 1).shape[3:] == part.latents.shape[3:]
            ]
        )
        for still in part.latents:
            assert (latest.movedim(2, 1).flatten(0, 1) == still[:, 0]).flatten(1).all(1).any()


def test_errors_where_subjects_are_seen_count_more(latents: Path) -> None:
    prediction, clean = torch.zeros(1, 4, 1, 2, 2), torch.zeros(1, 4, 1, 2, 2)
    clean[..., 0, 0] = 1
    t, known = torch.ones(1, 1, 1, 2, 2), torch.zeros(1, 1, 1, 2, 2, dtype=torch.bool)
    weight = torch.ones(1, 1, 1, 2, 2)
    weight[..., 0, 0] = 3
    assert float(velocity_loss(prediction, clean, t, known)) == pytest.approx(1 / 4)
    assert float(velocity_loss(prediction, clean, t, known, weight=weight)) == pytest.approx(3 / 6)


def test_encoding_goes_on_where_it_stopped(tmp_path: Path, latents: Path) -> None:
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    with pytest.raises(Cancelled):
        encode_clips(codec, PaintedClips(), tmp_path, per_chunk=5, should_stop=lambda: True)
    assert len(LatentStore(tmp_path)) == 5
    seen: list[tuple[int, int]] = []
    encode_clips(codec, PaintedClips(), tmp_path, per_chunk=5, on_progress=lambda *at: seen.append(at))
    assert seen == [(5, 8), (8, 8)]
    assert contents(tmp_path) == contents(latents)
    with pytest.raises(TrainingError, match="latents from other clips; remove it"):
        encode_clips(codec, PaintedClips(), tmp_path, source="other", per_chunk=5)
    with pytest.raises(TrainingError, match="latents from other number of clips in a chunk; remove it"):
        encode_clips(codec, PaintedClips(), tmp_path, per_chunk=4)
    codec.measure(torch.zeros(4), torch.ones(4))
    with pytest.raises(TrainingError, match="latents from other codec weights and clips"):
        encode_clips(codec, PaintedClips(), tmp_path, source="other", per_chunk=5)


def test_latents_without_a_metric_get_one_by_encoding_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    encode_clips(codec, PaintedClips(), tmp_path)
    before = contents(tmp_path)
    (tmp_path / "pullback.safetensors").unlink()
    with pytest.raises(TrainingError, match="encode the clips again"):
        TransformerTask(recipe(tmp_path), caption)
    TransformerTask(replace(recipe(tmp_path), seen=False), caption)
    encode_clips(codec, PaintedClips(), tmp_path)
    assert contents(tmp_path) == before


def test_the_origin_of_latents_is_written_once(tmp_path: Path) -> None:
    codec, origin = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4)), tmp_path / "origin.json"
    codec.measure(torch.zeros(4), torch.ones(4))
    older = json.dumps(
        {"codec weights": codec_digest(codec), "clips": ""}
    )  # from when chunks always had 256 clips
    origin.write_text(older)
    encode_clips(codec, PaintedClips(), tmp_path)
    assert origin.read_text() == older and len(LatentStore(tmp_path)) == 8
    with pytest.raises(TrainingError, match="number of clips in a chunk"):
        encode_clips(codec, PaintedClips(), tmp_path, per_chunk=5)
    for damaged in ("", "[]", "{}"):
        origin.write_text(damaged)
        with pytest.raises(TrainingError, match="does not say where the latents beside it come from; remove"):
            encode_clips(codec, PaintedClips(), tmp_path)


@pytest.mark.parametrize(("muon", "side_by_side"), [((), 2), (("transformer.blocks.",), 1)])
def test_an_interrupted_run_equals_a_whole_one(
    latents: Path, tmp_path: Path, muon: tuple[str, ...], side_by_side: int
) -> None:
    plan = recipe(latents)
    plan = replace(plan, optimiser=replace(plan.optimiser, muon=muon))
    plan = replace(plan, run=replace(plan.run, side_by_side=side_by_side), data=replace(plan.data, parts=2))
    whole = train_transformer(plan, tmp_path / "whole", caption)
    stops = iter([True, False, True])
    for _ in range(2):
        with pytest.raises(Cancelled):
            train_transformer(plan, tmp_path / "cut", caption, should_stop=lambda: next(stops))
    resumed = train_transformer(plan, tmp_path / "cut", caption)
    for name, values in whole.weights.items():
        assert all(torch.equal(value, resumed.weights[name][key]) for key, value in values.items()), name
    assert whole.figures == resumed.figures and whole.samples == resumed.samples >= 4


def test_parts_side_by_side_make_the_same_step(latents: Path, tmp_path: Path) -> None:
    plan = recipe(latents, steps=2)
    plan = replace(plan, data=replace(plan.data, parts=2))
    beside = replace(plan, run=replace(plan.run, side_by_side=2))
    one, two = (train_transformer(each, tmp_path / str(i), caption) for i, each in enumerate((plan, beside)))
    for key, value in one.weights["last"].items():
        assert torch.allclose(value, two.weights["last"][key], atol=1e-5), key


def test_a_field_added_since_does_not_end_a_run(latents: Path, tmp_path: Path) -> None:
    train_transformer(recipe(latents, steps=1), tmp_path, caption)
    checkpoint = latest_checkpoint(tmp_path / "checkpoints")
    assert checkpoint is not None
    del checkpoint.about["run"]["side_by_side"]
    save_checkpoint(tmp_path / "checkpoints", checkpoint, keep=2)
    assert train_transformer(recipe(latents, steps=1), tmp_path, caption).steps == 1
    checkpoint.about["run"]["forgotten"] = 1
    save_checkpoint(tmp_path / "checkpoints", checkpoint, keep=2)
    with pytest.raises(TrainingError, match="run.forgotten is known there only"):
        train_transformer(recipe(latents, steps=1), tmp_path, caption)


def test_it_learns_a_few_clips(latents: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    plan = recipe(latents, steps=100)
    plan = replace(plan, run=replace(plan.run, evaluate_every=5))
    trained = train_transformer(plan, tmp_path / "out", caption, seen.append)
    lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    judged = [line["held_out_loss_at_0.6"] for line in lines if "held_out_loss_at_0.6" in line]
    assert judged[-1] < 0.5 * judged[0]
    assert trained.figures.keys() == {"last", "0.05", "0.15"}
    parts = trained.parts("0.15")
    assert parts["transformer"].config["dim"] == 24 and "words.weight" in parts["text"].tensors


def test_a_run_can_start_from_another(latents: Path, tmp_path: Path) -> None:
    plan = recipe(latents)
    train_transformer(plan, tmp_path / "first", caption)
    later = replace(plan, run=replace(plan.run, initial=str(tmp_path / "first"), steps=1))
    cold = replace(plan, run=replace(plan.run, steps=1))
    warm_figures = train_transformer(later, tmp_path / "warm", caption).figures["last"]
    cold_figures = train_transformer(cold, tmp_path / "cold", caption).figures["last"]
    assert warm_figures["held_out_loss_at_0.6"] < cold_figures["held_out_loss_at_0.6"]
    smaller = replace(plan, model=replace(plan.model, place_waves=0, conv=(0, 0)))
    train_transformer(smaller, tmp_path / "smaller", caption)
    grown = replace(later, run=replace(later.run, initial=str(tmp_path / "smaller")))
    grown_figures = train_transformer(grown, tmp_path / "grown", caption).figures["last"]
    assert grown_figures["held_out_loss_at_0.6"] < cold_figures["held_out_loss_at_0.6"]
    with pytest.raises(TrainingError, match="no checkpoint to start from"):
        missing = replace(plan, run=replace(plan.run, initial=str(tmp_path / "nothing")))
        train_transformer(missing, tmp_path / "other", caption)
    with pytest.raises(TrainingError, match="first holds another model; give the recipe"):
        deeper = replace(plan.model, layers=plan.model.layers + 1)
        train_transformer(replace(later, model=deeper), tmp_path / "deeper", caption)


def test_recipes_that_do_not_fit_are_refused(latents: Path, tmp_path: Path) -> None:
    plan = recipe(latents)
    with pytest.raises(UsageError, match="make them equal"):
        replace(plan, model=tiny(text_dim=8))
    with pytest.raises(UsageError, match="until 1.0"):
        replace(plan.data, stages=plan.data.stages[:1])
    with pytest.raises(UsageError, match="put them in order"):
        replace(plan.data, stages=(plan.data.stages[1], *plan.data.stages))
    with pytest.raises(UsageError, match="0 clips held out can judge nothing"):
        replace(plan.data, held_out=0)
    with pytest.raises(TrainingError, match="no encoded clips"):
        train_transformer(replace(plan, data=replace(plan.data, latents=str(tmp_path))), tmp_path / "out", caption)
    long = replace(plan.data, stages=(Stage(until=1.0, lengths=((9, 1.0),)),))
    with pytest.raises(TrainingError, match="9 latent frames"):
        train_transformer(replace(plan, data=long), tmp_path / "out", caption)


def test_clips_of_more_weight_are_drawn_more_often(latents: Path) -> None:
    plan = recipe(latents)
    task = TransformerTask(plan, caption, lambda record: 3.0 if record["colour"] == "red" else 1.0)
    rng, drawn, red = np.random.default_rng(0), Counter[int](), Counter[int]()
    for part in (part for _ in range(900) for part in task.draw(rng, 0.0)):
        numbers = part.ids.flatten().tolist()
        words = [plan.text.lexicon[number - FIRST_WORD] for number in numbers if number >= FIRST_WORD]
        width = part.latents.shape[-1]
        drawn[width] += sum(word in COLOURS for word in words)
        red[width] += words.count("red")
    # Clips 2, 4 and 6 are wide, one of them red; 3, 5 and 7 are narrow, one of them red.
    assert set(drawn) == {2, 4}
    assert all(abs(red[width] / drawn[width] - 0.6) < 0.05 for width in drawn)
