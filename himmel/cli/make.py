"""`himmel make` and `himmel image`: everything cheap is checked first, then the weights are read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from himmel.cli.home import keys_folder
from himmel.cli.options import Ask, Files, Say, Times
from himmel.cli.show import Show, print_json
from himmel.errors import UsageError

if TYPE_CHECKING:
    from himmel.conditions import Condition
    from himmel.plan import Plan, Request
    from himmel.provenance import SealedVideo
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
    image: Annotated[Path | None, Parameter(help="A picture the video begins with.")] = None,
    dry_run: Annotated[bool, Parameter(negative=(), help="Print the plan as JSON and make nothing.")] = False,
    times: Times = Times(),  # noqa: B008  frozen
    ask: Ask = Ask(),  # noqa: B008
    files: Files = Files(),  # noqa: B008
    say: Say = Say(),  # noqa: B008
) -> int:
    """Make a video from a sentence.

    Prints the path of the finished, sealed file. The plan (size, frames, seed, steps, the words the model does
    not know) is stored in the file; --dry-run shows it first and --from repeats it.
    """
    with Show(preview=say.preview) as show:
        if source is not None:
            if prompt is not None or times.given() or set(ask.given()) - {"model", *FINISHING}:
                raise UsageError(
                    "--from repeats a video exactly; leave out the prompt and whatever would change it"
                )
            job = _repeated(source, ask, files, image)
        else:
            job = _planned(_request(prompt, ask, **times.given()), ask, files, ".mp4", show, image=image)
        return _run(job, files, say, show, dry_run=dry_run)


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
        job = _planned(_request(prompt, ask, seconds=ONE_FRAME_SECONDS), ask, files, ".png", show)
        return _run(job, files, say, show, dry_run=dry_run)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What has been decided before the weights are read: one plan and one name for each file."""

    model: str
    plans: "tuple[Plan, ...]"
    outs: tuple[Path, ...]
    conditions: "tuple[Condition, ...]" = ()


def _request(prompt: str | None, ask: Ask, **times: Any) -> "Request":
    from himmel.plan import Request
    from himmel.safety import review_prompt

    if prompt is None:
        raise UsageError('say what should be seen, for example: himmel make "a red ball rolls left"')
    request = Request(prompt=prompt, **times, **ask.given())
    review_prompt(request.prompt, request.style or "", *(text for _, text in request.at)).require()
    return request


def _planned(
    request: "Request", ask: Ask, files: Files, suffix: str, show: Show, *, image: Path | None = None
) -> _Job:
    from himmel.cli.writing import writer_of
    from himmel.weights import read_index

    write = writer_of(ask)

    if files.out is not None:
        _check_outs(_named(files.out, request.count), files)
    index = read_index(request.model)
    show.begin("load")
    from himmel.director import plan
    from himmel.generate import check_kind, describe, fast_precision, references, review_plan

    facts = describe(index, precision=fast_precision())
    first = plan(request, facts, write=write, pictured=image is not None)
    review_plan(first)  # in English, and with all that was added
    conditions = _conditions(image, first)
    first = first.model_copy(update={"conditions": references(conditions)})
    plans = tuple(first.variation(number) for number in range(request.count))
    outs = _named(files.out, request.count) if files.out else tuple(_own_name(p, suffix) for p in plans)
    _check_outs(outs, files)
    check_kind(first, outs[0])
    return _Job(model=request.model, plans=plans, outs=outs, conditions=conditions)


def _repeated(source: Path, ask: Ask, files: Files, image: Path | None) -> _Job:
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
    if any(name in ask.given() for name in FINISHING):
        plan = _refinished(plan, ask, index)
    outs = (files.out or source.with_name(f"{source.stem}-again{source.suffix}"),)
    _check_outs(outs, files)
    check_kind(plan, outs[0])
    return _Job(model=model, plans=(plan,), outs=outs, conditions=_conditions(image, plan))


def _refinished(plan: "Plan", ask: Ask, index: "Index") -> "Plan":
    """The plan of the same frames, finished as asked."""
    from himmel.director import refinished
    from himmel.generate import describe
    from himmel.plan import Request

    wanted = {name: value for name, value in ask.given().items() if name in FINISHING}
    facts = describe(index)
    return refinished(plan, Request(prompt=plan.prompt, **wanted), facts.card, facts.enlarges)


def _run(job: _Job, files: Files, say: Say, show: Show, *, dry_run: bool) -> int:
    for note in job.plans[0].notes:
        show.note(note)
    if dry_run:
        plans = [plan.model_dump(mode="json") for plan in job.plans]
        print_json(plans[0] if len(plans) == 1 else plans)
        return 0
    from himmel.generate import load, render
    from himmel.provenance import load_keys

    load_keys(keys_folder())
    pipe, results = load(job.model, keys_folder=keys_folder()), []
    for number, (plan, out) in enumerate(zip(job.plans, job.outs, strict=True), start=1):
        show.label = f"{number} of {len(job.plans)}: " if len(job.plans) > 1 else ""
        sheet = _sheet_name(out) if files.image_sheet else None
        video = render(
            plan, pipe, out, conditions=job.conditions, force=files.force, sheet=sheet, on_progress=show
        )
        results.append((plan, video))
        if not say.json:
            show.result(video.path)  # at once: the next one may fail
    show.end()
    if say.json:
        _report(results)
    return 0


def _report(results: "list[tuple[Plan, SealedVideo]]") -> None:
    videos = [
        {
            "path": str(video.path),
            "digest": video.digest,
            "bytes": video.size,
            "seed": plan.shots[0].seed,
            "frames": plan.frames,
            "plan_digest": plan.digest,
            "notes": list(plan.notes),
            "verdicts": [dict(verdict) for verdict in video.manifest.verdicts],
        }
        for plan, video in results
    ]
    print_json({"videos": videos})


def _conditions(image: Path | None, plan: "Plan") -> "tuple[Condition, ...]":
    """The picture of --image, fitted to the size of the shot."""
    if image is None:
        return ()
    from himmel.conditions import FirstFrame, fitted
    from himmel.media import read_image

    return (FirstFrame(image=fitted(read_image(image), plan.shots[0].size, plan.size)),)


def _named(out: Path, count: int) -> tuple[Path, ...]:
    """The name that was asked for, numbered when there are several."""
    if count == 1:
        return (out,)
    return tuple(out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, count + 1))


def _own_name(plan: "Plan", suffix: str) -> Path:
    """A name after the prompt and the seed."""
    words = "-".join(re.findall(r"[^\W_]+", plan.prompt.casefold()))[:48].strip("-") or "video"
    return Path(f"{words}-{plan.shots[0].seed}{suffix}")


def _sheet_name(out: Path) -> Path:
    return out.with_name(f"{out.stem}.sheet.png")


def _check_outs(outs: tuple[Path, ...], files: Files) -> None:
    from himmel.cli.outputs import check_output

    for out in outs:
        check_output(out, force=files.force)
        if files.image_sheet:
            check_output(_sheet_name(out), force=files.force)
