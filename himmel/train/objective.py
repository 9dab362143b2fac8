"""What is minimised: the codec's reconstruction loss and the transformer's velocity loss over known patches."""

import torch
from torch import Tensor

__all__ = ["codec_loss", "psnr"]


def codec_loss(decoded: Tensor, video: Tensor, latents: Tensor) -> Tensor:
    """L1 + 2 MSE + 0.5 L1 of the gradients along x, y and t + 1e-4 |z|^2.

    decoded, video: [B, 3, T, H, W]; latents: raw [B, 48, F, h, w]. The gradient terms keep thin edges and
    motion sharp where plain L1 settles for a blur; the last term only keeps the scale of latents in place.
    """
    error = decoded.float() - video  # [B, 3, T, H, W]
    loss = error.abs().mean() + 2 * error.square().mean()
    for axis in (2, 3, 4):
        loss = loss + 0.5 * error.diff(dim=axis).abs().mean()
    return loss + 1e-4 * latents.float().square().mean()


def psnr(decoded: Tensor, video: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of pictures in [-1, 1], over everything given."""
    error = (decoded.float() - video).square().mean().clamp_min(1e-10)
    return 10 * torch.log10(4 / error)
