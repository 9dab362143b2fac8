"""More frames: the frame half way between two.

Things are looked for in both frames at once: what is at p in the middle was at p - v and will be at p + v. How
alike the two frames are there, for each v within reach, gives a first guess of the motion, which is right before
anything is learned where the picture has structure; a small network corrects it and says which frame to trust.

    B clips    H W pixels    h w cells of 4 x 4 pixels    C D channels    V motions that are compared
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, normalize, pad, pixel_shuffle, pixel_unshuffle, relu

from himmel.finish.config import FinisherConfig
from himmel.finish.enlarge import Residual

__all__ = ["CELL", "Between"]

CELL = 4  # pixels of a cell along each side
_FEATURES = 32  # channels that are compared
_REFINED = 24  # channels of the last correction, which works on pixels


class Between(nn.Module):
    """The frame half way between two frames of a clip."""

    def __init__(self, config: FinisherConfig) -> None:
        super().__init__()
        self.config = config
        width, motions = config.between_width, (2 * config.reach + 1) ** 2
        self.look = nn.Conv2d(3 * CELL**2, width, 3, padding=1)
        self.describe = nn.Conv2d(width, _FEATURES, 3, padding=1)
        self.sharpness = nn.Parameter(torch.tensor(30.0))
        self.enter = nn.Conv2d(2 * _FEATURES + motions + 2, width, 3, padding=1)
        self.blocks = nn.ModuleList(Residual(width) for _ in range(config.between_blocks))
        self.shift = nn.Conv2d(width, 5 * CELL**2, 3, padding=1)
        self.refine = nn.ModuleList(
            [nn.Conv2d(9, _REFINED, 3, padding=1), nn.Conv2d(_REFINED, _REFINED, 3, padding=1)]
        )
        self.paint = nn.Conv2d(_REFINED, 3, 3, padding=1)
        for last in (self.shift, self.paint):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    @property
    def halo(self) -> int:
        """How far, in pixels, the middle frame at a pixel depends on others; a multiple of CELL."""
        cells = 2 + self.config.reach + 1 + 2 * self.config.between_blocks + 1 + 1
        return CELL * (1 + max(cells, self._limit // CELL + 1))

    @property
    def _limit(self) -> int:
        """The longest way, in pixels, from the middle to one of the frames."""
        return CELL * (self.config.reach + 1)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Frames [B, 3, H, W] in [-1, 1] -> the middle one [B, 3, H, W]."""
        height, width = before.shape[2:]
        before, after = _filled(before), _filled(after)  # [B, 3, 4h, 4w]
        one, other = self._described(before), self._described(after)  # [B, D, h, w]
        alike = self._compared(one, other)  # [B, V, h, w]
        guess = self._guessed(alike)  # [B, 2, h, w]
        x = self.enter(torch.cat([one, other, alike.to(one), guess.to(one)], dim=1))  # [B, C, h, w]
        for block in self.blocks:
            x = block(x)  # [B, C, h, w]
        moves = pixel_shuffle(self.shift(relu(x)).float(), CELL)  # [B, 5, 4h, 4w]
        way = CELL * interpolate(guess, scale_factor=CELL, mode="bilinear")  # [B, 2, 4h, 4w]
        limit = float(self._limit)
        past = _warped(before, (moves[:, 0:2] - way).clamp(-limit, limit))  # [B, 3, 4h, 4w]
        future = _warped(after, (moves[:, 2:4] + way).clamp(-limit, limit))  # [B, 3, 4h, 4w]
        middle = torch.lerp(past, future, moves[:, 4:].sigmoid())  # [B, 3, 4h, 4w]
        y = torch.cat([past, future, middle], dim=1).to(one)  # [B, 9, 4h, 4w]
        for conv in self.refine:
            y = relu(conv(y))  # [B, 24, 4h, 4w]
        middle = middle + self.paint(y).float()  # [B, 3, 4h, 4w]
        whole: Tensor = middle.clamp(-1, 1)[:, :, :height, :width]
        return whole

    def _described(self, frame: Tensor) -> Tensor:
        """[B, 3, 4h, 4w] -> [B, D, h, w]."""
        cells = pixel_unshuffle(frame, CELL).to(self.look.weight.dtype)  # [B, 48, h, w]
        x = self.look(cells.contiguous(memory_format=torch.channels_last))  # [B, C, h, w]
        described: Tensor = self.describe(relu(x))  # [B, D, h, w]
        return described

    def _compared(self, one: Tensor, other: Tensor) -> Tensor:
        """How alike `one` at p - v and `other` at p + v are, for each v in reading order: [B, V, h, w]."""
        reach, (height, width) = self.config.reach, one.shape[2:]
        ones, others = (pad(normalize(x.float(), dim=1), (reach,) * 4) for x in (one, other))
        ways = [(dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
        products = [
            ones[:, :, reach - dy : reach - dy + height, reach - dx : reach - dx + width]
            * others[:, :, reach + dy : reach + dy + height, reach + dx : reach + dx + width]
            for dy, dx in ways
        ]
        return torch.stack([product.sum(1) for product in products], dim=1)

    def _guessed(self, alike: Tensor) -> Tensor:
        """The mean motion (x, y), in cells, weighted by likeness: [B, V, h, w] -> [B, 2, h, w]."""
        reach = self.config.reach
        steps = torch.arange(-reach, reach + 1, device=alike.device, dtype=alike.dtype)
        down, right = torch.meshgrid(steps, steps, indexing="ij")
        weights = (alike * self.sharpness.float()).softmax(dim=1)  # [B, V, h, w]
        # Not as a matrix product, which autocast would round to a hundredth of a cell.
        along = [(weights * way.reshape(-1, 1, 1)).sum(1) for way in (right, down)]  # 2 x [B, h, w]
        return torch.stack(along, dim=1)


def _filled(frame: Tensor) -> Tensor:
    """The frame with its last row and column repeated until it is made of whole cells."""
    height, width = frame.shape[2:]
    return pad(frame, (0, -width % CELL, 0, -height % CELL), mode="replicate")


def _warped(frame: Tensor, ways: Tensor) -> Tensor:
    """What `frame` [B, 3, H, W] shows at each pixel + its way (x, y), in pixels [B, 2, H, W]; bilinear."""
    height, width = frame.shape[2:]
    rows = torch.arange(height, device=frame.device, dtype=torch.float32)
    columns = torch.arange(width, device=frame.device, dtype=torch.float32)
    x = (columns + ways[:, 0]) * (2 / (width - 1)) - 1  # [B, H, W]
    y = (rows[:, None] + ways[:, 1]) * (2 / (height - 1)) - 1  # [B, H, W]
    return grid_sample(
        frame, torch.stack([x, y], dim=-1), mode="bilinear", padding_mode="border", align_corners=True
    )
