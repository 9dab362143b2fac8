"""What was asked and what was decided: Request, Shot, Plan, their canonical JSON and digest.

A `Request` holds what a person said; everything but the prompt may be left open. A `Plan` leaves nothing
open: made twice from the same weights it gives the same frames. Both are frozen, refuse unknown fields and
refuse bad values with one sentence (`UsageError`), before any weights are read. This module knows nothing of
torch, so the command line can check a request at once.
"""

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from himmel.direction import Direction
from himmel.errors import UsageError
from himmel.shapes import Size

__all__ = [
    "LIMITS",
    "PLAN_FORMAT",
    "ConditionRef",
    "Cue",
    "Finish",
    "Limits",
    "Plan",
    "Request",
    "Sampling",
    "Shot",
    "Windows",
    "canonical_json",
]

PLAN_FORMAT = "himmel.plan/1"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a request may ask for at most; one place, quoted by every sentence that refuses."""

    prompt_characters: int = 2000
    seconds: float = 60.0
    fps: int = 60
    steps: int = 250
    guidance: float = 20.0
    side_pixels: int = 1024
    finished_pixels: int = 3840
    count: int = 16
    shots: int = 16
    cues: int = 32
    seed: int = 2**63 - 1


LIMITS = Limits()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, text as UTF-8 and floats in their shortest exact form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _no_text(value: Any) -> Any:
    """Refuse what pydantic would read as a number and nobody means as one: "16", True."""
    if isinstance(value, str | bytes | bool):
        raise PydanticCustomError("number", "input should be a number")
    return value


Integer = Annotated[int, BeforeValidator(_no_text)]
Number = Annotated[float, BeforeValidator(_no_text)]


class _Value(BaseModel):
    """A frozen value: unknown fields and wrong types are refused in one sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    later: ClassVar[frozenset[str]] = frozenset()  # fields that values from before they existed do not mention

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later fields at their defaults, so that what an older version wrote keeps its digest."""
        values: dict[str, Any] = handler(self)
        unused = {name for name in self.later if getattr(self, name) == type(self).model_fields[name].default}
        return {name: value for name, value in values.items() if name not in unused}

    @model_validator(mode="wrap")
    @classmethod
    def _one_sentence(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or cls.__name__.lower()
            if first["type"] == "extra_forbidden":
                known = ", ".join(cls.model_fields)
                raise UsageError(f'unknown field "{where}" in a {cls.__name__}; known: {known}') from error
            shown = "" if first["type"] == "missing" else f" {str(first['input'])[:40]!r}"
            raise UsageError(f"{where}{shown} is not accepted: {first['msg'].lower()}") from error


def _clean_text(name: str, text: str) -> str:
    """Refuse text that is too long, not UTF-8 or holds control characters other than white space."""
    limit = LIMITS.prompt_characters
    if len(text) > limit:
        raise UsageError(f"the {name} has {len(text)} characters; at most {limit} are read, please shorten it")
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cs" or (kind == "Cc" and character not in "\t\n\r"):
            raise UsageError(f"the {name} holds the character U+{ord(character):04X}, not text; remove it")
    return text


class Request(_Value):
    """What a person asked for. Only `prompt` is required; None means "let the director decide".

    seconds, fps and size ("WIDTHxHEIGHT" in pixels) describe the clip, steps and guidance the sampler;
    `count` clips are made with seeds seed, seed + 1, ... `style` is a word of the model's styles. `preset`:
    "draft" and "final" show the same, "final" larger and smoother; "standard" is what size and fps say. `at`: what
    should be seen from other times on, pairs of seconds and a text, in order.

    >>> Request(prompt="a red ball", seconds=2).seconds
    2.0
    >>> Request(prompt="a red ball", seconds=0)
    Traceback (most recent call last):
    himmel.errors.UsageError: seconds 0 is not above 0 and at most 60; for example seconds 2.75
    """

    prompt: str
    negative: str = ""
    style: str | None = None
    preset: Literal["draft", "standard", "final"] = "standard"
    seconds: Number | None = None
    size: str | None = None
    fps: Integer | None = None
    seed: Integer | None = None
    steps: Integer | None = None
    guidance: Number | None = None
    count: Integer = 1
    model: str = "bundled"
    at: Annotated[tuple[tuple[Number, str], ...], Field(max_length=LIMITS.cues)] = ()

    @field_validator("size", mode="before")
    @classmethod
    def _size_text(cls, value: Any) -> Any:
        if isinstance(value, Size):
            return str(value)
        if isinstance(value, (tuple, list)) and len(value) == 2 and all(type(side) is int for side in value):
            return str(Size(width=value[0], height=value[1]))
        return value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if not self.prompt.strip():
            raise UsageError('the prompt is empty; say what should be seen, for example "a red ball rolls left"')
        _clean_text("prompt", self.prompt)
        _clean_text("negative prompt", self.negative)
        _clean_text("style", self.style or "")
        if self.seconds is not None and not 0 < self.seconds <= LIMITS.seconds:
            limit = f"above 0 and at most {LIMITS.seconds:g}"
            raise UsageError(f"seconds {self.seconds:g} is not {limit}; for example seconds 2.75")
        size = None if self.size is None else Size.parse(self.size)
        if size and max(size.width, size.height) > LIMITS.finished_pixels:
            raise UsageError(f"size {size} is above {LIMITS.finished_pixels} pixels a side; for example 128x128")
        self._check_times()
        for name, value, low, high, example in (
            ("fps", self.fps, 1, LIMITS.fps, "12"),
            ("seed", self.seed, 0, LIMITS.seed, "7"),
            ("steps", self.steps, 1, LIMITS.steps, "16"),
            ("guidance", self.guidance, 1.0, LIMITS.guidance, "3"),
            ("count", self.count, 1, LIMITS.count, "4"),
        ):
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} {value:g} is outside {low:g} to {high:g}; for example {name} {example}")
        return self

    def _check_times(self) -> None:
        end = self.seconds or LIMITS.seconds
        for (before, _), (seconds, text) in pairwise([(0.0, ""), *self.at]):
            if not text.strip():
                raise UsageError(f"the text at {seconds:g} s is empty; say what should be seen from then on")
            _clean_text(f"text at {seconds:g} s", text)
            if not before < seconds < end:
                span = f"after {before:g} s and before {end:g} s; put texts in order and within the video"
                raise UsageError(f"the text at {seconds:g} s must come {span}")


Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Sampling(_Value):
    """How noise becomes latents: steps of a solver down a grid of times moved by `shift`.

    The text leads with strength `guidance` (1 is none) while the noise level lies between guidance_from and
    guidance_until; `rescale` brings the deviation of the guided prediction back towards that without guidance.
    What is given to be remixed begins at the noise level `start`; 1 is noise alone.
    """

    later: ClassVar[frozenset[str]] = frozenset({"start"})
    steps: Annotated[Integer, Field(gt=0, le=LIMITS.steps)]
    solver: str = "unipc"
    shift: Annotated[Number, Field(gt=0.0, le=100.0)]
    guidance: Annotated[Number, Field(ge=1.0, le=LIMITS.guidance)]
    guidance_from: Fraction = 0.0
    guidance_until: Fraction = 1.0
    rescale: Fraction = 0.0
    start: Annotated[Number, Field(gt=0.0, le=1.0)] = 1.0


class Windows(_Value):
    """How a long shot is made: at most `frames` are seen at once, of which at least `overlap` are made already.

    carry_level is the noise level at which made frames are shown to the model, so that it does not pass on its own
    small errors. `sink` frames from the beginning of the shot stay in sight beside them. The window moves on by
    `stride` frames at a time, each some steps less noisy than the next; 0 is by all that are new in it.
    """

    later: ClassVar[frozenset[str]] = frozenset({"sink", "stride"})
    frames: Annotated[Integer, Field(gt=0)]
    overlap: Annotated[Integer, Field(ge=0)]
    carry_level: Annotated[Number, Field(ge=0.0, le=0.1)] = 0.0
    sink: Annotated[Integer, Field(ge=0)] = 0
    stride: Annotated[Integer, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.overlap + self.sink >= self.frames > 1:
            kept = f"{self.overlap} frames" + (f" and a sink of {self.sink}" if self.sink else "")
            raise UsageError(f"an overlap of {kept} does not fit a window of {self.frames} frames")
        return self


class Cue(_Value):
    """From `frame` on, the caption is this one."""

    frame: Annotated[Integer, Field(gt=0)]
    caption: str


class Shot(_Value):
    """One continuous take, fully decided; `frames` is a length the codec can make (1 + 4k for the bundled one).

    `cues` are what the caption becomes later, in order. `shown` is how many frames the video has where given ones
    are played around those that are made, or some of these are left out; None for `frames`.
    """

    later: ClassVar[frozenset[str]] = frozenset({"cues", "shown"})
    caption: str
    negative: str = ""
    width: Annotated[Integer, Field(gt=0, le=LIMITS.side_pixels)]
    height: Annotated[Integer, Field(gt=0, le=LIMITS.side_pixels)]
    frames: Annotated[Integer, Field(gt=0)]
    fps: Annotated[Integer, Field(gt=0, le=LIMITS.fps)]
    seed: Annotated[Integer, Field(ge=0, le=LIMITS.seed)]
    sampling: Sampling
    windows: Windows
    cues: Annotated[tuple[Cue, ...], Field(max_length=LIMITS.cues)] = ()
    shown: Annotated[Integer, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.frames > LIMITS.seconds * self.fps + 1:
            raise UsageError(f"{self.frames} frames at {self.fps} fps is above {LIMITS.seconds:g} seconds")
        starts = [0, *(cue.frame for cue in self.cues), self.frames]
        if any(start >= stop for start, stop in pairwise(starts)):
            raise UsageError(f"cues at frames {starts[1:-1]} of {self.frames} are not in order and within them")
        return self

    @property
    def captions(self) -> tuple[str, ...]:
        """The caption and what it becomes."""
        return (self.caption, *(cue.caption for cue in self.cues))

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return Size(width=self.width, height=self.height)

    @property
    def seconds(self) -> float:
        """How long the shot plays."""
        return self.frames / self.fps


class Finish(_Value):
    """What the finisher makes of the frames of each shot: `smooth` for each but the last, of this size in pixels.

    Frames are cut around their middle to the shape of that size first.
    """

    width: Annotated[Integer, Field(gt=0, le=LIMITS.finished_pixels)]
    height: Annotated[Integer, Field(gt=0, le=LIMITS.finished_pixels)]
    smooth: Literal[1, 2, 4] = 1

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return Size(width=self.width, height=self.height)


class ConditionRef(_Value):
    """That a condition was respected: its kind and the SHA-256 of its values (pictures are not stored)."""

    kind: str
    digest: Digest


class Plan(_Value):
    """Everything needed to make one video again: shots, the weights' digest, the number format, the notes.

    `notes` are the sentences the director told the user (rounding, unknown words, windows).
    `precision` is the number format of transformer and finisher, "float32" or "bfloat16". Shots are what the model
    makes; `finish` is what becomes of their frames, None for nothing; `direction` says which files were given.
    """

    later: ClassVar[frozenset[str]] = frozenset({"finish", "direction"})
    format: str = PLAN_FORMAT
    prompt: str
    style: str | None = None
    model: str
    weights: Digest
    precision: Annotated[str, Field(pattern="^(float32|bfloat16)$")]
    shots: Annotated[tuple[Shot, ...], Field(min_length=1, max_length=LIMITS.shots)]
    conditions: tuple[ConditionRef, ...] = ()
    finish: Finish | None = None
    direction: Direction | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known_format(self) -> Self:
        if self.format != PLAN_FORMAT:
            raise UsageError(f'plan format "{self.format}" is not {PLAN_FORMAT}; use the version that wrote it')
        _clean_text("prompt", self.prompt)
        if len({(shot.width, shot.height, shot.fps) for shot in self.shots}) > 1:
            raise UsageError("the shots of a plan differ in size or fps; give all of them the same")
        if self.fps > LIMITS.fps:
            raise UsageError(f"{self.fps} finished fps is above {LIMITS.fps}; put fewer frames between")
        return self

    @property
    def smooth(self) -> int:
        """Frames of the video for each that the model makes."""
        return self.finish.smooth if self.finish else 1

    @property
    def frames(self) -> int:
        """Frames of the whole video."""
        return sum(self.smooth * ((shot.shown or shot.frames) - 1) + 1 for shot in self.shots)

    @property
    def fps(self) -> int:
        """Frames per second of the video."""
        return self.shots[0].fps * self.smooth

    @property
    def size(self) -> Size:
        """Width and height of the video in pixels."""
        return self.finish.size if self.finish else self.shots[0].size

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON; equal plans have equal digests."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Canonical JSON; `Plan.from_json` reads it back to an equal plan."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The plan written by `to_json`; raises UsageError when it is not one."""
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise UsageError(f"this is not a plan: {str(text)[:40]!r} is not JSON") from error
        return cls.model_validate(fields)

    def variation(self, index: int) -> Self:
        """The same plan with its seeds moved on by `index` (0 is this plan itself)."""
        shots = [shot.model_copy(update={"seed": (shot.seed + index) % (LIMITS.seed + 1)}) for shot in self.shots]
        return self.model_copy(update={"shots": tuple(shots)})
