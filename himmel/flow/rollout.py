"""Long video: a window as long as a model was trained on moves along, over what is made into what is not.

    window = [ sink | history | active ]      noise: low in what is made, rising from frame to frame in what is not

The model sees the three as one clip, so no place in time lies beyond those it was trained on. Active latent
frames are denoised in groups, each some steps behind the one before it; when the oldest group is clean it leaves,
is history to the others, and a new one enters as noise. A group as long as all that is active makes one window
after the other, with a seam between them; groups of one make a rolling window without any (Rolling Forcing,
arXiv 2509.25161; Diffusion Forcing, arXiv 2407.01392). Nothing older than a window is kept but the sink.

A sink holds the picture to what it was, so it must not reach over a turn, where something else is to begin: there
it is let go, and the first latent frames that were made with nothing from before the turn in sight are the next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import Any, TypeAlias

from torch import Tensor

from himmel.errors import UsageError
from himmel.flow.sample import OnStep, Predict, Sampler, Walker, advance, sample
from himmel.flow.state import MOST_KNOWN_LEVEL, FlowState, Shown

__all__ = ["Begin", "Call", "Group", "Rolling", "roll"]

Begin: TypeAlias = Callable[[int, int], FlowState]


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

    @property
    def together(self) -> int:
        """Groups in the window, on their way or waiting."""
        return self.active // self.leaving

    def lag(self, steps: int) -> int:
        """Model calls from one group to the next: as few as let each have `steps`."""
        return -(-steps // self.together)

    def kept(self, steps: int) -> int:
        """Latent frames of the first window that leave it at once; the others go on with those that come."""
        on_their_way = -(-steps // self.lag(steps))
        return self.window - self.leaving * (on_their_way - 1)

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

    def sink_of(self, turn: int) -> range:
        """The latent frames that are the sink of what begins at `turn`, 0 for the video itself."""
        first = turn + self.window - 1 if turn else 0
        return range(first, first + self.sink)

    def calls(self, frames: int, steps: int, turns: Sequence[int] = ()) -> Iterator[Call]:
        """Every model call for a video of `frames` latent frames, with `steps` for each and turns at these places.

        The first window is made in one piece, as a short video is. Then its later groups get back as much noise as
        they have in a window on its way, so that there is no seam here either. Raises as `check` does.

        >>> rolling = Rolling(window=4, history=2, stride=1)
        >>> for call in rolling.calls(6, steps=2):
        ...     print(call.past, call.places, call.steps)
        () (0, 1, 2, 3) (0,)
        () (0, 1, 2, 3) (1,)
        (1, 2) (3, 4) (1, 0)
        (2, 3) (4, 5) (1, 0)
        (2, 3, 4) (5,) (1,)
        """
        self.check(frames)
        opening = min(frames, self.window)
        for step in range(steps):
            yield Call(past=(), groups=(Group(start=0, stop=opening, step=step),))
        if frames > opening:
            yield from self._rolling_calls(frames, steps, turns)

    def _rolling_calls(self, frames: int, steps: int, turns: Sequence[int]) -> Iterator[Call]:
        lag, kept = self.lag(steps), self.kept(steps)
        count = -(-(frames - kept) // self.leaving)
        ahead = (self.window - kept) // self.leaving * lag  # steps that the first group has when these calls begin
        for call in range(ahead, lag * (count - 1) + steps):
            first = max(0, (call - steps) // lag + 1)
            groups = []
            for number in range(first, min(count, first + self.together)):
                start, step = kept + number * self.leaving, call - lag * number
                stop = min(frames, start + self.leaving)
                groups.append(Group(start=start, stop=stop, step=step if step >= 0 else None))
            yield Call(past=self._past(groups, turns), groups=tuple(groups))

    def _past(self, groups: Sequence[Group], turns: Sequence[int]) -> tuple[int, ...]:
        """What is seen before the groups: the sink, where one is, and the history, which fills the window."""
        start, stop = groups[0].start, groups[-1].stop
        history = range(stop - self.window + self.sink, start)
        sink = self.sink_of(max((turn for turn in turns if turn < stop), default=0))
        if sink.stop > history.start:
            return tuple(range(stop - self.window, start))
        return (*sink, *history)

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
    begin: Begin,
    over: Callable[[tuple[int, ...]], Predict],
    sampler: Sampler,
    rolling: Rolling,
    on_step: OnStep | None = None,
    turns: Sequence[int] = (),
) -> Iterator[Tensor]:
    """Clean latents [1, C, f, H, W] of a video of `frames` latent frames, group by group as they are done.

    begin: what latent frames start..stop-1 begin from, at the first of the sampler's times; called once for each,
    in order. over: the model, asked about latent frames at these places of the video, which are the last of those
    it is shown. turns: places at which something else begins. Known values come out unchanged to the bit. Raises
    as `sample` does, and UsageError for a window that cannot be.
    """
    steps, total = sampler.steps, sum(1 for _ in rolling.calls(frames, sampler.steps))
    tell = on_step or (lambda call, calls, clean: None)
    opening = begin(0, min(frames, rolling.window))
    places = tuple(range(opening.frames))
    clean = sample(opening, over(places), sampler, lambda call, _, seen: tell(call, total, seen))
    kept = rolling.kept(steps) if frames > rolling.window else frames
    yield clean[:, :, :kept]
    past, flight = _Past(rolling, turns), _Flight(begin, sampler, opening, clean)
    past.add(opening.part(0, kept), clean[:, :, :kept])
    for number, call in islice(enumerate(rolling.calls(frames, steps, turns)), steps, None):
        active = flight.of(call.groups)
        seen = advance(active, len(call.steps), over(call.places), sampler.guidance, past.seen(call.past))
        tell(number, total, seen)
        oldest = active[0]
        if oldest.clean is not None:
            past.add(oldest.state, oldest.clean)
            yield oldest.clean


class _Flight:
    """The groups on their way: new ones begin as noise, those of the first window again from what it became."""

    def __init__(self, begin: Begin, sampler: Sampler, opening: FlowState, clean: Tensor) -> None:
        self._begin, self._sampler, self._opening, self._clean = begin, sampler, opening, clean
        self._walkers: dict[int, Walker] = {}

    def of(self, groups: Sequence[Group]) -> list[Walker]:
        """Their walkers; those of other groups are forgotten."""
        self._walkers = {group.start: self._walkers.get(group.start) or self._enter(group) for group in groups}
        return list(self._walkers.values())

    def _enter(self, group: Group) -> Walker:
        if group.start >= self._opening.frames:
            return Walker(self._begin(group.start, group.stop), self._sampler)
        state, clean = self._opening.part(group.start, group.stop), self._clean[:, :, group.start : group.stop]
        return Walker(state.entering(clean, float(self._sampler.sigmas[group.step or 0])), self._sampler)


class _Past:
    """What later latent frames see of those that are made: one window, and the sinks."""

    def __init__(self, rolling: Rolling, turns: Sequence[int]) -> None:
        self._noise, self._window, self._made = rolling.noise, rolling.window, 0
        self._sinks = {place for turn in (0, *turns) for place in rolling.sink_of(turn)}
        self._frames: dict[int, Shown] = {}

    def add(self, state: FlowState, clean: Tensor) -> None:
        """Latent frames that are done."""
        for frame in state.recalled(clean, self._noise).apart():
            self._frames[self._made] = frame
            old = self._made - self._window
            if old not in self._sinks:
                self._frames.pop(old, None)
            self._made += 1

    def seen(self, places: Sequence[int]) -> list[Shown]:
        """The latent frames at these places."""
        return [self._frames[place] for place in places]
