"""An examination: case by case, probes look at true clips, at coded ones and at the model's; then rows are filled.

True clips say whether a probe can be trusted, coded ones what the codec alone costs, the model's are the score.
A case is drawn, marked, written down and forgotten, so memory does not grow with the suite and nothing is lost
when an examination is stopped.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from himmel.data import ClipShards
from himmel.errors import Cancelled
from himmel.evaluate.asking import Asking, RoundTrip, codec_round_trip
from himmel.evaluate.cases import Case, Drawn, Length, clip_count, draw_cases
from himmel.evaluate.examiner import EXAMINER_FOLDER, Examiner, load_examiner
from himmel.evaluate.examples import Shelf
from himmel.evaluate.exhibit import Exhibit, Given, Pixels
from himmel.evaluate.marks import Marked, MarksFile
from himmel.evaluate.questions import Suite
from himmel.evaluate.reckoning import Source
from himmel.evaluate.recogniser import RECOGNISER_FOLDER, Recogniser, load_recogniser
from himmel.evaluate.report import Example, Report, RowResult
from himmel.evaluate.rows import Need
from himmel.evaluate.suites import suite_named
from himmel.evaluate.tally import Tally
from himmel.evaluate.whole import thumbnail
from himmel.evaluate.wordings import answered, wordings
from himmel.generate import Pipeline
from himmel.shapes import Size
from himmel.weights import read_index
from himmel.world import GENERATOR

__all__ = ["Keeping", "OnClip", "OnProgress", "check_probes", "evaluate"]

OnProgress: TypeAlias = Callable[[str, int, int], None]
OnClip: TypeAlias = Callable[[Case, Pixels], None]
WORDINGS = "wordings"


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What an examination keeps and is given beside the questions.

    marks: the file of its record; cases that stand in it are not asked again. clips: the folder for examples.
    training: clips the model learned from, to see whether it learned some by heart. stop: asked after every case.
    """

    marks: Path | None = None
    clips: Path | None = None
    training: ClipShards | None = None
    stop: Callable[[], bool] = lambda: False


def evaluate(
    pipe: Pipeline,
    suite: Suite | str = "quick",
    *,
    limit: int | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
    on_clip: OnClip | None = None,
    keeping: Keeping | None = None,
) -> Report:
    """Examine a model and return the filled table.

    limit: the most scenes of each group, for a quick look. options: fields of `Request` for the sampler (steps,
    guidance, ...). `on_progress` is told what is counted, what is done and what is to do, in clips of the usual
    length; `on_clip` gets the first clip the model makes of every case. The same weights, suite and options give
    the same report, apart from times. What the model has no words for is not asked.

    Raises WorldError where the world cannot be drawn, WeightsError without an examiner, Cancelled when told to
    stop; with a record the same call then goes on.
    """
    suite = (suite_named(suite) if isinstance(suite, str) else suite).known_to(pipe.facts.lexicon)
    keeping, chosen = keeping or Keeping(), dict(options or {})
    card = pipe.facts.card
    size = Size.parse(card.sizes[0])
    length = Length(width=size.width, height=size.height, frames=card.frames, fps=card.fps)
    exam = _Exam.of(suite, length, limit, keeping, load_examiner(), load_recogniser(), on_progress)
    about = _about(exam, pipe, chosen, keeping)
    record = MarksFile(keeping.marks, {"questions": suite.digest, **about})
    shares = [row.key for row in exam.tally.rows if row.reckoning == "share"]
    shelf = Shelf(keeping.clips, shares, record.cases)
    asking = Asking(pipe=pipe, length=length, options=chosen)
    exam.run(record, codec_round_trip(pipe), _Model(asking=asking, shelf=shelf, on_clip=on_clip))
    return Report(
        **about,
        clips=sum(case.clips for case in record.cases),
        seconds=round(sum(case.seconds for case in record.cases), 1),
        rows=exam.tally.results(record.cases),
        absent=exam.tally.absent,
        examples=tuple(_example(case) for case in record.cases if case.example),
    )


def _about(exam: "_Exam", pipe: Pipeline, options: dict[str, Any], keeping: Keeping) -> dict[str, Any]:
    """What a report says of itself, and what a record must agree in to go on with it."""
    card = pipe.facts.card
    return {
        "suite": exam.suite.name,
        "limit": exam.limit,
        "generator": GENERATOR,
        "model": card.name,
        "weights": pipe.facts.weights,
        "examiner": read_index(EXAMINER_FOLDER).digest,
        "recogniser": read_index(RECOGNISER_FOLDER).digest if exam.recogniser else "",
        "training": keeping.training.root if keeping.training else "",
        "options": options,
        "size": str(Size.parse(card.sizes[0])),
        "frames": card.frames,
    }


def _example(case: Marked) -> Example:
    return Example(
        group=case.group, seed=case.seed, caption=case.caption, file=case.example, marks=case.marks["model"]
    )


