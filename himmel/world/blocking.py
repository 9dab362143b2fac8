"""The blocking of a rendered clip, from its ground truth: what a planner of scenes learns to plan.

T frames, F latent frames, K subjects.
"""

import numpy as np
import numpy.typing as npt
import torch

from himmel.blocking import ACTOR, to_channels
from himmel.errors import UsageError
from himmel.world.truth import GroundTruth

__all__ = ["blocking_of"]

_LEAST = -4.5  # log2 of half a side: a box of three pixels in 128


def blocking_of(truth: GroundTruth, *, actors: int, every: int) -> npt.NDArray[np.float32]:
    """The blocking float32 [C, F] of a clip, mirrored if its truth is: the first frame, then every `every`th.

    Subjects beyond the first `actors` are left out. Who is out of sight is where it was last, or will be first.
    Raises UsageError for a clip whose frames do not come out even.
    """
    frames, height, width = truth.masks.shape
    if (frames - 1) % every:
        raise UsageError(f"a clip of {frames} frames is not one frame and then groups of {every}")
    chosen = np.arange(0, frames, every)
    side = np.sqrt(width * height)  # of the square picture with as many pixels
    placed = np.zeros((actors, len(ACTOR), len(chosen)), np.float32)
    placed[:, 0] = -1
    middles = np.array([middle for middle, _ in ACTOR.values()], np.float32)
    placed[:, 1:] = middles[1:, None]
    for index in range(min(actors, truth.boxes.shape[1])):
        seen = truth.seen[:, index] > 0
        if not seen.any():
            continue
        left, top, right, bottom = _filled(truth.boxes[:, index], seen).T
        numbers = (
            np.where(seen, 1.0, -1.0),
            (left + right - width) / side,
            (top + bottom - height) / side,
            np.log2((right - left) / side).clip(_LEAST),
            np.log2((bottom - top) / side).clip(_LEAST),
            np.log2(truth.pixels[:, index, 2].clip(0.1)),
        )
        placed[index] = np.stack(numbers)[:, chosen]
    found = to_channels(torch.from_numpy(placed)[None], torch.from_numpy(_camera(truth.camera[chosen]))[None])
    numbers_out: npt.NDArray[np.float32] = found[0].numpy()
    return numbers_out


def _filled(boxes: npt.NDArray[np.float32], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Boxes [T, 4] with those of the nearest frame before, else after, where nothing is seen."""
    places = np.where(seen, np.arange(len(seen)), -1)
    nearest = np.maximum.accumulate(places)
    return boxes[np.where(nearest < 0, np.flatnonzero(seen)[0], nearest)]


def _camera(matrices: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Eye, yaw and pitch, float32 [5, F], of matrices world to camera [F, 4, 4]."""
    turns = matrices[:, :3, :3]
    eyes = -np.einsum("fij,fi->fj", turns, matrices[:, :3, 3])
    ahead = -turns[:, 2]
    yaw, pitch = np.arctan2(ahead[:, 0], ahead[:, 1]), np.arcsin(ahead[:, 2].clip(-1, 1))
    return np.concatenate((eyes.T, yaw[None], pitch[None])).astype(np.float32)
