"""What a forward pass costs, by arithmetic."""

from himmel.transformer.config import CONV_BLOCKS, TransformerConfig

__all__ = ["flops"]


def flops(config: TransformerConfig, tokens: int, text_tokens: int | None = None) -> int:
    """Floating-point operations of one forward pass of one clip; multiply by 3 for a training step.

    Counts the matrix products (2 operations per multiply-add) over `tokens` tokens and `text_tokens` slots
    (the config's `text_len` by default), for timesteps per clip and without image embeddings.
    """
    slots = config.text_len if text_tokens is None else text_tokens
    dim = config.dim
    per_token = 6 * dim * dim + 2 * dim * config.ffn_dim + 2 * dim * (tokens + slots)
    per_slot = 2 * dim * dim
    blocks = config.layers * (tokens * per_token + slots * per_slot)
    patches = tokens * config.patch_volume * dim * (config.in_channels + config.out_channels)
    places = tokens * 6 * config.place_waves * dim
    wide, channels = config.conv_width, config.in_channels + config.out_channels
    inner = wide * (9 * (channels + 1) + config.out_channels + 12 * sum(CONV_BLOCKS) * wide + 2 * dim)
    detail = tokens * config.patch_volume * inner + sum(CONV_BLOCKS) * 2 * wide * dim
    embeddings = slots * dim * (config.text_dim + dim) + dim * (256 + dim + 6 * dim)
    return 2 * (blocks + patches + places + detail + embeddings)
