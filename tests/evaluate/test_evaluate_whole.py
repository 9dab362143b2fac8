from dataclasses import replace

import numpy as np
import pytest

from himmel.evaluate import PROBES, Exhibit, Given, load_examiner
from himmel.evaluate.examiner import PALETTE
from himmel.evaluate.whole import thumbnail
from himmel.world import MotionSpec, RelationSpec, SceneSpec, SubjectSpec, held_out

SIDE = 64
EXAMINER = load_examiner()
SPEC = SceneSpec(
    seed=1, setting="meadow", width=SIDE, height=SIDE,
    subjects=(SubjectSpec(kind="ball", colour="red", material="clay"),),
)  # fmt: skip


def shown(
    frames: np.ndarray, classes: np.ndarray | None = None, spec: SceneSpec = SPEC, **more: object
) -> Exhibit:
    exhibit = Exhibit(frames=frames, spec=spec, examiner=EXAMINER, step=1, **more)  # type: ignore[arg-type]
    exhibit.__dict__["classes"] = np.zeros(frames.shape[:3], np.uint8) if classes is None else classes
    return exhibit


def noise(frames: int = 9, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, SIDE, SIDE, 3), dtype=np.uint8)


def still(frames: int = 9, level: int = 100) -> np.ndarray:
    return np.full((frames, SIDE, SIDE, 3), level, np.uint8)


def test_flicker_is_of_the_world_alone() -> None:
    assert PROBES["flicker"](shown(still())) == [0.0]
    frames = still()
    frames[1::2] += 4
    assert PROBES["flicker"](shown(frames)) == [4.0]
    classes = np.zeros(frames.shape[:3], np.uint8)
    classes[:, :32] = 1
    moving = still()
    moving[::2, :32] = 200
    assert PROBES["flicker"](shown(moving, classes)) == [0.0]
    assert PROBES["flicker"](shown(moving, np.ones_like(classes))) == [255.0]


def test_thumbnails_are_means_of_blocks() -> None:
    frames = noise()
    small = thumbnail(frames).reshape(5, 8, 8, 3)
    assert small[0, 0, 0] == pytest.approx(frames[0, :8, :8].mean((0, 1)) / 255, abs=1e-5)
    assert small[-1, 7, 7] == pytest.approx(frames[-1, 56:, 56:].mean((0, 1)) / 255, abs=1e-5)
    assert thumbnail(frames[:, :50, :30]).shape == (5 * 8 * 8 * 3,)


def test_the_nearest_training_clip_is_found() -> None:
    gallery = np.stack([thumbnail(still(level=level)) for level in (0, 100, 255)])
    assert PROBES["nearest_training"](shown(still(), gallery=gallery)) == [0.0]
    (near,) = PROBES["nearest_training"](shown(still(level=110), gallery=gallery))
    assert near == pytest.approx(10 / 255, abs=1e-6)
    assert PROBES["nearest_training"](shown(still())) == []


def test_variety_is_between_all_pairs() -> None:
    clips = [shown(still(level=level)) for level in (0, 51, 102)]
    (far,) = PROBES["variety"](clips[0].beside(clips[1:]))
    assert far == pytest.approx((0.2 + 0.2 + 0.4) / 3)
    assert PROBES["variety"](clips[0].beside([clips[0]])) == [0.0] and PROBES["variety"](clips[0]) == []


def pan(frames: int = 17, speed: int = 2) -> np.ndarray:
    """A soft texture that moves sideways."""
    wave = np.sin(np.arange(SIDE + frames * speed) / 5.0)[None] * np.cos(np.arange(SIDE) / 7.0)[:, None]
    levels = (120 + 80 * wave).astype(np.uint8)
    return np.stack([np.repeat(levels[:, at : at + SIDE, None], 3, 2) for at in range(0, frames * speed, speed)])


def test_seams_show_jumps_and_changes_of_speed() -> None:
    frames = pan()
    both = Given(first=frames[:5], last=frames[-4:])
    assert PROBES["seams"](shown(frames, given=both))[0] == pytest.approx(1.0, abs=0.1)
    for cut in (5, 13):
        jumped = np.concatenate([frames[:cut], np.roll(frames[cut:], 9, 2)])
        assert PROBES["seams"](shown(jumped, given=both))[0] > 2
    assert PROBES["seams"](shown(frames, given=Given(first=frames[:5]))) == []
    begun = Given(first=frames[:9])
    assert PROBES["seam_velocity"](shown(frames, given=begun))[0] == pytest.approx(1.0, abs=0.25)
    turned = np.concatenate([frames[:9], frames[7::-1]])
    assert PROBES["seam_velocity"](shown(turned, given=begun))[0] > 3
    assert PROBES["seam"](shown(turned, given=begun))[0] == pytest.approx(1.0, abs=0.1)  # which sees no turn
    assert PROBES["seam_velocity"](shown(frames, given=Given(first=frames))) == []


