"""Why the final shows what the draft showed: an enlarged picture is bound to the small one, whatever the weights.

Each pixel of the draft becomes a block of pixels. The mean of the block may leave the pixel's value only by a
share of the deviation around it: nothing where the draft is flat, a little at an edge, which may become sharper.
The block's detail keeps that mean and shrinks until it lies in range, so nothing is cut off afterwards. Of the
structural similarity of the means to the draft a share of 0.15 takes little: where all of it goes against the
contrast, which falls to r = 0.85, 2r / (1 + r^2) = 0.987 is left; where it goes anywhere else, 0.989.

B pictures, C channels, H W height and width of the draft, s pixels made of one along each side.
"""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

__all__ = ["area_means", "block_means", "keep_draft", "settled"]

_TINY = 1e-6
_ROUNDS = 3  # of settling: bringing values back into range moves the means of a few blocks a little


def keep_draft(picture: Tensor, draft: Tensor, slack: float) -> Tensor:
    """The picture [B, C, sH, sW] nearest in kind whose blocks keep to the draft [B, C, H, W], both in [-1, 1]."""
    height, width = draft.shape[-2:]
    scale = picture.shape[-1] // width
    blocks = picture.reshape(*draft.shape[:2], height, scale, width, scale)  # [B, C, H, s, W, s]
    mean = block_means(picture, scale)  # [B, C, H, W]
    kept = _allowed(mean, draft, slack)  # [B, C, H, W]
    detail = blocks - mean[:, :, :, None, :, None]  # [B, C, H, s, W, s]
    above = (1 - kept) / detail.amax((3, 5)).clamp_min(_TINY)  # [B, C, H, W]
    below = (1 + kept) / (-detail.amin((3, 5))).clamp_min(_TINY)  # [B, C, H, W]
    share = torch.minimum(above, below).clamp_max(1)  # [B, C, H, W]
    blocks = torch.addcmul(
        kept[:, :, :, None, :, None], share[:, :, :, None, :, None], detail
    )  # [B, C, H, s, W, s]
    return blocks.flatten(4, 5).flatten(2, 3)  # [B, C, sH, sW]


def block_means(picture: Tensor, scale: int) -> Tensor:
    """Means of blocks of scale x scale pixels: [B, C, sH, sW] -> [B, C, H, W]."""
    return avg_pool2d(picture, scale)


def settled(picture: Tensor, draft: Tensor, slack: float) -> Tensor:
    """A picture near [B, C, H', W'], of any larger size, that keeps to the draft [B, C, H, W] in the same way.

    It is for pictures that almost do, such as a resized one; of noise some blocks stay off, out of range.
    A pixel of the draft then covers parts of pixels; what corrects the means is the least change that does.
    """
    down = _spread(picture.shape[2], draft.shape[2]).to(picture.device)  # [H', H]
    across = _spread(picture.shape[3], draft.shape[3]).to(picture.device)  # [W', W]
    for _ in range(_ROUNDS):
        means = area_means(picture, draft.shape[2], draft.shape[3])  # [B, C, H, W]
        change = _allowed(means, draft, slack) - means  # [B, C, H, W]
        picture = (picture + down @ change @ across.T).clamp(-1, 1)  # [B, C, H', W']
    return picture


def area_means(picture: Tensor, height: int, width: int) -> Tensor:
    """Means of what each pixel of a smaller picture covers, parts of pixels too: [..., H', W'] -> [..., H, W]."""
    rows = _shares(picture.shape[-2], height).to(picture.device)  # [H, H']
    columns = _shares(picture.shape[-1], width).to(picture.device)  # [W, W']
    return rows @ picture @ columns.T


@lru_cache(maxsize=16)
def _shares(large: int, small: int) -> Tensor:
    """How much of each of `small` pixels in a row each of `large` ones covers: [small, large]."""
    edges = torch.arange(small + 1, dtype=torch.float64) * (large / small)  # [small + 1]
    pixels = torch.arange(large, dtype=torch.float64)  # [large]
    covered = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (covered.clamp_min(0) * (small / large)).float()


@lru_cache(maxsize=16)
def _spread(large: int, small: int) -> Tensor:
    """The least change of `large` pixels that changes the means of `small` as wanted: [large, small]."""
    spread: Tensor = torch.linalg.pinv(_shares(large, small).double()).float()
    return spread


def _allowed(mean: Tensor, draft: Tensor, slack: float) -> Tensor:
    """The mean nearest to `mean` that the draft allows; both [B, C, H, W]."""
    room = slack * _deviation(draft.detach())  # [B, C, H, W]
    return (draft + torch.clamp(mean - draft, -room, room)).clamp(-1, 1)


def _deviation(draft: Tensor) -> Tensor:
    """The deviation of each 3x3 neighbourhood: [B, C, H, W] -> same."""
    padded = pad(draft, (1, 1, 1, 1), mode="replicate")  # [B, C, H + 2, W + 2]
    mean = avg_pool2d(padded, 3, stride=1)  # [B, C, H, W]
    square = avg_pool2d(padded.square(), 3, stride=1)  # [B, C, H, W]
    return (square - mean.square()).clamp_min(0).sqrt()
