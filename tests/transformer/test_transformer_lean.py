"""The lean path is the same function as the faithful one."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from himmel.transformer import VideoTransformer, tiny
from himmel.transformer.lean import attend, norm_rotate
from himmel.transformer.rope import rotation

GRID = (3, 2, 2)


def plain_norm_rotate(x: Tensor, weight: Tensor, rotated: bool) -> Tensor:
    y = F.rms_norm(x, x.shape[-1:], weight, 1e-6).view(*x.shape[:2], 2, -1)
    return (rotation(8, GRID, device=x.device)(y) if rotated else y).transpose(1, 2)


@pytest.mark.parametrize("rotated", [True, False])
def test_norm_rotate_is_the_plain_form(rotated: bool) -> None:
    x = torch.randn(2, 12, 16, requires_grad=True)
    weight = torch.rand(16, requires_grad=True)
    turns = rotation(8, GRID, device=x.device).turns if rotated else None
    seed = torch.randn(2, 2, 12, 8)
    lean = norm_rotate(x, weight, turns, heads=2, eps=1e-6)
    plain = plain_norm_rotate(x, weight, rotated)
    torch.testing.assert_close(lean, plain)
    for got, expected in zip(
        torch.autograd.grad(lean, (x, weight), seed), torch.autograd.grad(plain, (x, weight), seed), strict=True
    ):
        torch.testing.assert_close(got, expected)


def test_norm_rotate_has_the_right_gradient() -> None:
    x = torch.randn(1, 12, 16, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(16, dtype=torch.float64, requires_grad=True)
    turns = rotation(8, GRID, device=x.device).turns.to(torch.complex128)
    assert torch.autograd.gradcheck(lambda a, b: norm_rotate(a, b, turns, heads=2, eps=1e-6), (x, weight))


def test_attend_is_attention_with_the_right_gradient() -> None:
    q, k, v = (torch.randn(2, 2, n, 4, dtype=torch.float64, requires_grad=True) for n in (5, 3, 3))
    expected = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    torch.testing.assert_close(attend(q, k, v), expected)
    assert torch.autograd.gradcheck(attend, (q, k, v))


def run(precision: str, dtype: torch.dtype | None) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(0)
    model = VideoTransformer(dataclasses.replace(tiny(), precision=precision))
    torch.nn.init.normal_(model.head.head.weight, std=0.1)
    latents, text, pooled = torch.randn(2, 4, 3, 4, 4), torch.randn(2, 8, 16), torch.randn(2, 16)
    timesteps = torch.tensor([[0.0, 500, 500], [900, 900, 20]])
    with torch.autocast("cpu", dtype or torch.bfloat16, enabled=dtype is not None):
        out = model(latents, timesteps, text, pooled=pooled)
    out.float().square().mean().backward()
    return out.detach().float(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_lean_equals_faithful_in_float32() -> None:
    (lean, lean_grads), (faithful, grads) = run("lean", None), run("faithful", None)
    torch.testing.assert_close(lean, faithful)
    assert lean_grads.keys() == grads.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(lean_grads[name], grad, msg=name, rtol=1e-4, atol=1e-6)


def test_lean_in_bfloat16_is_near_float32() -> None:
    (lean, lean_grads), (exact, grads) = run("lean", torch.bfloat16), run("faithful", None)
    assert float((lean - exact).norm() / exact.norm()) < 0.02
    for name, grad in grads.items():
        assert lean_grads[name].dtype == torch.float32
        assert float((lean_grads[name] - grad).norm() / grad.norm().clamp(min=1e-6)) < 0.1, name
