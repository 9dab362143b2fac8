"""What the model makes and what the finisher makes of it, decided from size, rate and preset."""

from dataclasses import dataclass
from math import log
from typing import Literal

from himmel.errors import UsageError
from himmel.plan import LIMITS, Finish, Plan, Request
from himmel.shapes import Size
from himmel.weights import Card

__all__ = ["Draft", "decide_draft", "nearest_size", "refinished"]

MAKES = "the finisher makes"  # how the note on a finish is known


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the model makes, at `size` and `fps`; what is made of it, None for nothing; what to tell."""

    size: Size
    fps: int
    finish: Finish | None = None
    notes: tuple[str, ...] = ()


def decide_draft(request: Request, card: Card, enlarges: int, usual: Size | None = None) -> Draft:
    """The draft of a request for a model whose finisher enlarges that many times a side (0: it has none).

    A size beyond all that the model was trained at is made at the trained size nearest in shape, cut to the shape
    and enlarged; twice or four times the trained rate is reached by frames put between. The preset "final" asks
    for both where the request leaves them open, "draft" leaves both out: it shows what the final will, at once.
    usual: what the model makes where no size is asked for; None for the card's first.

    Raises UsageError for what only a finisher could make, and for a size no video can have.
    """
    trained = tuple(map(Size.parse, card.sizes))
    asked = Size.parse(request.size) if request.size else None
    beyond = asked is not None and all(_pixels(asked) > _pixels(size) for size in trained)
    if not enlarges:
        return _without(request, card, asked or usual or trained[0], beyond)
    size = nearest_size(trained, asked) if asked and beyond else asked or usual or trained[0]
    cut = size.cut_to(asked) if asked and beyond else size
    if request.preset == "draft":
        final = Size(width=max(2, cut.width // 2 * 2), height=max(2, cut.height // 2 * 2))
    elif request.preset == "final" and asked is None:
        final = _within_limits(size, enlarges)
    else:
        final = asked or size
    smooth = _smooth(request, card)
    notes, fps = _told(card, size, request.fps if smooth == 1 and not _times(request, card) else None)
    if final == size and smooth == 1:
        return Draft(size=size, fps=fps, notes=notes)
    _check_even(final)
    kept = f", of which the middle {cut} is kept" if cut != size else ""
    made = f"{MAKES} {final} at {fps * smooth} fps of it"
    note = f"the model makes {size} at {fps} fps{kept}; {made}"
    finish = Finish(width=final.width, height=final.height, smooth=smooth)
    return Draft(size=size, fps=fps, finish=finish, notes=(*notes, note))


def refinished(plan: Plan, asked: Request, card: Card, enlarges: int) -> Plan:
    """The plan with the same frames of the model, finished as preset, size and fps of `asked` say.

    Raises UsageError where that would take other frames.
    """
    shot = plan.shots[0]
    draft = decide_draft(asked, card, enlarges, shot.size)
    if (draft.size, draft.fps) != (shot.size, shot.fps):
        raise UsageError(
            f"this video was made at {shot.size} and {shot.fps} fps, and what is asked for would be made at "
            f"{draft.size} and {draft.fps} fps; ask for a size of the same shape, or make a new video"
        )
    notes = [note for note in plan.notes if MAKES not in note]
    notes += [note for note in draft.notes if note not in notes]
    return Plan.model_validate(plan.model_dump() | {"finish": draft.finish, "notes": tuple(notes)})


def _without(request: Request, card: Card, size: Size, beyond: bool) -> Draft:
    """What is made where there is no finisher."""
    remedy = "add one with himmel train finisher, or name weights that have one with --model"
    if request.preset == "final":
        raise UsageError(f'preset "final" needs weights with a finisher, which {card.name} lacks; {remedy}')
    if max(size.width, size.height) > LIMITS.side_pixels:
        raise UsageError(
            f"{size} is above {LIMITS.side_pixels} pixels a side, which takes a finisher, and {card.name} lacks "
            f"one; ask for {card.sizes[0]}, or {remedy}"
        )
    notes, fps = _told(card, size, request.fps)
    helps = (f"a finisher would help; {remedy}",) if beyond or _times(request, card) else ()
    return Draft(size=size, fps=fps, notes=(*notes, *helps))


def _told(card: Card, size: Size, fps: int | None) -> tuple[tuple[str, ...], int]:
    """What to tell of a model at a size and a rate, None for its own; and the rate."""
    fps = fps or card.fps
    notes = []
    if str(size) not in card.sizes:
        notes.append(f"the model was trained at {', '.join(card.sizes)}; {size} will look worse")
    if fps != card.fps:
        notes.append(
            f"the model learned motion at {card.fps} fps; at {fps} fps it plays {fps / card.fps:.2g}x as fast"
        )
    return tuple(notes), fps


def _times(request: Request, card: Card) -> Literal[0, 2, 4]:
    """How many times the model's own rate was asked for, where frames put between can reach it; else 0."""
    if request.fps == 4 * card.fps:
        return 4
    return 2 if request.fps == 2 * card.fps else 0


def _smooth(request: Request, card: Card) -> Literal[1, 2, 4]:
    """How many frames are made of one."""
    if request.preset == "draft":
        return 1
    if request.fps is None:
        return 2 if request.preset == "final" and 2 * card.fps <= LIMITS.fps else 1
    return _times(request, card) or 1


def _within_limits(size: Size, enlarges: int) -> Size:
    """One pass more, or as much of it as a finished video may have."""
    times = min(float(enlarges), LIMITS.finished_pixels / max(size.width, size.height))
    return Size(width=int(size.width * times) // 2 * 2, height=int(size.height * times) // 2 * 2)


def nearest_size(sizes: tuple[Size, ...], shape: Size) -> Size:
    """The size nearest in shape, the largest of equals."""

    def away(size: Size) -> float:
        return abs(log(size.width / size.height) - log(shape.width / shape.height))

    return min(sizes, key=lambda size: (round(away(size), 6), -_pixels(size)))


def _pixels(size: Size) -> int:
    return size.width * size.height


def _check_even(size: Size) -> None:
    if size.width % 2 or size.height % 2:
        near = Size(width=size.width + size.width % 2, height=size.height + size.height % 2)
        raise UsageError(f"{size} is not even, which a video must be; nearest: {near}")
