"""The ledger: where every training clip came from, and under which licence.

One SQLite file. Rows are only ever added (triggers forbid UPDATE and DELETE), and each addition is an
event whose hash covers the rows it added and the hash of the event before it. `Ledger.verify` recomputes
all of it, so a changed, removed or smuggled-in row is found even when it was written with another tool.
What it cannot find by itself is a ledger cut off cleanly after an earlier event: compare `Ledger.head`
with the value kept elsewhere (weights files carry the root of the clips they saw).
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from himmel.data.merkle import merkle_root
from himmel.errors import LedgerError
from himmel.plan import canonical_json

__all__ = ["SOURCE_KINDS", "SPLITS", "ClipRow", "Ledger", "ShardRow", "SourceRow", "digest"]

SOURCE_KINDS = ("rendered", "recorded", "commissioned", "public-domain", "licensed", "user-contributed")
# validation: the same kind of clips as train, other seeds. held_out: combinations that train never shows.
SPLITS = ("train", "validation", "held_out")

# An SPDX identifier or LicenseRef. NONE and NOASSERTION are valid SPDX but say that nobody knows.
LICENCE = re.compile(r"(?!NONE$|NOASSERTION$|unknown$)[A-Za-z0-9][A-Za-z0-9.+-]*", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
GENESIS = "0" * 64
ROWS_PER_QUERY = 4096

SCHEMA = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, at TEXT NOT NULL,
    actor TEXT NOT NULL, payload TEXT NOT NULL) STRICT;
CREATE TABLE source (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES event(seq), kind TEXT NOT NULL,
    creator TEXT NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL, generator TEXT NOT NULL,
    licence_declared TEXT NOT NULL, licence_concluded TEXT NOT NULL, concluded_by TEXT NOT NULL,
    evidence_sha256 TEXT NOT NULL,
    UNIQUE (kind, creator, title, generator, evidence_sha256, licence_concluded)) STRICT;
CREATE TABLE shard (
    name TEXT PRIMARY KEY, event INTEGER NOT NULL REFERENCES event(seq), sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL) STRICT;
CREATE TABLE clip (
    sha256 TEXT PRIMARY KEY, event INTEGER NOT NULL REFERENCES event(seq), record_sha256 TEXT NOT NULL,
    truth_sha256 TEXT NOT NULL, source INTEGER NOT NULL REFERENCES source(id), seed INTEGER NOT NULL,
    split TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, frames INTEGER NOT NULL,
    shard TEXT NOT NULL REFERENCES shard(name), key TEXT NOT NULL, transform TEXT NOT NULL,
    UNIQUE (shard, key)) STRICT;
CREATE INDEX clip_event ON clip(event);
CREATE INDEX clip_split ON clip(split);
"""
TABLES = ("event", "source", "shard", "clip")


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """Where clips come from.

    generator: name and version of the program that drew them ("" for anything not rendered).
    licence_declared is what the source says, licence_concluded what we hold to be true; both are SPDX
    identifiers. evidence_sha256 is the digest of what proves it (a licence text, a page, the generator).
    """

    kind: str
    creator: str
    title: str
    url: str = ""
    generator: str = ""
    licence_declared: str
    licence_concluded: str
    concluded_by: str
    evidence_sha256: str

    def __post_init__(self) -> None:
        if self.kind not in SOURCE_KINDS:
            raise LedgerError(f'source kind "{self.kind}" is unknown; use one of {", ".join(SOURCE_KINDS)}')
        for name in ("licence_declared", "licence_concluded"):
            if not LICENCE.fullmatch(getattr(self, name)):
                raise LedgerError(
                    f'{name} "{getattr(self, name)}" is not a known licence; give an SPDX identifier, '
                    "for example Apache-2.0 or CC0-1.0"
                )
        for name in ("creator", "title", "concluded_by"):
            if not getattr(self, name).strip():
                raise LedgerError(f"a source needs a {name}; say who or what it is")
        _check_sha256(self.evidence_sha256, "evidence_sha256")


@dataclass(frozen=True, kw_only=True)
class ShardRow:
    """One tar file: its name in the folder, digest and length."""

    name: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        if Path(self.name).name != self.name or not self.name.endswith(".tar"):
            raise LedgerError(f'shard name "{self.name}" must be a plain file name ending in .tar')
        _check_sha256(self.sha256, "shard sha256")


