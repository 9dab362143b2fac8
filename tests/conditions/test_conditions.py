from dataclasses import replace

import numpy as np
import pytest
import torch

from himmel.codec import Codec, CodecConfig
from himmel.conditions import (
    Canvas,
    Condition,
    Ends,
    FirstFrame,
    Footage,
    Keyframes,
    Origin,
    Prefix,
    Region,
    Suffix,
    as_video,
    fitted,
    respect,
)
from himmel.errors import UsageError
from himmel.flow import FlowState, start_noise
from himmel.shapes import LatentShape, PixelShape, Size

CHANNELS = 6


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    torch.manual_seed(0)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=CHANNELS)).requires_grad_(False)
    compression = replace(codec.compression, patch=(1, 2, 2))
    return Canvas(shape=PixelShape(frames=17, height=64, width=96), compression=compression, encode=codec.encode)


def noise_clip(frames: int, seed: int = 0, height: int = 64, width: int = 96) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def known_frames(canvas: Canvas, *conditions: Condition) -> list[int]:
    where = respect(conditions, canvas).where[0, 0]
    return [index for index in range(len(where)) if bool(where[index].all())]


def test_nothing_is_known_without_conditions(canvas: Canvas) -> None:
    assert not respect([], canvas).where.any()


def test_a_first_frame_is_the_codec_s_own_first_latent(canvas: Canvas) -> None:
    image = noise_clip(1)[0]
    known = respect([FirstFrame(image=image)], canvas)
    assert known_frames(canvas, FirstFrame(image=image)) == [0]
    assert torch.equal(known.values[:, :, :1], canvas.encode(as_video(image[None])))
    assert known.values.shape == (1, CHANNELS, 5, 4, 6)


def test_keyframes_fall_into_their_groups(canvas: Canvas) -> None:
    image = noise_clip(1)[0]
    assert known_frames(canvas, Keyframes(images={0: image, 5: image, -1: image})) == [0, 2, 4]
    with pytest.raises(UsageError, match="keyframe 17 is outside the 17"):
        respect([Keyframes(images={17: image})], canvas)
    with pytest.raises(UsageError, match="keyframe 5 and keyframe 6 both"):
        respect([Keyframes(images={5: image, 6: image})], canvas)
    with pytest.raises(UsageError, match="at least one"):
        respect([Keyframes(images={})], canvas)


@pytest.mark.parametrize(("given", "groups"), [(1, [0]), (5, [0, 1]), (8, [0, 1]), (9, [0, 1, 2])])
def test_a_prefix_keeps_its_last_frames(canvas: Canvas, given: int, groups: list[int]) -> None:
    clip = noise_clip(given)
    assert known_frames(canvas, Prefix(frames=clip)) == groups
    used = 1 + (given - 1) // 4 * 4
    restored = Prefix(frames=clip).restore(np.zeros((17, 64, 96, 3), np.uint8), 0, canvas)
    assert np.array_equal(restored[:used], clip[-used:]) and not restored[used:].any()


@pytest.mark.parametrize(("given", "groups"), [(1, [4]), (4, [4]), (7, [4]), (8, [3, 4])])
def test_a_suffix_keeps_its_first_frames(canvas: Canvas, given: int, groups: list[int]) -> None:
    clip = noise_clip(given)
    suffix = Suffix(frames=clip)
    assert known_frames(canvas, suffix) == groups
    restored = suffix.restore(np.zeros((17, 64, 96, 3), np.uint8), 0, canvas)
    used = 4 * len(groups)
    assert np.array_equal(restored[17 - used : 17 - used + min(given, used)], clip[:used])
    assert not restored[: 17 - used].any()


def test_restoring_in_chunks_equals_restoring_at_once(canvas: Canvas) -> None:
    decoded = noise_clip(17, seed=5)
    conditions = [
        Prefix(frames=noise_clip(5)),
        Suffix(frames=noise_clip(6, seed=1)),
        Ends(first=noise_clip(1), last=noise_clip(9, seed=2)),
        Region(frames=noise_clip(17, seed=3), box=(32, 0, 40, 40), span=(4, 12)),
        Region(frames=noise_clip(17, seed=3), box=(5, 7, 40, 40), keep="inside", span=(3, 10), feather=3),
        Keyframes(images={0: noise_clip(1)[0], 6: noise_clip(1, seed=4)[0], -1: noise_clip(1, seed=6)[0]}),
    ]
    for condition in conditions:
        whole = condition.restore(decoded, 0, canvas)
        chunks = [condition.restore(decoded[a:b], a, canvas) for a, b in ((0, 1), (1, 5), (5, 13), (13, 17))]
        assert np.array_equal(np.concatenate(chunks), whole)


