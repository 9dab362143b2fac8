"""The stage: from a scene's spec to frames and ground truth. One `Stage` serves a process for all its clips."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.errors import UsageError
from himmel.world import look, motion
from himmel.world.bodies import BODIES, COLLIDERS
from himmel.world.camera import camera_path
from himmel.world.canvas import INSTANCE_FLOATS, Canvas, Instances, View
from himmel.world.grammar import COLOURS
from himmel.world.motion import Track
from himmel.world.parts import FIXED_TINTS, Part
from himmel.world.sampling import GENERATOR
from himmel.world.spec import SceneSpec
from himmel.world.staging import Staged, stage_scene
from himmel.world.style import STYLES, average_down, outlined
from himmel.world.truth import GroundTruth, find_events, mask_facts

__all__ = ["RenderedClip", "Stage"]

FloatArray: TypeAlias = npt.NDArray[Any]
_SURFACE = {"clay": 0, "wooden": 1, "metal": 2, "glass": 3, "felt": 4}
_GROUND, _LAMP, _PLAIN = 5.0, 6.0, 7.0
_CARTOON_BANDS = 3
_SHADOWED = 4.5  # props within this distance of the middle cast shadows


@dataclass(frozen=True, kw_only=True)
class RenderedClip:
    """A drawn clip: frames uint8 [T, H, W, 3], its ground truth and the spec both came from."""

    frames: FloatArray
    truth: GroundTruth
    spec: SceneSpec


def scene_rng(spec: SceneSpec) -> np.random.Generator:
    """The generator of everything a spec leaves open: a function of the generator's version and the spec."""
    text = json.dumps([GENERATOR, spec.to_dict()], sort_keys=True)
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


class Stage:
    """Owns the drawing surface of one size; `render` draws any scene of that size."""

    def __init__(self, width: int, height: int, *, supersample: int = 2) -> None:
        self._canvas = Canvas(width, height, supersample)
        self.width, self.height = width, height

    def close(self) -> None:
        """Give the drawing surface back."""
        self._canvas.close()

    def render(self, spec: SceneSpec) -> RenderedClip:
        """Draw a scene; raises UsageError when its size is not the stage's."""
        if (spec.width, spec.height) != (self.width, self.height):
            raise UsageError(f"scene is {spec.width}x{spec.height}, this stage draws {self.width}x{self.height}")
        rng = scene_rng(spec)
        staged = stage_scene(spec, rng)
        views = camera_path(spec, staged.tracks, rng)
        light = look.uniforms(spec.setting, spec.light, bands=_CARTOON_BANDS if spec.style == "cartoon" else 0)
        light |= _shadow_box(staged, spec)
        figures = _Figures(spec, staged, rng)
        factor = self._canvas.supersample
        colours = np.empty((spec.frames, self.height * factor, self.width * factor, 3), np.uint8)
        facts = np.empty((spec.frames, self.height, self.width, 2), np.float32)
        for frame, view in enumerate(views):
            light |= {"seconds": frame / spec.fps, "occluders": figures.occluders(frame)}
            colour, fact = self._canvas.draw(view, figures.instances(frame), light)
            colours[frame] = outlined(colour, fact) if spec.style == "cartoon" else colour
            facts[frame] = fact[::factor, ::factor]
        frames = STYLES[spec.style](average_down(colours, factor), rng)
        frames = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
        return RenderedClip(frames=frames, truth=_truth(spec, staged, views, facts), spec=spec)


def _shadow_box(staged: Staged, spec: SceneSpec) -> dict[str, Any]:
    """The patch of ground that the shadow map covers: the subjects' ways and a margin."""
    places = np.concatenate([track.place for track in staged.tracks])
    low, high = places.min(0), places.max(0)
    reach = float(np.clip(np.abs(high - low)[:2].max() / 2 + 2.6, 3.0, 7.0))
    centre = (low + high) / 2
    centre[2] = 0.4
    return {"shadow_centre": centre, "shadow_reach": reach}


