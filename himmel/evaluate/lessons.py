"""What the recogniser learns from: views of true clips on disk, and the ways in which they are made worse.

A lesson is one subject of one clip, pointed at by the world's own mask. The views of all lessons lie on disk,
made once and mapped, so that memory does not grow with them; a run that was cut off makes the rest.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate, max_pool2d

from himmel.data import ClipShards
from himmel.errors import UsageError
from himmel.evaluate.exhibit import STEP
from himmel.evaluate.recogniser import CROP_SIDE, MOMENTS, SCENE_FRAMES, SCENE_SIDE, RecogniserConfig, views_of
from himmel.world import SceneSpec

__all__ = ["UNKNOWN", "Batch", "Lessons", "open_lessons"]

CLIPS_PER_SAVE = 32
UNKNOWN = -1  # a label that is not asked: what nobody is pointed at does
NOBODY = 0.15  # of the lessons point at nothing, as in a style without colours
LOST = 0.1  # of the frames lose the mask, as where the examiner is blind


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Lessons made worse: scene [B, 4, T, S, S] and thing [B, 4, M, C, C], and labels [B] by head."""

    scene: Tensor
    thing: Tensor
    labels: dict[str, Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class Lessons:
    """All lessons: scenes uint8 [N, T, S, S, 4], things uint8 [N, M, C, C, 4], labels int64 [N, heads]."""

    scenes: NDArray[np.uint8]
    things: NDArray[np.uint8]
    labels: NDArray[np.int64]
    heads: tuple[str, ...]
    generators: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, size: int, chance: torch.Generator) -> Batch:
        """Some lessons, drawn and worsened by `chance`."""
        chosen = torch.randint(len(self), (size,), generator=chance).numpy()
        scene, thing = _floats(self.scenes[chosen]), _floats(self.things[chosen])
        labels = {name: torch.from_numpy(self.labels[chosen, at].copy()) for at, name in enumerate(self.heads)}
        scene, thing = _flipped(scene, thing, chance)
        thing = _jolted(thing, chance)
        scene, thing = _worse(scene, chance), _worse(thing, chance)
        nobody = torch.rand(size, generator=chance) < NOBODY
        lost = torch.rand(size, 1, scene.shape[2], 1, 1, generator=chance) < LOST
        mask = _frayed(scene[:, 3], chance)[:, None].masked_fill(lost | nobody[:, None, None, None, None], 0.0)
        labels["verb"] = labels["verb"].masked_fill(nobody, UNKNOWN)
        return Batch(scene=torch.cat([scene[:, :3], mask], 1), thing=thing, labels=labels)


def open_lessons(clips: ClipShards, folder: Path, most: int, on_progress: Callable[[int, int], None]) -> Lessons:
    """The lessons of the first `most` clips, made in `folder` as far as they are not there yet.

    Raises UsageError for a folder of other lessons and LedgerError for clips that are not what their ledger lists.
    """
    count, known = min(most, len(clips)), RecogniserConfig().heads
    if count < 1:
        raise UsageError(f"{clips.folder} holds no clips to learn from; draw some with: himmel world render")
    about = {"root": clips.root, "clips": count, "heads": {name: list(words) for name, words in known.items()}}
    note = folder / "lessons.json"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = not note.exists()
    if not fresh and json.loads(note.read_text(encoding="utf-8")) != about:
        raise UsageError(f"{folder} holds other lessons; choose another folder, or remove it")
    scenes = _array(folder / "scenes.npy", (count, SCENE_FRAMES, SCENE_SIDE, SCENE_SIDE, 4), np.uint8, fresh)
    things = _array(folder / "things.npy", (count, MOMENTS, CROP_SIDE, CROP_SIDE, 4), np.uint8, fresh)
    labels = _array(folder / "labels.npy", (count, len(known)), np.int64, fresh)
    done = _array(folder / "done.npy", (1,), np.int64, fresh)
    if fresh:
        note.write_text(json.dumps(about), encoding="utf-8")
    generators = {str(clips.record(index)["generator"]) for index in {0, count - 1}}
    for index in range(int(done[0]), count):
        scenes[index], things[index], labels[index] = _lesson(clips, index, known)
        if (index + 1) % CLIPS_PER_SAVE == 0 or index + 1 == count:
            for array in (scenes, things, labels):
                array.flush()
            done[0] = index + 1  # never ahead of what it counts
            done.flush()
        on_progress(index + 1, count)
    return Lessons(
        scenes=scenes, things=things, labels=labels, heads=tuple(known), generators=tuple(sorted(generators))
    )


