"""The one form of a sealed file: everything a signature does not cover must be as sealing wrote it.

A manifest store is a tree of JUMBF boxes (ISO/IEC 19566-5) and a COSE signature (RFC 9052). Their names,
flags, lengths and a kilobyte of padding are signed by nobody: of 3,000 bytes of manifest, any one of about
1,100 can be changed and C2PA's library still answers "Trusted" (measured, one flipped bit each). With this
module a flipped bit anywhere in a sealed file is found.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from himmel.provenance.container import Malformed, open_container

__all__ = ["check_form"]

KIND_SUFFIX = bytes.fromhex("00110010800000aa00389b71")  # of every content type ISO/IEC 19566-5 defines
PLAIN, SALTED = 0x03, 0x13  # a label that may be asked for; the same with a salt after it
SALT = b"\x00\x00\x00\x18c2sh"  # header of the box of 16 random bytes that salts a hash


def check_form(path: Path, mime: str, layout: Sequence[str]) -> None:
    """Raise Malformed, saying where, unless the file has exactly the form of a sealed one.

    `layout` is what the manifest says of the bytes that C2PA's hash leaves out. Raises OSError.
    """
    opened = open_container(path, mime)
    if list(opened.layout) != list(layout):
        raise Malformed("parts were added, removed or changed outside of what the signature covers")
    if len(opened.stores) != 1:
        raise Malformed(f"the file holds {len(opened.stores)} manifests instead of one")
    _check_store(opened.stores[0])


def _check_store(store: bytes) -> None:
    [manifest] = _children(_only(_boxes(store), b"jumb"), b"c2pa", b"c2pa", count=1)
    assertions, claim, signature = _children(manifest, b"c2ma", None, count=3)
    for assertion in _children(assertions, b"c2as", b"c2pa.assertions"):
        _content(assertion, None)
    _content(claim, b"c2pa.claim.v2")
    _check_cose(_content(signature, b"c2pa.signature"))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of boxes that fill `data` exactly."""
    start = 0
    while start < len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        if size < 8 or start + size > len(data):
            raise Malformed("the boxes of the manifest do not nest")
        yield data[start + 4 : start + 8], data[start + 8 : start + size]
        start += size


def _only(boxes: Iterator[tuple[bytes, bytes]], kind: bytes) -> bytes:
    found = list(boxes)
    if len(found) != 1 or found[0][0] != kind:
        raise Malformed("the manifest has boxes that do not belong there")
    return found[0][1]


def _described(data: bytes, kind: bytes, label: bytes | None) -> list[tuple[bytes, bytes]]:
    """The boxes after the description of a superbox, which must be of this kind and carry this label."""
    (first, description), *rest = list(_boxes(data)) or [(b"", b"")]
    flags, (name, end, salt) = description[16:17], description[17:].partition(b"\0")
    plain = flags == bytes([PLAIN]) and not salt
    salted = flags == bytes([SALTED]) and salt.startswith(SALT) and len(salt) == 24
    known = first == b"jumd" and description[:16] == kind + KIND_SUFFIX and end and (plain or salted)
    if not known or (label is not None and name != label):
        raise Malformed("the description of a box in the manifest was changed")
    return rest


def _children(data: bytes, kind: bytes, label: bytes | None, count: int | None = None) -> list[bytes]:
    rest = _described(data, kind, label)
    if any(kind != b"jumb" for kind, _ in rest) or (count is not None and len(rest) != count):
        raise Malformed("the manifest has boxes that do not belong there")
    return [content for _, content in rest]


def _content(data: bytes, label: bytes | None) -> bytes:
    kind = {b"c2pa.claim.v2": b"c2cl", b"c2pa.signature": b"c2cs"}.get(label or b"", b"cbor")
    return _only(iter(_described(data, kind, label)), b"cbor")


def _check_cose(sign1: bytes) -> None:
    """COSE_Sign1 = tag 18, [protected: 2-byte length, {"pad": zeros, 2-byte length}, null, 64 bytes]."""
    protected = 5 + int.from_bytes(sign1[3:5], "big")
    rest = sign1[protected:]
    pad = int.from_bytes(rest[6:8], "big")
    expected = b"\xa1\x63pad\x59" + rest[6:8] + bytes(pad) + b"\xf6\x58\x40"
    if sign1[:3] != b"\xd2\x84\x59" or not rest.startswith(expected) or len(rest) != len(expected) + 64:
        raise Malformed("the padding beside the signature was changed")
