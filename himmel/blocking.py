"""Blocking: who stands where and where the camera is, frame by frame, before anything is drawn.

The word is the stage's. A blocking is a very small video: F latent frames of one place with `channels(actors)`
numbers each, so what makes videos from noise makes it too, and known frames hold in it as they do in pictures.
Lengths are in half sides of the square picture with as many pixels: pictures of any shape show equally much. All
numbers are moved and scaled by fixed amounts to a mean near 0 and a deviation near 1.

B batch, K actors, F latent frames.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ACTOR", "CAMERA", "FIELD", "Staged", "channels", "mirrored", "staged", "to_channels"]

FIELD = 36.0  # degrees that a square picture shows from side to side

# By name the middle and the spread of each number. Of an actor: 1 if it is seen, -1 if not; the middle of its box,
# right and down; log2 of half its width and height; log2 of its depth in world units.
ACTOR = {
    "seen": (0.0, 1.0),
    "x": (0.0, 0.4),
    "y": (0.05, 0.2),
    "width": (-1.8, 0.75),
    "height": (-1.6, 0.7),
    "depth": (2.35, 0.5),
}
# Of the camera: the eye in world units, and where it looks, in radians to the right of +y and up.
CAMERA = {"east": (0.0, 1.0), "north": (-4.8, 2.0), "up": (2.2, 1.0), "yaw": (0.0, 0.23), "pitch": (-0.29, 0.045)}

_SIDEWAYS = ("x", "east", "yaw")  # their middle is 0


def channels(actors: int) -> int:
    """Numbers in a frame of a blocking of so many actors."""
    return actors * len(ACTOR) + len(CAMERA)


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A blocking in its units: actors [B, K, 6, F] in the order of ACTOR, camera [B, 5, F] in that of CAMERA.

    told: [B, F], whether anything is said of a frame; a frame of zeros says nothing.
    """

    actors: Tensor
    camera: Tensor
    told: Tensor


def staged(blocking: Tensor) -> Staged:
    """Read a blocking [B, C, F]."""
    blocking = blocking.float()
    camera, actors = blocking[:, -len(CAMERA) :], blocking[:, : -len(CAMERA)]
    middle, spread = _scales(ACTOR, blocking)
    at, by = _scales(CAMERA, blocking)
    return Staged(
        actors=torch.unflatten(actors, 1, (-1, len(ACTOR))) * spread + middle,
        camera=camera * by + at,
        told=(blocking != 0).any(dim=1),
    )


def to_channels(actors: Tensor, camera: Tensor) -> Tensor:
    """The blocking [B, C, F] of actors [B, K, 6, F] and a camera [B, 5, F] in their units; undoes `staged`."""
    middle, spread = _scales(ACTOR, actors)
    at, by = _scales(CAMERA, camera)
    return torch.cat((((actors - middle) / spread).flatten(1, 2), (camera - at) / by), dim=1)


def mirrored(blocking: Tensor) -> Tensor:
    """The blocking [B, C, F] of the clip flipped left to right."""
    signs = [-1.0 if name in _SIDEWAYS else 1.0 for name in CAMERA]
    actors = (blocking.shape[1] - len(CAMERA)) // len(ACTOR)
    signs = [-1.0 if name in _SIDEWAYS else 1.0 for name in ACTOR] * actors + signs
    return blocking * blocking.new_tensor(signs)[:, None]


def _scales(names: dict[str, tuple[float, float]], like: Tensor) -> tuple[Tensor, Tensor]:
    middle, spread = like.new_tensor(list(names.values())).unbind(1)
    return middle[:, None], spread[:, None]
