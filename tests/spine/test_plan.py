import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.errors import UsageError
from himmel.plan import LIMITS, Cue, Plan, Request, Sampling, Shot, Windows
from himmel.shapes import Size


def a_plan(**changes: object) -> Plan:
    shot = Shot(
        caption="a red ball",
        width=64,
        height=64,
        frames=9,
        fps=12,
        seed=3,
        sampling=Sampling(steps=4, shift=2.5, guidance=3.0),
        windows=Windows(frames=33, overlap=9),
    )
    fields: dict[str, object] = {
        "prompt": "a red ball",
        "model": "bundled",
        "weights": "0" * 64,
        "precision": "float32",
        "shots": (shot,),
    }
    return Plan.model_validate(fields | changes)


def test_only_the_prompt_is_required() -> None:
    request = Request(prompt="a red ball")
    assert request.seconds is None and request.count == 1 and request.model == "bundled"


@pytest.mark.parametrize("size", ["64x32", (64, 32), Size(width=64, height=32)])
def test_a_size_may_be_text_a_pair_or_a_size(size: object) -> None:
    assert Request(prompt="a", size=size).size == "64x32"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": " \n "}, "empty"),
        ({"prompt": "a" * 50_000}, "50000 characters"),
        ({"prompt": "a\x00b"}, "U+0000"),
        ({"prompt": "a\udcffb"}, "U+DCFF"),
        ({"prompt": "a", "seconds": 0}, "seconds 0"),
        ({"prompt": "a", "seconds": -1}, "seconds -1"),
        ({"prompt": "a", "seconds": 1e9}, "seconds 1e+09"),
        ({"prompt": "a", "seconds": float("nan")}, "seconds"),
        ({"prompt": "a", "seconds": "long"}, "seconds"),
        ({"prompt": "a", "size": "big"}, "WIDTHxHEIGHT"),
        ({"prompt": "a", "size": "0x64"}, "positive"),
        ({"prompt": "a", "size": "5000x64"}, "3840 pixels"),
        ({"prompt": "a", "size": 7}, "size"),
        ({"prompt": "a", "fps": 0}, "fps 0"),
        ({"prompt": "a", "steps": 0}, "steps 0"),
        ({"prompt": "a", "steps": 10_000}, "steps 10000"),
        ({"prompt": "a", "guidance": 0.0}, "guidance 0"),
        ({"prompt": "a", "count": 0}, "count 0"),
        ({"prompt": "a", "seed": -1}, "seed -1"),
        ({"prompt": "a", "steps": "16"}, "steps '16' is not accepted: input should be a number"),
        ({"prompt": "a", "seed": True}, "seed 'True' is not accepted"),
        ({"prompt": "a", "seconds": "2"}, "seconds '2' is not accepted"),
        ({"prompt": "a", "at": [(3, " ")]}, "the text at 3 s is empty"),
        ({"prompt": "a", "at": [(3, "b\x00")]}, "U+0000"),
        ({"prompt": "a", "at": [(0, "b")]}, "the text at 0 s must come after 0 s"),
        ({"prompt": "a", "at": [(4, "b"), (3, "c")]}, "the text at 3 s must come after 4 s"),
        ({"prompt": "a", "at": [(3, "b"), (3, "c")]}, "the text at 3 s must come after 3 s"),
        ({"prompt": "a", "at": [(5, "b")], "seconds": 5}, "before 5 s"),
        ({"prompt": "a", "at": [(60, "b")]}, "before 60 s"),
        ({"prompt": "a", "at": [("3", "b")]}, "a number"),
        ({"prompt": "a", "at": [(n / 2, "b") for n in range(1, 40)]}, "at most 32"),
        ({"prompt": "a", "colour": "red"}, 'unknown field "colour"'),
        ({}, "prompt"),
    ],
)
def test_a_bad_request_is_one_sentence(fields: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Request.model_validate(fields)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_plan_survives_its_json_and_keeps_its_digest() -> None:
    plan = a_plan(notes=("grün",))
    again = Plan.from_json(plan.to_json())
    assert again == plan and again.digest == plan.digest
    assert json.loads(plan.to_json())["notes"] == ["grün"]
    assert " " not in plan.to_json().replace("a red ball", "")


@settings(deadline=None)
@given(st.floats(1.0, LIMITS.guidance), st.integers(0, LIMITS.seed))
def test_any_decided_number_survives(guidance: float, seed: int) -> None:
    shot = (
        a_plan()
        .shots[0]
        .model_copy(update={"sampling": Sampling(steps=4, shift=2.5, guidance=guidance), "seed": seed})
    )
    plan = a_plan(shots=(shot,))
    assert Plan.from_json(plan.to_json()).digest == plan.digest


def test_each_decision_changes_the_digest() -> None:
    assert a_plan().digest != a_plan(precision="bfloat16").digest
    assert a_plan().digest != a_plan().variation(1).digest
    assert a_plan().variation(0) == a_plan()
    assert a_plan().variation(2).shots[0].seed == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not a plan"),
        ("[]", "plan"),
        ("{}", "prompt"),
        (a_plan().to_json().replace("himmel.plan/1", "himmel.plan/9"), "himmel.plan/9"),
        (a_plan().to_json().replace('"steps":4', '"steps":0'), "steps"),
        (a_plan().to_json().replace('"frames":9', '"frames":90000'), "90000 frames"),
        (a_plan().to_json().replace('"frames":9', '"frames":"9"'), "a number"),
        (a_plan().to_json().replace('"guidance":3.0', '"guidance":true'), "a number"),
        (a_plan().to_json().replace('"fps"', '"cues":[{"frame":9,"caption":"b"}],"fps"'), "not in order"),
        (a_plan().to_json().replace('"fps"', '"cues":[{"frame":0,"caption":"b"}],"fps"'), "frame"),
        (a_plan().to_json().replace('"overlap":9', '"overlap":9,"sink":24'), "a sink of 24"),
    ],
)
def test_a_damaged_plan_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Plan.from_json(text)


