from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.evaluate import PROBES, Exhibit, load_examiner
from himmel.evaluate.examiner import PALETTE
from himmel.evaluate.followed import SILHOUETTE, fallen, told_pace
from himmel.world import MotionSpec, SceneSpec, SubjectSpec
from himmel.world.grammar import COLOURS

SIDE, FRAMES = 96, 17
EXAMINER = load_examiner()


def spec(colour: str = "red", **motion: str) -> SceneSpec:
    subject = SubjectSpec(
        kind="ball", colour=colour, material="clay", motion=MotionSpec.from_dict(motion or {"verb": "still"})
    )
    return SceneSpec(seed=1, subjects=(subject,), setting="meadow", width=SIDE, height=SIDE)


def disc(x: np.ndarray, y: np.ndarray, radius: np.ndarray, asked: SceneSpec, paint: str | None = None) -> Exhibit:
    """A clip of a disc of the asked colour at these places [t], with the classes an examiner would find."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    masks = (columns - x[:, None, None]) ** 2 + (rows - y[:, None, None]) ** 2 < radius[:, None, None] ** 2
    colour = asked.subjects[0].colour
    frames = np.full((len(x), SIDE, SIDE, 3), 110, np.uint8)
    frames[masks] = COLOURS[paint or colour].rgb
    exhibit = Exhibit(frames=frames, spec=asked, examiner=EXAMINER, step=1)
    exhibit.__dict__["classes"] = np.where(masks, 1 + PALETTE.index(colour), 0).astype(np.uint8)
    return exhibit


def line(start: float, stop: float) -> np.ndarray:
    return np.linspace(start, stop, FRAMES)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 3.0), st.floats(8, 14), st.booleans())
def test_the_pace_of_a_disc_is_known(way: float, radius: float, leftwards: bool) -> None:
    """Seconds, units and pixels: a ball of the world's size that goes `way` of its own radii a frame."""
    travel = min(way * FRAMES, SIDE - 2 * radius - 4)
    x = line(SIDE / 2 - travel / 2, SIDE / 2 + travel / 2)[:: -1 if leftwards else 1]
    found = disc(x, line(50, 50), line(radius, radius), spec(verb="roll", direction="right"))
    unit = SILHOUETTE["ball"] / (np.sqrt(np.pi) * radius)  # of the world, in a pixel
    known = travel / (FRAMES - 1) * 12 * unit
    assert told_pace(found) == pytest.approx(known, rel=0.05, abs=0.02)  # a disc is drawn in whole pixels
    word, measured = PROBES["pace"](found)
    assert word == 1.0 and measured == told_pace(found)


def test_a_pace_of_nothing_is_none() -> None:
    away = disc(line(-50, -50), line(50, 50), line(9, 9), spec(verb="roll", direction="right"))
    assert PROBES["pace"](away) == [1.0, 0.0]


@settings(max_examples=20, deadline=None)
@given(st.floats(5, 15), st.floats(0.8, 2.0), st.floats(0.7, 0.97), st.integers(0, 1000))
def test_gravity_is_read_off_a_bouncing_point(g: float, height: float, keeps: float, seed: int) -> None:
    rate, starts, tops = 24.0, [-np.sqrt(2 * height / g)], [height]
    for _ in range(12):  # as many bounces as three seconds may have and a few more
        starts.append(starts[-1] + 2 * np.sqrt(2 * tops[-1] / g))
        tops.append(tops[-1] * keeps**2)
    times = np.arange(int(min(3.0, starts[3]) * rate)) / rate
    flight = np.searchsorted(starts, times, side="right") - 1
    since, top = times - np.array(starts)[flight], np.array(tops)[flight]
    up = since * (np.sqrt(2 * g * top) - g / 2 * since)
    noise = np.random.default_rng(seed).normal(0, 0.004, len(up))
    found = fallen(3.0 - up + noise, rate)
    assert found is not None
    assert found[0] == pytest.approx(g, rel=0.2) and found[1] == pytest.approx(keeps**2, abs=0.12)


def test_what_does_not_fall_has_no_gravity() -> None:
    assert fallen(np.full(20, np.nan), 12) is None
    assert fallen(np.zeros(20), 12) is None
    steady = fallen(np.linspace(0, 1, 20), 12)  # sinks like a stone in honey
    assert steady is None or abs(steady[0]) < 1


@pytest.mark.parametrize(("g", "right"), [(9.81, 1.0), (3.0, 0.0), (20.0, 0.0)])
def test_a_ball_on_another_planet_is_wrong(g: float, right: float) -> None:
    radius, pixels = 8.0, np.sqrt(np.pi) * 8.0 / SILHOUETTE["ball"]
    height = 1.0 if g > 4 else 0.6
    period = 2 * np.sqrt(2 * height / g)
    times = np.arange(33) / 12
    phase = (times + period / 2) % period - period / 2
    up = height - g / 2 * phase**2
    y = SIDE - 14 - up * 0.955 * pixels
    asked = replace(spec(verb="bounce"), frames=33)
    assert PROBES["gravity"](disc(np.full(33, 48.0), y, np.full(33, radius), asked)) == [right]


def test_a_colour_that_turns_is_not_kept() -> None:
    same = disc(line(30, 60), line(50, 50), line(10, 10), spec())
    assert PROBES["same_colour"](same) == [1.0]
    turned = replace(same, frames=same.frames.copy())
    turned.__dict__["classes"] = same.classes
    last = turned.frames[-4:]
    last[same.classes[-4:] > 0] = COLOURS["orange"].rgb
    assert PROBES["same_colour"](turned) == [0.0]
    white = disc(line(30, 60), line(50, 50), line(10, 10), spec("white"))
    assert PROBES["same_colour"](white) == [1.0]
    white.frames[-4:][white.classes[-4:] > 0] = 150  # in the shade
    assert PROBES["same_colour"](white) == [1.0]
    white.frames[-4:][white.classes[-4:] > 0] = COLOURS["pink"].rgb
    assert PROBES["same_colour"](white) == [0.0]


@pytest.mark.parametrize(("end", "right"), [(10.0, 1.0), (10.8, 1.0), (13.0, 0.0), (7.0, 0.0)])
def test_a_size_that_nothing_explains_is_not_kept(end: float, right: float) -> None:
    grown = disc(line(48, 48), line(50, 50), line(10, end), spec())
    assert PROBES["same_size"](grown) == [right]


def test_a_size_is_not_asked_where_it_must_change() -> None:
    toward = disc(line(48, 48), line(50, 50), line(10, 16), spec(verb="roll", direction="toward"))
    assert PROBES["same_size"](toward) == []
    for camera in ("orbit_left", "dolly_in"):
        assert PROBES["same_size"](replace(toward, spec=replace(spec(), camera=camera))) == []
    assert PROBES["same_colour"](replace(toward, spec=replace(spec(), camera="orbit_left"))) == []
    cut = disc(line(2, 2), line(50, 50), line(10, 16), spec())
    assert PROBES["same_size"](cut) == []
