"""Pictures: PNG, JPEG and WebP by Pillow, and no other format, since Pillow hands some to other programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from himmel.errors import MediaError, UsageError
from himmel.media.frames import Limits, Pixels
from himmel.media.parts import check_part, explained, removed_on_error

__all__ = ["ImageFormat", "read_image", "read_text", "write_image", "write_png"]

ImageFormat = Literal["png", "jpeg", "webp"]
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)
OPTIONS: Mapping[str, Mapping[str, int | bool]] = {
    "png": {"compress_level": 6},
    "jpeg": {"quality": 95, "subsampling": 0},
    "webp": {"quality": 95, "method": 4},
}


def read_image(path: Path, limits: Limits | None = None) -> Pixels:
    """A PNG, JPEG or WebP as uint8 [H, W, 3]: upright, transparent parts on white, first frame only.

    Raises MediaError when the file is missing, damaged, of another kind or beyond `limits`.
    """
    limits = limits or Limits()
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            # The header alone is read so far; Pillow's own bomb check lets twice its limit pass.
            limits.check(name=path.name, width=image.width, height=image.height)
            return _upright_rgb(image)
    except UNREADABLE as error:
        raise _unreadable(path, "PNG, JPEG or WebP", error) from error


def read_text(path: Path) -> dict[str, str]:
    """The texts stored in a PNG before its pixels; raises MediaError when it is damaged or of another kind."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            # Pillow's own text chunks are strings that know their language.
            return {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
    except UNREADABLE as error:
        raise _unreadable(path, "PNG", error) from error


def _unreadable(path: Path, kinds: str, error: BaseException) -> MediaError:
    reason = getattr(error, "strerror", None) or "damaged, huge or another kind"
    return MediaError(f"{path} is not a readable {kinds} picture ({reason})")


def write_image(
    part: Path, pixels: Pixels, format: ImageFormat = "png", metadata: Mapping[str, str] | None = None
) -> None:
    """Write uint8 [H, W, 3] to `part`, to be sealed; only PNG has a place for `metadata` (as text).

    Raises UsageError for wrong pixels and MediaError when it cannot be written; `part` is then removed.
    """
    check_part(part)
    _save(part, pixels, format, metadata or {})


def write_png(path: Path, pixels: Pixels) -> None:
    """Write uint8 [H, W, 3] as a working picture, a figure of a report; what Himmel hands out is sealed."""
    _save(path, pixels, "png", {})


def _save(path: Path, pixels: Pixels, format: ImageFormat, metadata: Mapping[str, str]) -> None:
    if format not in OPTIONS:
        raise UsageError(f"image format {format!r} is not known; known: {', '.join(OPTIONS)}")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UsageError(f"a picture must be uint8 [H, W, 3], got {pixels.dtype} {list(pixels.shape)}")
    text = PngInfo()
    for key, value in metadata.items():
        text.add_itxt(key, value)
    extra = {"pnginfo": text} if format == "png" else {}
    with removed_on_error(path), explained(path.name), path.open("wb") as file:
        Image.fromarray(pixels).save(file, format=format.upper(), **OPTIONS[format], **extra)


def _upright_rgb(image: Image.Image) -> Pixels:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow's conversion would clip to white
        grey = np.asarray(image).astype(np.float32) / 257
        return np.repeat(grey.round().clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return np.array(image.convert("RGB"), dtype=np.uint8)
