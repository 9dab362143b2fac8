"""Cases: the scenes of a suite, each drawn as true clips and asked for by its caption."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from himmel.errors import UsageError
from himmel.evaluate.exhibit import Pixels
from himmel.evaluate.questions import FACTS, Group, Suite, Task
from himmel.world import MotionSpec, RelationSpec, RenderedClip, SceneSpec, Stage, canonical, sample_scene
from himmel.world.grammar import COLOURS, MIRROR, SETTINGS
from himmel.world.nudge import NUDGE

__all__ = ["Box", "Case", "Drawn", "Length", "Take", "case_count", "changed", "clip_count", "draw_cases"]

Box = tuple[int, int, int, int]

# Chance may put one subject behind another. A scene is asked only where the world itself shows what the caption
# says: every subject with this share of the picture (246 pixels of 128 x 128) in this share of the frames.
VISIBLE, MOSTLY = 0.015, 0.95
PATIENCE = 1000  # scenes in a row without one that can be asked: the answers of a suite come up every few
SEED_STEP = 10_000_000  # between the seeds of one caption: beyond those of a group
PATCH = 32  # pixels that a model of the bundled kind makes anew at once; a box is made of whole patches
WHOLE = 0.75  # of the picture: more than this is not a part


@dataclass(frozen=True, kw_only=True)
class Length:
    """Size and length of every clip."""

    width: int = 128
    height: int = 128
    frames: int = 33
    fps: int = 12

    def lasting(self, seconds: float | None) -> "Length":
        """The same for clips of so many seconds, in frames that a codec can have (1 + 4k)."""
        return self if seconds is None else replace(self, frames=1 + round(seconds * self.fps) // 4 * 4)


@dataclass(frozen=True, kw_only=True)
class Take:
    """One clip that is asked for: its scene, the caption and the seed to make it with."""

    spec: SceneSpec
    caption: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question: a scene of a group, the caption that asks for it, the task and the seed to make it with.

    others: further clips of the same question. box: the part of the picture to make anew, where that is the task.
    """

    group: str
    task: Task
    spec: SceneSpec
    caption: str
    seed: int
    others: tuple[Take, ...] = ()
    box: Box | None = None

    @property
    def takes(self) -> tuple[Take, ...]:
        """All clips of the question."""
        return (Take(spec=self.spec, caption=self.caption, seed=self.seed), *self.others)


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A case with the frames of the true clips of its takes, uint8 [T, H, W, 3] each.

    retake: the first clip once more, begun a little differently, where the course of events is asked for.
    """

    case: Case
    clips: tuple[Pixels, ...]
    retake: Pixels | None = None


def case_count(suite: Suite, limit: int | None = None) -> int:
    """How many cases a suite has, with at most `limit` of each group; raises UsageError for less than one."""
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to examine; give 1 or more")
    return sum(_size(group, limit) for group in suite.groups.values())


def clip_count(suite: Suite, length: Length, limit: int | None = None) -> int:
    """How much work a suite is, in clips of the usual length."""
    case_count(suite, limit)
    return sum(_size(group, limit) * _work(group, length) for group in suite.groups.values())


def _work(group: Group, length: Length) -> int:
    return group.takes * max(1, round(length.lasting(group.seconds).frames / length.frames))


def draw_cases(
    suite: Suite, length: Length, limit: int | None = None, known: Mapping[str, Sequence[int]] | None = None
) -> Iterator[Drawn]:
    """All cases of a suite with their true clips; the same every time.

    known: by group, the seeds of the cases that were drawn before and are left out now. Raises WorldError where
    nothing can be drawn and UsageError for an answer that no scene of its group has.
    """
    stage = Stage()
    try:
        for number, (name, group) in enumerate(suite.groups.items()):
            turn = _Turn(
                stage=stage,
                name=name,
                group=group,
                length=length.lasting(group.seconds),
                known=frozenset((known or {}).get(name, ())),
            )
            yield from turn.drawn(suite.seed + number * 1_000_000, _size(group, limit))
    finally:
        stage.close()


def _size(group: Group, limit: int | None) -> int:
    return group.size if limit is None else min(limit, group.size)


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """A group whose scenes are being chosen."""

    stage: Stage
    name: str
    group: Group
    length: Length
    known: frozenset[int]

    def drawn(self, first: int, size: int) -> Iterator[Drawn]:
        """The first `size` scenes from seed `first` on that show what they say and give each answer its turn."""
        group, waiting = self.group, list[object]()
        made, last, newest = 0, first, max(self.known, default=first - 1)
        for seed in count(first):
            waiting = waiting or list(group.answers)
            if seed - last > PATIENCE:
                raise UsageError(
                    f'of "{group.profile.name}" {PATIENCE} scenes show no {group.fact} {waiting[0]}; ask less'
                )
            size_of = {"width": self.length.width, "height": self.length.height}
            spec = sample_scene(seed, profile=group.profile, split=group.split, **size_of)
            answer = FACTS[group.fact](spec)
            if answer not in waiting or (seed <= newest and seed not in self.known):
                continue
            if seed not in self.known:
                found = self._asked(replace(spec, frames=self.length.frames, fps=self.length.fps))
                if found is None:
                    continue
                yield found
            waiting.remove(answer)
            made, last = made + 1, seed
            if made == size:
                return

    def _asked(self, spec: SceneSpec) -> Drawn | None:
        """The case of a scene, or None when a true clip does not show every subject in nearly every frame."""
        group = self.group
        takes = [spec, *_others(spec, group)]
        clips = []
        for each in takes:
            clip = self.stage.render(each)
            if not _shown(clip):
                return None
            clips.append(clip)
        box = _box(clips[0]) if group.task == "inpaint" else None
        if group.task == "inpaint" and box is None:
            return None
        same_seed = group.task == "flip"
        others = [
            Take(spec=each, caption=canonical(each), seed=spec.seed if same_seed else each.seed)
            for each in takes[1:]
        ]
        case = Case(
            group=self.name, task=group.task, spec=spec, caption=canonical(spec), seed=spec.seed,
            others=tuple(others), box=box,
        )  # fmt: skip
        retake = self.stage.render(spec, nudge=NUDGE).frames if group.task == "course" else None
        return Drawn(case=case, clips=tuple(clip.frames for clip in clips), retake=retake)


def _others(spec: SceneSpec, group: Group) -> list[SceneSpec]:
    """The further scenes of a question: with one fact changed, or the same with other seeds."""
    if group.task == "flip":
        return [changed(spec, group.fact)]
    return [replace(spec, seed=spec.seed + step * SEED_STEP) for step in range(1, group.seeds)]


def changed(spec: SceneSpec, fact: str) -> SceneSpec:
    """The scene with one fact changed: the other side, or another colour for the first subject."""
    first, *rest = spec.subjects
    if fact == "relation" and spec.relation is not None:
        relation = {**spec.relation.to_dict(), "kind": MIRROR[spec.relation.kind]}
        return replace(spec, relation=RelationSpec.from_dict(relation))
    if fact == "direction" and first.motion.direction in MIRROR:
        motion = MotionSpec.from_dict({**first.motion.to_dict(), "direction": MIRROR[first.motion.direction]})
        return replace(spec, subjects=(replace(first, motion=motion), *rest))
    if fact == "colour":
        used = {subject.colour for subject in spec.subjects} | set(SETTINGS[spec.setting].vanishing)
        free = [colour for colour in COLOURS if colour not in used]
        return replace(spec, subjects=(replace(first, colour=free[spec.seed % len(free)]), *rest))
    raise UsageError(f'a scene\'s "{fact}" has no other side; ask for the direction, relation or colour')


def _shown(clip: RenderedClip) -> bool:
    """Whether every subject is seen in nearly every frame, or in an event what is told together at both ends."""
    least = VISIBLE * clip.spec.width * clip.spec.height
    if clip.spec.scenario_verb is None:
        return bool(((clip.truth.seen >= least).mean(0) >= MOSTLY).all())
    together = np.stack([clip.truth.seen[:, list(group)].sum(1) for group in clip.spec.groups], 1)
    return bool((together[[0, -1]] >= least).all())


def _box(clip: RenderedClip) -> Box | None:
    """Whole patches around the first subject in all frames; None where that is nearly the whole picture."""
    boxes, spec = clip.truth.boxes[:, 0], clip.spec
    sides = np.array([spec.width, spec.height], float)
    low = np.floor(np.nanmin(boxes[:, :2], axis=0) / PATCH) * PATCH
    high = np.minimum(np.ceil(np.nanmax(boxes[:, 2:], axis=0) / PATCH) * PATCH, sides)
    if (high - low).prod() > WHOLE * sides.prod():
        return None
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
