import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from himmel import train
from himmel.cli import main
from himmel.cli.lessons import Lessons
from himmel.cli.stop import stopping
from himmel.codec import CodecConfig
from himmel.data import open_pixels
from himmel.media import read_video
from himmel.text import TextConfig
from himmel.train import OptimiserRecipe, RunRecipe, Stage, TransformerData
from himmel.transformer import tiny, tiny_planner
from himmel.weights import load_weights

RUN = RunRecipe(steps=2, precision="fp32", averages=(0.1,), log_every=1, evaluate_every=2, tensorboard=False)
ASKED = ["--data", "clips", "--json"]


def small_codec(pixels: str, *, steps: int = 2) -> train.CodecRecipe:
    return train.CodecRecipe(
        model=CodecConfig(channels=(8, 8, 8), latent_channels=4, encoder_blocks=(0, 0, 0)),
        data=train.CodecData(pixels=pixels, batch=1, frames=5, crop=32, held_out=1),
        optimiser=OptimiserRecipe(),
        run=replace(RUN, steps=steps),
    )


def small_transformer(
    latents: str, lexicon: tuple[str, ...], *, blockings: str = "", steps: int = 2
) -> train.TransformerRecipe:
    stages = (Stage(until=1.0, lengths=((2, 1.0),)),)
    data = TransformerData(latents=latents, blockings=blockings, stages=stages, tokens=2, held_out=1)
    return train.TransformerRecipe(
        model=tiny(channels=4, text_dim=16, text_len=48, actors=2),
        text=TextConfig(lexicon=lexicon, length=48, width=16, layers=1, heads=2),
        data=data,
        optimiser=OptimiserRecipe(),
        run=replace(RUN, steps=steps),
    )


def small_planner(blockings: str, lexicon: tuple[str, ...], *, steps: int = 2) -> train.TransformerRecipe:
    model = tiny_planner(actors=2, text_dim=16, text_len=48)
    plan = replace(small_transformer(blockings, lexicon, steps=steps), model=model, seen=False, subjects=0.0)
    return replace(plan, data=replace(plan.data, copies=2))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "tiny_cpu_codec", small_codec)
    monkeypatch.setattr(train, "tiny_cpu_transformer", small_transformer)
    monkeypatch.setattr(train, "tiny_cpu_planner", small_planner)
    monkeypatch.setattr("himmel.cli.train.VALIDATION_CLIPS", 1)


@pytest.fixture
def clips(tmp_path: Path, small: None, capsys: pytest.CaptureFixture[str]) -> Path:
    size = ["--size", "32x32", "--profile", "first_light"]
    assert main(["world", "render", "--clips", "3", "--out", "clips", *size]) == 0
    capsys.readouterr()
    return tmp_path / "clips"


def bundled(out: str, *more: str, clips: int = 2, size: str = "32x32") -> int:
    return main(["train", "bundled", "--out", out, "--clips", str(clips), "--size", size, "--json", *more])


def stop_at(call: int) -> Callable[[], object]:
    """A `stopping` whose answer is yes from its `call`th question on."""

    @contextmanager
    def stopping() -> Iterator[Callable[[], bool]]:
        asked = iter(range(1, 10**6))
        yield lambda: next(asked) >= call

    return stopping


# Which question is answered with yes, in one run after the other, and where that is.
STOPS = (
    (1, "1 of 2 clips drawn, train"),
    (2, "2 of 2 clips drawn, train"),
    (3, "1 of 1 clips drawn, validation"),
    (2, "1 of 1 clips decoded"),
    (2, "2 of 2 clips decoded"),
    (1, "after step 1"),  # of the codec
    (1, "after 3 of 3 clips"),  # encoded
    (2, "after step 1"),  # of the transformer
)


