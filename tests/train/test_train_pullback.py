from pathlib import Path

import pytest
import torch
from torch import Tensor

from himmel.codec import Codec, CodecConfig
from himmel.errors import TrainingError
from himmel.train.objective import velocity_loss
from himmel.train.pullback import load_metric, pullback_metric, save_metric


def a_codec(seed: int = 0) -> Codec:
    torch.manual_seed(seed)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=6))
    codec.measure(torch.zeros(6), torch.tensor([0.05, 0.1, 0.2, 0.4, 0.8, 1.6]))
    return codec


@torch.no_grad()
def shown(codec: Codec, latents: Tensor, direction: Tensor) -> float:
    """Mean square that pixels change by when every latent moves a little along `direction`, this way or that."""
    signs = torch.randint(0, 2, (len(latents), 1, *latents.shape[2:])) * 2.0 - 1
    moved = latents + 1e-3 * signs * direction.view(1, -1, 1, 1, 1)
    return float((codec.decode(moved) - codec.decode(latents)).double().square().mean())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_metric_says_how_much_pixels_change(seed: int) -> None:
    codec = a_codec(seed)
    latents = torch.randn(6, 6, 3, 4, 4)
    metric = pullback_metric(codec, latents)
    torch.testing.assert_close(metric, metric.T)
    assert float(metric.trace()) == pytest.approx(6)
    values, vectors = torch.linalg.eigh(metric)
    assert float(values[0]) > 0
    torch.manual_seed(seed)
    found = torch.tensor([shown(codec, latents, vectors[:, i]) for i in range(6)])
    # Neighbours overlap in the decoder and a few probes are a sample: proportional within a third.
    torch.testing.assert_close(found / found.sum(), values / values.sum(), rtol=0.35, atol=0.01)


def test_the_same_latents_give_the_same_metric(tmp_path: Path) -> None:
    latents = torch.randn(2, 6, 3, 4, 4)
    metric = pullback_metric(a_codec(), latents)
    assert torch.equal(metric, pullback_metric(a_codec(), latents))
    assert load_metric(tmp_path) is None
    save_metric(metric, tmp_path)
    assert torch.equal(load_metric(tmp_path), metric)
    assert [path.name for path in tmp_path.iterdir()] == ["pullback.safetensors"]


def test_a_decoder_that_shows_nothing_is_refused() -> None:
    codec = a_codec()
    for parameter in codec.decoder.parameters():
        parameter.data.zero_()
    with pytest.raises(TrainingError, match="shows nothing of its latents; train the codec first"):
        pullback_metric(codec, torch.randn(1, 6, 3, 4, 4))


def test_an_error_counts_by_the_metric() -> None:
    torch.manual_seed(0)
    clean, prediction = torch.randn(2, 2, 6, 3, 2, 2).unbind(0)
    levels, known = torch.rand(2, 1, 3, 2, 2) * 0.9 + 0.1, torch.rand(2, 1, 3, 2, 2) < 0.3
    root = torch.randn(6, 6)
    seen = torch.einsum("dc,bcfhw->bdfhw", root, prediction - clean) / levels
    expected = (seen.square() * ~known).sum() / (6 * (~known).sum())
    loss = velocity_loss(prediction, clean, levels, known, metric=root.T @ root)
    torch.testing.assert_close(loss, expected)
    plain = velocity_loss(prediction, clean, levels, known)
    torch.testing.assert_close(velocity_loss(prediction, clean, levels, known, metric=torch.eye(6)), plain)
