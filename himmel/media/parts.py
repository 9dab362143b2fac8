"""Files on their way: what they may be called, what goes wrong while they are written, and their removal."""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from himmel.errors import MediaError, UsageError

__all__ = ["check_part", "explained", "part_path", "removed_on_error"]


def part_path(final: Path) -> Path:
    """A fresh hidden `.part` name in the folder of `final`, so that two jobs never share one."""
    return final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")


def check_part(part: Path) -> None:
    """Raise UsageError unless `part` may be written: a `.part` name in an existing folder."""
    if part.suffix != ".part":
        raise UsageError(f"{part.name} is not a .part file; write with part_path(), then seal it")
    if not part.parent.is_dir():
        raise UsageError(f"folder {part.parent} does not exist; create it first")


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what FFmpeg and the system raise while writing `name` into one MediaError."""
    try:
        yield
    except av.codec.codec.UnknownCodecError as error:
        raise MediaError(f"this PyAV has no {error} encoder; reinstall it with: pip install av") from error
    except (av.FFmpegError, OSError) as error:
        if error.errno == errno.ENOSPC:
            raise MediaError(f"the disk is full: {name} was not written; free some space and repeat") from error
        raise MediaError(f"{name} was not written: {error.strerror}") from error


@contextmanager
def removed_on_error(path: Path) -> Iterator[None]:
    """Whatever is raised inside, cancelling included, leaves no file at `path`."""
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the first error is the one to report
            path.unlink()
        raise