def test_ends_are_a_prefix_and_a_suffix(canvas: Canvas) -> None:
    first, last = noise_clip(5), noise_clip(4, seed=1)
    both = respect([Ends(first=first, last=last)], canvas)
    apart = respect([Suffix(frames=last), Prefix(frames=first)], canvas)
    assert torch.equal(both.values, apart.values) and torch.equal(both.where, apart.where)


@pytest.mark.parametrize(
    ("box", "keep", "free"),
    [
        ((0, 0, 32, 32), "outside", 1),
        ((8, 8, 8, 8), "outside", 1),
        ((31, 31, 2, 2), "outside", 4),
        ((0, 0, 96, 64), "outside", 6),
        ((0, 0, 32, 32), "inside", 5),
        ((0, 0, 63, 64), "inside", 4),
    ],
)
def test_a_region_is_rounded_out_to_whole_patches(
    canvas: Canvas, box: tuple[int, int, int, int], keep: str, free: int
) -> None:
    region = Region(frames=noise_clip(1), box=box, keep=keep, span=(0, 16))  # type: ignore[arg-type]
    known = region.apply(canvas.nothing(), canvas)
    patches = (~known.where[0, 0]).float().unfold(1, 2, 2).unfold(2, 2, 2).mean((-1, -2))
    assert set(patches.flatten().tolist()) <= {0.0, 1.0}
    assert int(patches[0].sum()) == free


def test_a_region_in_time_keeps_the_rest(canvas: Canvas) -> None:
    clip = noise_clip(17)
    region = Region(frames=clip, box=(0, 0, 96, 64), span=(5, 9))
    assert known_frames(canvas, region) == [0, 1, 3, 4]
    restored = region.restore(np.zeros_like(clip), 0, canvas)
    assert np.array_equal(restored[:5], clip[:5]) and np.array_equal(restored[9:], clip[9:])
    assert not restored[5:9].any()


def test_a_mask_is_kept_to_the_pixel(canvas: Canvas) -> None:
    clip, made = noise_clip(17), np.zeros((17, 64, 96, 3), np.uint8)
    mask = np.zeros((64, 96), bool)
    mask[10:30, 40:60] = True
    region = Region(frames=clip, mask=mask, span=(5, 9))
    restored = region.restore(made, 0, canvas)
    assert not restored[5:9, mask].any() and np.array_equal(restored[:, ~mask], clip[:, ~mask])
    assert np.array_equal(restored[:5], clip[:5]) and np.array_equal(restored[9:], clip[9:])
    boxed = Region(frames=clip, box=(40, 10, 20, 20), span=(5, 9))
    assert np.array_equal(boxed.restore(made, 0, canvas), restored)
    free = ~region.apply(canvas.nothing(), canvas).where
    assert torch.equal(free, ~boxed.apply(canvas.nothing(), canvas).where) and free[0, 0, 2].sum() == 4
    soft = Region(frames=np.full_like(clip, 200), mask=mask, feather=3).restore(made, 0, canvas)
    assert soft[0, 9:15, 50, 0].tolist() == [200, 150, 100, 50, 0, 0]


def test_footage_is_played_around_a_shot(canvas: Canvas) -> None:
    before, shot, after = noise_clip(3), noise_clip(17, seed=1), noise_clip(2, seed=2)
    footage = Footage(before=before, after=after, first=5, last=4)
    for cut in (1, 4, 17):
        played = np.concatenate(list(footage.play(shot[at : at + cut] for at in range(0, 17, cut))))
        assert np.array_equal(played, np.concatenate([before, shot[5:13], after]))
    assert footage.shown(17) == 13 and not footage.apply(canvas.nothing(), canvas).where.any()
    assert np.array_equal(np.concatenate(list(Footage().play(iter([shot])))), shot)


