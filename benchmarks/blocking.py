"""Whether a planner puts everyone where the caption says: number, sides, directions, camera moves.

    python benchmarks/blocking.py                               # the bundled model on 400 scenes
    python benchmarks/blocking.py --model runs/one/weights --scenes 100

Hardware: any; 2 minutes on 2 CPU cores.
Expected: number 1.0, camera 0.95 or more, direction 0.95 or more, relation 0.9 or more.

Every row is a share of the scenes in which it can be told: planned and, for comparison, in the ground truth of
such scenes when they are rendered (`--truth 40`: a minute more). Scenes are of combinations that training never
shows. No video is made: these are figures of the plan that the video then follows.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from machine import machine
from torch import Tensor

import himmel
from himmel.blocking import Staged, staged
from himmel.flow import Rolling
from himmel.generate.blocking import blocking_of
from himmel.generate.model import Asked, Model
from himmel.world import FIRST_LIGHT, SceneSpec, Stage, canonical, sample_scene
from himmel.world import blocking_of as true_blocking

SEED = 60_000_000  # no training and no suite begins here
_SEEN, _X, _DEPTH = 0, 1, 5  # of an actor
_EAST, _NORTH, _UP, _YAW = 0, 1, 2, 3  # of a camera
# What must change from the first latent frame to the last, in world units or radians, and which way.
CAMERAS = {
    "pan_left": (_YAW, -0.1),
    "pan_right": (_YAW, 0.1),
    "dolly_in": (_NORTH, 0.5),
    "dolly_out": (_NORTH, -0.5),
    "orbit_left": (_EAST, -0.7),
    "orbit_right": (_EAST, 0.7),
    "crane_up": (_UP, 0.5),
}
STILL = 0.4  # world units that the eye of a resting camera may wander: a twentieth of its distance


def followed(scene: SceneSpec, stage: Staged) -> Iterator[tuple[str, bool]]:
    """What can be told of one scene, and whether it is so."""
    actors, camera = stage.actors[0], stage.camera[0]
    yield "number", int((actors[:, _SEEN] > 0).float().mean(1).gt(0.5).sum()) == len(scene.subjects)
    if scene.relation is not None:
        a, b = actors[scene.relation.a, :, 0], actors[scene.relation.b, :, 0]
        sides = {
            "left_of": a[_X] < b[_X],
            "right_of": a[_X] > b[_X],
            "in_front_of": a[_DEPTH] < b[_DEPTH],
            "behind": a[_DEPTH] > b[_DEPTH],
        }
        if scene.relation.kind in sides:
            yield "relation", bool(sides[scene.relation.kind])
    change = camera[:, -1] - camera[:, 0]
    if scene.camera == "static":
        yield "camera", bool(change[:_YAW].abs().max() < STILL)
        for subject, actor in zip(scene.subjects, actors, strict=False):
            if subject.motion.direction in ("left", "right"):
                moved = float(actor[_X, -1] - actor[_X, 0])
                yield "direction", moved * (1 if subject.motion.direction == "right" else -1) > 0.05
    elif scene.camera in CAMERAS:
        place, least = CAMERAS[scene.camera]
        yield "camera", float(change[place]) / least > 1


@torch.inference_mode()
def planned(model: Model, scenes: Sequence[SceneSpec]) -> Iterator[Tensor]:
    """The blocking [1, K, F] of each scene's plain caption."""
    for seed, scene in enumerate(scenes):
        asked = Asked(model=model, texts={0: model.embed(canonical(scene), "")})
        frames = model.compression.latent_frames(scene.frames)
        blocking = blocking_of(asked, frames, seed, Rolling(window=frames, history=0))
        if blocking is None:
            raise SystemExit("this model has no planner; choose one that has")
        yield blocking


def true(scenes: Sequence[SceneSpec], actors: int, every: int) -> Iterator[Tensor]:
    """The blocking [1, K, F] of each scene as it is rendered."""
    stage = Stage()
    try:
        for scene in scenes:
            yield torch.from_numpy(true_blocking(stage.render(scene).truth, actors=actors, every=every))[None]
    finally:
        stage.close()


def shares(scenes: Sequence[SceneSpec], blockings: Iterable[Tensor]) -> dict[str, tuple[float, int]]:
    """By name, the share that is so and of how many."""
    found: dict[str, list[bool]] = defaultdict(list)
    for scene, blocking in zip(scenes, blockings, strict=True):
        for name, so in followed(scene, staged(blocking)):
            found[name].append(so)
    return {name: (float(np.mean(values)), len(values)) for name, values in sorted(found.items())}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="bundled", help="a model's name or the folder of its weights")
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--truth", type=int, default=0, help="scenes to render for comparison")
    asked = parser.parse_args(arguments)
    pipe = himmel.load(asked.model)
    scenes = [
        sample_scene(seed, profile=FIRST_LIGHT, split="held_out")
        for seed in range(SEED, SEED + max(asked.scenes, asked.truth))
    ]
    print(f"{pipe.facts.name} on {machine()}")
    for name, (share, count) in shares(
        scenes[: asked.scenes], planned(pipe.model, scenes[: asked.scenes])
    ).items():
        print(f"planned {name:>10} {share:.3f} of {count}", flush=True)
    if asked.truth:
        actors, every = pipe.model.transformer.config.actors, pipe.model.compression.time
        rendered = true(scenes[: asked.truth], actors, every)
        for name, (share, count) in shares(scenes[: asked.truth], rendered).items():
            print(f"true    {name:>10} {share:.3f} of {count}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
