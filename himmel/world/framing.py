"""What of a scene is wholly in the picture, told by geometry alone."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.camera import camera_path, spread
from himmel.world.enacting import enact
from himmel.world.outlines import outlines
from himmel.world.spec import SceneSpec
from himmel.world.stage import scene_rng

__all__ = ["framed"]

FloatArray: TypeAlias = npt.NDArray[Any]


def framed(spec: SceneSpec) -> FloatArray:
    """Which subjects lie wholly inside the picture in which frames, bool [T, K].

    The scene is staged and filmed as `Stage.render` does it, but not drawn. A subject may still be hidden by
    another.
    """
    rng = scene_rng(spec)
    staged = enact(spec, rng)
    views = camera_path(spec, staged.tracks, rng, staged.pieces)
    reach = [spread(spec, views, points) for points in outlines(spec, staged.tracks, staged.pieces)]
    return np.stack(reach, 1) <= 1.0
