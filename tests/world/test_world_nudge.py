from dataclasses import replace

import numpy as np

from himmel.world import INTUITIVE_PHYSICS, Stage, sample_scene
from himmel.world.nudge import NUDGE, Nudged


def test_a_nudge_moves_what_is_drawn_by_a_hundredth() -> None:
    plain, nudged = np.random.default_rng(3), Nudged(np.random.default_rng(3))
    for low, high, size in ((0.0, 1.0, None), (-2.0, 5.0, None), (1.0, 3.0, 4)):
        one, other = plain.uniform(low, high, size), nudged.uniform(low, high, size)
        assert np.allclose(np.abs(other - np.asarray(one)), NUDGE * max(abs(low), abs(high)))
    assert abs(abs(nudged.random() - plain.random()) - NUDGE) < 1e-12
    assert nudged.random(3).shape == (3,) and plain.random(3).shape == (3,)
    assert nudged.choice([-1.0, 1.0]) == plain.choice([-1.0, 1.0])
    assert (nudged.permutation(7) == plain.permutation(7)).all()


def test_a_second_take_is_the_same_scene_a_little_different() -> None:
    profile = replace(INTUITIVE_PHYSICS, scenarios=("dominoes",), lights=("day",), styles=("realistic",))
    spec = replace(sample_scene(5, profile=profile, width=64, height=64), frames=9, camera="static")
    stage = Stage()
    one, same, other = (stage.render(spec, nudge=nudge) for nudge in (0.0, 0.0, NUDGE))
    stage.close()
    assert (one.frames == same.frames).all() and (one.frames != other.frames).any()
    assert (one.truth.camera == other.truth.camera).all()
    away = np.abs(one.truth.places - other.truth.places).max()
    assert 0 < away < 0.2
    moved = np.abs(one.frames.astype(int) - other.frames.astype(int)).max(3) > 25
    assert moved.mean() < 0.1  # the scenery and its textures stay
