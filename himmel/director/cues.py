"""What should be seen from which time on: texts of spans, moved to where the codec's groups of frames begin."""

import re
from collections.abc import Mapping

from himmel.errors import UsageError
from himmel.plan import Request
from himmel.shapes import Compression

__all__ = ["decide_cues"]

# A text that only says what the one before goes on to do.
GOES_ON = re.compile(r"(?:and )?(?:then )?(?:it|he|she|they) (?P<does>.+)|(?:and )?then (?P<next>.+)", re.I | re.S)


def decide_cues(
    request: Request, frames: int, fps: int, compression: Compression, start: int = 0
) -> Mapping[int, str]:
    """Texts by the frame they begin at, the prompt at 0, for a shot up to frame `frames`.

    Times count from the frame `start`. A text says alone what is seen from its time on, unless it begins with
    "it", "they" or "then": such a one is read behind the last text that stands alone. Raises UsageError for a time
    beyond the shot, and for two times so near that no group of frames lies between.

    >>> request = Request(prompt="a red ball rolls left.", at=[(1, "it stops"), (2, "a red ball jumps")])
    >>> dict(decide_cues(request, 33, 12, Compression(time=4, space=16)))
    {0: 'a red ball rolls left.', 13: 'a red ball rolls left, then stops', 25: 'a red ball jumps'}
    """
    texts, alone = {0: request.prompt}, request.prompt
    for seconds, text in request.at:
        frame = compression.nearest_frames(start + round(seconds * fps))  # the first of a group
        if frame >= frames:
            raise UsageError(
                f"the text at {seconds:g} s begins beyond the {(frames - start) / fps:.4g} s that are made; name "
                "an earlier time or ask for more seconds"
            )
        if frame in texts:
            near = f"{compression.time / fps:.2g} s"
            raise UsageError(f"the text at {seconds:g} s begins with another; leave at least {near} between texts")
        more = GOES_ON.fullmatch(" ".join(text.split()))
        if more is None:
            texts[frame] = alone = text
        else:
            texts[frame] = f"{alone.strip().rstrip('.')}, then {more['does'] or more['next']}"
    return texts
