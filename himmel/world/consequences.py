"""Reading ground truth as an examiner does: what caused what, what lasted, who was hidden, how many there are.

All of it follows from the masks, the pieces and the events of a clip. An examiner of generated video has masks of
its own making and asks the same questions of them.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.truth import EVENTS, GroundTruth

__all__ = ["EFFECTS", "Consequence", "Occlusion", "components", "consequences", "lasting_area", "occlusions"]

FloatArray: TypeAlias = npt.NDArray[Any]
EFFECTS = ("bitten", "shatters", "knocked_over", "put_out", "painted")
_TOUCHES = ("contact", "landing")


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """Subject `a` changes for good (`kind` of EFFECTS), seen from frame `effect` on, after `b` touched it.

    cause: the frame of their first contact, which is always earlier; b = -1 is the ground.
    """

    kind: str
    a: int
    b: int
    cause: int
    effect: int


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """Subject `subject` cannot be seen from frame `first` until just before frame `after`."""

    subject: int
    first: int
    after: int


def consequences(truth: GroundTruth) -> list[Consequence]:
    """Every lasting change with its cause, in order of the effects.

    A block high in a tower that the actor never touches falls because of what the actor touched first.
    """
    events = truth.event_list()
    touches = [event for event in events if event.kind in _TOUCHES]
    found = []
    for event in events:
        if event.kind not in EFFECTS:
            continue
        own = [touch.frame for touch in touches if {touch.a, touch.b} == {event.a, event.b}]
        theirs = [touch.frame for touch in touches if event.b in (touch.a, touch.b)]
        cause = min(own) if own and min(own) < event.frame else min(theirs)
        found.append(Consequence(kind=event.kind, a=event.a, b=event.b, cause=cause, effect=event.frame))
    return found


def occlusions(truth: GroundTruth) -> list[Occlusion]:
    """Who goes out of sight in the clip and comes back, and when."""
    hidden, again = EVENTS.index("hidden"), EVENTS.index("seen_again")
    found = []
    for index in range(truth.seen.shape[1]):
        rows = truth.events[truth.events[:, 2] == index]
        backs = [int(frame) for frame, kind, _, _ in rows if kind == again]
        for frame in (int(frame) for frame, kind, _, _ in rows if kind == hidden):
            after = min((back for back in backs if back > frame), default=None)
            if after is not None:
                found.append(Occlusion(subject=index, first=frame, after=after))
    return found


def lasting_area(truth: GroundTruth, subject: int, *, number: int | None = None) -> FloatArray:
    """Pixels [T] of a subject's pieces, of one of them or of all.

    What a bite takes falls from its area to 0 and stays there, a stroke rises from 0, shards come and lie.
    """
    if truth.pieces is None:
        return np.zeros(len(truth.masks), int)
    wanted = truth.pieces > 0 if number is None else truth.pieces == number
    return np.asarray((wanted & (truth.masks == subject + 1)).sum((1, 2)))


def components(mask: FloatArray, *, smallest: int = 1) -> int:
    """How many connected areas (four neighbours) of at least `smallest` pixels a bool mask [H, W] has."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        grown = labels.copy()
        for here, there in (
            (np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:]),
            (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :-1], np.s_[:, 1:]),
        ):  # fmt: skip
            grown[here] = np.maximum(grown[here], labels[there])
        grown = np.where(mask, grown, 0)
        if np.array_equal(grown, labels):
            break
        labels = grown
    _, sizes = np.unique(labels[labels > 0], return_counts=True)
    return int((sizes >= smallest).sum())
