import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.errors import UsageError
from himmel.shapes import TokenGrid
from himmel.train.patterns import PATTERNS, Levels, Mixture, draw_levels

GRID = TokenGrid(frames=9, height=4, width=5)


def levels(name: str, grid: TokenGrid = GRID, batch: int = 64, **changes: float) -> Levels:
    return draw_levels(Mixture(shares=((name, 1.0),), **changes), grid, batch, np.random.default_rng(0))


def runs(known: torch.Tensor) -> list[str]:
    return ["".join("k" if frame else "u" for frame in clip) for clip in known.flatten(1)]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(PATTERNS)), st.sampled_from([1, 2, 3, 9]), st.integers(0, 99))
def test_every_pattern_leaves_something_to_learn(name: str, frames: int, seed: int) -> None:
    shares = (("shared", 0.5), (name, 0.5)) if name != "shared" else (("shared", 1.0),)
    grid = TokenGrid(frames=frames, height=4, width=5)
    drawn = draw_levels(Mixture(shares=shares), grid, 16, np.random.default_rng(seed))
    assert drawn.timesteps().shape == (16, frames * (20 if drawn.by_token else 1))
    assert drawn.t.min() >= 0 and drawn.t.max() <= 1
    assert drawn.t[drawn.known].le(0.1).all()
    assert (~drawn.known & (drawn.t > 0)).flatten(1).any(1).all()


def test_patterns_know_what_their_names_say() -> None:
    assert not levels("shared").known.any() and not levels("independent").known.any()
    assert all(re.fullmatch("k{1,7}u+", clip) for clip in runs(levels("prefix").known))
    assert sum(clip.count("k") == 1 for clip in runs(levels("prefix").known)) > 24
    assert all(re.fullmatch("u+k{1,7}", clip) for clip in runs(levels("suffix").known))
    assert all(re.fullmatch("k+u+k+", clip) for clip in runs(levels("bridge").known))
    rising = levels("ramp").t.flatten(1).diff(dim=1)
    assert (rising >= -0.1).all() and (rising > 0).any()


def test_a_box_is_the_same_in_all_frames_but_the_first() -> None:
    known = levels("box").known
    assert known.shape == (64, 9, 4, 5)
    assert (known[:, 1:] == known[:, 1:2]).all()
    whole_first = known[:, 0].flatten(1).all(1)
    assert 16 < whole_first.sum() < 48


def test_known_patches_are_clean_or_a_little_noisy() -> None:
    drawn = levels("prefix", batch=400)
    context = torch.stack([t[known][0] for t, known in zip(drawn.t, drawn.known, strict=True)])
    assert 0.3 < (context > 0).float().mean() < 0.5
    assert levels("prefix", context_share=0.0).t[levels("prefix", context_share=0.0).known].eq(0).all()


def test_levels_spread_over_patches() -> None:
    box = levels("box", TokenGrid(frames=2, height=2, width=3), batch=1)
    over = box.over_latents((1, 2, 2), 4, 6)
    assert over.t.shape == over.known.shape == (1, 1, 2, 4, 6)
    assert torch.equal(over.t[0, 0, :, ::2, ::2], box.t[0]) and torch.equal(over.t[0, 0, :, 1::2, 1::2], box.t[0])
    assert levels("shared", batch=2).over_latents((1, 2, 2), 8, 10).t.shape == (2, 1, 9, 8, 10)


def test_shares_are_checked_and_followed() -> None:
    with pytest.raises(UsageError, match="add up to 1"):
        Mixture(shares=(("shared", 0.5),))
    with pytest.raises(UsageError, match="name patterns"):
        Mixture(shares=(("spiral", 1.0),))
    rng = np.random.default_rng(0)
    by_token = [draw_levels(Mixture(), GRID, 1, rng).by_token for _ in range(300)]
    assert 8 < sum(by_token) < 36
