"""What may be asked of `himmel make`, as flags: groups of options that verbs share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from himmel.errors import UsageError

__all__ = ["SIZES", "Area", "Ask", "Files", "Later", "Making", "Placed", "Say", "Span", "Times"]

WRITER = ("llm_url", "llm_model")  # who completes a prompt is no part of the request

SIZES = (
    "Width and height in pixels. Clips take turns in several with commas between; `buckets` stands for "
    "128x128,160x96,96x160,160x128,224x96."
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Ask:
    """How the video should be; what is left open is decided by the model's card and stored in the plan."""

    size: Annotated[
        str | None,
        Parameter(help="Width and height in pixels, such as 128x128; with a finisher up to 3840 a side."),
    ] = None
    fps: Annotated[
        int | None, Parameter(help="Frames per second, 1 to 60; a finisher doubles the model's own.")
    ] = None
    preset: Annotated[
        Literal["draft", "standard", "final"] | None,
        Parameter(
            help="draft and final show the same: draft at once, as the model makes it; final larger and smoother, "
            "by the finisher."
        ),
    ] = None
    seed: Annotated[
        int | None, Parameter(help="The same seed gives the same frames; without one, one is chosen.")
    ] = None
    steps: Annotated[int | None, Parameter(help="Model calls: more are slower and finer, 1 to 250.")] = None
    guidance: Annotated[float | None, Parameter(help="How strongly the text leads, 1 (not at all) to 20.")] = None
    style: Annotated[str | None, Parameter(help="A style the model was taught.")] = None
    negative: Annotated[str | None, Parameter(help="What should not be seen.")] = None
    count: Annotated[
        int | None, Parameter(name=["--count", "-n"], help="How many videos, with seeds one apart, 1 to 16.")
    ] = None
    model: Annotated[str | None, Parameter(help="A model's name or the folder of its weights.")] = None
    expand: Annotated[
        Literal["off", "rules", "llm"] | None,
        Parameter(
            help="What completes a prompt that leaves things open: rules (the default), llm, a language model you "
            "name, or off for nothing. A complete prompt stays as it is."
        ),
    ] = None
    language: Annotated[
        str | None,
        Parameter(help="The language of the texts: en, es, fr, de, sv or it; found out when left open."),
    ] = None
    llm_url: Annotated[
        str | None,
        Parameter(
            help="Where --expand llm asks: a chat endpoint as OpenAI's, such as http://localhost:11434/v1; left "
            "out, HIMMEL_LLM_URL says. A key is read from HIMMEL_LLM_KEY."
        ),
    ] = None
    llm_model: Annotated[
        str | None, Parameter(help="Which model --expand llm asks for; without it HIMMEL_LLM_MODEL says.")
    ] = None

    def given(self) -> dict[str, Any]:
        """The options of the request that were given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None and name not in WRITER}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Later:
    """What is seen when."""

    at: Annotated[
        tuple[tuple[float, str], ...] | None,
        Parameter(
            negative=(),
            help='From when on another text says what should be seen, such as --at 3 "it stops"; may be repeated.',
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """The options that were given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Times(Later):
    """How long the video is, and what is seen when."""

    seconds: Annotated[
        float | None,
        Parameter(help="Length, above 0 and at most 60; the nearest length that can be made is taken."),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Files:
    """Where results go."""

    out: Annotated[
        Path | None,
        Parameter(
            name=["--out", "-o"], help="The file to make; without it, one named after the prompt and the seed."
        ),
    ] = None
    force: Annotated[bool, Parameter(negative=(), help="Replace files that exist.")] = False
    image_sheet: Annotated[
        bool, Parameter(negative=(), help="Also make a picture of the frames side by side (NAME.sheet.png).")
    ] = False


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Say:
    """How a verb speaks."""

    json: Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")] = False
    preview: Annotated[bool, Parameter(help="Show the video in the terminal as it takes shape.")] = True


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Placed:
    """Pictures at their places in the video."""

    image: Annotated[Path | None, Parameter(help="A picture the video begins with.")] = None
    last: Annotated[Path | None, Parameter(help="A picture the video ends with.")] = None
    keyframe: Annotated[
        tuple[str, ...] | None,
        Parameter(negative=(), help="A picture and when it is seen: --keyframe SECONDS=PICTURE; may be repeated."),
    ] = None
    given: Annotated[
        tuple[Path, ...] | None,
        Parameter(
            negative=(), help="With --from: a file the video was made from; repeat for more, in the same order."
        ),
    ] = None

    def keyframes(self) -> list[tuple[float, Path]]:
        """Seconds and pictures in order; raises UsageError for what is not of the form."""
        found = []
        for text in self.keyframe or ():
            seconds, equals, path = text.partition("=")
            try:
                found.append((float(seconds), Path(path)))
            except ValueError:
                equals = ""
            if not (equals and path):
                raise UsageError(f'keyframe "{text[:80]}" is not SECONDS=PICTURE, for example 1.5=middle.png')
        return sorted(found)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of a given video, in seconds."""

    from_second: Annotated[float | None, Parameter(help="Where the part begins; the beginning if left out.")] = (
        None
    )
    to_second: Annotated[float | None, Parameter(help="Where the part ends; the end if left out.")] = None

    def seconds(self) -> tuple[float, float | None] | None:
        """Both times, None for all of the video."""
        if self.from_second is None and self.to_second is None:
            return None
        return (self.from_second or 0.0, self.to_second)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Area:
    """Which part of the picture is made anew."""

    box: Annotated[str | None, Parameter(help="Make this anew: LEFT,TOP,WIDTH,HEIGHT in pixels of the video.")] = (
        None
    )
    mask: Annotated[
        Path | None, Parameter(help="Make anew what this picture, of the video's size, shows in white.")
    ] = None
    invert: Annotated[bool, Parameter(negative=(), help="Make all else anew instead.")] = False
    to_size: Annotated[
        str | None, Parameter(help="Make more picture around the video, up to this WIDTHxHEIGHT.")
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Making:
    """What every verb over given videos has in common."""

    dry_run: Annotated[bool, Parameter(negative=(), help="Print the plan as JSON and make nothing.")] = False
    later: Later = Later()
    ask: Ask = Ask()
    files: Files = Files()
    say: Say = Say()