def _rotation(axis: FloatArray, angle: FloatArray) -> FloatArray:
    """Rotation matrices [T, 3, 3] about a unit axis (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    sin, cos = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + sin * cross + (1 - cos) * (cross @ cross))


def _euler(turn: tuple[float, float, float]) -> FloatArray:
    """Rotation [3, 3] by degrees about x, then y, then z."""
    matrix = np.eye(3)
    for axis, degrees in zip(np.eye(3), turn, strict=True):
        matrix = _rotation(axis, np.array([np.radians(degrees)]))[0] @ matrix
    return matrix


def _part_pose(part: Part, angles: dict[str, FloatArray], frames: int) -> FloatArray:
    """A part in its body's space over time: [T, 3, 4]."""
    pose = np.zeros((frames, 3, 4))
    linear = _euler(part.turn) * np.array(part.half)
    pose[:, :, :3], pose[:, :, 3] = linear, part.at
    joint = part.joint
    if joint is not None and joint.channel in angles:
        turn = _rotation(np.array(joint.axis), joint.gain * angles[joint.channel])
        pivot = np.array(joint.pivot)
        pose[:, :, :3] = turn @ linear
        pose[:, :, 3] = np.einsum("tij,j->ti", turn, np.array(part.at) - pivot) + pivot
    return pose


def _body_pose(track: Track, kind: str, scale: float) -> FloatArray:
    """A body in the world over time: [T, 3, 4]."""
    middle = (0.36 if track.lying else COLLIDERS[kind][2]) * scale
    base = _euler((90.0, 0.0, 0.0)) if track.lying else np.eye(3)
    # A body lying down turns about its own middle, which then rests on its radius.
    own_middle = COLLIDERS[kind][2] * scale
    squash = np.stack([track.squash**-0.5, track.squash**-0.5, track.squash], 1)[:, :, None]
    turn = _rotation(np.array([0.0, 0.0, 1.0]), track.yaw) @ _rotation(np.array([0.0, 1.0, 0.0]), track.pitch)
    linear = turn @ (squash * base) * scale
    pose = np.zeros((len(track.yaw), 3, 4))
    pose[:, :, :3] = linear
    pose[:, :, 3] = track.place + np.array([0, 0, middle]) - linear @ np.array([0, 0, own_middle / scale])
    return pose


def _compose(outer: FloatArray, inner: FloatArray) -> FloatArray:
    """Outer after inner, both [T, 3, 4]."""
    pose = np.empty_like(inner)
    pose[:, :, :3] = outer[:, :, :3] @ inner[:, :, :3]
    pose[:, :, 3] = np.einsum("tij,tj->ti", outer[:, :, :3], inner[:, :, 3]) + outer[:, :, 3]
    return pose


def _row(pose: FloatArray, colour: FloatArray, surface: float, identity: int, part: int) -> FloatArray:
    """Instance rows [T, INSTANCE_FLOATS] of one part."""
    rows = np.zeros((len(pose), INSTANCE_FLOATS))
    rows[:, :12] = pose.reshape(-1, 12)
    rows[:, 12:15], rows[:, 15] = colour, 1.0
    rows[:, 16] = surface
    rows[:, 20], rows[:, 21] = identity, part
    return rows


def _tints(colour: str) -> dict[str, FloatArray]:
    main = np.array(COLOURS[colour].rgb) / 255.0
    tints = {name: look.linear(value) for name, value in FIXED_TINTS.items()}
    return tints | {
        "main": look.linear(main),
        "shade": look.linear(main * 0.72),
        "light": look.linear(main * 0.45 + 0.55),
    }


