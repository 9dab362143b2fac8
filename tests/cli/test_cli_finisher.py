"""`himmel train finisher`: from weights to weights that make larger, smoother videos."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_cli_train import RUN, stop_at

from himmel import train
from himmel.cli import main
from himmel.cli.stop import stopping
from himmel.data import ClipShards
from himmel.finish import FinisherConfig
from himmel.generate import Pictures, describe, direct, read_plan
from himmel.media import read_video, write_png
from himmel.plan import Request
from himmel.train import FinisherData, FinisherRecipe, OptimiserRecipe
from himmel.weights import load_weights, read_index

SMALL = FinisherConfig(width=8, blocks=1, memory=4, between_width=8, between_blocks=1, reach=1)


def small_finisher(pairs: str, *, steps: int = 2) -> FinisherRecipe:
    return FinisherRecipe(
        model=SMALL,
        data=FinisherData(pairs=pairs, parts=1, batch=1, frames=2, crop=12, held_out=1),
        optimiser=OptimiserRecipe(),
        run=replace(RUN, steps=steps),
    )


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "tiny_cpu_finisher", small_finisher)
    monkeypatch.setattr("himmel.cli.train.FINISHER_VALIDATION_CLIPS", 1)
    short = train.Cutting(frames=3, stretches=1)
    monkeypatch.setattr(train, "Cutting", lambda **changes: short)


def asked(weights: Path, out: str, *more: str, clips: int = 2) -> int:
    amount = ["--clips", str(clips), "--size", "64x64"]
    return main(["train", "finisher", "--model", str(weights), "--out", out, *amount, "--json", *more])


# Which question is answered with yes, in one run after the other, and where that is.
STOPS = (
    (1, "1 of 2 clips drawn, train"),
    (3, "1 of 1 clips drawn, validation"),
    (2, "after 3 of 3 clips"),  # cut
    (2, "after step 1"),
)


def test_cut_off_in_every_stage_equals_not_cut_off(
    small: None, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tiny_weights, "whole") == 0
    whole = capsys.readouterr()
    for number in "123":
        assert f"{number} of 3: " in whole.err
    for call, words in STOPS:
        monkeypatch.setattr("himmel.cli.train.stopping", stop_at(call))
        assert asked(tiny_weights, "cut") == 130
        assert words in json.loads(capsys.readouterr().out)["error"]
    monkeypatch.setattr("himmel.cli.train.stopping", stopping)
    assert asked(tiny_weights, "cut") == 0
    cut = json.loads(capsys.readouterr().out)
    assert cut["digest"] == json.loads(whole.out)["digest"] and cut["weights"] == "cut/weights"
    assert set(cut["figures"]) == {"held_out_psnr", "held_out_gain"}


def test_the_weights_get_a_finisher_and_keep_the_rest(
    small: None, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tiny_weights, "run") == 0
    capsys.readouterr()
    before, after = load_weights(tiny_weights), load_weights("run/weights")
    assert set(after.parts) == set(before.parts) | {"finisher"}
    for name in before.parts:
        assert after.index.parts[name] == before.index.parts[name]
    assert FinisherConfig.from_dict(dict(after.parts["finisher"].config)) == SMALL
    root = ClipShards(Path("run/clips"), split="train").root
    assert after.card.ledger == before.card.ledger and after.card.other_ledgers == (root,)
    assert "finisher, " in after.card.notes and "held_out_gain" in after.card.notes
    row = ClipShards(Path("run/clips"), split="train").rows[0]
    assert (row.frames, row.width) == (17, 64) and '"fps":24' in row.transform
    arguments = ["make", "a red ball", "--model", "run/weights", "--dry-run"]
    assert main([*arguments, "--size", "1920x1080", "--fps", "24"]) == 0
    decided = json.loads(capsys.readouterr().out)
    assert decided["finish"] == {"width": 1920, "height": 1080, "smooth": 2}
    assert (decided["shots"][0]["width"], decided["shots"][0]["fps"]) == (64, 12)
    assert main([*arguments, "--preset", "final"]) == 0
    assert json.loads(capsys.readouterr().out)["finish"]["width"] == 256


def test_a_draft_file_becomes_its_final(
    small: None, tiny_weights: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    assert asked(tiny_weights, "run") == 0
    model = ["--model", "run/weights"]
    assert main(["make", "a red ball", *model, "--preset", "draft", "--size", "256x144", "-o", "draft.mp4"]) == 0
    again = ["make", "--from", "draft.mp4", *model, "--size", "256x144"]
    assert main([*again, "--preset", "final", "-o", "final.mp4"]) == 0
    draft, final = read_plan(Path("draft.mp4")), read_plan(Path("final.mp4"))
    assert draft.shots == final.shots and (draft.fps, final.fps) == (12, 24)
    small_frames, large = read_video(Path("draft.mp4")).pixels, read_video(Path("final.mp4")).pixels
    assert small_frames.shape == (9, 36, 64, 3) and large.shape == (17, 144, 256, 3)
    means = large[::2].reshape(9, 36, 4, 64, 4, 3).astype(float).mean((2, 4))
    assert np.corrcoef(means.ravel(), small_frames.ravel())[0, 1] > 0.5  # of noise, which H.264 keeps badly
    assert main(["make", "--from", "draft.mp4", *model, "--seed", "3"]) == 2


def test_a_start_picture_goes_where_the_final_keeps_it(
    small: None, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tiny_weights, "run") == 0
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, 80:] = 200
    write_png(Path("start.png"), picture)
    request = Request(prompt="a red ball", size="320x180")
    (first,) = direct(request, Pictures(["start.png"], first=True), describe(read_index("run/weights"))).conditions
    assert first.image.shape == (64, 64, 3)  # type: ignore[attr-defined]
    kept = first.image[14:50]  # type: ignore[attr-defined]
    assert (kept[:, :30] < 20).all() and (kept[:, 34:] > 180).all()
    assert np.array_equal(first.image[0], kept[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("32x32", "32x32 is smaller than the 48x48 pixels"),
        ("100x128", "100x128 is not divisible by 64; nearest: 128x128"),
    ],
)
def test_sizes_that_cannot_be_learned_are_refused_before_drawing(
    small: None, tiny_weights: Path, capsys: pytest.CaptureFixture[str], size: str, words: str
) -> None:
    assert main(["train", "finisher", "--model", str(tiny_weights), "--out", "x", "--size", size]) == 2
    assert words in capsys.readouterr().err and not Path("x").exists()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--model", "nowhere"], 1, 'no weights at "nowhere"'),
        ([], 2, "--model"),
        (["--model", "x", "--clips", "0"], 2, "0 clips"),
        (["--model", "x", "--steps", "0"], 2, "0 steps"),
    ],
)
def test_nonsense_is_refused(
    small: None, capsys: pytest.CaptureFixture[str], more: list[str], code: int, words: str
) -> None:
    assert main(["train", "finisher", "--out", "x", *more]) == code
    assert words in capsys.readouterr().err
