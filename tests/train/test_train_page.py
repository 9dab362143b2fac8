"""docs/training.md says of the recipes and the patterns what the code says."""

from pathlib import Path

import pytest
import torch
from torch import nn

from himmel import train
from himmel.codec import Codec
from himmel.finish import Finisher
from himmel.finish.model import TILE
from himmel.shapes import BUCKETS
from himmel.text import TextEncoder, tokenize
from himmel.train import PATTERNS, Mixture, OptimiserRecipe, Stage
from himmel.train.transformer import _KERNELS
from himmel.transformer import VideoTransformer
from himmel.world import FIRST_LIGHT, canonical, lexicon, sample_scene

PAGE = Path(__file__).parents[2] / "docs/training.md"
CODECS = [train.tiny_cpu_codec(""), train.one_gpu_codec("")]
FINISHERS = [train.tiny_cpu_finisher(""), train.one_gpu_finisher("")]
FINISHER_PAGE = PAGE.with_name("finish.md")
WORDS = lexicon(FIRST_LIGHT)
TRANSFORMERS = [train.tiny_cpu_transformer("", WORDS), train.one_gpu_transformer("", WORDS)]


def millions(*modules: nn.Module) -> str:
    return f"{sum(p.numel() for module in modules for p in module.parameters()) / 1e6:.1f} million"


def optimiser(recipe: OptimiserRecipe) -> str:
    names = " and ".join(f"`{name}`" for name in recipe.muon)
    muon = f", Muon {recipe.muon_lr:g} for the matrices of {names}" if recipe.muon else ""
    return f"AdamW {recipe.lr:g}{muon}"


def pace(recipe: OptimiserRecipe) -> str:
    return f"{recipe.warm_up} steps of warm-up, the last {recipe.decay:.0%} falling"


def lengths(stages: tuple[Stage, ...]) -> str:
    told = []
    for stage in stages:
        total = sum(weight for _, weight in stage.lengths)
        mix = ", ".join(f"{frames}: {weight / total:.0%}" for frames, weight in stage.lengths)
        told.append(f"until {stage.until:.0%} of the steps {mix}")
    return "; ".join(told)


def sizes(stages: tuple[Stage, ...]) -> str:
    named = {name: None for stage in stages for name, _ in stage.sizes}
    return ", ".join(named) or "as the clips are"


def row(name: str, *values: object) -> str:
    return f"| {name} | {' | '.join(map(str, values))} |"


def codec_rows() -> list[str]:
    with torch.device("meta"):
        models = [Codec(recipe.model) for recipe in CODECS]
    data = [recipe.data for recipe in CODECS]
    return [
        row("channels at 1/4, 1/8, 1/16", *(", ".join(map(str, recipe.model.channels)) for recipe in CODECS)),
        row("parameters", *map(millions, models)),
        row("a step", *(f"{each.batch} crops of {each.frames} x {each.crop} x {each.crop}" for each in data)),
        row("noise on latents, deviations", *("{} to {}".format(*recipe.noise) for recipe in CODECS)),
        row("optimiser", *(optimiser(recipe.optimiser) for recipe in CODECS)),
        row("rates", *(pace(recipe.optimiser) for recipe in CODECS)),
        row("steps", *(recipe.run.steps for recipe in CODECS)),
    ]


def transformer_rows() -> list[str]:
    with torch.device("meta"):
        models = [(VideoTransformer(recipe.model), TextEncoder(recipe.text)) for recipe in TRANSFORMERS]
    shapes = [(recipe.model.dim, recipe.model.heads, recipe.model.layers) for recipe in TRANSFORMERS]
    return [
        row("width, heads, layers", *("{}, {}, {}".format(*shape) for shape in shapes)),
        row("parameters with text", *(millions(*pair) for pair in models)),
        row("words, queries that read them", *(f"{r.text.length}, {r.text.queries}" for r in TRANSFORMERS)),
        row("a step", *(f"{recipe.data.parts} x {recipe.data.tokens} tokens" for recipe in TRANSFORMERS)),
        row("sizes: share", *(sizes(recipe.data.stages) for recipe in TRANSFORMERS)),
        row("latent frames: share", *(lengths(recipe.data.stages) for recipe in TRANSFORMERS)),
        row("optimiser", *(optimiser(recipe.optimiser) for recipe in TRANSFORMERS)),
        row("rates", *(pace(recipe.optimiser) for recipe in TRANSFORMERS)),
        row("steps", *(recipe.run.steps for recipe in TRANSFORMERS)),
    ]


