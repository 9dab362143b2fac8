"""What a video must respect: pictures, clips and regions that are known before anything is made.

Text to video knows nothing; image to video knows its first frame; extension knows a prefix or a suffix,
interpolation both ends, inpainting everything outside a box. Each is a `Condition` that claims patches of
the latents and says what they are; the sampler keeps claimed patches and makes the rest. Two conditions
that claim the same patch contradict each other, so the order they are given in cannot matter. What is free may
begin from a clip instead of noise (`Origin`), and given frames may be played around what is made (`Footage`).
"""

from himmel.conditions.canvas import Canvas, Known, as_video, fitted
from himmel.conditions.condition import Condition, respect
from himmel.conditions.footage import Footage
from himmel.conditions.in_space import Region
from himmel.conditions.in_time import Ends, FirstFrame, Keyframes, Prefix, Suffix
from himmel.conditions.origin import Origin
from himmel.conditions.seam import Seam

__all__ = [
    "Canvas",
    "Condition",
    "Ends",
    "FirstFrame",
    "Footage",
    "Keyframes",
    "Known",
    "Origin",
    "Prefix",
    "Region",
    "Seam",
    "Suffix",
    "as_video",
    "fitted",
    "respect",
]
