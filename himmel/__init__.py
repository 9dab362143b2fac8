"""Himmel: an open, self-hosted text-to-video system.

>>> import himmel
>>> pipe = himmel.load(weights)                                  # without a name: the bundled model
>>> clip = pipe("a red ball rolls left past a blue cube", seconds=0.4, seed=7)
>>> clip.seconds, clip.plan.shots[0].seed
(0.4166666666666667, 7)
>>> sealed = clip.save(folder / "ball.mp4")
>>> himmel.read_plan(sealed.path) == clip.plan
True

Importing himmel costs nothing: torch and the model code are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from himmel.generate import Clip, Pipeline, load, make, read_plan, render
    from himmel.plan import Plan, Request

__version__ = "0.1.0"
__all__ = ["Clip", "Pipeline", "Plan", "Request", "__version__", "load", "make", "read_plan", "render"]

_HOMES = {"Plan": "himmel.plan", "Request": "himmel.plan"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'himmel' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "himmel.generate")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