def test_outside_of_the_box_every_pixel_counts() -> None:
    whole, box = pan(), (16, 32, 32, 32)
    inside = whole.copy()
    inside[:, 32:64, 16:48] = 0
    given = Given(whole=whole, box=box)
    assert PROBES["outside"](shown(inside, given=given)) == [1.0]
    inside[3, 31, 20, 1] ^= 1
    assert PROBES["outside"](shown(inside, given=given)) == [0.0]
    assert PROBES["outside"](shown(inside)) == []


def test_the_edge_of_the_box_is_as_steep_as_it_was() -> None:
    whole, box = pan(), (16, 32, 32, 32)
    given = Given(whole=whole, box=box)
    assert PROBES["box_edge"](shown(whole, given=given))[0] == pytest.approx(1.0)
    pasted = whole.copy()
    pasted[:, 32:64, 16:48] = 255
    assert PROBES["box_edge"](shown(pasted, given=given))[0] > 3
    everything = Given(whole=whole, box=(0, 0, SIDE, SIDE))
    assert PROBES["box_edge"](shown(whole, given=everything)) == [0.0]
    assert PROBES["box_edge"](shown(whole)) == []


def stream(seconds: int = 20) -> np.ndarray:
    frames = np.random.default_rng(1).normal(0, 3, (seconds * 12, 16, 16, 3)) + [120, 90, 60]
    return frames.clip(0, 255).astype(np.uint8)


def test_a_stream_that_drifts_is_not_steady() -> None:
    begun = stream()
    assert PROBES["steady"](shown(begun)) == [1.0]
    drifts = {
        "brightness": (begun * np.linspace(1, 1.3, len(begun))[:, None, None, None]).clip(0, 255),
        "saturation": begun + np.linspace(0, 20, len(begun))[:, None, None, None] * np.array([1, 0, -1]),
        "frozen": np.concatenate([begun[:180], np.repeat(begun[180:181], 60, 0)]),
        "wild": np.concatenate([begun[:180], (begun[180:].astype(int) + begun[180:] % 2 * 60).clip(0, 255)]),
    }
    for name, frames in drifts.items():
        assert PROBES["steady"](shown(frames.astype(np.uint8))) == [0.0], name
    assert PROBES["steady"](shown(begun[:100])) == []


def test_seconds_are_of_who_made_it() -> None:
    assert PROBES["seconds"](shown(still(), seconds=1.5)) == [1.5]
    assert PROBES["seconds"](shown(still())) == []


def two_things(left: str, right: str) -> np.ndarray:
    classes = np.zeros((9, SIDE, SIDE), np.uint8)
    classes[:, 20:34, 8:24], classes[:, 20:34, 40:56] = 1 + PALETTE.index(left), 1 + PALETTE.index(right)
    return classes


def pair(kind: str) -> SceneSpec:
    other = SubjectSpec(kind="cube", colour="blue", material="clay")
    relation = RelationSpec.from_dict({"a": 0, "kind": kind, "b": 1})
    return replace(SPEC, subjects=(*SPEC.subjects, other), relation=relation)


def test_a_changed_word_must_change_one_fact() -> None:
    asked = two_things("red", "blue"), pair("left_of")
    followed = shown(still(), two_things("blue", "red"), pair("right_of"))
    ignored = shown(still(), two_things("red", "blue"), pair("right_of"))
    recoloured = shown(still(), two_things("green", "red"), pair("right_of"))
    for other, right in ((followed, 1.0), (ignored, 0.0), (recoloured, 0.0)):
        assert PROBES["counterfactual"](shown(still(), *asked, twins=(other,))) == [right]
    turned = shown(still(), asked[0], pair("right_of"), twins=(followed,))
    assert PROBES["counterfactual"](turned) == [0.0]


def test_a_combination_says_whether_it_was_held_out() -> None:
    found = {
        PROBES["held_out"](shown(still(), two_things("red", "blue"), replace(
            pair("left_of"), subjects=(replace(SPEC.subjects[0], kind=kind), pair("left_of").subjects[1])
        )))[0] == held_out("red", kind, "still")
        for kind in ("ball", "cube", "dog", "car", "ring", "cone")
    }  # fmt: skip
    assert found == {True}
    right, wrong = (
        shown(still(), two_things(*way), pair("left_of")) for way in (("red", "blue"), ("blue", "red"))
    )
    assert PROBES["held_out"](right)[1] == 1.0 and PROBES["held_out"](wrong)[1] == 0.0
    going = replace(SPEC, subjects=(replace(SPEC.subjects[0], motion=MotionSpec(verb="roll", direction="left")),))
    assert PROBES["held_out"](shown(still(), two_things("red", "red")[:, :, ::1], going))[1] == 0.0
