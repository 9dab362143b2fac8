"""The recogniser: what geometry cannot tell, told by a small network that learned from the world's clips alone.

It is shown one thing of a clip, by its mask, in two ways: the whole picture small, in motion, and the thing itself
at a few moments. From the second it says what the thing is and what it is made of, from the first what it does and
in which light and style. No generator was ever trained against it.

B clips, T frames of the scene, M moments of the thing, S and C the sides of both pictures. Channels: red, green,
blue, mask.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

from himmel.errors import WeightsError
from himmel.weights import INDEX_NAME, load_weights
from himmel.world.grammar import LIGHTS, MATERIALS, STYLES, SUBJECTS, VERBS

__all__ = [
    "CROP_SIDE",
    "MOMENTS",
    "RECOGNISER_FOLDER",
    "SCENE_FRAMES",
    "SCENE_SIDE",
    "Readings",
    "Recogniser",
    "RecogniserConfig",
    "Told",
    "Views",
    "load_recogniser",
    "views_of",
]

RECOGNISER_FOLDER = Path(__file__).parent / "recogniser"
SCENE_FRAMES, SCENE_SIDE = 17, 64
MOMENTS, CROP_SIDE = 4, 64
AROUND = 1.35  # sides of the square around a thing by the longer side of its box

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class RecogniserConfig:
    """Widths of the four levels of both halves, the features' size, and what each head knows, in order."""

    scene: tuple[int, int, int, int] = (24, 48, 96, 128)
    thing: tuple[int, int, int, int] = (32, 64, 128, 128)
    features: int = 64
    kinds: tuple[str, ...] = tuple(SUBJECTS)
    materials: tuple[str, ...] = MATERIALS
    verbs: tuple[str, ...] = tuple(VERBS)
    styles: tuple[str, ...] = STYLES
    lights: tuple[str, ...] = LIGHTS

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in the weights' index."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RecogniserConfig":
        """Undo `to_dict`; raises WeightsError on an unknown key."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise WeightsError(f"recogniser config has unknown keys {sorted(unknown)}; it needs another version")
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**plain)

    @property
    def heads(self) -> dict[str, tuple[str, ...]]:
        """What is told, by name."""
        return {
            "kind": self.kinds,
            "material": self.materials,
            "verb": self.verbs,
            "style": self.styles,
            "light": self.lights,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Logits of every head [B, classes] by its name, and the features of the scene [B, D]."""

    logits: dict[str, Tensor]
    features: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """What is told of one thing in one clip: the likeliest word of every head, and the scene's features [D]."""

    words: dict[str, str]
    features: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """What the recogniser is shown: scene uint8 [T, S, S, 4] and thing uint8 [M, C, C, 4]."""

    scene: Bytes
    thing: Bytes


class _Level(nn.Module):
    """Half the side, another width, and two convolutions beside a shortcut."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(before, width, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(8, width)
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)  # [B, width, h/2, w/2]
        y = self.one(relu(self.norm(x)))  # [B, width, h/2, w/2]
        x = relu(x + self.two(relu(y)))  # [B, width, h/2, w/2]
        return x


class _Moving(nn.Module):
    """A level for every frame, and a convolution along time beside a shortcut."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.level = _Level(before, width)
        self.time = nn.Conv3d(width, width, (3, 1, 1), padding=(1, 0, 0))

    def forward(self, x: Tensor) -> Tensor:
        frames = x.shape[2]
        x = self.level(x.transpose(1, 2).flatten(0, 1))  # [B T, width, h, w]
        x = x.reshape(-1, frames, *x.shape[1:]).transpose(1, 2)  # [B, width, T, h, w]
        x = x + self.time(relu(x))  # [B, width, T, h, w]
        return x


class Recogniser(nn.Module):
    """Two small convolutional networks, one over the scene in motion and one over the thing at some moments."""

    def __init__(self, config: RecogniserConfig) -> None:
        super().__init__()
        self.config = config
        last, widths = config.scene[-1], (6, *config.scene)
        self.scene = nn.Sequential(*[_Moving(a, b) for a, b in zip(widths, widths[1:], strict=False)])
        self.track = nn.Sequential(
            nn.Conv1d(last + 4, last, 3, padding=1), nn.ReLU(), nn.Conv1d(last, last, 5, padding=2), nn.ReLU()
        )
        self.features = nn.Linear(2 * last, config.features)
        widths = (4, *config.thing)
        self.thing = nn.Sequential(*[_Level(a, b) for a, b in zip(widths, widths[1:], strict=False)])
        self.look = nn.Linear(2 * config.thing[-1], 128)
        sizes = {name: 128 if name in ("kind", "material") else config.features for name in config.heads}
        self.heads = nn.ModuleDict({name: nn.Linear(sizes[name], len(config.heads[name])) for name in sizes})

    def forward(self, scene: Tensor, thing: Tensor) -> Readings:
        """Scene [B, 4, T, S, S] and thing [B, 4, M, C, C], colours in [-1, 1] and masks in [0, 1]."""
        x = self.scene(torch.cat([scene, _places(scene)], 1))  # [B, width, T, h, w]
        x = self.track(torch.cat([x.mean((3, 4)), _track(scene[:, 3])], 1))  # [B, width, T]
        features = self.features(torch.cat([x.mean(2), x.amax(2)], 1))  # [B, D]
        y = self.thing(thing.transpose(1, 2).flatten(0, 1)).mean((2, 3))  # [B M, width]
        y = y.reshape(len(thing), -1, y.shape[1])  # [B, M, width]
        look = relu(self.look(torch.cat([y.mean(1), y.amax(1)], 1)))  # [B, 128]
        seen = {"kind": look, "material": look}
        logits = {name: head(seen.get(name, relu(features))) for name, head in self.heads.items()}
        return Readings(logits=logits, features=features)

    @torch.inference_mode()
    def tell(self, views: Views) -> Told:
        """What one clip shows of one thing."""
        found = self(_tensor(views.scene), _tensor(views.thing))
        words = {name: known[int(found.logits[name].argmax())] for name, known in self.config.heads.items()}
        return Told(words=words, features=found.features[0].numpy())