@dataclass(frozen=True, kw_only=True)
class ClipRow:
    """One clip: digests of its video, record and ground truth, and how it came to be.

    source is the id `Ledger.add_source` returned; transform says what was done to the pixels, for rendered
    clips as the JSON of the generator and its settings.
    """

    sha256: str
    record_sha256: str
    truth_sha256: str
    source: int
    seed: int
    split: str
    width: int
    height: int
    frames: int
    shard: str
    key: str
    transform: str

    def __post_init__(self) -> None:
        for name in ("sha256", "record_sha256", "truth_sha256"):
            _check_sha256(getattr(self, name), name)
        if self.split not in SPLITS:
            raise LedgerError(f'split "{self.split}" is unknown; use one of {", ".join(SPLITS)}')
        if min(self.width, self.height, self.frames) < 1:
            raise LedgerError(f"clip {self.key} of {self.width}x{self.height}, {self.frames} frames is empty")


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _check_sha256(value: str, name: str) -> None:
    if not SHA256.fullmatch(value):
        raise LedgerError(f'{name} "{value[:70]}" is not a SHA-256 in 64 small hexadecimal digits')


def _rows_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """Digest of rows in the order given, each as canonical JSON on a line."""
    total = hashlib.sha256()
    for row in rows:
        total.update(canonical_json(row).encode() + b"\n")
    return total.hexdigest()


def _event_hash(seq: int, previous: str, at: str, actor: str, payload: str) -> str:
    return digest(canonical_json([seq, previous, at, actor, payload]).encode())


