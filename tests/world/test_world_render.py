"""Drawing: the same scene is the same clip, and its ground truth is what the pixels show."""

from dataclasses import replace

import numpy as np
import pytest

from himmel.errors import UsageError
from himmel.world import FULL, GroundTruth, MotionSpec, SceneSpec, Stage, SubjectSpec, sample_scene
from himmel.world.bodies import BODIES, COLLIDERS
from himmel.world.grammar import CAMERAS, COLOURS, MATERIALS, SETTINGS, STYLES, SUBJECTS
from himmel.world.look import SETTING_LOOKS
from himmel.world.mesh import HOLLOW, MESHES, build
from himmel.world.stage import RenderedClip
from himmel.world.truth import EVENTS


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def ball(verb: str = "roll", direction: str | None = "left", **changes: object) -> SubjectSpec:
    motion = MotionSpec(verb=verb, direction=direction)  # type: ignore[arg-type]
    return replace(SubjectSpec(kind="ball", colour="red", material="clay", motion=motion), **changes)  # type: ignore[arg-type]


def scene(*subjects: SubjectSpec, **changes: object) -> SceneSpec:
    values = {"seed": 5, "setting": "meadow", "width": 64, "height": 64} | changes
    return SceneSpec(subjects=subjects, **values)  # type: ignore[arg-type]


def still(kind: str) -> SubjectSpec:
    subject = SUBJECTS[kind]
    return SubjectSpec(kind=kind, colour="red", material=subject.materials[0])


def place_of(kind: str) -> str:
    return next(setting for setting in SETTINGS if setting in SUBJECTS[kind].settings)


def test_every_word_of_the_grammar_has_a_body_and_a_look() -> None:
    assert set(BODIES) == set(COLLIDERS) == set(SUBJECTS)
    assert set(SETTING_LOOKS) == set(SETTINGS)
    meshes = {part.mesh for body in BODIES.values() for part in body}
    assert meshes <= set(MESHES)


@pytest.mark.parametrize("name", sorted(MESHES))
def test_meshes_fit_the_unit_cube_with_outward_unit_normals(name: str) -> None:
    vertices, index = build(name)
    assert np.abs(vertices[:, :3]).max() <= 1.0001
    assert index.max() < len(vertices) and len(index) % 3 == 0
    lengths = np.linalg.norm(vertices[:, 3:], axis=1)
    assert (lengths > 0.25).all()  # scaled later: only directions matter
    if name not in HOLLOW:  # the others are star-shaped around their middle
        outward = (vertices[:, :3] * vertices[:, 3:]).sum(1)
        assert (outward > -0.05).all()


def test_the_same_seed_draws_the_same_clip(stage: Stage) -> None:
    spec = replace(sample_scene(11, profile=FULL, width=64, height=64), frames=5)
    first, again = stage.render(spec), stage.render(spec)
    assert np.array_equal(first.frames, again.frames)
    for name, array in first.truth.to_arrays().items():
        assert np.array_equal(array, again.truth.to_arrays()[name], equal_nan=array.dtype.kind == "f")
    other = stage.render(replace(spec, seed=12))
    assert not np.array_equal(first.frames, other.frames)


def test_truth_survives_its_arrays(stage: Stage) -> None:
    truth = stage.render(scene(ball(), frames=5)).truth
    again = GroundTruth.from_arrays(truth.to_arrays())
    assert np.array_equal(again.masks, truth.masks)
    with pytest.raises(UsageError, match="needs exactly"):
        GroundTruth.from_arrays({"masks": truth.masks})


@pytest.mark.parametrize(("direction", "sign"), [("left", -1), ("right", 1)])
def test_a_ball_rolls_the_way_the_viewer_is_told(stage: Stage, direction: str, sign: int) -> None:
    truth = stage.render(scene(ball(direction=direction))).truth
    assert sign * (truth.pixels[-1, 0, 0] - truth.pixels[0, 0, 0]) > 8
    assert sign * (truth.places[-1, 0, 0] - truth.places[0, 0, 0]) > 1


@pytest.mark.parametrize(("direction", "sign"), [("toward", 1), ("away", -1)])
def test_near_is_large_and_low(stage: Stage, direction: str, sign: int) -> None:
    truth = stage.render(scene(ball(direction=direction))).truth
    assert sign * (truth.seen[-1, 0] - truth.seen[0, 0]) > 20
    assert sign * (truth.boxes[-1, 0, 3] - truth.boxes[0, 0, 3]) > 2


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_every_subject_is_seen_whole_and_in_its_colour(stage: Stage, kind: str) -> None:
    spec = scene(still(kind), setting=place_of(kind), frames=2, light=SETTINGS[place_of(kind)].lights[0])
    clip = stage.render(spec)
    mask = clip.truth.masks[0] == 1
    assert mask.sum() > 120
    x0, y0, x1, y1 = clip.truth.boxes[0, 0]
    assert x0 >= 1 and y0 >= 1 and x1 <= 63 and y1 <= 63
    if kind == "glass":
        return
    pixels = clip.frames[0][mask].astype(float)
    reddish = (pixels[:, 0] > 1.4 * pixels[:, 1]) & (pixels[:, 0] > 1.4 * pixels[:, 2])
    assert reddish.mean() > 0.15


def test_masks_depth_and_pixels_agree(stage: Stage) -> None:
    truth = stage.render(scene(ball(verb="still", direction=None), frames=2)).truth
    rows, columns = np.nonzero(truth.masks[0] == 1)
    assert abs(columns.mean() - truth.pixels[0, 0, 0]) < 2 and abs(rows.mean() - truth.pixels[0, 0, 1]) < 2
    middle = truth.depth[0, int(rows.mean()), int(columns.mean())]
    assert 0 < truth.pixels[0, 0, 2] - middle < 0.7  # the ball's near side lies before its middle
    assert truth.depth[0].max() > 500  # the sky is far


