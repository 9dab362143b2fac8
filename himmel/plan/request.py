"""What a person asked for; everything but the prompt may be left open."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from himmel.errors import UsageError
from himmel.plan.values import LIMITS, Integer, Number, Value, clean_text
from himmel.shapes import Size

__all__ = ["Request"]


class Request(Value):
    """What a person asked for. Only `prompt` is required; None means "let the director decide".

    seconds, fps and size ("WIDTHxHEIGHT" in pixels) describe the clip, steps and guidance the sampler;
    `count` clips are made with seeds seed, seed + 1, ... `style` is a word of the model's styles. `preset`:
    "draft" and "final" show the same, "final" larger and smoother; "standard" is what size and fps say. `at`: what
    should be seen from other times on, pairs of seconds and a text, in order. `expand`: what completes a prompt
    that leaves things open, "rules" or "llm", or "off" for nothing; a complete one stays as it is. `language`: the
    two-letter code of the language of all texts, None to find it out.

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
    expand: Literal["off", "rules", "llm"] = "rules"
    language: str | None = None

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
        clean_text("prompt", self.prompt)
        clean_text("negative prompt", self.negative)
        clean_text("style", self.style or "")
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
            clean_text(f"text at {seconds:g} s", text)
            if not before < seconds < end:
                span = f"after {before:g} s and before {end:g} s; put texts in order and within the video"
                raise UsageError(f"the text at {seconds:g} s must come {span}")
