from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train_transformer import COLOURS as PAINTS
from test_train_transformer import PaintedClips, caption
from test_train_transformer import recipe as video_recipe

from himmel.codec import Codec, CodecConfig
from himmel.errors import TrainingError, UsageError
from himmel.text import TextConfig, TextEncoder
from himmel.train import OptimiserRecipe, ReadingRecipe, RunRecipe, encode_clips, train_reader, train_transformer
from himmel.train.reading import ReadingTask, load_reader

COLOURS, KINDS = ("red", "green", "blue"), ("ball", "cube")
LEXICON = ("a", "beside", *COLOURS, *KINDS)
FACTS = ((("colour", COLOURS), ("kind", KINDS)), (("colour", COLOURS), ("kind", ("none", *KINDS))))


def lesson(rng: np.random.Generator) -> tuple[str, list[dict[str, str]]]:
    """One or two things, the second of which may be named first."""
    one, two = ({"colour": str(rng.choice(COLOURS)), "kind": str(rng.choice(KINDS))} for _ in range(2))
    if rng.random() < 0.3:
        return f"a {one['colour']} {one['kind']}", [one, {"kind": "none"}]
    told = [f"a {each['colour']} {each['kind']}" for each in (one, two)]
    return " beside ".join(told), [one, two]


def recipe(*, steps: int = 6, queries: int = 2) -> ReadingRecipe:
    return ReadingRecipe(
        text=TextConfig(lexicon=LEXICON, length=8, width=32, layers=2, heads=2, queries=queries),
        facts=FACTS,
        optimiser=OptimiserRecipe(lr=1e-2, warm_up=10),
        run=RunRecipe(steps=steps, precision="fp32", log_every=50, evaluate_every=500, tensorboard=False),
        parts=1,
        batch=32,
    )


def test_captions_are_read(tmp_path: Path) -> None:
    figures = train_reader(recipe(steps=250), tmp_path, lesson).figures
    assert figures["held_out_right"] > 0.97
    assert figures["held_out_right_colour"] > 0.95 and figures["held_out_right_kind"] > 0.95


def test_facts_that_a_scene_lacks_do_not_count() -> None:
    task = ReadingTask(recipe(), lesson)
    [part] = task.draw(np.random.default_rng(0), 0.0)
    alone = part.facts[:, 3] == 0  # the second kind is "none"
    assert bool(alone.any()) and bool((part.facts[alone, 2] == -1).all()) and bool((part.facts[~alone] >= 0).all())
    with torch.no_grad():
        loss, _ = task.loss(part, torch.Generator())
    changed = replace(part, facts=part.facts.clone())
    changed.facts[alone, 2] = 0  # now there is one to tell
    with torch.no_grad():
        assert float(task.loss(changed, torch.Generator())[0]) != float(loss)
    assert len(part) == 32 and set(task.evaluate()) == {
        "held_out_right",
        "held_out_right_colour",
        "held_out_right_kind",
    }


def test_a_run_goes_on_and_its_encoder_is_opened(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_reader(recipe(), whole, lesson)
    stops = iter([False, False, True])
    with pytest.raises(Exception, match="stopped after step 3"):
        train_reader(recipe(), parts, lesson, should_stop=lambda: next(stops))
    train_reader(recipe(), parts, lesson)
    one, other = (TextEncoder(recipe().text) for _ in range(2))
    load_reader(whole, one)
    load_reader(parts, other)
    for (name, value), same in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(value, same), name
    with pytest.raises(TrainingError, match="holds no text encoder that has learned to read"):
        load_reader(tmp_path / "nothing", one)
    with pytest.raises(TrainingError, match="holds another text encoder"):
        load_reader(whole, TextEncoder(replace(recipe().text, queries=3)))


def test_an_encoder_that_has_learned_to_read_stays_as_it_is(tmp_path: Path) -> None:
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4))
    codec.measure(torch.zeros(4), torch.full((4,), 0.1))
    encode_clips(codec, PaintedClips(), tmp_path / "latents", per_chunk=5)
    plan = video_recipe(tmp_path / "latents")
    text = replace(plan.text, queries=2)
    facts = ((("colour", tuple(PAINTS)),), (("side", ("left", "right")),))
    reading = replace(recipe(), text=text, facts=facts)

    def of_walls(rng: np.random.Generator) -> tuple[str, list[dict[str, str]]]:
        colour = str(rng.choice(list(PAINTS)))
        return f"a {colour} wall dark on the left", [{"colour": colour}, {"side": "left"}]

    train_reader(reading, tmp_path / "text", of_walls)
    model = replace(plan.model, text_len=2)
    trained = train_transformer(
        replace(plan, model=model, text=text, reader=str(tmp_path / "text")), tmp_path / "video", caption
    )
    reader = TextEncoder(text)
    load_reader(tmp_path / "text", reader)
    for name, value in reader.state_dict().items():
        assert torch.equal(trained.weights["last"][f"text.{name}"], value), name


def test_every_group_of_facts_needs_a_query() -> None:
    with pytest.raises(UsageError, match="1 queries cannot tell 2 groups of facts"):
        recipe(queries=1)
