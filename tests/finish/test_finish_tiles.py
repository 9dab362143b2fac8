"""Tiles together are the whole frame, and nothing further away than the halo is needed for that."""

import pytest
import torch
from finish_tools import SMALL, picture, scrambled

from himmel.errors import UsageError
from himmel.finish import FinisherConfig
from himmel.finish.tiles import tiles

ODD = (1, 3, 45, 70)  # of no whole cells, and of no whole tiles


@pytest.mark.parametrize(("height", "width", "side", "halo"), [(45, 70, 16, 6), (7, 5, 16, 3), (32, 32, 16, 40)])
def test_every_pixel_is_made_once(height: int, width: int, side: int, halo: int) -> None:
    count = torch.zeros(height, width)
    for tile in tiles(height, width, side=side, halo=halo):
        count[tile.rows.start : tile.rows.stop, tile.columns.start : tile.columns.stop] += 1
        seen = tile.seen(count[None, None])
        assert seen.shape[2] <= side + 2 * halo and seen.shape[3] <= side + 2 * halo
    assert (count == 1).all()


@pytest.mark.parametrize("scale", [2, 4])
def test_tiles_enlarge_as_the_whole_does_over_many_frames(scale: int) -> None:
    finisher = scrambled(FinisherConfig(**{**SMALL.to_dict(), "scale": scale}))
    whole_memory = tiled_memory = None
    for number in range(3):
        frame = picture(*ODD[2:], seed=number)
        whole, whole_memory = finisher.larger(frame, whole_memory)
        tiled, tiled_memory = finisher.larger(frame, tiled_memory, tile=16)
        assert whole.shape == (1, 3, scale * 45, scale * 70)
        torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)
        torch.testing.assert_close(tiled_memory, whole_memory, atol=1e-5, rtol=0)


def test_tiles_put_the_same_frame_between() -> None:
    finisher = scrambled()
    before, after = picture(90, 130), picture(90, 130, seed=1)
    whole, tiled = finisher.middle(before, after), finisher.middle(before, after, tile=24)
    assert float((whole - before).abs().mean()) > 0.1
    torch.testing.assert_close(tiled, whole, atol=1e-4, rtol=0)
    with pytest.raises(UsageError, match="whole cells"):
        finisher.middle(before, after, tile=10)


def reach(outputs: torch.Tensor, inputs: torch.Tensor, scale: int = 1) -> int:
    """How far from the middle pixel the inputs matter to what is made of it, in pixels of the input."""
    middle = scale * (inputs.shape[3] // 2)
    block = outputs[..., middle : middle + scale, middle : middle + scale]
    (gradient,) = torch.autograd.grad(block.square().sum(), inputs, retain_graph=True)
    touched = gradient.abs().sum((0, 1)).nonzero()
    return int((touched - inputs.shape[3] // 2).abs().max())


def test_the_enlarger_sees_just_as_far_as_it_says() -> None:
    enlarge = scrambled().enlarge
    frame = picture(41, 41).requires_grad_()
    memory = torch.randn(1, SMALL.memory, 41, 41)
    made, kept = enlarge(frame, memory)
    assert reach(made, frame, SMALL.scale) <= enlarge.halo
    assert reach(kept, frame) <= enlarge.halo


def test_the_middle_frame_sees_no_further_than_it_says() -> None:
    between = scrambled().between
    size = 2 * between.halo + 29
    before, after = picture(size, size).requires_grad_(), picture(size, size, seed=1)
    assert SMALL.reach < reach(between(before, after), before) <= between.halo
