from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from himmel.codec import Codec, CodecConfig
from himmel.codec.blocks import fold, shortcut, unfold
from himmel.errors import UsageError, WeightsError

TINY = CodecConfig(channels=(8, 16, 32), latent_channels=6)


def codec(config: CodecConfig = TINY) -> Codec:
    """A codec none of whose weights is zero, so that every path carries a signal."""
    torch.manual_seed(0)
    model = Codec(config)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.1)
    model.measure(torch.randn(config.latent_channels), 0.5 + torch.rand(config.latent_channels))
    return model.requires_grad_(False)


def clip(frames: int = 17, height: int = 32, width: int = 48, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def cut(x: Tensor, lengths: list[int]) -> Iterator[Tensor]:
    while x.shape[2]:
        length = lengths.pop(0) if lengths else x.shape[2]
        yield x[:, :, :length]
        x = x[:, :, length:]


@pytest.mark.parametrize("frames", [1, 5, 33])
def test_shapes_follow_the_compression(frames: int) -> None:
    model = codec()
    latents = model.encode(clip(frames))
    assert latents.shape == (2, 6, model.compression.latent_frames(frames), 2, 3)
    assert model.decode(latents).shape == (2, 3, frames, 32, 48)
    assert model.preview(latents).shape == (2, 3, latents.shape[2], 2, 3)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 9), max_size=5))
def test_streams_equal_the_whole_clip(lengths: list[int]) -> None:
    model, video = codec(), clip()
    latents = model.encode(video)
    streamed = torch.cat(list(model.encode_stream(cut(video, lengths[:]))), dim=2)
    torch.testing.assert_close(streamed, latents, atol=1e-5, rtol=0)
    frames = torch.cat(list(model.decode_stream(cut(latents, lengths[:]))), dim=2)
    torch.testing.assert_close(frames, model.decode(latents), atol=1e-5, rtol=0)
    one_by_one = torch.cat(list(model.decode_stream(latents)), dim=2)
    torch.testing.assert_close(one_by_one, model.decode(latents), atol=1e-5, rtol=0)


def test_the_past_does_not_see_the_future() -> None:
    model, video = codec(), clip()
    changed = video.clone()
    changed[:, :, 9:] = 0
    same = model.encode(video)[:, :, :3] - model.encode(changed)[:, :, :3]
    assert same.abs().max() == 0
    assert (model.encode(video)[:, :, 3] - model.encode(changed)[:, :, 3]).abs().max() > 0


def test_an_image_is_the_first_latent_of_its_clip() -> None:
    model, video = codec(), clip()
    torch.testing.assert_close(model.encode(video[:, :, :1]), model.encode(video)[:, :, :1], atol=1e-5, rtol=0)


def test_clips_of_a_batch_do_not_mix() -> None:
    model, video = codec(), clip()
    alone = model.decode(model.encode(video[1:]))
    torch.testing.assert_close(model.decode(model.encode(video))[1:], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("fine", "coarse", "time"), [(8, 16, 1), (16, 16, 1), (16, 64, 4)])
def test_shortcuts_give_a_flat_picture_back(fine: int, coarse: int, time: int) -> None:
    mean = shortcut(fine, coarse, time * 4)
    flat = torch.randn(fine).repeat(time * 4)
    torch.testing.assert_close((mean > 0).float().T @ (mean @ flat), flat)


@given(st.integers(1, 3), st.sampled_from([1, 4]), st.sampled_from([1, 2, 4]))
def test_unfold_undoes_fold(batch: int, time: int, space: int) -> None:
    x = torch.arange(batch * 8 * 5 * 4 * 4, dtype=torch.float32).reshape(batch * 8, 5, 4, 4)
    folded = fold(x, batch, time, space)
    assert folded.shape == (batch * 8 // time, 5 * time * space**2, 4 // space, 4 // space)
    assert torch.equal(unfold(folded, batch, time, space), x)


def test_preview_fits_a_linear_map() -> None:
    model, video = codec(), clip(batch=1, frames=33, height=64, width=64)
    latents = model.encode(video)
    before = model.preview(latents)
    model.fit_preview([(latents, video)])
    small = torch.nn.functional.avg_pool3d(model.lead_in(video).unflatten(2, (-1, 4)).mean(3), (1, 16, 16))
    assert (model.preview(latents) - small).abs().mean() < (before - small).abs().mean()


def test_config_round_trip_and_refusals() -> None:
    assert CodecConfig.from_dict(TINY.to_dict()) == TINY
    with pytest.raises(WeightsError, match="depth"):
        CodecConfig.from_dict({"depth": 3})
    with pytest.raises(UsageError, match="1, 2 or 4 times"):
        CodecConfig(channels=(8, 24, 48))
    with pytest.raises(UsageError, match="nearest"):
        codec().encode(clip(frames=4))
    with pytest.raises(UsageError, match="not divisible"):
        codec().encode(clip(height=40))
