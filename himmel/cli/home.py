"""Where this installation keeps what is its own: ~/.himmel, or the folder that HIMMEL_HOME names."""

import os
from pathlib import Path

__all__ = ["home", "keys_folder"]


def home() -> Path:
    """The folder of this installation; it is made when something is first kept in it."""
    return Path(os.environ.get("HIMMEL_HOME") or Path.home() / ".himmel")


def keys_folder() -> Path:
    """Where the signing key lies."""
    return home() / "keys"
