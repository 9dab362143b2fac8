"""Parameter names of diffusers' `WanTransformer3DModel` against Wan's own, in both directions."""

import re
from collections.abc import Mapping

from torch import Tensor

__all__ = ["from_diffusers", "to_diffusers"]

# (Wan's name, diffusers' name), whole dotted parts. diffusers swaps norm2 and norm3: Wan's norm3, the only
# block norm with parameters, precedes cross-attention.
OUTER: tuple[tuple[str, str], ...] = (
    ("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
    ("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
    ("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
    ("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
    ("time_projection.1", "condition_embedder.time_proj"),
    ("img_emb.proj.0", "condition_embedder.image_embedder.norm1"),
    ("img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj"),
    ("img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2"),
    ("img_emb.proj.4", "condition_embedder.image_embedder.norm2"),
    ("img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"),
    ("head.head", "proj_out"),
    ("head.modulation", "scale_shift_table"),
)
INNER: tuple[tuple[str, str], ...] = (
    ("modulation", "scale_shift_table"),
    ("norm3", "norm2"),
    ("ffn.0", "ffn.net.0.proj"),
    ("ffn.2", "ffn.net.2"),
    *(
        (f"{ours}.{part}", f"{theirs}.{name}")
        for ours, theirs in (("self_attn", "attn1"), ("cross_attn", "attn2"))
        for part, name in (
            ("q", "to_q"),
            ("k", "to_k"),
            ("v", "to_v"),
            ("o", "to_out.0"),
            ("norm_q", "norm_q"),
            ("norm_k", "norm_k"),
            ("k_img", "add_k_proj"),
            ("v_img", "add_v_proj"),
            ("norm_k_img", "norm_added_k"),
        )
    ),
)


def to_diffusers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state under diffusers' names; names without a counterpart stay as they are."""
    return {_rename(name, 0): value for name, value in state.items()}


def from_diffusers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state under Wan's names; names without a counterpart stay as they are."""
    return {_rename(name, 1): value for name, value in state.items()}


def _rename(name: str, side: int) -> str:
    block = re.fullmatch(r"(blocks\.\d+\.)(.+)", name)
    prefix, inner, table = (block[1], block[2], INNER) if block else ("", name, OUTER)
    for pair in table:
        old, new = pair[side], pair[1 - side]
        if inner == old or inner.startswith(f"{old}."):
            return prefix + new + inner.removeprefix(old)
    return name
