"""What the hand-written gradients of attention (himmel/transformer/lean.py) save on this processor.

    python benchmarks/lean.py
    python benchmarks/lean.py --batch 8 --tokens 144 --width 384 --rounds 40

Hardware: a CPU; the gain is largest with bf16 matrix units. Minutes: less than 1.
Expected: both ratios below 1 (a bar, not a measurement). Plain and lean take turns in one process; the figures
are medians of forward and backward together, in bfloat16.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F
from machine import machine
from torch import Tensor

from himmel.transformer.lean import attend, norm_rotate
from himmel.transformer.rope import rotation

EPS = 1e-6


def seconds(work: Callable[[], Tensor], inputs: Sequence[Tensor]) -> float:
    """One forward and backward pass."""
    began = perf_counter()
    result = work()
    torch.autograd.grad(result, inputs, torch.ones_like(result))
    return perf_counter() - began


def pairs(batch: int, tokens: int, width: int, heads: int) -> dict[str, tuple[Callable[[], float], ...]]:
    """The plain and the lean form of each step; each call gives its seconds."""
    x = torch.randn(batch, tokens, width, dtype=torch.bfloat16, requires_grad=True)
    weight = torch.ones(width, requires_grad=True)
    q, k, v = (
        torch.randn(batch, heads, tokens, width // heads, dtype=torch.bfloat16, requires_grad=True)
        for _ in range(3)
    )
    rotate = rotation(width // heads, (1, 1, tokens), device=torch.device("cpu"))

    def plain_norm() -> Tensor:
        y = F.rms_norm(x, x.shape[-1:], weight.to(x.dtype), EPS).view(batch, tokens, heads, -1)
        return rotate(y).transpose(1, 2)

    def plain_attention() -> Tensor:
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    return {
        "norm and rotation": (
            lambda: seconds(plain_norm, (x, weight)),
            lambda: seconds(lambda: norm_rotate(x, weight, rotate.turns, heads=heads, eps=EPS), (x, weight)),
        ),
        "attention": (
            lambda: seconds(plain_attention, (q, k, v)),
            lambda: seconds(lambda: attend(q, k, v), (q, k, v)),
        ),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name, usual in (("batch", 32), ("tokens", 144), ("width", 384), ("heads", 6), ("rounds", 20)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args(arguments)
    if asked.width % (2 * asked.heads):
        parser.error(f"{asked.heads} heads of a width of {asked.width} are not even; try 6 heads of 384")
    print(f"{asked.batch} x {asked.tokens} tokens of width {asked.width} on {machine()}")
    for name, forms in pairs(asked.batch, asked.tokens, asked.width, asked.heads).items():
        times = [[form() for form in forms] for _ in range(asked.rounds + 2)][2:]
        plain, lean = (1000 * median(column) for column in zip(*times, strict=True))
        print(f"{name}: plain {plain:.1f} ms, lean {lean:.1f} ms, ratio {lean / plain:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
