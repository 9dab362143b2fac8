"""What every verb of directing is, and what it works with: given files become a shot's length and its conditions.

A verb never touches the model. It reads its files at the size and rate of the shot, says how long the shot is, and
which conditions hold; the one pipeline does the rest.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from himmel.conditions import Condition, fitted
from himmel.errors import UsageError
from himmel.generate.given import Given, Kind
from himmel.media import Pixels
from himmel.plan import LIMITS, Shot
from himmel.shapes import Compression, Size

__all__ = ["Files", "Span", "Setting", "Staged", "Verb", "check_seconds"]

Files: TypeAlias = str | Path | Sequence[str | Path]
Span: TypeAlias = tuple[float, float | None]
"""From and to seconds of a video; None is its end."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The shot that a verb is for, as planned so far, and what becomes of its picture (`shape`)."""

    shot: Shot
    shape: Size
    compression: Compression

    def clip(self, given: Given, span: Span | None = None) -> Pixels:
        """A given video as the shot shows it, uint8 [T, H, W, 3], or its frames from and to seconds `span`."""
        clip = given.clip(self.shot.size, self.shot.fps, self.shape)
        start, stop = self.frames(given, span, len(clip))
        return clip[start:stop]

    def picture(self, given: Given) -> Pixels:
        """A given picture as the shot shows it, uint8 [H, W, 3]."""
        return given.picture(self.shot.size, self.shape)

    def fitted(self, picture: Pixels) -> Pixels:
        """A picture uint8 [H, W, 3] as the shot shows it."""
        return fitted(picture, self.shot.size, self.shape)

    def frames(self, given: Given, span: Span | None, length: int) -> tuple[int, int]:
        """First frame of a span of seconds and the one after its last, of a clip of so many frames."""
        fps, (begin, end) = self.shot.fps, span or (0.0, None)
        if not (isfinite(begin) and isfinite(end or 0.0)):
            raise UsageError(f"{begin:g} s to {end or 0.0:g} s is not a span of time; name two numbers")
        start, stop = round(begin * fps), length if end is None else round(end * fps)
        if not 0 <= start < stop <= length:
            asked = f"{begin:g} s to {'the end' if end is None else f'{end:g} s'}"
            raise UsageError(
                f"{asked} is not a part of {given.path.name}, which is {length / self.shot.fps:.4g} s long; name "
                "two times within it, the earlier one first"
            )
        return start, stop

    def padded(self, clip: Pixels) -> Pixels:
        """The clip with its last frame repeated until the codec can make as many frames."""
        spare = -(len(clip) - 1) % self.compression.time
        return np.concatenate([clip, np.repeat(clip[-1:], spare, axis=0)]) if spare else clip

    def groups(self, seconds: float) -> int:
        """Latent frames in so many seconds, at least one."""
        return max(1, round(seconds * self.shot.fps / self.compression.time))

    @property
    def window(self) -> int:
        """Latent frames that the model sees at once."""
        return self.compression.latent_frames(self.shot.windows.frames)


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What a verb decides: the frames of the shot, and what they must respect."""

    frames: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Verb(ABC):
    """A way to direct a video by given files. Its other fields are its options.

    name: what plans and the command line call it. kinds: what its files are, in order. sized: whether the first
    file decides the video's size where nothing else does.
    """

    name: ClassVar[str]
    sized: ClassVar[bool] = True
    files: Files

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", self.paths)
        for item in fields(self):
            if isinstance(value := getattr(self, item.name), list):  # read from a plan
                object.__setattr__(self, item.name, tuple(value))
        if len(self.paths) != len(self.kinds):
            raise UsageError(
                f"{self.name} takes {len(self.kinds)} files ({', '.join(self.kinds)}), not {len(self.paths)}"
            )

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, one alone too."""
        if isinstance(self.files, str | Path):
            return (Path(self.files),)
        return tuple(map(Path, self.files))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What the files are, in order."""
        return ("video",)

    def options(self) -> dict[str, Any]:
        """The options that were chosen, by name, as JSON holds them."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        chosen = [item.name for item in fields(self) if item.name != "files" and values[item.name] != item.default]
        return {name: list(value) if isinstance(value := values[name], tuple) else value for name in chosen}

    @abstractmethod
    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """Decide the shot; raises UsageError where the files do not allow what is asked."""


def check_seconds(seconds: float) -> None:
    """Raise UsageError for a length that nothing has."""
    if not 0 < seconds <= LIMITS.seconds:
        limit = f"above 0 and at most {LIMITS.seconds:g}"
        raise UsageError(f"seconds {seconds:g} is not {limit}; for example seconds 2")