class _Figures:
    """All instance rows of a scene, computed once: moving bodies per frame, standing props once."""

    def __init__(self, spec: SceneSpec, staged: Staged, rng: np.random.Generator) -> None:
        self._staged, self._spec = staged, spec
        self._moving: dict[tuple[str, str], list[FloatArray]] = {}
        self._around: dict[str, list[FloatArray]] = {}
        self._by_stage: dict[str, list[FloatArray]] = {}
        for index, (subject, track) in enumerate(zip(spec.subjects, staged.tracks, strict=True)):
            self._add_body(index, subject.kind, subject.colour, subject.material, motion.scale_of(subject), track)
        for prop in look.props_for(spec.setting, rng):
            self._add_prop(prop)
        for subject in spec.subjects:
            if isinstance(subject.motion.target, str) and staged.prop_at is not None:
                self._add_prop(look.target_prop(subject.motion.target, spec.setting, staged.prop_at))
        ground = np.zeros((1, 3, 4))
        ground[0, :, :3] = np.diag([60.0, 60.0, 1.0])
        self._ground = _row(ground, np.ones(3), _GROUND, 0, 0)

    def _add_body(self, index: int, kind: str, colour: str, material: str, scale: float, track: Track) -> None:
        body, tints = _body_pose(track, kind, scale), _tints(colour)
        for number, part in enumerate(BODIES[kind]):
            pose = _compose(body, _part_pose(part, track.angles, len(body)))
            own = part.tint in ("main", "shade", "light")
            surface = float(_SURFACE[material]) if own else _LAMP if part.tint == "lamp" else 0.0
            rows = _row(pose, tints[part.tint], surface, index + 1, number + 1)
            group = material if own and material in ("glass", "metal") else "plain"
            self._moving.setdefault((part.mesh, group), []).append(rows)

    def _add_prop(self, prop: look.Prop) -> None:
        turn = np.array(
            [[np.cos(prop.yaw), -np.sin(prop.yaw), 0], [np.sin(prop.yaw), np.cos(prop.yaw), 0], [0, 0, 1]]
        )
        place = np.zeros((1, 3, 4))
        place[0, :, :3], place[0, :2, 3] = turn * prop.scale, prop.at
        near = float(np.hypot(*prop.at)) < _SHADOWED
        for number, (part, colour) in enumerate(prop.parts):
            pose = _compose(place, _part_pose(part, {}, 1))
            lit = (prop.lamp and part.mesh == "sphere") or colour == (1.0, 0.86, 0.5)
            rows = _row(pose, look.linear(colour), _LAMP if lit else _PLAIN, 0, 32 + number)
            (self._by_stage if near else self._around).setdefault(part.mesh, []).append(rows)

    def instances(self, frame: int) -> Instances:
        """Everything to draw in one frame."""
        groups: dict[str, dict[str, list[FloatArray]]] = {
            "plain": {mesh: list(rows) for mesh, rows in self._by_stage.items()}, "metal": {}, "glass": {},
        }  # fmt: skip
        for (mesh, group), rows in self._moving.items():
            groups[group].setdefault(mesh, []).extend(row[frame : frame + 1] for row in rows)
        near, shiny, glass, far = (
            {mesh: np.concatenate(rows) for mesh, rows in parts.items()}
            for parts in (groups["plain"], groups["metal"], groups["glass"], self._around)
        )
        return Instances(near=near, shiny=shiny, far=far, ground=self._ground, glass=glass)

    def occluders(self, frame: int) -> FloatArray:
        """One or two spheres per subject for contact shadows: [K, 4] centre and radius."""
        spheres = []
        for subject, track in zip(self._spec.subjects, self._staged.tracks, strict=True):
            half = np.array(COLLIDERS[subject.kind]) * motion.scale_of(subject)
            radius, yaw = float(min(half[1] * 1.25, half[2])), track.yaw[frame]
            reach = max(half[0] - radius, 0.0) * 0.9
            way = np.array([np.cos(yaw), np.sin(yaw), 0.0])
            middle = track.place[frame] + np.array([0, 0, radius * 0.95])
            ends = (-1, 1) if reach > 0.2 else (0,)
            spheres += [
                np.append(middle + end * reach * way, radius * (0.85 if reach > 0.2 else 1.0)) for end in ends
            ]
        return np.stack(spheres)


def _truth(spec: SceneSpec, staged: Staged, views: list[View], facts: FloatArray) -> GroundTruth:
    count = len(spec.subjects)
    masks = (facts[..., 0] // 64).astype(np.uint8)
    cameras = np.stack([view.matrix() for view in views])
    places = np.stack([track.place for track in staged.tracks], 1)
    heights = [COLLIDERS[s.kind][2] * motion.scale_of(s) for s in spec.subjects]
    places = places + np.stack([np.zeros(count), np.zeros(count), np.array(heights)], 1)
    seen_from = np.einsum("tij,tkj->tki", cameras[:, :3, :3], places) + cameras[:, None, :3, 3]
    focal = 0.5 * spec.height / np.tan(np.radians(views[0].fov) / 2)
    depth = -seen_from[..., 2]
    pixels = np.stack(
        [
            spec.width / 2 + focal * seen_from[..., 0] / depth,
            spec.height / 2 - focal * seen_from[..., 1] / depth,
            depth,
        ],
        -1,
    )
    boxes, seen = mask_facts(masks, count)
    contacts = [(contact.frame, contact.a, contact.b) for contact in staged.contacts]
    return GroundTruth(
        masks=masks,
        depth=facts[..., 1].astype(np.float16),
        places=places.astype(np.float32),
        pixels=pixels.astype(np.float32),
        boxes=boxes,
        seen=seen,
        camera=cameras.astype(np.float32),
        fov=np.array([view.fov for view in views], np.float32),
        events=find_events(places, seen, contacts, spec.fps),
    )
