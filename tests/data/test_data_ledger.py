import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himmel.data.ledger import ClipRow, Ledger, ShardRow, SourceRow, digest
from himmel.data.merkle import merkle_root
from himmel.errors import LedgerError

SOURCE = SourceRow(
    kind="rendered",
    creator="Himmel",
    title="a test pattern",
    generator="pattern 1",
    licence_declared="Apache-2.0",
    licence_concluded="Apache-2.0",
    concluded_by="the test",
    evidence_sha256=digest(b"evidence"),
)


def shard(name: str) -> ShardRow:
    return ShardRow(name=name, sha256=digest(name.encode()), bytes=len(name))


def clip(seed: int, shard: str, source: int = 1, split: str = "train") -> ClipRow:
    return ClipRow(
        sha256=digest(f"video {seed}".encode()),
        record_sha256=digest(b"record"),
        truth_sha256=digest(b"truth"),
        source=source,
        seed=seed,
        split=split,
        width=16,
        height=16,
        frames=5,
        shard=shard,
        key=f"{seed:09d}",
        transform="none",
    )


def fill(path: Path, seeds: range = range(6)) -> Ledger:
    ledger = Ledger(path)
    source = ledger.add_source(SOURCE)
    for start in range(seeds.start, seeds.stop, 3):
        name = f"{start}.tar"
        ledger.add_clips([clip(seed, name, source) for seed in range(start, start + 3)], shard(name))
    return ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return fill(tmp_path / "ledger.sqlite")


def test_holds_what_was_added(ledger: Ledger) -> None:
    assert [c.seed for c in ledger.clips()] == list(range(6))
    assert list(ledger.shards()) == ["0.tar", "3.tar"]
    assert ledger.sources() == {1: SOURCE}
    assert ledger.verify() == 3


def test_the_same_source_is_added_once(ledger: Ledger) -> None:
    head = ledger.head
    assert ledger.add_source(SOURCE) == 1
    assert ledger.head == head
    assert ledger.add_source(replace(SOURCE, generator="pattern 2")) == 2


def test_root_depends_on_the_clips_alone(tmp_path: Path, ledger: Ledger) -> None:
    other = Ledger(tmp_path / "other.sqlite")
    source = other.add_source(SOURCE)
    other.add_clips([clip(seed, "all.tar", source) for seed in (5, 3, 4, 0, 2, 1)], shard("all.tar"))
    assert other.root() == ledger.root() == ledger.root(split="train")
    assert other.head != ledger.head
    other.add_clips([clip(9, "held.tar", source, "held_out")], shard("held.tar"))
    assert other.root() != ledger.root()
    assert other.root(split="train") == ledger.root()
    assert [c.seed for c in other.clips(split="held_out")] == [9]


@pytest.mark.parametrize("table", ["event", "source", "shard", "clip"])
@pytest.mark.parametrize("verb", ["UPDATE {0} SET rowid = rowid", "DELETE FROM {0}"])
def test_rows_cannot_be_changed_or_removed(ledger: Ledger, table: str, verb: str) -> None:
    other = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(verb.format(table))
    other.close()


def test_adding_is_all_or_nothing(ledger: Ledger) -> None:
    before = (ledger.head, ledger.root())
    with pytest.raises(LedgerError, match="refused the addition"):
        ledger.add_clips([clip(7, "7.tar"), clip(0, "7.tar")], shard("7.tar"))
    assert (ledger.head, ledger.root()) == before
    assert "7.tar" not in ledger.shards()


def test_a_clip_needs_a_known_source(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="FOREIGN KEY"):
        ledger.add_clips([clip(7, "7.tar", source=99)], shard("7.tar"))
    with pytest.raises(LedgerError, match="another shard"):
        ledger.add_clips([clip(7, "8.tar")], shard("7.tar"))
    with pytest.raises(LedgerError, match="no clips"):
        ledger.add_clips([], shard("7.tar"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("licence_declared", "NOASSERTION"),
        ("licence_concluded", "NONE"),
        ("licence_concluded", ""),
        ("kind", "found on the web"),
        ("creator", " "),
        ("evidence_sha256", "abc"),
    ],
)
def test_a_source_without_origin_or_licence_is_refused(field: str, value: str) -> None:
    with pytest.raises(LedgerError, match=field.split("_")[0]):
        replace(SOURCE, **{field: value})


@pytest.mark.parametrize("name", ["../up.tar", "a/b.tar", "clip.mp4"])
def test_a_shard_is_a_plain_tar(name: str) -> None:
    with pytest.raises(LedgerError, match=r"\.tar"):
        shard(name)


def test_every_altered_column_is_found(tmp_path: Path) -> None:
    chance = random.Random(5)
    fill(tmp_path / "good.sqlite").close()
    good = (tmp_path / "good.sqlite").read_bytes()
    columns = {
        table: [row[1] for row in sqlite3.connect(tmp_path / "good.sqlite").execute(f"PRAGMA table_info({table})")]
        for table in ("event", "source", "shard", "clip")
    }
    for number, (table, column) in enumerate((t, c) for t, names in columns.items() for c in names):
        path = tmp_path / f"{number}.sqlite"
        path.write_bytes(good)
        alter(path, table, column, chance)
        with Ledger(path, read_only=True) as altered, pytest.raises(LedgerError):
            altered.verify()


def alter(path: Path, table: str, column: str, chance: random.Random) -> None:
    """Change one value of one row behind the ledger's back."""
    db = sqlite3.connect(path)
    db.execute(f"DROP TRIGGER {table}_no_update")
    rows = db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    row, old = rows[chance.randrange(len(rows))]
    new = old + 1000 if isinstance(old, int) else (old[:-1] + chr(ord(old[-1]) ^ 8) if old else "x")
    db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row))
    db.commit()
    db.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM clip WHERE seed = 4",
        "DELETE FROM event WHERE seq = 2",
        "INSERT INTO shard SELECT 'x.tar', 99, sha256, bytes FROM shard LIMIT 1",
        "UPDATE clip SET event = 2 WHERE seed = 4",
        "UPDATE source SET id = 2; UPDATE clip SET source = 2",
    ],
)
def test_removed_and_smuggled_rows_are_found(ledger: Ledger, statement: str) -> None:
    db = sqlite3.connect(ledger.path)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.executescript(statement)
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match="altered"):
        ledger.verify()


def test_other_files_are_not_ledgers(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to be looked at as one" * 20)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(tmp_path / "text")
    db = sqlite3.connect(tmp_path / "other.sqlite")
    db.execute("CREATE TABLE t (a)")
    db.close()
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(tmp_path / "other.sqlite")
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger(tmp_path / "absent.sqlite", read_only=True)


def test_read_only_means_it(ledger: Ledger) -> None:
    with Ledger(ledger.path, read_only=True) as reader:
        assert reader.root() == ledger.root()
        with pytest.raises(LedgerError, match="readonly"):
            reader.add_source(replace(SOURCE, title="another"))


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=20), st.data())
def test_every_leaf_counts_in_the_root(leaves: set[bytes], data: st.DataObject) -> None:
    row = sorted(leaves)
    root = merkle_root(row)
    assert len(root) == 32
    if row:
        at = data.draw(st.integers(0, len(row) - 1))
        changed = [*row[:at], bytes([row[at][0] ^ 1]) + row[at][1:], *row[at + 1 :]]
        assert merkle_root(changed) != root
        assert merkle_root(row[:at] + row[at + 1 :]) != root
