"""What every verb of directing is, and what it works with: given files become a shot's length and its conditions.

A verb never touches the model. It reads its files at the size and rate of the shot, says how long the shot is, and
which conditions hold; the one pipeline does the rest.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from himmel.conditions import Condition, fitted
from himmel.director import Understanding
from himmel.errors import UsageError
from himmel.generate.given import Given, Kind
from himmel.media import Pixels
from himmel.plan import LIMITS, Request, Shot
from himmel.shapes import Compression, Size

__all__ = ["Files", "Lengthening", "Setting", "Span", "Staged", "Verb", "Within"]

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
    """What a verb decides: the frames of the shot, and what they must respect.

    made: which of them are new, where the verb decides how many there are; texts count from the first. None where
    the shot is as long as was planned.
    """

    frames: int
    conditions: tuple[Condition, ...]
    made: range | None = None


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

    def asked(self, request: Request) -> Request:
        """The request as far as the verb has a say in it; raises UsageError where they contradict each other."""
        return request

    def lasting(self, read: Understanding) -> Self:
        """The verb that makes as much as a request asks for."""
        return self

    @property
    def length(self) -> float | None:
        """Seconds of what is new, None where the files or the request decide."""
        return None

    @abstractmethod
    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """Decide the shot; raises UsageError where the files do not allow what is asked."""


@dataclass(frozen=True)
class Lengthening(Verb):
    """A verb that makes more of a video: what is new lasts `seconds`, None for as long as the request or its text
    asks for, or else `usual`.
    """

    usual: ClassVar[float] = 2.0
    _: KW_ONLY
    seconds: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seconds is not None and not 0 < self.seconds <= LIMITS.seconds:
            limit = f"above 0 and at most {LIMITS.seconds:g}"
            raise UsageError(f"seconds {self.seconds:g} is not {limit}; for example seconds 2")

    @property
    def length(self) -> float:
        """Seconds of what is new."""
        return self.usual if self.seconds is None else self.seconds

    def asked(self, request: Request) -> Request:
        """The request for so many seconds; raises UsageError when it asks for others."""
        if self.seconds is None:
            return request
        if request.seconds not in (None, self.seconds):
            raise UsageError(
                f"{self.name} is to last {self.seconds:g} s and the request {request.seconds:g} s; say it once"
            )
        return request.model_copy(update={"seconds": self.seconds})

    def lasting(self, read: Understanding) -> Self:
        """The verb that makes as many seconds as the request or its text asks for."""
        return replace(self, seconds=read.seconds(self.usual) or self.usual)


@dataclass(frozen=True)
class Within(Verb):
    """A verb that makes a video of a given one, as long as that is."""

    def asked(self, request: Request) -> Request:
        """The request as it is; raises UsageError when it asks for a length."""
        if request.seconds is not None:
            raise UsageError(
                f"{self.name} makes a video as long as the given one, not {request.seconds:g} s; leave out seconds"
            )
        return request
