"""The key of an installation: who signs what this machine makes.

A private root certificate issues one leaf, both ECDSA on P-256; the leaf signs. The root's private key is
forgotten once it has signed, so nobody can issue a second leaf in its name. C2PA demands of the leaf: not a
CA, digitalSignature, an authority key identifier, extended use emailProtection (C2PA 2.2, section 14.5).
"""

import datetime
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from himmel.errors import SealError

__all__ = ["KEY_FILE", "Keys", "load_keys", "read_root"]

KEY_FILE = "installation.pem"  # private key, leaf, root: one file, so that it appears whole or not at all
# No timestamp service is asked, so a signature is only valid while its leaf is: RFC 5280's "no expiry".
FOREVER = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
CLOCK_SLACK = datetime.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What signing needs, as PEM bytes: `chain` is leaf then root, `key` is PKCS #8, `root` is public."""

    chain: bytes
    root: bytes
    key: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: bytes) -> "Keys":
        """Read the three parts of a key file; raises ValueError unless they belong together."""
        key = load_pem_private_key(text, password=None)
        leaf, root = x509.load_pem_x509_certificates(text)
        leaf.verify_directly_issued_by(root)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != leaf.public_key():
            raise ValueError("the key is not the leaf's")
        leaf_pem, root_pem = leaf.public_bytes(Encoding.PEM), root.public_bytes(Encoding.PEM)
        return cls(chain=leaf_pem + root_pem, root=root_pem, key=_private_pem(key))

    @classmethod
    def generate(cls) -> "Keys":
        """A new root, a new leaf."""
        root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = secrets.token_hex(4)  # tells two installations apart, says nothing about the machine
        issuer, subject = _name(f"Himmel installation {name}"), _name(f"Himmel signer {name}")
        root = _certificate(issuer, root_key.public_key(), issuer, root_key, is_root=True)
        leaf = _certificate(subject, leaf_key.public_key(), issuer, root_key, is_root=False)
        leaf_pem, root_pem = leaf.public_bytes(Encoding.PEM), root.public_bytes(Encoding.PEM)
        return cls(chain=leaf_pem + root_pem, root=root_pem, key=_private_pem(leaf_key))


def load_keys(folder: Path) -> Keys:
    """The keys kept in `folder`, made on first use; two processes that start together get the same ones.

    Raises SealError when the folder cannot be written, or when the key file is damaged or open to others.
    """
    file = folder / KEY_FILE
    try:
        if not file.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(file, Keys.generate())
        return _read(file)
    except OSError as error:
        raise SealError(
            f"the signing key {file} cannot be made or read: {error.strerror}; choose a folder you can write"
        ) from error


def read_root(folder: Path) -> bytes | None:
    """The public root certificate (PEM) of the keys in `folder`, or None when none were made yet."""
    return load_keys(folder).root if (folder / KEY_FILE).exists() else None


def _create(file: Path, keys: Keys) -> None:
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(keys.key + keys.chain)
            target.flush()
            os.fsync(target.fileno())
        with suppress(FileExistsError):  # another process was first: its keys are the installation's
            os.link(temporary, file)
    finally:
        temporary.unlink()


def _read(file: Path) -> Keys:
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise SealError(f"the signing key {file} is open to other users; close it with: chmod 600 {file}")
    try:
        return Keys.parse(file.read_bytes())
    except (ValueError, TypeError, InvalidSignature) as error:
        raise SealError(f"the signing key {file} is damaged; restore it, or move it away to start anew") from error


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(common: str) -> x509.Name:
    names = ((NameOID.ORGANIZATION_NAME, "Himmel"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in names])


def _certificate(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_root: bool,
) -> x509.Certificate:
    usage = dict.fromkeys(USAGES, False) | ({"key_cert_sign": True} if is_root else {"digital_signature": True})
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.now(datetime.UTC) - CLOCK_SLACK)
        .not_valid_after(FOREVER)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if not is_root:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(authority, critical=False).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())
