"""The transformer gives, to the bit, what diffusers' WanTransformer3DModel gives on the same weights."""

import warnings

import pytest
import torch
from torch import Tensor

from himmel.transformer import TransformerConfig, VideoTransformer, from_diffusers, to_diffusers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from diffusers import WanTransformer3DModel

FRAMES, ROWS, COLUMNS = 3, 4, 6
TOKENS = 3 * 2 * 3


def layout(in_channels: int = 4, **extra: int) -> TransformerConfig:
    return TransformerConfig(
        dim=48, ffn_dim=64, heads=2, layers=2, in_channels=in_channels, out_channels=4, text_dim=16, **extra
    )


LAYOUTS = {
    "text": layout(),
    "text and image channels": layout(in_channels=9),
    "image embeddings": layout(in_channels=9, image=(20, 0)),
    "first and last image": layout(in_channels=9, image=(20, 14)),
}


def diffusers_twin(config: TransformerConfig) -> WanTransformer3DModel:
    return WanTransformer3DModel(
        num_attention_heads=config.heads,
        attention_head_dim=config.head_dim,
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        text_dim=config.text_dim,
        ffn_dim=config.ffn_dim,
        num_layers=config.layers,
        image_dim=config.image_dim or None,
        added_kv_proj_dim=config.dim if config.image_dim else None,
        pos_embed_seq_len=config.image_positions or None,
    )


def twins(config: TransformerConfig, dtype: torch.dtype) -> tuple[VideoTransformer, WanTransformer3DModel]:
    ours, theirs = VideoTransformer(config), diffusers_twin(config)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    ours.load_state_dict(from_diffusers(theirs.state_dict()))
    for name, parameter in theirs.named_parameters():
        kept = any(part in theirs._keep_in_fp32_modules for part in name.split("."))
        parameter.data = parameter.data.to(torch.float32 if kept else dtype)
    return ours.store_in(dtype).train(False), theirs.train(False)


def inputs(config: TransformerConfig, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor | None]:
    latents = torch.randn(2, config.in_channels, FRAMES, ROWS, COLUMNS).to(dtype)
    text = torch.randn(2, 512, config.text_dim).to(dtype)
    slots = config.image_positions or 7
    image = torch.randn(2, slots, config.image_dim).to(dtype) if config.image_dim else None
    return latents, text, image


def agree(config: TransformerConfig, timesteps: Tensor, dtype: torch.dtype) -> None:
    ours, theirs = twins(config, dtype)
    latents, text, image = inputs(config, dtype)
    # diffusers takes the two images of a first-and-last-frame clip as two rows of the batch.
    pairs = image.reshape(4, 7, -1) if image is not None and config.image_positions else image
    with torch.no_grad():
        expected = theirs(latents, timesteps, text, encoder_hidden_states_image=pairs, return_dict=False)[0]
        got = ours(latents, timesteps, text, image=image)
    assert got.dtype == dtype and got.abs().max() > 0.01
    assert torch.equal(got, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", LAYOUTS)
def test_equal_to_the_bit_with_a_timestep_per_clip(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    agree(LAYOUTS[name], torch.tensor([999, 251]), dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_equal_to_the_bit_with_a_timestep_per_token(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    timesteps = torch.randint(0, 1000, (2, TOKENS))
    timesteps[:, :6] = 0
    agree(LAYOUTS["text"], timesteps, dtype)


@pytest.mark.parametrize("name", LAYOUTS)
def test_names_map_one_to_one(name: str) -> None:
    with torch.device("meta"):
        ours, theirs = VideoTransformer(LAYOUTS[name]), diffusers_twin(LAYOUTS[name])
    state = ours.state_dict()
    renamed = to_diffusers(state)
    assert {key: value.shape for key, value in renamed.items()} == {
        key: value.shape for key, value in theirs.state_dict().items()
    }
    assert list(from_diffusers(renamed)) == list(state)
