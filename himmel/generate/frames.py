"""A plan becomes frames: latents leave a window that moves along the shot, are decoded and handed on.

Of a long shot only one window and what the codec remembers are in work at once: memory does not grow with length.
What conditions give is held whole, as latents: for the bundled model a sixteenth of the bytes of the frames.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from himmel.conditions import Canvas, Condition, Seam, respect
from himmel.errors import HimmelError, UsageError, WeightsError
from himmel.finish import Target, finish_stream
from himmel.flow import (
    Begin,
    FlowState,
    Guidance,
    OnStep,
    Rolling,
    Sampler,
    entering,
    noise_frames,
    roll,
    sigma_grid,
)
from himmel.generate.blocking import blocking_of
from himmel.generate.model import Asked, Model
from himmel.generate.progress import Clock, OnProgress
from himmel.media import Pixels
from himmel.plan import Finish, Plan, Shot
from himmel.shapes import LatentShape, PixelShape

__all__ = ["clock_of", "stream_frames"]

SEAM_FRAMES = 8  # held back where given frames may follow
DECODE_PIXELS = 2**20  # pixels of a frame times latent frames decoded at once: speed against memory


@dataclass(frozen=True, kw_only=True)
class _Take:
    """One shot on its way: the model, its arithmetic and the clock."""

    shot: Shot
    model: Model
    clock: Clock

    @property
    def shape(self) -> LatentShape:
        shot = self.shot
        pixels = PixelShape(frames=shot.frames, height=shot.height, width=shot.width)
        return self.model.compression.latent_shape(pixels, self.model.codec.config.latent_channels)

    @property
    def sampler(self) -> Sampler:
        return _sampler(self.shot, self.model)

    @property
    def rolling(self) -> Rolling:
        return _rolling(self.shot, self.model)

    def canvas(self) -> Canvas:
        shape = PixelShape(frames=self.shot.frames, height=self.shot.height, width=self.shot.width)
        return Canvas(shape=shape, compression=self.model.compression, encode=self.model.encode)


def clock_of(plan: Plan, model: Model, on_progress: OnProgress | None = None) -> Clock:
    """A clock wound for all the work of a plan."""
    costs = [cost for shot in plan.shots for cost in _costs(shot, model)]
    groups = sum(model.compression.latent_frames(shot.frames) for shot in plan.shots)
    finished = plan.frames if plan.finish else 0
    return Clock(on_progress, calls=len(costs), cost=sum(costs), groups=groups, finished=finished)


def stream_frames(plan: Plan, model: Model, conditions: Sequence[Condition], clock: Clock) -> Iterator[Pixels]:
    """Chunks of frames uint8 [t, H, W, 3] of all shots, one after the other."""
    for shot in plan.shots:
        take = _Take(shot=shot, model=model, clock=clock)
        frames = _shot_frames(take, conditions)
        yield from _finished(take, frames, plan.finish) if plan.finish else frames


def _finished(take: _Take, frames: Iterator[Pixels], finish: Finish) -> Iterator[Pixels]:
    """The frames of a shot after the finisher, one by one."""
    if take.model.finisher is None:
        raise WeightsError("these weights have no finisher; add one with: himmel train finisher")
    target = Target(size=finish.size, smooth=finish.smooth)
    for frame in finish_stream(take.model.finisher, frames, target, on_frame=take.clock.finished):
        yield frame
        take.clock.resume()


def _shot_frames(take: _Take, conditions: Sequence[Condition]) -> Iterator[Pixels]:
    """What is played of a shot, in chunks."""
    frames = _restored(take, conditions)
    for condition in conditions:
        frames = condition.play(frames)
    return frames


def _restored(take: _Take, conditions: Sequence[Condition]) -> Iterator[Pixels]:
    """The frames of a shot with given pixels in their places."""
    canvas, seam, start = take.canvas(), Seam(ahead=SEAM_FRAMES if conditions else 0), 0
    for chunk in _decoded(take, _latents(take, conditions, canvas)):
        restored = chunk
        for condition in conditions:
            restored = condition.restore(restored, start, canvas)
        start += len(chunk)
        yield seam.join(chunk, restored)
        take.clock.resume()
    yield from (frame[None] for frame in seam.end())


@torch.inference_mode()
def _latents(take: _Take, conditions: Sequence[Condition], canvas: Canvas) -> Iterator[Tensor]:
    """New latents [1, C, f, h, w] of each window."""
    take.clock.at("text")
    asked = _asked(take)
    if take.model.planning and not conditions:  # what is given decides who is where, and nothing reads it there
        take.clock.at("block")
        asked = replace(asked, blocking=blocking_of(asked, take.shape.frames, take.shot.seed, take.rolling))
    begin = _beginnings(take, conditions, canvas)
    turns = tuple(asked.texts)[1:]
    yield from roll(take.shape.frames, begin, asked.over, take.sampler, take.rolling, _telling(take), turns)


def _asked(take: _Take) -> Asked:
    """The model with the texts of the shot, by the latent frames that they begin at."""
    texts = _texts(take.shot, take.model)
    return Asked(model=take.model, texts={at: take.model.embed(text, take.shot.negative) for at, text in texts})


def _beginnings(take: _Take, conditions: Sequence[Condition], canvas: Canvas) -> Begin:
    """What latent frames begin from: their part of the noise, and of what is given."""
    known, noise, device = respect(conditions, canvas), noise_frames(take.shape, take.shot.seed), take.model.device

    def begin(start: int, stop: int) -> FlowState:
        state = FlowState.begin(torch.cat(list(islice(noise, stop - start)), dim=2).to(device))
        origin, where = known.origin[:, :, start:stop], known.where[:, :, start:stop]
        state = state.entering(origin.expand(state.latents.shape).to(device), known.start)
        if not where.any():
            return state
        values = known.values[:, :, start:stop].expand(state.latents.shape).to(state.latents)
        return state.knowing(values, where.to(device))

    return begin


def _telling(take: _Take) -> OnStep:
    costs = _costs(take.shot, take.model)

    def on_step(call: int, calls: int, clean: Tensor) -> None:
        small = take.model.codec.preview(clean)[0].permute(1, 2, 3, 0)  # [F, h, w, 3]
        take.clock.called(next(costs), _to_bytes(small))

    return on_step


@torch.inference_mode()
def _decoded(take: _Take, latents: Iterator[Tensor]) -> Iterator[Pixels]:
    at_once = max(1, DECODE_PIXELS // (take.shot.width * take.shot.height))
    chunks = (chunk for new in latents for chunk in torch.split(new, at_once, dim=2))
    for video in take.model.codec.decode_stream(chunks):
        if not torch.isfinite(video).all():
            raise HimmelError("the codec made frames that are not finite numbers; the weights are not usable")
        frames = video[0].permute(1, 2, 3, 0)  # [t, H, W, 3]
        take.clock.decoded(-(-len(frames) // take.model.compression.time))
        yield _to_bytes(frames)


def _to_bytes(frames: Tensor) -> Pixels:
    """[..., 3] in [-1, 1] as uint8 on the CPU."""
    array: Pixels = (
        (frames.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).cpu().contiguous().numpy()
    )
    return array


def _rolling(shot: Shot, model: Model) -> Rolling:
    windows, compression = shot.windows, model.compression
    if windows.stride % compression.time:
        raise UsageError(f"a stride of {windows.stride} frames is not a multiple of {compression.time}")
    return Rolling(
        window=compression.latent_frames(windows.frames),
        history=compression.latent_frames(windows.overlap) if windows.overlap else 0,
        sink=compression.latent_frames(windows.sink) if windows.sink else 0,
        stride=windows.stride // compression.time,
        noise=windows.carry_level,
    )


def _sampler(shot: Shot, model: Model) -> Sampler:
    how = shot.sampling
    return Sampler(
        sigmas=entering(sigma_grid(how.steps, how.shift), how.start),
        prediction=model.transformer.config.prediction,
        solver=how.solver,
        guidance=Guidance(scale=how.guidance, low=how.guidance_from, high=how.guidance_until, rescale=how.rescale),
    )


def _texts(shot: Shot, model: Model) -> list[tuple[int, str]]:
    """Captions with the latent frames at which they begin."""
    frames = [0, *(-(-cue.frame // model.compression.time) for cue in shot.cues)]
    return list(zip(frames, shot.captions, strict=True))


def _costs(shot: Shot, model: Model) -> Iterator[int]:
    """Forward passes of each model call: one for every text in its window, one more where guidance acts."""
    sampler, begins = _sampler(shot, model), [at for at, _ in _texts(shot, model)]
    times = sampler.sigmas.tolist()
    for call in _rolling(shot, model).calls(
        model.compression.latent_frames(shot.frames), sampler.steps, begins[1:]
    ):
        texts = {bisect_right(begins, place) for place in call.places}
        yield len(texts) + any(sampler.guidance.acts_at(times[step]) for step in call.steps)
