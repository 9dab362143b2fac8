"""The last stops: the plan is reviewed, frames are reviewed and written, and the file is sealed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from himmel.errors import HimmelError, UsageError
from himmel.generate.progress import Stage
from himmel.media import ImageFormat, Pixels, part_path, write_image, write_video
from himmel.plan import Plan
from himmel.provenance import Keys, Manifest, SealedVideo, check_final, seal
from himmel.safety import FrameReview, Verdict, review_prompt
from himmel.weights import Card

__all__ = ["PLAN_KEY", "check_kind", "finish", "finish_picture", "review_plan"]

PLAN_KEY = "himmel_plan"
IMAGES: dict[str, ImageFormat] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def review_plan(plan: Plan) -> Verdict:
    """The verdict on everything a plan wants seen; raises Declined, naming the rule, when it is refused."""
    captions = [caption for shot in plan.shots for caption in shot.captions]
    return review_prompt(plan.prompt, plan.style or "", *captions).require()


def check_kind(plan: Plan, out: Path) -> None:
    """Raise UsageError when `out` is a picture and the plan has more than one frame."""
    if out.suffix.lower() in IMAGES and plan.frames != 1:
        raise UsageError(f"{out.name} is a picture and the plan has {plan.frames} frames; name a .mp4 file")


def finish(
    plan: Plan,
    chunks: Iterable[Pixels],
    out: Path,
    *,
    card: Card,
    keys: Keys,
    force: bool = False,
    on_stage: Callable[[Stage], None] = lambda stage: None,
) -> SealedVideo:
    """Write frames uint8 [t, H, W, 3] as they come, review them, seal the file and give it its name.

    `on_stage` hears when the last frame has come ("write") and when sealing begins ("seal"). Raises Declined,
    UsageError, MediaError or SealError, and passes on whatever making the frames raises; nothing is then left.
    """
    check_final(out, force=force)
    check_kind(plan, out)
    asked, review = review_plan(plan), FrameReview()
    with _part(out) as part:
        _write(part, _watched(chunks, review, on_stage), plan, out)
        seen = review.verdict()
        if not seen.allowed:
            raise HimmelError(f"the frames were dropped: {seen.reason}")
        on_stage("seal")
        return seal(part, out, _manifest(plan, card, (asked, seen)), keys, force=force)


def finish_picture(
    plan: Plan, picture: Pixels, out: Path, *, card: Card, keys: Keys, force: bool = False
) -> SealedVideo:
    """Write and seal a picture uint8 [H, W, 3] that shows frames of a plan; raises as `finish` does."""
    check_final(out, force=force)
    asked = review_plan(plan)
    with _part(out) as part:
        write_image(part, picture, _image_format(out), {PLAN_KEY: plan.to_json()})
        return seal(part, out, _manifest(plan, card, (asked,)), keys, force=force)


@contextmanager
def _part(out: Path) -> Iterator[Path]:
    """A hidden name beside `out` that is gone afterwards, whatever happens."""
    part = part_path(out)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, chunks: Iterator[Pixels], plan: Plan, out: Path) -> None:
    metadata = {PLAN_KEY: plan.to_json()}
    if out.suffix.lower() not in IMAGES:
        write_video(part, chunks, plan.fps, metadata=metadata)
        return
    write_image(part, np.concatenate(list(chunks))[0], _image_format(out), metadata)


def _image_format(out: Path) -> ImageFormat:
    if out.suffix.lower() not in IMAGES:
        raise UsageError(f"{out.name} is not a picture; name a .png, .jpg or .webp file")
    return IMAGES[out.suffix.lower()]


def _watched(chunks: Iterable[Pixels], review: FrameReview, on_stage: Callable[[Stage], None]) -> Iterator[Pixels]:
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
        source="compositeWithTrainedAlgorithmicMedia" if plan.conditions else "trainedAlgorithmicMedia",
        title=" ".join(plan.prompt.split())[:80],
        edits=(*_parents(plan), *_edits(plan)),
    )


def _parents(plan: Plan) -> tuple[str, ...]:
    """What was given, by the SHA-256 of its file."""
    if plan.direction is None:
        return ()
    return tuple(
        f"{plan.direction.verb}: a file with SHA-256 {digest} was given" for digest in plan.direction.files
    )


def _edits(plan: Plan) -> tuple[str, ...]:
    """What the finisher did to the frames that the model made, in the order it did it."""
    if plan.finish is None:
        return ()
    shot, size = plan.shots[0], plan.finish.size
    cut, edits = shot.size.cut_to(size), []
    if cut != shot.size:
        edits.append(f"the middle {cut} of {shot.size} pixels was kept")
    if plan.smooth > 1:
        edits.append(f"a learned network put frames between frames: {shot.fps} became {plan.fps} a second")
    if cut != size:
        edits.append(f"a learned network enlarged the frames: {cut} became {size} pixels")
    return tuple(edits)
