import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from himmel.conditions import Ends, FirstFrame, Prefix, Region
from himmel.errors import Cancelled, Declined, HimmelError, MediaError, UsageError, WeightsError
from himmel.generate import Clip, Pipeline, Progress, clip, describe, load, make, read_plan, references, render
from himmel.generate.model import Asked
from himmel.media import part_path, read_image, read_video, write_video
from himmel.plan import Plan, Request, Windows
from himmel.provenance import read_root, verify
from himmel.weights import CATALOGUE, load_weights, read_index, save_weights

PROMPT = "a red ball rolls left"


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path, keys_folder: Path) -> Pipeline:
    return load(tiny_weights, keys_folder=keys_folder)


def noise_clip(frames: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, 64, 64, 3), dtype=np.uint8)


def test_the_same_seed_gives_the_same_frames(pipe: Pipeline, tiny_weights: Path, keys_folder: Path) -> None:
    first = pipe(PROMPT, seed=7)
    torch.manual_seed(99)
    again = load(tiny_weights, keys_folder=keys_folder)(PROMPT, seed=7)
    other = pipe(PROMPT, seed=8)
    assert first.frames.shape == (9, 64, 64, 3) and first.frames.dtype == np.uint8
    assert np.array_equal(first.frames, again.frames)
    assert not np.array_equal(first.frames, other.frames)
    assert first.plan.variation(1) == other.plan
    assert np.array_equal(pipe.run(first.plan.variation(1)).frames, other.frames)


def test_text_and_guidance_change_the_frames(pipe: Pipeline) -> None:
    first = pipe(PROMPT, seed=7)
    assert not np.array_equal(first.frames, pipe("a blue cube", seed=7).frames)
    assert not np.array_equal(first.frames, pipe(PROMPT, seed=7, guidance=1.0).frames)
    assert not np.array_equal(first.frames, pipe(PROMPT, seed=7, negative="blue").frames)


def test_words_the_model_lacks_have_no_effect(pipe: Pipeline) -> None:
    plain = pipe.model.embed(PROMPT, "blue").tokens
    more = pipe.model.embed("a crimson red ball by rolls left", "blue zeppelin").tokens
    assert torch.equal(more, plain) and not torch.equal(more, pipe.model.embed("a red ball", "blue").tokens)
    assert pipe.facts.left_over is not None and pipe.facts.left_over("zeppelin " * 9 + PROMPT) == 0


def test_a_long_clip_goes_on_in_windows(pipe: Pipeline) -> None:
    events: list[Progress] = []
    decided = pipe.plan(Request(prompt=PROMPT, seconds=2, seed=7))
    chunks = list(pipe.stream(decided, clock=pipe.clock(decided, events.append)))
    assert sum(map(len, chunks)) == decided.frames == 25 and len(chunks) > 2
    short = pipe(PROMPT, seed=7)
    assert np.array_equal(np.concatenate(chunks)[:9], short.frames)
    # 7 latent frames in windows of 3 that overlap by 2: five windows of three steps.
    assert [event.done for event in events if event.stage == "denoise"] == list(range(1, 16))
    assert [event.done for event in events if event.stage == "decode"] == [3, 4, 5, 6, 7]


def rolling(pipe: Pipeline, *, frames: int = 41, **asked: Any) -> Plan:
    """A plan whose window of 7 latent frames is [sink 1 | history 2 | active 4], one leaving at a time."""
    decided = pipe.plan(Request(prompt=PROMPT, seconds=frames / 12, seed=7, **asked))
    windows = Windows(frames=25, overlap=5, carry_level=0.05, sink=1, stride=4)
    return decided.model_copy(update={"shots": (decided.shots[0].model_copy(update={"windows": windows}),)})


