"""The training loop: everything about a run that is the same for a codec and a transformer.

All randomness of step n comes from generators seeded with (seed, n). So a checkpoint holds weights, averages
and optimiser states only: there is no generator state or data position to save, and a run that was
interrupted and went on equals one that was not, to the bit.
"""

import json
import reprlib
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from himmel.errors import Cancelled, TrainingError
from himmel.train.checkpoint import Checkpoint, latest_checkpoint, save_checkpoint
from himmel.train.ema import PowerAverage, copy_into
from himmel.train.metrics import Metrics, Progress, gemm_peak
from himmel.train.optimiser import build_optimisers, flat_state, load_flat_state, rate
from himmel.train.recipes import OptimiserRecipe, RunRecipe
from himmel.train.workers import Gradients, Workers, one_thread

__all__ = ["Loop", "Task"]

Part = TypeVar("Part", bound=Sized)

# Fields of a recipe that say where something lies: a run may go on when it moved. What it is, `source` says.
_PLACES = frozenset({"pixels", "latents", "pairs", "initial", "reader", "blockings"})
_BESIDE = frozenset({"tensorboard"})  # changes nothing that is learned
_PATIENCE = 50  # steps in a row with losses that are not finite before a run gives up


class Task(Protocol[Part]):
    """What is trained: how to draw a batch and what its loss is. The length of a part is its number of clips."""

    @property
    def model(self) -> nn.Module:
        """Holds every parameter that is trained."""

    def draw(self, rng: np.random.Generator, progress: float) -> Sequence[Part]:
        """The parts of one batch, whose losses are averaged; runs in another thread, one step ahead.

        `progress` is the share of the run that is done, from 0 to 1.
        """

    def kind(self, part: Part, /) -> Hashable:
        """Parts of one kind cost the same number of operations."""

    def loss(self, part: Part, generator: torch.Generator, /) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of one part, and scalars worth reporting."""

    def evaluate(self) -> dict[str, float]:
        """Figures on held-out data, of the weights that are in `model` now."""


class Loop(Generic[Part]):
    """One run in one folder: restores itself, steps, reports, saves; `samples` counts the clips it drew.

    `about` is the recipe as plain values: going on from a checkpoint of another recipe is refused. `sources` are
    the `source`s of the data that the weights learned from: those of the run it began from first, its own last.
    """

    def __init__(
        self, task: Task[Part], recipe: RunRecipe, optimiser: OptimiserRecipe, out: Path, about: Mapping[str, Any]
    ) -> None:
        self.task, self.recipe, self.optimiser, self.out = task, recipe, optimiser, out
        self.about = json.loads(json.dumps(about))
        self.sources: tuple[str, ...] = (_source(self.about),)
        self.step = self.samples = 0
        self._parameters = [parameter for parameter in task.model.parameters() if parameter.requires_grad]
        self._optimisers = build_optimisers(task.model, optimiser)
        self._workers: Workers | None = None
        self.averages = {str(width): PowerAverage(task.model, width) for width in recipe.averages}
        self._lost = 0
        self._began, self._first = monotonic(), 0
        self._flops: dict[Hashable, float] = {}
        self._recent: deque[tuple[float, float, bool]] = deque(maxlen=recipe.log_every)  # seconds, flops, skipped
        self._restore()

    def run(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train to the recipe's last step and save; a run that is there already does nothing.

        `should_stop` is asked after every step; when it says yes, the state is saved and Cancelled raised.
        """
        if self.step >= self.recipe.steps:
            return
        peak = gemm_peak(self.recipe.device, self.recipe.precision)
        saved = self._began = monotonic()
        self._first = self.step
        metrics = Metrics(self.out, self.step, tensorboard=self.recipe.tensorboard)
        with self._side_by_side(), ThreadPoolExecutor(max_workers=1) as thread, metrics:
            upcoming = self._draw(thread)
            while self.step < self.recipe.steps:
                batch = upcoming.result()
                self.step += 1
                last = self.step == self.recipe.steps
                if not last:
                    upcoming = self._draw(thread)
                scalars = self._train(batch)
                self.samples += sum(map(len, batch))
                if last or self.step % self.recipe.log_every == 0:
                    progress = self._progress(scalars, peak)
                    metrics.write(progress)
                    if on_progress is not None:
                        on_progress(progress)
                if last or self.step % self.recipe.evaluate_every == 0:
                    metrics.write_scalars(self.step, self.evaluate())
                stop = not last and should_stop()
                if last or stop or monotonic() - saved > self.recipe.checkpoint_seconds:
                    self.save()
                    saved = monotonic()
                if stop:
                    raise Cancelled(f"stopped after step {self.step}; run the same command again to go on")

    @contextmanager
    def _side_by_side(self) -> Iterator[None]:
        """Have `side_by_side` processes at work, this one among them."""
        if self.recipe.side_by_side == 1:
            yield
            return
        self._workers = Workers(self.recipe.side_by_side, self._parameters, self._redrawn)
        try:
            yield
        finally:
            self._workers.close()
            self._workers = None

    def save(self) -> None:
        """Write a checkpoint of the current step."""
        sections = {
            "model": dict(self.task.model.state_dict()),
            "optimiser": flat_state(self._optimisers),
            **{f"average.{width}": average.values for width, average in self.averages.items()},
        }
        tensors = {f"{name}.{key}": value for name, part in sections.items() for key, value in part.items()}
        about = {**self.about, "sources": self.sources}
        checkpoint = Checkpoint(step=self.step, samples=self.samples, tensors=tensors, about=about)
        save_checkpoint(self.out / "checkpoints", checkpoint, keep=self.recipe.keep)

    def evaluate(self) -> dict[str, float]:
        """The task's figures for the current weights; without compilation, which would take longer."""
        with torch.compiler.set_stance("force_eager"), torch.no_grad(), self._autocast():
            return self.task.evaluate()

    def keep_best(self, figure: str) -> tuple[str, dict[str, float]]:
        """Leave in the model whichever of its weights and their averages has most of a figure of the task.

        Returns the width of that average, empty for the weights themselves, and its figures.
        """
        best, figures = "", self.evaluate()
        for width, average in self.averages.items():
            with average.applied(self.task.model):
                candidate = self.evaluate()
            if candidate[figure] > figures[figure]:
                best, figures = width, candidate
        if best:
            copy_into(self.task.model, self.averages[best].values)
        return best, figures

    def _restore(self) -> None:
        checkpoint = latest_checkpoint(self.out / "checkpoints")
        if checkpoint is None:
            self._begin()
            return
        changed = [line for key in self.about for line in _differ(checkpoint.about.get(key), self.about[key], key)]
        if changed:
            raise TrainingError(
                f"{self.out} holds a run of another recipe ({', '.join(changed)}); choose another folder"
            )
        self.step, self.samples = checkpoint.step, checkpoint.samples
        self.sources = _sources(checkpoint, _source(self.about))
        self._load_model(checkpoint.section("model"), self.out)
        load_flat_state(self._optimisers, checkpoint.section("optimiser"))
        for width, average in self.averages.items():
            for name, value in checkpoint.section(f"average.{width}").items():
                average.values[name].copy_(value)

    def _begin(self) -> None:
        """Start from another run's weights, when the recipe names one."""
        if self.recipe.initial:
            initial = latest_checkpoint(Path(self.recipe.initial) / "checkpoints")
            if initial is None:
                raise TrainingError(f"{self.recipe.initial} holds no checkpoint to start from; train it first")
            self._load_model(self._grown(initial.section("model")), Path(self.recipe.initial))
            before = _sources(initial, _source(initial.about))
            self.sources = tuple(dict.fromkeys((*before, *self.sources)))

    def _grown(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Another run's weights, and this model's own for modules that change nothing at first (`silent`)."""
        silent = [(name, each) for name, each in self.task.model.named_modules() if getattr(each, "silent", False)]
        own = {f"{name}.{key}": value for name, each in silent for key, value in each.state_dict().items()}
        return {**own, **weights}

    def _load_model(self, weights: Mapping[str, Tensor], run: Path) -> None:
        try:
            self.task.model.load_state_dict(weights)
        except RuntimeError as error:
            raise TrainingError(
                f"{run} holds another model; give the recipe it was trained with, or another run"
            ) from error

    def _draw(self, thread: ThreadPoolExecutor) -> Future[Sequence[Part]]:
        return thread.submit(self.task.draw, *self._chance(self.step + 1))

    def _chance(self, step: int) -> tuple[np.random.Generator, float]:
        """What a step's batch is drawn with."""
        return np.random.default_rng([self.recipe.seed, step - 1]), (step - 1) / self.recipe.steps

    def _train(self, batch: Sequence[Part]) -> dict[str, float]:
        """One update; returns the means of the parts' scalars."""
        began = monotonic()
        for part in batch:
            if self.task.kind(part) not in self._flops:
                self._count(part)
        started = monotonic()
        self._began += started - began  # counting and compiling happen once: they say nothing of what is to come
        sums: dict[str, float] = {}
        for scalars, gradients in self._results(batch):
            for name, value in scalars.items():
                sums[name] = sums.get(name, 0.0) + value
            for parameter, gradient in zip(self._parameters, gradients, strict=True):
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        flops = sum(self._flops[self.task.kind(part)] for part in batch)
        norm = float(nn.utils.clip_grad_norm_(self.task.model.parameters(), self.optimiser.clip))
        finite = np.isfinite(norm)
        if finite:
            self._update()
        self._forget_gradients()
        self._recent.append((monotonic() - started, flops, not finite))
        self._give_up_if_lost()
        return {name: value / len(batch) for name, value in sums.items()} | {"gradient_norm": norm}

    def _results(self, batch: Sequence[Part]) -> Iterator[tuple[dict[str, float], Gradients]]:
        """What each process finds, in their order: the sum is the same on any machine load."""
        if self._workers is None:
            yield self._work(batch, 0)
            return
        self._workers.ask(self.step)
        with one_thread():
            own = self._work(batch, 0)
        yield own
        yield from self._workers.answers()

    def _redrawn(self, step: int, number: int) -> tuple[dict[str, float], Gradients]:
        """`_work` in another process, which draws the batch for itself."""
        self.step = step
        return self._work(self.task.draw(*self._chance(step)), number)

    def _work(self, batch: Sequence[Part], number: int) -> tuple[dict[str, float], Gradients]:
        """Sums of scalars and gradients over a process's parts of a batch."""
        sums: dict[str, float] = {}
        total: list[Tensor | None] = [None] * len(self._parameters)
        for place in range(number, len(batch), self.recipe.side_by_side):
            scalars, gradients = self._gradients(batch[place], place, 1 / len(batch))
            for name, value in scalars.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            total = [_added(one, other) for one, other in zip(total, gradients, strict=True)]
        return sums, total

    def _update(self) -> None:
        share = rate(self.step - 1, self.recipe.steps, self.optimiser)
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * share
            optimiser.step()
        if self.step % self.recipe.average_every == 0:
            for average in self.averages.values():
                average.update(self.task.model, self.step, self.recipe.average_every)

    def _give_up_if_lost(self) -> None:
        self._lost = self._lost + 1 if self._recent[-1][2] else 0
        if self._lost == _PATIENCE:
            raise TrainingError(f"{_PATIENCE} steps in a row up to {self.step} were not finite; lower the rate")

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.recipe.device, torch.bfloat16, enabled=self.recipe.precision == "bf16")

    def _generator(self, part: int) -> torch.Generator:
        """The noise of one part of the current step."""
        seed = np.random.SeedSequence([self.recipe.seed, self.step, part]).generate_state(1, np.uint64)[0]
        return torch.Generator(self.recipe.device).manual_seed(int(seed >> np.uint64(1)))

    def _gradients(
        self, part: Part, place: int, share: float
    ) -> tuple[dict[str, Tensor], Sequence[Tensor | None]]:
        """Scalars of the part at `place` in the batch, and its gradients in the order of the parameters."""
        with self._autocast():
            loss, scalars = self.task.loss(part, self._generator(place))
        gradients = torch.autograd.grad(loss * share, self._parameters, allow_unused=True)
        return {"loss": loss, **scalars}, gradients

    def _count(self, part: Part) -> None:
        """Count what parts of this kind cost, and compile for them, in passes whose gradients are dropped.

        Counting takes operators apart, which changes their last bits, so a counted pass must not train. It
        runs without compilation, which hides operations.
        """
        with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as counter:
            self._gradients(part, 0, 1.0)
        self._flops[self.task.kind(part)] = counter.get_total_flops()
        if self.recipe.compile:
            with one_thread() if self._workers else nullcontext():
                self._gradients(part, 0, 1.0)

    def _forget_gradients(self) -> None:
        for optimiser in self._optimisers:
            optimiser.zero_grad(set_to_none=True)

    def _progress(self, scalars: dict[str, float], peak: float) -> Progress:
        seconds = sum(entry[0] for entry in self._recent)
        # Waiting for data, judging and saving take time too, which a step's own seconds leave out.
        per_step_in_all = (monotonic() - self._began) / (self.step - self._first)
        return Progress(
            step=self.step,
            steps=self.recipe.steps,
            scalars=scalars,
            seconds_per_step=seconds / len(self._recent),
            eta_seconds=per_step_in_all * (self.recipe.steps - self.step),
            flops_per_second=sum(entry[1] for entry in self._recent) / seconds,
            peak_flops_per_second=peak,
            skipped=sum(entry[2] for entry in self._recent),
        )


def _source(about: Mapping[str, Any]) -> str:
    """What a recipe says of its data; empty where it does not."""
    return str(about.get("data", {}).get("source", ""))


def _sources(checkpoint: Checkpoint, own: str) -> tuple[str, ...]:
    """What the weights of a checkpoint learned from; "" stands for what an older one's start had learned from."""
    started = checkpoint.about.get("run", {}).get("initial")
    return tuple(checkpoint.about.get("sources", ("", own) if started else (own,)))


def _added(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _differ(old: Any, new: Any, name: str) -> Iterator[str]:
    """In which fields that both know recipes differ. One that only the newer knows has its default there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() - _BESIDE):
            if key not in new:
                yield f"{name}.{key} is known there only"
            elif key not in _PLACES or bool(old[key]) != bool(new[key]):
                yield from _differ(old[key], new[key], f"{name}.{key}")
    elif old != new:
        yield f"{name} is {reprlib.repr(old)} there and {reprlib.repr(new)} here"
