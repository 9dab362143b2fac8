"""Long video: a window as long as a model was trained on moves along, over what is made into what is not.

    window = [ sink | history | active ]      noise: low in what is made, rising from frame to frame in what is not

The model sees the three as one clip, so no place in time lies beyond those it was trained on. Active latent
frames are denoised in groups, each some steps behind the one before it; when the oldest group is clean it leaves,
is history to the others, and a new one enters as noise. A group as long as all that is active makes one window
after the other, with a seam between them; groups of one make a rolling window without any (Rolling Forcing,
arXiv 2509.25161; Diffusion Forcing, arXiv 2407.01392). Nothing older than a window is kept but the sink.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import Any

from torch import Tensor

from himmel.errors import UsageError
from himmel.flow.sample import OnStep, Predict, Sampler, Walker, advance, sample
from himmel.flow.state import MOST_KNOWN_LEVEL, FlowState, Shown

__all__ = ["Call", "Group", "Rolling", "roll"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Latent frames start..stop-1, which are denoised together, with `step` steps behind them; None: they wait."""

    start: int
    stop: int
    step: int | None

    @property
    def places(self) -> tuple[int, ...]:
        """Its latent frames."""
        return tuple(range(self.start, self.stop))


@dataclass(frozen=True, kw_only=True)
class Call:
    """One model call: which latent frames of the video are seen as `past`, and which `groups` are on their way."""

    past: tuple[int, ...]
    groups: tuple[Group, ...]

    @property
    def places(self) -> tuple[int, ...]:
        """Latent frames on their way."""
        return tuple(place for group in self.groups for place in group.places)

    @property
    def steps(self) -> tuple[int, ...]:
        """How many steps each group that does not wait has behind it."""
        return tuple(group.step for group in self.groups if group.step is not None)


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """How a window moves; everything in latent frames.

    window: seen at once, as many as the model was trained on. history: how many of them, at least, are made. sink:
    how many more are the first of the video, standing next to the history wherever that is. stride: how many leave
    at a time; 0 for all that are active. noise: level at which made latents are seen, 0 to 0.1.
    """

    window: int
    history: int
    sink: int = 0
    stride: int = 0
    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.window < 1 or min(self.history, self.sink, self.stride) < 0:
            raise UsageError(
                f"a window of {self.window} with {self.history} of history, {self.sink} of sink and a stride of "
                f"{self.stride} latent frames is not one; the window must be 1 or more, the others 0 or more"
            )
        if not 0 <= self.noise <= MOST_KNOWN_LEVEL:
            raise UsageError(
                f"history at noise level {self.noise} must lie in 0 to {MOST_KNOWN_LEVEL}; 0 is clean"
            )

    @property
    def active(self) -> int:
        """Latent frames that are denoised at once."""
        return self.window - self.history - self.sink

    @property
    def leaving(self) -> int:
        """Latent frames in a group."""
        return self.stride or self.active

    def lag(self, steps: int) -> int:
        """Model calls from one group to the next: as few as let each have `steps`."""
        return -(-steps // (self.active // self.leaving))

    def check(self, frames: int) -> None:
        """Raise UsageError unless a video of `frames` latent frames can be made so."""
        if frames < 1:
            raise UsageError(f"{frames} latent frames is nothing to make; ask for 1 or more")
        if frames <= self.window:
            return
        if self.history < 1 or self.active < 1:
            raise UsageError(
                f"a history of {self.history} must be at least 1 and, with a sink of {self.sink}, below the "
                f"window of {self.window} latent frames"
            )
        if self.active % self.leaving:
            raise UsageError(
                f"a stride of {self.stride} does not divide the {self.active} latent frames that are made at once"
            )

    def calls(self, frames: int, steps: int) -> Iterator[Call]:
        """Every model call for a video of `frames` latent frames, with `steps` for each.

        The first window is made in one piece, as a short video is; then the groups follow. Raises as `check` does.

        >>> rolling = Rolling(window=4, history=2, stride=1)
        >>> [(call.past, call.places, call.steps) for call in rolling.calls(6, steps=2)]
        ... # doctest: +NORMALIZE_WHITESPACE
        [((), (0, 1, 2, 3), (0,)), ((), (0, 1, 2, 3), (1,)),
         ((2, 3), (4, 5), (0,)), ((2, 3), (4, 5), (1, 0)), ((2, 3, 4), (5,), (1,))]
        """
        self.check(frames)
        opening = min(frames, self.window)
        for step in range(steps):
            yield Call(past=(), groups=(Group(start=0, stop=opening, step=step),))
        count = -(-(frames - opening) // self.leaving) if frames > opening else 0
        lag = self.lag(steps) if count else 0
        for call in range(lag * (count - 1) + steps if count else 0):
            first = max(0, (call - steps) // lag + 1)
            groups = []
            for number in range(first, min(count, first + self.active // self.leaving)):
                start = opening + number * self.leaving
                step = call - lag * number
                groups.append(
                    Group(start=start, stop=min(frames, start + self.leaving), step=step if step >= 0 else None)
                )
            yield Call(past=self._past(groups), groups=tuple(groups))

    def _past(self, groups: Sequence[Group]) -> tuple[int, ...]:
        """What is seen before the groups: the sink and the history, which fills the window."""
        room = self.window - self.sink - sum(len(group.places) for group in groups)
        return (*range(self.sink), *range(groups[0].start - room, groups[0].start))

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Rolling":
        """Read what `to_dict` wrote; raises UsageError on unknown keys."""
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise UsageError(f"a rolling window has unknown keys {unknown}; known keys are {known}")
        return cls(**values)


def roll(
    frames: int,
    begin: Callable[[int, int], FlowState],
    over: Callable[[tuple[int, ...]], Predict],
    sampler: Sampler,
    rolling: Rolling,
    on_step: OnStep | None = None,
) -> Iterator[Tensor]:
    """Clean latents [1, C, f, H, W] of a video of `frames` latent frames, group by group as they are done.

    begin: what latent frames start..stop-1 begin from; called once for each, in order. over: the model, asked
    about latent frames at these places of the video, which are the last of those it is shown. Known values come
    out unchanged to the bit. Raises as `sample` does, and UsageError for a window that cannot be.
    """
    rolling.check(frames)
    opening, steps = min(frames, rolling.window), sampler.steps
    total = sum(1 for _ in rolling.calls(frames, steps))
    tell = on_step or (lambda call, calls, clean: None)

    def tell_opening(call: int, calls: int, clean: Tensor) -> None:
        tell(call, total, clean)

    state = begin(0, opening)
    clean = sample(state, over(tuple(range(opening))), sampler, tell_opening)
    past = _Past(rolling)
    past.add(state, clean)
    yield clean
    walkers: dict[int, Walker] = {}
    for number, call in islice(enumerate(rolling.calls(frames, steps)), steps, None):
        for group in call.groups:
            if group.start not in walkers:
                walkers[group.start] = Walker(begin(group.start, group.stop), sampler)
        active = [walkers[group.start] for group in call.groups]
        moving = len(call.steps)
        tell(number, total, advance(active, moving, over(call.places), sampler.guidance, past.seen(call.past)))
        oldest = active[0]
        if oldest.clean is not None:
            past.add(oldest.state, oldest.clean)
            del walkers[call.groups[0].start]
            yield oldest.clean


class _Past:
    """What later latent frames see of those that are made: the sink and one window."""

    def __init__(self, rolling: Rolling) -> None:
        self._rolling, self._made = rolling, 0
        self._sink: list[Shown] = []
        self._recent: deque[Shown] = deque(maxlen=rolling.window)

    def add(self, state: FlowState, clean: Tensor) -> None:
        """Latent frames that are done."""
        for frame in state.recalled(clean, self._rolling.noise).apart():
            if len(self._sink) < self._rolling.sink:
                self._sink.append(frame)
            self._recent.append(frame)
            self._made += 1

    def seen(self, places: Sequence[int]) -> list[Shown]:
        """The latent frames at these places."""
        first = self._made - len(self._recent)
        return [self._sink[place] if place < first else self._recent[place - first] for place in places]
