import io
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from himmel.data.ledger import ClipRow, Ledger, SourceRow, digest
from himmel.data.pixels import fill_pixels, open_pixels
from himmel.data.shards import LEDGER_NAME, ClipShards, Sample, read_arrays, write_shard
from himmel.errors import HimmelError, LedgerError, UsageError
from himmel.media import encode_clip
from himmel.shapes import Size

SOURCE = SourceRow(
    kind="rendered",
    creator="Himmel",
    title="moving noise",
    licence_declared="Apache-2.0",
    licence_concluded="Apache-2.0",
    concluded_by="the test",
    evidence_sha256=digest(b"evidence"),
)


def noise(seed: int, frames: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    still = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return np.stack([np.roll(still, step, 1) for step in range(frames)])


def sample(seed: int, frames: int = 5) -> Sample:
    truth = {"depth": np.full((frames, 16, 16), seed, np.float16), "boxes": np.arange(4) + seed}
    return Sample.pack(f"{seed:09d}", encode_clip(noise(seed, frames), 12), {"seed": seed, "text": "naïve"}, truth)


def add_shard(folder: Path, name: str, samples: list[Sample], split: str = "train") -> None:
    row = write_shard(folder / name, samples)
    with Ledger(folder / LEDGER_NAME) as ledger:
        source = ledger.add_source(SOURCE)
        ledger.add_clips([clip_row(source, name, one, split) for one in samples], row)


def clip_row(source: int, shard: str, one: Sample, split: str) -> ClipRow:
    return ClipRow(
        **one.digests(),
        source=source,
        seed=int(one.key),
        split=split,
        width=16,
        height=16,
        frames=5,
        shard=shard,
        key=one.key,
        transform="none",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    add_shard(tmp_path, "a.tar", [sample(seed) for seed in range(3)])
    add_shard(tmp_path, "b.tar", [sample(seed) for seed in (3, 4)], split="held_out")
    return tmp_path


def test_clips_come_back_as_they_went_in(folder: Path) -> None:
    clips = ClipShards(folder)
    assert len(clips) == 5
    for index in clips:
        assert np.abs(clips.frames(index).astype(int) - noise(index)).mean() < 2
        assert clips.record(index) == {"seed": index, "text": "naïve"}
        truth = clips.truth(index)
        assert truth["depth"].dtype == np.float16
        assert truth["boxes"].tolist() == [index, index + 1, index + 2, index + 3]
    clips.verify()


def test_splits_are_apart(folder: Path) -> None:
    assert [row.seed for row in ClipShards(folder, split="held_out").rows] == [3, 4]
    assert ClipShards(folder, split="train").root != ClipShards(folder, split="held_out").root


def test_equal_clips_give_equal_shards(folder: Path, tmp_path: Path) -> None:
    again = write_shard(tmp_path / "again.tar", [sample(seed) for seed in range(3)])
    assert (tmp_path / "again.tar").read_bytes() == (folder / "a.tar").read_bytes()
    assert again.sha256 == digest((folder / "a.tar").read_bytes())


def test_any_tool_reads_a_shard(folder: Path) -> None:
    with tarfile.open(folder / "a.tar") as archive:
        entries = archive.getmembers()
        assert [entry.name for entry in entries[:3]] == ["000000000.mp4", "000000000.json", "000000000.truth.npz"]
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries} == {(0, 0, 0, "")}
        truth = archive.extractfile(entries[2])
        assert truth is not None
        with np.load(io.BytesIO(truth.read()), allow_pickle=False) as loaded:
            assert set(loaded.files) == {"boxes", "depth"}


def test_a_cut_off_shard_has_no_name(tmp_path: Path) -> None:
    def broken():  # type: ignore[no-untyped-def]
        yield sample(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(tmp_path / "a.tar", broken())
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_differs_from_its_row_gets_no_name(tmp_path: Path) -> None:
    row = write_shard(tmp_path / "a.tar", [sample(0)])
    whole = (tmp_path / "a.tar").read_bytes()
    assert write_shard(tmp_path / "a.tar", [sample(0)], known=row) == row
    with pytest.raises(LedgerError, match="came out different"):
        write_shard(tmp_path / "a.tar", [sample(1)], known=row)
    assert (tmp_path / "a.tar").read_bytes() == whole and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("member", [".mp4", ".json", ".truth.npz"])
def test_a_changed_bit_is_refused(folder: Path, member: str) -> None:
    with tarfile.open(folder / "a.tar") as archive:
        entry = archive.getmember("000000001" + member)
    content = bytearray((folder / "a.tar").read_bytes())
    content[entry.offset_data + entry.size // 2] ^= 1
    (folder / "a.tar").write_bytes(content)
    clips = ClipShards(folder)
    read = {".mp4": clips.frames, ".json": clips.record, ".truth.npz": clips.truth}[member]
    read(0)
    with pytest.raises(LedgerError, match="not what the ledger lists; remove the shard and render again"):
        read(1)
    with pytest.raises(LedgerError, match=r"a\.tar .*; remove the shard"):
        clips.verify()


def test_every_changed_byte_of_a_shard_is_refused(folder: Path) -> None:
    """Wherever one bit changes, headers included, opening, reading or verifying refuses."""
    good = (folder / "b.tar").read_bytes()
    rng = np.random.default_rng(2)
    for place in rng.integers(0, len(good), 60):
        content = bytearray(good)
        content[place] ^= 1 << int(rng.integers(8))
        (folder / "b.tar").write_bytes(content)
        with pytest.raises(LedgerError):
            ClipShards(folder).verify()


def test_clips_and_ledger_must_agree(folder: Path) -> None:
    (folder / "b.tar").rename(folder / "c.tar")
    with pytest.raises(LedgerError, match=r"b\.tar is missing"):
        ClipShards(folder)
    (folder / "b.tar").write_bytes((folder / "c.tar").read_bytes()[:-512])
    with pytest.raises(LedgerError, match="bytes long instead of"):
        ClipShards(folder)
    content = (folder / "c.tar").read_bytes()
    (folder / "b.tar").write_bytes(content.replace(b"000000004.json", b"000000009.json"))
    with pytest.raises(LedgerError, match="remove the shard and render again"):
        ClipShards(folder)


def test_a_folder_without_ledger_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.tar", [sample(0)])
    with pytest.raises(LedgerError, match="no ledger"):
        ClipShards(tmp_path)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=5),
        arrays.arrays(
            st.sampled_from([np.uint8, np.float16, np.float32, np.int64, np.bool_]),
            arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
        ),
        max_size=3,
    )
)
def test_ground_truth_survives(truth: dict[str, np.ndarray]) -> None:
    packed = Sample.pack("k", b"", {}, truth)
    assert packed == Sample.pack("k", b"", {}, dict(reversed(truth.items())))
    found = read_arrays(packed.truth)
    assert set(found) == set(truth)
    for name, array in truth.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_objects_are_no_ground_truth() -> None:
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Sample.pack("k", b"", {}, {"bad": np.array([object()])})
    with pytest.raises(LedgerError, match="cannot be read"):
        read_arrays(b"PK not a zip")


