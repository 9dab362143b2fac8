"""Red green blue to and from the colours a video stores: BT.709, limited range, one exact conversion.

FFmpeg's scaler assumes BT.601 and takes rounding shortcuts unless told otherwise, which shifts a saturated
red by tens of levels; told what follows it keeps flat colours within one level.
"""

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from himmel.media.frames import Pixels

__all__ = ["to_rgb", "to_yuv"]

EXACT = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT  # the same bytes on every processor
)
BT709 = 1  # the code of BT.709 for primaries and transfer alike, ISO/IEC 23091-2
KNOWN_SPACES = frozenset(int(space) for space in Colorspace)


def to_yuv(
    pixels: Pixels, index: int, fps: Fraction, pixel_format: str, scaler: VideoReformatter
) -> av.VideoFrame:
    """Frame number `index` uint8 [H, W, 3] as a tagged video frame in `pixel_format`."""
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    yuv = scaler.reformat(
        rgb,
        format=pixel_format,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        interpolation=EXACT,
    )
    yuv.color_primaries = yuv.color_trc = BT709
    yuv.pts, yuv.time_base = index, 1 / fps
    return yuv


def to_rgb(frame: av.VideoFrame, scaler: VideoReformatter) -> Pixels:
    """A decoded frame as uint8 [H, W, 3], upright; untagged colours are read as BT.709, limited range."""
    rgb = scaler.reformat(
        frame,
        format="rgb24",
        src_colorspace=frame.colorspace if frame.colorspace in KNOWN_SPACES else Colorspace.ITU709,
        src_color_range=frame.color_range or ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=EXACT,
    )
    upright = np.rot90(rgb.to_ndarray(), round(frame.rotation / 90))
    return np.ascontiguousarray(upright, dtype=np.uint8)
