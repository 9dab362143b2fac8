"""Which text encoder: its lexicon and its size."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from himmel.errors import UsageError

__all__ = ["TextConfig"]


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Everything that decides the parameters of a `TextEncoder`, the words it knows included.

    lexicon: known words and punctuation marks, lower case; their order is their numbering.
    length: words of a prompt. width: width D of an embedding. layers, heads: of the encoder.
    queries: slots that read the whole prompt and are written in its words' place, 0 for the words themselves. A
        word knows of the others only what a few layers tell it; a query can be taught what to ask for.
    """

    lexicon: tuple[str, ...]
    length: int = 48
    width: int = 256
    layers: int = 2
    heads: int = 4
    queries: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "lexicon", tuple(self.lexicon))
        if len(set(self.lexicon)) < len(self.lexicon):
            twice = next(word for word in self.lexicon if self.lexicon.count(word) > 1)
            raise UsageError(f'the lexicon lists "{twice}" twice; list every word once')
        if self.width % self.heads:
            raise UsageError(f"text width {self.width} must be a multiple of its {self.heads} heads")
        if min(self.length, self.width, self.layers, self.heads) < 1 or self.queries < 0:
            raise UsageError("text length, width, layers and heads must be 1 or more, queries 0 or more")

    @property
    def slots(self) -> int:
        """Text slots S that the encoder writes: its queries, or a slot for each word."""
        return self.queries or self.length

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values."""
        return {**asdict(self), "lexicon": list(self.lexicon)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TextConfig":
        """Read what `to_dict` wrote; raises UsageError on unknown keys or a missing lexicon."""
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise UsageError(f"text config has unknown keys {unknown}; known keys are {known}")
        if "lexicon" not in values:
            raise UsageError("text config lacks its lexicon; add the list of known words")
        return cls(**values)
