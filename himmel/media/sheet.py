"""Contact sheets: many frames on one picture."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from himmel.errors import UsageError
from himmel.media.frames import Pixels

__all__ = ["contact_sheet"]

GAP = 4  # pixels between pictures
LINE = 16  # pixels of height for a caption
PAPER, INK = (24, 24, 27), (228, 228, 231)


def contact_sheet(frames: Pixels, columns: int, captions: Sequence[str] | None = None) -> Pixels:
    """Frames uint8 [T, H, W, 3] in rows of `columns`, left to right, as one picture uint8 [h, w, 3].

    `captions`, one a frame, stand below each and are cut at its width. Raises UsageError when they are not
    as many as the frames, or when there is nothing to show.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not len(frames):
        kind = f"{frames.dtype} {list(frames.shape)}"
        raise UsageError(f"a contact sheet needs frames uint8 [T, H, W, 3], got {kind}")
    if columns < 1:
        raise UsageError(f"{columns} columns must be at least 1")
    if captions is not None and len(captions) != len(frames):
        raise UsageError(f"{len(captions)} captions for {len(frames)} frames; give one a frame")
    count, height, width, _ = frames.shape
    columns = min(columns, count)
    line = LINE if captions is not None else 0
    cell_w, cell_h = width + GAP, height + line + GAP
    sheet = Image.new("RGB", (GAP + columns * cell_w, GAP + ceil(count / columns) * cell_h), PAPER)
    for index, frame in enumerate(frames):
        left, top = GAP + index % columns * cell_w, GAP + index // columns * cell_h
        sheet.paste(Image.fromarray(frame), (left, top))
        if captions is not None:
            sheet.paste(_caption(captions[index], width), (left, top + height))
    return np.array(sheet, dtype=np.uint8)


def _caption(text: str, width: int) -> Image.Image:
    strip = Image.new("RGB", (width, LINE), PAPER)
    ImageDraw.Draw(strip).text((1, 2), " ".join(text.split()), fill=INK, font=ImageFont.load_default(11))
    return strip
