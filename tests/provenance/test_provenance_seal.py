"""Sealing: a final name appears signed, verified and at once, or not at all."""

import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import c2pa
import pytest

from himmel.errors import HimmelError, SealError, UsageError
from himmel.media import read_metadata, read_video
from himmel.provenance import Keys, Manifest, SealedVideo, check_final, seal, verify
from himmel.provenance import seal as seal_name  # the function; its module is reached through sys.modules

seal_module = sys.modules[seal_name.__module__]
Part = Callable[..., Path]


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.jpg", "a.webp", "B.MP4"])
def test_every_kind(tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys, name: str) -> None:
    final = tmp_path / name
    part = make_part(final.with_suffix(final.suffix.lower()))
    done = seal(part, final, manifest, keys)
    content = final.read_bytes()
    assert done == SealedVideo(
        path=final,
        digest="sha256:" + hashlib.sha256(content).hexdigest(),
        size=len(content),
        manifest=manifest,
    )
    assert list(tmp_path.iterdir()) == [final]
    found = verify(final, keys.root)
    assert (found.answer, found.manifest) == ("ours (signed)", manifest)


def test_a_sealed_video_still_plays(tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys) -> None:
    part = make_part(tmp_path / "a.mp4")
    before = read_video(part)
    final = seal(part, tmp_path / "a.mp4", manifest, keys).path
    after = read_video(final)
    assert (after.pixels == before.pixels).all() and after.fps == before.fps
    assert read_metadata(final) == {"himmel_plan": manifest.plan}
    assert final.read_bytes().index(b"moov") < final.read_bytes().index(b"mdat")


def test_a_long_plan_fits_everywhere(tmp_path: Path, make_part: Part, keys: Keys) -> None:
    long = Manifest(plan='{"prompt":"' + "日本 word " * 20_000 + '"}', weights="0" * 64)
    for name in ("a.mp4", "a.png", "a.jpg", "a.webp"):  # in JPEG it takes several segments
        final = tmp_path / name
        seal(make_part(final), final, long, keys)
        assert verify(final, keys.root).manifest == long


def test_an_existing_file_is_kept(tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys) -> None:
    final = tmp_path / "a.png"
    final.write_bytes(b"mine")
    part = make_part(final)
    with pytest.raises(UsageError, match="a.png exists; choose another name, or replace it with --force"):
        seal(part, final, manifest, keys)
    assert final.read_bytes() == b"mine" and part.exists()
    seal(part, final, manifest, keys, force=True)
    assert verify(final, keys.root).answer == "ours (signed)" and list(tmp_path.iterdir()) == [final]


def test_names_that_cannot_be(tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys) -> None:
    part = make_part(tmp_path / "a.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    for final, says in (
        (tmp_path / "a.webm", "must end in one of .jpeg, .jpg, .mp4"),
        (tmp_path / "none" / "a.png", "does not exist; create it first"),
        (tmp_path / "folder.png", "exists"),
        (tmp_path / "dangling.png", "exists"),
    ):
        with pytest.raises(UsageError, match=says):
            check_final(final)
        with pytest.raises(UsageError, match=says):
            seal(part, final, manifest, keys)
    with pytest.raises(UsageError, match="exists"):
        check_final(tmp_path / "folder.png", force=True)
    with pytest.raises(UsageError, match="is not a file that could be sealed"):
        seal(tmp_path / "none.part", tmp_path / "b.png", manifest, keys)
    assert part.exists()


def test_in_place_is_refused(tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys) -> None:
    final = make_part(tmp_path / "a.png").rename(tmp_path / "a.png")
    content = final.read_bytes()
    (tmp_path / "alias.png").hardlink_to(final)
    for part in (final, tmp_path / "." / "a.png", tmp_path / "alias.png"):
        with pytest.raises(UsageError, match="cannot be sealed in place"):
            seal(part, final, manifest, keys, force=True)
    assert final.read_bytes() == content


