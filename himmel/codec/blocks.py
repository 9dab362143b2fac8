"""The parts the codec is built from: resampling by moving pixels into channels, and two residual blocks.

Every tensor here is [T*B, C, H, W], frames outermost and clips innermost, stored with channels last in
memory. That order makes "one frame earlier" a plain slice (rows shifted by B), and makes moving pixels or
frames into channels a copy of whole runs of C numbers. On CPUs with bf16 matrix units channels-last
convolution runs at about twice the speed of the contiguous layout.

    T frames    B clips    C channels    H W height and width at the current level
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

__all__ = ["Memory", "Residual", "Resample", "fold", "shortcut", "unfold"]


def fold(x: Tensor, batch: int, time: int, space: int) -> Tensor:
    """Move `time` frames and `space` x `space` pixels into channels.

    [T*B, C, H, W] -> [T/time*B, time*space*space*C, H/space, W/space]; the channel order is
    (time, row, column, C).
    """
    rows, channels, height, width = x.shape
    frames = rows // batch
    x = x.permute(0, 2, 3, 1)  # [T*B, H, W, C]
    x = x.reshape(frames // time, time, batch, height // space, space, width // space, space, channels)
    x = x.permute(0, 2, 3, 5, 1, 4, 6, 7)  # [T/t, B, H/s, W/s, t, s, s, C]
    x = x.reshape(frames // time * batch, height // space, width // space, time * space * space * channels)
    return x.permute(0, 3, 1, 2)  # [T/t*B, t*s*s*C, H/s, W/s]


def unfold(x: Tensor, batch: int, time: int, space: int) -> Tensor:
    """Undo `fold`: [T*B, time*space*space*C, H, W] -> [T*time*B, C, H*space, W*space]."""
    rows, folded, height, width = x.shape
    frames, channels = rows // batch, folded // (time * space * space)
    x = x.permute(0, 2, 3, 1)  # [T*B, H, W, t*s*s*C]
    x = x.reshape(frames, batch, height, width, time, space, space, channels)
    x = x.permute(0, 4, 1, 2, 5, 3, 6, 7)  # [T, t, B, H, s, W, s, C]
    x = x.reshape(frames * time * batch, height * space, width * space, channels)
    return x.permute(0, 3, 1, 2)  # [T*t*B, C, H*s, W*s]


def shortcut(fine: int, coarse: int, places: int) -> Tensor:
    """The channel mean as a matrix [coarse, places*fine].

    The coarse channels are coarse/fine sets of fine ones; each set averages its share of the places.
    """
    sets = coarse // fine
    folded = torch.arange(places * fine)
    kept = folded // fine * sets // places * fine + folded % fine  # the coarse channel of each folded one
    matrix = torch.zeros(coarse, places * fine)
    matrix[kept, folded] = sets / places
    return matrix


class Resample(nn.Module):
    """Change level: `fold` then a linear map of channels, or a linear map then `unfold`.

    `fine` and `coarse` are the channels at the two levels. The parameter-free shortcut of residual
    autoencoding (DC-AE, arXiv 2410.10733) is the channel mean on the way down and the channel repeat on
    the way up. It is linear, like the map it goes around, so it is written into the map's initial
    weights: without weight decay both train identically, and this one costs nothing.
    """

    def __init__(self, fine: int, coarse: int, *, time: int, space: int, up: bool) -> None:
        super().__init__()
        self.time, self.space, self.up = time, space, up
        places = time * space * space
        mean = shortcut(fine, coarse, places)  # [coarse, places*fine]
        self.linear = nn.Linear(coarse, places * fine) if up else nn.Linear(places * fine, coarse)
        with torch.no_grad():
            self.linear.weight += (mean > 0).float().T if up else mean

    def forward(self, x: Tensor, batch: int, past: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """[T*B, fine, H, W] <-> [T/time*B, coarse, H/space, W/space]; remembers nothing."""
        # A linear map on channels-last rows is a 1x1 convolution whose weight gradient runs 4x faster.
        if self.up:
            x = self.linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # [T*B, t*s*s*fine, H, W]
            return unfold(x, batch, self.time, self.space), past
        x = fold(x, batch, self.time, self.space)  # [T/t*B, t*s*s*fine, H/s, W/s]
        return self.linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), past


class Residual(nn.Module):
    """Two 3x3 convolutions around which x passes unchanged; the second starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = _zeroed(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor, batch: int, past: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """[T*B, C, H, W] -> same; remembers nothing."""
        y = self.conv1(silu(x))  # [T*B, C, H, W]
        y = self.conv2(silu(y))  # [T*B, C, H, W]
        return x + y, past


class Memory(nn.Module):
    """A residual block that also sees the frame before: the only place where time is mixed.

    A convolution over (x_t, x_{t-1}) is two convolutions summed, and convolving then delaying equals
    delaying then convolving. So one convolution makes 2C channels and the second half of them is delayed
    by one frame. The delayed half of the last frame is all a stream has to remember.
    (Memory blocks: TAEHV, github.com/madebyollin/taehv.)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.now = nn.Conv2d(channels, channels, 3, padding=1)
        self.before = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = _zeroed(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor, batch: int, past: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """[T*B, C, H, W] -> same; `past` [B, C, H, W] comes from the chunk before (None: nothing before)."""
        y = silu(x)  # [T*B, C, H, W]
        before = self.before(y)  # [T*B, C, H, W]
        if past is None:
            past = torch.zeros_like(before[:batch])  # [B, C, H, W]
        y = self.now(y) + torch.cat([past, before[:-batch]])  # [T*B, C, H, W]
        y = self.conv2(silu(y))  # [T*B, C, H, W]
        return x + y, before[-batch:]


def _zeroed(conv: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
