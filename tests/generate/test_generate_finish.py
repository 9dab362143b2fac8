"""Finished videos from the spine: the right size, rate and content, streamed, named in plan and manifest."""

from pathlib import Path

import numpy as np
import pytest
import torch

from himmel.errors import UsageError, WeightsError
from himmel.finish import Finisher, FinisherConfig
from himmel.generate import Pipeline, Progress, load, make, read_plan, render
from himmel.media import read_video
from himmel.plan import Finish, Request
from himmel.provenance import read_root, verify
from himmel.weights import Part, load_weights, save_weights

PROMPT = "a red ball rolls left"


@pytest.fixture(scope="module")
def finished_weights(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny weights with a small finisher whose last layers are not zero."""
    torch.manual_seed(4)
    finisher = Finisher(FinisherConfig(width=8, blocks=2, memory=4, between_width=8, between_blocks=1, reach=1))
    for layer in (finisher.enlarge.paint, finisher.between.paint, finisher.between.shift):
        torch.nn.init.normal_(layer.weight, std=0.1)
    weights = load_weights(tiny_weights)
    part = Part(config=finisher.config.to_dict(), tensors=finisher.state_dict())
    folder = tmp_path_factory.mktemp("finished") / "tiny"
    save_weights(folder, {**weights.parts, "finisher": part}, weights.card)
    return folder


@pytest.fixture(scope="module")
def pipe(finished_weights: Path, keys_folder: Path) -> Pipeline:
    return load(finished_weights, keys_folder=keys_folder)


def test_a_large_smooth_video_is_made_and_sealed(pipe: Pipeline, tmp_path: Path) -> None:
    events: list[Progress] = []
    out = tmp_path / "ball.mp4"
    make(Request(prompt=PROMPT, seed=7, size="320x180", fps=24), pipe, out, on_progress=events.append)
    video = read_video(out)
    assert video.pixels.shape == (17, 180, 320, 3) and video.fps == 24
    decided = read_plan(out)
    assert decided.finish == Finish(width=320, height=180, smooth=2) and str(decided.shots[0].size) == "64x64"
    found = verify(out, read_root(pipe.keys_folder))
    assert found.answer == "ours (signed)" and found.manifest is not None
    assert found.manifest.edits == (
        "the middle 64x36 of 64x64 pixels was kept",
        "a learned network put frames between frames: 12 became 24 a second",
        "a learned network enlarged the frames: 64x36 became 320x180 pixels",
    )
    done = [event.done for event in events if event.stage == "finish"]
    assert done == list(range(1, 18)) and events[-1].eta is not None
    assert all(event.eta is None for event in events[: [e.stage for e in events].index("finish")])
    render(decided, pipe, tmp_path / "again.mp4")
    assert np.array_equal(read_video(tmp_path / "again.mp4").pixels, video.pixels)


def test_the_final_shows_what_the_draft_showed(pipe: Pipeline) -> None:
    draft, final = (pipe(PROMPT, seed=7, preset=preset) for preset in ("draft", "final"))
    assert draft.frames.shape == (9, 64, 64, 3) and final.frames.shape == (17, 256, 256, 3)
    assert (draft.fps, final.fps) == (12, 24) and final.seconds == pytest.approx(draft.seconds, abs=0.05)
    means = final.frames[::2].reshape(9, 64, 4, 64, 4, 3).astype(float).mean((2, 4))
    assert np.corrcoef(means.ravel(), draft.frames.ravel())[0, 1] > 0.98
    detail = final.frames[::2].astype(float) - means.repeat(4, 1).repeat(4, 2)
    assert np.abs(detail).mean() > 1  # it is not only the draft in large pixels


def test_a_cut_draft_is_what_its_final_keeps(pipe: Pipeline) -> None:
    whole = pipe(PROMPT, seed=7).frames
    draft = pipe(PROMPT, seed=7, preset="draft", size="320x180").frames
    assert np.array_equal(draft, whole[:, 14:50])


def test_frames_leave_one_by_one(pipe: Pipeline) -> None:
    decided = pipe.plan(Request(prompt=PROMPT, seed=7, preset="final", seconds=2))
    chunks = [chunk.shape for chunk in pipe.stream(decided)]
    assert chunks == [(1, 256, 256, 3)] * 49 == [(1, 256, 256, 3)] * decided.frames


def test_both_precisions_finish(pipe: Pipeline) -> None:
    decided = pipe.plan(Request(prompt=PROMPT, seed=7, preset="final"))
    wide, narrow = (
        pipe.run(decided.model_copy(update={"precision": precision})).frames.astype(int)
        for precision in ("float32", "bfloat16")
    )
    assert pipe.model.cast("bfloat16").finisher.enlarge.enter.weight.dtype == torch.bfloat16  # type: ignore[union-attr]
    assert 0 < np.abs(wide - narrow).mean() < 15


def test_a_picture_can_be_finished(pipe: Pipeline, tmp_path: Path) -> None:
    one = pipe(PROMPT, seed=7, seconds=0.01, size="256x256")
    assert one.frames.shape == (1, 256, 256, 3)
    one.save(tmp_path / "ball.png")
    assert read_plan(tmp_path / "ball.png") == one.plan


def test_weights_without_a_finisher_say_so(tiny_weights: Path, keys_folder: Path, pipe: Pipeline) -> None:
    plain = load(tiny_weights, keys_folder=keys_folder)
    assert plain.model.finisher is None and plain.facts.enlarges == 0
    with pytest.raises(UsageError, match="himmel train finisher"):
        plain("a red ball", preset="final")
    finish = {"finish": Finish(width=256, height=256), "weights": plain.facts.weights}
    with pytest.raises(WeightsError, match="no finisher"):
        plain.run(pipe.plan(Request(prompt=PROMPT)).model_copy(update=finish))
