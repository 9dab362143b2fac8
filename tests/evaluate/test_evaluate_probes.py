from dataclasses import replace

import numpy as np
import pytest

from himmel.errors import UsageError
from himmel.evaluate import PROBES, QUICK, Examiner, Exhibit, Given, draw_cases, load_examiner
from himmel.evaluate.cases import Case, Length
from himmel.evaluate.probes import told_camera, told_direction
from himmel.world import RelationSpec, mirrored

# Seeds that no suite uses, a clip for each answer.
GROUPS = {name: replace(group, each=1) for name, group in QUICK.groups.items() if name != "image"}
SUITE = replace(QUICK, groups=GROUPS, rows=(), seed=90_000_000)


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return load_examiner()


@pytest.fixture(scope="module")
def drawn(examiner: Examiner) -> list[tuple[Case, Exhibit]]:
    groups = {name: GROUPS[name] for name in ("direction", "relation", "three")}
    return [
        (each.case, Exhibit(frames=each.clips[0], spec=each.case.spec, examiner=examiner))
        for each in draw_cases(replace(SUITE, groups=groups), Length())
    ]


@pytest.fixture(scope="module")
def filmed(examiner: Examiner) -> list[Exhibit]:
    cases = draw_cases(replace(SUITE, groups={"camera": GROUPS["camera"]}), Length())
    return [Exhibit(frames=each.clips[0], spec=each.case.spec, examiner=examiner) for each in cases]


def flipped(exhibit: Exhibit) -> Exhibit:
    return replace(exhibit, frames=np.ascontiguousarray(exhibit.frames[:, :, ::-1]))


def test_true_clips_are_right(drawn: list[tuple[Case, Exhibit]]) -> None:
    """Nearly all of a handful; how many exactly is what benchmarks/evaluate_probes.py measures on hundreds."""
    wrong = [
        (probe, case.caption)
        for case, exhibit in drawn
        for probe in ("count", "colour", "kept", *([case.group] if case.group in PROBES else []))
        if min(PROBES[probe](exhibit)) != 1.0
    ]
    assert len(wrong) <= 0.1 * 3 * len(drawn), wrong


def test_wrong_numbers_and_colours_are_wrong(drawn: list[tuple[Case, Exhibit]]) -> None:
    for _, exhibit in drawn[:6]:
        spec = exhibit.spec
        used = {subject.colour for subject in spec.subjects}
        other = next(colour for colour in ("red", "blue", "purple", "pink") if colour not in used)
        changed = replace(spec, subjects=(replace(spec.subjects[0], colour=other), *spec.subjects[1:]))
        assert PROBES["colour"](replace(exhibit, spec=changed))[0] == 0.0
        more = replace(spec, relation=None, subjects=(*spec.subjects, replace(spec.subjects[0]))[:3])
        if len(more.subjects) > len(spec.subjects):
            assert PROBES["count"](replace(exhibit, spec=more)) == [0.0]


def test_the_other_relation_is_wrong(drawn: list[tuple[Case, Exhibit]]) -> None:
    for case, exhibit in drawn:
        if case.group == "relation" and case.spec.relation:
            asked = case.spec.relation
            turned = RelationSpec(a=asked.b, kind=asked.kind, b=asked.a)
            assert PROBES["relation"](replace(exhibit, spec=replace(case.spec, relation=turned))) == [0.0]


def test_a_relation_that_no_probe_tells_is_refused(drawn: list[tuple[Case, Exhibit]]) -> None:
    exhibit = next(exhibit for case, exhibit in drawn if case.group == "relation")
    one, other = exhibit.spec.subjects
    subjects = (one, replace(other, kind="cube"))
    on_top = replace(exhibit.spec, subjects=subjects, relation=RelationSpec(a=0, kind="on_top_of", b=1))
    with pytest.raises(UsageError, match='no probe tells "on_top_of"'):
        PROBES["relation"](replace(exhibit, spec=on_top))


def test_a_mirrored_clip_shows_the_mirrored_direction(drawn: list[tuple[Case, Exhibit]]) -> None:
    for case, exhibit in drawn:
        if case.group == "direction":
            expected = mirrored(case.spec).subjects[0].motion.direction
            assert told_direction(flipped(exhibit)) == expected


def test_backwards_is_the_other_direction(drawn: list[tuple[Case, Exhibit]]) -> None:
    other = {"left": "right", "right": "left", "toward": "away", "away": "toward"}
    for case, exhibit in drawn:
        direction = case.spec.subjects[0].motion.direction
        if case.group == "direction" and direction:
            backwards = replace(exhibit, frames=np.ascontiguousarray(exhibit.frames[::-1]))
            assert told_direction(backwards) == other[direction]


def test_camera_moves_are_told(filmed: list[Exhibit]) -> None:
    assert {exhibit.spec.camera for exhibit in filmed} == set(QUICK.groups["camera"].answers)
    for exhibit in filmed:
        assert told_camera(exhibit) == exhibit.spec.camera, exhibit.spec
        assert PROBES["camera"](exhibit) == [1.0]
        assert told_camera(flipped(exhibit)) == mirrored(exhibit.spec).camera


def test_a_clip_of_nothing_is_wrong_and_no_error(drawn: list[tuple[Case, Exhibit]]) -> None:
    case, exhibit = next((case, exhibit) for case, exhibit in drawn if case.group == "relation")
    empty = replace(exhibit, frames=np.full((9, 64, 64, 3), 128, np.uint8))
    empty.__dict__["classes"] = np.zeros((5, 64, 64), np.uint8)
    for probe in ("count", "colour", "kept", "relation", "direction"):
        asked = len(case.spec.subjects) if probe in ("colour", "kept") else 1
        expected = float(probe == "direction")  # it stands still, as it was asked to
        assert PROBES[probe](empty) == [expected] * asked
    assert told_camera(empty) == "static"


def test_the_first_frame_is_compared_with_the_codec(examiner: Examiner, filmed: list[Exhibit]) -> None:
    given = filmed[0].frames[:1]
    coded = np.clip(given.astype(int) + 10, 0, 255).astype(np.uint8)
    worse = np.clip(filmed[0].frames.astype(int) + 20, 0, 255).astype(np.uint8)
    both = Given(first=given, coded=coded)
    same = Exhibit(frames=coded, spec=filmed[0].spec, examiner=examiner, given=both)
    assert PROBES["first_frame"](same) == [0.0]
    assert PROBES["first_frame"](replace(same, frames=worse)) == pytest.approx([-6.02], abs=0.2)
    assert PROBES["first_frame"](replace(same, given=Given())) == []


def test_a_jump_shows_at_the_seam(filmed: list[Exhibit]) -> None:
    moving = next(exhibit for exhibit in filmed if exhibit.spec.camera == "pan_left")
    smooth = replace(moving, given=Given(first=moving.frames[:17]))
    assert PROBES["seam"](smooth)[0] == pytest.approx(1.0, abs=0.15)
    jump = np.concatenate([moving.frames[:17], moving.frames[25:]])
    assert PROBES["seam"](replace(smooth, frames=jump))[0] > 1.5
    assert PROBES["seam"](replace(smooth, given=Given(first=moving.frames))) == []