def test_an_origin_fixes_nothing(canvas: Canvas) -> None:
    clip = noise_clip(17)
    known = respect([Origin(frames=clip, start=0.5), Prefix(frames=clip[:5])], canvas)
    assert known.start == 0.5 and torch.equal(known.origin, canvas.encode(as_video(clip)))
    assert [bool(frame.all()) for frame in known.where[0, 0]] == [True, True, False, False, False]


def test_order_does_not_matter(canvas: Canvas) -> None:
    some = [
        FirstFrame(image=noise_clip(1)[0]),
        Suffix(frames=noise_clip(4)),
        Keyframes(images={8: noise_clip(1)[0]}),
    ]
    first, other = respect(some, canvas), respect(some[::-1], canvas)
    assert torch.equal(first.values, other.values) and torch.equal(first.where, other.where)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([FirstFrame(image=noise_clip(1)[0]), Prefix(frames=noise_clip(5))], "both decide"),
        ([FirstFrame(image=noise_clip(1, height=32)[0])], "is 96x32 and the video 96x64"),
        ([FirstFrame(image=noise_clip(1)[0].astype(np.float32))], "uint8"),
        ([Prefix(frames=noise_clip(21))], "does not fit"),
        ([Suffix(frames=noise_clip(20))], "does not fit"),
        ([Prefix(frames=noise_clip(17))], "nothing is left"),
        ([Region(frames=noise_clip(3), box=(0, 0, 8, 8))], "3 frames"),
        ([Region(frames=noise_clip(1), box=(90, 0, 8, 8))], "not within"),
        ([Region(frames=noise_clip(1), box=(0, 0, 8, 8), span=(4, 40))], "span"),
        ([Region(frames=noise_clip(1), mask=np.ones((64, 95), bool))], r"\[64, 96\], the height and width"),
        ([Origin(frames=noise_clip(9), start=0.5)], "9 frames and the video 17"),
        ([Footage(before=noise_clip(2, height=32))], "footage before is 96x32"),
        ([Footage(first=9, last=8)], "nothing is made"),
    ],
)
def test_what_cannot_be_respected_is_refused(canvas: Canvas, conditions: list[Condition], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        respect(conditions, canvas)


def test_equal_conditions_have_equal_digests() -> None:
    assert Prefix(frames=noise_clip(5)).digest == Prefix(frames=noise_clip(5)).digest
    assert Prefix(frames=noise_clip(5)).digest != Prefix(frames=noise_clip(5, seed=1)).digest
    assert Prefix(frames=noise_clip(5)).digest != Suffix(frames=noise_clip(5)).digest
    boxes = [Region(frames=noise_clip(1), box=(0, 0, 8, 8), keep=keep) for keep in ("outside", "inside")]
    assert boxes[0].digest != boxes[1].digest
    with pytest.raises(UsageError, match="outside"):
        Region(frames=noise_clip(1), box=(0, 0, 8, 8), keep="around")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="either a box or a mask"):
        Region(frames=noise_clip(1))
    for start in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            Origin(frames=noise_clip(1), start=start)


def test_what_is_known_goes_into_a_flow_state(canvas: Canvas) -> None:
    known = respect([Suffix(frames=noise_clip(8))], canvas)
    noise = start_noise(LatentShape(channels=CHANNELS, frames=5, height=4, width=6), seed=1)
    state = FlowState.begin(noise).knowing(known.values, known.where)
    assert torch.equal(state.settled(noise)[:, :, 3:], known.values[:, :, 3:])
    assert torch.equal(state.settled(noise)[:, :, :3], noise[:, :, :3])


@pytest.mark.parametrize(("height", "width"), [(64, 96), (640, 960), (30, 30), (7, 500), (1, 1)])
def test_a_picture_of_any_size_is_fitted(height: int, width: int) -> None:
    picture = noise_clip(1, height=height, width=width)[0]
    result = fitted(picture, Size(width=96, height=64))
    assert result.shape == (64, 96, 3) and result.dtype == np.uint8
    if (height, width) == (64, 96):
        assert np.array_equal(result, picture)


def test_fitting_keeps_the_middle() -> None:
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, 10:20] = 200
    assert (fitted(picture, Size(width=20, height=20)) == 200).all()
