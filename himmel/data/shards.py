"""Shards: tar files of clips in the WebDataset layout, written once, read by offset, checked on every read.

A shard holds `{key}.mp4`, `{key}.json` (what is in the scene) and `{key}.truth.npz` (ground truth) for each
clip. The bytes of a shard depend on its clips alone: headers carry no time, owner or machine. A shard gets
its name only when it is complete, and the ledger lists it only when it has its name.
"""

import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from himmel.data.ledger import ClipRow, Ledger, ShardRow, digest
from himmel.errors import LedgerError
from himmel.media import decode_clip
from himmel.plan import canonical_json
from himmel.shapes import Size

__all__ = ["LEDGER_NAME", "MEMBERS", "ClipShards", "Sample", "read_arrays", "write_shard"]

LEDGER_NAME = "ledger.sqlite"
VIDEO, RECORD, TRUTH = ".mp4", ".json", ".truth.npz"
MEMBERS = (VIDEO, RECORD, TRUTH)
# Rendering looks at a shard's length only, so one of the right length is drawn again when it is gone.
MEND = "remove the shard and render again"

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One clip as the bytes of its three members."""

    key: str
    video: bytes
    record: bytes
    truth: bytes

    @classmethod
    def pack(
        cls, key: str, video: bytes, record: Mapping[str, Any], truth: Mapping[str, npt.NDArray[Any]]
    ) -> "Sample":
        """Encode a record as canonical JSON and ground truth as npz; equal input gives equal bytes."""
        return cls(key=key, video=video, record=canonical_json(record).encode(), truth=_write_arrays(truth))

    def digests(self) -> dict[str, str]:
        """The digests a ledger row holds."""
        return {
            "sha256": digest(self.video),
            "record_sha256": digest(self.record),
            "truth_sha256": digest(self.truth),
        }


def _write_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """An npz with sorted names and the zip epoch as date, so that equal arrays give equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=6)
    return target.getvalue()


def read_arrays(content: bytes) -> Arrays:
    """The arrays of an npz; LedgerError when it is damaged or would need pickle."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise LedgerError(f"ground truth cannot be read: {error}") from error


def write_shard(path: Path, samples: Iterable[Sample], *, known: ShardRow | None = None) -> ShardRow:
    """Write samples as a tar at `path` and return its ledger row.

    The file is complete and on disk before it gets its name, so a name always means a whole shard; whatever
    stops the writing, nothing is left of it. Raises LedgerError when the shard differs from its `known` row.
    """
    part = path.with_name(path.name + ".part")
    try:
        _write_tar(part, samples)
        row = ShardRow(name=path.name, sha256=_file_digest(part), bytes=part.stat().st_size)
        if known not in (None, row):
            raise LedgerError(f"{path.name} came out different from what the ledger lists; restore it from a copy")
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return row


def _write_tar(path: Path, samples: Iterable[Sample]) -> None:
    with path.open("wb") as target:
        with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for sample in samples:
                contents = zip(MEMBERS, (sample.video, sample.record, sample.truth), strict=True)
                for suffix, content in contents:
                    header = tarfile.TarInfo(sample.key + suffix)
                    header.size, header.mode, header.mtime = len(content), 0o644, 0
                    archive.addfile(header, io.BytesIO(content))
        target.flush()
        os.fsync(target.fileno())


def _file_digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a member's bytes lie in its shard."""

    offset: int
    size: int


def _index(path: Path) -> dict[str, _Place]:
    """Members of a tar by name, without reading their contents."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            return {entry.name: _Place(offset=entry.offset_data, size=entry.size) for entry in archive}
    except (OSError, tarfile.TarError) as error:
        raise LedgerError(f"shard {path.name} cannot be read ({error}); {MEND}") from error


class ClipShards:
    """The clips of a folder that its ledger lists, of one split or all, in the order of shard and key.

    Opening it verifies the ledger's chain and that folder and ledger list the same members; every read
    verifies the bytes it returns. A clip that the ledger does not list cannot be read, because the
    ledger is the index. Instances hold no open files: they may be sent to other processes.
    """

    def __init__(self, folder: Path | str, *, split: str | None = None) -> None:
        self.folder = Path(folder)
        with Ledger(self.folder / LEDGER_NAME, read_only=True) as ledger:
            ledger.verify()
            self.root = ledger.root(split=split)
            self.rows: list[ClipRow] = list(ledger.clips(split=split))
            listed = {(clip.shard, clip.key + suffix) for clip in ledger.clips() for suffix in MEMBERS}
            shards = ledger.shards()
        self._places: dict[str, dict[str, _Place]] = {}
        for name, shard in shards.items():
            self._places[name] = self._check_shard(shard)
        present = {(name, member) for name, places in self._places.items() for member in places}
        if strays := sorted(present ^ listed):
            shard_name, member = strays[0]
            raise LedgerError(f"{member} in {shard_name} is not in both folder and ledger; {MEND}")

    def _check_shard(self, shard: ShardRow) -> dict[str, _Place]:
        path = self.folder / shard.name
        size = path.stat().st_size if path.is_file() else -1
        if size != shard.bytes:
            state = "missing" if size < 0 else f"{size} bytes long instead of {shard.bytes}"
            raise LedgerError(f"shard {shard.name} is {state}; render it again")
        return _index(path)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.rows)))

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Sizes of the clips, each once, in the order in which they come first."""
        return tuple(dict.fromkeys(Size(width=row.width, height=row.height) for row in self.rows))

    def frames(self, index: int) -> npt.NDArray[np.uint8]:
        """Frames of a clip: uint8 [T, H, W, 3]."""
        row = self.rows[index]
        frames = decode_clip(self._read(row, VIDEO, row.sha256))
        if frames.shape != (row.frames, row.height, row.width, 3):
            raise LedgerError(f"clip {row.key} decodes to {frames.shape}, not to what the ledger lists")
        return frames

    def record(self, index: int) -> dict[str, Any]:
        """What is in the scene, as it was written."""
        row = self.rows[index]
        return dict(json.loads(self._read(row, RECORD, row.record_sha256)))

    def truth(self, index: int) -> Arrays:
        """Ground truth as arrays by name (`himmel.world.GroundTruth.from_arrays` reads them)."""
        row = self.rows[index]
        return read_arrays(self._read(row, TRUTH, row.truth_sha256))

    def subjects(self, index: int) -> npt.NDArray[np.bool_]:
        """Where subjects are seen: bool [T, H, W]."""
        seen: npt.NDArray[np.bool_] = self.truth(index)["masks"] > 0
        return seen

    def _read(self, row: ClipRow, suffix: str, sha256: str) -> bytes:
        place = self._places[row.shard][row.key + suffix]
        with (self.folder / row.shard).open("rb") as source:
            source.seek(place.offset)
            content = source.read(place.size)
        if digest(content) != sha256:
            raise LedgerError(f"{row.key}{suffix} in {row.shard} is not what the ledger lists; {MEND}")
        return content

    def verify(self) -> None:
        """Read every shard of the ledger once and compare its digest; LedgerError names the first that differs."""
        with Ledger(self.folder / LEDGER_NAME, read_only=True) as ledger:
            for name, shard in ledger.shards().items():
                if _file_digest(self.folder / name) != shard.sha256:
                    raise LedgerError(f"shard {name} is not what the ledger lists; {MEND}")
