"""How far a video is, and when it will be done: measured, never invented."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["STAGES", "Clock", "OnProgress", "Progress", "Stage"]

Stage: TypeAlias = Literal["load", "text", "block", "denoise", "decode", "finish", "write", "seal"]
STAGES: tuple[Stage, ...] = ("load", "text", "block", "denoise", "decode", "finish", "write", "seal")

RECENT = 0.1  # least share of the newest measurement in an average; the first ones count equally
# Until decoding has been timed, one latent frame is taken to cost this many forward passes.
DECODE_GUESS = 0.4


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One event. `done` of `total` are model calls in "denoise", frames in "decode" and "finish".

    seconds: since the beginning. eta: seconds to go, None before anything was measured. preview: uint8
    [F, h, w, 3], the video as it looks so far, one small picture for each latent frame.
    """

    stage: Stage
    done: int
    total: int
    seconds: float
    eta: float | None
    preview: NDArray[np.uint8] | None = None

    @property
    def fraction(self) -> float:
        """Share of the time that has passed, 0 to 1; 0 while the end is not known."""
        return 0.0 if self.eta is None else self.seconds / max(self.seconds + self.eta, 1e-9)


OnProgress: TypeAlias = Callable[[Progress], None]


class Clock:
    """Counts the work of one video and times it.

    calls: model calls to make, each costing 1 or 2 (guided) forward passes. groups: latent frames to decode.
    finished: frames that the finisher makes; until the first one nobody knows how long it takes.
    `now` is the clock to read, in seconds.
    """

    def __init__(
        self,
        listener: OnProgress | None = None,
        *,
        calls: int,
        cost: int,
        groups: int,
        finished: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener, self._now = listener, now
        self._calls, self._groups = calls, groups
        self._cost_left, self._groups_left = cost, groups
        self._called = 0
        self._finished = self._finished_left = finished
        self._passes, self._decodes, self._finishes = _Average(), _Average(), _Average()
        self._began = self._last = now()

    def at(self, stage: Stage) -> None:
        """A stage without parts begins."""
        self._last = self._now()
        self._tell(stage, 0, 1)

    def called(self, cost: int, preview: NDArray[np.uint8] | None = None) -> None:
        """One model call of `cost` forward passes has been made."""
        self._passes.add(self._lap() / cost)
        self._called += 1
        self._cost_left -= cost
        self._tell("denoise", self._called, self._calls, preview)

    def decoded(self, groups: int) -> None:
        """`groups` latent frames have been decoded."""
        self._decodes.add(self._lap() / groups)
        self._groups_left -= groups
        self._tell("decode", self._groups - self._groups_left, self._groups)

    def finished(self) -> None:
        """The finisher has made a frame."""
        self._finishes.add(self._lap())
        self._finished_left -= 1
        self._tell("finish", self._finished - self._finished_left, self._finished)

    def resume(self) -> None:
        """Time that passed elsewhere (writing, waiting) is not the next measurement's."""
        self._last = self._now()

    @property
    def eta(self) -> float | None:
        """Seconds to go, None before anything was measured."""
        if self._passes.value is None or (self._finished and self._finishes.value is None):
            return None
        per_group = DECODE_GUESS * self._passes.value if self._decodes.value is None else self._decodes.value
        per_frame = self._finishes.value or 0.0
        model = self._cost_left * self._passes.value + self._groups_left * per_group
        return model + self._finished_left * per_frame

    def _lap(self) -> float:
        last, self._last = self._last, self._now()
        return self._last - last

    def _tell(self, stage: Stage, done: int, total: int, preview: NDArray[np.uint8] | None = None) -> None:
        if self._listener is not None:
            seconds = self._now() - self._began
            self._listener(
                Progress(stage=stage, done=done, total=total, seconds=seconds, eta=self.eta, preview=preview)
            )


class _Average:
    """A mean that comes to follow the newest values."""

    def __init__(self) -> None:
        self.value: float | None = None
        self._count = 0

    def add(self, new: float) -> None:
        self._count += 1
        share = max(RECENT, 1 / self._count)
        self.value = new if self.value is None else (1 - share) * self.value + share * new
