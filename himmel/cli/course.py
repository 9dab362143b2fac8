"""The course of training: clips, pixels, a codec, latents, a transformer. Each goes on where it was cut off."""

import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from himmel.cli.lessons import Lessons
from himmel.cli.said import caption, knows, lesson, styles, weight
from himmel.cli.show import Show
from himmel.errors import Cancelled, UsageError, WeightsError

if TYPE_CHECKING:
    from himmel.codec import Codec
    from himmel.data import RenderConfig
    from himmel.shapes import Size
    from himmel.train import (
        CodecRecipe,
        FinisherRecipe,
        ReadingRecipe,
        TrainedCodec,
        TrainedTransformer,
        TransformerRecipe,
    )
    from himmel.weights import Card, Index, Part

__all__ = [
    "RECIPES",
    "Course",
    "Made",
    "commit",
    "draw",
    "fitted",
    "is_made",
    "learn_codec",
    "learn_transformer",
    "open_codec",
    "other_roots",
    "saved",
]

RECIPES = ("tiny_cpu", "one_gpu")

Recipe = TypeVar("Recipe", "CodecRecipe", "TransformerRecipe", "FinisherRecipe")


@dataclass(frozen=True, kw_only=True)
class Course:
    """What all stages are told: whose recipes, how weights are stored, who watches and who may stop.

    steps: of the run, None for the recipe's own number. initial: another run to start from, or None. compile:
    whether to compile the transformer where its recipe would not.
    """

    recipe: str
    storage: str
    show: Show
    stop: Callable[[], bool]
    steps: int | None = None
    initial: Path | None = None
    compile: bool = False

    def watch(self, noun: str) -> Callable[[int, int], None]:
        """A counter of `noun` that raises Cancelled when asked to stop."""
        count = self.show.counter(noun)

        def watched(done: int, total: int) -> None:
            count(done, total)
            if self.stop():
                raise Cancelled(f"stopped after {done} of {total} {noun}; run the same command again to go on")

        return watched

    def check(self, sizes: "Iterable[Size]") -> None:
        """Raise UsageError where the recipe cannot run, or cannot learn from clips of these sizes."""
        import torch

        from himmel import train

        recipe: CodecRecipe = getattr(train, f"{self.recipe}_codec")("")
        second: TransformerRecipe = getattr(train, f"{self.recipe}_transformer")("", ())
        compression, crop = replace(recipe.model.compression, patch=second.model.patch), recipe.data.crop
        for size in sizes:
            compression.check(size)
            if min(size.width, size.height) < crop:
                raise UsageError(
                    f'{size} is smaller than the {crop}x{crop} pixels that recipe "{self.recipe}" learns from; '
                    "draw larger clips"
                )
        if self.compile and recipe.run.device == "cpu" and not shutil.which("g++"):
            raise UsageError("compiling for a CPU needs g++, which is not here; install it or leave --compile out")
        if recipe.run.device != "cpu" and not torch.cuda.is_available():
            raise UsageError(f'recipe "{self.recipe}" needs a GPU and torch sees none here; choose tiny_cpu')

    def codec_recipe(self, out: Path, lessons: "Lessons") -> "CodecRecipe":
        """The recipe of a codec whose run lies in `out`."""
        from himmel import train

        recipe: CodecRecipe = getattr(train, f"{self.recipe}_codec")(str((out / "pixels").resolve()))
        return fitted(self, recipe, lessons)

    def transformer_recipe(self, out: Path, lessons: "Lessons", codec: str) -> "TransformerRecipe":
        """The recipe of a transformer whose run lies in `out`, on latents of the codec with this digest."""
        from himmel import train
        from himmel.world import lexicon

        latents, blockings = str((out / "latents").resolve()), str((out / "blockings").resolve())
        named, words = getattr(train, f"{self.recipe}_transformer"), lexicon(lessons.profile)
        recipe: TransformerRecipe = named(latents, words, blockings=blockings)
        run = replace(recipe.run, compile=self.compile or recipe.run.compile)
        reader = str((out / "text").resolve()) if recipe.text.queries else ""
        recipe = replace(recipe, run=run, data=replace(recipe.data, codec=codec), reader=reader)
        return fitted(self, recipe, lessons)

    def reading_recipe(self, learner: "TransformerRecipe") -> "ReadingRecipe":
        """The recipe by which a transformer's text encoder learns to read, in no more steps than `learner` has."""
        from himmel import train
        from himmel.world import FACTS

        facts = tuple(tuple(group.items()) for group in FACTS)
        recipe: ReadingRecipe = getattr(train, f"{self.recipe}_reading")(learner.text.lexicon, facts)
        steps = min(recipe.run.steps, learner.run.steps)
        run = replace(recipe.run, steps=steps, tensorboard=learner.run.tensorboard)
        return replace(recipe, text=learner.text, run=run)

    def planner_recipe(self, learner: "TransformerRecipe") -> "TransformerRecipe":
        """The recipe of a transformer's planner, which has the same text encoder and the same clips."""
        from himmel import train

        named = getattr(train, f"{self.recipe}_planner")
        recipe: TransformerRecipe = named(learner.data.blockings, learner.text.lexicon)
        steps = min(recipe.run.steps, learner.run.steps)
        run = replace(recipe.run, steps=steps, compile=learner.run.compile, tensorboard=learner.run.tensorboard)
        data = replace(recipe.data, held_out=learner.data.held_out, source=learner.data.source)
        return replace(recipe, run=run, data=data, reader=learner.reader)


