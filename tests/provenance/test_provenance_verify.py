"""Verifying: ours only when it is ours to the bit; no network; the reason in words."""

import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest

from himmel.errors import MediaError
from himmel.provenance import ASSERTION, Keys, Manifest, seal, verify
from himmel.provenance import keys as keys_module
from himmel.provenance.verify import trust_context

NAMES = ("a.mp4", "a.png", "a.jpg", "a.webp")
MIMES = {"a.mp4": "video/mp4", "a.png": "image/png", "a.jpg": "image/jpeg", "a.webp": "image/webp"}
FREE = struct.pack(">I4s", 16, b"free") + b"\0" * 8


def boxes(content: bytes) -> dict[bytes, bytes]:
    """Top-level boxes of an MP4 by type."""
    found, start = {}, 0
    while start < len(content):
        size = int.from_bytes(content[start : start + 4], "big")
        found[content[start + 4 : start + 8]] = content[start : start + size]
        start += size
    return found


def sign_by_hand(source: Path, target: Path, mime: str, keys: Keys, assertions: list[dict[str, Any]]) -> None:
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=keys.chain, private_key=keys.key, ta_url=None)
    created = {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
    actions = {"label": "c2pa.actions.v2", "data": {"actions": [created]}}
    builder = c2pa.Builder({"assertions": [actions, *assertions]}, context=trust_context(None))
    with builder, c2pa.Signer.from_info(info) as signer, source.open("rb") as old, target.open("w+b") as new:
        builder.sign(signer, mime, old, new)


@pytest.mark.parametrize("name", NAMES)
def test_ours(tmp_path: Path, sealed: dict[str, bytes], manifest: Manifest, keys: Keys, name: str) -> None:
    path = tmp_path / "renamed.bin"  # what a file is called does not matter
    path.write_bytes(sealed[name])
    found = verify(path, keys.root)
    assert (found.answer, found.manifest) == ("ours (signed)", manifest)
    assert found.signer is not None and found.signer.startswith("Himmel signer ")


@pytest.mark.parametrize("name", NAMES)
def test_no_flipped_bit_is_ours(tmp_path: Path, sealed: dict[str, bytes], keys: Keys, name: str) -> None:
    path, content, rng = tmp_path / name, sealed[name], np.random.default_rng(7)
    store = content.index(b"jumb") - 4
    end = store + int.from_bytes(content[store : store + 4], "big")
    places = [
        *rng.integers(0, len(content), 150),
        *rng.integers(max(0, store - 60), min(len(content), end + 40), 150),
    ]
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        assert verify(path, keys.root).answer != "ours (signed)", f"byte {place}"


def test_no_flipped_bit_in_any_box_is_ours(tmp_path: Path, sealed: dict[str, bytes], keys: Keys) -> None:
    path, content, rng = tmp_path / "a.mp4", sealed["a.mp4"], np.random.default_rng(8)
    assert list(boxes(content)) == [b"ftyp", b"uuid", b"moov", b"free", b"mdat"]
    for box in boxes(content).values():
        start = content.index(box)
        for place in {start, start + 7, *(start + rng.integers(0, len(box), 25))}:
            damaged = bytearray(content)
            damaged[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            assert verify(path, keys.root).answer != "ours (signed)", f"byte {place - start} of {box[4:8]!r}"


@pytest.mark.parametrize("name", NAMES)
def test_cut_short_or_longer(tmp_path: Path, sealed: dict[str, bytes], keys: Keys, name: str) -> None:
    path, content = tmp_path / name, sealed[name]
    rng = np.random.default_rng(9)
    for length in (len(content) - 1, len(content) // 2, *rng.integers(1, len(content), 40)):
        path.write_bytes(content[:length])
        assert verify(path, keys.root).answer != "ours (signed)"
    for tail in (b"\0", b"garbage at the end", FREE, content):
        path.write_bytes(content + tail)
        assert verify(path, keys.root).answer == "altered"


def test_boxes_that_the_signature_skips(tmp_path: Path, sealed: dict[str, bytes], keys: Keys) -> None:
    path, part = tmp_path / "a.mp4", boxes(sealed["a.mp4"])
    ftyp, ours, moov, free, mdat = (part[kind] for kind in (b"ftyp", b"uuid", b"moov", b"free", b"mdat"))
    skip, mfra = FREE.replace(b"free", b"skip"), FREE.replace(b"free", b"mfra")
    brand = ftyp.replace(b"isom", b"qt  ")
    changed = {
        "appended free": [ftyp, ours, moov, free, mdat, FREE],
        "appended skip": [ftyp, ours, moov, free, mdat, skip],
        "appended mfra": [ftyp, ours, moov, free, mdat, mfra],
        "filled free": [ftyp, ours, moov, FREE, mdat],
        "two manifests": [ftyp, ours, ours, moov, free, mdat],
        "another brand": [brand, ours, moov, free, mdat],
        "manifest last": [ftyp, moov, free, mdat, ours],
    }
    for name, content in changed.items():
        path.write_bytes(b"".join(content))
        assert verify(path, keys.root).answer == "altered", name
    path.write_bytes(b"".join([ftyp, ours, moov, free, mdat]))
    assert verify(path, keys.root).answer == "ours (signed)"
    # Why this is our business: C2PA's library takes most of these for whole.
    path.write_bytes(b"".join(changed["appended free"]))
    with path.open("rb") as file, c2pa.Reader("video/mp4", file, context=trust_context(keys.root)) as reader:
        assert reader.get_validation_state() == "Trusted"


def test_a_manifest_on_another_file(
    tmp_path: Path, sealed: dict[str, bytes], make_part: Callable[..., Path], manifest: Manifest, keys: Keys
) -> None:
    other = seal(make_part(tmp_path / "b.mp4", seed=1), tmp_path / "b.mp4", manifest, keys).path
    ours, theirs = boxes(sealed["a.mp4"]), boxes(other.read_bytes())
    other.write_bytes(b"".join({**theirs, b"uuid": ours[b"uuid"]}.values()))
    found = verify(other, keys.root)
    assert found.answer == "altered" and found.manifest is None
    assert found.reasons == ("the content was changed after it was signed",)


def test_conversion_leaves_no_evidence(tmp_path: Path, sealed: dict[str, bytes], keys: Keys) -> None:
    path, copy = tmp_path / "a.mp4", tmp_path / "copy.mp4"
    path.write_bytes(sealed["a.mp4"])
    with av.open(str(path)) as source, av.open(str(copy), "w", format="mp4") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    found = verify(copy, keys.root)
    assert (found.answer, found.signer) == ("no evidence", None)
    assert found.reasons == ("the file carries no manifest; conversion and most sites remove it",)


def test_unsigned_and_other_content(tmp_path: Path, make_part: Callable[..., Path], keys: Keys) -> None:
    for name in NAMES:
        assert verify(make_part(tmp_path / name), keys.root).answer == "no evidence"
    path = tmp_path / "b"
    for content in (b"", b"text", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x10ftypisom\0\0\0\0"):
        path.write_bytes(content)
        found = verify(path, keys.root)
        assert found.answer == "no evidence" and "AI" not in found.reasons[0]
    for missing in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(MediaError, match="cannot be read"):
            verify(missing, keys.root)


def test_someone_elses_signature(
    tmp_path: Path, sealed: dict[str, bytes], make_part: Callable[..., Path], keys: Keys
) -> None:
    path, other = tmp_path / "a.mp4", Keys.generate()
    path.write_bytes(sealed["a.mp4"])
    for root in (other.root, None):
        found = verify(path, root)
        assert (found.answer, found.manifest) == ("no evidence", None)
        assert found.signer is not None and found.signer in found.reasons[0]
        assert found.reasons[0].endswith("not by this installation")
    claims = {"label": ASSERTION, "data": {"format": 1, "claims": {"plan": "{}", "verdicts": "[]"}, "layout": []}}
    part = make_part(tmp_path / "b.png")
    sign_by_hand(part, path, "image/png", other, [claims])  # it says it is ours
    assert verify(path, keys.root).answer == "no evidence"


def test_our_key_without_our_claims(tmp_path: Path, make_part: Callable[..., Path], keys: Keys) -> None:
    part, path = make_part(tmp_path / "a.png"), tmp_path / "b.png"
    for assertions in ([], [{"label": ASSERTION, "data": {"plan": 3}}]):
        sign_by_hand(part, path, "image/png", keys, assertions)
        found = verify(path, keys.root)
        assert found.answer == "no evidence" and "no plan that can be read" in found.reasons[0]


def test_a_strangers_name_cannot_write_on_the_terminal(
    tmp_path: Path, make_part: Callable[..., Path], keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = keys_module._name
    monkeypatch.setattr(keys_module, "_name", lambda common: plain("\x1b[2J" + common + "\n\u202eours"))
    path = tmp_path / "b.png"
    sign_by_hand(make_part(tmp_path / "a.png"), path, "image/png", Keys.generate(), [])
    found = verify(path, keys.root)
    assert found.signer is not None and found.signer.isprintable() and found.reasons[0].isprintable()


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A web server on loopback: its address and the requests it got."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/internal", requests
        server.shutdown()
        thread.join()


def test_nothing_is_fetched(
    tmp_path: Path, make_part: Callable[..., Path], keys: Keys, listener: tuple[str, list[str]]
) -> None:
    address, requests = listener
    part, path = make_part(tmp_path / "a.jpg"), tmp_path / "remote.jpg"
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=keys.chain, private_key=keys.key, ta_url=None)
    created = {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
    form = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}]}
    builder = c2pa.Builder(form, context=trust_context(None))
    with builder, c2pa.Signer.from_info(info) as signer, part.open("rb") as old, path.open("w+b") as new:
        builder.set_no_embed()
        builder.set_remote_url(address)
        builder.sign(signer, "image/jpeg", old, new)
    assert address.encode() in path.read_bytes()
    found = verify(path, keys.root)
    assert requests == [] and found.answer == "no evidence"
    assert found.reasons == ("the file names a manifest on the network, which is never fetched",)
    with path.open("rb") as file, pytest.raises(c2pa.C2paError):  # what the library does by itself
        c2pa.Reader("image/jpeg", file, context=c2pa.Context.from_dict({"version": 1}))
    assert requests == ["/internal"]
