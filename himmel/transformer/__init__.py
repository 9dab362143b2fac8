"""Latents, noise levels and text to a prediction: one transformer class, many configs."""

from himmel.transformer.config import (
    TransformerConfig,
    himmel_planner,
    himmel_small,
    tiny,
    tiny_planner,
    wan21_flf2v_14b,
    wan21_i2v_14b,
    wan21_t2v_1_3b,
    wan21_t2v_14b,
    wan22_i2v_a14b,
    wan22_t2v_a14b,
    wan22_ti2v_5b,
)
from himmel.transformer.cost import flops
from himmel.transformer.model import VideoTransformer
from himmel.transformer.names import from_diffusers, to_diffusers

__all__ = [
    "TransformerConfig",
    "VideoTransformer",
    "flops",
    "from_diffusers",
    "himmel_planner",
    "himmel_small",
    "tiny",
    "tiny_planner",
    "to_diffusers",
    "wan21_flf2v_14b",
    "wan21_i2v_14b",
    "wan21_t2v_14b",
    "wan21_t2v_1_3b",
    "wan22_i2v_a14b",
    "wan22_t2v_a14b",
    "wan22_ti2v_5b",
]
