"""What the stages of training promise about clips: the right ones are named, the wrong ones refused early."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_cli_train import small_codec, small_planner, small_transformer

from himmel import train
from himmel.cli import main
from himmel.cli.course import Course
from himmel.cli.lessons import Lessons
from himmel.cli.show import Show
from himmel.data import ClipRow, ClipShards, Ledger, Sample, SourceRow, write_shard
from himmel.media import encode_clip
from himmel.weights import load_weights


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "tiny_cpu_codec", small_codec)
    monkeypatch.setattr(train, "tiny_cpu_transformer", small_transformer)
    monkeypatch.setattr(train, "tiny_cpu_planner", small_planner)


def draw(folder: str, clips: int, first_seed: int = 0) -> str:
    """Draw clips into a folder and return their root."""
    asked = ["--clips", str(clips), "--first-seed", str(first_seed), "--size", "32x32", "--profile", "first_light"]
    assert main(["world", "render", "--out", folder, *asked]) == 0
    return ClipShards(folder, split="train").root


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def ask(*arguments: str) -> str:
        capsys.readouterr()
        assert main(["train", *arguments, "--json"]) == 1
        return str(json.loads(capsys.readouterr().out)["error"])

    return ask


def test_a_run_goes_on_with_its_own_clips_only(small: None, refused: Callable[..., str]) -> None:
    root = draw("clips", 2)
    assert main(["train", "codec", "--data", "clips", "--out", "first"]) == 0
    Path("first").rename("run")
    arguments = ["codec", "--data", "clips", "--out", "run"]
    assert main(["train", *arguments]) == 0  # a run may move
    assert draw("clips", 3) != root
    assert "remove it and fill it again" in refused(*arguments)
    shutil.rmtree("run/pixels")
    assert "data.source is" in refused(*arguments)
    assert load_weights("run/weights").card.ledger == root


def test_weights_name_all_clips_they_learned_from(small: None, refused: Callable[..., str]) -> None:
    one, two = draw("one", 2), draw("two", 2, 10)
    assert main(["train", "codec", "--data", "one", "--out", "codec"]) == 0
    assert main(["train", "codec", "--data", "two", "--out", "later", "--from", "codec"]) == 0
    arguments = ["transformer", "--data", "two", "--out", "run", "--codec"]
    assert main(["train", *arguments, "codec/weights"]) == 0
    told = [load_weights(f"{name}/weights").card for name in ("codec", "later", "run")]
    assert [(card.ledger, card.other_ledgers) for card in told] == [(one, ()), (two, (one,)), (two, (one,))]
    assert "other codec weights; remove it" in refused(*arguments, "later/weights")
    shutil.rmtree("run/latents")
    assert "data.codec is" in refused(*arguments, "later/weights")


@pytest.mark.parametrize(
    ("size", "words"),
    [("64x64", "64x64 is smaller than the 80x80"), ("100x100", "not divisible by 32; nearest: 96x96 or 128x128")],
)
def test_sizes_that_cannot_be_learned_are_refused_before_drawing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: str, words: str
) -> None:
    assert main(["train", "bundled", "--out", str(tmp_path / "run"), "--size", size]) == 2
    assert words in capsys.readouterr().err and not list(tmp_path.iterdir())


def foreign(folder: Path, transform: str) -> None:
    """A folder with one clip of another program, which says of it what it did."""
    evidence = "0" * 64
    licences = {"licence_declared": "CC0-1.0", "licence_concluded": "CC0-1.0", "concluded_by": "the test"}
    source = SourceRow(kind="recorded", creator="A", title="B", evidence_sha256=evidence, **licences)
    sample = Sample.pack("000000000", encode_clip(np.zeros((5, 16, 16, 3), np.uint8), 12), {}, {})
    folder.mkdir()
    shard = write_shard(folder / "a.tar", [sample])
    place = {"seed": 0, "split": "train", "shard": "a.tar", "key": sample.key, "transform": transform}
    size = {"width": 16, "height": 16, "frames": 5}
    with Ledger(folder / "ledger.sqlite") as ledger:
        row = ClipRow(**sample.digests(), source=ledger.add_source(source), **place, **size)
        ledger.add_clips([row], shard)


@pytest.mark.parametrize("transform", ["scaled to 16x16", "{}", "[]", '{"generator": "x", "profile": "none"}'])
def test_clips_that_were_not_rendered_are_refused(
    tmp_path: Path, refused: Callable[..., str], transform: str
) -> None:
    foreign(tmp_path / "clips", transform)
    said = refused("codec", "--data", str(tmp_path / "clips"), "--out", str(tmp_path / "run"))
    assert "were not rendered" in said and transform in said and "himmel world render" in said


def test_scalars_go_to_tensorboard_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign(tmp_path / "clips", json.dumps({"generator": "x", "profile": "first_light"}))
    lessons = Lessons.of(tmp_path / "clips")
    course = Course(recipe="tiny_cpu", storage="bfloat16", show=Show(), stop=lambda: False)
    for installed in (object(), None):
        monkeypatch.setattr("himmel.cli.course.find_spec", lambda name, found=installed: found)
        recipes = course.codec_recipe(tmp_path, lessons), course.transformer_recipe(tmp_path, lessons, "")
        assert [recipe.run.tensorboard for recipe in recipes] == [installed is not None] * 2
