"""Two steps of attention with gradients written by hand, for training on a CPU in bfloat16.

Functions of their inputs like the plain forms in `attention`, with fewer passes over memory. On a CPU with AMX the
matrix products of a small model are so quick that everything between them decides, and the backward pass of
scaled_dot_product_attention is slow on CPUs. benchmarks/lean.py times both forms side by side.

B batch, N tokens, S keys, D width, h heads, d = D/h.
"""

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["attend", "norm_rotate"]


def norm_rotate(x: Tensor, weight: Tensor, turns: Tensor | None, *, heads: int, eps: float) -> Tensor:
    """RMS norm over the whole width, split into heads, rotate: x [B, N, D] to [B, h, N, d] of the same dtype.

    weight: [D]. turns: complex [B or 1, N, 1, d/2], one number of length 1 per pair; None for no rotation.
    Computed in float32 at least and rounded once.
    """
    return cast(Tensor, _NormRotate.apply(x, weight, turns, heads, eps))  # type: ignore[no-untyped-call]


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention of q [B, h, N, d] to k, v [B, h, S, d]: [B, N, D]. Keeps the [B, h, N, S] weights."""
    return cast(Tensor, _Attend.apply(q, k, v))  # type: ignore[no-untyped-call]


class _NormRotate(torch.autograd.Function):
    """y = turn(weight * x / r) with r the root mean square of x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, turns: Tensor | None, heads: int, eps: float) -> Tensor:
        wide = torch.promote_types(x.dtype, torch.float32)
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=wide)  # [B, N, 1]
        inverse = (norm.square() / x.shape[-1] + eps).rsqrt()  # [B, N, 1]
        ctx.save_for_backward(x, inverse, weight, turns)
        ctx.heads = heads
        y = _turn_(x.to(wide, copy=True).mul_(weight), turns, inverse)  # [B, N, D]
        return y.view(*x.shape[:2], heads, -1).transpose(1, 2).to(x.dtype, memory_format=torch.contiguous_format)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        x, inverse, weight, turns = ctx.saved_tensors
        # With p the gradient of weight * x before 1/r is seen as a function of x:
        # dw = sum(p * x), dx = w * p - x * mean(w * p * x) / r^2.
        p = grad.transpose(1, 2).to(
            inverse.dtype, memory_format=torch.contiguous_format, copy=True
        )  # [B, N, h, d]
        p = _turn_(p.view_as(x), None if turns is None else turns.conj(), inverse)  # [B, N, D]
        wide = x.to(inverse.dtype)  # [B, N, D]
        px = p * wide  # [B, N, D]
        share = (px @ weight.to(px.dtype))[..., None] * inverse.square() / -x.shape[-1]  # [B, N, 1]
        dweight = px.sum((0, 1)).to(weight.dtype)  # [D]
        return p.mul_(weight).addcmul_(wide, share).to(x.dtype), dweight, None, None, None


def _turn_(y: Tensor, turns: Tensor | None, factor: Tensor) -> Tensor:
    """Scale y [B, N, D] by factor [B, N, 1] and rotate its pairs, in place."""
    if turns is None:
        return y.mul_(factor)
    pairs = y.view(*y.shape[:2], -1, turns.shape[-1], 2)  # [B, N, h, d/2, 2]
    torch.view_as_complex(pairs).mul_(turns * factor[..., None])
    return y


class _Attend(torch.autograd.Function):
    """softmax(q k' / sqrt(d)) v with the weights kept for the way back."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        batch, heads, tokens, width = q.shape
        q, k, v = (x.reshape(batch * heads, -1, width) for x in (q, k, v))  # [B*h, N or S, d]
        weights = _product(q, k.transpose(1, 2), width**-0.5).softmax(-1)  # [B*h, N, S]
        ctx.save_for_backward(q, k, v, weights)
        mixed = torch.bmm(weights, v).view(batch, heads, tokens, width)  # [B, h, N, d]
        return mixed.transpose(1, 2).flatten(2)  # [B, N, D]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v, weights = ctx.saved_tensors
        batch, tokens, width = *grad.shape[:2], q.shape[-1]
        mixed = grad.view(batch, tokens, -1, width).transpose(1, 2).reshape_as(q)  # [B*h, N, d]
        dv = torch.bmm(weights.transpose(1, 2), mixed)  # [B*h, S, d]
        dweights = torch.bmm(mixed, v.transpose(1, 2))  # [B*h, N, S]
        dscores = torch._softmax_backward_data(dweights, weights, -1, weights.dtype)  # [B*h, N, S]
        dq = _product(dscores, k, width**-0.5)  # [B*h, N, d]
        dk = _product(dscores.transpose(1, 2), q, width**-0.5)  # [B*h, S, d]
        dq, dk, dv = (x.view(batch, -1, *x.shape[1:]) for x in (dq, dk, dv))  # [B, h, N or S, d]
        return dq, dk, dv


def _product(a: Tensor, b: Tensor, scale: float) -> Tensor:
    """Batched a @ b * scale without a second pass."""
    return torch.baddbmm(a.new_empty(1, 1, 1), a, b, beta=0, alpha=scale)
