"""The stage: from a scene's spec to frames and ground truth. One `Stage` serves a process for all its clips."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world import look, motion
from himmel.world.bodies import COLLIDERS
from himmel.world.camera import camera_path
from himmel.world.canvas import Canvas, Paint, View, camera_uniforms, sun_matrix
from himmel.world.enacting import enact
from himmel.world.figures import Figures
from himmel.world.nudge import Nudged
from himmel.world.sampling import GENERATOR
from himmel.world.spec import SceneSpec
from himmel.world.staging import Staged
from himmel.world.style import STYLES, block_sums, outline
from himmel.world.truth import GroundTruth, find_events, mask_facts

__all__ = ["RenderedClip", "Stage", "scene_rng"]

FloatArray: TypeAlias = npt.NDArray[Any]
_CARTOON_BANDS = 3
_FEW = 3  # subjects of which long ones get two spheres of contact shadow
_FLAT = {"domino": 0.12, "canvas": 0.2, "brush": 0.06}  # radius where a sphere as deep as the body would not fit


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
    """Owns what is drawn on; `render` draws any scene, whatever its size."""

    def __init__(self, *, supersample: int = 2) -> None:
        self._canvas = Canvas(supersample)

    def close(self) -> None:
        """Give the drawing surfaces back."""
        self._canvas.close()

    def render(self, spec: SceneSpec, *, nudge: float = 0.0) -> RenderedClip:
        """Draw a scene.

        nudge: the share by which what happens begins differently, seen by the same camera (see `nudge.NUDGE`).
        """
        rng = scene_rng(spec)
        staged = enact(spec, rng)
        views = camera_path(spec, staged.tracks, rng, staged.pieces)
        if nudge:
            staged = enact(spec, Nudged(scene_rng(spec), nudge))
        figures = Figures(spec, staged, rng)
        sums, marks, depth = self._draw(spec, staged, views, figures)
        frames = sums.astype(np.float32)
        frames /= self._canvas.supersample**2
        frames = STYLES[spec.style](frames, rng)
        np.clip(np.rint(frames, out=frames), 0, 255, out=frames)
        truth = _truth(spec, staged, views, marks, depth)
        return RenderedClip(frames=frames.astype(np.uint8), truth=truth, spec=spec)

    def _draw(
        self, spec: SceneSpec, staged: Staged, views: list[View], figures: Figures
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sums of the drawn pixels under each pixel uint16 [T, H, W, 3], marks (identity, piece) and depth."""
        size = (spec.frames, spec.height, spec.width)
        sums, marks = np.empty((*size, 3), np.uint16), np.zeros((1 + bool(staged.pieces), *size), np.uint8)
        depth = np.empty(size, np.float16)
        light = look.uniforms(spec.setting, spec.light, bands=_CARTOON_BANDS if spec.style == "cartoon" else 0)
        light["sun_view"] = _sun_view(light["sun_direction"], staged)
        occluders = _occluders(spec, staged)
        materials = {subject.material for subject in spec.subjects}
        paint = Paint(
            ground=light["ground_kind"],
            wood="wooden" in materials,
            felt="felt" in materials,
            stars=light["stars"] > 0,
            occluders=occluders.shape[1],
            lamp=staged.lamp is not None,
        )
        cameras = camera_uniforms(views, spec.width / spec.height)
        drawn = figures.instances(np.stack([camera["view_projection"] for camera in cameras]), light["sun_view"])
        factor = self._canvas.supersample
        for frame, (instances, camera) in enumerate(zip(drawn, cameras, strict=True)):
            moment = {"seconds": frame / spec.fps, "occluders": occluders[frame]}
            if staged.lamp is not None:
                moment["lamp"] = staged.lamp.uniform(frame)
            colour, facts = self._canvas.draw((spec.width, spec.height), instances, paint, light | camera | moment)
            if spec.style == "cartoon":
                outline(colour, facts)
            sums[frame] = block_sums(colour, factor)
            here = facts[::factor, ::factor]
            marks[0, frame] = here[..., 0] / 64.0
            if staged.pieces:
                marks[1, frame] = here[..., 0] % 1.0 * 64.0
            depth[frame] = here[..., 1]
        return sums, marks, depth


def _sun_view(direction: FloatArray, staged: Staged) -> FloatArray:
    """The shadow map's view of the subjects' ways and a margin around them."""
    places = np.concatenate([track.place for track in staged.tracks])
    low, high = places.min(0), places.max(0)
    reach = float(np.clip(np.abs(high - low)[:2].max() / 2 + 2.6, 3.0, 7.0))
    centre = (low + high) / 2
    centre[2] = 0.4
    return sun_matrix(direction, centre, reach)


def _occluders(spec: SceneSpec, staged: Staged) -> FloatArray:
    """One or two spheres per subject for contact shadows: [T, K, 4] centre and radius."""
    spheres = []
    for subject, track in zip(spec.subjects, staged.tracks, strict=True):
        half = np.array(COLLIDERS[subject.kind]) * motion.scale_of(subject)
        radius = _FLAT.get(subject.kind, float(min(half[1] * 1.25, half[2])))
        reach = max(half[0] - radius, 0.0) * 0.9
        way = np.stack([np.cos(track.yaw), np.sin(track.yaw), np.zeros(spec.frames)], 1)
        middle = track.place + np.array([0, 0, radius * 0.95])
        long = reach > 0.2 and len(spec.subjects) <= _FEW
        size = np.full((spec.frames, 1), radius * (0.85 if long else 1.0))
        spheres += [np.hstack([middle + end * reach * way, size]) for end in ((-1, 1) if long else (0,))]
    return np.stack(spheres, 1)


def _truth(
    spec: SceneSpec, staged: Staged, views: list[View], marks: FloatArray, depth: FloatArray
) -> GroundTruth:
    count = len(spec.subjects)
    cameras = np.stack([view.matrix for view in views])
    places = np.stack([track.place for track in staged.tracks], 1)
    heights = [COLLIDERS[s.kind][2] * motion.scale_of(s) for s in spec.subjects]
    places = places + np.stack([np.zeros(count), np.zeros(count), np.array(heights)], 1)
    seen_from = np.einsum("tij,tkj->tki", cameras[:, :3, :3], places) + cameras[:, None, :3, 3]
    focal = 0.5 * spec.height / np.tan(np.radians(views[0].fov) / 2)
    away = -seen_from[..., 2]
    pixels = np.stack(
        [
            spec.width / 2 + focal * seen_from[..., 0] / away,
            spec.height / 2 - focal * seen_from[..., 1] / away,
            away,
        ],
        -1,
    )
    boxes, seen = mask_facts(marks[0], count)
    contacts = [(contact.frame, contact.a, contact.b) for contact in staged.contacts]
    effects = [(effect.frame, effect.kind, effect.a, effect.b) for effect in staged.effects]
    return GroundTruth(
        masks=marks[0],
        pieces=marks[1] if staged.pieces else None,
        depth=depth,
        places=places.astype(np.float32),
        pixels=pixels.astype(np.float32),
        boxes=boxes,
        seen=seen,
        camera=cameras.astype(np.float32),
        fov=np.array([view.fov for view in views], np.float32),
        events=find_events(places, seen, contacts, spec.fps, effects),
    )
