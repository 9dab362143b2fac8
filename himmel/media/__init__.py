"""Media: bytes to frames and back. Reading is confined by limits, writing makes `.part` files only."""

from himmel.media.clip import decode_clip, encode_clip
from himmel.media.frames import Frames, Limits, Pixels, exact_rate
from himmel.media.image import ImageFormat, read_image, write_image, write_png
from himmel.media.parts import part_path
from himmel.media.read import read_metadata, read_video
from himmel.media.sheet import contact_sheet
from himmel.media.write import write_video

__all__ = [
    "Frames",
    "ImageFormat",
    "Limits",
    "Pixels",
    "contact_sheet",
    "decode_clip",
    "encode_clip",
    "exact_rate",
    "part_path",
    "read_image",
    "read_metadata",
    "read_video",
    "write_image",
    "write_png",
    "write_video",
]
