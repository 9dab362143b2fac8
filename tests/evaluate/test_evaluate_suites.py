from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from himmel.errors import UsageError
from himmel.evaluate import QUICK, ROWS, SUITES, THOROUGH, Length, Suite, draw_cases, suite_named
from himmel.evaluate.cases import case_count
from himmel.world import held_out

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
