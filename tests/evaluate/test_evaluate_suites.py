from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from himmel.errors import UsageError
from himmel.evaluate import FULL, QUICK, ROWS, SUITES, THOROUGH, Length, Suite, draw_cases, suite_named
from himmel.evaluate.cases import case_count, changed, clip_count
from himmel.evaluate.questions import FACTS
from himmel.world import FIRST_LIGHT, INTUITIVE_PHYSICS, held_out, lexicon

SMALL = Length(width=64, height=64, frames=5)


def test_quick_asks_a_hundred_captions() -> None:
    assert sum(group.size for group in QUICK.groups.values() if group.task == "text") == 100


def test_thorough_has_two_hundred_observations_in_every_row() -> None:
    for row in THOROUGH.rows:
        assert sum(THOROUGH.groups[name].size for name in row.groups) >= 200


def test_the_rows_are_those_of_the_table() -> None:
    assert sorted({row.number for row in ROWS}) == [1, 2, 6, 8, 11, 24, 25]
    floors = {row.name: row.floor for row in ROWS}
    assert floors["object count"] == 0.70 and floors["colour of each object"] == 0.80
    assert floors["relation"] == 0.70 and floors["motion direction"] == 0.65 and floors["camera move"] == 0.60
    assert floors["image to video: first frame"] == -1.5


def test_cases_are_held_out_and_balanced() -> None:
    direction = replace(QUICK, groups={"direction": replace(QUICK.groups["direction"], each=1)}, rows=())
    found = [each.case for each in draw_cases(direction, SMALL)]
    for case in found:
        first = case.spec.subjects[0]
        assert held_out(first.colour, first.kind, first.motion.verb)
        assert (case.spec.light, case.spec.style, case.spec.camera) == ("day", "realistic", "static")
        assert first.colour in case.caption and case.seed == case.spec.seed
    directions = Counter(case.spec.subjects[0].motion.direction for case in found)
    assert directions == {"left": 1, "right": 1, "toward": 1, "away": 1}


def test_cases_are_the_same_every_time() -> None:
    first, again = (list(islice(draw_cases(QUICK, SMALL, limit=1), 2)) for _ in range(2))
    assert [each.case for each in first] == [each.case for each in again]
    assert first[0].clips[0].shape == (5, 64, 64, 3) and (first[0].clips[0] == again[0].clips[0]).all()


def test_a_limit_is_of_each_group() -> None:
    assert case_count(QUICK, 2) == 2 * len(QUICK.groups)
    with pytest.raises(UsageError, match="limit"):
        case_count(QUICK, 0)


def test_a_group_that_asks_nothing_is_refused() -> None:
    for nothing in ({"each": 0}, {"answers": ()}):
        with pytest.raises(UsageError, match="asks nothing"):
            replace(QUICK.groups["camera"], **nothing)  # type: ignore[arg-type]


def test_an_answer_that_no_scene_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("himmel.evaluate.cases.PATIENCE", 20)
    group = replace(QUICK.groups["relation"], answers=("inside",))
    with pytest.raises(UsageError, match="20 scenes show no relation inside"):
        list(draw_cases(replace(QUICK, groups={"relation": group}, rows=()), SMALL))


def test_suites_have_names() -> None:
    assert suite_named("quick") is SUITES["quick"]
    with pytest.raises(UsageError, match="thorough"):
        suite_named("slow")
    with pytest.raises(UsageError, match="needs the group"):
        Suite(name="bad", groups={})


FEW = {22: 16, 27: 24}  # sixteen clips of a caption, and a minute's stream, cost too much for more


def test_full_asks_two_hundred_in_every_row_and_half_of_it_held_out() -> None:
    for row in FULL.rows:
        groups = [FULL.groups[name] for name in row.groups if name != "wordings"]
        sizes = {
            split: sum(group.size for group in groups if group.split == split) for split in ("held_out", "train")
        }
        assert sizes["held_out"] == sizes["train"]
        asked = sum(sizes.values()) or FULL.wordings
        assert asked == FEW[row.number] if row.number in FEW else asked >= 200, row.key


def test_full_has_every_row() -> None:
    assert {row.number for row in FULL.rows} == set(range(1, 31)) and not FULL.absent
    assert len({row.key for row in FULL.rows}) == len(FULL.rows)
    assert {row.number for row in FULL.rows if row.needs == "recogniser"} == {3, 4, 5, 9, 13, 20}


