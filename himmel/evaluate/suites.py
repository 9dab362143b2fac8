"""The suites: quick and thorough ask one table of rows, full asks all that the world has scenes for."""

from dataclasses import replace

from himmel.errors import UsageError
from himmel.evaluate.full import FULL
from himmel.evaluate.questions import ALONE, ALONG, EXAM, MOVING, STILL, THREE, TWO, Group, Suite
from himmel.world import FIRST_LIGHT

__all__ = ["QUICK", "SUITES", "THOROUGH", "suite_named"]


def _suite(name: str, each: dict[str, int]) -> Suite:
    groups = {
        "direction": Group(
            profile=replace(EXAM, counts=ALONE, verbs=("still", "walk", "drive", "roll", "fly")),
            fact="direction", answers=ALONG, each=each["direction"],
        ),
        "camera": Group(
            profile=replace(STILL, counts=ALONE, cameras=FIRST_LIGHT.cameras),
            fact="camera", answers=FIRST_LIGHT.cameras, each=each["camera"],
        ),
        "relation": Group(
            profile=replace(STILL, counts=TWO), fact="relation", answers=FIRST_LIGHT.relations,
            each=each["relation"],
        ),
        "three": Group(profile=replace(STILL, counts=THREE), fact="number", answers=(3,), each=each["three"]),
        "image": Group(
            profile=replace(EXAM, counts=(0.5, 0.5, 0.0)), fact="number", answers=(1, 2), each=each["image"],
            task="image",
        ),
        "extend": Group(
            profile=replace(STILL, counts=ALONE, cameras=MOVING), fact="camera", answers=MOVING,
            each=each["extend"], task="extend",
        ),
    }  # fmt: skip
    return Suite(name=name, groups=groups)


QUICK = _suite("quick", {"direction": 7, "camera": 4, "relation": 8, "three": 12, "image": 8, "extend": 3})
"""100 captions, 16 first pictures and 18 beginnings."""
THOROUGH = _suite(
    "thorough", {"direction": 50, "camera": 29, "relation": 50, "three": 80, "image": 100, "extend": 34}
)
"""At least 200 observations in every row."""
SUITES: dict[str, Suite] = {suite.name: suite for suite in (QUICK, THOROUGH, FULL)}


def suite_named(name: str) -> Suite:
    """A suite by its name; raises UsageError for another one."""
    if name not in SUITES:
        raise UsageError(f'suite "{name}" is unknown; choose one of {", ".join(SUITES)}')
    return SUITES[name]
