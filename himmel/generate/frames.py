"""A plan becomes frames: windows of latents are denoised, decoded and handed on while the next are made.

Of a long shot only one window and what the codec remembers are in work at once. Held whole are its noise and
what conditions give, as latents: for the bundled model each a sixteenth of the bytes of the finished frames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from himmel.conditions import Canvas, Condition, Known, Seam, respect
from himmel.errors import HimmelError, WeightsError
from himmel.finish import Target, finish_stream
from himmel.flow import FlowState, Guidance, Window, sample, sigma_grid, start_noise, windows
from himmel.generate.model import Asked, Model
from himmel.generate.progress import Clock, OnProgress
from himmel.media import Pixels
from himmel.plan import Finish, Plan, Shot
from himmel.shapes import LatentShape, PixelShape

__all__ = ["clock_of", "stream_frames"]

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
    def windows(self) -> tuple[Window, ...]:
        return _windows(self.shot, self.model)

    @property
    def guidance(self) -> Guidance:
        sampling = self.shot.sampling
        return Guidance(
            scale=sampling.guidance,
            low=sampling.guidance_from,
            high=sampling.guidance_until,
            rescale=sampling.rescale,
        )

    def canvas(self) -> Canvas:
        shape = PixelShape(frames=self.shot.frames, height=self.shot.height, width=self.shot.width)
        return Canvas(shape=shape, compression=self.model.compression, encode=self.model.encode)


def clock_of(plan: Plan, model: Model, on_progress: OnProgress | None = None) -> Clock:
    """A clock wound for all the work of a plan."""
    costs = [cost for shot in plan.shots for _ in _windows(shot, model) for cost in _costs(shot)]
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
    canvas, seam, start = take.canvas(), Seam(), 0
    for chunk in _decoded(take, _latents(take, conditions, canvas)):
        restored = chunk
        for condition in conditions:
            restored = condition.restore(restored, start, canvas)
        start += len(chunk)
        yield seam.join(chunk, restored)
        take.clock.resume()


@torch.inference_mode()
def _latents(take: _Take, conditions: Sequence[Condition], canvas: Canvas) -> Iterator[Tensor]:
    """New latents [1, C, f, h, w] of each window."""
    take.clock.at("text")
    asked = Asked(model=take.model, text=take.model.embed(take.shot.caption, take.shot.negative))
    known = respect(conditions, canvas)
    noise = start_noise(take.shape, take.shot.seed)
    carried: Tensor | None = None
    for window in take.windows:
        state = _state(take, window, noise, known, carried)
        carried = _denoised(take, state, asked)  # [1, C, window, h, w]
        yield carried[:, :, window.known :]


def _state(take: _Take, window: Window, noise: Tensor, known: Known, carried: Tensor | None) -> FlowState:
    """What a window begins from: its part of the noise, of what is given and of what was made before."""
    here = slice(window.start, window.stop)
    state = FlowState.begin(noise[:, :, here].to(take.model.device))
    if carried is not None:
        values, where = torch.zeros_like(state.latents), torch.zeros_like(state.free)
        values[:, :, : window.known] = carried[:, :, -window.known :]
        where[:, :, : window.known] = 1
        state = state.knowing(values, where, level=take.shot.windows.carry_level)
    if not known.where[:, :, here].any():
        return state
    values = known.values[:, :, here].expand(state.latents.shape).to(state.latents)
    return state.knowing(values, known.where[:, :, here].to(state.latents.device))


def _denoised(take: _Take, state: FlowState, asked: Asked) -> Tensor:
    sampling, codec = take.shot.sampling, take.model.codec
    costs = _costs(take.shot)

    def on_step(step: int, steps: int, clean: Tensor) -> None:
        small = codec.preview(clean)[0].permute(1, 2, 3, 0)  # [F, h, w, 3]
        take.clock.called(costs[step], _to_bytes(small))

    return sample(
        state,
        asked,
        sigmas=sigma_grid(sampling.steps, sampling.shift),
        prediction=take.model.transformer.config.prediction,
        solver=sampling.solver,
        guidance=take.guidance,
        on_step=on_step,
    )


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


def _windows(shot: Shot, model: Model) -> tuple[Window, ...]:
    frames = model.compression.latent_frames
    return windows(frames(shot.frames), size=frames(shot.windows.frames), overlap=frames(shot.windows.overlap))


def _costs(shot: Shot) -> list[int]:
    """Forward passes of each step: two where guidance acts."""
    sampling = shot.sampling
    guide = Guidance(scale=sampling.guidance, low=sampling.guidance_from, high=sampling.guidance_until)
    times = sigma_grid(sampling.steps, sampling.shift)[:-1].tolist()
    return [2 if guide.acts_at(t) else 1 for t in times]
