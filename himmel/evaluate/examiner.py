"""The examiner: a small network that says for every pixel whose it is, the world's or a subject's of some colour.

It learned from the world's own masks and from nothing else; no generator was ever trained against it. All of
a subject counts as its colour, the neutral wheels, eyes and hats too, so that one subject is one area.

B frames, H W pixels (multiples of 16), C classes: 0 is the background, 1 + i is colour i of `grammar.COLOURS`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, relu

from himmel.errors import WeightsError
from himmel.weights import load_weights
from himmel.world.grammar import COLOURS

__all__ = ["EXAMINER_FOLDER", "PALETTE", "Examiner", "ExaminerConfig", "load_examiner"]

EXAMINER_FOLDER = Path(__file__).parent / "examiner"
PALETTE: tuple[str, ...] = tuple(COLOURS)
FRAMES_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class ExaminerConfig:
    """Patch side; width and residual blocks at 1/1, 1/2 and 1/4 of the grid of patches; the colours' order."""

    patch: int = 4
    channels: tuple[int, int, int] = (32, 64, 128)
    blocks: tuple[int, int, int] = (1, 2, 2)
    colours: tuple[str, ...] = PALETTE

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in the weights' index."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ExaminerConfig":
        """Undo `to_dict`; raises WeightsError on an unknown key."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise WeightsError(f"examiner config has unknown keys {sorted(unknown)}; it needs another version")
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**plain)


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut; the second looks `reach` cells far."""

    def __init__(self, width: int, reach: int = 1) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.near = nn.Conv2d(width, width, 3, padding=1)
        self.far = nn.Conv2d(width, width, 3, padding=reach, dilation=reach)

    def forward(self, x: Tensor) -> Tensor:
        y = self.near(relu(self.norm(x)))  # [B, width, h, w]
        x = x + self.far(relu(y))  # [B, width, h, w]
        return x


class Examiner(nn.Module):
    """A U-shaped convolutional network over single frames."""

    def __init__(self, config: ExaminerConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.channels
        one, two, three = config.blocks
        pixels = config.patch**2
        self.enter = nn.Conv2d(3 * pixels, fine, 3, padding=1)
        self.fine = nn.Sequential(*[_Block(fine) for _ in range(one)])
        self.down = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.middle = nn.Sequential(*[_Block(middle) for _ in range(two)])
        self.deeper = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.coarse = nn.Sequential(*[_Block(coarse, 1 + step % 2) for step in range(three)])
        self.rise = nn.Conv2d(coarse, middle, 1)
        self.middle_again = nn.Sequential(*[_Block(middle) for _ in range(two)])
        self.rise_again = nn.Conv2d(middle, fine, 1)
        self.fine_again = nn.Sequential(*[_Block(fine) for _ in range(one)])
        self.leave = nn.Conv2d(fine, (1 + len(config.colours)) * pixels, 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames [B, 3, H, W] in [-1, 1] -> logits [B, C, H, W]; h w is the grid of patches."""
        fine = self.fine(self.enter(pixel_unshuffle(frames, self.config.patch)))  # [B, fine, h, w]
        middle = self.middle(self.down(fine))  # [B, middle, h/2, w/2]
        coarse = self.coarse(self.deeper(middle))  # [B, coarse, h/4, w/4]
        middle = middle + interpolate(self.rise(coarse), scale_factor=2.0)  # [B, middle, h/2, w/2]
        middle = self.middle_again(middle)  # [B, middle, h/2, w/2]
        fine = fine + interpolate(self.rise_again(middle), scale_factor=2.0)  # [B, fine, h, w]
        fine = self.fine_again(fine)  # [B, fine, h, w]
        return pixel_shuffle(self.leave(relu(fine)), self.config.patch)  # [B, C, H, W]

    @torch.inference_mode()
    def label(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Frames uint8 [T, H, W, 3] -> classes uint8 [T, H, W]."""
        # A copy, because torch warns of arrays that are read-only, as a clip's frames are.
        video = torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2)  # [T, 3, H, W]
        parts = [self._both_ways(part.float() / 127.5 - 1.0) for part in torch.split(video, FRAMES_AT_ONCE)]
        labels: NDArray[np.uint8] = torch.cat(parts).to(torch.uint8).numpy()
        return labels

    def _both_ways(self, x: Tensor) -> Tensor:
        """Classes [B, H, W] of pictures [B, 3, H, W], from the votes of each and of its mirror image."""
        votes: Tensor = self(x) + self(x.flip(3)).flip(3)
        return votes.argmax(1)


def load_examiner(folder: Path = EXAMINER_FOLDER) -> Examiner:
    """The examiner of a folder of weights; raises WeightsError when it is missing, altered or another one."""
    weights = load_weights(folder)
    if set(weights.parts) != {"examiner"}:
        raise WeightsError(f"{folder} has the parts {sorted(weights.parts)} instead of examiner; learn it again")
    part = weights.parts["examiner"]
    config = ExaminerConfig.from_dict(part.config)
    if config.colours != PALETTE:
        raise WeightsError(f"the examiner in {folder} knows other colours than the world has; learn it again")
    examiner = Examiner(config)
    examiner.load_state_dict(dict(part.tensors))
    # Frames come with their colours last; weights that lie so too halve the time on a CPU and change no label.
    examiner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return examiner.requires_grad_(False).train(False)
