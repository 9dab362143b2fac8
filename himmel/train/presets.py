"""The recipes by which bundled weights are made, on two CPU cores and on one GPU: a function for each."""

from dataclasses import replace

from himmel.codec import CodecConfig
from himmel.finish import FinisherConfig
from himmel.text import TextConfig
from himmel.train.patterns import Mixture
from himmel.train.recipes import (
    CodecData,
    CodecRecipe,
    FinisherData,
    FinisherRecipe,
    GroupsOfFacts,
    OptimiserRecipe,
    ReadingRecipe,
    RunRecipe,
    Stage,
    TransformerData,
    TransformerRecipe,
)
from himmel.transformer import himmel_planner, himmel_small

__all__ = [
    "one_gpu_codec",
    "one_gpu_finisher",
    "one_gpu_planner",
    "one_gpu_reading",
    "one_gpu_transformer",
    "tiny_cpu_codec",
    "tiny_cpu_finisher",
    "tiny_cpu_planner",
    "tiny_cpu_reading",
    "tiny_cpu_transformer",
]

_CODEC_MATRICES = ("encoder.", "decoder.")
_FINISHER_MATRICES = ("enlarge.blocks.", "between.blocks.")
# Text slots: of the captions of three subjects, the longest of the first bundled weights' part of the world, about
# 1 in 20,000 has one word or mark more. Seven queries tell facts of a scene, one is free.
_TEXT: dict[str, int] = {"length": 64, "layers": 3, "queries": 8}
_MIXTURE = Mixture(shared_time=(1.2, 1.5))  # where things are, which only much noise hides, the blocking tells
_ACTORS = 3  # the first queries tell facts of as many subjects


def tiny_cpu_codec(pixels: str, *, steps: int = 4_000) -> CodecRecipe:
    """The bundled codec on CPU cores with bf16 matrix units; a step is 0.2 TFLOP."""
    return CodecRecipe(
        model=CodecConfig(),
        data=CodecData(pixels=pixels, batch=6, crop=80),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_CODEC_MATRICES, muon_lr=2e-3),
        run=RunRecipe(steps=steps),
    )


def one_gpu_codec(pixels: str, *, steps: int = 4_000) -> CodecRecipe:
    """A wider codec on one GPU: 7 TFLOP a step."""
    return CodecRecipe(
        model=CodecConfig(channels=(96, 192, 384)),
        data=CodecData(pixels=pixels, batch=64, crop=96),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_CODEC_MATRICES, muon_lr=2e-3),
        run=RunRecipe(steps=steps, device="cuda", compile=True),
    )


def tiny_cpu_reading(lexicon: tuple[str, ...], facts: GroupsOfFacts, *, steps: int = 6_000) -> ReadingRecipe:
    """The bundled text encoder on two CPU cores: 2.5 million parameters, 128 captions a step."""
    return ReadingRecipe(
        text=TextConfig(lexicon=lexicon, **_TEXT),
        facts=facts,
        optimiser=OptimiserRecipe(lr=1e-3, betas=(0.9, 0.97), warm_up=200, decay=0.5),
        run=RunRecipe(steps=steps, side_by_side=2, average_every=20, evaluate_every=1000),
    )


def one_gpu_reading(lexicon: tuple[str, ...], facts: GroupsOfFacts, *, steps: int = 6_000) -> ReadingRecipe:
    """The same text encoder on one GPU."""
    recipe = tiny_cpu_reading(lexicon, facts, steps=steps)
    return replace(recipe, run=replace(recipe.run, device="cuda", side_by_side=1))


def tiny_cpu_planner(blockings: str, lexicon: tuple[str, ...], *, steps: int = 4_000) -> TransformerRecipe:
    """The bundled planner on two CPU cores: 4.0 million parameters, 256 blockings of 32 clips a step."""
    return TransformerRecipe(
        model=replace(himmel_planner(actors=_ACTORS), text_len=_TEXT["queries"]),
        text=TextConfig(lexicon=lexicon, **_TEXT),
        data=TransformerData(
            latents=blockings,
            stages=(Stage(until=1.0, lengths=((1, 0.05), (9, 0.95))),),
            stills=8,
            copies=8,
            parts=4,
            tokens=576,
        ),
        optimiser=OptimiserRecipe(lr=1e-3, betas=(0.9, 0.97), clip=3.0, decay=0.7),
        run=RunRecipe(steps=steps, side_by_side=2, average_every=4),
        mixture=Mixture(shared_time=(0.5, 1.4), free_time=(0.5, 1.4)),
        seen=False,
        subjects=0.0,
    )