class Ledger:
    """The append-only ledger in the file `path`; made when it does not exist.

    `actor` is written into each event. One process may write, any number may read. Use as a context
    manager or call `close`.
    """

    def __init__(self, path: Path | str, *, actor: str = "himmel.data", read_only: bool = False) -> None:
        self.path = Path(path)
        self.actor = actor
        if read_only and not self.path.is_file():
            raise LedgerError(f"there is no ledger at {self.path}; training data cannot be used without one")
        uri = f"{self.path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        try:
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None)
            self._prepare(read_only)
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path} cannot be opened as a ledger: {error}") from error

    def _prepare(self, read_only: bool) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA foreign_keys = ON")
        # Without this INSERT OR REPLACE deletes rows and fires no DELETE trigger.
        self._db.execute("PRAGMA recursive_triggers = ON")
        self._db.execute("PRAGMA busy_timeout = 10000")
        present = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not present and not read_only:
            with self._transaction():
                for statement in (*SCHEMA.split(";"), *_triggers()):
                    self._db.execute(statement)
        elif not present.issuperset(TABLES):
            raise LedgerError(f"{self.path} is not a ledger: it lacks {', '.join(set(TABLES) - present)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the ledger cannot be used afterwards."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add_source(self, source: SourceRow) -> int:
        """Add a source and return its id; the same source again returns the id it already has."""
        row = asdict(source)
        for present in self._db.execute("SELECT * FROM source"):
            if {name: present[name] for name in row} == row:
                return int(present["id"])
        known = self._db.execute("SELECT coalesce(max(id), 0) FROM source").fetchone()[0]
        numbered = {**row, "id": known + 1}
        with self._appending({"source": _rows_digest([numbered])}) as event:
            return self._insert("source", {**numbered, "event": event})

    def add_clips(self, clips: Sequence[ClipRow], shard: ShardRow) -> None:
        """Add one shard with all its clips, in one event: either everything is in the ledger or nothing.

        Raises LedgerError when a clip has no known source, names another shard, or has bytes that the
        ledger already holds (the same clip in two splits would spoil every measurement).
        """
        if not clips:
            raise LedgerError(f"shard {shard.name} has no clips; a shard holds at least one")
        strays = [clip.key for clip in clips if clip.shard != shard.name]
        if strays:
            raise LedgerError(f"clip {strays[0]} names another shard than {shard.name}")
        rows = sorted((asdict(clip) for clip in clips), key=lambda row: str(row["sha256"]))
        payload = {"shard": _rows_digest([asdict(shard)]), "clips": _rows_digest(rows), "count": len(rows)}
        with self._appending(payload) as event:
            self._insert("shard", {**asdict(shard), "event": event})
            for row in rows:
                self._insert("clip", {**row, "event": event})

    @contextmanager
    def _appending(self, payload: Mapping[str, Any]) -> Iterator[int]:
        """One transaction: the event first, then the rows that refer to it."""
        text, at = canonical_json(payload), datetime.now(UTC).isoformat(timespec="seconds")
        try:
            with self._transaction():
                last = self._db.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
                seq, previous = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
                link = _event_hash(seq, previous, at, self.actor, text)
                self._db.execute(
                    "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", (seq, previous, link, at, self.actor, text)
                )
                yield seq
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path.name} refused the addition: {error}") from error

    def _insert(self, table: str, row: Mapping[str, Any]) -> int:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        done = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
        return int(done.lastrowid or 0)

    def clips(self, *, split: str | None = None) -> Iterator[ClipRow]:
        """Clips in the order of shard and key; of one split, or all."""
        where, values = ("WHERE split = ?", (split,)) if split else ("", ())
        names = [field.name for field in fields(ClipRow)]
        found = self._db.execute(f"SELECT {', '.join(names)} FROM clip {where} ORDER BY shard, key", values)
        while rows := found.fetchmany(ROWS_PER_QUERY):
            for row in rows:
                yield ClipRow(**dict(row))

    def shards(self) -> dict[str, ShardRow]:
        """Shards by name."""
        rows = self._db.execute("SELECT name, sha256, bytes FROM shard ORDER BY name")
        return {row["name"]: ShardRow(**dict(row)) for row in rows}

    def sources(self) -> dict[int, SourceRow]:
        """Sources by id."""
        names = [field.name for field in fields(SourceRow)]
        rows = self._db.execute(f"SELECT id, {', '.join(names)} FROM source ORDER BY id")
        return {row["id"]: SourceRow(**{name: row[name] for name in names}) for row in rows}

    @property
    def head(self) -> str:
        """Hash of the newest event: it changes with every addition."""
        last = self._db.execute("SELECT hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        return str(last["hash"]) if last else GENESIS

    def root(self, *, split: str | None = None) -> str:
        """Merkle root over the sorted clip digests of one split, or of all: what weights files name.

        It depends on the clips alone, not on the order or time in which they were added.
        """
        where, values = ("WHERE split = ?", (split,)) if split else ("", ())
        rows = self._db.execute(f"SELECT sha256 FROM clip {where} ORDER BY sha256", values)
        return merkle_root([bytes.fromhex(row["sha256"]) for row in rows]).hex()

    def verify(self) -> int:
        """Recompute the chain and every row's digest; returns the number of events.

        Raises LedgerError naming the first event that does not hold.
        """
        previous, count = GENESIS, 0
        try:
            events = self._db.execute("SELECT * FROM event ORDER BY seq").fetchall()
            for count, event in enumerate(events, start=1):
                self._verify_event(count, previous, event)
                previous = event["hash"]
            self._verify_no_orphans(count)
            # Rows are read into their classes once more: these refuse a licence that is not one.
            self.sources()
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise LedgerError(f"{self.path.name} is damaged: {error}") from error
        return count

    def _verify_event(self, seq: int, previous: str, event: sqlite3.Row) -> None:
        link = _event_hash(event["seq"], event["previous"], event["at"], event["actor"], event["payload"])
        if event["seq"] != seq or event["previous"] != previous or event["hash"] != link:
            raise LedgerError(f"{self.path.name} was altered: the chain breaks at event {seq}")
        payload = json.loads(event["payload"])
        expected = {name: payload.get(name) for name in ("source", "shard", "clips")}
        actual = {
            "source": self._event_digest("source", seq, "id"),
            "shard": self._event_digest("shard", seq, "name"),
            "clips": self._event_digest("clip", seq, "sha256"),
        }
        for name, value in actual.items():
            if value != expected[name]:
                raise LedgerError(f"{self.path.name} was altered: the {name} of event {seq} changed")

    def _event_digest(self, table: str, seq: int, order: str) -> str | None:
        rows = self._db.execute(f"SELECT * FROM {table} WHERE event = ? ORDER BY {order}", (seq,)).fetchall()
        kept = [{name: row[name] for name in row.keys() if name != "event"} for row in rows]
        return _rows_digest(kept) if kept else None

    def _verify_no_orphans(self, events: int) -> None:
        for table in ("source", "shard", "clip"):
            stray = self._db.execute(f"SELECT count(*) FROM {table} WHERE event NOT BETWEEN 1 AND ?", (events,))
            if stray.fetchone()[0]:
                raise LedgerError(f"{self.path.name} was altered: a {table} belongs to no event")
        if self._db.execute("PRAGMA foreign_key_check").fetchone():
            raise LedgerError(f"{self.path.name} was altered: a clip has no source or no shard")


def _triggers() -> Iterator[str]:
    for table in TABLES:
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
