"""Cases: the scenes of a suite, each drawn once as the true clip and asked for by its caption."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from himmel.errors import UsageError
from himmel.evaluate.exhibit import Pixels
from himmel.evaluate.rows import Task
from himmel.evaluate.suites import FACTS, Group, Suite
from himmel.world import RenderedClip, SceneSpec, Stage, canonical, sample_scene

__all__ = ["Case", "Length", "case_count", "draw_cases"]

# Chance may put one subject behind another. A scene is asked only where the world itself shows what the caption
# says: every subject with this share of the picture (246 pixels of 128 x 128) in this share of the frames.
VISIBLE, MOSTLY = 0.015, 0.95
PATIENCE = 1000  # scenes in a row without one that can be asked: the answers of a suite come up every few


@dataclass(frozen=True, kw_only=True)
class Length:
    """Size and length of every clip."""

    width: int = 128
    height: int = 128
    frames: int = 33
    fps: int = 12


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question: a scene of a group, the caption that asks for it, the task and the seed to make it with."""

    group: str
    task: Task
    spec: SceneSpec
    caption: str
    seed: int


def case_count(suite: Suite, limit: int | None = None) -> int:
    """How many cases a suite has, with at most `limit` of each group; raises UsageError for less than one."""
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to examine; give 1 or more")
    return sum(_size(group, limit) for group in suite.groups.values())


def draw_cases(suite: Suite, length: Length, limit: int | None = None) -> Iterator[tuple[Case, Pixels]]:
    """All cases of a suite with the frames of their true clips, uint8 [T, H, W, 3]; the same every time.

    Raises WorldError where nothing can be drawn and UsageError for an answer that no scene of its group has.
    """
    stage = Stage(length.width, length.height)
    try:
        for number, (name, group) in enumerate(suite.groups.items()):
            drawn = _clips(stage, group, length, suite.seed + number * 1_000_000, _size(group, limit))
            for clip in drawn:
                caption = canonical(clip.spec)
                case = Case(group=name, task=group.task, spec=clip.spec, caption=caption, seed=clip.spec.seed)
                yield case, clip.frames
    finally:
        stage.close()


def _size(group: Group, limit: int | None) -> int:
    return group.size if limit is None else min(limit, group.size)


def _clips(stage: Stage, group: Group, length: Length, first: int, size: int) -> Iterator[RenderedClip]:
    """The first `size` scenes from seed `first` on that show what they say and give each answer its turn."""
    waiting: list[object] = []
    made, last = 0, first
    for seed in count(first):
        waiting = waiting or list(group.answers)
        if seed - last > PATIENCE:
            raise UsageError(
                f'of "{group.profile.name}" {PATIENCE} scenes show no {group.fact} {waiting[0]}; ask less'
            )
        spec = sample_scene(
            seed, profile=group.profile, split="held_out", width=length.width, height=length.height
        )
        if FACTS[group.fact](spec) not in waiting:
            continue
        clip = stage.render(replace(spec, frames=length.frames, fps=length.fps))
        if not _shown(clip):
            continue
        waiting.remove(FACTS[group.fact](spec))
        yield clip
        made, last = made + 1, seed
        if made == size:
            return


def _shown(clip: RenderedClip) -> bool:
    """Whether every subject is seen in nearly every frame."""
    least = VISIBLE * clip.spec.width * clip.spec.height
    return bool(((clip.truth.seen >= least).mean(0) >= MOSTLY).all())
