"""The widths of the finisher and what it may change."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from himmel.errors import UsageError, WeightsError

__all__ = ["FinisherConfig"]


@dataclass(frozen=True, kw_only=True)
class FinisherConfig:
    """Sizes of the two networks and the bound on the second.

    scale: pixels made of one, along each side, in one pass (2 or 4). width, blocks: channels and residual blocks
    of the enlarger; memory: channels it hands on from frame to frame. between_width, between_blocks: the same of
    the network that makes frames between two; reach: how far it looks for the same thing in both, in cells of 4
    pixels each way. slack: how far the mean of the pixels made of one may lie from that one, in units of the
    deviation of its 3x3 neighbourhood (see keep.py).
    """

    scale: int = 4
    width: int = 64
    blocks: int = 8
    memory: int = 32
    between_width: int = 64
    between_blocks: int = 3
    reach: int = 3
    slack: float = 0.15

    def __post_init__(self) -> None:
        if self.scale not in (2, 4):
            raise UsageError(f"scale {self.scale} is not 2 or 4; larger sizes take several passes")
        counts = ("width", "blocks", "memory", "between_width", "between_blocks", "reach")
        if low := [name for name in counts if getattr(self, name) < 1]:
            raise UsageError(f"{' and '.join(low)} must be at least 1")
        if not 0 <= self.slack <= 0.15:
            raise UsageError(f"slack {self.slack} is not in 0 to 0.15; with more, the final may show other things")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a weights file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "FinisherConfig":
        """Undo `to_dict`; raises WeightsError on an unknown key."""
        unknown = values.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise WeightsError(
                f"finisher config has unknown keys {sorted(unknown)}; this file needs another version"
            )
        return cls(**values)
