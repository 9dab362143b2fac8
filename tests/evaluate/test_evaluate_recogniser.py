import json
from pathlib import Path

import numpy as np
import pytest
import torch

from himmel.data import ClipShards, RenderConfig, render_shards
from himmel.errors import Cancelled, UsageError, WeightsError
from himmel.evaluate import (
    PROBES,
    Exhibit,
    Recogniser,
    RecogniserConfig,
    TeachConfig,
    load_examiner,
    load_recogniser,
    teach_recogniser,
)
from himmel.evaluate.examiner import PALETTE
from himmel.evaluate.lessons import UNKNOWN, open_lessons
from himmel.evaluate.recogniser import CROP_SIDE, MOMENTS, SCENE_FRAMES, SCENE_SIDE, views_of
from himmel.weights import Card, Part, read_index, save_weights
from himmel.world import SceneSpec

SHORT = TeachConfig(clips=3, steps=4, batch=2, save_every=2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipShards:
    folder = tmp_path_factory.mktemp("clips")
    render_shards(
        folder, clips=3, first_seed=5, config=RenderConfig(profile="first_light", width=32, height=32, frames=5)
    )
    return ClipShards(folder, split="train")


@pytest.fixture(scope="module")
def taught(clips: ClipShards, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taught")
    teach_recogniser(clips, folder / "recogniser", folder / "run", SHORT)
    return folder / "recogniser"


def test_the_network_is_small_and_every_head_has_its_words() -> None:
    recogniser = Recogniser(RecogniserConfig())
    assert sum(value.numel() for value in recogniser.parameters()) <= 2_000_000
    found = recogniser(torch.zeros(2, 4, 5, 32, 32), torch.zeros(2, 4, 3, 32, 32))
    heads = recogniser.config.heads
    assert {name: tuple(logits.shape) for name, logits in found.logits.items()} == {
        name: (2, len(words)) for name, words in heads.items()
    }
    assert found.features.shape == (2, recogniser.config.features)


def test_the_config_goes_there_and_back() -> None:
    config = RecogniserConfig(features=16)
    assert RecogniserConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(WeightsError, match="unknown keys"):
        RecogniserConfig.from_dict({"depth": 3})
    assert TeachConfig.from_dict(SHORT.to_dict()) == SHORT
    with pytest.raises(UsageError, match="no depth"):
        TeachConfig.from_dict({"depth": 3})
    with pytest.raises(UsageError, match="1 or more"):
        TeachConfig(steps=0)


def test_a_thing_is_shown_from_near_wherever_it_is() -> None:
    for x, y in ((40, 40), (3, 60), (70, 2)):
        frames, mask = np.zeros((9, 80, 96, 3), np.uint8), np.zeros((9, 80, 96), bool)
        mask[:, max(0, y - 8) : y + 8, max(0, x - 8) : x + 8] = True
        frames[mask] = (200, 100, 50)
        views = views_of(frames, mask)
        assert views.scene.shape == (SCENE_FRAMES, SCENE_SIDE, SCENE_SIDE, 4)
        assert views.thing.shape == (MOMENTS, CROP_SIDE, CROP_SIDE, 4)
        centre = views.thing[:, CROP_SIDE // 2, CROP_SIDE // 2]
        assert (centre == (200, 100, 50, 255)).all()
    nobody = views_of(frames, np.zeros_like(mask))
    assert not nobody.thing.any() and nobody.scene[..., :3].any() and not nobody.scene[..., 3].any()


def test_lessons_are_made_once_and_their_labels_are_the_scenes(clips: ClipShards, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    lessons = open_lessons(clips, tmp_path / "lessons", 3, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)] and len(lessons) == 3
    for index, labels in enumerate(lessons.labels):
        spec = SceneSpec.from_dict(clips.record(index)["spec"])
        subject = spec.subjects[index % len(spec.subjects)]
        known = RecogniserConfig().heads
        words = {name: known[name][at] for name, at in zip(lessons.heads, labels, strict=True)}
        assert words == {
            "kind": subject.kind, "material": subject.material, "verb": subject.motion.verb, "style": spec.style,
            "light": spec.light,
        }  # fmt: skip
    again = open_lessons(clips, tmp_path / "lessons", 3, lambda done, total: told.append((done, total)))
    assert len(told) == 3 and (again.scenes == lessons.scenes).all()
    with pytest.raises(UsageError, match="other lessons"):
        open_lessons(clips, tmp_path / "lessons", 2, lambda done, total: None)


def test_a_batch_is_worse_than_the_lessons_but_repeats(clips: ClipShards, tmp_path: Path) -> None:
    lessons = open_lessons(clips, tmp_path / "lessons", 3, lambda done, total: None)
    first, again, other = (lessons.batch(8, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.scene, again.scene) and torch.equal(first.thing, again.thing)
    assert not torch.equal(first.scene, other.scene)
    for views in (first.scene, first.thing):
        assert views[:, :3].abs().max() <= 1 and 0 <= views[:, 3].min() and views[:, 3].max() <= 1
    nobody = first.scene[:, 3].sum((1, 2, 3)) == 0
    assert (first.labels["verb"][nobody] == UNKNOWN).all()


def test_a_stopped_run_makes_the_same_recogniser(clips: ClipShards, taught: Path, tmp_path: Path) -> None:
    losses: list[float] = []

    def keep(what: str, done: int, total: int, loss: float) -> None:
        losses.extend([loss] if what == "steps" else [])

    stops = iter([False, False, True])
    with pytest.raises(Cancelled, match="stopped after 3 of 4"):
        teach_recogniser(
            clips, tmp_path / "out", tmp_path / "run", SHORT, on_step=keep, should_stop=lambda: next(stops)
        )
    index = teach_recogniser(clips, tmp_path / "out", tmp_path / "run", SHORT, on_step=keep)
    assert len(losses) == 4 and index.digest == read_index(taught).digest
    assert index.card.ledger == clips.root and index.card.trained_steps == 4
    with pytest.raises(UsageError, match="other settings"):
        teach_recogniser(clips, tmp_path / "out", tmp_path / "run", TeachConfig(clips=3, steps=9, batch=2))


def test_without_weights_there_is_no_recogniser(taught: Path, tmp_path: Path) -> None:
    assert load_recogniser(tmp_path) is None
    assert isinstance(load_recogniser(taught), Recogniser)
    wrong = Part(config={}, tensors={"a": torch.zeros(2)})
    save_weights(tmp_path / "other", {"codec": wrong}, Card(name="x", knows={}))
    with pytest.raises(WeightsError, match="instead of recogniser"):
        load_recogniser(tmp_path / "other")
    few = Recogniser(RecogniserConfig(kinds=("ball",)))
    part = Part(config=few.config.to_dict(), tensors=few.state_dict(), storage="float32")
    save_weights(tmp_path / "few", {"recogniser": part}, Card(name="x", knows={}))
    with pytest.raises(WeightsError, match="other words"):
        load_recogniser(tmp_path / "few")


def test_probes_ask_for_what_was_asked(clips: ClipShards, taught: Path) -> None:
    spec = SceneSpec.from_dict(clips.record(0)["spec"])
    exhibit = Exhibit(
        frames=clips.frames(0), spec=spec, examiner=load_examiner(), recogniser=load_recogniser(taught), step=1
    )
    names = np.array([0, *(1 + PALETTE.index(subject.colour) for subject in spec.subjects)], np.uint8)
    exhibit.__dict__["classes"] = names[clips.truth(0)["masks"]]
    for name in ("shape", "material"):
        assert len(PROBES[name](exhibit)) == len(spec.subjects)
    told = exhibit.told(spec.subjects[0].colour)
    assert told is not None and exhibit.told(spec.subjects[0].colour) is told
    right = {name: told.words[name] == value for name, value in (("kind", spec.subjects[0].kind),)}
    assert PROBES["shape"](exhibit)[0] == float(right["kind"])
    assert len(PROBES["features"](exhibit)) == RecogniserConfig().features
    for name in ("binding", "motion", "style", "light"):
        assert PROBES[name](exhibit)[0] in (0.0, 1.0)
    unseen = next(colour for colour in PALETTE if colour not in {subject.colour for subject in spec.subjects})
    assert exhibit.told(unseen) is None


def test_a_probe_without_a_recogniser_says_so(clips: ClipShards) -> None:
    spec = SceneSpec.from_dict(clips.record(0)["spec"])
    alone = Exhibit(frames=clips.frames(0), spec=spec, examiner=load_examiner())
    with pytest.raises(UsageError, match="there is none"):
        PROBES["style"](alone)
