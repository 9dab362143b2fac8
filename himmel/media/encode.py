"""Frames into an open container as H.264: the one encoder loop, shared by videos and by training clips."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream

from himmel.errors import UsageError
from himmel.media.colour import to_yuv
from himmel.media.frames import Pixels
from himmel.media.parts import explained

__all__ = ["CODECS", "EncoderConfig", "encode"]

CODECS = {"h264": "libx264"}
# x264's AVX-512 code for macroblock trees reads memory it has not written: at 136x120, 5 runs gave 4 files.
REPEATABLE = {"mbtree": "0"}


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """How frames become H.264.

    crf: 0 (lossless) to 51 (worst). preset: x264's name for how hard it tries. threads: fixed, never the
    number of cores, because x264's bytes depend on it. pixel_format: yuv420p plays everywhere, yuv444p
    keeps full colour.
    """

    codec: str = "h264"
    crf: int = 16
    preset: str = "medium"
    pixel_format: str = "yuv420p"
    threads: int = 4

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise UsageError(f"codec {self.codec!r} is not known; known: {', '.join(CODECS)}")
        if not 0 <= self.crf <= 51:
            raise UsageError(f"crf {self.crf} is not in 0 (lossless) to 51 (worst); for example 16")

    def stream(self, container: OutputContainer, fps: Fraction, height: int, width: int) -> VideoStream:
        """A stream of this encoding in `container`; raises UsageError for a size it cannot hold."""
        step = 2 if self.pixel_format == "yuv420p" else 1
        if height % step or width % step:
            near = f"{width + width % 2}x{height + height % 2}"
            raise UsageError(f"size {width}x{height} must be even for a video; nearest: {near}")
        options = {"crf": str(self.crf), "preset": self.preset, "flags": "+bitexact", **REPEATABLE}
        stream = cast(VideoStream, container.add_stream(CODECS[self.codec], rate=fps, options=options))
        stream.width, stream.height, stream.pix_fmt = width, height, self.pixel_format
        context = stream.codec_context
        context.thread_count, context.thread_type = self.threads, "FRAME"
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream


def encode(
    container: OutputContainer, frames: Iterable[Pixels], fps: Fraction, config: EncoderConfig, name: str
) -> int:
    """Encode chunks uint8 [t, H, W, 3] into `container` (called `name` in errors); returns the frame count.

    Raises UsageError for frames of the wrong kind, MediaError when the container cannot be written.
    """
    stream: VideoStream | None = None
    scaler, count = VideoReformatter(), 0
    for picture in _pictures(frames):
        height, width = picture.shape[:2]
        if stream is None:
            with explained(name):
                stream = config.stream(container, fps, height, width)
        elif (height, width) != (stream.height, stream.width):
            raise UsageError(f"frame {count} is {width}x{height} in a {stream.width}x{stream.height} video")
        with explained(name):
            container.mux(stream.encode(to_yuv(picture, count, fps, config.pixel_format, scaler)))
        count += 1
    if stream is None:
        raise UsageError("a video needs at least one frame, got none")
    with explained(name):
        container.mux(stream.encode(None))
        container.close()
    return count


def _pictures(frames: Iterable[Pixels]) -> Iterator[Pixels]:
    for chunk in frames:
        if not isinstance(chunk, np.ndarray) or chunk.dtype != np.uint8 or chunk.ndim != 4 or chunk.shape[3] != 3:
            kind = f"{chunk.dtype} {list(chunk.shape)}" if isinstance(chunk, np.ndarray) else type(chunk).__name__
            raise UsageError(f"frames must be uint8 [t, H, W, 3], got {kind}")
        yield from chunk
