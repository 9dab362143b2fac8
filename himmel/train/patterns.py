"""Which patches of a training clip are known, and how noisy the others are.

Directing a video means knowing some of its patches, so every way of directing is a pattern of noise levels
here (Diffusion Forcing, arXiv 2407.01392; DFoT, arXiv 2502.06764). A pattern is a function of a token grid
that draws one clip's levels: [F] when whole latent frames share a level, [F, h, w] otherwise.

    F latent frames    h w tokens along height and width    N = F*h*w tokens
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from himmel.errors import UsageError
from himmel.flow import training_times
from himmel.shapes import TokenGrid

__all__ = ["PATTERNS", "Levels", "Mixture", "draw_levels"]


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Shares of the patterns, and what the noise levels are drawn from.

    Most levels are high: there alone the text decides anything (benchmarks/text_gain.py), below t = 0.8 the
    latents themselves say what they show. Most clips have no known frame for the same reason.
    shared_time, free_time: mean and deviation of logit(t) for levels that a clip shares and for levels that
    every frame has of its own. context_share: how often known patches get a little noise, uniform up to
    `context_noise`, so that generated history is something the model has met.
    """

    shares: tuple[tuple[str, float], ...] = (
        ("shared", 0.50),
        ("prefix", 0.20),
        ("suffix", 0.06),
        ("bridge", 0.06),
        ("independent", 0.06),
        ("ramp", 0.07),
        ("box", 0.05),
    )
    shared_time: tuple[float, float] = (1.8, 1.5)
    free_time: tuple[float, float] = (1.3, 1.5)
    ramp_shift: float = 2.5
    context_share: float = 0.4
    context_noise: float = 0.1

    def __post_init__(self) -> None:
        unknown = [name for name, _ in self.shares if name not in PATTERNS]
        if unknown or abs(sum(share for _, share in self.shares) - 1) > 1e-6:
            raise UsageError(f"shares {self.shares} must add up to 1 and name patterns of {sorted(PATTERNS)}")


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Noise levels t in [0, 1] and which patches are known: both [B, F, 1, 1] or both [B, F, h, w]."""

    t: Tensor
    known: Tensor

    @property
    def by_token(self) -> bool:
        """Whether levels differ inside a frame."""
        return self.t.shape[2:] != (1, 1)

    def timesteps(self) -> Tensor:
        """What the transformer reads: [B, F] or [B, N], from 0 to 1000."""
        return 1000 * self.t.flatten(1)

    def over_latents(self, patch: tuple[int, int, int], height: int, width: int) -> "Levels":
        """The same for every latent: t and known as [B, 1, F*pt, height, width]."""
        return Levels(t=_spread(self.t, patch, height, width), known=_spread(self.known, patch, height, width))


def _spread(x: Tensor, patch: tuple[int, int, int], height: int, width: int) -> Tensor:
    x = x.repeat_interleave(patch[0], 1)  # [B, F*pt, h, w]
    if x.shape[2:] != (1, 1):
        x = x.repeat_interleave(patch[1], 2).repeat_interleave(patch[2], 3)  # [B, F*pt, height, width]
    return x.expand(-1, -1, height, width)[:, None]  # [B, 1, F*pt, height, width]


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """What a pattern draws from."""

    grid: TokenGrid
    mixture: Mixture
    generator: torch.Generator

    def time(self, count: int = 1) -> Tensor:
        mean, std = self.mixture.shared_time if count == 1 else self.mixture.free_time
        return training_times((count,), mean=mean, std=std, generator=self.generator)

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self.generator))


def shared(draw: _Draw) -> tuple[Tensor, Tensor]:
    """One level for the whole clip: text to video."""
    t = draw.time().expand(draw.grid.frames)  # [F]
    return t, torch.zeros_like(t, dtype=torch.bool)


def prefix(draw: _Draw) -> tuple[Tensor, Tensor]:
    """The first frames are known, half of the time only one: image to video, extension."""
    frames = draw.grid.frames
    count = 1 if draw.number(0, 1) else draw.number(1, max(1, frames - 2))
    return draw.time().expand(frames), torch.arange(frames) < count


def suffix(draw: _Draw) -> tuple[Tensor, Tensor]:
    """The last frames are known: extension backwards."""
    frames = draw.grid.frames
    count = draw.number(1, max(1, frames - 2))
    return draw.time().expand(frames), torch.arange(frames) >= frames - count


def bridge(draw: _Draw) -> tuple[Tensor, Tensor]:
    """The first and the last frames are known: interpolation, loops, connecting clips."""
    frames = draw.grid.frames
    first = draw.number(1, frames - 2)
    last = draw.number(1, frames - 1 - first)
    place = torch.arange(frames)
    return draw.time().expand(frames), (place < first) | (place >= frames - last)


def independent(draw: _Draw) -> tuple[Tensor, Tensor]:
    """Every frame has its own level: guidance over partly known histories."""
    t = draw.time(draw.grid.frames)  # [F]
    return t, torch.zeros_like(t, dtype=torch.bool)


def ramp(draw: _Draw) -> tuple[Tensor, Tensor]:
    """Levels rise from frame to frame, with any slope and start: streaming through a rolling window."""
    frames = draw.grid.frames
    rise = draw.uniform(0.25, 1.5)
    start = draw.uniform(-0.9 * rise, 0.95)
    t = (start + rise * torch.linspace(0, 1, frames)).clamp(0, 1)  # [F]
    shift = draw.mixture.ramp_shift
    t = shift * t / (1 + (shift - 1) * t)  # the sampler walks on a shifted grid
    return t, t == 0


def box(draw: _Draw) -> tuple[Tensor, Tensor]:
    """A box or its outside is known in all frames, half of the time the first too: inpainting, outpainting."""
    frames, rows, columns = draw.grid.frames, draw.grid.height, draw.grid.width
    height, width = draw.number(1, rows), draw.number(1, max(1, columns - 1))
    top, left = draw.number(0, rows - height), draw.number(0, columns - width)
    inside = torch.zeros(frames, rows, columns, dtype=torch.bool)
    inside[:, top : top + height, left : left + width] = True
    known = inside if draw.number(0, 1) else ~inside
    if frames > 1 and draw.number(0, 1):
        known[0] = True
    return draw.time().expand(frames, rows, columns), known


PATTERNS: Mapping[str, Callable[[_Draw], tuple[Tensor, Tensor]]] = {
    "shared": shared,
    "prefix": prefix,
    "suffix": suffix,
    "bridge": bridge,
    "independent": independent,
    "ramp": ramp,
    "box": box,
}
_BY_TOKEN = ("box",)
_LEAST_FRAMES = {"prefix": 2, "suffix": 2, "bridge": 3, "independent": 2, "ramp": 2}


def draw_levels(mixture: Mixture, grid: TokenGrid, batch: int, rng: np.random.Generator) -> Levels:
    """Levels of a batch of clips. All share a granularity: per frame, or per token if the first draw is a box.

    Patterns that need more frames than the grid has leave their share to the others.
    """
    fit = [(name, share) for name, share in mixture.shares if grid.frames >= _LEAST_FRAMES.get(name, 1)]
    by_token = _choose(fit, rng) in _BY_TOKEN
    fit = [(name, share) for name, share in fit if (name in _BY_TOKEN) == by_token]
    draw = _Draw(grid=grid, mixture=mixture, generator=torch.Generator().manual_seed(int(rng.integers(2**62))))
    drawn = [_one(draw, PATTERNS[_choose(fit, rng)]) for _ in range(batch)]
    shape = (batch, grid.frames, grid.height, grid.width) if by_token else (batch, grid.frames, 1, 1)
    t, known = (torch.stack(list(part)).reshape(shape) for part in zip(*drawn, strict=True))
    return Levels(t=t, known=known)


def _one(draw: _Draw, pattern: Callable[[_Draw], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    t, known = pattern(draw)
    noisy = draw.uniform(0, 1) < draw.mixture.context_share
    context = draw.uniform(0, draw.mixture.context_noise) if noisy else 0.0
    return torch.where(known, context, t), known


def _choose(shares: Sequence[tuple[str, float]], rng: np.random.Generator) -> str:
    names, weights = zip(*shares, strict=True)
    return str(rng.choice(names, p=np.array(weights) / sum(weights)))
