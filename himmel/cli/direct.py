"""The verbs over given videos: one request, one verb of `himmel.generate`, one job."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from himmel.cli.job import planned, requested, run
from himmel.cli.options import Area, Making, Span
from himmel.cli.show import Show
from himmel.errors import UsageError

if TYPE_CHECKING:
    from himmel.generate import Verb

__all__ = ["connect", "extend", "inpaint", "loop", "remix"]

Video = Annotated[Path, Parameter(help="The video to begin from: MP4 or MOV, at most a minute.")]
Prompt = Annotated[str, Parameter(help="What should be seen, in one of six languages.")]
Seconds = Annotated[
    float | None,
    Parameter(help="How long what is new should be, above 0 and at most 60; left out, as the prompt says, or 2."),
]


def extend(
    file: Video,
    prompt: Prompt,
    /,
    *,
    seconds: Seconds = None,
    backward: Annotated[bool, Parameter(negative=(), help="Make what comes before the video.")] = False,
    span: Span = Span(),  # noqa: B008  frozen
    making: Making = Making(),  # noqa: B008
) -> int:
    """Go on from a video, or lead up to it.

    The given frames stay as they are; --from-second and --to-second cut the video first.
    """
    from himmel.generate import Extend

    verb = Extend(file, seconds=seconds, backward=backward, span=span.seconds())
    return _direct(verb, prompt, making)


def connect(
    first: Annotated[Path, Parameter(help="The video that comes first.")],
    last: Annotated[Path, Parameter(help="The video that comes last.")],
    prompt: Prompt,
    /,
    *,
    seconds: Seconds = None,
    bridge_only: Annotated[bool, Parameter(negative=(), help="Leave the given videos out.")] = False,
    making: Making = Making(),  # noqa: B008
) -> int:
    """Join two videos by a bridge that is made.

    The given frames stay as they are.
    """
    from himmel.generate import Connect

    verb = Connect((first, last), seconds=seconds, alone=bridge_only)
    return _direct(verb, prompt, making)


def loop(
    file: Video,
    prompt: Annotated[
        str | None,
        Parameter(
            help="What should be seen, in one of six languages; left out for a video of Himmel, what it showed."
        ),
    ] = None,
    /,
    *,
    seconds: Annotated[
        float | None,
        Parameter(
            help="How long the bridge should be, above 0 and at most 60; left out, as the prompt says, or 1."
        ),
    ] = None,
    span: Span = Span(),  # noqa: B008
    making: Making = Making(),  # noqa: B008
) -> int:
    """Make a video that can be played in a circle: a bridge leads from its end to its beginning.

    The given frames stay as they are; --from-second and --to-second cut the video first.
    """
    from himmel.generate import Loop

    verb = Loop(file, seconds=seconds, span=span.seconds())
    return _direct(verb, prompt or _own_caption(file), making)


def remix(
    file: Video,
    prompt: Prompt,
    /,
    *,
    strength: Annotated[
        str, Parameter(help="How much becomes new: subtle, medium, strong, or a number between 0 and 1.")
    ] = "medium",
    span: Span = Span(),  # noqa: B008
    making: Making = Making(),  # noqa: B008
) -> int:
    """Make a video again as another sentence says, near what it was.

    The video is noised to the level of --strength and made from there; --from-second and --to-second cut it first.
    """
    from himmel.generate import Remix

    verb = Remix(file, strength=_strength(strength), span=span.seconds())
    return _direct(verb, prompt, making)


def inpaint(
    file: Video,
    prompt: Prompt,
    /,
    *,
    area: Area = Area(),  # noqa: B008  frozen
    span: Span = Span(),  # noqa: B008
    making: Making = Making(),  # noqa: B008
) -> int:
    """Make a part of a video anew: a box, a mask, a span of time, or what lies around it.

    All other pixels stay as they are. --from-second and --to-second say when anything is made anew.
    """
    from dataclasses import replace

    verb = _region(file, area, span)
    if area.to_size is not None:
        if making.ask.size is not None:
            raise UsageError("--to-size is the size of the video; leave out --size")
        making = replace(making, ask=replace(making.ask, size=area.to_size))
    return _direct(verb, prompt, making)


def _direct(verb: "Verb", prompt: str, making: Making) -> int:
    """The way of all of them."""
    with Show(preview=making.say.preview) as show:
        request = requested(prompt, making.ask, **making.later.given())
        job = planned(request, making.ask, making.files, ".mp4", show, verb)
        return run(job, making.files, making.say, show, dry_run=making.dry_run)


def _region(file: Path, area: Area, span: Span) -> "Verb":
    from himmel.generate import Inpaint, Outpaint

    said = sum(value is not None for value in (area.box, area.mask, area.to_size))
    if said > 1 or not (said or span.seconds()):
        raise UsageError("say what is made anew by one of --box, --mask and --to-size, or by times alone")
    if area.to_size is not None:
        if area.invert or span.seconds():
            raise UsageError("--to-size keeps all of the video; leave out --invert and times")
        return Outpaint(file)
    if area.mask is not None:
        return Inpaint((file, area.mask), invert=area.invert, span=span.seconds())
    box = None if area.box is None else _box(area.box)
    return Inpaint(file, box=box, invert=area.invert, span=span.seconds())


def _box(text: str) -> tuple[int, int, int, int]:
    numbers = text.split(",")
    try:
        left, top, width, height = map(int, numbers)
    except ValueError as error:
        raise UsageError(
            f'box "{text[:40]}" is not LEFT,TOP,WIDTH,HEIGHT in pixels, for example 0,0,64,64'
        ) from error
    return left, top, width, height


def _strength(text: str) -> float:
    from himmel.generate import STRENGTHS

    try:
        return STRENGTHS[text] if text in STRENGTHS else float(text)
    except ValueError as error:
        raise UsageError(
            f'strength "{text[:40]}" is not one of {", ".join(STRENGTHS)} or a number between 0 and 1'
        ) from error


def _own_caption(file: Path) -> str:
    """What a video of Himmel shows at its end: what its prompt asked of times and shape is done."""
    from himmel.errors import HimmelError
    from himmel.generate import read_plan

    try:
        return read_plan(file).shots[-1].captions[-1]
    except HimmelError as error:
        raise UsageError(f'{error}; say what it shows: himmel loop {file.name} "a red ball rolls left"') from error
