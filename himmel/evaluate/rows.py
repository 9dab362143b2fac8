"""The rows of the table: which probe, on which scenes, how its marks become a score, and what score will do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.interval import Estimate, median_estimate, share_estimate
from himmel.evaluate.probes import PROBES
from himmel.world import SceneSpec
from himmel.world.grammar import COLOURS

__all__ = ["ROWS", "VALID", "Row", "Task", "Unit"]

Task: TypeAlias = Literal["text", "image", "extend"]
Unit: TypeAlias = Literal["%", "dB", "x"]

VALID = 0.97  # what a probe must reach on true clips before it may judge a model


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    number: of the table of metrics in docs/evaluation.md. probe: a name of `probes.PROBES`. groups: of the
    suite. unit: "%" is a share of marks, "dB" and "x" (a ratio) are medians. floor: what a model must reach, as
    a share where the unit is "%". below: smaller is better. valid: what true clips must reach; None where the
    probe compares with the true clip itself. chance: what a fixed answer would reach on these scenes.
    """

    number: int
    name: str
    probe: str
    groups: tuple[str, ...]
    unit: Unit = "%"
    floor: float
    below: bool = False
    valid: float | None = VALID
    chance: Callable[[Sequence[SceneSpec]], float] | None = None

    def marks(self, exhibit: Exhibit) -> Sequence[float]:
        """What the probe finds."""
        return PROBES[self.probe](exhibit)

    def estimate(self, marks: Sequence[float]) -> Estimate:
        """The score of all marks."""
        return share_estimate(marks) if self.unit == "%" else median_estimate(marks)

    def reaches(self, value: float, wanted: float) -> bool:
        """Whether a value is as good as wanted."""
        return value <= wanted if self.below else value >= wanted


def _commonest(answers: Sequence[object]) -> float:
    """What giving always the commonest answer reaches."""
    return max(answers.count(answer) for answer in set(answers)) / len(answers)


def _chance_of_count(specs: Sequence[SceneSpec]) -> float:
    return _commonest([len(spec.subjects) for spec in specs])


def _chance_of_colour(specs: Sequence[SceneSpec]) -> float:
    """As many colours as subjects are named, out of all."""
    subjects = [len(spec.subjects) for spec in specs]
    return sum(number * number for number in subjects) / sum(subjects) / len(COLOURS)


def _chance_of_direction(specs: Sequence[SceneSpec]) -> float:
    return _commonest([spec.subjects[0].motion.direction for spec in specs])


def _chance_of_camera(specs: Sequence[SceneSpec]) -> float:
    return _commonest([spec.camera for spec in specs])


ROWS: tuple[Row, ...] = (
    Row(
        number=1, name="object count", probe="count", groups=("direction", "relation", "three"), floor=0.70,
        chance=_chance_of_count,
    ),
    Row(
        number=2, name="colour of each object", probe="colour",
        groups=("direction", "camera", "relation", "three"), floor=0.80, chance=_chance_of_colour,
    ),
    Row(
        number=6, name="relation", probe="relation", groups=("relation",), floor=0.70, chance=lambda specs: 0.5,
    ),
    Row(
        number=8, name="motion direction", probe="direction", groups=("direction",), floor=0.65,
        chance=_chance_of_direction,
    ),
    Row(
        number=11, name="camera move", probe="camera", groups=("camera",), floor=0.60, chance=_chance_of_camera,
    ),
    Row(
        number=24, name="image to video: first frame", probe="first_frame", groups=("image",), unit="dB",
        floor=-1.5, valid=None,
    ),
    Row(
        number=24, name="image to video: colours kept", probe="kept", groups=("image",), floor=0.85,
        chance=_chance_of_colour,
    ),
    Row(
        number=25, name="extension seam", probe="seam", groups=("extend",), unit="x", floor=1.5, below=True,
        valid=1.25,
    ),
)  # fmt: skip
