from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from himmel.conditions import FirstFrame
from himmel.flow import Rolling
from himmel.generate import Pipeline, load
from himmel.generate.blocking import blocking_of
from himmel.generate.model import Asked

PROMPT = "a red ball rolls left"
ROLLING = Rolling(window=3, history=2, stride=1)


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path, keys_folder: Path) -> Pipeline:
    return load(tiny_weights, keys_folder=keys_folder)


@torch.inference_mode()
def asked(pipe: Pipeline, *texts: str) -> Asked:
    return Asked(model=pipe.model, texts={4 * i: pipe.model.embed(text, "") for i, text in enumerate(texts)})


@torch.inference_mode()
def block(who: Asked, frames: int = 3, seed: int = 7) -> torch.Tensor:
    blocking = blocking_of(who, frames, seed, ROLLING)
    assert blocking is not None
    return blocking


def unplanned(pipe: Pipeline) -> Pipeline:
    return replace(pipe, model=replace(pipe.model, planner=None, casts={}))


def test_seed_and_text_decide_who_is_where(pipe: Pipeline) -> None:
    first = block(asked(pipe, PROMPT))
    assert first.shape == (1, 17, 3) and torch.equal(first, block(asked(pipe, PROMPT)))
    assert not torch.equal(first, block(asked(pipe, PROMPT), seed=8))
    assert not torch.equal(first, block(asked(pipe, "a blue cube")))


def test_a_long_shot_is_blocked_to_its_end(pipe: Pipeline) -> None:
    long = block(asked(pipe, PROMPT, "a blue cube"), frames=9)
    same = block(asked(pipe, PROMPT, PROMPT), frames=9)
    assert long.shape == (1, 17, 9) and long.isfinite().all()
    assert torch.equal(long[:, :, :1], same[:, :, :1]) and not torch.equal(long[:, :, 6:], same[:, :, 6:])


def test_the_video_follows_its_blocking(pipe: Pipeline) -> None:
    made, free = pipe(PROMPT, seed=7), unplanned(pipe)(PROMPT, seed=7)
    assert made.frames.shape == free.frames.shape and not np.array_equal(made.frames, free.frames)
    long = pipe(PROMPT, seed=7, seconds=2)
    assert len(long.frames) == 25 and not np.array_equal(
        long.frames, unplanned(pipe)(PROMPT, seed=7, seconds=2).frames
    )


def test_what_is_given_decides_for_itself_who_is_where(pipe: Pipeline) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    made, free = (each(PROMPT, seed=7, conditions=[FirstFrame(image=picture)]) for each in (pipe, unplanned(pipe)))
    assert np.array_equal(made.frames, free.frames)


def test_guidance_leads_from_nothing_told(pipe: Pipeline) -> None:
    who = replace(asked(pipe, PROMPT), blocking=block(asked(pipe, PROMPT)))
    latents, levels = torch.randn(1, 4, 3, 4, 4), torch.full((1, 1, 3, 4, 4), 0.9).double()
    with torch.inference_mode():
        told, untold = (each.over((0, 1, 2))(latents, levels, True) for each in (who, asked(pipe, PROMPT)))
        seen = who.over((1, 2))(latents, levels, False)
    assert not torch.equal(told.text, untold.text) and told.null is not None and untold.null is not None
    torch.testing.assert_close(told.null, untold.null)
    assert not torch.equal(seen.text, told.text)


def test_a_model_without_actors_has_nothing_to_plan(pipe: Pipeline) -> None:
    plain = unplanned(pipe)
    assert plain.model.planning is None and blocking_of(asked(plain, PROMPT), 3, 7, ROLLING) is None
