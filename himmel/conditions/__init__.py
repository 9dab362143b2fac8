"""What a video must respect: pictures, clips and regions that are known before anything is made.

Text to video knows nothing; image to video knows its first frame; extension knows a prefix or a suffix,
interpolation both ends, inpainting everything outside a box. Each is a `Condition` that claims patches of
the latents and says what they are; the sampler keeps claimed patches and makes the rest. Two conditions
that claim the same patch contradict each other, so the order they are given in cannot matter.
"""

from himmel.conditions.canvas import Canvas, Known, as_video, fitted
from himmel.conditions.condition import Condition, respect
from himmel.conditions.in_space import Region
from himmel.conditions.in_time import Ends, FirstFrame, Keyframes, Prefix, Suffix
from himmel.conditions.seam import Seam

__all__ = [
    "Canvas",
    "Condition",
    "Ends",
    "FirstFrame",
    "Keyframes",
    "Known",
    "Prefix",
    "Region",
    "Seam",
    "Suffix",
    "as_video",
    "fitted",
    "respect",
]
