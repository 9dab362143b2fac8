"""What a forward pass costs, by arithmetic."""

from himmel.transformer.config import REFINER_BLOCKS, TransformerConfig

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
    seen = config.in_channels + config.out_channels + 1 + config.refiner_hints
    inner = config.refiner * (27 * seen + 12 * REFINER_BLOCKS * config.refiner + 9 * config.out_channels)
    refined = tokens * config.patch_volume * (inner + dim * config.refiner_hints)
    embeddings = slots * dim * (config.text_dim + dim) + dim * (256 + dim + 6 * dim)
    return 2 * (blocks + patches + places + refined + embeddings)
