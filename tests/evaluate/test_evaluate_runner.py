import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from himmel.errors import UsageError
from himmel.evaluate import QUICK, Case, Length, Report, SampleSheet, check_probes, evaluate
from himmel.generate import Pipeline, load
from himmel.media import read_image
from himmel.provenance import read_root, verify

SMALL = Length(width=64, height=64, frames=9)
GROUPS = {name: replace(group, each=1, answers=group.answers[:1]) for name, group in QUICK.groups.items()}
SUITE = replace(QUICK, name="small", groups=GROUPS)


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path, keys_folder: Path) -> Pipeline:
    return load(tiny_weights, keys_folder=keys_folder)


def test_a_model_that_knows_nothing_is_examined(pipe: Pipeline, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    sheet = SampleSheet()
    clips: list[tuple[Case, np.ndarray]] = []

    def keep(case: Case, frames: np.ndarray) -> None:
        clips.append((case, frames))
        sheet(case, frames)

    options = {"steps": 2}
    report = evaluate(pipe, SUITE, options=options, on_progress=lambda *each: told.append(each), on_clip=keep)
    assert report.clips == len(clips) == len(GROUPS) and not report.passed
    assert told == [("clips", n + 1, 6) for n in range(6)]
    assert (report.suite, report.weights, report.options) == ("small", pipe.facts.weights, options)
    assert Report.from_json(report.to_json()) == report
    first_frame = next(row for row in report.rows if row.unit == "dB")
    assert first_frame.valid and first_frame.truth is None and first_frame.score is not None
    extended = next(frames for case, frames in clips if case.task == "extend")
    assert len(extended) == 9
    again = evaluate(pipe, SUITE, options=options)
    assert replace(again, seconds=0) == replace(report, seconds=0)
    sealed = sheet.write(tmp_path / "sheet.png", pipe)
    assert read_image(sealed.path).shape[1] > 4 * 64 and list(tmp_path.iterdir()) == [sealed.path]
    found = verify(sealed.path, read_root(pipe.keys_folder))
    assert found.answer == "ours (signed)" and found.manifest is not None
    assert found.manifest.weights == pipe.facts.weights
    assert [clip["caption"] for clip in json.loads(found.manifest.plan)["clips"]] == [c.caption for c, _ in clips]


def test_a_probe_that_fails_on_true_clips_does_not_judge() -> None:
    blind = replace(QUICK.rows[0], valid=1.01)
    (row,) = check_probes(replace(SUITE, rows=(blind,)), SMALL, limit=1)
    assert not row.valid and not row.passed and row.score is None
    assert row.cells()[-1] == "probe not valid"


def test_probes_are_checked_without_a_model() -> None:
    rows = check_probes(SUITE, SMALL, limit=1, round_trip=lambda frames: frames)
    for row in rows:
        assert row.score is None and row.coded is not None
        if row.truth is not None:
            assert row.truth == row.coded


def test_an_empty_sheet_is_not_written(pipe: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no clip"):
        SampleSheet().write(tmp_path / "sheet.png", pipe)
