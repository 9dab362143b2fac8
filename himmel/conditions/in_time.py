"""Conditions on whole frames: pictures and clips at the start, at the end or in between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himmel.conditions.canvas import Canvas, Known, as_video
from himmel.conditions.condition import Condition
from himmel.errors import UsageError

__all__ = ["Ends", "FirstFrame", "Keyframes", "Prefix", "Suffix"]

# A clip that ends a video is encoded after this many standing groups, so that its latents do not begin with
# the codec's own start of a clip; training shows suffixes the same way (model.md 2.6).
LEAD_IN_GROUPS = 3


def _claim_frames(known: Known, by: str, latents: Tensor, at: int) -> Known:
    """Claim the latent frames at .. at + f - 1 with latents [1, C, f, h, w]."""
    frames = known.where.shape[2]
    values = torch.zeros(1, latents.shape[1], *known.where.shape[2:])
    values[:, :, at : at + latents.shape[2]] = latents
    where = torch.zeros(frames, dtype=torch.bool)
    where[at : at + latents.shape[2]] = True
    return known.claim(by, values, where[None, None, :, None, None])


def _place(index: int, frames: int) -> int:
    """The frame that an index means, counted from the end where it is below 0."""
    return index + frames if index < 0 else index


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstFrame(Condition):
    """The video begins with this picture, uint8 [H, W, 3]: image to video."""

    kind: ClassVar[str] = "first_frame"
    image: NDArray[np.uint8]

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim latent frame 0."""
        canvas.check_size("the first frame", self.image[None])
        return _claim_frames(known, "the first frame", canvas.encode(as_video(self.image[None])), 0)

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put the picture back in place of what the codec made of it."""
        return frames if start else np.concatenate([self.image[None], frames[1:]])

    def identity(self) -> tuple[object, ...]:
        """The picture."""
        return (self.image,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Keyframes(Condition):
    """Pictures uint8 [H, W, 3] by the frame they appear at; -1 is the last frame.

    A latent frame covers four frames, so a keyframe stands for the whole group it falls into; the frame itself is
    the picture.
    """

    kind: ClassVar[str] = "keyframes"
    images: Mapping[int, NDArray[np.uint8]]

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim one latent frame for each picture."""
        total = canvas.shape.frames
        if not self.images:
            raise UsageError("keyframes without a picture decide nothing; give at least one")
        for index, image in sorted(self.images.items()):
            frame = _place(index, total)
            if not 0 <= frame < total:
                raise UsageError(f"keyframe {index} is outside the {total} frames of the video")
            canvas.check_size(f"keyframe {index}", image[None])
            group = -(-frame // canvas.compression.time)
            latents = canvas.still(image)[:, :, min(group, 1)][:, :, None]
            known = _claim_frames(known, f"keyframe {index}", latents, group)
        return known

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put the pictures back in place of what the codec made of them."""
        restored = frames.copy()
        for index, image in self.images.items():
            place = _place(index, canvas.shape.frames) - start
            if 0 <= place < len(frames):
                restored[place] = image
        return restored

    def identity(self) -> tuple[object, ...]:
        """Frames and pictures, in order."""
        return tuple(part for item in sorted(self.images.items()) for part in item)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prefix(Condition):
    """The video goes on from these frames, uint8 [T, H, W, 3]; its last 1 + 4k frames are used."""

    kind: ClassVar[str] = "prefix"
    frames: NDArray[np.uint8]

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim the first latent frames."""
        canvas.check_size("the prefix", self.frames)
        used = self._used(canvas)
        if len(used) > canvas.shape.frames:
            raise UsageError(
                f"a prefix of {len(used)} frames does not fit a video of {canvas.shape.frames} frames"
            )
        return _claim_frames(known, "the prefix", canvas.encode(as_video(used)), 0)

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put the given frames back in place of what the codec made of them."""
        kept = self._used(canvas)[start : start + len(frames)]
        return np.concatenate([kept, frames[len(kept) :]])

    def identity(self) -> tuple[object, ...]:
        """The frames."""
        return (self.frames,)

    def _used(self, canvas: Canvas) -> NDArray[np.uint8]:
        step = canvas.compression.time
        return self.frames[-(1 + (len(self.frames) - 1) // step * step) :]


@dataclass(frozen=True, kw_only=True, eq=False)
class Suffix(Condition):
    """The video leads up to these frames, uint8 [T, H, W, 3]; their first 4k are used (a picture counts as 4)."""

    kind: ClassVar[str] = "suffix"
    frames: NDArray[np.uint8]

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim the last latent frames."""
        canvas.check_size("the suffix", self.frames)
        used, step = self._used(canvas), canvas.compression.time
        groups = len(used) // step
        if groups >= canvas.latent_frames:
            raise UsageError(
                f"a suffix of {len(used)} frames does not fit a video of {canvas.shape.frames} frames"
            )
        standing = np.repeat(used[:1], 1 + LEAD_IN_GROUPS * step, axis=0)
        latents = canvas.encode(as_video(np.concatenate([standing, used])))[:, :, -groups:]
        return _claim_frames(known, "the suffix", latents, canvas.latent_frames - groups)

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put the given frames back in place of what the codec made of them."""
        used = self._used(canvas)
        begins = canvas.shape.frames - len(used)
        own = frames[: max(0, begins - start)]
        at = max(0, start - begins)
        return np.concatenate([own, used[at : at + len(frames) - len(own)]])

    def identity(self) -> tuple[object, ...]:
        """The frames."""
        return (self.frames,)

    def _used(self, canvas: Canvas) -> NDArray[np.uint8]:
        step = canvas.compression.time
        if len(self.frames) < step:
            return np.concatenate([self.frames, np.repeat(self.frames[-1:], step - len(self.frames), axis=0)])
        return self.frames[: len(self.frames) // step * step]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends(Condition):
    """The video connects two clips or pictures, uint8 [T, H, W, 3]: it begins with one and ends with the other.

    Both from the same clip, its end first, make a loop.
    """

    kind: ClassVar[str] = "ends"
    first: NDArray[np.uint8]
    last: NDArray[np.uint8]

    def apply(self, known: Known, canvas: Canvas) -> Known:
        """Claim the first and the last latent frames."""
        known = Prefix(frames=self.first).apply(known, canvas)
        return Suffix(frames=self.last).apply(known, canvas)

    def restore(self, frames: NDArray[np.uint8], start: int, canvas: Canvas) -> NDArray[np.uint8]:
        """Put both clips back."""
        frames = Prefix(frames=self.first).restore(frames, start, canvas)
        return Suffix(frames=self.last).restore(frames, start, canvas)

    def identity(self) -> tuple[object, ...]:
        """Both clips."""
        return (self.first, self.last)
