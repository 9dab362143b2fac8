"""The spine: a request becomes a plan, a plan becomes frames, frames become a sealed video."""

from himmel.generate.clip import Clip
from himmel.generate.pipeline import Pipeline, describe, fast_precision, load, references
from himmel.generate.progress import STAGES, OnProgress, Progress, Stage
from himmel.generate.sealing import check_kind, review_plan
from himmel.generate.spine import make, read_plan, render

__all__ = [
    "STAGES",
    "Clip",
    "OnProgress",
    "Pipeline",
    "Progress",
    "Stage",
    "check_kind",
    "describe",
    "fast_precision",
    "load",
    "make",
    "read_plan",
    "references",
    "render",
    "review_plan",
]
