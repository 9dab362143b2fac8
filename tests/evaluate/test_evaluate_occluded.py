from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.evaluate import FULL, PROBES, Exhibit, Length, load_examiner
from himmel.evaluate.occluded import cleaned, different, passage
from himmel.evaluate.wrong import WRONG, check_wrong
from himmel.world import MotionSpec, SceneSpec, SubjectSpec
from himmel.world.grammar import COLOURS

SIDE, FRAMES, RADIUS = 72, 33, 7
EXAMINER = load_examiner()


def asked(direction: str = "right", hidden: float = 1.0) -> SceneSpec:
    motion = MotionSpec.from_dict(
        {"verb": "disappear_behind", "direction": direction, "target": "wall", "hidden": hidden}
    )
    subject = SubjectSpec(kind="ball", colour="red", material="clay", motion=motion)
    return SceneSpec(seed=1, subjects=(subject,), setting="meadow", width=SIDE, height=SIDE)


def ball(hidden: float = 1.0, colour: str = "red", later: str | None = None) -> np.ndarray:
    """A disc that rolls to the right behind a wall, and `later` has another colour."""
    pace = 1.4
    half = (pace * hidden * 12 + 2 * RADIUS) / 2
    x = SIDE / 2 + pace * (np.arange(FRAMES) - FRAMES / 2 + 0.5)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    frames = np.full((FRAMES, SIDE, SIDE, 3), (110, 150, 90), np.uint8)
    for at in range(FRAMES):
        paint = later if later and at > FRAMES // 2 else colour
        frames[at][(columns - x[at]) ** 2 + (rows - 45) ** 2 < RADIUS**2] = COLOURS[paint].rgb
    frames[:, 22:56, int(SIDE / 2 - half) : int(SIDE / 2 + half)] = (130, 110, 100)
    return frames


def mark(frames: np.ndarray, spec: SceneSpec) -> float:
    (right,) = PROBES["hidden_again"](Exhibit(frames=frames, spec=spec, examiner=EXAMINER, step=1))
    return right


@settings(max_examples=4, deadline=None)
@given(st.sampled_from([0.5, 1.0, 1.5]), st.sampled_from(sorted(set(COLOURS) - {"green"})), st.booleans())
def test_what_goes_behind_comes_out_again(hidden: float, colour: str, mirrored: bool) -> None:
    frames = ball(hidden, colour)[:, :, :: -1 if mirrored else 1]
    way, other = ("left", "right") if mirrored else ("right", "left")
    assert mark(frames, asked(way, hidden)) == 1.0
    assert mark(frames, asked(other, hidden)) == 0.0
    assert mark(frames[::-1], asked(way, hidden)) == 0.0


def test_a_passage_is_measured() -> None:
    found = passage(ball())
    assert found is not None and (found.sign, found.parts) == (1, 1)
    assert found.pace * SIDE == pytest.approx(1.4, rel=0.1) and found.stray < 0.04
    assert found.after - found.first == pytest.approx(14, abs=3) and abs(found.grown) < 0.1


def test_what_is_not_hidden_as_asked_is_wrong() -> None:
    frames, middle = ball(), FRAMES // 2
    assert mark(frames, asked(hidden=2.0)) == 0.0
    assert mark(ball(later="blue"), asked()) == 0.0
    assert mark(np.repeat(frames[:1], FRAMES, 0), asked()) == 0.0
    assert mark(np.concatenate([frames[:middle], frames[[middle] * (FRAMES - middle)]]), asked()) == 0.0
    doubled = frames.copy()
    doubled[middle + 8 :, 3:18, 5:17] = COLOURS["red"].rgb
    assert mark(doubled, asked()) == 0.0
    in_sight = np.full_like(frames, 120)
    for at in range(FRAMES):
        in_sight[at, 35:50, 5 + at : 20 + at] = COLOURS["red"].rgb
    assert mark(in_sight, asked()) == 0.0
    assert mark(np.random.default_rng(0).integers(0, 256, frames.shape, dtype=np.uint8), asked()) == 0.0


def test_a_shadow_is_no_thing() -> None:
    scene = np.full((20, 20, 3), (200, 180, 160), np.float64)
    frames = np.repeat(scene[None], 2, 0)
    frames[0, 5:15, 5:15] *= 0.6
    frames[1, 5:15, 5:15] = (60, 60, 200)
    found = different(frames.astype(np.uint8), scene)
    assert not found[0].any() and found[1, 6:14, 6:14].all()
    lit = different(np.repeat(scene[None], 1, 0).astype(np.uint8), frames[0], lit=True)
    assert not lit.any() and different(np.repeat(scene[None], 1, 0).astype(np.uint8), frames[0]).any()


def test_single_pixels_are_cleaned_away() -> None:
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 4, 4] = True
    assert not cleaned(mask).any()
    mask[0, 2:7, 2:7], mask[0, 4, 4] = True, False
    assert cleaned(mask)[0, 4, 4]


def test_other_scenes_are_not_asked() -> None:
    still = SubjectSpec(kind="ball", colour="red", material="clay")
    spec = replace(asked(), subjects=(still,))
    assert PROBES["hidden_again"](Exhibit(frames=ball(), spec=spec, examiner=EXAMINER)) == []


def test_wrong_clips_of_a_true_scene_are_caught() -> None:
    row = next(row for row in FULL.rows if row.probe == "hidden_again")
    suite = replace(FULL, groups={"hidden": FULL.groups["hidden"]}, rows=(replace(row, groups=("hidden",)),))
    told: list[tuple[int, int]] = []
    found = check_wrong(
        suite, Length(width=64, height=64), examiner=EXAMINER, limit=1,
        on_progress=lambda *each: told.append(each),
    )  # fmt: skip
    assert len(found) == len(WRONG["hidden_again"]) and told == [(1, 1)]
    assert {caught.wrong: caught.share.value for caught in found} == {
        spoil.__name__.replace("_", " "): 1.0 for spoil in WRONG["hidden_again"]
    }
