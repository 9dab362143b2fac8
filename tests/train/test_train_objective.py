import pytest
import torch
from torch import Tensor

from himmel.train.objective import codec_loss, psnr, velocity_loss


def plain_loss(decoded: Tensor, video: Tensor, latents: Tensor) -> Tensor:
    error = decoded - video
    loss = error.abs().mean() + 2 * error.square().mean() + 1e-4 * latents.square().mean()
    return loss + sum(0.5 * error.diff(dim=axis).abs().mean() for axis in (2, 3, 4))


@pytest.mark.parametrize("frames_first", [False, True])
def test_the_closed_gradient_is_that_of_autograd(frames_first: bool) -> None:
    torch.manual_seed(0)
    order = (1, 4, 0, 2, 3) if frames_first else (0, 1, 2, 3, 4)
    decoded = torch.randn(5, 2, 7, 6, 3).permute(order).requires_grad_()
    video = torch.randn(decoded.shape)
    latents = torch.randn(2, 4, 2, 1, 1, requires_grad=True)
    expected = plain_loss(decoded, video, latents)
    wanted = torch.autograd.grad(expected, (decoded, latents))
    loss, quality = codec_loss(decoded, video, latents)
    got = torch.autograd.grad(3 * loss, (decoded, latents))
    torch.testing.assert_close(loss, expected)
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, 3 * other)
    torch.testing.assert_close(quality, psnr(decoded, video))
    assert float(psnr(video, video)) == pytest.approx(106.02, abs=0.01)


def test_velocity_loss_counts_unknown_noisy_patches_only() -> None:
    clean, levels = torch.zeros(1, 2, 3, 1, 1), torch.tensor([0.0, 0.5, 0.8]).view(1, 1, 3, 1, 1)
    known = torch.tensor([False, False, True]).view(1, 1, 3, 1, 1)
    prediction = torch.full_like(clean, 0.25)
    assert float(velocity_loss(prediction, clean, levels, known)) == pytest.approx(0.25)
    assert float(velocity_loss(prediction, clean, levels * 0, known)) == 0


def test_velocity_loss_is_the_squared_difference_of_velocities() -> None:
    torch.manual_seed(0)
    clean, noise, prediction = torch.randn(3, 2, 4, 3, 2, 2).unbind(0)
    levels = torch.rand(2, 1, 3, 1, 1) * 0.9 + 0.1
    x = (1 - levels) * clean + levels * noise
    velocities = (x - prediction) / levels - (noise - clean)
    loss = velocity_loss(prediction, clean, levels.expand(2, 1, 3, 2, 2), torch.zeros(2, 1, 3, 2, 2).bool())
    torch.testing.assert_close(loss, velocities.square().mean())
