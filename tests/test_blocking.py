from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from himmel.blocking import ACTOR, CAMERA, FIELD, channels, mirrored, staged, to_channels
from himmel.errors import UsageError
from himmel.world import GroundTruth, Stage, blocking_of, sample_scene
from himmel.world.camera import FOV


def drawn(seed: int, actors: int = 2, frames: int = 3) -> Tensor:
    return torch.randn((4, channels(actors), frames), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("actors", [1, 3])
def test_units_come_and_go(actors: int) -> None:
    blocking = drawn(actors, actors)
    stage = staged(blocking)
    assert stage.actors.shape == (4, actors, len(ACTOR), 3) and stage.camera.shape == (4, len(CAMERA), 3)
    torch.testing.assert_close(to_channels(stage.actors, stage.camera), blocking)


def test_frames_of_zeros_say_nothing() -> None:
    blocking = drawn(0)
    blocking[1, :, 2] = 0
    told = staged(blocking).told
    assert not told[1, 2] and told.sum() == told.numel() - 1


def test_a_mirror_turns_sides_and_nothing_else() -> None:
    blocking = drawn(1)
    there, here = staged(mirrored(blocking)), staged(blocking)
    for name, place in zip(ACTOR, range(len(ACTOR)), strict=True):
        sign = -1 if name == "x" else 1
        torch.testing.assert_close(there.actors[:, :, place], sign * here.actors[:, :, place])
    torch.testing.assert_close(there.camera[:, 1:3], here.camera[:, 1:3])
    torch.testing.assert_close(there.camera[:, [0, 3]], -here.camera[:, [0, 3]])
    torch.testing.assert_close(mirrored(mirrored(blocking)), blocking)


@pytest.fixture(scope="module")
def clip() -> GroundTruth:
    """What is true of a clip of two subjects."""
    seed = next(seed for seed in range(100) if len(sample_scene(seed).subjects) == 2)
    return Stage().render(replace(sample_scene(seed), width=96, height=64)).truth


def test_a_rendered_clip_is_told_as_it_is(clip: GroundTruth) -> None:
    truth = clip
    blocking = blocking_of(truth, actors=3, every=4)
    assert blocking.shape == (channels(3), (len(truth.masks) - 1) // 4 + 1) and blocking.dtype == np.float32
    stage, side = staged(torch.from_numpy(blocking)[None]), np.sqrt(96 * 64)
    assert (stage.actors[0, 2, 0] == -1).all()
    for index in range(2):
        seen, x, y, wide, high, depth = stage.actors[0, index].numpy()
        there = truth.seen[::4, index] > 0
        assert ((seen > 0) == there).all()
        left, top, right, bottom = truth.boxes[::4, index][there].T
        assert x[there] * side / 2 + 48 == pytest.approx((left + right) / 2, abs=0.01)
        assert y[there] * side / 2 + 32 == pytest.approx((top + bottom) / 2, abs=0.01)
        assert np.exp2(wide[there]) * side == pytest.approx(right - left, rel=0.01)
        assert np.exp2(high[there]) * side == pytest.approx(bottom - top, rel=0.01)
        assert np.exp2(depth) == pytest.approx(truth.pixels[::4, index, 2], rel=0.01)
    place = np.append(stage.camera[0, :3, 0].numpy(), 1)
    assert truth.camera[0] @ place == pytest.approx([0, 0, 0, 1], abs=1e-3)


def test_a_mirrored_clip_is_blocked_as_the_mirror_says(clip: GroundTruth) -> None:
    flip = np.diag([-1.0, 1, 1, 1]).astype(np.float32)
    left, top, right, bottom = np.moveaxis(clip.boxes, -1, 0)
    turned = replace(
        clip, boxes=np.stack((96 - right, top, 96 - left, bottom), -1), camera=flip @ clip.camera @ flip
    )
    here, there = (torch.from_numpy(blocking_of(truth, actors=2, every=4))[None] for truth in (clip, turned))
    torch.testing.assert_close(mirrored(here), there, atol=1e-4, rtol=0)


def test_who_is_hidden_is_where_it_was(clip: GroundTruth) -> None:
    arrays = clip.to_arrays()
    arrays["seen"], arrays["boxes"] = arrays["seen"].copy(), arrays["boxes"].copy()
    arrays["seen"][4:9, 0], arrays["boxes"][4:9, 0] = 0, np.nan
    blocking = staged(torch.from_numpy(blocking_of(GroundTruth.from_arrays(arrays), actors=2, every=1))[None])
    actor = blocking.actors[0, 0]
    assert (actor[0, 4:9] == -1).all() and actor[0, 3] == 1
    torch.testing.assert_close(actor[1:5, 4:9], actor[1:5, 3:4].expand(-1, 5))
    arrays["seen"][:, 0] = 0
    assert (
        staged(torch.from_numpy(blocking_of(GroundTruth.from_arrays(arrays), actors=1, every=4))[None]).actors[
            0, 0, 0
        ]
        == -1
    ).all()


def test_frames_must_come_out_even(clip: GroundTruth) -> None:
    with pytest.raises(UsageError, match="is not one frame and then groups of 5"):
        blocking_of(clip, actors=2, every=5)


def test_the_world_shows_what_a_blocking_takes_it_to_show() -> None:
    assert FOV == FIELD
