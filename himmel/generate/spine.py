"""The spine on one screen: ask, review, plan, make, write, seal."""

from collections.abc import Sequence
from pathlib import Path

from himmel.conditions import Condition
from himmel.errors import MediaError
from himmel.generate.pipeline import Pipeline
from himmel.generate.progress import OnProgress
from himmel.generate.sealing import PLAN_KEY, finish, finish_picture, review_plan
from himmel.generate.sheet import SheetFrames
from himmel.media import read_metadata
from himmel.plan import Plan, Request
from himmel.provenance import SealedVideo, check_final, load_keys

__all__ = ["make", "read_plan", "render"]


def make(
    request: Request,
    pipe: Pipeline,
    out: Path,
    *,
    conditions: Sequence[Condition] = (),
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> SealedVideo:
    """One request, one sealed video at `out`.

    Raises Declined, UsageError, MediaError or SealError; nothing half-written is left behind.
    """
    return render(
        pipe.plan(request, conditions), pipe, out, conditions=conditions, force=force, on_progress=on_progress
    )


def render(
    plan: Plan,
    pipe: Pipeline,
    out: Path,
    *,
    conditions: Sequence[Condition] = (),
    force: bool = False,
    sheet: Path | None = None,
    on_progress: OnProgress | None = None,
) -> SealedVideo:
    """Make exactly what a plan says, at `out`, and a picture of its frames side by side at `sheet`.

    Raises as `make` does.
    """
    for path in (out, sheet):
        if path is not None:
            check_final(path, force=force)
    review_plan(plan)
    card, keys = pipe.facts.card, load_keys(pipe.keys_folder)
    clock, some = pipe.clock(plan, on_progress), SheetFrames(plan.frames)
    frames = some.watch(pipe.stream(plan, conditions, clock))
    video = finish(plan, frames, out, card=card, keys=keys, force=force, on_stage=clock.at)
    if sheet is not None:
        finish_picture(plan, some.sheet(plan.fps), sheet, card=card, keys=keys, force=force)
    return video


def read_plan(path: Path) -> Plan:
    """The plan stored in an MP4 or PNG that Himmel made; raises MediaError or UsageError when there is none."""
    stored = read_metadata(path).get(PLAN_KEY)
    if stored is None:
        raise MediaError(f"{path} carries no plan; only an MP4 or PNG made by Himmel can be repeated")
    return Plan.from_json(stored)
