"""Sealing: the only code in Himmel that gives a media file its final name.

C2PA's library empties its source when asked to sign in place, leaves half-written or wrongly signed files
behind when it fails, and overwrites silently. So it signs into a hidden file beside the final one, which is
read back and verified as a stranger would verify it, and only then takes its name, in one step.
"""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import c2pa

from himmel.errors import SealError, UsageError
from himmel.provenance.container import MIME_TYPES, Malformed, open_container, sniff
from himmel.provenance.keys import Keys
from himmel.provenance.manifest import Manifest
from himmel.provenance.verify import trust_context, verify

__all__ = ["SealedVideo", "check_final", "seal"]

NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


@dataclass(frozen=True, kw_only=True)
class SealedVideo:
    """A finished file (a video, or a still): `digest` is "sha256:" and the digest of all its bytes."""

    path: Path
    digest: str
    size: int
    manifest: Manifest


def check_final(final: Path, *, force: bool = False) -> None:
    """Raise UsageError unless sealing could give a file this name; call it before hours of work, too."""
    if final.suffix.lower() not in MIME_TYPES:
        raise UsageError(f"{final.name} must end in one of {', '.join(MIME_TYPES)}")
    if not final.parent.is_dir():
        raise UsageError(f"folder {final.parent} does not exist; create it first")
    if final.is_dir() or (os.path.lexists(final) and not force):
        raise UsageError(f"{final} exists; choose another name, or replace it with --force")


def seal(part: Path, final: Path, manifest: Manifest, keys: Keys, *, force: bool = False) -> SealedVideo:
    """Sign `part` and give the result the name `final`; `part` is used up.

    `final` names the kind of file: MP4, PNG, JPEG or WebP. Of two that seal to one name at once without
    `force`, one wins. Raises UsageError for a `final` or `part` that cannot be (both are then untouched) or
    that was taken in the meantime, and SealError when signing or reading back fails; nothing is then left,
    neither `part` nor `final`.
    """
    check_final(final, force=force)
    mime = MIME_TYPES[final.suffix.lower()]
    if not part.is_file():
        raise UsageError(f"{part} is not a file that could be sealed")
    if os.path.lexists(final) and part.samefile(final):
        raise UsageError(f"{part} cannot be sealed in place; write a .part file and seal that")
    signed = final.with_name(f".{final.name}.{secrets.token_hex(4)}.sealing")
    try:
        with _explained(final):
            _sign(part, signed, mime, manifest, keys)
            _check(signed, manifest, keys)
            digest, size = _settle(signed)
            _publish(signed, final, force=force)
    finally:
        signed.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return SealedVideo(path=final, digest=digest, size=size, manifest=manifest)


def _sign(part: Path, signed: Path, mime: str, manifest: Manifest, keys: Keys) -> None:
    if sniff(part) != mime:
        raise SealError(f"the content of {part.name} is not {mime}, which the name {signed.name} stands for")
    opened = open_container(part, mime)
    if opened.stores:
        raise SealError(f"{part.name} carries a manifest already; seal only what Himmel has just written")
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=keys.chain, private_key=keys.key, ta_url=None)
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(manifest.to_c2pa(opened.layout), context=trust_context(keys.root)) as builder,
        part.open("rb") as source,
        signed.open("x+b") as target,
    ):
        builder.sign(signer, mime, source, target)


def _check(signed: Path, manifest: Manifest, keys: Keys) -> None:
    found = verify(signed, keys.root)
    if found.answer != "ours (signed)":
        raise SealError(f"the seal could not be read back ({found.answer}: {found.reasons[0]}); nothing was kept")
    if found.manifest != manifest:
        raise SealError("the seal read back claims something else than was signed; nothing was kept")


def _settle(signed: Path) -> tuple[str, int]:
    """Digest and size of the file, once its bytes are on the disk."""
    with signed.open("rb") as file:
        os.fsync(file.fileno())
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def _publish(signed: Path, final: Path, *, force: bool) -> None:
    if force:
        os.replace(signed, final)
    else:
        try:
            os.link(signed, final)  # fails when the name is taken, which a rename would not
        except FileExistsError:
            raise UsageError(f"{final} was taken meanwhile; choose another name") from None
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            _publish_without_links(signed, final)
    _sync_folder(final.parent)


def _publish_without_links(signed: Path, final: Path) -> None:
    """For file systems such as exFAT: take the name with an empty file, then replace that."""
    try:
        final.open("xb").close()
    except FileExistsError:
        raise UsageError(f"{final} was taken meanwhile; choose another name") from None
    os.replace(signed, final)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(final: Path) -> Iterator[None]:
    try:
        yield
    except c2pa.C2paError as error:
        raise SealError(f"{final.name} could not be signed: {error}") from error
    except Malformed as error:
        raise SealError(f"{final.name} could not be sealed: {error}") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise SealError(
                f"the disk is full: {final.name} was not sealed; free some space and repeat"
            ) from error
        raise SealError(f"{final.name} could not be sealed: {error.strerror}") from error