def test_shots_of_different_size_are_refused() -> None:
    wide = a_plan().shots[0].model_copy(update={"width": 128})
    with pytest.raises(UsageError, match="differ"):
        a_plan(shots=(wide, a_plan().shots[0]))


def test_values_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Request(prompt="a").prompt = "b"


def test_plan_does_not_import_torch() -> None:
    code = "import sys, himmel.plan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plan_that_needs_nothing_new_reads_as_before() -> None:
    """Digests of plans that older versions wrote stay what they are."""
    shot = json.loads(a_plan().to_json())["shots"][0]
    assert "cues" not in shot and set(shot["windows"]) == {"frames", "overlap", "carry_level"}
    said = (
        a_plan()
        .shots[0]
        .model_copy(
            update={
                "cues": (Cue(frame=5, caption="b"),),
                "windows": Windows(frames=33, overlap=5, sink=1, stride=4),
            }
        )
    )
    more = a_plan(shots=(said,))
    assert Plan.from_json(more.to_json()) == more and more.digest != a_plan().digest
    assert '"sink":1' in more.to_json() and '"stride":4' in more.to_json() and '"caption":"b"' in more.to_json()


def test_a_plan_without_a_finish_reads_and_reads_as_before() -> None:
    plan = a_plan()
    assert "finish" not in json.loads(plan.to_json()) and plan.finish is None
    assert (plan.frames, plan.fps, str(plan.size)) == (9, 12, "64x64")
    finished = a_plan(finish={"width": 512, "height": 288, "smooth": 2})
    assert (finished.frames, finished.fps, str(finished.size)) == (17, 24, "512x288")
    assert Plan.from_json(finished.to_json()) == finished and finished.digest != plan.digest
    for wrong in ({"smooth": 3}, {"width": 5000}, {"passes": 1}):
        with pytest.raises(UsageError, match="smooth|width|passes"):
            a_plan(finish={"width": 512, "height": 288} | wrong)
    fast = a_plan().shots[0].model_copy(update={"fps": 60})
    with pytest.raises(UsageError, match="120 finished fps is above 60"):
        a_plan(shots=(fast,), finish={"width": 64, "height": 64, "smooth": 2})