def test_pixels_are_the_frames(folder: Path) -> None:
    clips = ClipShards(folder)
    seen: list[tuple[int, int]] = []
    pixels = fill_pixels(clips, folder / "pixels.npy", on_progress=lambda done, total: seen.append((done, total)))
    assert pixels.shape == (5, 5, 16, 16, 3)
    assert seen[-1] == (5, 5)
    for index in clips:
        np.testing.assert_array_equal(pixels[index], clips.frames(index))
    assert sorted(path.name for path in folder.glob("pixels*")) == ["pixels.npy", "pixels.npy.json"]


def test_filling_goes_on_where_it_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("himmel.data.pixels.CLIPS_PER_SAVE", 2)
    clips = ClipShards(folder)

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_pixels(clips, folder / "pixels.npy", on_progress=stop)
    assert not (folder / "pixels.npy").exists()
    seen: list[int] = []
    pixels = fill_pixels(clips, folder / "pixels.npy", on_progress=lambda done, total: seen.append(done))
    assert seen == [3, 4, 5]
    np.testing.assert_array_equal(pixels[2], clips.frames(2))


def test_pixels_that_do_not_fit_are_not_begun(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips, usage = ClipShards(folder), shutil.disk_usage(folder)
    size = clips.frames(0).nbytes
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5 * size - 1))
    with pytest.raises(LedgerError, match="GB free.*5 clips"):
        fill_pixels(clips, folder / "pixels.npy")
    assert not list(folder.glob("pixels*"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5 * size))
    assert len(fill_pixels(clips, folder / "pixels.npy")) == 5


def test_pixels_belong_to_their_clips(folder: Path) -> None:
    clips = ClipShards(folder, split="train")
    fill_pixels(clips, folder / "pixels.npy")
    assert open_pixels(folder / "pixels.npy", root=clips.root).shape[0] == 3
    with pytest.raises(LedgerError, match="not made from"):
        fill_pixels(ClipShards(folder), folder / "pixels.npy")


def test_each_size_has_an_array_of_its_own(folder: Path) -> None:
    wide = np.repeat(noise(9), 2, axis=2)
    other = Sample.pack("000000009", encode_clip(wide, 12), {"seed": 9}, {})
    row = write_shard(folder / "c.tar", [other])
    with Ledger(folder / LEDGER_NAME) as ledger:
        fields = clip_row(1, "c.tar", other, "train")
        ledger.add_clips([replace(fields, width=32)], row)
    clips, seen = ClipShards(folder), []
    assert [str(size) for size in clips.sizes] == ["16x16", "32x16"]
    for size, count in zip(clips.sizes, (5, 1), strict=True):
        path = folder / f"{size}.npy"
        pixels = fill_pixels(clips, path, size=size, on_progress=lambda *told: seen.append(told))
        assert pixels.shape == (count, 5, 16, size.width, 3)
        np.testing.assert_array_equal(open_pixels(path, root=clips.root), pixels)
    np.testing.assert_array_equal(pixels[0], clips.frames(5))
    assert seen[-2:] == [(5, 5), (1, 1)]
    with pytest.raises(UsageError, match="found none"):
        fill_pixels(clips, folder / "none.npy", size=Size(width=8, height=8))


def test_clips_of_several_shapes_share_no_array(folder: Path) -> None:
    other = sample(9, frames=1)
    row = write_shard(folder / "c.tar", [other])
    with Ledger(folder / LEDGER_NAME) as ledger:
        fields = clip_row(1, "c.tar", other, "train")
        ledger.add_clips([type(fields)(**{**vars(fields), "frames": 1})], row)
    with pytest.raises(UsageError, match="one shape"):
        fill_pixels(ClipShards(folder), folder / "pixels.npy")
    assert issubclass(LedgerError, HimmelError)
