import dataclasses

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from himmel.errors import UsageError
from himmel.transformer import (
    TransformerConfig,
    VideoTransformer,
    flops,
    himmel_small,
    tiny,
    wan21_flf2v_14b,
    wan21_i2v_14b,
    wan21_t2v_1_3b,
    wan21_t2v_14b,
    wan22_i2v_a14b,
    wan22_t2v_a14b,
    wan22_ti2v_5b,
)
from himmel.transformer.model import PlaceEmbedding

# Billions of parameters, from the papers' tables and the checkpoints' headers.
SIZES = [
    (wan21_t2v_1_3b, 1.419),
    (wan21_t2v_14b, 14.289),
    (wan21_i2v_14b, 16.395),
    (wan21_flf2v_14b, 16.396),
    (wan22_t2v_a14b, 14.289),
    (wan22_i2v_a14b, 14.289),
    (wan22_ti2v_5b, 5.000),
    (himmel_small, 0.0302),
]


@pytest.fixture(scope="module")
def model() -> VideoTransformer:
    torch.manual_seed(0)
    built = VideoTransformer(tiny())
    torch.nn.init.normal_(built.head.head.weight, std=0.1)
    return built.train(False)


@pytest.fixture(scope="module")
def clip() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"latents": (2, 4, 3, 4, 6), "text": (2, 8, 16), "pooled": (2, 16)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


@pytest.mark.parametrize(("layout", "billions"), SIZES)
def test_layouts_have_the_published_sizes(layout: object, billions: float) -> None:
    assert callable(layout)
    with torch.device("meta"):
        count = sum(p.numel() for p in VideoTransformer(layout()).parameters())
    assert count / 1e9 == pytest.approx(billions, abs=6e-4)


