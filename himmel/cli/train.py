"""`himmel train`: the whole way to the bundled weights, or one of its stages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from himmel.cli.course import RECIPES, Course, Made, draw, is_made, learn_codec, learn_transformer
from himmel.cli.lessons import Lessons
from himmel.cli.options import SIZES
from himmel.cli.show import Show, print_json, print_path
from himmel.cli.stop import stopping
from himmel.errors import UsageError

__all__ = ["bundled", "codec", "finisher", "train", "transformer"]

train = App(
    name="train",
    help="Train a model: a codec, a transformer on its latents, and a finisher for both.",
    help_format="markdown",
)

PROFILE = "first_light"
CRF = 6  # closer to the drawn pixels than the default: what compression adds, the codec would learn
VALIDATION_CLIPS = 32
FINISHER_VALIDATION_CLIPS = 8
VALIDATION_SEED = 100_000_000  # beyond any seed that training reaches


def _check_steps(steps: int | None) -> None:
    if steps is not None and steps < 1:
        raise UsageError(f"{steps} steps train nothing; ask for 1 or more")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Run:
    """What every run is told."""

    out: Annotated[Path, Parameter(name=["--out", "-o"], help="The folder of the run; its weights: OUT/weights.")]
    recipe: Annotated[str, Parameter(help="tiny_cpu or one_gpu.")] = "tiny_cpu"
    storage: Annotated[
        Literal["bfloat16", "int8", "float32"], Parameter(help="How large matrices are kept in the weights.")
    ] = "bfloat16"
    compile: Annotated[
        bool, Parameter(negative=(), help="Compile the transformer first: some minutes, then faster. Needs g++.")
    ] = False
    json: Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")] = False

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise UsageError(f'recipe "{self.recipe}" is unknown; choose one of {", ".join(RECIPES)}')


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a single stage is told besides."""

    data: Annotated[Path, Parameter(help="A folder of clips, as `himmel world render` makes it.")]
    steps: Annotated[int | None, Parameter(help="How many steps; the recipe's own number when left out.")] = None
    start: Annotated[
        Path | None,
        Parameter(name="--from", help="The folder of another run, to start from its newest weights."),
    ] = None

    def __post_init__(self) -> None:
        _check_steps(self.steps)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much is drawn and learned."""

    clips: Annotated[int, Parameter(help="How many clips to learn from.")] = 8192
    size: Annotated[str, Parameter(help=SIZES)] = "128x128"
    codec_steps: Annotated[
        int | None, Parameter(help="Steps of the codec; the recipe's own number when left out.")
    ] = None
    transformer_steps: Annotated[
        int | None, Parameter(help="Steps of the transformer; the recipe's own number when left out.")
    ] = None

    def __post_init__(self) -> None:
        _check_steps(self.codec_steps)
        _check_steps(self.transformer_steps)
        if self.clips < 1:
            raise UsageError(f"{self.clips} clips teach nothing; ask for 1 or more")


@train.command
def bundled(
    *,
    run: Run,
    amount: Amount = Amount(),  # noqa: B008  frozen
    workers: Annotated[int, Parameter(help="Processes that draw.")] = 1,
) -> int:
    """Make the bundled weights from nothing: draw clips, train a codec, train a transformer.

    Stop it at any moment and give the same command again: it goes on where it was. Prints the folder of the
    weights, which `himmel make --model` takes.
    """
    from himmel.data import RenderConfig
    from himmel.shapes import parse_sizes

    sizes, clips = parse_sizes(amount.size), run.out / "clips"
    config = RenderConfig.of_sizes(sizes, profile=PROFILE, crf=CRF)
    with _course(run) as course:
        course.check(sizes)
        course.show.label = "1 of 4: "
        draw(course, clips, config, clips=amount.clips, first_seed=0, workers=workers)
        course.show.label = "2 of 4: "
        judging = replace(config, split="validation")
        draw(course, clips, judging, clips=VALIDATION_CLIPS, first_seed=VALIDATION_SEED, workers=1)
        lessons = Lessons.of(clips)
        course.show.label = "3 of 4: "
        first = replace(course, steps=amount.codec_steps)
        if not is_made(first, lessons, run.out / "codec"):
            learn_codec(first, lessons, run.out / "codec")
        course.show.label = "4 of 4: "
        second, folder = replace(course, steps=amount.transformer_steps), run.out / "transformer"
        made = learn_transformer(second, lessons, run.out / "codec" / "weights", folder, run.out / "weights")
    return _told(run, made)


@train.command
def codec(*, run: Run, lesson: Lesson) -> int:
    """Train a codec from scratch on a folder of clips.

    Stop it and start it again: it goes on from its newest checkpoint. Prints the folder of the weights.
    """
    lessons = Lessons.of(lesson.data)
    with _course(run, lesson) as course:
        course.check(lessons.sizes)
        made = learn_codec(course, lessons, run.out)
    return _told(run, made)


@train.command
def transformer(
    *,
    run: Run,
    lesson: Lesson,
    codec: Annotated[Path, Parameter(help="A folder of weights with a codec, as `himmel train codec` makes it.")],
) -> int:
    """Train a transformer and its text encoder on the latents of a trained codec.

    Stop it and start it again: it goes on from its newest checkpoint. Prints the folder of the weights, which
    `himmel make --model` takes.
    """
    from himmel.weights import find_weights

    find_weights(codec)
    lessons = Lessons.of(lesson.data)
    with _course(run, lesson) as course:
        course.check(lessons.sizes)
        made = learn_transformer(course, lessons, codec, run.out, run.out / "weights")
    return _told(run, made)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Large:
    """What a finisher learns from."""

    clips: Annotated[int, Parameter(help="How many clips to learn from.")] = 256
    size: Annotated[str, Parameter(help="Width and height of the clips in pixels.")] = "512x512"
    steps: Annotated[int | None, Parameter(help="How many steps; the recipe's own number when left out.")] = None
    start: Annotated[
        Path | None,
        Parameter(name="--from", help="The folder of another run, to start from its newest weights."),
    ] = None
    workers: Annotated[int, Parameter(help="Processes that draw.")] = 1

    def __post_init__(self) -> None:
        _check_steps(self.steps)
        if self.clips < 1:
            raise UsageError(f"{self.clips} clips teach nothing; ask for 1 or more")


@train.command
def finisher(
    *,
    run: Run,
    model: Annotated[Path, Parameter(help="The weights it is for; a folder with a codec is enough.")],
    large: Large = Large(),  # noqa: B008  frozen
) -> int:
    """Add a finisher to weights: draw large clips with twice the frames, train on them and their small twins.

    Stop it at any moment and give the same command again: it goes on where it was. Prints the folder of the
    weights with their finisher, which `himmel make --model` takes: --size, --fps and --preset then go beyond
    what the model was trained at.
    """
    from himmel.cli.finishing import Finishing
    from himmel.shapes import Size

    size, clips = Size.parse(large.size), run.out / "clips"
    with _course(run, large) as course:
        finishing = Finishing(course, model)
        finishing.check(size)
        config = finishing.drawing(PROFILE, size)
        course.show.label = "1 of 3: "
        draw(course, clips, config, clips=large.clips, first_seed=0, workers=large.workers)
        course.show.label = "2 of 3: "
        judging = replace(config, split="validation")
        draw(course, clips, judging, clips=FINISHER_VALIDATION_CLIPS, first_seed=VALIDATION_SEED, workers=1)
        course.show.label = "3 of 3: "
        made = finishing.learn(Lessons.of(clips), run.out)
    return _told(run, made)


@contextmanager
def _course(run: Run, lesson: Lesson | Large | None = None) -> Iterator[Course]:
    steps, start = (lesson.steps, lesson.start) if lesson else (None, None)
    with Show() as show, stopping() as stop:
        yield Course(
            recipe=run.recipe,
            storage=run.storage,
            show=show,
            stop=stop,
            steps=steps,
            initial=start,
            compile=run.compile,
        )


def _told(run: Run, made: Made) -> int:
    if run.json:
        folder, figures = str(made.index.folder), dict(made.figures)
        print_json({"weights": folder, "digest": made.index.digest, "figures": figures})
    else:
        print_path(made.index.folder)
    return 0
