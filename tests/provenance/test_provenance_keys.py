"""The installation's key: made once, whole, private, and the same for everyone who starts together."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from himmel.errors import SealError
from himmel.provenance import Keys, load_keys, read_root
from himmel.provenance.keys import KEY_FILE

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")


def test_made_on_first_use_then_kept(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "himmel"
    assert read_root(folder) is None and not folder.exists()
    keys = load_keys(folder)
    assert load_keys(folder) == keys and read_root(folder) == keys.root
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]
    assert load_keys(tmp_path / "other") != keys


@posix
def test_only_its_owner_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "himmel"
    before = os.umask(0)
    try:
        load_keys(folder)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    (folder / KEY_FILE).chmod(0o640)
    with pytest.raises(SealError, match="open to other users; close it with: chmod 600"):
        load_keys(folder)


def test_certificates_are_what_c2pa_asks(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    leaf, root = x509.load_pem_x509_certificates(keys.chain)
    assert x509.load_pem_x509_certificate(keys.root) == root
    leaf.verify_directly_issued_by(root)
    assert keys.key.startswith(b"-----BEGIN PRIVATE KEY-----")  # PKCS #8, which is all C2PA's library takes
    assert load_pem_private_key(keys.key, None).public_key() == leaf.public_key()
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        x509.ExtendedKeyUsageOID.EMAIL_PROTECTION
    ]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    # Without a timestamp service a signature is valid only as long as the leaf.
    assert leaf.not_valid_after_utc.year == root.not_valid_after_utc.year == 9999


def test_the_secret_does_not_show(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    assert "PRIVATE" not in repr(keys)
    assert (tmp_path / KEY_FILE).read_bytes().count(b"PRIVATE KEY-----\n") == 2  # one key: the root's is gone


def test_those_who_start_together_get_one_key(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from himmel.provenance import load_keys\n"
        "time.sleep(max(0, float(sys.argv[2]) - time.time()))\n"
        "sys.stdout.buffer.write(load_keys(pathlib.Path(sys.argv[1])).chain)"
    )
    start = str(time.time() + 1.5)
    command = [sys.executable, "-c", code, str(tmp_path / "keys"), start]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    chains = {child.communicate(timeout=60)[0] for child in children}
    assert [child.returncode for child in children] == [0] * 4
    assert chains == {load_keys(tmp_path / "keys").chain}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == [KEY_FILE]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        SealError, match=r"signing key .*file/keys.* cannot be made or read: .*; choose a folder"
    ) as e:
        load_keys(tmp_path / "file" / "keys")
    assert "\n" not in str(e.value)
    with pytest.raises(SealError, match="cannot be made or read"):
        load_keys(Path("/proc/himmel"))


@pytest.mark.parametrize("damage", ["empty", "cut", "other leaf", "other key", "text"])
def test_a_damaged_file(tmp_path: Path, damage: str) -> None:
    keys, other, file = load_keys(tmp_path), Keys.generate(), tmp_path / KEY_FILE
    content = {
        "empty": b"",
        "cut": file.read_bytes()[:-40],
        "other leaf": keys.key + other.chain,
        "other key": other.key + keys.chain,
        "text": b"nothing",
    }[damage]
    file.write_bytes(content)
    with pytest.raises(SealError, match="is damaged; restore it, or move it away to start anew"):
        load_keys(tmp_path)
    assert file.read_bytes() == content
