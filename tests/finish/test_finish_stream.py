"""A stream of finished frames: how many, how large, how early, and that the pieces they come in do not matter."""

import numpy as np
import pytest
import torch
from finish_tools import SMALL, clip, scrambled

from himmel.errors import UsageError
from himmel.finish import Finisher, Target, finish_stream, passes
from himmel.shapes import Size


def test_pieces_of_a_stream_do_not_matter() -> None:
    frames, target = clip(5, 16, 24), Target(size=Size(width=96, height=64), smooth=2)
    whole = np.concatenate(list(finish_stream(scrambled(), [frames], target)))
    pieces = np.concatenate(list(finish_stream(scrambled(), [frames[:1], frames[1:4], frames[4:]], target)))
    assert whole.shape == (9, 64, 96, 3) and whole.dtype == np.uint8
    assert np.array_equal(whole, pieces)


@pytest.mark.parametrize(("smooth", "count"), [(1, 3), (2, 5), (4, 9)])
def test_frames_are_put_between_frames(smooth: int, count: int) -> None:
    target, heard = Target(size=Size(width=24, height=16), smooth=smooth), []
    frames = clip(3, 16, 24)
    made = list(finish_stream(scrambled(), [frames], target, on_frame=lambda: heard.append(1)))
    assert len(made) == len(heard) == count
    assert np.array_equal(np.concatenate(made[::smooth]), frames)
    assert len(list(finish_stream(scrambled(), [frames[:1]], target))) == 1


def test_a_frame_leaves_as_soon_as_it_can() -> None:
    """So at most two frames that came and one that goes are held, however long the clip is."""
    came = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal came
        while True:
            came += 1
            yield clip(1, 8, 8)

    stream = finish_stream(scrambled(), endless(), Target(size=Size(width=32, height=32), smooth=2))
    for number in range(9):
        next(stream)
        assert came == 1 + (number + 1) // 2


def test_each_take_begins_without_memory() -> None:
    target, finisher = Target(size=Size(width=96, height=64)), scrambled()
    frames = clip(2, 16, 24)
    first = list(finish_stream(finisher, [frames], target))
    assert all(np.array_equal(a, b) for a, b in zip(first, finish_stream(finisher, [frames], target), strict=True))
    alone = next(finish_stream(finisher, [frames[1:]], target))
    assert not np.array_equal(first[1], alone)  # what came before it matters


@pytest.mark.parametrize(
    ("size", "scale", "count"),
    [
        ("128x72", 4, 0),
        ("160x90", 4, 0),
        ("512x288", 4, 1),
        ("640x360", 4, 1),
        ("1920x1080", 4, 2),
        ("64x36", 4, 0),
    ]
    + [("256x144", 2, 1), ("1920x1080", 2, 4), ("3840x2160", 4, 3)],
)
def test_as_many_passes_as_the_size_needs(size: str, scale: int, count: int) -> None:
    assert passes(Size(width=128, height=72), Size.parse(size), scale) == count


def test_untrained_it_enlarges_plainly_and_blends() -> None:
    torch.manual_seed(0)
    flat = np.full((2, 8, 8, 3), 90, np.uint8)
    flat[1] = 110
    target = Target(size=Size(width=32, height=32), smooth=2)
    made = np.concatenate(list(finish_stream(Finisher(SMALL), [flat], target)))
    assert np.array_equal(np.unique(made[0]), [90]) and np.array_equal(np.unique(made[2]), [110])
    assert np.array_equal(np.unique(made[1]), [100])


def test_half_the_precision_is_near_the_whole() -> None:
    finisher, target = scrambled(), Target(size=Size(width=96, height=64), smooth=2)
    frames = clip(3, 16, 24)
    whole = np.concatenate(list(finish_stream(finisher, [frames], target))).astype(int)
    half = finisher.store_in(torch.bfloat16)
    assert finisher.enlarge.enter.weight.dtype == torch.float32
    narrow = np.concatenate(list(finish_stream(half, [frames], target))).astype(int)
    assert 0 < np.abs(whole - narrow).mean() < 3


def test_a_pan_of_several_pixels_is_found_before_anything_is_learned() -> None:
    """The comparison of the two frames alone says where things went."""
    torch.manual_seed(0)
    frames = torch.from_numpy(clip(3, 64, 64)).float().permute(0, 3, 1, 2) / 127.5 - 1
    before, middle, after = frames.split(1)  # six pixels from first to last
    found = Finisher(SMALL).middle(before, after)
    blend = (before + after) / 2
    inner = (..., slice(12, -12), slice(12, -12))
    assert float((found - middle)[inner].square().mean()) < 0.75 * float((blend - middle)[inner].square().mean())


def test_a_target_of_three_is_refused() -> None:
    with pytest.raises(UsageError, match="choose 1, 2 or 4"):
        Target(size=Size(width=8, height=8), smooth=3)


def test_a_size_is_cut_to_a_shape() -> None:
    assert str(Size(width=128, height=128).cut_to(Size(width=1080, height=1920))) == "72x128"
    assert str(Size(width=160, height=96).cut_to(Size(width=500, height=300))) == "160x96"
    assert str(Size(width=2, height=2).cut_to(Size(width=4000, height=1))) == "2x1"