def check_probes(
    suite: Suite,
    length: Length | None = None,
    *,
    examiner: Examiner | None = None,
    recogniser: Recogniser | None = None,
    round_trip: RoundTrip | None = None,
    limit: int | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[RowResult, ...]:
    """Put the probes of a suite to true clips alone, and to those that come back from `round_trip`.

    `examiner` and `recogniser` are others than the installed ones.
    """
    examiner, recogniser = examiner or load_examiner(), recogniser or load_recogniser()
    exam = _Exam.of(suite, length or Length(), limit, Keeping(), examiner, recogniser, on_progress)
    record = MarksFile(None, {})
    exam.run(record, round_trip, None)
    return exam.tally.results(record.cases)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Model:
    """Who is examined, and who gets to see what it makes."""

    asking: Asking
    shelf: Shelf
    on_clip: OnClip | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Exam:
    """A suite under way."""

    suite: Suite
    length: Length
    limit: int | None
    examiner: Examiner
    recogniser: Recogniser | None
    gallery: np.ndarray[Any, np.dtype[np.float32]] | None
    tally: Tally
    tell: OnProgress
    stop: Callable[[], bool]

    @classmethod
    def of(
        cls, suite: Suite, length: Length, limit: int | None, keeping: Keeping, examiner: Examiner,
        recogniser: Recogniser | None, on_progress: OnProgress | None,
    ) -> "_Exam":  # fmt: skip
        """An examination with all that its rows need, as far as it is here."""
        clip_count(suite, length, limit)
        has: list[Need] = ["recogniser"] if recogniser else []
        has += ["training clips"] if keeping.training else []
        tell: OnProgress = on_progress or (lambda phase, done, total: None)
        return cls(
            suite=suite, length=length, limit=limit, examiner=examiner, recogniser=recogniser,
            gallery=_gallery(keeping.training, tell) if keeping.training else None, tally=Tally(suite, has),
            tell=tell, stop=keeping.stop,
        )  # fmt: skip

    def run(self, record: MarksFile, round_trip: RoundTrip | None, model: _Model | None) -> None:
        """Mark every case that the record lacks."""
        texts = self.suite.wordings if model else 0
        texts = texts if self.limit is None else min(texts, self.limit)
        total = clip_count(self.suite, self.length, self.limit) + texts
        known, seen = record.seeds(), {(case.group, case.seed) for case in record.cases}
        done = sum(self._work(case.group) for case in record.cases)
        if done:
            self.tell("clips", done, total)
        for drawn in draw_cases(self.suite, self.length, self.limit, known):
            record.add(self._marked(drawn, round_trip, model))
            done += self._work(drawn.case.group)
            self._went_on(done, total)
        if model is None:
            return
        for wording in wordings(texts, model.asking.pipe.facts.lexicon):
            if (WORDINGS, wording.seed) not in seen:
                right = answered(model.asking.pipe, wording, dict(model.asking.options))
                marks = {row.key: [float(right)] for row in self.tally.rows if WORDINGS in row.groups}
                record.add(
                    Marked(
                        group=WORDINGS, seed=wording.seed, caption=wording.text, spec=None, marks={"model": marks}
                    )
                )
                done += 1
                self._went_on(done, total)

    def _work(self, group: str) -> int:
        if group == WORDINGS:
            return 1
        asked = self.suite.groups[group]
        return asked.takes * max(1, round(self.length.lasting(asked.seconds).frames / self.length.frames))

    def _went_on(self, done: int, total: int) -> None:
        self.tell("clips", done, total)
        if done < total and self.stop():
            raise Cancelled(f"stopped after {done} of {total} clips; run the same command again to go on")

    def _marked(self, drawn: Drawn, round_trip: RoundTrip | None, model: _Model | None) -> Marked:
        """Put the clips of one case before the probes, from all who have some."""
        case, asking = drawn.case, model.asking if model else None
        given = Asking.given(case, drawn.clips[0], round_trip, drawn.retake)
        marks: dict[Source, dict[str, list[float]]] = {
            "truth": self._marks("truth", case, list(drawn.clips), given)
        }
        if round_trip:
            coded = [Asking.restored(round_trip(clip), clip, case, given) for clip in drawn.clips]
            marks["coded"] = self._marks("coded", case, coded, given)
        count, took, example = 0, 0.0, ""
        if model and asking:
            began = time.perf_counter()
            clips = [asking.made(take, case, given) for take in case.takes]
            count, took = len(clips), time.perf_counter() - began
            frames = [clip.frames for clip in clips]
            marks["model"] = self._marks("model", case, frames, given, took / count)
            example = model.shelf.keep(clips[-1], case.group, marks["model"])
            if model.on_clip:
                model.on_clip(case, frames[0])
        return Marked(
            group=case.group, seed=case.seed, caption=case.caption, spec=case.spec.to_dict(), marks=marks,
            clips=count, seconds=round(took, 3), example=example,
        )  # fmt: skip

    def _marks(
        self, source: Source, case: Case, clips: list[Pixels], given: Given, seconds: float | None = None
    ) -> dict[str, list[float]]:
        """What the probes find in the clips of one case from one source."""
        exhibits = [
            Exhibit(
                frames=clip, spec=take.spec, examiner=self.examiner, given=given, seconds=seconds,
                step=self.suite.groups[case.group].step, recogniser=self.recogniser, gallery=self.gallery,
            )
            for clip, take in zip(clips, case.takes, strict=True)
        ]  # fmt: skip
        first, *twins = exhibits
        whole = first if not twins else first.beside(twins)
        return self.tally.marks(source, case.group, whole)


def _gallery(clips: ClipShards, tell: OnProgress) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Thumbnails of training clips, [N, D]."""
    small = []
    for index in clips:
        small.append(thumbnail(clips.frames(index)))
        tell("training clips", index + 1, len(clips))
    return np.stack(small)