def _array(path: Path, shape: tuple[int, ...], kind: Any, fresh: bool) -> "np.memmap[Any, np.dtype[Any]]":
    return np.lib.format.open_memmap(path, mode="w+" if fresh else "r+", dtype=kind, shape=shape)


def _lesson(
    clips: ClipShards, index: int, known: dict[str, tuple[str, ...]]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], list[int]]:
    """Both views and the labels of one subject of a clip: of several, each clip has its turn."""
    spec = SceneSpec.from_dict(clips.record(index)["spec"])
    which = index % len(spec.subjects)
    subject = spec.subjects[which]
    frames, masks = clips.frames(index)[::-STEP][::-1], clips.truth(index)["masks"][::-STEP][::-1]
    views = views_of(frames, masks == which + 1)
    said = {
        "kind": subject.kind,
        "material": subject.material,
        "verb": subject.motion.verb,
        "style": spec.style,
        "light": spec.light,
    }
    return views.scene, views.thing, [words.index(said[name]) for name, words in known.items()]


def _floats(views: NDArray[np.uint8]) -> Tensor:
    """Views uint8 [B, T, S, S, 4] as [B, 4, T, S, S], colours in [-1, 1] and masks in [0, 1]."""
    x = torch.from_numpy(views.copy()).permute(0, 4, 1, 2, 3).float() / 255.0
    return torch.cat([x[:, :3] * 2 - 1, x[:, 3:]], 1)


def _flipped(scene: Tensor, thing: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """Every other lesson as in a mirror; no label has a side."""
    flip = (torch.rand(len(scene), generator=chance) < 0.5)[:, None, None, None, None]
    return torch.where(flip, scene.flip(4), scene), torch.where(flip, thing.flip(4), thing)


def _jolted(thing: Tensor, chance: torch.Generator) -> Tensor:
    """The thing a little aside, nearer or farther: a mask that the examiner finds is never exact."""
    size = len(thing)
    scale = 0.8 + 0.35 * torch.rand(size, generator=chance)
    shift = 0.16 * torch.rand(size, 2, generator=chance) - 0.08
    matrix = torch.zeros(size, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = scale
    matrix[:, :, 2] = shift
    flat = thing.flatten(1, 2)  # [B, 4 M, C, C]
    grid = affine_grid(matrix, list(flat.shape), align_corners=False)
    return grid_sample(flat, grid, padding_mode="border", align_corners=False).view_as(thing)


def _frayed(mask: Tensor, chance: torch.Generator) -> Tensor:
    """Masks [B, T, S, S], some a pixel wider and some a pixel narrower."""
    draw = torch.rand(len(mask), 1, 1, 1, generator=chance)
    wide, narrow = max_pool2d(mask, 3, 1, 1), -max_pool2d(-mask, 3, 1, 1)
    return torch.where(draw < 0.25, wide, torch.where(draw > 0.8, narrow, mask))


def _worse(views: Tensor, chance: torch.Generator) -> Tensor:
    """Colours [B, 3 of 4, T, S, S] blurred, noisy, stained and in another brightness, as a generator's may be."""
    size, _, frames, side, _ = views.shape

    def draw(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(size, *shape, generator=chance)

    x = views[:, :3].transpose(1, 2).reshape(size, frames * 3, side, side)
    for share, factor in ((0.35, 0.5), (0.15, 0.34)):
        small = interpolate(x, scale_factor=factor, mode="bilinear", antialias=True)
        soft = interpolate(small, size=(side, side), mode="bilinear")
        x = torch.where((draw(0, 1) < share)[:, None, None, None], soft, x)
    x = x.view(size, frames, 3, side, side).transpose(1, 2)
    x = x * draw(0.88, 1.12, 1, 1, 1, 1) + draw(-0.1, 0.1, 1, 1, 1, 1) + draw(-0.03, 0.03, 3, 1, 1, 1)
    coarse = torch.randn(size, 3, side // 4, side // 4, generator=chance)
    stains = interpolate(coarse, size=(side, side), mode="bilinear") * draw(0, 0.1, 1, 1, 1)
    grain = torch.randn(x.shape, generator=chance) * draw(0, 0.06, 1, 1, 1, 1)
    return torch.cat([(x + stains[:, :, None] + grain).clamp(-1, 1), views[:, 3:]], 1)
