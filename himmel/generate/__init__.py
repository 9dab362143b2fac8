"""The spine: a request becomes a plan, a plan becomes frames, frames become a sealed video."""

from himmel.generate.clip import Clip
from himmel.generate.direct import Directed, direct, directed_again
from himmel.generate.naming import check_conditions, references
from himmel.generate.pipeline import Pipeline, describe, fast_precision, load
from himmel.generate.progress import STAGES, OnProgress, Progress, Stage
from himmel.generate.sealing import check_kind, review_plan
from himmel.generate.setting import Verb
from himmel.generate.spine import make, read_plan, render
from himmel.generate.verbs import (
    STRENGTHS,
    VERBS,
    Connect,
    Extend,
    Inpaint,
    Loop,
    Outpaint,
    Pictures,
    Remix,
)

__all__ = [
    "STAGES",
    "STRENGTHS",
    "VERBS",
    "Clip",
    "Connect",
    "Directed",
    "Extend",
    "Inpaint",
    "Loop",
    "OnProgress",
    "Outpaint",
    "Pictures",
    "Pipeline",
    "Progress",
    "Remix",
    "Stage",
    "Verb",
    "check_conditions",
    "check_kind",
    "describe",
    "direct",
    "directed_again",
    "fast_precision",
    "load",
    "make",
    "read_plan",
    "references",
    "render",
    "review_plan",
]
