"""Clips that are wrong on purpose: what a probe must not let pass, made of true clips.

A probe that is right on every true clip may be one that always says yes. Each of these takes a true clip and
spoils the one thing that a row asks for: the effect comes first, or not at all, or is undone; what was hidden
stays away, turns back or is another thing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.asking import Asking
from himmel.evaluate.cases import Length, case_count, draw_cases
from himmel.evaluate.events import physics_iq
from himmel.evaluate.examiner import Examiner
from himmel.evaluate.exhibit import Exhibit, Pixels
from himmel.evaluate.interval import Estimate, share_estimate
from himmel.evaluate.questions import Suite
from himmel.evaluate.rows import Row
from himmel.evaluate.things import grown
from himmel.world import RenderedClip, Stage
from himmel.world.consequences import consequences

__all__ = ["WRONG", "Caught", "Spoil", "check_wrong"]

Spoil: TypeAlias = Callable[[RenderedClip], Pixels]

EARLY = 12  # frames, a second, by which an effect comes before its time
RIM = 2  # pixels around a subject that are partly its own
LATE = 10  # frames that what is hidden stays away for longer


@dataclass(frozen=True, kw_only=True)
class Caught:
    """How often a row says no to clips that are wrong in one way."""

    row: str
    wrong: str
    share: Estimate


def backwards(clip: RenderedClip) -> Pixels:
    """Time runs backwards."""
    return np.asarray(clip.frames[::-1])


def frozen(clip: RenderedClip) -> Pixels:
    """Nothing happens."""
    return _held(clip, 0)


def without_effect(clip: RenderedClip) -> Pixels:
    """Everything stops just before the effect."""
    return _held(clip, consequences(clip.truth)[0].effect - 1)


def undone(clip: RenderedClip) -> Pixels:
    """What has happened by the middle is taken back until the end."""
    count = len(clip.frames)
    return np.asarray(clip.frames[np.minimum(np.arange(count), count - 1 - np.arange(count))])


def too_early(clip: RenderedClip) -> Pixels:
    """All but the first subject is seen EARLY frames before its time; of a glass, its pieces are.

    A candle goes out before anybody blows; a stroke is there before the brush.
    """
    masks, pieces = clip.truth.masks, clip.truth.pieces
    first = masks == 1
    if clip.spec.scenario_verb == "shatter" and pieces is not None:
        first &= pieces == 0
    if clip.spec.scenario_verb == "blow_out":
        return without_cause(clip)  # a flame lights who blows it out: they cannot be taken apart
    if clip.spec.scenario_verb == "paint" and pieces is not None:
        stroke = (pieces[-1] == 1) & ~first
        return np.where(stroke[..., None], clip.frames[-1], clip.frames)
    first = grown(first, RIM)
    ahead = np.minimum(np.arange(len(masks)) + EARLY, len(masks) - 1)
    return np.where((first | first[ahead])[..., None], clip.frames, clip.frames[ahead])


def without_cause(clip: RenderedClip) -> Pixels:
    """All is left out from before the cause until after the effect."""
    change, count = consequences(clip.truth)[0], len(clip.frames)
    left = [*range(max(1, change.cause - EARLY // 2)), *range(change.effect + EARLY // 2, count)]
    return np.asarray(clip.frames[left + [count - 1] * (count - len(left))])


def gone_for_good(clip: RenderedClip) -> Pixels:
    """What is hidden never comes out."""
    return _held(clip, len(clip.frames) // 2)


def another_comes_out(clip: RenderedClip) -> Pixels:
    """What comes out is of another colour, and so is all the world."""
    frames = clip.frames.copy()
    frames[len(frames) // 2 :] = frames[len(frames) // 2 :, ..., [2, 0, 1]]
    return np.asarray(frames)


def late(clip: RenderedClip) -> Pixels:
    """The middle takes LATE frames longer."""
    middle, count = len(clip.frames) // 2, len(clip.frames)
    return np.asarray(clip.frames[np.r_[:middle, [middle] * LATE, middle:count][:count]])


def _held(clip: RenderedClip, at: int) -> Pixels:
    return np.asarray(clip.frames[np.minimum(np.arange(len(clip.frames)), at)])


WRONG: dict[str, tuple[Spoil, ...]] = {
    "hidden_again": (backwards, frozen, undone, gone_for_good, another_comes_out, late),
    "cause_first": (backwards, frozen, undone, without_effect, too_early),
    "lasting": (backwards, frozen, undone, without_effect),
    "course_of_events": (backwards, frozen),
}
"""By probe, the ways in which a clip can be wrong for it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Remembering(Exhibit):
    """A clip mostly made of frames that were looked at before: `known` is what was seen on each."""

    known: dict[bytes, NDArray[np.uint8]]

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """As of any exhibit."""
        names = [frame.tobytes() for frame in self.watched]
        new = {name: at for at, name in enumerate(names) if name not in self.known}
        if new:
            self.known.update(zip(new, self.examiner.label(self.watched[list(new.values())]), strict=True))
        return np.stack([self.known[name] for name in names])


def check_wrong(
    suite: Suite, length: Length | None = None, *, examiner: Examiner, limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Caught, ...]:  # fmt: skip
    """Put wrong clips of a suite's scenes to the probes that WRONG has some for."""
    length, total, done = length or Length(), case_count(suite, limit), 0
    rows = [row for row in suite.rows if row.probe in WRONG]
    found: dict[tuple[str, str], list[float]] = {}
    stage = Stage()
    try:
        for drawn in draw_cases(suite, length, limit):
            mine = [row for row in rows if drawn.case.group in row.groups]
            clip, known = stage.render(drawn.case.spec), dict[bytes, NDArray[np.uint8]]()
            given = Asking.given(drawn.case, drawn.clips[0], None, drawn.retake)
            for spoil in dict.fromkeys(spoil for row in mine for spoil in WRONG[row.probe]):
                frames = spoil(clip)
                exhibit = _Remembering(
                    frames=frames, spec=drawn.case.spec, examiner=examiner, given=given, known=known,
                    step=suite.groups[drawn.case.group].step,
                )  # fmt: skip
                for row in (row for row in mine if spoil in WRONG[row.probe]):
                    found.setdefault((row.key, spoil.__name__), []).append(float(not _passes(row, exhibit)))
            done += 1
            if on_progress:
                on_progress(done, total)
    finally:
        stage.close()
    return tuple(_caught(found))


def _passes(row: Row, exhibit: Exhibit) -> bool:
    marks: Sequence[float] = row.marks(exhibit)
    if row.reckoning == "events":
        return physics_iq(np.array([marks])) >= row.floor
    return min(marks) == 1.0


def _caught(found: dict[tuple[str, str], list[float]]) -> Iterator[Caught]:
    for (row, wrong), noes in found.items():
        yield Caught(row=row, wrong=wrong.replace("_", " "), share=share_estimate(noes))
