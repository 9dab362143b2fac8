"""The six styles, as finishing steps on drawn frames.

A style changes pixels only, never places: ground truth stays true. Grain and paper do not change between
frames, because noise that does would teach a codec nothing but noise.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["STYLES", "block_sums", "outline"]

FloatArray: TypeAlias = npt.NDArray[Any]
_ALL = slice(None)
_INK = (np.arange(256) * 0.16).astype(np.uint8)  # what an outline makes of a channel


def block_sums(colour: FloatArray, factor: int) -> FloatArray:
    """Sum blocks of `factor` x `factor` pixels: uint8 [H*f, W*f, 4] -> uint16 [H, W, 3].

    Two channels are added at a time, as the halves of one 32-bit number, where sums up to 2^16 have room.
    """
    pixels = colour.view("<u4")[..., 0]
    halves = np.zeros((2, pixels.shape[0] // factor, pixels.shape[1] // factor), "<u4")
    even, odd = pixels & np.uint32(0x00FF00FF), (pixels >> np.uint32(8)) & np.uint32(0x00FF00FF)
    for row in range(factor):
        for column in range(factor):
            halves[0] += even[row::factor, column::factor]
            halves[1] += odd[row::factor, column::factor]
    lanes = halves.view("<u2").reshape(*halves.shape, 2)
    return np.stack([lanes[0, ..., 0], lanes[1, ..., 0], lanes[0, ..., 1]], -1)


def outline(colour: FloatArray, facts: FloatArray) -> None:
    """Darken uint8 [h, w, 4] in place where the part or the depth changes; facts [h, w, 2].

    The pieces of one thing, which differ by fractions, have no line between them.
    """
    key, depth = np.floor(facts[..., 0]), np.ascontiguousarray(facts[..., 1])
    edge = np.zeros(key.shape, bool)
    for before, after in (((slice(-1),), (slice(1, None),)), ((_ALL, slice(-1)), (_ALL, slice(1, None)))):
        nearer = np.minimum(depth[before], depth[after])
        step = np.abs(depth[before] - depth[after]) > 0.06 * nearer + 0.25
        line = ((key[before] != key[after]) | step) & (nearer < 14)
        edge[before] |= line
        edge[after] |= line
    colour[edge] = _INK[colour[edge]]


def _blur(frames: FloatArray, axis: int) -> FloatArray:
    """Binomial blur of width 3 along an axis; edges repeat."""
    width = [(0, 0)] * frames.ndim
    width[axis] = (1, 1)
    padded = np.pad(frames, width, mode="edge")
    size = frames.shape[axis]
    left, middle, right = (padded.take(range(i, i + size), axis) for i in range(3))
    return np.asarray(0.25 * left + 0.5 * middle + 0.25 * right)


def _smooth_noise(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> FloatArray:
    """Value noise in [0, 1] with features of `cell` pixels."""
    height, width = shape
    coarse = rng.random((height // cell + 2, width // cell + 2)).astype(np.float32)
    y, x = np.arange(height) / cell, np.arange(width) / cell
    yi, xi = y.astype(int), x.astype(int)
    yf, xf = (y - yi)[:, None], (x - xi)[None]
    top = coarse[yi][:, xi] * (1 - xf) + coarse[yi][:, xi + 1] * xf
    bottom = coarse[yi + 1][:, xi] * (1 - xf) + coarse[yi + 1][:, xi + 1] * xf
    return np.asarray(top * (1 - yf) + bottom * yf)


def _plain(frames: FloatArray, rng: np.random.Generator) -> FloatArray:
    return frames


def _grey(frames: FloatArray) -> FloatArray:
    """The mean of the channels [..., 1]; a third of the time of `mean`."""
    return ((frames[..., 0] + frames[..., 1] + frames[..., 2]) / np.float32(3.0))[..., None]


def _cartoon(frames: FloatArray, rng: np.random.Generator) -> FloatArray:
    grey = _grey(frames)
    frames -= grey
    frames *= 1.22
    frames += grey
    frames += 6.0
    return frames


def _watercolour(frames: FloatArray, rng: np.random.Generator) -> FloatArray:
    soft = frames
    for _ in range(2):
        soft = _blur(_blur(soft, 1), 2)
    grey = _grey(soft)
    washed = 255.0 - (255.0 - (grey + (soft - grey) * 1.35)) * 0.86
    shape = frames.shape[1], frames.shape[2]
    pools = 0.86 + 0.28 * _smooth_noise(shape, 14, rng)
    paper = 0.965 + 0.07 * _smooth_noise(shape, 2, rng)
    edges = _grey(np.abs(frames - soft))
    darker = 255.0 - (255.0 - washed) * pools[None, ..., None] - 1.5 * edges
    return np.asarray(darker * paper[None, ..., None])


def _black_and_white(frames: FloatArray, rng: np.random.Generator) -> FloatArray:
    grey = frames @ np.array([0.30, 0.59, 0.11], np.float32)
    contrast = 255.0 / (1.0 + np.exp(-(grey - 122.0) / 42.0))
    return np.repeat((0.55 * contrast + 0.45 * grey)[..., None], 3, -1)


def _film_35mm(frames: FloatArray, rng: np.random.Generator) -> FloatArray:
    height, width = frames.shape[1:3]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    vignette = 1.0 - 0.50 * np.clip((x**2 + y**2) / 2, 0, 1) ** 1.3
    grain = 7.0 * (_smooth_noise((height, width), 2, rng) - 0.5)
    faded = 20.0 + frames * 0.90
    warm = faded * np.array([1.06, 1.0, 0.86], np.float32) + np.array([6.0, 2.0, -4.0], np.float32)
    return warm * vignette[None, ..., None] + grain[None, ..., None]


def _pixel_art(frames: FloatArray, rng: np.random.Generator) -> FloatArray:
    block = 4
    height, width = frames.shape[1] // block * block, frames.shape[2] // block * block
    rows = frames[:, :height, :width].reshape(len(frames), height // block, block, width // block, block, 3)
    coarse = rows.mean((2, 4))
    steps = np.round(coarse / 32.0) * 32.0
    large = steps.repeat(block, 1).repeat(block, 2)
    rest = [(0, 0), (0, frames.shape[1] - height), (0, frames.shape[2] - width), (0, 0)]
    return np.pad(large, rest, mode="edge")


STYLES: dict[str, Callable[[FloatArray, np.random.Generator], FloatArray]] = {
    "realistic": _plain,
    "cartoon": _cartoon,
    "watercolour": _watercolour,
    "black_and_white": _black_and_white,
    "film_35mm": _film_35mm,
    "pixel_art": _pixel_art,
}
