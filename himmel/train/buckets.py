"""Encoded clips by their size: each part of a batch is drawn from one bucket, so that it is one tensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.errors import TrainingError
from himmel.shapes import LatentShape
from himmel.train.latents import LatentStore
from himmel.train.recipes import Stage

__all__ = ["Bucket", "Buckets", "Weight", "shape_of"]

# How often a clip with this record is drawn, against others.
Weight: TypeAlias = Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bucket:
    """Clips of one shape and how often each of them is drawn. size: of their pixels, "WIDTHxHEIGHT"."""

    shape: LatentShape
    size: str
    members: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    @property
    def weight(self) -> float:
        """Of all clips together."""
        return float(self.weights.sum())

    def draw(self, count: int, rng: np.random.Generator) -> list[int]:
        """`count` of the clips, any of them perhaps several times."""
        drawn: list[int] = rng.choice(self.members, size=count, p=self.weights / self.weights.sum()).tolist()
        return drawn


class Buckets:
    """All clips of a store but the first `held_out`, in buckets."""

    def __init__(self, store: LatentStore, held_out: int, weight: Weight) -> None:
        self.folder = store.folder
        shapes: dict[LatentShape, list[int]] = {}
        for index in range(held_out, len(store)):
            shapes.setdefault(shape_of(store, index), []).append(index)
        if not shapes:
            raise TrainingError(
                f"{store.folder} holds {len(store)} clips, {held_out} of them held out; encode more clips first"
            )
        self.all = tuple(
            Bucket(
                shape=shape,
                size=store.size(members[0]),
                members=np.array(members),
                weights=np.array([weight(store.clips[index].record) for index in members], np.float64),
            )
            for shape, members in shapes.items()
        )

    def choose(self, stage: Stage, frames: int, rng: np.random.Generator) -> Bucket:
        """One of the buckets that a stage draws clips of so many latent frames from."""
        fit = self._fit(stage, frames)
        weights = np.array(_weights(stage, fit))
        return fit[int(rng.choice(len(fit), p=weights / weights.sum()))]

    def kinds(self, stages: Sequence[Stage]) -> frozenset[tuple[LatentShape, int]]:
        """The shapes of clips that stages draw, each with how many of its latent frames.

        Raises TrainingError for a length or a size that no clip has.
        """
        return frozenset(
            (bucket.shape, frames)
            for stage in stages
            for frames, _ in stage.lengths
            for bucket in self._fit(stage, frames)
        )

    def _fit(self, stage: Stage, frames: int) -> list[Bucket]:
        long = [bucket for bucket in self.all if bucket.shape.frames >= frames]
        if not long:
            raise TrainingError(f"no clip of {self.folder} has {frames} latent frames; shorten the stage")
        sizes = {bucket.size for bucket in long}
        if missing := [size for size, _ in stage.sizes if size not in sizes]:
            raise TrainingError(
                f"no clip of {self.folder} that has {frames} latent frames is {missing[0]}, which a stage draws; "
                f"the sizes are {', '.join(sorted(sizes))}"
            )
        return [bucket for bucket in long if not stage.sizes or bucket.size in dict(stage.sizes)]


def shape_of(store: LatentStore, index: int) -> LatentShape:
    """Shape of a clip's latents."""
    channels, frames, height, width = store.shape(index)
    return LatentShape(channels=channels, frames=frames, height=height, width=width)


def _weights(stage: Stage, fit: Sequence[Bucket]) -> list[float]:
    """How often each bucket is drawn: by its clips, and where the stage names sizes, by their shares."""
    if not stage.sizes:
        return [bucket.weight for bucket in fit]
    shares = dict(stage.sizes)
    of_size = {size: sum(bucket.weight for bucket in fit if bucket.size == size) for size in shares}
    return [shares[bucket.size] * bucket.weight / of_size[bucket.size] for bucket in fit]
