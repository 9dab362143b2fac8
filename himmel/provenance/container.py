"""Where each kind of file keeps its C2PA manifest store, read strictly.

C2PA's hash skips more than the manifest: in MP4 also `ftyp`, `free`, `skip` and `mfra` boxes, in every kind
the lengths and checksums around the store. A file whose skipped bytes were changed still validates, so they
are compared with their one right form here (C2PA 2.2, sections 9.2.3 and A.3 to A.5).
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["MIME_TYPES", "Malformed", "Opened", "open_container", "sniff"]

MIME_TYPES = {
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".webp": "image/webp",
}
UNHASHED_BOXES = frozenset({b"ftyp", b"free", b"skip", b"mfra"})
C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
# After the box's id: version and flags, the purpose, and the offset of Merkle trees, of which there are none.
C2PA_BOX_HEADER = C2PA_BOX + bytes(4) + b"manifest\0" + bytes(8)
JPEG_FIRST = b"JP\x02\x11"  # JPEG's mark for JUMBF, then the box instance that C2PA's library writes


class Malformed(ValueError):
    """The file does not have the one form that sealing gives it; the message says where."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file taken apart: its manifest stores as bytes, and the `layout` of all that C2PA's hash leaves out."""

    stores: tuple[bytes, ...]
    layout: tuple[str, ...]


def sniff(path: Path) -> str | None:
    """MIME type by content, None when it is no kind of file that Himmel seals; raises OSError."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if head[:4] == b"RIFF" and head[8:] == b"WEBP" else None


def open_container(path: Path, mime: str) -> Opened:
    """Take a file apart; raises Malformed where it is not exactly as a sealed or unsealed file must be."""
    with path.open("rb") as file:
        try:
            return READERS[mime](file)
        except EOFError:
            raise Malformed("the file ends early") from None


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise EOFError
    return data


def _size(file: BinaryIO) -> int:
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end


def _mp4(file: BinaryIO) -> Opened:
    stores: list[bytes] = []
    layout: list[str] = []
    end = _size(file)
    while (start := file.tell()) < end:
        head = _exactly(file, 8)
        size, kind, width = int.from_bytes(head[:4], "big"), head[4:], 8
        if size == 1:
            size, width = int.from_bytes(_exactly(file, 8), "big"), 16
        if size < width or start + size > end:
            raise Malformed(f"a box at byte {start} claims {size} bytes")
        name = kind.decode("latin-1")
        if kind in UNHASHED_BOXES:
            name += ":" + hashlib.sha256(head + _exactly(file, size - 8)).hexdigest()
        elif kind == b"uuid" and width == 8 and size > 8 + len(C2PA_BOX_HEADER):
            header = _exactly(file, len(C2PA_BOX_HEADER))
            if header.startswith(C2PA_BOX):
                if header != C2PA_BOX_HEADER or len(layout) != 1:
                    raise Malformed("the box around the manifest was changed or moved")
                stores.append(_exactly(file, size - 8 - len(header)))
                continue
        layout.append(name)
        file.seek(start + size)
    return Opened(stores=tuple(stores), layout=tuple(layout))


def _png(file: BinaryIO) -> Opened:
    _exactly(file, 8)
    stores, end = [], _size(file)
    while file.tell() < end:
        size, kind = int.from_bytes(_exactly(file, 4), "big"), _exactly(file, 4)
        if kind != b"caBX":
            file.seek(size + 4, 1)
            continue
        data, checksum = _exactly(file, size), int.from_bytes(_exactly(file, 4), "big")
        if zlib.crc32(kind + data) != checksum:
            raise Malformed("the checksum of the manifest's chunk is wrong")
        stores.append(data)
    return Opened(stores=tuple(stores), layout=())


def _webp(file: BinaryIO) -> Opened:
    _exactly(file, 12)
    stores, end = [], _size(file)
    while file.tell() < end:
        kind, size = _exactly(file, 4), int.from_bytes(_exactly(file, 4), "little")
        if kind == b"C2PA":
            stores.append(_exactly(file, size))
            if any(_exactly(file, size % 2)):
                raise Malformed("the padding after the manifest is not empty")
        else:
            file.seek(size + size % 2, 1)
    return Opened(stores=tuple(stores), layout=())


def _jpeg(file: BinaryIO) -> Opened:
    _exactly(file, 2)
    parts = [data for marker, data in _jpeg_segments(file) if marker == 0xEB and data.startswith(b"JP")]
    if not parts:
        return Opened(stores=(), layout=())
    # Each segment: JPEG_FIRST, its number from 1, then the store's own 8-byte header again, then its share.
    header, store = parts[0][8:16], b""
    for number, part in enumerate(parts, start=1):
        if part[:8] != JPEG_FIRST + number.to_bytes(4, "big") or part[8:16] != header:
            raise Malformed("a segment of the manifest was changed or moved")
        store += part[16:]
    return Opened(stores=(header + store,), layout=())


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(marker, content) of every segment before the picture itself."""
    while True:
        mark, marker = _exactly(file, 2)
        if mark != 0xFF:
            raise Malformed(f"no segment at byte {file.tell() - 2}")
        if marker == 0xDA:
            return
        size = int.from_bytes(_exactly(file, 2), "big")
        if size < 2:
            raise Malformed(f"a segment at byte {file.tell() - 4} claims {size} bytes")
        yield marker, _exactly(file, size - 2)


READERS: dict[str, Callable[[BinaryIO], Opened]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "video/mp4": _mp4,
}
