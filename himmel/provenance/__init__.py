"""Provenance: what a file claims, the seal that proves it, and the question whether a file is ours."""

from himmel.provenance.keys import Keys, load_keys, read_root
from himmel.provenance.manifest import ASSERTION, Manifest, Source
from himmel.provenance.seal import SealedVideo, check_final, seal
from himmel.provenance.verify import Answer, Verification, verify

__all__ = [
    "ASSERTION",
    "Answer",
    "Keys",
    "Manifest",
    "SealedVideo",
    "Source",
    "Verification",
    "check_final",
    "load_keys",
    "read_root",
    "seal",
    "verify",
]