def test_a_rolling_window_streams_the_same_frames_again(pipe: Pipeline) -> None:
    events: list[Progress] = []
    decided = rolling(pipe)
    chunks = list(pipe.stream(decided, clock=pipe.clock(decided, events.append)))
    assert [len(chunk) for chunk in chunks] == [17, *[4] * 6]  # 11 latent frames, of which 5 leave at once
    assert np.array_equal(np.concatenate(chunks), pipe.run(decided).frames)
    calls = [event for event in events if event.stage == "denoise"]
    assert [event.done for event in calls] == list(range(1, calls[0].total + 1))
    decodes = [place for place, event in enumerate(events) if event.stage == "decode"]
    assert decodes[0] < len(events) / 2, "frames are handed on while later ones are made"
    windows = decided.shots[0].model_copy(update={"windows": Windows(frames=25, overlap=9)})
    assert not np.array_equal(
        pipe.run(decided.model_copy(update={"shots": (windows,)})).frames, np.concatenate(chunks)
    )


def test_conditions_hold_in_a_rolling_window(pipe: Pipeline) -> None:
    given, whole = noise_clip(9), noise_clip(41)
    ends = Ends(first=given[:5], last=given[5:])
    decided = rolling(pipe).model_copy(update={"conditions": references([ends])})
    made = pipe.run(decided, [ends]).frames
    assert np.array_equal(made[:5], given[:5]) and np.array_equal(made[-4:], given[5:])
    region = Region(frames=whole, box=(0, 0, 32, 32))
    decided = rolling(pipe).model_copy(update={"conditions": references([region])})
    made = pipe.run(decided, [region]).frames
    assert np.array_equal(made[:, 32:], whole[:, 32:]) and not np.array_equal(made[:, :32], whole[:, :32])


def test_another_text_begins_at_its_time(pipe: Pipeline) -> None:
    plain, turned = rolling(pipe), rolling(pipe, at=[(2.4, "a blue cube")])
    assert [cue.frame for cue in turned.shots[0].cues] == [29]  # 2.4 s is frame 28.8
    before, after = pipe.run(plain).frames, pipe.run(turned).frames
    same = [np.array_equal(one, other) for one, other in zip(before, after, strict=True)]
    # 8 latent frames have the first text; those that leave before the ninth enters have not seen the other.
    assert all(same[:17]) and not any(same[29:])
    assert np.array_equal(pipe.run(turned).frames, after)
    events: list[Progress] = []
    list(pipe.stream(turned, clock=pipe.clock(turned, events.append)))
    assert events[-1].eta == pytest.approx(0, abs=1e-9), "calls with two texts are counted as what they cost"


def test_each_latent_frame_takes_the_prediction_with_its_own_text(pipe: Pipeline) -> None:
    red, blue = (pipe.model.embed(text, "") for text in (PROMPT, "a blue cube"))
    x, levels = torch.randn(1, 4, 5, 4, 4), torch.full((1, 1, 5, 4, 4), 0.7, dtype=torch.float64)
    both = Asked(model=pipe.model, texts={0: red, 12: blue})
    mixed = both.over((10, 11, 12, 13))(x, levels, True)
    one, other = (Asked(model=pipe.model, texts={0: text}).over((0,))(x, levels, True) for text in (red, blue))
    torch.testing.assert_close(mixed.text[:, :, :3], one.text[:, :, :3])
    torch.testing.assert_close(mixed.text[:, :, 3:], other.text[:, :, 3:])
    assert not torch.allclose(one.text, other.text) and mixed.null is not None and one.null is not None
    torch.testing.assert_close(mixed.null, one.null)


def test_every_text_of_a_plan_is_reviewed(pipe: Pipeline) -> None:
    with pytest.raises(Declined):
        pipe(PROMPT, seconds=2, at=[(1, "a nude child")])


def test_bfloat16_is_near_float32(pipe: Pipeline) -> None:
    decided = pipe.plan(Request(prompt=PROMPT, seed=7))
    wide = pipe.run(decided.model_copy(update={"precision": "float32"})).frames.astype(int)
    narrow = pipe.run(decided.model_copy(update={"precision": "bfloat16"})).frames.astype(int)
    assert 0 < np.abs(wide - narrow).mean() < 12


