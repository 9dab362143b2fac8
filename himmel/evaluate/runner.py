"""An examination: first the probes are checked on true clips, then the model is asked, then rows are filled.

Every case is looked at three ways: as the world draws it, as the codec gives that back, and as the model makes
it from the caption (and the given frames). The first says whether a probe can be trusted, the second what the
codec alone costs, the third is the score.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from himmel.conditions import Condition, FirstFrame, Prefix, Seam, as_video
from himmel.evaluate.cases import Case, Length, case_count, draw_cases
from himmel.evaluate.examiner import EXAMINER_FOLDER, Examiner, load_examiner
from himmel.evaluate.exhibit import Exhibit, Pixels
from himmel.evaluate.report import Report, RowResult
from himmel.evaluate.suites import Suite, suite_named
from himmel.evaluate.tally import Source, Tally
from himmel.generate import Pipeline
from himmel.plan import Request
from himmel.shapes import Size
from himmel.weights import read_index
from himmel.world import GENERATOR

__all__ = ["OnClip", "OnProgress", "RoundTrip", "check_probes", "codec_round_trip", "evaluate"]

OnProgress: TypeAlias = Callable[[str, int, int], None]
OnClip: TypeAlias = Callable[[Case, Pixels], None]
RoundTrip: TypeAlias = Callable[[Pixels], Pixels]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Start:
    """A case and what its clip has to begin with, true and as the codec gives it back: uint8 [t, H, W, 3]."""

    case: Case
    given: Pixels | None = None
    coded: Pixels | None = None


def evaluate(
    pipe: Pipeline,
    suite: Suite | str = "quick",
    *,
    limit: int | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
    on_clip: OnClip | None = None,
) -> Report:
    """Examine a model and return the filled table.

    limit: the most scenes of each group, for a quick look. options: fields of `Request` for the sampler (steps,
    guidance, ...). `on_progress` is told the phase ("true clips", "model"), what is done and what is to do;
    `on_clip` gets every clip the model makes. The same weights, suite and options give the same report, apart
    from its seconds. Raises WorldError where the world cannot be drawn, WeightsError without an examiner.
    """
    suite = suite_named(suite) if isinstance(suite, str) else suite
    card, examiner = pipe.facts.card, load_examiner()
    size = Size.parse(card.sizes[0])
    length = Length(width=size.width, height=size.height, frames=card.frames, fps=card.fps)
    tally, tell = Tally(suite), on_progress or (lambda phase, done, total: None)
    exam = _Exam(suite=suite, length=length, examiner=examiner, limit=limit, tally=tally, tell=tell)
    starts = exam.check(codec_round_trip(pipe))
    chosen, began = dict(options or {}), time.perf_counter()
    for done, start in enumerate(starts, start=1):
        frames = _made(pipe, start, chosen)
        exam.mark("model", frames, start)
        if on_clip:
            on_clip(start.case, frames)
        tell("model", done, len(starts))
    return Report(
        suite=suite.name,
        limit=limit,
        generator=GENERATOR,
        model=card.name,
        weights=pipe.facts.weights,
        examiner=read_index(EXAMINER_FOLDER).digest,
        options=chosen,
        size=str(size),
        frames=card.frames,
        clips=len(starts),
        seconds=round(time.perf_counter() - began, 1),
        rows=tally.results(),
    )


def check_probes(
    suite: Suite,
    length: Length | None = None,
    *,
    examiner: Examiner | None = None,
    round_trip: RoundTrip | None = None,
    limit: int | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[RowResult, ...]:
    """Put the probes of a suite to true clips alone, and to those that come back from `round_trip`.

    `examiner` is another one than the installed one.
    """
    exam = _Exam(
        suite=suite,
        length=length or Length(),
        examiner=examiner or load_examiner(),
        limit=limit,
        tally=Tally(suite),
        tell=on_progress or (lambda phase, done, total: None),
    )
    exam.check(round_trip)
    return exam.tally.results()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Exam:
    """A suite under way."""

    suite: Suite
    length: Length
    examiner: Examiner
    limit: int | None
    tally: Tally
    tell: OnProgress

    def check(self, round_trip: RoundTrip | None) -> list[_Start]:
        """Tally true and coded clips; returns the cases with what the model's clips will be given."""
        starts: list[_Start] = []
        total = case_count(self.suite, self.limit)
        for case, truth in draw_cases(self.suite, self.length, self.limit):
            given = _given(case, truth)
            coded = round_trip(given) if round_trip and given is not None else None
            start = _Start(case=case, given=given, coded=coded)
            self.mark("truth", truth, start)
            if round_trip:
                again = round_trip(truth)
                if given is not None and case.task == "extend":  # a prefix is put back as it was given
                    again = Seam().join(again, np.concatenate([given, again[len(given) :]]))
                self.mark("coded", again, start)
            starts.append(start)
            self.tell("true clips", len(starts), total)
        return starts

    def mark(self, source: Source, frames: Pixels, start: _Start) -> None:
        """Put one clip before the probes."""
        case = start.case
        exhibit = Exhibit(
            frames=frames, spec=case.spec, examiner=self.examiner, given=start.given, coded=start.coded
        )
        self.tally.add(source, case, exhibit)


def _given(case: Case, truth: Pixels) -> Pixels | None:
    """The frames that a clip must begin with: one, or a beginning of 1 + 4k frames that is about half of it."""
    if case.task == "text":
        return None
    return truth[:1] if case.task == "image" else truth[: 1 + (len(truth) // 2) // 4 * 4]


def _made(pipe: Pipeline, start: _Start, options: Mapping[str, Any]) -> Pixels:
    """The model's clip of a case."""
    case, spec = start.case, start.case.spec
    request = Request(
        prompt=case.caption,
        seconds=spec.frames / spec.fps,
        size=f"{spec.width}x{spec.height}",
        seed=case.seed,
        **options,
    )
    conditions: list[Condition] = []
    if start.given is not None:
        conditions.append(FirstFrame(image=start.given[0]) if case.task == "image" else Prefix(frames=start.given))
    return pipe.run(pipe.plan(request, conditions), conditions).frames


def codec_round_trip(pipe: Pipeline) -> RoundTrip:
    """What a model's codec makes of frames uint8 [T, H, W, 3]: there and back."""

    @torch.inference_mode()
    def round_trip(frames: Pixels) -> Pixels:
        latents = pipe.model.encode(as_video(frames))  # [1, C, F, h, w]
        video = pipe.model.codec.decode(latents.to(pipe.model.device))[0]  # [3, T, H, W]
        levels = (video.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
        coded: Pixels = levels.permute(1, 2, 3, 0).cpu().contiguous().numpy()
        return coded

    return round_trip
