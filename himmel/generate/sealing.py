"""The last stops: the plan is reviewed, frames are reviewed and written, and the file is sealed."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himmel.errors import Declined, HimmelError, UsageError
from himmel.generate.progress import Stage
from himmel.media import part_path, write_image, write_video
from himmel.plan import Plan
from himmel.provenance import Keys, Manifest, SealedVideo, check_final, seal
from himmel.safety import FrameReview, Verdict, review_prompt
from himmel.weights import Card

__all__ = ["PLAN_KEY", "finish", "review_plan"]

PLAN_KEY = "himmel_plan"
IMAGES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def review_plan(plan: Plan) -> Verdict:
    """The verdict on everything a plan wants seen; raises Declined, naming the rule, when it is refused."""
    verdict = review_prompt(plan.prompt, plan.style or "", *(shot.caption for shot in plan.shots))
    if not verdict.allowed:
        raise Declined(f"this is declined: {verdict.reason} (rule {verdict.rule})", rule=verdict.rule)
    return verdict


def finish(
    plan: Plan,
    chunks: Iterable[NDArray[np.uint8]],
    out: Path,
    *,
    card: Card,
    keys: Keys,
    force: bool = False,
    on_stage: Callable[[Stage], None] = lambda stage: None,
) -> SealedVideo:
    """Write frames uint8 [t, H, W, 3] as they come, review them, seal the file and give it its name.

    `on_stage` hears when the last frame has come ("write") and when sealing begins ("seal").
    Raises Declined, UsageError, MediaError or SealError, and passes on whatever making the frames raises;
    nothing is then left behind.
    """
    check_final(out, force=force)
    asked, review, part = review_plan(plan), FrameReview(), part_path(out)
    try:
        _write(part, _watched(chunks, review, on_stage), plan, out)
        seen = review.verdict()
        if not seen.allowed:
            raise HimmelError(f"the frames were dropped: {seen.reason}")
        on_stage("seal")
        return seal(part, out, _manifest(plan, card, (asked, seen)), keys, force=force)
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, chunks: Iterator[NDArray[np.uint8]], plan: Plan, out: Path) -> None:
    metadata = {PLAN_KEY: plan.to_json()}
    if out.suffix.lower() not in IMAGES:
        write_video(part, chunks, plan.shots[0].fps, metadata=metadata)
        return
    if plan.frames != 1:
        raise UsageError(f"{out.name} is a picture and the plan has {plan.frames} frames; name a .mp4 file")
    frame = np.concatenate(list(chunks))[0]
    write_image(part, frame, IMAGES[out.suffix.lower()], metadata)  # type: ignore[arg-type]


def _watched(
    chunks: Iterable[NDArray[np.uint8]], review: FrameReview, on_stage: Callable[[Stage], None]
) -> Iterator[NDArray[np.uint8]]:
    for chunk in chunks:
        review.look(chunk)
        yield chunk
    on_stage("write")


def _manifest(plan: Plan, card: Card, verdicts: tuple[Verdict, ...]) -> Manifest:
    return Manifest(
        plan=plan.to_json(),
        weights=plan.weights,
        ledger=card.ledger or None,
        verdicts=tuple(verdict.to_dict() for verdict in verdicts),
        title=" ".join(plan.prompt.split())[:80],
    )
