"""Whether a file can be written where it was asked for, before hours are spent on it."""

import os
import shutil
from pathlib import Path

from himmel.errors import MediaError, UsageError

__all__ = ["check_folder", "check_output"]

LEAST_FREE_BYTES = 2**20


def check_output(out: Path, *, force: bool) -> None:
    """Raise UsageError or MediaError unless `out` could get a finished file."""
    from himmel.provenance import check_final

    check_final(out, force=force)
    check_folder(out)


def check_folder(out: Path) -> None:
    """Raise UsageError or MediaError unless the folder of `out` takes another file."""
    folder = out.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"folder {folder} cannot be written to; choose another folder for {out.name}")
    if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        raise MediaError(f"the disk of {folder} is full; free some space or choose another folder")
