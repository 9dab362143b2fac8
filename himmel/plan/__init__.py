"""What was asked and what was decided: Request, Shot, Plan, their canonical JSON and digest.

A `Request` holds what a person said; everything but the prompt may be left open. A `Plan` leaves nothing
open: made twice from the same weights it gives the same frames. Both are frozen, refuse unknown fields and
refuse bad values with one sentence (`UsageError`), before any weights are read. This package knows nothing of
torch, so the command line can check a request at once.
"""

from himmel.plan.decided import PLAN_FORMAT, ConditionRef, Cue, Finish, Plan, Sampling, Shot, Windows
from himmel.plan.request import Request
from himmel.plan.values import LIMITS, Limits, canonical_json

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
