"""The spine: a request becomes a plan, a plan becomes frames, frames become a sealed video."""

from himmel.generate.clip import Clip
from himmel.generate.pipeline import Pipeline, describe, load
from himmel.generate.progress import STAGES, OnProgress, Progress, Stage
from himmel.generate.spine import make, read_plan, render, review_plan

__all__ = [
    "STAGES",
    "Clip",
    "OnProgress",
    "Pipeline",
    "Progress",
    "Stage",
    "describe",
    "load",
    "make",
    "read_plan",
    "render",
    "review_plan",
]
