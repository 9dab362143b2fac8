"""Files into frames: MP4 and MOV, nothing else, within limits that are checked before pixels exist.

The demuxer is pinned and reads from an open file: left to guess, FFmpeg takes a playlist named `.mp4`
for a playlist and opens the other files, or addresses, that it lists.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from himmel.errors import MediaError
from himmel.media.colour import to_rgb
from himmel.media.frames import Frames, Limits, Pixels
from himmel.media.image import read_text

__all__ = ["decode", "read_metadata", "read_video"]

CODECS = ("av1", "h264", "hevc", "mpeg4", "vp9")
PNG = b"\x89PNG\r\n\x1a\n"
CONTAINER_KEYS = frozenset({"compatible_brands", "major_brand", "minor_version"})


def read_video(
    path: Path,
    limits: Limits | None = None,
    *,
    most: int | None = None,
    fit: Callable[[Pixels], Pixels] | None = None,
) -> Frames:
    """The frames of the first video track of an MP4 or MOV file, all or the first `most`.

    fit: what becomes of each frame uint8 [H, W, 3] as it is read, so that large ones need not be held. Raises
    MediaError when the file is missing, damaged, of another kind or beyond `limits`.
    """
    with _file(path) as file:
        return decode(file, path.name, limits or Limits(), most=most, fit=fit)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata that was stored in an MP4 or a PNG when it was written; raises MediaError for other files."""
    with _file(path) as file:
        is_png = file.read(len(PNG)) == PNG
    if is_png:
        return read_text(path)
    with _file(path) as file, _container(file, path.name) as container:
        return {key: value for key, value in container.metadata.items() if key not in CONTAINER_KEYS}


def decode(
    file: BinaryIO,
    name: str,
    limits: Limits,
    threads: int = 0,
    *,
    most: int | None = None,
    fit: Callable[[Pixels], Pixels] | None = None,
) -> Frames:
    """The frames of an open MP4 file, called `name` in errors; `threads` 0 means one per core."""
    with _container(file, name) as container:
        stream = _stream(container, name, limits, held=most is None and fit is None)
        stream.codec_context.thread_count, stream.codec_context.thread_type = threads, "AUTO"
        fps, scaler = stream.average_rate, VideoReformatter()
        pictures: list[Pixels] = []
        for frame in islice(container.decode(stream), most):
            limits.check(name=name, width=frame.width, height=frame.height)
            picture = to_rgb(frame, scaler)
            picture = picture if fit is None else fit(picture)
            limits.check(name=name, width=picture.shape[1], height=picture.shape[0], frames=len(pictures) + 1)
            pictures.append(picture)
    if not pictures or not fps:
        raise MediaError(f"{name} holds no frames")
    if len({picture.shape for picture in pictures}) > 1:
        raise MediaError(f"{name} changes its size on the way; convert it to one size first")
    return Frames(pixels=np.stack(pictures), fps=fps)


def _stream(container: InputContainer, name: str, limits: Limits, *, held: bool) -> VideoStream:
    """The video track, within limits as far as its header tells; `held`: all its frames will be, as they are."""
    if not container.streams.video:
        raise MediaError(f"{name} has no video track")
    stream = container.streams.video[0]
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else "of an unknown codec"
    if codec not in CODECS:
        raise MediaError(f"{name} is {codec}; convert it to one of {', '.join(CODECS)}")
    count = max(stream.frames, 1)
    limits.check(name=name, width=stream.width, height=stream.height, frames=count if held else 1)
    limits.check(name=name, width=1, height=1, frames=count)
    # The header may lie: FFmpeg refuses a frame beyond this before it takes memory for it.
    stream.codec_context.options = {"max_pixels": str(limits.picture)}
    return stream


@contextmanager
def _container(file: BinaryIO, name: str) -> Iterator[InputContainer]:
    try:
        with av.open(file, "r", format="mov") as container:
            yield container
    except (av.FFmpegError, OSError, ValueError) as error:  # ValueError: metadata that is not UTF-8
        reason = getattr(error, "strerror", None) or "damaged"
        raise MediaError(f"{name} is not a readable MP4 or MOV file ({reason})") from error


@contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise MediaError(f"{path} cannot be opened: {error.strerror}") from error
    with file:
        yield file
