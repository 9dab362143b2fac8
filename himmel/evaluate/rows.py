"""The rows of the table: which probe, on which scenes, how its marks become a score, and what score will do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from himmel.errors import UsageError
from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.interval import Estimate
from himmel.evaluate.probe_table import PROBES
from himmel.evaluate.reckoning import RECKONINGS, TRUSTS, Marks, Source
from himmel.world import SceneSpec
from himmel.world.grammar import COLOURS

__all__ = ["MARGIN", "ROWS", "VALID", "Need", "Row", "Unit", "chance_of_colour", "commonest"]

Unit: TypeAlias = Literal["%", "points", "dB", "x", "rho", "s"]
Need: TypeAlias = Literal["", "recogniser", "training clips"]

VALID = 0.97  # what a probe must reach on true clips before it may judge a model
MARGIN = 0.03  # by how much the near end of an interval may lie on the wrong side of a floor


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    number: of the table of metrics in docs/evaluation.md. probe: a name of `PROBES`. groups: of the suite.
    reckoning: a name of `RECKONINGS`. unit: "%" is a share, "points" a difference of shares, "rho" a rank
    correlation, "s" seconds; "dB" and "x" (a ratio) are medians. floor: what a model must reach, as a share
    where the unit is "%". relative: the floor is a multiple of what true clips reach. below: smaller is better.
    strict: the whole interval must reach the floor but for MARGIN, not its middle alone. valid: what true clips
    must reach; None where there is nothing to compare with but the true clips. chance: what a fixed answer would
    reach on these scenes. needs: what must be there beside the model.
    """

    number: int
    name: str
    probe: str
    groups: tuple[str, ...]
    reckoning: str = "share"
    unit: Unit = "%"
    floor: float
    relative: bool = False
    below: bool = False
    strict: bool = False
    valid: float | None = VALID
    chance: Callable[[Sequence[SceneSpec]], float] | None = None
    needs: Need = ""

    def __post_init__(self) -> None:
        if self.probe not in PROBES or self.reckoning not in RECKONINGS:
            raise UsageError(f'row {self.number} has no probe "{self.probe}" or reckoning "{self.reckoning}"')
        if self.valid is not None and self.reckoning not in TRUSTS:
            raise UsageError(
                f'true clips cannot validate "{self.reckoning}" of row {self.number}; leave valid out'
            )

    @property
    def key(self) -> str:
        """What the row is called where marks are kept."""
        return f"{self.number} {self.name}"

    def marks(self, exhibit: Exhibit) -> Sequence[float]:
        """What the probe finds."""
        return PROBES[self.probe](exhibit)

    def estimate(self, marks: Marks, source: Source) -> Estimate | None:
        """The score of a source's marks, None without any."""
        return RECKONINGS[self.reckoning](marks, source)

    def trusted(self, marks: Marks) -> bool:
        """Whether true clips show that the probe can be believed."""
        return self.valid is None or TRUSTS[self.reckoning](marks, self.valid, self.below)

    def floor_beside(self, truth: Estimate | None) -> float:
        """The floor as a number of the row's own unit."""
        return self.floor * truth.value if self.relative and truth is not None else self.floor

    def reached(self, score: Estimate, floor: float) -> bool:
        """Whether a score will do."""
        if not self.strict:
            return score.value <= floor if self.below else score.value >= floor
        return score.high <= floor + MARGIN if self.below else score.low >= floor - MARGIN


def commonest(answers: Sequence[object]) -> float:
    """What giving always the commonest answer reaches."""
    return max(answers.count(answer) for answer in set(answers)) / len(answers)


def _chance_of_count(specs: Sequence[SceneSpec]) -> float:
    return commonest([len(spec.subjects) for spec in specs])


def chance_of_colour(specs: Sequence[SceneSpec]) -> float:
    """As many colours as subjects are named, out of all."""
    subjects = [len(spec.subjects) for spec in specs]
    return sum(number * number for number in subjects) / sum(subjects) / len(COLOURS)


def _chance_of_direction(specs: Sequence[SceneSpec]) -> float:
    return commonest([spec.subjects[0].motion.direction for spec in specs])


def _chance_of_camera(specs: Sequence[SceneSpec]) -> float:
    return commonest([spec.camera for spec in specs])


ROWS: tuple[Row, ...] = (
    Row(
        number=1, name="object count", probe="count", groups=("direction", "relation", "three"), floor=0.70,
        chance=_chance_of_count,
    ),
    Row(
        number=2, name="colour of each object", probe="colour",
        groups=("direction", "camera", "relation", "three"), floor=0.80, chance=chance_of_colour,
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
        number=24, name="image to video: first frame", probe="first_frame", groups=("image",),
        reckoning="median", unit="dB", floor=-1.5, valid=None,
    ),
    Row(
        number=24, name="image to video: colours kept", probe="kept", groups=("image",), floor=0.85,
        chance=chance_of_colour,
    ),
    Row(
        number=25, name="extension seam", probe="seam", groups=("extend",), reckoning="median", unit="x",
        floor=1.5, below=True, valid=1.25,
    ),
)  # fmt: skip
