"""What was decided: shots, how they are sampled and finished, and the plan that holds them."""

import hashlib
import json
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from himmel.direction import Direction
from himmel.errors import UsageError
from himmel.plan.values import LIMITS, Integer, Number, Value, canonical_json, clean_text
from himmel.shapes import Size

__all__ = ["PLAN_FORMAT", "ConditionRef", "Cue", "Finish", "Plan", "Sampling", "Shot", "Windows"]

PLAN_FORMAT = "himmel.plan/1"

Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Sampling(Value):
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


class Windows(Value):
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


class Cue(Value):
    """From `frame` on, the caption is this one."""

    frame: Annotated[Integer, Field(gt=0)]
    caption: str


class Shot(Value):
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


class Finish(Value):
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


class ConditionRef(Value):
    """That a condition was respected: its kind and the SHA-256 of its values (pictures are not stored)."""

    kind: str
    digest: Digest


class Plan(Value):
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
        clean_text("prompt", self.prompt)
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