@torch.no_grad()
def test_one_level_may_be_given_per_clip_frame_or_token(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    frames = torch.tensor([[0.0, 300.0, 300.0], [900.0, 20.0, 20.0]])
    per_frame = model(timesteps=frames, **clip)
    torch.testing.assert_close(model(timesteps=frames.repeat_interleave(6, dim=1), **clip), per_frame)
    same = torch.tensor([300.0, 900.0])
    torch.testing.assert_close(model(timesteps=same[:, None].expand(2, 3), **clip), model(timesteps=same, **clip))


@torch.no_grad()
def test_a_frames_level_reaches_the_prediction(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    levels = torch.full((2, 3), 500.0)
    changed = levels.clone()
    changed[:, 1] = 0
    difference = (model(timesteps=changed, **clip) - model(timesteps=levels, **clip)).abs().amax(dim=(0, 1, 3, 4))
    assert int(difference.argmax()) == 1


@torch.no_grad()
def test_positions_in_time_are_relative(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    t = torch.full((2,), 500.0)
    plain = model(timesteps=t, **clip)
    torch.testing.assert_close(model(timesteps=t, frame_offset=700, **clip), plain, rtol=1e-4, atol=1e-5)
    offsets = torch.tensor([0, 9])
    torch.testing.assert_close(model(timesteps=t, frame_offset=offsets, **clip), plain, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_clips_of_a_batch_do_not_mix(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    t = torch.tensor([500.0, 100.0])
    second = model(timesteps=t[1:], **{name: value[1:] for name, value in clip.items()})
    torch.testing.assert_close(model(timesteps=t, **clip)[1:], second, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_missing_text_slots_are_zeros(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    t = torch.tensor([500.0, 100.0])
    text = clip["text"].clone()
    text[:, 5:] = 0
    short = {**clip, "text": text[:, :5]}
    assert torch.equal(model(timesteps=t, **short), model(timesteps=t, **{**clip, "text": text}))


@torch.no_grad()
def test_text_and_pooled_text_are_read(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    t = torch.tensor([500.0, 100.0])
    plain = model(timesteps=t, **clip)
    for name in ("text", "pooled"):
        assert not torch.allclose(model(timesteps=t, **{**clip, name: -clip[name]}), plain, atol=1e-4)


def test_a_new_model_predicts_zero_and_learns_everywhere() -> None:
    model = VideoTransformer(tiny())
    inputs = torch.randn(1, 4, 2, 4, 4), torch.tensor([500.0]), torch.randn(1, 8, 16)
    assert not model(*inputs, pooled=torch.randn(1, 16)).any()
    stem, head = model.conv_stem, model.conv_head
    assert stem is not None and head is not None
    times = [block.time for block in (*stem.blocks, *head.blocks)]
    for layer in (model.head.head, stem.tell, head.leave, *times):
        torch.nn.init.normal_(layer.weight)
    model(*inputs, pooled=torch.randn(1, 16)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and bool(parameter.grad.abs().sum() > 0), name


@torch.no_grad()
def test_places_are_told_apart_by_their_embedding_alone(clip: dict[str, Tensor]) -> None:
    model = VideoTransformer(dataclasses.replace(tiny(), place_waves=0))
    placed = VideoTransformer(tiny())
    for built in (model, placed):
        torch.nn.init.normal_(built.head.head.weight)
    placed.load_state_dict(model.state_dict(), strict=False)
    t = torch.tensor([500.0, 100.0])
    assert torch.equal(placed(timesteps=t, **clip), model(timesteps=t, **clip))  # it says nothing at first
    assert placed.place_embedding is not None
    torch.nn.init.normal_(placed.place_embedding.map.weight)
    same = {**clip, "latents": torch.ones_like(clip["latents"])}
    blind, seeing = model(timesteps=t, **same), placed(timesteps=t, **same)
    for axis, (first, second) in {2: (0, 1), 3: (0, 2), 4: (0, 2)}.items():
        assert torch.allclose(blind.select(axis, first), blind.select(axis, second), atol=1e-5)
        assert not torch.allclose(seeing.select(axis, first), seeing.select(axis, second), atol=1e-2)


def test_a_place_is_a_share_of_the_clip() -> None:
    embedding = PlaceEmbedding(tiny())
    torch.nn.init.normal_(embedding.map.weight)
    small, large = embedding((1, 2, 6)).view(1, 2, 6, -1), embedding((3, 2, 18)).view(3, 2, 18, -1)
    assert torch.allclose(small[0], large[1, :, 1::3], atol=1e-5)


@torch.no_grad()
def test_clips_in_a_row_may_share_a_text(model: VideoTransformer, clip: dict[str, Tensor]) -> None:
    t = torch.tensor([500.0, 100.0, 900.0, 300.0])
    latents = torch.randn(4, 4, 3, 4, 6)
    each = {name: clip[name].repeat_interleave(2, 0) for name in ("text", "pooled")}
    shared = model(latents, t, clip["text"], pooled=clip["pooled"])
    assert torch.allclose(shared, model(latents, t, each["text"], pooled=each["pooled"]), atol=1e-6)
    with pytest.raises(UsageError, match="4 clips cannot share 3 texts evenly"):
        model(latents, t, torch.randn(3, 8, 16), pooled=torch.randn(3, 16))


def test_stored_parameters_keep_what_must_stay_exact() -> None:
    stored = VideoTransformer(tiny()).store_in(torch.bfloat16)
    wide = {name for name, p in stored.named_parameters() if p.dtype == torch.float32}
    assert {"time_embedding.0.weight", "blocks.1.modulation", "head.modulation", "blocks.0.norm3.bias"} <= wide
    assert not any("self_attn" in name or "ffn" in name for name in wide)


@pytest.mark.parametrize("config", [tiny(), himmel_small(dim=48, layers=1)])
def test_flops_agree_with_torchs_counter(config: TransformerConfig) -> None:
    # torch does not count its own attention on a CPU, but counts the products of the lean one.
    config = dataclasses.replace(config, precision="lean")
    model = VideoTransformer(config)
    latents = torch.randn(1, config.in_channels, 3, 8, 8)
    text, pooled = torch.randn(1, config.text_len, config.text_dim), torch.randn(1, config.text_dim)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(latents, torch.tensor([500.0]), text, pooled=pooled)
    assert flops(config, 48) == pytest.approx(counter.get_total_flops(), rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latents": torch.zeros(2, 5, 3, 4, 6)}, "are not 4 channels"),
        ({"latents": torch.zeros(2, 4, 3, 4, 5)}, "multiples of the patch"),
        ({"timesteps": torch.zeros(2, 4)}, "per latent frame"),
        ({"timesteps": torch.zeros(3)}, "2 clips"),
        ({"text": torch.zeros(2, 9, 16)}, "shorten it"),
        ({"pooled": None}, "needs pooled"),
        ({"image": torch.zeros(2, 7, 9)}, "takes no image"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    model: VideoTransformer, clip: dict[str, Tensor], change: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        model(**{"timesteps": torch.zeros(2), **clip, **change})


def test_config_round_trip_and_refusals() -> None:
    for config in (himmel_small(), wan21_flf2v_14b(), tiny()):
        assert TransformerConfig.from_dict(config.to_dict()) == config
        assert TransformerConfig.from_dict({**config.to_dict(), "of_a_later_version": 0}) == config
    with pytest.raises(UsageError, match="unknown keys"):
        TransformerConfig.from_dict({**tiny().to_dict(), "depth": 3})
    with pytest.raises(UsageError, match="lacks"):
        TransformerConfig.from_dict({"dim": 8})
    for change in ({"dim": 25}, {"prediction": "noise"}, {"precision": "fast"}, {"patch": (1, 0, 2)}):
        with pytest.raises(UsageError, match="must|unknown"):
            dataclasses.replace(tiny(), **change)