def test_events_that_a_model_has_no_words_for_are_not_asked() -> None:
    known = FULL.known_to(lexicon(FIRST_LIGHT))
    assert {number for number, _, _ in known.absent} == {14, 15, 19, 30}
    assert {row.key for row in FULL.rows} - {row.key for row in known.rows} == {
        f"{number} {name}" for number, name, _ in known.absent
    }
    for _, _, reason in known.absent:
        assert reason.startswith("the model has no words for it, such as ") and reason.count(", ") == 3
    assert set(known.groups) < set(FULL.groups) and known.digest != FULL.digest
    # What is asked keeps its seeds, and so its scenes.
    assert list(known.groups)[: list(FULL.groups).index("events")] == list(FULL.groups)[:34]
    assert FULL.known_to(lexicon(INTUITIVE_PHYSICS)) is FULL
    assert QUICK.known_to(()) is QUICK


@pytest.mark.parametrize(("name", "fact"), [("events", "event"), ("hidden", "hidden"), ("candle", "event")])
def test_an_event_is_seen_at_both_ends(name: str, fact: str) -> None:
    group = FULL.groups[name]
    found = list(draw_cases(replace(QUICK, groups={name: group}, rows=()), replace(SMALL, frames=33), limit=1))
    for drawn in found:
        spec = drawn.case.spec
        assert FACTS[fact](spec) in group.answers and spec.camera == "static" and drawn.retake is None
        assert held_out(spec.subjects[0].colour, spec.subjects[0].kind, spec.subjects[0].motion.verb)


def test_the_course_of_events_has_a_second_take() -> None:
    suite = replace(QUICK, groups={"course": FULL.groups["course"]}, rows=())
    (drawn,) = draw_cases(suite, replace(SMALL, frames=9), limit=1)
    assert drawn.retake is not None and drawn.retake.shape == drawn.clips[0].shape
    assert 0 < np.abs(drawn.retake.astype(int) - drawn.clips[0].astype(int)).mean() < 8


def test_known_cases_are_left_out_and_the_others_stay_the_same() -> None:
    one = replace(QUICK, groups={"relation": replace(QUICK.groups["relation"], each=1)}, rows=())
    whole = [each.case for each in draw_cases(one, SMALL)]
    for known in range(len(whole) + 1):
        seeds = {"relation": [case.seed for case in whole[:known]]}
        assert [each.case for each in draw_cases(one, SMALL, known=seeds)] == whole[known:]


@pytest.mark.parametrize("fact", ["direction", "relation", "colour"])
def test_a_changed_scene_differs_in_one_fact(fact: str) -> None:
    name = {"direction": "turned direction", "relation": "turned relation", "colour": "changed colour"}[fact]
    group = replace(FULL.groups[name], each=1)
    for drawn in draw_cases(replace(QUICK, groups={name: group}, rows=()), SMALL, limit=2):
        (other,) = drawn.case.others
        assert len(drawn.clips) == 2 and other.seed == drawn.case.seed
        assert changed(other.spec, fact) == drawn.case.spec or fact == "colour"
        words, others = (caption.split() for caption in (drawn.case.caption, other.caption))
        differing = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
        assert 1 <= len(differing) <= 3 and len(set(differing)) == 1, differing
    with pytest.raises(UsageError, match="no other side"):
        changed(drawn.case.spec, "camera")


def test_a_caption_has_many_seeds_and_a_stream_lasts() -> None:
    variety = replace(FULL.groups["variety"], each=1, seeds=3)
    (drawn, *_) = draw_cases(replace(QUICK, groups={"variety": variety}, rows=()), SMALL, limit=1)
    captions = {take.caption for take in drawn.case.takes}
    assert len(drawn.clips) == 3 and len(captions) == 1 and len({take.seed for take in drawn.case.takes}) == 3
    assert (drawn.clips[0] != drawn.clips[1]).any()
    assert SMALL.lasting(60.0).frames == 721 and SMALL.lasting(None) == SMALL
    assert clip_count(FULL, Length(), 1) == len(FULL.groups) + 2 * 15 + 6 + 2 * 21  # pairs, takes and minutes


def test_a_box_holds_the_subject_in_whole_patches() -> None:
    group = replace(FULL.groups["inpaint"], each=1)
    for drawn in draw_cases(
        replace(QUICK, groups={"inpaint": group}, rows=()), replace(SMALL, width=128, height=128)
    ):
        assert drawn.case.box is not None
        assert (
            all(side % 32 == 0 for side in drawn.case.box)
            and drawn.case.box[2] * drawn.case.box[3] <= 0.75 * 128**2
        )
