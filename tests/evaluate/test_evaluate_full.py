"""The full suite from end to end with a model that knows nothing: every task, stopped and gone on with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from himmel.data import ClipShards, RenderConfig, render_shards
from himmel.errors import Cancelled
from himmel.evaluate import (
    FULL,
    PROBES,
    Exhibit,
    Keeping,
    Length,
    Report,
    Suite,
    codec_round_trip,
    draw_cases,
    evaluate,
    load_examiner,
    report_page,
)
from himmel.evaluate.asking import Asking
from himmel.generate import Pipeline, load
from himmel.provenance import read_root, verify

TASKS = ("direction", "changed colour", "image", "extend", "connect", "variety", "stream", "course", "hidden")


def small() -> Suite:
    """One held-out case of every task, three clips instead of sixteen and twelve seconds instead of sixty.

    What is hidden needs words that the model lacks.
    """
    groups = {name: replace(FULL.groups[name], each=1, answers=FULL.groups[name].answers[:1]) for name in TASKS}
    groups["variety"] = replace(groups["variety"], seeds=3)
    groups["stream"] = replace(groups["stream"], seconds=12.0)
    rows = [
        replace(row, groups=tuple(name for name in row.groups if name in {*groups, "wordings"}))
        for row in FULL.rows
    ]
    return replace(FULL, groups=groups, rows=tuple(row for row in rows if row.groups), wordings=4)


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path, keys_folder: Path) -> Pipeline:
    return load(tiny_weights, keys_folder=keys_folder)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> ClipShards:
    folder = tmp_path_factory.mktemp("clips")
    config = RenderConfig(profile="first_light", width=64, height=64, frames=5)
    render_shards(folder, clips=2, first_seed=1, config=config)
    return ClipShards(folder, split="train")


def test_every_task_is_asked_and_marked(pipe: Pipeline, training: ClipShards, tmp_path: Path) -> None:
    suite, record, clips = small(), tmp_path / "marks.jsonl", tmp_path / "clips"
    stops = iter([False, False, True, *[False] * 99])
    keeping = Keeping(marks=record, clips=clips, training=training, stop=lambda: next(stops))
    with pytest.raises(Cancelled, match="go on"):
        evaluate(pipe, suite, options={"steps": 1}, keeping=keeping)
    begun = record.read_text()
    told: list[tuple[str, int, int]] = []
    report = evaluate(
        pipe, suite, options={"steps": 1}, keeping=keeping, on_progress=lambda *each: told.append(each)
    )
    assert record.read_text().startswith(begun) and report.training == training.root
    assert report.clips == 6 + 2 + 3  # one of each task, a pair, three of a caption
    assert [each for each in told if each[0] == "clips"][-1][1] == told[-1][2]

    rows = {f"{row.number} {row.name}": row for row in report.rows}
    asked = {name for name, row in rows.items() if row.score is not None or not row.valid}
    assert rows["19 the course of motions from a beginning"].score is not None
    never = {name for name in rows if name.startswith(("20", "12", "11", "6", "18", "23"))}
    assert {name for name in rows if name not in asked} <= never
    assert rows["25 connection seams"].score is not None and rows["29 seconds for a clip"].score is not None
    told_texts = rows["28 text that says too little"].score
    assert told_texts is not None and (told_texts.value, told_texts.n) == (1.0, 4)
    assert rows["22 diversity"].truth is not None and rows["22 diversity"].truth.value == 1.0
    assert {each.number for each in report.absent} >= {14, 3, 20}
    assert not {each.number for each in report.absent} & {15, 19, 21}

    assert Report.from_json(report.to_json()) == report
    assert report.examples
    for example in report.examples:
        assert verify(clips / example.file, read_root(pipe.keys_folder)).answer == "ours (signed)"
    page = report_page(report, clips)
    assert page.count("<video") == len(report.examples) and "the model has no words for it" in page
    again = evaluate(
        pipe, suite, options={"steps": 1}, keeping=Keeping(marks=record, clips=clips, training=training)
    )
    assert again == report
    assert np.isfinite(report.seconds)


def test_a_box_is_made_anew_and_nothing_else(pipe: Pipeline) -> None:
    """A picture of 64 x 64 has only four patches, which no subject fits into: the box is put beside it."""
    length = Length(width=64, height=64, frames=9)
    suite = replace(small(), groups={"direction": small().groups["direction"]}, rows=())
    (drawn,) = draw_cases(suite, length)
    case, truth = replace(drawn.case, task="inpaint", box=(32, 32, 32, 32)), drawn.clips[0]
    given = Asking.given(case, truth, None)
    made = Asking(pipe=pipe, length=length, options={"steps": 1}).made(case.takes[0], case, given).frames
    coded = Asking.restored(codec_round_trip(pipe)(truth), truth, case, given)
    for frames in (made, coded):
        exhibit = Exhibit(frames=frames, spec=case.spec, examiner=load_examiner(), given=given)
        assert PROBES["outside"](exhibit) == [1.0] and (frames[:, 32:, 32:] != truth[:, 32:, 32:]).any()


def test_the_codec_of_a_long_clip_goes_in_pieces(pipe: Pipeline) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (21, 64, 64, 3), dtype=np.uint8)
    there_and_back = codec_round_trip(pipe)
    whole = there_and_back(frames)
    assert (whole[:9] == there_and_back(frames[:9])).all() and (whole[12:] == there_and_back(frames[12:])).all()
    assert whole.shape == frames.shape
