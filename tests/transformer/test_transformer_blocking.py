import math

import pytest
import torch
from torch import Tensor

from himmel.blocking import ACTOR, CAMERA, FIELD, channels, staged, to_channels
from himmel.errors import UsageError
from himmel.transformer import TransformerConfig, VideoTransformer, tiny
from himmel.transformer.blocking import _about_actors, _about_view

SIZE = (8, 12)  # rows and columns


def blocking(frames: int = 3, clips: int = 2, actors: int = 2, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    units = 0.5 * torch.randn((clips, actors, len(ACTOR), frames), generator=generator)
    units[:, :, 0] = 1
    units[:, :, 3:5] = -1.5 - 0.5 * units[:, :, 3:5].abs()
    camera = torch.tensor([0.3, -6.0, 2.0, 0.1, -0.3])[None, :, None].expand(clips, len(CAMERA), frames)
    return to_channels(units, camera)


@pytest.fixture
def model() -> VideoTransformer:
    torch.manual_seed(0)
    built = VideoTransformer(tiny(actors=2))
    torch.nn.init.normal_(built.head.head.weight, std=0.1)
    return built.train(False)


def ask(model: VideoTransformer, told: Tensor | None) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    latents, text = (
        torch.randn((2, 4, 3, *SIZE), generator=generator),
        torch.randn((2, 8, 16), generator=generator),
    )
    with torch.no_grad():
        return model(latents, torch.tensor([900.0, 500.0]), text, pooled=text.mean(1), blocking=told)


def listens(model: VideoTransformer) -> None:
    for module in (model.blocking_stem.actor_out, model.blocking_stem.view_out):
        torch.nn.init.normal_(module.weight, std=0.3)
    for module in (model.conv_stem.tell, model.conv_head.leave):
        torch.nn.init.normal_(module.weight, std=0.3)


def test_it_changes_nothing_until_it_has_learned(model: VideoTransformer) -> None:
    torch.testing.assert_close(ask(model, blocking()), ask(model, None), rtol=0, atol=0)


def test_zeros_say_as_much_as_nothing(model: VideoTransformer) -> None:
    listens(model)
    assert not torch.equal(ask(model, blocking()), ask(model, None))
    torch.testing.assert_close(ask(model, torch.zeros(2, channels(2), 3)), ask(model, None))
    half = blocking() * torch.tensor([1.0, 0.0])[:, None, None]
    torch.testing.assert_close(ask(model, half)[1], ask(model, None)[1])


def test_who_is_not_seen_is_nowhere(model: VideoTransformer) -> None:
    listens(model)
    here = staged(blocking())
    here.actors[:, :, 0] = -1
    there = here.actors.clone()
    there[:, :, 1:3] += 0.7
    told = [to_channels(actors, here.camera) for actors in (here.actors, there)]
    torch.testing.assert_close(ask(model, told[0]), ask(model, told[1]))


def test_a_box_covers_its_area() -> None:
    stage = staged(blocking())
    stage.actors[:, :, 1:3] *= 0.3  # inside the picture
    about, near = _about_actors(stage, SIZE)
    rows, columns = SIZE
    area = about[..., 0].sum((2, 3)) * 4 / (rows * columns)  # a picture of four square half sides
    wide, high = stage.actors[:, :, 3].exp2(), stage.actors[:, :, 4].exp2()
    torch.testing.assert_close(area, (4 * wide * high).transpose(1, 2), rtol=1e-4, atol=1e-5)
    assert (near[about[..., :1] > 0] == 1).all() and (near >= 0).all() and (near <= 1).all()
    assert (near == 0).any()


def test_rays_meet_the_ground_where_the_camera_sees_it() -> None:
    stage = staged(blocking(clips=1, frames=1))
    seen = _about_view(stage, SIZE)[0, 0]
    east, north, up, yaw, pitch = stage.camera[0, :, 0].tolist()
    ahead = torch.tensor([math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)])
    right = torch.tensor([math.cos(yaw), -math.sin(yaw), 0.0])
    above = torch.linalg.cross(right, ahead)
    rows, columns = SIZE
    wide, length = math.sqrt(columns / rows), 1 / math.tan(math.radians(FIELD) / 2)
    met = 0
    for row in range(rows):
        for column in range(columns):
            ground = 4 * seen[row, column, 8:10]
            if ground.abs().max() >= 15 or seen[row, column, 7] > -1:
                continue
            met += 1
            from_eye = torch.tensor([ground[0] - east, ground[1] - north, -up])
            depth = from_eye @ ahead
            across, down = length * (from_eye @ right) / depth, -length * (from_eye @ above) / depth
            assert float(across) == pytest.approx(((2 * column + 1) / columns - 1) * wide, abs=1e-4)
            assert float(down) == pytest.approx(((2 * row + 1) / rows - 1) / wide, abs=1e-4)
    assert met > rows * columns / 4


def test_every_weight_learns(model: VideoTransformer) -> None:
    listens(model)
    text = torch.randn(2, 8, 16)
    out = model(
        torch.randn(2, 4, 3, *SIZE), torch.tensor([900.0, 500.0]), text, pooled=text.mean(1), blocking=blocking()
    )
    out.square().mean().backward()
    for name, parameter in model.blocking_stem.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_blocking_must_fit(model: VideoTransformer) -> None:
    with pytest.raises(UsageError, match=r"a blocking \(2, 11, 3\) does not fit 2 actors over 3 latent frames"):
        ask(model, torch.zeros(2, 11, 3))
    with pytest.raises(UsageError, match="this transformer has no actors"):
        plain = VideoTransformer(tiny())
        ask(plain, blocking())


@pytest.mark.parametrize("conv", [(6, 9), (6, -1), (0, 1), (-1, 0)])
def test_actors_need_slots_and_convolutions(conv: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="need convolutions and as many of the 8 text slots"):
        TransformerConfig(**{**tiny().to_dict(), "conv": conv})
