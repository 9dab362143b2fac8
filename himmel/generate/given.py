"""Given files: looked at before anything else, read at the size and the rate of the shot they are given for."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from himmel.conditions import fitted
from himmel.errors import MediaError, UsageError
from himmel.media import Limits, Pixels, read_image, read_video
from himmel.plan import LIMITS
from himmel.shapes import Size

__all__ = ["Given", "Kind", "look"]

Kind = Literal["video", "picture"]
LONGEST = Limits(frames=int(LIMITS.seconds * 120))  # a minute, even of what a camera slows down


@dataclass(frozen=True, kw_only=True)
class Given:
    """A given file: the SHA-256 of its bytes, the size of its picture and, of a video, its rate."""

    path: Path
    digest: str
    size: Size
    fps: Fraction | None = None

    def clip(self, size: Size, fps: int, shape: Size) -> Pixels:
        """The video's frames uint8 [T, H, W, 3], fitted to `size` (see `conditions.fitted`) at a rate of `fps`.

        Of another rate those are taken that are seen at the time. Raises UsageError when it cannot be read.
        """
        with _refused():
            frames = read_video(self.path, LONGEST, fit=lambda frame: fitted(frame, size, shape)).pixels
        rate = self.fps or Fraction(fps)
        if len(frames) > LIMITS.seconds * rate + 1:
            long = f"{float(len(frames) / rate):.4g} s"
            raise UsageError(f"{self.path} is {long} long, more than {LIMITS.seconds:g} s; cut it shorter first")
        count = max(1, round(len(frames) * fps / rate))
        places = [min(len(frames) - 1, int(index * rate / fps)) for index in range(count)]
        return frames if places == list(range(len(frames))) else np.ascontiguousarray(frames[places])

    def picture(self, size: Size, shape: Size) -> Pixels:
        """The picture uint8 [H, W, 3] fitted to `size`."""
        with _refused():
            return fitted(read_image(self.path), size, shape)

    def fitting(self, number: int, size: Size, fps: int) -> str | None:
        """What to tell of how file `number` is fitted; None where it is taken as it is."""
        if self.size == size and self.fps in (None, fps):
            return None
        was = f"{self.size}" + (f" at {float(self.fps):.4g} fps" if self.fps else "")
        now = f"{size}" + (f" at {fps} fps" if self.fps else "")
        return f"given file {number} is {was} and is used as {now}"


def look(path: Path, kind: Kind) -> Given:
    """Look at a given file without reading all of it; raises UsageError when it cannot be used."""
    with _refused():
        if kind == "picture":
            height, width = read_image(path).shape[:2]
            fps = None
        else:
            first = read_video(path, LONGEST, most=1)
            height, width, fps = *first.pixels.shape[1:3], first.fps
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path} cannot be opened: {error.strerror}") from error
    return Given(path=path, digest=digest, size=Size(width=width, height=height), fps=fps)


@contextmanager
def _refused() -> Iterator[None]:
    """A given file that cannot be read makes the request a wrong one."""
    try:
        yield
    except MediaError as error:
        raise UsageError(str(error)) from error