def fitted(course: Course, recipe: Recipe, lessons: "Lessons") -> Recipe:
    """The recipe with the steps and the start of the course, its clips, and what is installed here."""
    initial = "" if course.initial is None else str(course.initial.resolve())
    board = recipe.run.tensorboard and find_spec("tensorboard") is not None
    run = replace(recipe.run, steps=course.steps or recipe.run.steps, initial=initial, tensorboard=board)
    held_out = len(lessons.judging) or recipe.data.held_out
    data = replace(recipe.data, held_out=held_out, source=lessons.source)
    return replace(recipe, run=run, data=data)


@dataclass(frozen=True, kw_only=True)
class Made:
    """Finished weights and the figures they reached on held-out clips."""

    index: "Index"
    figures: Mapping[str, float]


def draw(
    course: Course, folder: Path, config: "RenderConfig", *, clips: int, first_seed: int, workers: int
) -> None:
    """Draw the clips of one split that the folder lacks."""
    from himmel.data import render_shards

    course.show.begin(f"drawing clips, {config.split}")
    render_shards(
        folder,
        clips=clips,
        first_seed=first_seed,
        shard_size=64,  # the most work that stopping loses
        workers=workers,
        config=config,
        on_progress=course.watch(f"clips drawn, {config.split}"),
    )


def learn_codec(course: Course, lessons: Lessons, out: Path) -> Made:
    """Decode the clips into OUT/pixels, train a codec in OUT and save it in OUT/weights."""
    from himmel import train
    from himmel.data import fill_pixels

    recipe = course.codec_recipe(out, lessons)
    course.show.begin("decoding the clips")
    (out / "pixels").mkdir(parents=True, exist_ok=True)
    # Pixels are read in the order of names: what judges comes first.
    for name, shards in (("1-validation", lessons.judging), ("2-train", lessons.training)):
        for size in shards.sizes:
            file = f"{name}.npy" if len(shards.sizes) == 1 else f"{name}-{size}.npy"
            fill_pixels(shards, out / "pixels" / file, size=size, on_progress=course.watch("clips decoded"))
    course.show.begin("training the codec")
    trained = train.train_codec(recipe, out, course.show.training, course.stop)
    part = replace(trained.part(), storage=course.storage)
    others = other_roots(lessons, trained.sources)
    card = _card(course, lessons, others, trained, trained.figures)
    return saved(out / "weights", {"codec": part}, card, trained.figures)


def is_made(course: Course, lessons: Lessons, out: Path) -> bool:
    """Whether OUT/weights already holds the codec that `learn_codec` would make."""
    from himmel.weights import read_index

    try:
        index = read_index(out / "weights")
    except WeightsError:
        return False
    steps = course.codec_recipe(out, lessons).run.steps
    wanted = (_name(course, lessons), lessons.training.root, steps, course.storage)
    card = index.card
    return (card.name, card.ledger, card.trained_steps, index.parts["codec"].storage) == wanted