def test_a_video_is_sealed_and_names_its_plan_weights_and_ledger(pipe: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "ball.mp4"
    sealed = make(Request(prompt=PROMPT, seed=7), pipe, out)
    assert list(tmp_path.iterdir()) == [out] and sealed.path == out
    found = verify(out, read_root(pipe.keys_folder))
    assert found.answer == "ours (signed)" and found.manifest is not None
    assert found.manifest.weights == pipe.facts.weights and found.manifest.ledger == "1" * 64
    assert found.manifest.plan == read_plan(out).to_json()
    statuses = {verdict["subject"]: verdict["status"] for verdict in found.manifest.verdicts}
    assert statuses == {"prompt": "ran", "frames": "skipped"}
    assert not next(v for v in found.manifest.verdicts if v["subject"] == "frames")["safe"]


def test_a_stored_plan_repeats_its_video(pipe: Pipeline, tmp_path: Path) -> None:
    make(Request(prompt=PROMPT), pipe, tmp_path / "a.mp4")
    render(read_plan(tmp_path / "a.mp4"), pipe, tmp_path / "b.mp4")
    assert read_plan(tmp_path / "a.mp4") == read_plan(tmp_path / "b.mp4")
    assert np.array_equal(read_video(tmp_path / "a.mp4").pixels, read_video(tmp_path / "b.mp4").pixels)


def test_one_frame_is_a_picture(pipe: Pipeline, tmp_path: Path) -> None:
    one = pipe(PROMPT, seed=7, seconds=0.01)
    one.save(tmp_path / "ball.png")
    assert np.array_equal(read_image(tmp_path / "ball.png"), one.frames[0])
    assert verify(tmp_path / "ball.png", read_root(pipe.keys_folder)).answer == "ours (signed)"
    with pytest.raises(UsageError, match="9 frames"):
        pipe(PROMPT).save(tmp_path / "more.png")
    assert [path.name for path in tmp_path.iterdir()] == ["ball.png"]


def test_conditions_are_kept_and_named(pipe: Pipeline) -> None:
    given = noise_clip(9)
    made = pipe(PROMPT, seed=7, conditions=[Prefix(frames=given[:5])])
    assert np.array_equal(made.frames[:5], given[:5]) and not np.array_equal(made.frames[5:], given[5:])
    assert [ref.kind for ref in made.plan.conditions] == ["prefix"]
    region = Region(frames=given, box=(0, 0, 32, 32))
    inside = pipe(PROMPT, seed=7, conditions=[region]).frames
    assert np.array_equal(inside[:, 32:], given[:, 32:]) and not np.array_equal(inside[:, :32], given[:, :32])
    with pytest.raises(UsageError, match="other conditions"):
        pipe.run(made.plan)
    with pytest.raises(UsageError, match="other conditions"):
        pipe.run(made.plan, [FirstFrame(image=given[0])])


def test_conditions_hold_across_windows(pipe: Pipeline) -> None:
    given = noise_clip(9)
    made = pipe(PROMPT, seed=7, seconds=2, conditions=[Prefix(frames=given)])
    assert len(made.frames) == 25 and np.array_equal(made.frames[:9], given)


@pytest.mark.parametrize("stage", ["text", "denoise", "decode", "write", "seal"])
def test_cancelling_leaves_nothing(pipe: Pipeline, tmp_path: Path, stage: str) -> None:
    def stop(event: Progress) -> None:
        if event.stage == stage:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        make(Request(prompt=PROMPT), pipe, tmp_path / "ball.mp4", on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_previews_show_the_predicted_video(pipe: Pipeline) -> None:
    events: list[Progress] = []
    pipe(PROMPT, on_progress=events.append)
    previews = [event.preview for event in events if event.stage == "denoise"]
    assert len(previews) == 3
    assert all(p is not None and p.shape == (3, 4, 4, 3) and p.dtype == np.uint8 for p in previews)


def test_what_the_policy_refuses_costs_nothing(pipe: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(Declined, match="sexual-minors") as caught:
        make(Request(prompt="a nude child"), pipe, tmp_path / "no.mp4")
    assert caught.value.rule == "sexual-minors" and list(tmp_path.iterdir()) == []
    with pytest.raises(Declined):
        pipe("a nude child")
    decided = pipe.plan(Request(prompt=PROMPT))
    shot = decided.shots[0].model_copy(update={"caption": "a nude child"})
    with pytest.raises(Declined):
        render(decided.model_copy(update={"shots": (shot,)}), pipe, tmp_path / "no.mp4")


def test_a_model_has_one_name_and_makes_one_clip(
    pipe: Pipeline, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pipe.plan(Request(prompt=PROMPT)).model == pipe(PROMPT, model="tiny").plan.model == "tiny"
    with pytest.raises(UsageError, match='the model "tiny"; load "other"'):
        pipe(PROMPT, model="other")
    with pytest.raises(UsageError, match="one video"):
        pipe(PROMPT, count=4)
    monkeypatch.setitem(CATALOGUE, "bundled", tiny_weights)
    assert describe(read_index("bundled")).name == "bundled"


def test_an_existing_file_is_kept(pipe: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "ball.mp4").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        make(Request(prompt=PROMPT), pipe, tmp_path / "ball.mp4")
    assert (tmp_path / "ball.mp4").read_text() == "mine"
    make(Request(prompt=PROMPT), pipe, tmp_path / "ball.mp4", force=True)
    assert read_video(tmp_path / "ball.mp4").pixels.shape[0] == 9
    with pytest.raises(UsageError, match="one video"):
        make(Request(prompt=PROMPT, count=2), pipe, tmp_path / "two.mp4")


def broken(tiny_weights: Path, folder: Path, part: str, **values: torch.Tensor) -> Path:
    weights = load_weights(tiny_weights)
    parts = dict(weights.parts)
    tensors = {name: values.get(name.replace(".", "_"), value) for name, value in parts[part].tensors.items()}
    parts[part] = type(parts[part])(config=parts[part].config, tensors=tensors)
    save_weights(folder, parts, weights.card)
    return folder


def test_flat_frames_are_dropped(tiny_weights: Path, keys_folder: Path, tmp_path: Path) -> None:
    zero, bias = torch.zeros(12, 4, 3, 3), torch.zeros(12)
    folder = broken(tiny_weights, tmp_path / "w", "codec", pixels_out_weight=zero, pixels_out_bias=bias)
    with pytest.raises(HimmelError, match="the frames were dropped: every frame is one flat colour"):
        make(Request(prompt=PROMPT), load(folder, keys_folder=keys_folder), tmp_path / "flat.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_weights_that_do_not_fit_are_refused(tiny_weights: Path, tmp_path: Path) -> None:
    folder = broken(tiny_weights, tmp_path / "w", "codec", pixels_out_bias=torch.zeros(3))
    with pytest.raises(WeightsError, match="the codec weights do not fit their config"):
        load(folder)


def test_a_plan_of_other_weights_is_refused(pipe: Pipeline) -> None:
    decided = pipe.plan(Request(prompt=PROMPT)).model_copy(update={"weights": "f" * 64})
    with pytest.raises(WeightsError, match="ffffffffffff"):
        pipe.run(decided)


def test_a_video_without_a_plan_cannot_be_repeated(tmp_path: Path) -> None:
    part = part_path(tmp_path / "x.mp4")
    write_video(part, [noise_clip(2)], 12)
    with pytest.raises(MediaError, match="no plan"):
        read_plan(part)


def test_a_notebook_shows_the_sealed_video(
    pipe: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pipe("<b> ball", seed=7)
    shown = made._repr_mimebundle_()
    source = re.search(r'src="data:video/mp4;base64,([^"]+)"', shown["text/html"])
    assert source and "&lt;b&gt;" in shown["text/html"] and "0.75 s" in shown["text/plain"]
    (tmp_path / "shown.mp4").write_bytes(base64.b64decode(source[1]))
    assert verify(tmp_path / "shown.mp4", read_root(pipe.keys_folder)).answer == "ours (signed)"
    monkeypatch.setattr(clip, "NOTEBOOK_BYTES", 10)
    assert "too large to show" in made._repr_mimebundle_()["text/html"]


def test_frames_of_a_clip_stay_what_the_plan_says(pipe: Pipeline) -> None:
    made = pipe(PROMPT)
    assert isinstance(made, Clip) and made.fps == 12 and made.seconds == 0.75
    with pytest.raises(ValueError, match="read-only"):
        made.frames[0] = 0
