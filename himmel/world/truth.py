"""What is known exactly about a rendered clip: the answers every probe and every score is checked against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.errors import UsageError

__all__ = ["EVENTS", "Event", "GroundTruth", "find_events", "mask_facts"]

FloatArray: TypeAlias = npt.NDArray[Any]
EVENTS = (
    "contact", "landing", "starts", "stops", "hidden", "seen_again",
    "bitten", "shatters", "knocked_over", "put_out", "painted",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happens: `kind` of EVENTS, in frame `frame`, to subject `a` (and `b`, -1 if nobody)."""

    frame: int
    kind: str
    a: int
    b: int = -1


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """Per frame facts of a clip of T frames, H x W pixels and K subjects.

    masks: uint8 [T, H, W], 0 for the world, k + 1 for subject k (visible part).
    depth: float16 [T, H, W], distance along the view axis in world units, 1000 for the sky.
    places: float32 [T, K, 3], centres in world units. pixels: float32 [T, K, 3], the same in the picture:
    x and y in pixels (y down) and depth. boxes: float32 [T, K, 4], visible box x0, y0, x1, y1 (nan if hidden).
    seen: float32 [T, K], visible pixels. camera: float32 [T, 4, 4] world to camera. fov: vertical degrees.
    events: int32 [E, 4] rows (frame, index into EVENTS, a, b).
    pieces: only where parts come or go, uint8 [T, H, W]: 0, or the number of the piece whose pixel it is. What a
    bite takes, a flame and a stroke are piece 1, smoke (of nobody) is piece 2, the shards of a glass are 1, 2, ...
    """

    masks: FloatArray
    depth: FloatArray
    places: FloatArray
    pixels: FloatArray
    boxes: FloatArray
    seen: FloatArray
    camera: FloatArray
    fov: FloatArray
    events: FloatArray
    pieces: FloatArray | None = None

    def to_arrays(self) -> dict[str, FloatArray]:
        """Plain arrays, for an npz file."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> "GroundTruth":
        """Build from `to_arrays`; raises UsageError when arrays are missing or unknown."""
        names = {item.name for item in fields(cls)}
        if set(arrays) | {"pieces"} != names:
            raise UsageError(f"ground truth has {sorted(arrays)}; it needs exactly {sorted(names)}")
        return cls(**dict(arrays))

    def event_list(self) -> list[Event]:
        """Events in order of time."""
        return [Event(frame=int(f), kind=EVENTS[int(k)], a=int(a), b=int(b)) for f, k, a, b in self.events]


def mask_facts(masks: FloatArray, subjects: int) -> tuple[FloatArray, FloatArray]:
    """Visible boxes [T, K, 4] and pixel counts [T, K] of identity masks [T, H, W]."""
    frames, height, width = masks.shape
    boxes = np.full((frames, subjects, 4), np.nan, np.float32)
    seen = np.zeros((frames, subjects), np.float32)
    for index in range(subjects):
        mine = masks == index + 1
        seen[:, index] = mine.sum((1, 2))
        rows, columns = mine.any(2), mine.any(1)
        for frame in np.flatnonzero(seen[:, index]):
            y, x = np.flatnonzero(rows[frame]), np.flatnonzero(columns[frame])
            boxes[frame, index] = x[0], y[0], x[-1] + 1, y[-1] + 1
    return boxes, seen


def find_events(
    places: FloatArray,
    seen: FloatArray,
    contacts: list[tuple[int, int, int]],
    fps: int,
    effects: Sequence[tuple[int, str, int, int]] = (),
) -> FloatArray:
    """Event rows from places [T, K, 3], visible pixels [T, K], first contacts (frame, a, b) and effects.

    Effects are (frame, kind, a, b). Who stands on the ground (b < 0) when the clip starts does not land.
    """
    rows = [
        (frame, EVENTS.index("landing" if b < 0 else "contact"), a, b)
        for frame, a, b in contacts
        if b >= 0 or frame
    ]
    rows += [(frame, EVENTS.index(kind), a, b) for frame, kind, a, b in effects]
    speed = np.linalg.norm(np.diff(places, axis=0), axis=-1) * fps
    for index in range(places.shape[1]):
        moving = speed[:, index] > 0.12
        for frame in np.flatnonzero(moving[1:] & ~moving[:-1]) + 1:
            if not moving[max(0, frame - 3) : frame].any() and moving[frame : frame + 3].all():
                rows.append((int(frame), EVENTS.index("starts"), index, -1))
        for frame in np.flatnonzero(~moving[1:] & moving[:-1]) + 1:
            if moving[max(0, frame - 3) : frame].all() and not moving[frame : frame + 3].any():
                rows.append((int(frame), EVENTS.index("stops"), index, -1))
        hidden = seen[:, index] < 0.04 * max(float(seen[:, index].max()), 1.0)
        for frame in np.flatnonzero(hidden[1:] & ~hidden[:-1]) + 1:
            rows.append((int(frame), EVENTS.index("hidden"), index, -1))
        for frame in np.flatnonzero(~hidden[1:] & hidden[:-1]) + 1:
            rows.append((int(frame), EVENTS.index("seen_again"), index, -1))
    return np.array(sorted(rows), np.int32).reshape(-1, 4)
