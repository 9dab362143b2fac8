import json
from pathlib import Path

import numpy as np
import pytest
import torch

from himmel.data import ClipShards, RenderConfig, render_shards
from himmel.errors import UsageError, WeightsError
from himmel.evaluate import Examiner, ExaminerConfig, LearnConfig, learn_examiner, load_examiner
from himmel.evaluate.examiner import EXAMINER_FOLDER, PALETTE
from himmel.weights import Card, Part, read_index, save_weights
from himmel.world import GENERATOR

SMALL = {"channels": [8, 8, 16], "blocks": [1, 1, 1]}


def saved(folder: Path, config: dict[str, object], part: str = "examiner") -> Path:
    examiner = Examiner(ExaminerConfig.from_dict(config))
    parts = {part: Part(config=examiner.config.to_dict(), tensors=examiner.state_dict(), storage="float32")}
    save_weights(folder, parts, Card(name="examiner", knows={}))
    return folder


def test_the_config_goes_there_and_back() -> None:
    config = ExaminerConfig.from_dict(SMALL)
    assert ExaminerConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(WeightsError, match="unknown keys"):
        ExaminerConfig.from_dict({"depth": 3})


def test_a_saved_examiner_says_the_same(tmp_path: Path) -> None:
    torch.manual_seed(3)
    examiner = load_examiner(saved(tmp_path / "examiner", SMALL))
    frames = np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), dtype=np.uint8)
    frames.setflags(write=False)  # as those of a clip are
    classes = examiner.label(frames)
    assert classes.shape == (3, 48, 64) and classes.dtype == np.uint8 and classes.max() <= len(PALETTE)
    assert (load_examiner(tmp_path / "examiner").label(frames) == classes).all()


def test_another_part_or_palette_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="instead of examiner"):
        load_examiner(saved(tmp_path / "other", SMALL, part="codec"))
    with pytest.raises(WeightsError, match="other colours"):
        load_examiner(saved(tmp_path / "two", SMALL | {"colours": ["red", "blue"]}))


def test_the_installed_examiner_names_its_data() -> None:
    card = read_index(EXAMINER_FOLDER).card
    assert card.generator == GENERATOR and len(card.ledger) == 64 and card.trained_samples > 0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipShards:
    folder = tmp_path_factory.mktemp("clips")
    config = RenderConfig(profile="first_light", width=64, height=64, frames=5)
    render_shards(folder, clips=4, first_seed=1, config=config)
    return ClipShards(folder, split="train")


def test_learning_lowers_the_loss_and_repeats(clips: ClipShards, tmp_path: Path) -> None:
    losses: list[float] = []
    config = LearnConfig(clips=4, moments=2, steps=12, batch=4)
    index = learn_examiner(clips, tmp_path / "a", config, on_step=lambda step, steps, loss: losses.append(loss))
    assert len(losses) == 12 and losses[-1] < losses[0]
    assert index.card.ledger == clips.root
    assert learn_examiner(clips, tmp_path / "b", config).digest == index.digest


def test_a_lesson_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="1 or more"):
        LearnConfig(steps=0)
    assert LearnConfig.from_dict(LearnConfig().to_dict()) == LearnConfig()
    with pytest.raises(UsageError, match="no depth"):
        LearnConfig.from_dict({"depth": 1})
