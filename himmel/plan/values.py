"""What requests and plans are made of: limits, frozen values that answer in one sentence, canonical JSON."""

import json
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from himmel.errors import UsageError

__all__ = ["LIMITS", "Integer", "Limits", "Number", "Value", "canonical_json", "clean_text"]


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


class Value(BaseModel):
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


def clean_text(name: str, text: str) -> str:
    """Refuse text that is too long, not UTF-8 or holds control characters other than white space."""
    limit = LIMITS.prompt_characters
    if len(text) > limit:
        raise UsageError(f"the {name} has {len(text)} characters; at most {limit} are read, please shorten it")
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cs" or (kind == "Cc" and character not in "\t\n\r"):
            raise UsageError(f"the {name} holds the character U+{ord(character):04X}, not text; remove it")
    return text
