"""Probes of consequences: the cause is seen before its effect, and what has changed stays changed.

Each scenario of the world is read in its own way, because each cause and effect looks different, and all readings
end in the same three facts: the frame in which the cause is first seen, the frame from which on the effect is seen
until the end, and whether it lasts. The camera is at rest. What belongs to whom is told by the examiner; where it
is of no use (shards, paint, flames), by what differs from the first and the last frame.

t frames, H W pixels of a picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himmel.evaluate.examiner import PALETTE
from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.occluded import cleaned, different
from himmel.evaluate.things import grown

__all__ = ["COURSES", "Course", "cause_first", "course", "lasting"]

Numbers = NDArray[np.float64]
Bits = NDArray[np.bool_]

BEGUN = 3  # frames that say how it was before
LAST = 0.25  # of the clip: in all of it the change must be seen
NEARLY = 0.85  # of the frames from one on: always, but for a slip of the examiner
REACH = 2  # pixels between two things that touch
PUSHED = 4  # the same where one pushes: bodies of the world's physics are a little larger than their pictures
TOUCHED = 8  # pixels of the target within that reach
LEAST = 0.003  # of the picture (49 pixels of 128 x 128): what covers less is not there
GAPS = {"bite": (0, 8), "shatter": (0, 6), "knock_over": (0, 12), "blow_out": (2, 9), "paint": (0, 3)}
"""Frames from cause to effect at least and at most: a breath takes its time, a row of dominoes begins slowly."""

NIBBLED, BITTEN = 0.04, 0.10  # of the cookie: missing at all, and a bite
SPREAD, BROKEN = 1.25, 1.5  # times as wide as the glass: bursting, and lying in pieces
KEPT = 0.3  # of the glass's area that its pieces have
FALLEN = 0.15  # heights of the picture that a glass falls at least
NEAR_GROUND = 0.07  # heights of the picture above where the pieces lie in the end
STIRRED, STIRRED_LATER, LOWER = 0.12, 0.08, 0.86  # moved of one target's area, of all; what is left of the height
FLAME = (215, 150, 60)  # levels: red and green at least, and red above blue
OUT, DARKER = 0.12, 0.97  # of the flame's pixels that are left, and of the picture's light
LEANT = 0.045  # of the one who blows: has moved
PAINT, STROKE, WET = 45, 0.03, 0.006  # levels from the canvas; of the canvas a stroke, and the first of it
LONG = 0.5  # of the canvas's width that a stroke takes
ALONG = 0.7  # correlation of time and place of what is painted
AT_BRUSH = 5  # pixels from fresh paint to the brush
MOSTLY = 0.8  # of the moments in which paint comes


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is seen of a consequence: the first frame of its cause, the first of its effect, and whether it lasts.

    None is never. An effect is seen from its frame on until the end.
    """

    cause: int | None
    effect: int | None
    lasts: bool


def cause_first(exhibit: Exhibit) -> Sequence[float]:
    """Whether there is a cause, and then, not before and not much later, its effect."""
    found = course(exhibit)
    if found is None:
        return []
    if found.cause is None or found.effect is None:
        return [0.0]
    least, most = GAPS[exhibit.spec.subjects[0].motion.verb]
    return [float(found.cause > 0 and least <= found.effect - found.cause <= most)]


def lasting(exhibit: Exhibit) -> Sequence[float]:
    """Whether there is the change that was asked for, and stays."""
    found = course(exhibit)
    return [] if found is None else [float(found.lasts)]


def course(exhibit: Exhibit) -> Course | None:
    """What is seen of the consequence that was asked for; None where none was."""
    read = COURSES.get(exhibit.spec.subjects[0].motion.verb)
    return None if read is None else read(exhibit)


def _masks(exhibit: Exhibit, index: int) -> Bits:
    """Where a subject's colour is [t, H, W]."""
    colour = exhibit.spec.subjects[index].colour
    return cleaned(exhibit.classes == 1 + PALETTE.index(colour))


def _begun(masks: Bits) -> Bits:
    """Where something is in most of the first frames [H, W]."""
    return np.asarray(masks[:BEGUN].mean(0) > 0.5)


def _there(mask: Bits) -> bool:
    return bool(mask.mean() >= LEAST)


def _from(holds: Bits) -> int | None:
    """The first frame from which on something holds nearly always; None for never."""
    rest = holds[::-1].cumsum()[::-1] / np.arange(len(holds), 0, -1)
    return _first(holds & (rest >= NEARLY))


