"""The weights that the package brings: that they fit, and that they draw what they are asked for."""

from pathlib import Path

import numpy as np
import pytest

import himmel
from himmel.cli import main
from himmel.evaluate import load_examiner
from himmel.evaluate.examiner import PALETTE
from himmel.text import tokenize
from himmel.weights import CATALOGUE, Index, read_index, verify_weights
from himmel.world import FIRST_LIGHT, GENERATOR, canonical, sample_scene

MEGABYTE = 10**6


@pytest.fixture(scope="module")
def index() -> Index:
    return read_index(CATALOGUE["bundled"])


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> himmel.Pipeline:
    return himmel.load(keys_folder=tmp_path_factory.mktemp("keys"))


def test_they_are_whole_small_and_named(index: Index) -> None:
    verify_weights(index.folder)
    shards = list(index.folder.glob("*.safetensors"))
    assert sum(path.stat().st_size for path in shards) <= 64 * MEGABYTE
    assert max(path.stat().st_size for path in shards) <= 16 * MEGABYTE
    card = index.card
    assert len(bytes.fromhex(card.ledger)) == 32 and card.generator == GENERATOR and card.trained_steps > 0
    assert (index.folder / "README.md").read_text(encoding="utf-8").count(card.ledger) == 1


def test_they_know_the_words_of_their_world(pipe: himmel.Pipeline) -> None:
    captions = [canonical(sample_scene(seed, profile=FIRST_LIGHT)) for seed in range(300)]
    tokens = tokenize(captions, pipe.model.text.config)
    assert not any(tokens.unknown) and not any(tokens.dropped)
    assert set(pipe.facts.card.knows["colours"]) == set(FIRST_LIGHT.colours)


@pytest.mark.parametrize("subject", ["ball", "cube"])
def test_a_colour_asked_for_is_the_colour_seen(pipe: himmel.Pipeline, subject: str) -> None:
    prompt = (
        f"a big {{}} {subject} stands still in a meadow in daylight. the camera does not move. realistic style."
    )
    examiner, areas = load_examiner(), {}
    for colour in ("red", "blue"):
        labels = examiner.label(pipe(prompt.format(colour), seed=3).frames)
        areas[colour] = [(labels == 1 + PALETTE.index(each)).mean() for each in ("red", "blue")]
    assert areas["red"][0] > 5 * areas["red"][1] and areas["red"][0] > 0.005
    assert areas["blue"][1] > 5 * areas["blue"][0] and areas["blue"][1] > 0.005


def test_a_place_asked_for_is_the_place_seen(pipe: himmel.Pipeline) -> None:
    frames = {
        where: pipe(f"a red ball rolls to the left {where}", seed=5).frames
        for where in ("in the snow", "on the moon")
    }
    top = {where: clip[:, :20].mean() for where, clip in frames.items()}
    assert top["in the snow"] > top["on the moon"] + 40  # a bright sky and a dark one


def test_one_seed_is_one_video(pipe: himmel.Pipeline) -> None:
    one, same, other = (
        pipe("a yellow car drives to the right", seed=seed, seconds=0.4).frames for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_the_command_without_a_model_takes_them(
    tmp_path: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    monkeypatch.chdir(tmp_path)
    assert main(["make", "a red ball rolls left past a blue cube", "-o", "first.mp4"]) == 0
    capsys.readouterr()
    assert main(["verify", "first.mp4"]) == 0 and capsys.readouterr().out == "ours (signed)\n"
