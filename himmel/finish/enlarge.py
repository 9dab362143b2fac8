"""More pixels: one small frame and what is remembered of those before become one large frame.

B clips    H W pixels of the small frame    C channels    M channels of memory    s pixels made of one
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, relu

from himmel.finish.config import FinisherConfig
from himmel.finish.keep import block_means, keep_draft

__all__ = ["Enlarger", "Residual"]

_PLAIN_HALO = 5  # what plain enlarging and the bound see around a pixel: three bicubic steps and a 3x3 window


class Residual(nn.Module):
    """Two 3x3 convolutions around which x passes unchanged; the second starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> same."""
        y = relu(self.conv1(relu(x)))  # [B, C, H, W]
        changed: Tensor = x + self.conv2(y)  # [B, C, H, W]
        return changed


class Enlarger(nn.Module):
    """Detail over plain enlarging, bound to the small frame; all layers but the last work at its size.

    The memory lies in the range of tanh, so that it cannot grow over a long clip.
    """

    def __init__(self, config: FinisherConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv2d(3 + config.memory, config.width, 3, padding=1)
        self.blocks = nn.ModuleList(Residual(config.width) for _ in range(config.blocks))
        self.remember = nn.Conv2d(config.width, config.memory, 3, padding=1)
        self.paint = nn.Conv2d(config.width, 3 * config.scale**2, 3, padding=1)
        nn.init.zeros_(self.paint.weight)
        nn.init.zeros_(self.paint.bias)  # type: ignore[arg-type]

    @property
    def halo(self) -> int:
        """How far, in pixels of the small frame, what is made of a pixel depends on others."""
        return max(2 * self.config.blocks + 2, _PLAIN_HALO)

    def forward(self, frame: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Frame [B, 3, H, W] in [-1, 1] and memory [B, M, H, W] -> frame [B, 3, sH, sW] and memory.

        Without memory the frame is the first of its clip.
        """
        dtype = self.enter.weight.dtype
        if memory is None:
            memory = frame.new_zeros(len(frame), self.config.memory, *frame.shape[2:], dtype=dtype)
        x = torch.cat([frame.to(dtype), memory.to(dtype)], dim=1)  # [B, 3 + M, H, W]
        x = self.enter(x.contiguous(memory_format=torch.channels_last))  # [B, C, H, W]
        for block in self.blocks:
            x = block(x)  # [B, C, H, W]
        x = relu(x)  # [B, C, H, W]
        memory = torch.tanh(self.remember(x))  # [B, M, H, W]
        detail = pixel_shuffle(self.paint(x).float(), self.config.scale)  # [B, 3, sH, sW]
        picture = keep_draft(self.plain(frame) + detail, frame, self.config.slack)  # [B, 3, sH, sW]
        return picture, memory

    def plain(self, frame: Tensor) -> Tensor:
        """Bicubic enlarging whose blur was taken back once: [B, 3, H, W] -> [B, 3, sH, sW]."""
        scale = self.config.scale
        blurred = block_means(_bicubic(frame, scale), scale)  # [B, 3, H, W]
        return _bicubic(2 * frame - blurred, scale)  # [B, 3, sH, sW]


def _bicubic(x: Tensor, scale: int) -> Tensor:
    return interpolate(x, scale_factor=scale, mode="bicubic")