def _begins(holds: Bits) -> int | None:
    """The first of BEGUN frames in a row in which something holds; None for never."""
    return _first(np.logical_and.reduce([holds[at : len(holds) - BEGUN + 1 + at] for at in range(BEGUN)]))


def _first(holds: Bits) -> int | None:
    return int(holds.argmax()) if holds.any() else None


def _stays(holds: Bits) -> bool:
    """Whether something holds in all of the last part of the clip [t]."""
    return bool(holds[-max(1, round(LAST * len(holds))) :].all())


NEVER = Course(cause=None, effect=None, lasts=False)


def bite(exhibit: Exhibit) -> Course:
    """The eater touches the cookie; then a part of it is gone, and the world behind is seen where it was."""
    eater, cookie = _masks(exhibit, 0), _begun(_masks(exhibit, 1))
    if not _there(cookie) or not _there(_begun(eater)):
        return NEVER
    gone = (cookie & (exhibit.classes == 0)).sum((1, 2)) / cookie.sum()
    touching = (grown(eater, REACH) & cookie).sum((1, 2)) >= TOUCHED
    return Course(cause=_first(touching), effect=_from(gone >= NIBBLED), lasts=_stays(gone >= BITTEN))


def shatter(exhibit: Exhibit) -> Course:
    """The glass comes down to where its pieces lie in the end; then it is wider than a glass."""
    frames, height = exhibit.watched, exhibit.watched.shape[1]
    # What is there both at first and in the end is scenery that the examiner took for something else.
    ends = frames[0].astype(np.float64), frames[-1].astype(np.float64)
    glass = cleaned((exhibit.classes > 0) & (different(frames, ends[0]) | different(frames, ends[1])))
    if not _there(_begun(glass)):
        return NEVER
    low, middle, _ = _moments(glass.sum(2))
    deep = middle >= np.median(middle[:BEGUN]) + FALLEN * height
    ground = float(np.median(middle[-BEGUN:])) - NEAR_GROUND * height
    landed = _first((low >= ground) & deep)
    if landed is None or landed < BEGUN or np.median(low[:BEGUN]) > ground - NEAR_GROUND * height:
        return NEVER  # It does not fall, or something lies on the ground before.
    # Shards that the examiner misses differ from what was there before, in the glass's shadow or out of it.
    before = frames[landed - 1].astype(np.float64)
    shards = different(frames, ends[0], lit=True) & different(frames, before, lit=True)
    glass[landed:] |= shards[landed:]
    _, _, wide = _moments(glass.sum(1))
    first, area = float(np.median(wide[:BEGUN])), glass.sum((1, 2))
    whole = area >= KEPT * np.median(area[:BEGUN])  # what lay there before is no part of it
    return Course(
        cause=landed, effect=_from((wide >= SPREAD * first) & whole),
        lasts=_stays((wide >= BROKEN * first) & deep & whole),
    )  # fmt: skip


def _moments(lines: NDArray[np.int64]) -> tuple[Numbers, Numbers, Numbers]:
    """The end, the middle and the deviation of masks summed along one side, [t, N] -> [t] each; 0 for nothing."""
    area = np.maximum(lines.sum(1), 1).astype(np.float64)
    places = np.arange(lines.shape[1]) + 0.5
    middle = lines @ places / area
    spread = np.sqrt(np.maximum(lines @ places**2 / area - middle**2, 0.0))
    end = lines.shape[1] - (lines[:, ::-1] > 0).argmax(1).astype(np.float64)
    return end, middle, spread


def knock_over(exhibit: Exhibit) -> Course:
    """The actor touches a row or a tower; then it moves where the actor is not, and is lower in the end."""
    actor, targets = _masks(exhibit, 0), _masks(exhibit, 1)
    stood = _begun(targets)
    if not _there(stood) or not _there(_begun(actor)):
        return NEVER
    around = np.logical_or.accumulate(grown(actor, REACH + 1))
    changed = different(exhibit.watched, exhibit.watched[0].astype(np.float64), lit=True)
    # Pixels tell sooner than colours, unless they are as pale as what is behind them.
    one = stood.sum() / max(1, len(exhibit.spec.subjects) - 1)
    stirred = (changed & grown(stood[None], REACH) & ~around).sum((1, 2)) >= STIRRED * one
    stirred |= ((targets ^ stood) & ~around).sum((1, 2)) >= STIRRED_LATER * stood.sum()
    touching = (grown(actor, PUSHED) & stood).sum((1, 2)) >= TOUCHED
    tall = np.array([_height(mask) for mask in targets])
    lower = _stays(tall <= LOWER * _height(stood)) and _stays(targets.mean((1, 2)) >= LEAST)
    return Course(cause=_first(touching), effect=_begins(stirred) if lower else None, lasts=lower)


