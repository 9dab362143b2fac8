"""`himmel train`: a codec, then a transformer, from a folder of rendered clips to a folder of weights."""

import json as jsons
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from himmel.cli.show import Show, print_json, print_path
from himmel.cli.stop import stopping
from himmel.errors import LedgerError, UsageError, WeightsError

if TYPE_CHECKING:
    from numpy.random import Generator

    from himmel.codec import Codec
    from himmel.data import ClipShards
    from himmel.weights import Card, Index, Part
    from himmel.world import Profile

__all__ = ["codec", "train", "transformer"]

train = App(
    name="train", help="Train a model: first a codec, then a transformer on its latents.", help_format="markdown"
)

RECIPES = ("tiny_cpu", "one_gpu")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Run:
    """What every run is told."""

    data: Annotated[Path, Parameter(help="A folder of clips, as `himmel world render` makes it.")]
    out: Annotated[
        Path, Parameter(name=["--out", "-o"], help="The folder of the run; its weights go to OUT/weights.")
    ]
    recipe: Annotated[str, Parameter(help="tiny_cpu or one_gpu.")] = "tiny_cpu"
    steps: Annotated[int | None, Parameter(help="How many steps; the recipe's own number when left out.")] = None
    storage: Annotated[
        Literal["bfloat16", "int8", "float32"], Parameter(help="How large matrices are kept in the weights.")
    ] = "bfloat16"
    json: Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")] = False

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise UsageError(f'recipe "{self.recipe}" is unknown; choose one of {", ".join(RECIPES)}')
        if self.steps is not None and self.steps < 1:
            raise UsageError(f"{self.steps} steps train nothing; ask for 1 or more")

    def steps_of(self) -> dict[str, int]:
        """The number of steps as a recipe's argument, when it was given."""
        return {} if self.steps is None else {"steps": self.steps}


@train.command
def codec(*, run: Run) -> int:
    """Train a codec from scratch on a folder of clips.

    Stop it and start it again: it goes on from its newest checkpoint. Prints the folder of the weights.
    """
    from himmel import train as training
    from himmel.data import fill_pixels
    from himmel.weights import Part

    shards = _shards(run)
    with Show() as show, stopping() as stop:
        (run.out / "pixels").mkdir(parents=True, exist_ok=True)
        fill_pixels(shards, run.out / "pixels" / "train.npy", on_progress=show.counter("clips decoded"))
        recipes = {"tiny_cpu": training.tiny_cpu_codec, "one_gpu": training.one_gpu_codec}
        recipe = recipes[run.recipe](str(run.out / "pixels"), **run.steps_of())
        trained = training.train_codec(recipe, run.out, show.training, stop)
    part = Part(config=trained.codec.config.to_dict(), tensors=trained.codec.state_dict(), storage=run.storage)
    card = _card(run, shards, steps=trained.steps, knows={})
    return _saved(run, {"codec": part}, card, trained.figures)


@train.command
def transformer(
    *,
    run: Run,
    codec: Annotated[Path, Parameter(help="A folder of weights with a codec, as `himmel train codec` makes it.")],
) -> int:
    """Train a transformer and its text encoder on the latents of a trained codec.

    Stop it and start it again: it goes on from its newest checkpoint. Prints the folder of the weights, which
    `himmel make --model` takes.
    """
    from himmel import train as training
    from himmel.weights import load_weights
    from himmel.world import lexicon

    weights = load_weights(codec)
    if "codec" not in weights.parts:
        raise WeightsError(f"{codec} holds no codec; train one with: himmel train codec")
    shards, words = _shards(run), lexicon(_profile(_rendering(_shards(run))))
    with Show() as show, stopping() as stop:
        latents = run.out / "latents"
        counter = show.counter("clips encoded")
        training.encode_clips(
            _codec(weights.parts["codec"]), shards, latents, on_progress=counter, should_stop=stop
        )
        recipes = {"tiny_cpu": training.tiny_cpu_transformer, "one_gpu": training.one_gpu_transformer}
        recipe = recipes[run.recipe](str(latents), words, **run.steps_of())
        trained = training.train_transformer(recipe, run.out, _caption, show.training, stop)
    best = min(trained.figures, key=lambda name: sum(trained.figures[name].values()))
    parts = {name: replace(part, storage=run.storage) for name, part in trained.parts(best).items()}
    profile = _profile(_rendering(shards))
    card = _card(run, shards, steps=trained.steps, knows=_knows(profile), styles=_styles(profile))
    return _saved(run, parts | {"codec": weights.parts["codec"]}, card, trained.figures[best])


def _shards(run: Run) -> "ClipShards":
    from himmel.data import ClipShards

    shards = ClipShards(run.data, split="train")
    if not len(shards):
        raise LedgerError(f"{run.data} holds no training clips; draw some with: himmel world render")
    return shards


def _rendering(shards: "ClipShards") -> dict[str, Any]:
    """How the clips were drawn, as their ledger says."""
    rendering: dict[str, Any] = jsons.loads(shards.rows[0].transform)
    return rendering


def _profile(rendering: Mapping[str, Any]) -> "Profile":
    from himmel.world import FIRST_LIGHT, FULL

    return {profile.name: profile for profile in (FIRST_LIGHT, FULL)}[rendering["profile"]]


def _codec(part: "Part") -> "Codec":
    from himmel.codec import Codec, CodecConfig

    codec = Codec(CodecConfig.from_dict(dict(part.config)))
    codec.load_state_dict(dict(part.tensors))
    return codec.requires_grad_(False)


def _caption(record: Mapping[str, Any], mirrored: bool, rng: "Generator") -> str:
    from himmel.world import SceneSpec, describe
    from himmel.world.captions import mirror_caption

    caption = describe(SceneSpec.from_dict(record["spec"]), rng, form="any")
    return mirror_caption(caption) if mirrored else caption


def _knows(profile: "Profile") -> dict[str, tuple[str, ...]]:
    """The trained words by category, and every word that captions had."""
    from himmel.world import lexicon

    ids = {name: value for name, value in asdict(profile).items() if name not in ("name", "counts")}
    spoken = {name: tuple(dict.fromkeys(word.replace("_", " ") for word in value)) for name, value in ids.items()}
    return spoken | {"words": lexicon(profile)}


def _styles(profile: "Profile") -> dict[str, str]:
    from himmel.world.caption_words import STYLE_TAGS

    return {style: STYLE_TAGS[style][0] for style in dict.fromkeys(profile.styles)}


def _card(
    run: Run,
    shards: "ClipShards",
    *,
    steps: int,
    knows: dict[str, tuple[str, ...]],
    styles: dict[str, str] | None = None,
) -> "Card":
    from himmel.weights import Card

    rendering, row = _rendering(shards), shards.rows[0]
    sizes = dict.fromkeys(f"{each.width}x{each.height}" for each in shards.rows)
    return Card(
        name=f"{run.recipe}-{rendering['profile']}",
        generator=str(rendering["generator"]),
        ledger=shards.root,
        trained_steps=steps,
        sizes=tuple(sizes),
        frames=row.frames,
        knows=knows,
        styles=styles or {},
    )


def _saved(run: Run, parts: "dict[str, Part]", card: "Card", figures: Mapping[str, float]) -> int:
    from himmel.weights import save_weights

    index: Index = save_weights(run.out / "weights", parts, card, overwrite=True)
    if run.json:
        print_json({"weights": str(index.folder), "digest": index.digest, "figures": dict(figures)})
    else:
        print_path(index.folder)
    return 0
