import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from himmel.transformer import VideoTransformer, tiny
from himmel.transformer.convolutions import ConvBlock, over_latents, to_patches, to_video

GRID, PATCH = (3, 2, 3), (1, 2, 2)


def drawn(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


def changed(block: ConvBlock, x: Tensor, level: Tensor, grid: tuple[int, int, int]) -> Tensor:
    """What a block does to x [B, W, F, H, W] at levels [B, D, F, H, W], by convolutions in three dimensions."""
    scale, shift = block.level(level.movedim(1, -1)).movedim(-1, 1).chunk(2, dim=1)
    y = block.norm(x.movedim(1, -1)).movedim(-1, 1) * (1 + scale) + shift
    y = F.conv3d(F.silu(y), block.space.weight.movedim(-1, 1)[:, :, None], block.space.bias, padding=(0, 1, 1))
    time = block.time.weight.unflatten(1, (3, -1)).transpose(1, 2)[..., None, None]
    return x + F.conv3d(F.silu(y), time, block.time.bias, padding=(1, 0, 0))


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("groups", ["clip", "frame", "token"])
@torch.no_grad()
def test_pictures_are_changed_as_three_dimensions_would_be(groups: str, frames: int) -> None:
    torch.manual_seed(0)
    block, grid = drawn(ConvBlock(tiny())).double(), (frames, *GRID[1:])
    assert isinstance(block, ConvBlock)
    x = torch.randn(2, 6, frames, 4, 6).double()
    counts = {"clip": (1, 1, 1), "frame": (frames, 1, 1), "token": grid}[groups]
    level = torch.randn(2, 24, *counts).double()
    found = block(x.movedim(1, -1), level.flatten(2).transpose(1, 2), grid, PATCH).movedim(-1, 1)
    wanted = changed(block, x, F.interpolate(level, x.shape[2:]), grid)
    assert torch.allclose(found, wanted)


@pytest.mark.parametrize("patch", [(1, 2, 2), (2, 1, 3)])
def test_patches_and_latents_are_the_same_numbers(patch: tuple[int, int, int]) -> None:
    frames, height, width = (size * step for size, step in zip(GRID, patch, strict=True))
    video = torch.randn(2, frames, height, width, 5)
    tokens = to_patches(video, GRID, patch)
    assert torch.equal(to_video(tokens, GRID, patch), video)
    assert torch.equal(tokens[0, 0], video[0, : patch[0], : patch[1], : patch[2]].flatten())


def test_what_a_group_of_tokens_has_every_latent_of_it_gets() -> None:
    patch = (2, 1, 3)
    of_tokens = torch.randn(2, 18, 4)
    spread = over_latents(of_tokens, GRID, patch)
    assert torch.equal(
        to_patches(spread, GRID, patch).unflatten(-1, (6, 4)), of_tokens[:, :, None].expand(-1, -1, 6, -1)
    )
    of_frames = over_latents(of_tokens[:, :3], GRID, patch)
    assert torch.equal(of_frames[:, :, 0, 0].unflatten(1, (3, 2)), of_tokens[:, :3, None].expand(-1, -1, 2, -1))


@torch.no_grad()
def test_what_is_known_reaches_seven_frames_through_the_convolutions() -> None:
    torch.manual_seed(0)
    model = VideoTransformer(dataclasses.replace(tiny(), layers=0))
    for part in (model.conv_stem, model.conv_head):
        assert part is not None
        drawn(part)
    latents, t = torch.randn(1, 4, 12, 4, 4), torch.full((1, 12), 500.0)
    other = latents.clone()
    other[:, :, 0] += 10
    said = [model(x, t, torch.zeros(1, 8, 16), pooled=torch.zeros(1, 16)) for x in (latents, other)]
    assert (said[0] != said[1]).flatten(3).any(-1)[0].any(0).tolist() == [True] * 8 + [False] * 4


@torch.no_grad()
def test_a_change_is_as_large_as_the_error_of_a_prediction() -> None:
    torch.manual_seed(0)
    model = VideoTransformer(dataclasses.replace(tiny(), layers=0))
    assert model.conv_head is not None
    nn.init.ones_(model.conv_head.leave.bias)
    said = [
        model(
            torch.randn(1, 4, 1, 4, 4),
            torch.tensor([1000.0 * t]),
            torch.zeros(1, 8, 16),
            pooled=torch.zeros(1, 16),
        )
        for t in (0.0, 0.5, 1.0)
    ]
    assert torch.allclose(torch.stack([x.mean() for x in said]), torch.tensor([0.0, 0.5**0.5, 1.0]))
