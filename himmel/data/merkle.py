"""The Merkle root over a set of digests, with the leaf and node prefixes of RFC 6962, section 2.1."""

import hashlib
from collections.abc import Sequence

__all__ = ["merkle_root"]

LEAF, NODE = b"\x00", b"\x01"


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over `leaves` in the order given; 32 bytes. The root of no leaves is SHA-256 of b"".

    Leaves and nodes are hashed with different prefixes, so that no node can pass for a leaf.

    >>> merkle_root([]).hex()[:8]
    'e3b0c442'
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    row = [hashlib.sha256(LEAF + leaf).digest() for leaf in leaves]
    while len(row) > 1:
        pairs = [hashlib.sha256(NODE + a + b).digest() for a, b in zip(row[::2], row[1::2], strict=False)]
        # RFC 6962 splits at the largest power of two below n: an odd last node moves up unchanged.
        row = pairs + row[2 * len(pairs) :]
    return row[0]