def learn_transformer(course: Course, lessons: Lessons, codec: Path, out: Path, weights: Path) -> Made:
    """Encode the clips into OUT/latents, train a transformer in OUT and save it with the codec in `weights`."""
    from himmel import train
    from himmel.weights import load_weights

    coded = load_weights(codec)
    if "codec" not in coded.parts:
        raise WeightsError(f"{codec} holds no codec; train one with: himmel train codec")
    encoder = open_codec(coded.parts["codec"])
    recipe = course.transformer_recipe(out, lessons, train.codec_digest(encoder))
    if recipe.reader:
        course.show.begin("teaching the text encoder to read")
        reading, told = course.reading_recipe(recipe), lesson(lessons.profile)
        train.train_reader(reading, Path(recipe.reader), told, course.show.training, course.stop)
    course.show.begin("noting who is where")
    train.write_blockings(
        lessons,
        Path(recipe.data.blockings),
        actors=recipe.model.actors,
        every=encoder.compression.time,
        source=lessons.source,
        on_progress=course.show.counter("clips noted"),
        should_stop=course.stop,
    )
    course.show.begin("training the planner")
    planned = train.train_transformer(
        course.planner_recipe(recipe), out / "planner", caption, course.show.training, course.stop, weight=weight
    )
    course.show.begin("encoding the clips")
    train.encode_clips(
        encoder.to(recipe.run.device),
        lessons,
        out / "latents",
        source=lessons.source,
        on_progress=course.show.counter("clips encoded"),
        should_stop=course.stop,
    )
    course.show.begin("training the transformer")
    trained = train.train_transformer(recipe, out, caption, course.show.training, course.stop, weight=weight)
    best = _best(trained)
    made = trained.parts(best) | {"planner": planned.parts(_best(planned))["transformer"]}
    parts = {name: replace(part, storage=course.storage) for name, part in made.items()}
    others = other_roots(lessons, trained.sources, coded.card)
    card = _card(course, lessons, others, trained, trained.figures[best])
    card = replace(card, knows=knows(lessons.profile), styles=styles(lessons.profile))
    return saved(weights, parts | {"codec": coded.parts["codec"]}, card, trained.figures[best])


def _best(trained: "TrainedTransformer") -> str:
    """The name of the weights with the least errors on held-out clips."""
    return min(trained.figures, key=lambda name: sum(trained.figures[name].values()))


def open_codec(part: "Part") -> "Codec":
    """A codec from its part of the weights."""
    from himmel.codec import Codec, CodecConfig

    codec = Codec(CodecConfig.from_dict(dict(part.config)))
    codec.load_state_dict(dict(part.tensors))
    return codec.requires_grad_(False)


def _name(course: Course, lessons: Lessons) -> str:
    return f"{course.recipe}-{lessons.rendering['profile']}"


def other_roots(lessons: Lessons, sources: Iterable[str], codec: "Card | None" = None) -> tuple[str, ...]:
    """Ledger roots of other clips than the lessons' that a run's `sources`, or its codec, learned from."""
    roots = [source.rpartition("+")[2] for source in sources]
    if codec is not None:
        roots += [codec.ledger, *codec.other_ledgers]
    return tuple(dict.fromkeys(root or "unknown" for root in roots if root != lessons.training.root))


def _card(
    course: Course,
    lessons: Lessons,
    others: tuple[str, ...],
    trained: "TrainedCodec | TrainedTransformer",
    figures: Mapping[str, float],
) -> "Card":
    from himmel.weights import Card, SamplerDefaults

    rows, first = lessons.training.rows, lessons.training.record(0)["spec"]
    return Card(
        name=_name(course, lessons),
        generator=str(lessons.rendering["generator"]),
        commit=commit(),
        ledger=lessons.training.root,
        other_ledgers=others,
        trained_steps=trained.steps,
        trained_samples=trained.samples,
        sizes=tuple(map(str, lessons.sizes)),
        frames=rows[0].frames,
        fps=int(first["fps"]),
        sampler=SamplerDefaults(),
        knows={},
        notes="on held-out clips: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()),
    )


def commit() -> str:
    """The commit of this program's sources, "-dirty" when they differ from it; empty for an installed package."""
    folder = str(Path(__file__).parent)
    tracked = ["git", "-C", folder, "ls-files", "--error-unmatch", Path(__file__).name]
    describe = ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        subprocess.run(tracked, check=True, capture_output=True)
        return subprocess.run(describe, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def saved(folder: Path, parts: "Mapping[str, Part]", card: "Card", figures: Mapping[str, float]) -> Made:
    """Write weights, in the place of those that were there."""
    from himmel.weights import save_weights

    return Made(index=save_weights(folder, parts, card, overwrite=True), figures=figures)