@pytest.mark.parametrize("camera", CAMERAS)
def test_camera_moves_move_the_camera(stage: Stage, camera: str) -> None:
    truth = stage.render(scene(ball(verb="still", direction=None), camera=camera)).truth
    first, last = truth.camera[0].astype(float), truth.camera[-1].astype(float)
    eyes = [-matrix[:3, :3].T @ matrix[:3, 3] for matrix in (first, last)]
    turned = float(np.degrees(np.arccos(np.clip((first[2, :3] * last[2, :3]).sum(), -1, 1))))
    shift = truth.pixels[-1, 0] - truth.pixels[0, 0]
    if camera == "static":
        assert np.array_equal(first, last)
    if camera.startswith(("pan", "tilt")):
        assert np.allclose(eyes[0], eyes[1], atol=1e-4) and turned > 10
        axis, sign = (0, 1) if camera.startswith("pan") else (1, 1)
        assert shift[axis] * sign * (1 if camera.endswith(("left", "up")) else -1) > 8
    if camera.startswith("dolly"):
        assert (shift[2] < -1) == (camera == "dolly_in") and turned < 1
    if camera.startswith("orbit"):
        assert turned > 30 and (eyes[1][0] < eyes[0][0]) == (camera == "orbit_left")
    if camera == "crane_up":
        assert eyes[1][2] > eyes[0][2] + 1
    if camera == "drone":
        assert eyes[0][2] > 2.5 and np.linalg.norm(eyes[1] - eyes[0]) > 0.5


def test_what_passes_behind_is_hidden_and_comes_out(stage: Stage) -> None:
    motion = MotionSpec(verb="pass_behind", direction="right", target=1)
    passing = SubjectSpec(kind="ball", colour="yellow", material="clay", size="small", motion=motion)
    wall = SubjectSpec(kind="cube", colour="blue", material="clay", size="big")
    truth = stage.render(scene(passing, wall)).truth
    assert truth.seen[:, 0].min() < 0.2 * truth.seen[:, 0].max()
    assert truth.seen[-1, 0] > 0.5 * truth.seen[:, 0].max()


@pytest.mark.parametrize("verb", ["push", "collide"])
def test_what_is_hit_moves_only_after_it_is_touched(stage: Stage, verb: str) -> None:
    motion = MotionSpec(verb=verb, direction="right", target=1)
    hitter = SubjectSpec(kind="car", colour="red", material="clay", motion=motion)
    truth = stage.render(scene(hitter, still("cube"))).truth
    touched = [event.frame for event in truth.event_list() if event.kind == "contact"]
    assert len(touched) == 1 and 3 < touched[0] < 30
    way = truth.places[:, 1, 0] - truth.places[0, 1, 0]
    assert np.abs(way[: touched[0] + 1]).max() < 0.02 and way[-1] > 0.05


def test_what_falls_lands_and_what_stops_stops(stage: Stage) -> None:
    falling = stage.render(scene(ball(verb="fall", direction=None))).truth
    assert falling.places[0, 0, 2] > falling.places[-1, 0, 2] + 1
    assert any(event.kind == "landing" and event.frame > 2 for event in falling.event_list())
    stopping = MotionSpec(verb="stop", direction="left", first="roll")
    stopped = stage.render(scene(replace(ball(), motion=stopping))).truth
    assert any(event.kind == "stops" for event in stopped.event_list())
    assert np.allclose(stopped.places[-1], stopped.places[-4], atol=1e-3)


def test_bouncing_follows_gravity(stage: Stage) -> None:
    truth = stage.render(scene(ball(verb="bounce", direction=None))).truth
    height = truth.places[:, 0, 2].astype(float)
    free = np.flatnonzero(height[1:-1] > height.min() + 0.5) + 1
    acceleration = (height[free + 1] - 2 * height[free] + height[free - 1]) * 12**2
    assert abs(np.median(acceleration) + 9.81) < 1.0


@pytest.mark.parametrize("style", STYLES)
def test_styles_change_pixels_and_never_places(stage: Stage, style: str) -> None:
    plain = stage.render(scene(ball(), frames=3))
    styled: RenderedClip = stage.render(scene(ball(), frames=3, style=style))
    assert styled.frames.shape == (3, 64, 64, 3)
    if style == "black_and_white":
        assert int(np.ptp(styled.frames.astype(int), axis=-1).max()) <= 1
    if style != "realistic":
        assert np.abs(styled.frames.astype(int) - plain.frames).mean() > 2


@pytest.mark.parametrize("material", MATERIALS)
def test_materials_look_different(stage: Stage, material: str) -> None:
    clay = stage.render(scene(ball(verb="still", direction=None), frames=1)).frames
    other = stage.render(scene(ball(verb="still", direction=None, material=material), frames=1)).frames
    assert material == "clay" or np.abs(clay.astype(int) - other).max() > 15


def test_one_stage_draws_every_size(stage: Stage) -> None:
    square, wide, tall = (scene(ball(), frames=2, width=width) for width in (64, 96, 40))
    first = stage.render(square).frames
    for spec in (wide, tall):
        clip = stage.render(spec)
        assert clip.frames.shape == (2, 64, spec.width, 3) and clip.truth.masks.shape == (2, 64, spec.width)
    assert np.array_equal(stage.render(square).frames, first)


def test_colours_stay_apart() -> None:
    values = np.array([colour.rgb for colour in COLOURS.values()], float)
    distance = np.linalg.norm(values[:, None] - values[None], axis=-1) + 1e3 * np.eye(len(values))
    assert distance.min() > 60
    assert len(EVENTS) == len(set(EVENTS))
