"""A safety decision and whether it was really made."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from himmel.errors import Declined

__all__ = ["Status", "Verdict"]

Status: TypeAlias = Literal["ran", "skipped", "failed"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one review.

    subject: what was reviewed ("prompt", "frames"). status: "ran" when the review looked at all of it,
    "skipped" when nothing could look, "failed" when looking broke or the thing itself is broken. rule: the
    rule that refused, empty otherwise. `safe` cannot be true of something that was not looked at.
    """

    subject: str
    allowed: bool
    status: Status
    rule: str = ""
    reason: str

    def __post_init__(self) -> None:
        if self.status == "failed" and self.allowed:
            raise ValueError("a review that failed cannot allow anything")
        if not self.allowed and not self.rule:
            raise ValueError("a refusal names its rule")

    @property
    def safe(self) -> bool:
        """Allowed by a review that ran."""
        return self.allowed and self.status == "ran"

    def require(self) -> "Verdict":
        """This verdict; raises Declined, naming the rule, when it refuses."""
        if not self.allowed:
            raise Declined(f"this {self.subject} is declined: {self.reason} (rule {self.rule})", rule=self.rule)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return {**asdict(self), "safe": self.safe}