def _height(mask: Bits) -> int:
    """Rows from the highest to the lowest that have more than a pixel [H, W]."""
    rows = np.flatnonzero(mask.sum(1) > 1)
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0


def blow_out(exhibit: Exhibit) -> Course:
    """Somebody leans towards the candle; then the flame's colour is gone and the picture darker."""
    levels, blower, candle = exhibit.watched.astype(np.int16), _masks(exhibit, 0), _begun(_masks(exhibit, 1))
    red, green, blue = (levels[..., channel] for channel in range(3))
    columns: Bits = np.asarray(candle.any(0))
    over = grown(columns[None, None], 2 * REACH)[0]  # the candle's own; what is beside it may be lit by it
    flame = (over & (red > FLAME[0]) & (green > FLAME[1]) & (red - blue > FLAME[2])).sum((1, 2))
    lit = float(np.median(flame[:BEGUN]))
    leant = _begun(blower)
    if lit < TOUCHED or not _there(leant):
        return NEVER
    light = levels.mean((1, 2, 3))
    out = (flame <= OUT * lit) & (light <= DARKER * float(np.median(light[:BEGUN])))
    moved = (blower ^ leant).sum((1, 2)) >= LEANT * leant.sum()
    return Course(cause=_begins(moved), effect=_from(out), lasts=_stays(out))


def paint(exhibit: Exhibit) -> Course:
    """The brush is at the canvas; what it leaves behind grows with it in the asked direction and is not lost."""
    levels = exhibit.watched.astype(np.int16)
    canvas = _begun(_masks(exhibit, 1))
    if not _there(canvas):
        return NEVER
    box = _box(canvas)
    plain = np.median(levels[:BEGUN][:, canvas], axis=(0, 1))
    differs = (np.abs(levels - plain).max(3) > PAINT) & box
    dry = np.logical_and.accumulate(differs[::-1])[::-1]  # what differs from here on until the end
    fresh = np.diff(dry & ~dry[BEGUN - 1], axis=0)  # what is painted from one frame to the next
    stroke = (dry & ~dry[BEGUN - 1]).sum((1, 2)) / box.sum()
    # A brush that stays on the canvas is no stroke: that reaches over half of it.
    long = (dry[-1] & ~dry[BEGUN - 1]).any(0).sum() >= LONG * box.any(0).sum()
    brush = grown(differs & ~dry, AT_BRUSH)
    moments = np.flatnonzero(fresh.sum((1, 2)) >= 2)
    if len(moments) < BEGUN:
        return NEVER
    with_brush = [bool((fresh[at] & brush[at + 1]).sum() >= 0.5 * fresh[at].sum()) for at in moments]
    places = [float(np.nonzero(fresh[at])[1].mean()) for at in moments]
    sign = {"left": -1, "right": 1}.get(exhibit.spec.subjects[0].motion.direction or "", 0)
    along = float(np.corrcoef(moments, places)[0, 1]) if np.ptp(places) > 0 else 0.0
    follows = np.mean(with_brush) >= MOSTLY and along * sign >= ALONG
    effect = _from(stroke >= WET) if long else None
    lasts = bool(_stays(stroke >= STROKE) and long and follows)
    at_canvas = _first((differs & ~dry).sum((1, 2)) >= TOUCHED)
    if effect is None or at_canvas is None or at_canvas >= effect or not follows:
        return Course(cause=None, effect=effect, lasts=lasts)
    return Course(cause=effect - 1, effect=effect, lasts=lasts)


def _box(mask: Bits) -> Bits:
    """The upright rectangle that a mask [H, W] fills, without its rim."""
    rows, columns = (np.flatnonzero(mask.mean(axis) > 0.5 * mask.mean(axis).max()) for axis in (1, 0))
    inside = np.zeros_like(mask)
    inside[rows[0] + REACH : rows[-1] + 1 - REACH, columns[0] + REACH : columns[-1] + 1 - REACH] = True
    return inside


COURSES: dict[str, Callable[[Exhibit], Course]] = {
    "bite": bite,
    "shatter": shatter,
    "knock_over": knock_over,
    "blow_out": blow_out,
    "paint": paint,
}
"""How each consequence is read, by the motion of the first subject."""
