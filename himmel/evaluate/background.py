"""How the world behind the subjects moves through the picture: what the camera does, read off the pixels.

Between two frames of a scene seen by a moving camera, a plane moves by a homography, whose flow is a second
degree polynomial with eight numbers (Longuet-Higgins 1984; Bergen et al., "Hierarchical model-based motion
estimation", 1992). It is fitted to the brightness of all pixels that are not a subject, by iterated least
squares from coarse to fine, with weights that take what does not fit (other depths, reflections) out.

P pairs of frames, h w pixels of a level; x and y run from -1 to 1 across the width, y down.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

__all__ = ["Drift", "background_drift"]

Numbers = NDArray[np.float64]

LEVELS = (8, 4)  # pixels averaged to one
ROUNDS = 6  # least squares solutions a level
STILL = 0.02  # brightness (of 0 to 1) by which a pixel may differ before it loses weight


@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """The flow of P pairs of neighbouring frames: numbers [P, 8] of x, y -> (u, v), all in half widths.

    u = n0 + n1 x + n2 y + n6 x^2 + n7 x y, v = n3 + n4 x + n5 y + n6 x y + n7 y^2.
    """

    numbers: Numbers

    def at(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """u and v [P] at a place of each pair."""
        n = self.numbers.T
        u = n[0] + n[1] * x + n[2] * y + n[6] * x * x + n[7] * x * y
        return u, n[3] + n[4] * x + n[5] * y + n[6] * x * y + n[7] * y * y

    def growth(self, x: Numbers, y: Numbers) -> Numbers:
        """By how much pictures of things grow there [P]: half the divergence."""
        n = self.numbers.T
        return np.asarray((n[1] + n[5] + 3 * (n[6] * x + n[7] * y)) / 2)

    def shear(self, x: Numbers, y: Numbers) -> Numbers:
        """By how much more to the right things move a half width further down [P]."""
        n = self.numbers.T
        return np.asarray(n[2] + n[7] * x + 0 * y)


def background_drift(frames: NDArray[np.uint8], subjects: NDArray[np.bool_]) -> Drift:
    """The drift between neighbours of frames uint8 [T, H, W, 3] outside of `subjects` bool [T, H, W]."""
    grey = torch.from_numpy(frames).float().mean(3)[:, None] / 255.0  # [T, 1, H, W]
    free = 1.0 - torch.from_numpy(subjects).float()[:, None]  # [T, 1, H, W]
    numbers = torch.zeros(len(frames) - 1, 8)
    for level in LEVELS:
        picture = avg_pool2d(grey, level)
        # Where a subject is near, its edge would speak for the world behind it.
        clear = (avg_pool2d(free, level) > 0.99).float()
        clear = -torch.nn.functional.max_pool2d(-clear, 3, 1, 1)
        numbers = _fitted(_smooth(picture), clear, numbers)
    return Drift(numbers=numbers.double().numpy())


def _smooth(picture: Tensor) -> Tensor:
    """Binomial blur of width 3 of [T, 1, h, w]; a gradient of neighbours then fits."""
    kernel = torch.tensor([0.25, 0.5, 0.25])
    padded = torch.nn.functional.pad(picture, (1, 1, 1, 1), mode="replicate")
    return torch.nn.functional.conv2d(padded, (kernel[:, None] * kernel)[None, None])


def _fitted(picture: Tensor, clear: Tensor, numbers: Tensor) -> Tensor:
    """Improve the numbers [P, 8] on one level, picture and clear [T, 1, h, w]."""
    height, width = picture.shape[2:]
    x = (torch.arange(width) + 0.5) / width * 2 - 1
    y = ((torch.arange(height) + 0.5) / height * 2 - 1) * (height / width)
    y, x = torch.meshgrid(y, x, indexing="ij")  # [h, w]
    one, none = torch.ones_like(x), torch.zeros_like(x)
    u_of = torch.stack([one, x, y, none, none, none, x * x, x * y])  # [8, h, w]
    v_of = torch.stack([none, none, none, one, x, y, x * y, y * y])  # [8, h, w]
    before, after = picture[:-1], picture[1:]
    right, down = _gradient(before)
    for _ in range(ROUNDS):
        u, v = torch.einsum("pn,nhw->phw", numbers, u_of), torch.einsum("pn,nhw->phw", numbers, v_of)
        grid = torch.stack([x + u, (y + v) * (width / height)], -1)  # [P, h, w, 2]
        inside = (grid.abs() < 1).all(-1)
        moved = grid_sample(after, grid, padding_mode="border", align_corners=False)[:, 0]
        alive = grid_sample(clear[1:], grid, align_corners=False)[:, 0] > 0.9
        error = moved - before[:, 0]  # [P, h, w]
        weight = (inside & alive & (clear[:-1, 0] > 0)).float() / (1 + (error / STILL) ** 2)
        slope = right[:, None] * u_of + down[:, None] * v_of  # [P, 8, h, w]
        heavy = slope * weight[:, None]
        normal = torch.einsum("pnhw,pmhw->pnm", heavy, slope) + 1e-5 * torch.eye(8)
        numbers = numbers - torch.linalg.solve(normal, torch.einsum("pnhw,phw->pn", heavy, error))
        numbers = numbers.clamp(-0.5, 0.5)
    return numbers


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Slope of brightness per half width to the right and down, [T, h, w] each."""
    width = picture.shape[3]
    padded = torch.nn.functional.pad(picture, (1, 1, 1, 1), mode="replicate")[:, 0]
    right = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) * (width / 4)
    return right, (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) * (width / 4)