def _places(scene: Tensor) -> Tensor:
    """Where each pixel is, from -1 to 1: [B, 2, T, S, S]; without it a place is lost when pixels are averaged."""
    height, width = scene.shape[3:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return torch.stack([x, y])[None, :, None].expand(len(scene), -1, scene.shape[2], -1, -1).to(scene)


def _track(mask: Tensor) -> Tensor:
    """Where a mask [B, T, S, S] is, how large, and whether it is there: [B, 4, T]."""
    height, width = mask.shape[2:]
    area = mask.sum((2, 3))  # [B, T]
    share = 1 / area.clamp_min(1e-3)
    x = (mask.sum(2) * torch.linspace(-1, 1, width).to(mask)).sum(2) * share  # [B, T]
    y = (mask.sum(3) * torch.linspace(-1, 1, height).to(mask)).sum(2) * share  # [B, T]
    there = (area > 0.5).to(mask)
    return torch.stack([x * there, y * there, there * area.clamp_min(0.5).log() / 4, there], 1)


def _tensor(view: Bytes) -> Tensor:
    """A view uint8 [T, S, S, 4] as [1, 4, T, S, S]: colours in [-1, 1], the mask in [0, 1]."""
    x = torch.from_numpy(view).float().permute(3, 0, 1, 2)[None] / 255.0
    return torch.cat([x[:, :3] * 2 - 1, x[:, 3:]], 1)


def views_of(frames: Bytes, mask: NDArray[np.bool_]) -> Views:
    """Both views of the thing at `mask` bool [t, H, W] in frames uint8 [t, H, W, 3], every second of a clip's."""
    at = np.linspace(0, len(frames) - 1, SCENE_FRAMES).round().astype(int)
    layers = np.concatenate([frames, np.where(mask, 255, 0).astype(np.uint8)[..., None]], 3)  # [t, H, W, 4]
    scene = _resized(layers[at], SCENE_SIDE)
    there = np.flatnonzero(mask.any((1, 2)))
    if not len(there):
        return Views(scene=scene, thing=np.zeros((MOMENTS, CROP_SIDE, CROP_SIDE, 4), np.uint8))
    moments = there[np.linspace(0, len(there) - 1, MOMENTS).round().astype(int)]
    crops = [_resized(_around(layers[moment])[None], CROP_SIDE) for moment in moments]
    return Views(scene=scene, thing=np.concatenate(crops))


def _around(layers: Bytes) -> Bytes:
    """The square [c, c, 4] around what the mask of [H, W, 4] covers; beyond the picture its edge goes on."""
    rows, columns = (np.flatnonzero(layers[..., 3].any(axis)) for axis in (1, 0))
    side = max(8, round(AROUND * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)))
    top, left = ((line[0] + line[-1] + 1 - side) // 2 for line in (rows, columns))
    at_y = np.clip(np.arange(top, top + side), 0, layers.shape[0] - 1)
    at_x = np.clip(np.arange(left, left + side), 0, layers.shape[1] - 1)
    return np.ascontiguousarray(layers[at_y][:, at_x])


def _resized(pictures: Bytes, side: int) -> Bytes:
    """Pictures uint8 [T, H, W, 4] as [T, side, side, 4]."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
    x = interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
    resized: Bytes = x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    return resized


def load_recogniser(folder: Path = RECOGNISER_FOLDER) -> Recogniser | None:
    """The recogniser of a folder of weights, None where there is none yet; raises WeightsError for another one."""
    if not (folder / INDEX_NAME).is_file():
        return None
    weights = load_weights(folder)
    if "recogniser" not in weights.parts:
        raise WeightsError(f"{folder} has the parts {sorted(weights.parts)} instead of recogniser; learn it again")
    part = weights.parts["recogniser"]
    config = RecogniserConfig.from_dict(part.config)
    if config.heads != RecogniserConfig().heads:
        raise WeightsError(f"the recogniser in {folder} knows other words than the world has; learn it again")
    recogniser = Recogniser(config)
    recogniser.load_state_dict(dict(part.tensors))
    return recogniser.requires_grad_(False).train(False)
