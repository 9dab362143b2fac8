"""How strongly the decoder shows an error in each direction of a latent: its pullback metric.

Latents have unit variance in every channel, but pixels hang on a few of their directions. In the bundled codec
ten of 48 carry 96 % of the variance of pixels, and the rest most of what no model can predict. A loss that counts
every direction alike spends a model on what nobody sees.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from himmel.codec import Codec
from himmel.errors import TrainingError

__all__ = ["load_metric", "pullback_metric", "save_metric"]

_PROBES = 2  # directions in pixel space per clip: every latent of a clip is a sample by itself
_NAME = "pullback"


def pullback_metric(codec: Codec, latents: Tensor) -> Tensor:
    """Mean of J^T J over latents [B, C, F, h, w], J the decoder's derivative: [C, C], with trace C.

    e^T G e is what an error e [C] in one latent, apart from its neighbours, changes in the squares of pixels
    (Arvanitidis et al., Latent Space Oddity, arXiv 1710.11379). J^T r for random pixels r of unit variance has
    J^T J as its covariance, so backward passes suffice. The same latents give the same metric.
    Raises TrainingError for a decoder that shows nothing of them.
    """
    channels = latents.shape[1]
    total = torch.zeros(channels, channels, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    for clip in torch.split(latents.float(), 1):
        known = clip.to(codec.mean.device).requires_grad_(True)  # [1, C, F, h, w]
        with torch.enable_grad():
            pixels = codec.decode(known)  # [1, 3, T, H, W]
        for left in reversed(range(_PROBES)):
            probe = torch.randn(pixels.shape, generator=generator).to(pixels)
            (pulled,) = torch.autograd.grad(pixels, known, probe, retain_graph=left > 0)  # [1, C, F, h, w]
            each = pulled.transpose(0, 1).flatten(1).double().cpu()  # [C, F h w]
            total += each @ each.T
    if not 0 < float(total.trace()) < float("inf"):
        raise TrainingError("the codec's decoder shows nothing of its latents; train the codec first")
    return (total * (channels / total.trace())).float()


def save_metric(metric: Tensor, folder: Path) -> None:
    """Keep the metric [C, C] beside latents."""
    part = folder / f"{_NAME}.part"
    save_file({_NAME: metric.contiguous()}, part)
    part.replace(folder / f"{_NAME}.safetensors")


def load_metric(folder: Path) -> Tensor | None:
    """The metric [C, C] that lies beside latents, if any does."""
    path = folder / f"{_NAME}.safetensors"
    return load_file(path)[_NAME] if path.exists() else None