def one_gpu_planner(blockings: str, lexicon: tuple[str, ...], *, steps: int = 4_000) -> TransformerRecipe:
    """The same planner on one GPU, with batches four times as large."""
    recipe = tiny_cpu_planner(blockings, lexicon, steps=steps)
    run = replace(recipe.run, device="cuda", side_by_side=1, average_every=1)
    return replace(recipe, run=run, data=replace(recipe.data, parts=1, tokens=9216))


def tiny_cpu_transformer(
    latents: str, lexicon: tuple[str, ...], *, blockings: str = "", steps: int = 20_000
) -> TransformerRecipe:
    """The bundled transformer on two CPU cores: 19.1 million parameters; its text encoder has learned to read.

    Pictures first, of which a step holds nine times as many as of clips: they teach colours and shapes. Then half
    and half. A part of 576 tokens is 36 pictures with 9 captions or 4 whole clips.
    """
    stages = (Stage(until=0.3, lengths=((1, 1.0),)), Stage(until=1.0, lengths=((1, 0.5), (9, 0.5))))
    return TransformerRecipe(
        model=replace(himmel_small(dim=320, heads=5, layers=8, actors=_ACTORS), text_len=_TEXT["queries"]),
        text=TextConfig(lexicon=lexicon, **_TEXT),
        data=TransformerData(latents=latents, blockings=blockings, stages=stages, parts=4, tokens=576),
        optimiser=OptimiserRecipe(lr=7e-4, betas=(0.9, 0.97), clip=3.0, decay=1.0),
        run=RunRecipe(steps=steps, side_by_side=2, average_every=4),
        mixture=_MIXTURE,
    )


def one_gpu_transformer(
    latents: str, lexicon: tuple[str, ...], *, blockings: str = "", steps: int = 8_000
) -> TransformerRecipe:
    """A wider transformer on one GPU, with Muon and batches of 512 clips: 50 million parameters."""
    stages = (
        Stage(until=0.25, lengths=((1, 0.7), (3, 0.3))),
        Stage(until=1.0, lengths=((1, 0.1), (5, 0.1), (9, 0.8))),
    )
    return TransformerRecipe(
        model=replace(himmel_small(dim=512, heads=8, layers=10, actors=_ACTORS), text_len=_TEXT["queries"]),
        text=TextConfig(lexicon=lexicon, **_TEXT),
        data=TransformerData(latents=latents, blockings=blockings, stages=stages, parts=2, tokens=36_864),
        optimiser=OptimiserRecipe(
            lr=8e-4, muon=("transformer.blocks.",), muon_lr=1.5e-3, clip=3.0, warm_up=200, decay=0.3
        ),
        run=RunRecipe(steps=steps, device="cuda", compile=True),
        mixture=_MIXTURE,
    )


def tiny_cpu_finisher(pairs: str, *, steps: int = 8_000) -> FinisherRecipe:
    """The bundled finisher on two CPU cores with bf16 matrix units: 1.0 million parameters."""
    return FinisherRecipe(
        model=FinisherConfig(),
        data=FinisherData(pairs=pairs),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_FINISHER_MATRICES, muon_lr=1e-3),
        run=RunRecipe(steps=steps, side_by_side=2, evaluate_every=1000, average_every=4),
    )


def one_gpu_finisher(pairs: str, *, steps: int = 20_000) -> FinisherRecipe:
    """A deeper finisher on one GPU, with longer and larger crops."""
    return FinisherRecipe(
        model=FinisherConfig(width=96, blocks=12, memory=48),
        data=FinisherData(pairs=pairs, parts=1, batch=16, frames=6, crop=64),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_FINISHER_MATRICES, muon_lr=1e-3),
        run=RunRecipe(steps=steps, device="cuda", evaluate_every=1000),
    )
