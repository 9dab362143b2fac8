"""Frames into files: H.264 in MP4, streamed, the same bytes for the same frames on every machine.

Only `.part` files are written here: `himmel.provenance.seal` gives a video its final name.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from himmel.errors import MediaError
from himmel.media.encode import EncoderConfig, encode
from himmel.media.frames import Pixels, exact_rate
from himmel.media.parts import check_part, explained, removed_on_error

__all__ = ["write_video"]

# faststart: a browser can play before all bytes are there. use_metadata_tags: keys of our own survive.
# bitexact: no version of FFmpeg in the file, so that its bytes depend on frames alone.
MUXER = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}


def write_video(
    part: Path,
    frames: Iterable[Pixels],
    fps: Fraction | float,
    *,
    metadata: Mapping[str, str] | None = None,
    codec: str = "h264",
    crf: int = 16,
) -> int:
    """Stream chunks of frames uint8 [t, H, W, 3] (any t, even H and W) to `part`; returns the frame count.

    The file is MP4, yuv420p, BT.709. `metadata` is stored as it is, `read_metadata` returns it. One chunk
    is held at a time. Raises UsageError for a wrong size, rate or codec and MediaError when the disk is
    full or the folder not writable; on any error, cancelling included, `part` is removed.
    """
    check_part(part)
    config, rate = EncoderConfig(codec=codec, crf=crf), exact_rate(fps)
    with removed_on_error(part):
        with explained(part.name):
            container = av.open(str(part), "w", format="mp4", options=MUXER)
        container.metadata.update(metadata or {})
        try:
            count = encode(container, frames, rate, config, part.name)
        except BaseException:
            with suppress(av.FFmpegError, OSError):  # the first error is the one to report
                container.close()
            raise
        _check_written(part, count)
    return count


def _check_written(part: Path, count: int) -> None:
    """FFmpeg can lose an error of the last flush: believe the file, not the calls."""
    try:
        with av.open(str(part), format="mov") as container:
            written = container.streams.video[0].frames
    except (av.FFmpegError, IndexError) as error:
        raise MediaError(f"{part.name} is not readable after writing; is the disk full?") from error
    if written != count:
        raise MediaError(f"{part.name} holds {written} of {count} frames after writing; is the disk full?")
