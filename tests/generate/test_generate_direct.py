"""What each verb over given files guarantees, at random weights: nothing here depends on what they know."""

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from himmel.conditions import Origin, Seam, as_video
from himmel.errors import UsageError
from himmel.generate import (
    Connect,
    Extend,
    Inpaint,
    Loop,
    Outpaint,
    Pictures,
    Pipeline,
    Remix,
    Verb,
    direct,
    directed_again,
    frames,
    load,
    read_plan,
)
from himmel.generate.model import Model
from himmel.media import Pixels, part_path, read_video, write_image, write_video
from himmel.plan import Plan, Request
from himmel.provenance import read_root, verify

PROMPT = "a red ball rolls left"


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path, keys_folder: Path) -> Pipeline:
    return load(tiny_weights, keys_folder=keys_folder)


def moving(count: int, size: tuple[int, int] = (64, 64), shift: int = 0) -> Pixels:
    """A smooth pattern that moves two pixels a frame."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    clip = [
        np.stack([128 + 90 * np.sin((columns + 2 * (t + shift) + 9 * c) / 9 + rows / 13) for c in range(3)], -1)
        for t in range(count)
    ]
    return np.stack(clip).round().astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Given files: a.mp4 and b.mp4 of 64x64 at 12 fps, others that need fitting, pictures and a mask."""
    folder = tmp_path_factory.mktemp("given")
    for name, clip, fps in (
        ("a", moving(10), 12),
        ("b", moving(11, shift=40), 12),
        ("wide", moving(30, (120, 68)), 24),
        ("short", moving(3), 12),
    ):
        _video(folder, name, clip, fps)
    for name, value in (("p", 30), ("q", 120), ("r", 220)):
        _picture(folder, name, np.full((64, 64, 3), value, np.uint8) + moving(1)[0] // 8)
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[8:40, 20:50] = 255
    _picture(folder, "mask", mask)
    _picture(folder, "black", mask * 0)
    _picture(folder, "white", mask * 0 + 255)
    _picture(folder, "small", mask[:32])
    return folder


def _video(folder: Path, name: str, clip: Pixels, fps: int) -> None:
    part = part_path(folder / f"{name}.mp4")
    write_video(part, [clip], fps)
    part.replace(folder / f"{name}.mp4")


def _picture(folder: Path, name: str, picture: Pixels) -> None:
    part = part_path(folder / f"{name}.png")
    write_image(part, picture)
    part.replace(folder / f"{name}.png")


def pixels(path: Path) -> Pixels:
    return read_video(path).pixels


def changes(clip: Pixels) -> np.ndarray:
    return np.abs(np.diff(clip.astype(np.int16), axis=0)).mean((1, 2, 3))


def test_pictures_are_seen_at_their_times(pipe: Pipeline, folder: Path) -> None:
    verb = Pictures([folder / f"{n}.png" for n in "pqr"], first=True, at=(0.5,), last=True)
    clip = pipe.direct(verb, PROMPT, seed=7, seconds=1.1)
    assert len(clip.frames) == 13
    for place, value in ((0, 30), (6, 120), (12, 220)):
        assert np.array_equal(clip.frames[place], np.full((64, 64, 3), value, np.uint8) + moving(1)[0] // 8)
    assert sorted(ref.kind for ref in clip.plan.conditions) == ["first_frame", "keyframes"]


def test_going_on_keeps_every_given_frame(pipe: Pipeline, folder: Path) -> None:
    given = pixels(folder / "a.mp4")  # 10 frames, which is not 1 + 4k
    clip = pipe.direct(Extend(folder / "a.mp4", seconds=1), PROMPT, seed=7)
    assert len(clip.frames) == clip.plan.frames == 22 and np.array_equal(clip.frames[:10], given)
    other = pipe.direct(Extend(folder / "a.mp4", seconds=1), PROMPT, seed=8)
    assert np.array_equal(other.frames[:10], given) and not np.array_equal(other.frames[10:], clip.frames[10:])
    cut = pipe.direct(Extend(folder / "a.mp4", seconds=1, span=(0.25, 0.5)), PROMPT, seed=7)
    assert len(cut.frames) == 15 and np.array_equal(cut.frames[:3], given[3:6])


def test_leading_up_keeps_the_ending(pipe: Pipeline, folder: Path) -> None:
    given = pixels(folder / "a.mp4")
    verb = Extend(folder / "a.mp4", seconds=0.75, backward=True)
    first, other = (pipe.direct(verb, PROMPT, seed=seed) for seed in (7, 8))
    assert len(first.frames) == first.plan.frames == 15
    assert np.array_equal(first.frames[-10:], given) and np.array_equal(other.frames[-10:], given)
    assert not np.array_equal(first.frames[:-10], other.frames[:-10])


def test_a_bridge_joins_both(pipe: Pipeline, folder: Path) -> None:
    first, last = pixels(folder / "a.mp4"), pixels(folder / "b.mp4")
    files = (folder / "a.mp4", folder / "b.mp4")
    joined = pipe.direct(Connect(files, seconds=1), PROMPT, seed=7)
    assert len(joined.frames) == joined.plan.frames == 10 + 12 + 11
    assert np.array_equal(joined.frames[:10], first) and np.array_equal(joined.frames[-11:], last)
    alone = pipe.direct(Connect(files, seconds=1, alone=True), PROMPT, seed=7)
    assert alone.plan.frames == 12 and np.array_equal(alone.frames, joined.frames[10:-11])


def test_a_loop_closes(pipe: Pipeline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = pixels(folder / "a.mp4")
    verb = Loop(folder / "a.mp4", seconds=1)
    clip = pipe.direct(verb, PROMPT, seed=7)
    assert len(clip.frames) == 22 and np.array_equal(clip.frames[:10], given)
    # Random weights know nothing of the clip; both seams are smoothed none the less.
    monkeypatch.setattr(frames, "Seam", Unsmoothed)
    bare = pipe.direct(verb, PROMPT, seed=7)
    assert np.array_equal(bare.frames[:10], given)
    for places in ([9, 10], [-1, 0]):
        assert changes(clip.frames[places])[0] < 0.9 * changes(bare.frames[places])[0]


class Unsmoothed(Seam):
    """Given frames next to made ones, as they are."""

    def join(self, decoded: Pixels, restored: Pixels) -> Pixels:
        return restored


def test_remixing_begins_at_the_clip(pipe: Pipeline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[float] = []

    def content(self: Model, latents: Tensor, level: Tensor, tokens: Tensor, *more: Tensor | None) -> Tensor:
        levels.append(float(level.max()))
        return latents.expand(len(tokens), -1, -1, -1, -1)

    assert pipe.model.transformer.config.prediction == "clean"
    monkeypatch.setattr(Model, "predict", content)  # a network that takes what it sees for clean
    given = pixels(folder / "a.mp4")
    padded = np.concatenate([given, np.repeat(given[-1:], 3, axis=0)])
    coded = pipe.model.codec.decode(pipe.model.encode(as_video(padded)))[0].permute(1, 2, 3, 0)[:10]
    target, away = (coded * 127.5 + 127.5).clamp(0, 255).numpy(), []
    for strength in (0.02, 0.3, 0.9):
        clip = pipe.direct(Remix(folder / "a.mp4", strength=strength), PROMPT, seed=7, steps=8)
        assert len(clip.frames) == clip.plan.frames == 10 and clip.plan.shots[0].sampling.start == strength
        assert levels[0] == pytest.approx(strength)  # later ones see frames that are made
        away.append(float(np.abs(clip.frames - target).mean()))
        levels.clear()
    assert away[0] < 3 and away[0] < away[1] < away[2]
    assert not np.array_equal(pipe.direct(Remix(folder / "a.mp4"), PROMPT, seed=8).frames, clip.frames)


def test_remixing_rolls_along_a_long_clip(pipe: Pipeline, folder: Path) -> None:
    clip = pipe.direct(Remix(folder / "wide.mp4", strength=0.5), PROMPT, seed=7, steps=4)
    assert len(clip.frames) == 15  # 30 frames at 24 fps
    with pytest.raises(UsageError, match="remixed from one clip"):
        given = pixels(folder / "a.mp4")[:9]
        pipe(PROMPT, conditions=[Origin(frames=given, start=0.5), Origin(frames=given, start=0.4)])


@pytest.mark.parametrize("invert", [False, True])
def test_outside_a_mask_nothing_changes(pipe: Pipeline, folder: Path, invert: bool) -> None:
    given = pixels(folder / "a.mp4")
    clip = pipe.direct(Inpaint((folder / "a.mp4", folder / "mask.png"), invert=invert), PROMPT, seed=7)
    made = np.zeros((64, 64), bool)
    made[8:40, 20:50] = True
    made ^= invert
    assert len(clip.frames) == clip.plan.frames == 10
    assert np.array_equal(clip.frames[:, ~made], given[:, ~made])
    assert (clip.frames[:, made] != given[:, made]).mean() > 0.5
    inner = np.abs(clip.frames.astype(int) - given).mean((0, 3))
    assert inner[8, 35] < inner[24, 35] or invert  # at the seam less is new than in the middle


def test_a_box_changes_a_span_only(pipe: Pipeline, folder: Path) -> None:
    given = pixels(folder / "a.mp4")
    clip = pipe.direct(Inpaint(folder / "a.mp4", box=(10, 12, 30, 40), span=(0.25, 0.5)), PROMPT, seed=7)
    differs = (clip.frames != given).any(-1)
    assert not differs[:3].any() and not differs[6:].any() and differs[3:6, 12:52, 10:40].mean() > 0.5
    differs[3:6, 12:52, 10:40] = False
    assert not differs.any()
    whole = pipe.direct(Inpaint(folder / "a.mp4", span=(0.25, 0.5)), PROMPT, seed=7).frames
    assert np.array_equal(whole[:3], given[:3]) and np.array_equal(whole[6:], given[6:])
    assert (whole[3:6] != given[3:6]).mean() > 0.5


def test_more_picture_around_a_video(pipe: Pipeline, folder: Path) -> None:
    given = pixels(folder / "a.mp4")
    clip = pipe.direct(Outpaint(folder / "a.mp4"), PROMPT, seed=7, size="128x64")
    assert clip.frames.shape == (10, 64, 128, 3)
    assert np.array_equal(clip.frames[:, :, 32:96], given)
    assert (clip.frames[:, :, :32] != given[:, :, :1]).mean() > 0.5


def test_files_of_other_kinds_are_fitted_and_it_is_said(pipe: Pipeline, folder: Path) -> None:
    directed = direct(Request(prompt=PROMPT), Extend(folder / "wide.mp4", seconds=1), pipe.facts)
    assert directed.plan.frames == 15 + 12 and str(directed.plan.size) == "64x64"
    assert "given file 1 is 120x68 at 24 fps and is used as 64x64 at 12 fps" in directed.plan.notes
    same = direct(Request(prompt=PROMPT), Extend(folder / "a.mp4"), pipe.facts)
    assert not [note for note in same.plan.notes if "given" in note]


VERBS: list[tuple[Verb, dict[str, str]]] = [
    (Pictures(["p.png", "r.png"], at=(0.3,), last=True), {}),
    (Extend("a.mp4", backward=True, span=(0.25, None)), {}),
    (Connect(("a.mp4", "wide.mp4"), alone=True), {}),
    (Loop("wide.mp4", span=(0.0, 1.0)), {}),
    (Remix("a.mp4", strength=0.3), {}),
    (Inpaint("a.mp4", box=(0, 0, 20, 20), invert=True), {}),
    (Inpaint(("a.mp4", "mask.png"), span=(0.25, 0.5)), {}),
    (Outpaint("a.mp4"), {"size": "128x64"}),
]


@pytest.mark.parametrize(("verb", "options"), VERBS, ids=[f"{n}-{v.name}" for n, (v, _) in enumerate(VERBS)])
def test_a_plan_and_its_files_are_enough(
    pipe: Pipeline, folder: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb, options: dict[str, str]
) -> None:
    monkeypatch.chdir(folder)
    first = direct(Request(prompt=PROMPT, seed=7, **options), verb, pipe.facts)  # type: ignore[arg-type]
    stored = Plan.from_json(first.plan.to_json())
    assert stored == first.plan and stored.direction is not None and stored.direction.verb == verb.name
    again = directed_again(stored, verb.paths, pipe.facts.compression)
    assert [a.digest for a in again.conditions] == [c.digest for c in first.conditions]
    with pytest.raises(UsageError, match="give the same ones in the same order"):
        directed_again(stored, [*verb.paths, Path("a.mp4")], pipe.facts.compression)
    others = [Path("q.png") if path.suffix == ".png" else Path("b.mp4") for path in verb.paths]
    with pytest.raises(UsageError, match="is not the file the video was made from"):
        directed_again(stored, others, pipe.facts.compression)


def test_the_file_is_sealed_and_says_what_was_given(
    pipe: Pipeline, folder: Path, tmp_path: Path, keys_folder: Path
) -> None:
    clip = pipe.direct(Extend(folder / "a.mp4", seconds=1), PROMPT, seed=7)
    sealed = clip.save(tmp_path / "more.mp4")
    found = verify(sealed.path, read_root(keys_folder))
    assert found.answer == "ours (signed)" and read_plan(sealed.path) == clip.plan
    assert found.manifest is not None and found.manifest.source == "compositeWithTrainedAlgorithmicMedia"
    assert clip.plan.direction is not None and clip.plan.direction.files[0][:12] in found.manifest.edits[0]


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda f: Extend(f / "nowhere.mp4"), "cannot be opened"),
        (lambda f: Extend(f / "empty.mp4"), "not a readable MP4"),
        (lambda f: Extend(f / "broken.mp4"), "not a readable MP4"),
        (lambda f: Extend(f / "p.png"), "not a readable MP4"),
        (lambda f: Extend(f / "long.mp4"), "more than 7200"),
        (lambda f: Extend(f / "slow.mp4"), "more than 60 s"),
        (lambda f: Extend(f / "short.mp4", backward=True), "4 are the least"),
        (lambda f: Extend(f / "a.mp4", seconds=0), "seconds 0"),
        (lambda f: Connect((f / "a.mp4", f / "b.mp4"), seconds=60), "above 60 seconds"),
        (lambda f: Extend(f / "a.mp4", span=(0.5, 9)), "not a part of a.mp4"),
        (lambda f: Extend(f / "a.mp4", span=(0.5, 0.5)), "not a part of a.mp4"),
        (lambda f: Extend(f / "a.mp4", span=(float("nan"), 1)), "not a span"),
        (lambda f: Connect(f / "a.mp4"), "takes 2 files"),
        (lambda f: Connect((f / "a.mp4", f / "short.mp4")), "4 are the least"),
        (lambda f: Remix(f / "a.mp4", strength=1.0), "strength 1 is not between"),
        (lambda f: Remix(f / "a.mp4", strength=float("nan")), "strength nan"),
        (lambda f: Inpaint((f / "a.mp4", f / "small.png")), "mask is 64x32 and the video 64x64"),
        (lambda f: Inpaint((f / "a.mp4", f / "black.png")), "nothing of the picture"),
        (lambda f: Inpaint((f / "a.mp4", f / "white.png")), "the whole picture"),
        (lambda f: Inpaint(f / "a.mp4", box=(60, 0, 8, 8)), "not within the 64x64 video"),
        (lambda f: Inpaint(f / "a.mp4"), "takes 2 files"),
        (lambda f: Inpaint(f / "a.mp4", span=(0.25, 0.5), invert=True), "nothing of the picture"),
        (lambda f: Outpaint(f / "a.mp4"), "fills 64x64 already"),
        (lambda f: Pictures([f / "p.png"], at=(9.0,)), "beyond the"),
        (lambda f: Pictures([f / "p.png"], at=(float("nan"),)), "keyframe nan"),
        (lambda f: Pictures([f / "p.png", f / "q.png"], at=(0.42, 0.5)), "decide the same frames"),
        (
            lambda f: Pictures([f / "p.png", f / "q.png"], first=True, at=(0.0,)),
            "the first picture and the keyframe",
        ),
        (lambda f: Pictures([f / "a.mp4"], first=True), "not a readable PNG"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(pipe: Pipeline, folder: Path, verb: object, words: str) -> None:
    _bad_files(folder)
    with pytest.raises(UsageError, match=words) as caught:
        direct(Request(prompt=PROMPT), verb(folder), pipe.facts)  # type: ignore[operator]
    assert caught.value.exit_code == 2 and "\n" not in str(caught.value)


def _bad_files(folder: Path) -> None:
    if (folder / "long.mp4").exists():
        return
    (folder / "empty.mp4").write_bytes(b"")
    whole = (folder / "a.mp4").read_bytes()
    (folder / "broken.mp4").write_bytes(whole[: len(whole) // 2])
    _video(folder, "slow", moving(70, (32, 32)), 1)
    _video(folder, "long", np.broadcast_to(moving(1, (16, 16)), (7300, 16, 16, 3)), 12)
