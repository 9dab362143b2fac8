"""What has been decided before the weights are read, and how it is made: the way of every verb that makes."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from himmel.cli.home import keys_folder
from himmel.cli.options import Ask, Files, Say
from himmel.cli.show import Show, print_json
from himmel.errors import UsageError

if TYPE_CHECKING:
    from himmel.conditions import Condition
    from himmel.generate import Verb
    from himmel.plan import Plan, Request
    from himmel.provenance import SealedVideo

__all__ = ["Job", "check_outs", "planned", "requested", "run"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One plan and one name for each file, and what all of them respect."""

    model: str
    plans: "tuple[Plan, ...]"
    outs: tuple[Path, ...]
    conditions: "tuple[Condition, ...]" = ()


def requested(prompt: str | None, ask: Ask, **more: Any) -> "Request":
    """The request of a verb, reviewed; raises UsageError or Declined."""
    from himmel.plan import Request
    from himmel.safety import review_prompt

    if prompt is None:
        raise UsageError('say what should be seen, for example: himmel make "a red ball rolls left"')
    request = Request(prompt=prompt, **{**ask.given(), **more})
    review_prompt(request.prompt, request.style or "", *(text for _, text in request.at)).require()
    return request


def planned(
    request: "Request", ask: Ask, files: Files, suffix: str, show: Show, verb: "Verb | None" = None
) -> Job:
    """The job of a request, directed by the files of a verb where there is one; raises UsageError or Declined."""
    from himmel.cli.writing import writer_of
    from himmel.weights import read_index

    write = None if verb else writer_of(ask)  # what is given shows the scene: nobody is asked
    if files.out is not None:
        check_outs(_named(files.out, request.count), files)
    index = read_index(request.model)
    show.begin("load")
    from himmel.director import plan
    from himmel.generate import Directed, check_kind, describe, direct, fast_precision, review_plan

    facts = describe(index, precision=fast_precision())
    if verb is None:
        directed = Directed(plan=plan(request, facts, write=write), conditions=())
    else:
        directed = direct(request, verb, facts)
    review_plan(directed.plan)  # in English, and with all that was added
    plans = tuple(directed.plan.variation(number) for number in range(request.count))
    outs = _named(files.out, request.count) if files.out else tuple(_own_name(p, suffix) for p in plans)
    check_outs(outs, files)
    check_kind(directed.plan, outs[0])
    return Job(model=request.model, plans=plans, outs=outs, conditions=directed.conditions)


def run(job: Job, files: Files, say: Say, show: Show, *, dry_run: bool) -> int:
    """Make, seal and report every file of a job, or with `dry_run` print its plans."""
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


def check_outs(outs: tuple[Path, ...], files: Files) -> None:
    """Raise UsageError or MediaError unless every file could be written."""
    from himmel.cli.outputs import check_output

    for out in outs:
        check_output(out, force=files.force)
        if files.image_sheet:
            check_output(_sheet_name(out), force=files.force)