def finisher_rows() -> list[str]:
    with torch.device("meta"):
        models = [Finisher(recipe.model) for recipe in FINISHERS]
    configs = [recipe.model for recipe in FINISHERS]
    data = [recipe.data for recipe in FINISHERS]
    crops = [
        f"{d.parts * d.batch} crops of {d.frames} x {d.crop} x {d.crop} to "
        f"{2 * d.frames - 1} x {c.scale * d.crop} x {c.scale * d.crop}"
        for d, c in zip(data, configs, strict=True)
    ]
    dull = [f"{r.coded:.0%} codec, else blur to {r.blur:g} pixels and noise to {r.noise:g}" for r in FINISHERS]
    return [
        row("channels, blocks, memory", *(f"{c.width}, {c.blocks}, {c.memory}" for c in configs)),
        row("parameters", *map(millions, models)),
        row("a step", *crops),
        row("what it sees", *dull),
        row("optimiser", *(optimiser(recipe.optimiser) for recipe in FINISHERS)),
        row("rates", *(pace(recipe.optimiser) for recipe in FINISHERS)),
        row("steps", *(recipe.run.steps for recipe in FINISHERS)),
    ]


def pattern_rows() -> list[str]:
    return [row(f"`{name}`", f"{share:.0%}", PATTERNS[name].__doc__) for name, share in Mixture().shares]


@pytest.mark.parametrize("rows", [codec_rows, transformer_rows, pattern_rows])
def test_the_tables_are_current(rows) -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = "|---|---|---|\n" + "\n".join(rows()) + "\n\n"
    assert table in page, f"docs/training.md lacks:\n{table}"


def test_the_table_of_the_finisher_is_current() -> None:
    table = "|---|---|---|\n" + "\n".join(finisher_rows()) + "\n\n"
    assert table in FINISHER_PAGE.read_text(encoding="utf-8"), f"docs/finish.md lacks:\n{table}"


def test_what_the_page_of_the_finisher_says_in_words() -> None:
    recipe = FINISHERS[0]
    config, finisher = recipe.model, Finisher(recipe.model)
    assert (config.scale, config.width, config.blocks, config.memory, config.slack) == (4, 64, 8, 32, 0.15)
    assert 4 * config.reach == 12 and finisher.enlarge.halo == 18 and TILE == 512
    assert 2 * sum(p.numel() for p in finisher.parameters()) < 2.2e6
    cutting = train.Cutting()
    assert (cutting.scale, 2 * cutting.frames - 1, cutting.stretches) == (4, 17, 2)


def test_what_the_page_says_of_several_sizes() -> None:
    page, data = PAGE.read_text(encoding="utf-8"), TRANSFORMERS[0].data
    patches = {str(size): size.width // 32 * (size.height // 32) for size in BUCKETS}
    assert ", ".join(list(patches)[:-1]) + f" and {list(patches)[-1]}" in page
    clips = {size: data.tokens // (9 * count) for size, count in patches.items()}
    assert clips == {"128x128": 4, "160x96": 4, "96x160": 4, "160x128": 3, "224x96": 3}
    assert [9 * clips[size] * count for size, count in patches.items()] == [576, 540, 540, 540, 567]
    lengths = {frames for stage in data.stages for frames, _ in stage.lengths}
    assert 2 * len(lengths) * len(BUCKETS) == 20 <= _KERNELS == 32


def test_captions_fit_into_the_text_slots() -> None:
    config = TRANSFORMERS[0].text
    captions = [canonical(sample_scene(seed, profile=FIRST_LIGHT)) for seed in range(200)]
    tokens = tokenize(captions, config)
    assert not any(tokens.dropped) and not any(tokens.unknown)


def test_what_the_page_says_in_words() -> None:
    recipe = TRANSFORMERS[0]
    assert recipe.text_dropped == 0.1 and recipe.mixture.context_share == 0.4 and recipe.run.keep == 2
    assert (CODECS[0].data.held_out, recipe.data.held_out) == (16, 32)
    assert recipe.run.checkpoint_seconds == 600 and len(recipe.run.averages) == 2
