"""How a video was directed: which verb, with which options, over which given files.

A plan stores it, so that the same files are enough to make the video again. The files themselves are not stored,
only the SHA-256 of their bytes: they are the parents of the video.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from himmel.errors import UsageError

__all__ = ["Direction"]

DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_FILES = 64


@dataclass(frozen=True, kw_only=True)
class Direction:
    """What is done with given files.

    verb: a name in `himmel.generate.VERBS`. files: SHA-256 (hex) of each, in the verb's order. options: what the
    verb was told, values that JSON can hold.
    """

    verb: str
    files: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.files) <= MOST_FILES:
            raise UsageError(f"a direction over {len(self.files)} files is not one; it has 1 to {MOST_FILES}")
        for digest in self.files:
            if not DIGEST.fullmatch(digest):
                raise UsageError(f"file {digest[:80]!r} of a direction is not a SHA-256: 64 hexadecimal digits")
