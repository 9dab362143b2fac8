"""Suites: which scenes are asked for and which rows of the table are filled with them. All of it is data.

A scene is drawn from its seed with a combination of colour, subject and motion that no training clip shows
(`split="held_out"`), by day and in the realistic style. A group takes equally many scenes of each answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from himmel.errors import UsageError
from himmel.evaluate.rows import ROWS, Row, Task
from himmel.world import FIRST_LIGHT, Profile, SceneSpec

__all__ = ["FACTS", "QUICK", "SUITES", "THOROUGH", "Fact", "Group", "Suite", "suite_named"]

Fact: TypeAlias = Literal["direction", "camera", "relation", "number"]

FACTS: dict[str, Callable[[SceneSpec], object]] = {
    "direction": lambda spec: spec.subjects[0].motion.direction,
    "camera": lambda spec: spec.camera,
    "relation": lambda spec: spec.relation.kind if spec.relation else None,
    "number": lambda spec: len(spec.subjects),
}
FIRST_SEED = 40_000_000  # far from the seeds of training clips

EXAM = replace(FIRST_LIGHT, lights=("day",), styles=("realistic",), cameras=("static",))
STILL = replace(EXAM, verbs=("still",))
ALONE, TWO, THREE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
MOVING = tuple(camera for camera in FIRST_LIGHT.cameras if camera != "static")
ALONG: tuple[object, ...] = ("left", "right", "toward", "away")


@dataclass(frozen=True, kw_only=True)
class Group:
    """`each` scenes of a profile for each of the answers to one fact, for one task."""

    profile: Profile
    fact: Fact
    answers: tuple[object, ...]
    each: int
    task: Task = "text"

    def __post_init__(self) -> None:
        if self.each < 1 or not self.answers:
            raise UsageError(f"a group of {self.each} scenes for each of {len(self.answers)} answers asks nothing")

    @property
    def size(self) -> int:
        """Scenes in the group."""
        return self.each * len(self.answers)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Named groups of scenes and the rows they fill."""

    name: str
    groups: dict[str, Group]
    rows: tuple[Row, ...] = ROWS
    seed: int = FIRST_SEED

    def __post_init__(self) -> None:
        for row in self.rows:
            if missing := set(row.groups) - set(self.groups):
                raise UsageError(f'row {row.number} of suite "{self.name}" needs the group {missing.pop()}')


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
SUITES: dict[str, Suite] = {suite.name: suite for suite in (QUICK, THOROUGH)}


def suite_named(name: str) -> Suite:
    """A suite by its name; raises UsageError for another one."""
    if name not in SUITES:
        raise UsageError(f'suite "{name}" is unknown; choose one of {", ".join(SUITES)}')
    return SUITES[name]
