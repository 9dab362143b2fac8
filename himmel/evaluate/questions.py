"""What a suite is made of: groups of scenes, one fact that differs in each, and the rows they fill. All data.

A scene is drawn from its seed, by day and in the realistic style unless its group is about those, with a
combination of colour, subject and motion that no training clip shows (`split="held_out"`) or that some do
("train", from seeds that no training clip has). A group takes equally many scenes of each answer.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

from himmel.errors import UsageError
from himmel.evaluate.rows import ROWS, Row
from himmel.world import FIRST_LIGHT, Profile, SceneSpec, lexicon

__all__ = [
    "ALONE",
    "ALONG",
    "EXAM",
    "FACTS",
    "MOVING",
    "STILL",
    "THREE",
    "TWO",
    "Fact",
    "Group",
    "Suite",
    "Task",
]

Task: TypeAlias = Literal["text", "image", "extend", "connect", "inpaint", "flip", "variety", "stream", "course"]
Fact: TypeAlias = Literal[
    "direction", "camera", "relation", "number", "colour", "verb", "pace", "look", "event", "hidden"
]  # fmt: skip

SIDEWAYS = ("left", "right")
FACTS: dict[str, Callable[[SceneSpec], object]] = {
    "direction": lambda spec: spec.subjects[0].motion.direction,
    "camera": lambda spec: spec.camera,
    "relation": lambda spec: spec.relation.kind if spec.relation else None,
    "number": lambda spec: len(spec.subjects),
    "colour": lambda spec: spec.subjects[0].colour,
    "verb": lambda spec: spec.subjects[0].motion.verb,
    # Only what goes sideways shows its pace in the picture.
    "pace": lambda spec: (
        spec.subjects[0].motion.speed if spec.subjects[0].motion.direction in SIDEWAYS else "not sideways"
    ),
    "look": lambda spec: f"{spec.style}, {spec.light}",
    # Two events are one motion: a row and a tower are knocked over.
    "event": lambda spec: " ".join(
        [spec.subjects[0].motion.verb, *(spec.subjects[g[0]].kind for g in spec.groups[1:])]
    ),
    "hidden": lambda spec: spec.subjects[0].motion.hidden,
}
FIRST_SEED = 40_000_000  # far from the seeds of training clips

EXAM = replace(FIRST_LIGHT, lights=("day",), styles=("realistic",), cameras=("static",))
STILL = replace(EXAM, verbs=("still",))
ALONE, TWO, THREE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
MOVING = tuple(camera for camera in FIRST_LIGHT.cameras if camera != "static")
ALONG: tuple[object, ...] = ("left", "right", "toward", "away")


@dataclass(frozen=True, kw_only=True)
class Group:
    """`each` scenes of a profile for each of the answers to one fact, for one task.

    split: "held_out" combinations or those that training clips show. seeds: how many clips of each scene's caption
    (task "variety"). seconds: how long the clips are, None as long as the model makes at once. step: of how many
    frames one is looked at.
    """

    profile: Profile
    fact: Fact
    answers: tuple[object, ...]
    each: int
    task: Task = "text"
    split: Literal["held_out", "train"] = "held_out"
    seeds: int = 1
    seconds: float | None = None
    step: int = 2

    def __post_init__(self) -> None:
        if self.each < 1 or not self.answers:
            raise UsageError(f"a group of {self.each} scenes for each of {len(self.answers)} answers asks nothing")
        if self.seeds < 1 or self.step < 1:
            raise UsageError(f"{self.seeds} clips of a scene, every {self.step} frames: both must be 1 or more")

    @property
    def size(self) -> int:
        """Scenes in the group."""
        return self.each * len(self.answers)

    @property
    def takes(self) -> int:
        """Clips that are made of each scene."""
        return 2 if self.task == "flip" else self.seeds


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Named groups of scenes and the rows they fill.

    absent: rows of the table that are not asked, with the reason. wordings: how many texts are asked that say too
    little, see `himmel.evaluate.wordings`.
    """

    name: str
    groups: dict[str, Group]
    rows: tuple[Row, ...] = ROWS
    seed: int = FIRST_SEED
    absent: tuple[tuple[int, str, str], ...] = ()
    wordings: int = 0

    def __post_init__(self) -> None:
        for row in self.rows:
            if missing := set(row.groups) - set(self.groups) - {"wordings"}:
                raise UsageError(f'row {row.number} of suite "{self.name}" needs the group {missing.pop()}')

    def known_to(self, words: Collection[str]) -> "Suite":
        """What can be asked of a model with these words: rows about events that it has no words for are absent.

        Only scenarios can be unknown; of all else every model of the world has the words.
        """
        lacking = {
            name: missing
            for name, group in self.groups.items()
            if group.profile.scenarios != ("plain",)
            and (missing := sorted(set(lexicon(group.profile)) - set(words)))
        }
        kept = tuple(row for row in self.rows if not set(row.groups) & set(lacking))
        absent = tuple(
            (row.number, row.name, f"the model has no words for it, such as {', '.join(_longest(lacking, row))}")
            for row in self.rows
            if set(row.groups) & set(lacking)
        )
        groups = {name: group for name, group in self.groups.items() if name not in lacking}
        return replace(self, groups=groups, rows=kept, absent=(*self.absent, *absent)) if lacking else self

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what is asked and how it is marked."""
        groups = {name: asdict(group) for name, group in self.groups.items()}
        rows = [[row.key, row.probe, row.reckoning, list(row.groups)] for row in self.rows]
        text = json.dumps([groups, rows, self.seed, self.wordings], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _longest(lacking: Mapping[str, Sequence[str]], row: Row) -> list[str]:
    """A few of the words that a row's groups lack; long ones say most."""
    words = {word for name in row.groups for word in lacking.get(name, ())}
    return sorted(sorted(words, key=lambda word: (-len(word), word))[:3])