def test_cut_off_in_every_stage_equals_not_cut_off(
    small: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bundled("whole") == 0
    whole = capsys.readouterr()
    for number in "1234":
        assert f"{number} of 4: " in whole.err
    assert bundled("whole") == 0  # nothing is left to do
    assert json.loads(capsys.readouterr().out) == json.loads(whole.out)
    for call, words in STOPS:
        monkeypatch.setattr("himmel.cli.train.stopping", stop_at(call))
        assert bundled("cut") == 130
        assert words in json.loads(capsys.readouterr().out)["error"]
    monkeypatch.setattr("himmel.cli.train.stopping", stopping)
    assert bundled("cut") == 0
    cut = json.loads(capsys.readouterr().out)
    assert cut["digest"] == json.loads(whole.out)["digest"] and cut["weights"] == "cut/weights"
    card = load_weights("cut/weights").card
    assert card.ledger == Lessons.of(Path("cut/clips")).training.root
    assert card.trained_samples == 4 and card.fps == 12 and "held_out_loss" in card.notes
    assert len(open_pixels("cut/codec/pixels/2-train.npy", root=card.ledger)) == 2


def test_other_amounts_do_not_mix(small: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert bundled("out") == 0
    capsys.readouterr()
    assert bundled("out", "--storage", "int8") == 0
    assert load_weights("out/weights").parts["codec"].storage == "int8"
    capsys.readouterr()
    assert bundled("out", "--transformer-steps", "1") == 1
    assert "another recipe" in json.loads(capsys.readouterr().out)["error"]
    assert bundled("out", clips=3) == 1
    assert "fill it again" in json.loads(capsys.readouterr().out)["error"]


def test_a_run_starts_from_another(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "codec", "--out", "one", *ASKED]) == 0
    assert main(["train", "codec", "--out", "two", "--from", "one", "--steps", "1", *ASKED]) == 0
    assert main(["train", "codec", "--out", "cold", "--steps", "1", *ASKED]) == 0
    capsys.readouterr()
    assert len({load_weights(f"{name}/weights").digest for name in ("one", "two", "cold")}) == 3
    assert main(["train", "codec", "--out", "three", "--from", "nothing", *ASKED]) == 1
    assert "no checkpoint to start from" in json.loads(capsys.readouterr().out)["error"]


def test_from_clips_to_a_model_that_makes_videos(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "codec", "--out", "codec", *ASKED]) == 0
    codec = json.loads(capsys.readouterr().out)
    assert codec["weights"] == "codec/weights" and codec["figures"]["held_out_psnr"] > 0
    arguments = ["train", "transformer", "--codec", "codec/weights", "--out", "run", *ASKED]
    assert main([*arguments, "--steps", "1"]) == 0
    capsys.readouterr()
    assert main(arguments) == 1  # the folder holds a run of one step: another recipe
    assert "another recipe" in json.loads(capsys.readouterr().out)["error"]

    weights = load_weights("run/weights")
    assert set(weights.parts) == {"codec", "text", "planner", "transformer"}
    card = weights.card
    assert card.ledger == load_weights("codec/weights").card.ledger and card.trained_steps == 1
    assert card.sizes == ("32x32",) and card.frames == 33 and "snowman" in card.knows["subjects"]
    assert card.styles["black_and_white"] == "black and white"

    asked = ["a red snowman jumps", "--model", "run/weights", "--dry-run", "--style", "black and white"]
    assert main(["make", *asked]) == 0
    plan = json.loads(capsys.readouterr().out)
    (note,), caption = plan["notes"], plan["shots"][0]["caption"]
    assert note.startswith('completed to: "a red snowman jumps ')  # by words of the card alone: no other note
    assert caption.startswith("a red snowman jumps ") and caption.endswith(". black and white.")


def test_a_run_of_several_sizes_makes_a_wide_video(
    small: None, keys_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("himmel.cli.train.VALIDATION_CLIPS", 3)
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    sizes = "32x32,64x32,32x64"
    assert bundled("whole", clips=6, size=sizes) == 0
    digest = json.loads(capsys.readouterr().out)["digest"]
    stops = ((4, "4 of 6 clips drawn"), (10, "1 of 1 clips decoded"), (9, "after step 1"), (2, "after step 1"))
    capsys.readouterr()
    for call, words in stops:
        monkeypatch.setattr("himmel.cli.train.stopping", stop_at(call))
        assert bundled("cut", clips=6, size=sizes) == 130
        assert words in json.loads(capsys.readouterr().out)["error"]
    monkeypatch.setattr("himmel.cli.train.stopping", stopping)
    capsys.readouterr()
    assert bundled("cut", clips=6, size=sizes) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == digest
    sides = ("32x32", "32x64", "64x32")
    names = [f"{split}-{size}.npy" for split in ("1-validation", "2-train") for size in sides]
    assert sorted(path.name for path in Path("whole/codec/pixels").glob("*.npy")) == names
    assert load_weights("whole/weights").card.sizes == ("32x32", "64x32", "32x64")

    asked = ["a red ball", "--model", "whole/weights", "--seconds", "0.4", "--steps", "1"]
    assert main(["make", *asked, "--size", "64x32", "-o", "wide.mp4"]) == 0
    assert read_video(Path("wide.mp4")).pixels.shape[1:] == (32, 64, 3)
    capsys.readouterr()
    assert main(["make", *asked, "--size", "96x32", "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert "the model was trained at 32x32, 64x32, 32x64; 96x32 will look worse" in plan["notes"]
    assert (plan["shots"][0]["width"], plan["shots"][0]["height"]) == (96, 32)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["codec", "--data", "nowhere", "--out", "x"], 1, "nowhere"),
        (["codec", "--data", "x", "--out", "x", "--recipe", "huge"], 2, 'recipe "huge"'),
        (["codec", "--data", "x", "--out", "x", "--steps", "0"], 2, "0 steps"),
        (["bundled", "--out", "x", "--clips", "0"], 2, "0 clips"),
        (["bundled", "--out", "x", "--transformer-steps", "0"], 2, "0 steps"),
        (["bundled", "--out", "x", "--size", "big"], 2, "big"),
        (["bundled", "--out", "x", "--size", "128x128,100x128"], 2, "100x128 is not divisible by 32"),
        (["transformer", "--data", "x", "--out", "x", "--codec", "nowhere"], 1, 'no weights at "nowhere"'),
        (["transformer", "--data", "x", "--out", "x"], 2, "--codec"),
    ],
)
def test_training_refuses_nonsense(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == code
    said = capsys.readouterr()
    assert words in said.err and not said.out


def test_the_first_ctrl_c_asks_and_the_second_insists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), stopping() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop() and "again" in capsys.readouterr().err
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