def broken_parts(tmp_path: Path, make_part: Part, sealed: dict[str, bytes]) -> list[tuple[Path, str, str]]:
    whole = make_part(tmp_path / "w.mp4").read_bytes()
    contents = [
        ("text.png", b"not a picture", "is not image/png"),
        ("a.mp4", make_part(tmp_path / "p.png").read_bytes(), "is not video/mp4"),
        ("cut.mp4", whole[:-10], "claims"),
        ("header.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "header.png could not be"),
        ("twice.mp4", sealed["a.mp4"], "carries a manifest already"),
        ("twice.webp", sealed["a.webp"], "carries a manifest already"),
    ]
    made = []
    for name, content, says in contents:
        part = tmp_path / f"{name}.part"
        part.write_bytes(content)
        made.append((part, name, says))
    return made


def test_a_failing_sign_leaves_nothing(
    tmp_path: Path, make_part: Part, sealed: dict[str, bytes], manifest: Manifest, keys: Keys
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    for part, name, says in broken_parts(source, make_part, sealed):
        with pytest.raises(SealError, match=says) as caught:
            seal(part, target / name, manifest, keys)
        assert "\n" not in str(caught.value)
        assert not part.exists() and not list(target.iterdir()), name


@pytest.mark.parametrize("wrong", ["other root", "other key", "no key"])
def test_keys_that_do_not_fit(tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys, wrong: str) -> None:
    other = Keys.generate()
    bad = {
        "other root": Keys(chain=keys.chain, root=other.root, key=keys.key),
        "other key": Keys(chain=keys.chain, root=keys.root, key=other.key),
        "no key": Keys(chain=keys.chain, root=keys.root, key=b""),
    }[wrong]
    part = make_part(tmp_path / "a.mp4")
    with pytest.raises(SealError):
        seal(part, tmp_path / "a.mp4", manifest, bad)
    assert not list(tmp_path.iterdir())


def test_a_sign_that_goes_wrong_unseen(
    tmp_path: Path, make_part: Part, manifest: Manifest, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = c2pa.Builder.sign

    def bad_disk(self: c2pa.Builder, signer: c2pa.Signer, mime: str, source: object, target: object) -> bytes:
        done: bytes = sign(self, signer, mime, source, target)
        target.seek(-20, os.SEEK_END)  # type: ignore[attr-defined]
        target.write(b"\xff")  # type: ignore[attr-defined]
        return done

    monkeypatch.setattr(c2pa.Builder, "sign", bad_disk)
    with pytest.raises(SealError, match="could not be read back .altered: the content was changed"):
        seal(make_part(tmp_path / "a.mp4"), tmp_path / "a.mp4", manifest, keys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_stop_before_the_name(
    tmp_path: Path,
    make_part: Part,
    manifest: Manifest,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def stop(handle: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", stop)
    expected = SealError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        seal(make_part(tmp_path / "a.mp4"), tmp_path / "a.mp4", manifest, keys)
    if isinstance(error, OSError):
        assert str(caught.value) == "the disk is full: a.mp4 was not sealed; free some space and repeat"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("links", [True, False])
def test_one_of_many_wins_a_name(
    tmp_path: Path,
    make_part: Part,
    manifest: Manifest,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    links: bool,
) -> None:
    if not links:  # as on exFAT

        def no_links(source: Path, target: Path) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_links)
    final, outcomes, gate = tmp_path / "a.mp4", [], threading.Barrier(6)
    parts = [make_part(final, seed) for seed in range(6)]

    def run(part: Path) -> None:
        gate.wait()
        try:
            outcomes.append(seal(part, final, manifest, keys))
        except HimmelError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if isinstance(outcome, SealedVideo)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, UsageError)]
    assert (len(winners), len(losers)) == (1, 5)
    assert winners[0].digest == "sha256:" + hashlib.sha256(final.read_bytes()).hexdigest()
    left = [path for path in tmp_path.iterdir() if path != final]
    assert [path for path in left if path not in parts] == []  # a loser at the door keeps its part


def test_a_full_disk_while_signing(tmp_path: Path, make_part: Part, keys: Keys) -> None:
    code = """
import resource, sys
from pathlib import Path
from himmel.errors import SealError
from himmel.provenance import Manifest, load_keys, seal
part, final = map(Path, sys.argv[1:3])
keys = load_keys(Path(sys.argv[3]))
limit = part.stat().st_size + 100
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    seal(part, final, Manifest(plan="{}", weights="0" * 64), keys)
except SealError as error:
    print(error)
"""
    final = tmp_path / "out" / "a.mp4"
    final.parent.mkdir()
    command = [sys.executable, "-c", code, str(make_part(final)), str(final), str(tmp_path / "keys")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1 and done.stdout.startswith("a.mp4 could not be")
    assert not list(final.parent.iterdir())
