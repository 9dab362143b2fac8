"""`himmel make` and `himmel image`: everything cheap is checked first, then the weights are read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from himmel.cli.job import Job, check_outs, planned, requested, run
from himmel.cli.options import Ask, Files, Placed, Say, Times
from himmel.cli.show import Show
from himmel.errors import UsageError

if TYPE_CHECKING:
    from himmel.conditions import Condition
    from himmel.generate import Verb
    from himmel.plan import Plan
    from himmel.weights import Index

__all__ = ["image", "make"]

FINISHING = ("preset", "size", "fps")  # what changes a video and not what it shows
ONE_FRAME_SECONDS = 1e-3  # less than a frame at any rate: rounded up to one


def make(
    prompt: Annotated[str | None, Parameter(help="What should be seen, in one of six languages.")] = None,
    /,
    *,
    source: Annotated[
        Path | None,
        Parameter(
            name="--from",
            help="Repeat this video or PNG exactly, without a prompt; only --preset, --size and --fps may change.",
        ),
    ] = None,
    placed: Placed = Placed(),  # noqa: B008  frozen
    dry_run: Annotated[bool, Parameter(negative=(), help="Print the plan as JSON and make nothing.")] = False,
    times: Times = Times(),  # noqa: B008
    ask: Ask = Ask(),  # noqa: B008
    files: Files = Files(),  # noqa: B008
    say: Say = Say(),  # noqa: B008
) -> int:
    """Make a video from a sentence.

    Prints the path of the finished, sealed file. The plan (size, frames, seed, steps, the words the model does
    not know) is stored in the file; --dry-run shows it first and --from repeats it, given the same files.
    """
    with Show(preview=say.preview) as show:
        if source is not None:
            if prompt is not None or times.given() or set(ask.given()) - {"model", *FINISHING}:
                raise UsageError(
                    "--from repeats a video exactly; leave out the prompt and whatever would change it"
                )
            job = _repeated(source, ask, files, placed)
        else:
            if placed.given:
                raise UsageError("--given goes with --from; place pictures with --image, --last and --keyframe")
            request = requested(prompt, ask, **times.given())
            job = planned(request, ask, files, ".mp4", show, _pictures(placed))
        return run(job, files, say, show, dry_run=dry_run)


def image(
    prompt: Annotated[str, Parameter(help="What should be seen, in one of six languages.")],
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative=(), help="Print the plan as JSON and make nothing.")] = False,
    ask: Ask = Ask(),  # noqa: B008
    files: Files = Files(),  # noqa: B008
    say: Say = Say(),  # noqa: B008
) -> int:
    """Make a single picture from a sentence.

    Prints the path of the finished, sealed file: PNG, JPEG or WebP.
    """
    with Show(preview=say.preview) as show:
        job = planned(requested(prompt, ask, seconds=ONE_FRAME_SECONDS), ask, files, ".png", show)
        return run(job, files, say, show, dry_run=dry_run)


def _pictures(placed: Placed) -> "Verb | None":
    """The pictures as a verb, None where there are none."""
    from himmel.generate import Pictures

    first, last = placed.image, placed.last
    keyframes = placed.keyframes()
    paths = [*([first] if first else []), *(path for _, path in keyframes), *([last] if last else [])]
    if not paths:
        return None
    return Pictures(paths, first=bool(first), last=bool(last), at=tuple(second for second, _ in keyframes))


def _repeated(source: Path, ask: Ask, files: Files, placed: Placed) -> Job:
    from himmel.generate import check_kind, read_plan, review_plan
    from himmel.weights import CATALOGUE, read_index

    plan, model = read_plan(source), ask.model
    review_plan(plan)
    if model is None and plan.model not in CATALOGUE:
        raise UsageError(
            f'{source} was made by "{plan.model}", which is not installed; name its folder with --model'
        )
    model = model or plan.model
    index = read_index(model)
    if index.digest != plan.weights:
        theirs, ours = plan.weights[:12], index.digest[:12]
        raise UsageError(f"{source} was made with the weights {theirs}, {model} is {ours}; name them with --model")
    conditions = _given_again(plan, index, placed)
    if any(name in ask.given() for name in FINISHING):
        plan = _refinished(plan, ask, index)
    outs = (files.out or source.with_name(f"{source.stem}-again{source.suffix}"),)
    check_outs(outs, files)
    check_kind(plan, outs[0])
    return Job(model=model, plans=(plan,), outs=outs, conditions=conditions)


def _given_again(plan: "Plan", index: "Index", placed: Placed) -> "tuple[Condition, ...]":
    """The conditions of a plan from the files it was made from: --given, or pictures by their own flags."""
    from himmel.generate import check_conditions, describe, directed_again

    pictures = _pictures(placed)
    paths = placed.given or (pictures.paths if pictures else ())
    if not paths:
        check_conditions(plan, ())
        return ()
    return directed_again(plan, paths, describe(index).compression).conditions


def _refinished(plan: "Plan", ask: Ask, index: "Index") -> "Plan":
    """The plan of the same frames, finished as asked."""
    from himmel.director import refinished
    from himmel.generate import describe
    from himmel.plan import Request

    wanted = {name: value for name, value in ask.given().items() if name in FINISHING}
    facts = describe(index)
    return refinished(plan, Request(prompt=plan.prompt, **wanted), facts.card, facts.enlarges)
