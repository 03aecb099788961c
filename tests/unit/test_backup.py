"""Spec §18.6: backup files, and what may be done to one."""

from __future__ import annotations

import io
import os
import sqlite3
import zlib
from pathlib import Path

import pytest

from node import backup
from node.backup import CHUNK_SIZE_MAX_BYTES, MAGIC, make_backup, open_backup
from node.errors import StoreUnwritable
from node.store import DATABASE_FILE, Store
from protocol.encoding import Value
from protocol.errors import Refused
from protocol.keys import backup_private_key, link_public_key

ENTROPY = bytes(range(32))
PRIVATE = backup_private_key(ENTROPY)
PUBLIC = link_public_key(PRIVATE)


def home_with(home: Path, note: Value) -> Path:
    store = Store(home)
    store.put_note("n", note)
    store.close()
    return home


def opened(data: bytes, private: bytes = PRIVATE) -> bytes:
    return b"".join(open_backup(io.BytesIO(data), private))


def code(data: bytes, private: bytes = PRIVATE) -> str:
    with pytest.raises(Refused) as caught:
        opened(data, private)
    return caught.value.code


def test_what_was_sealed_comes_back_with_the_words(tmp_path: Path) -> None:
    data = make_backup(home_with(tmp_path / "a", b"guitar"), PUBLIC)
    (tmp_path / "b").mkdir(mode=0o700)
    (tmp_path / "b" / DATABASE_FILE).write_bytes(opened(data))
    store = Store(tmp_path / "b")

    assert b"guitar" == store.get_note("n")
    store.close()


def test_a_copy_is_made_while_the_node_writes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_note("n", b"one moment")

    data = make_backup(tmp_path, PUBLIC)
    store.put_note("n", b"later")

    assert b"one moment" in opened(data)
    store.close()
    assert [] == [path.name for path in tmp_path.iterdir() if path.name.startswith("backup-")]


def test_nothing_of_what_is_inside_can_be_read_without_the_words(tmp_path: Path) -> None:
    data = make_backup(home_with(tmp_path, b"a secret guitar"), PUBLIC)

    assert b"guitar" not in data
    assert b"SQLite" not in data
    assert "backup-other-words" == code(data, backup_private_key(bytes(32)))


def test_two_backups_of_the_same_are_never_the_same(tmp_path: Path) -> None:
    home_with(tmp_path, b"x")

    assert make_backup(tmp_path, PUBLIC) != make_backup(tmp_path, PUBLIC)


def test_a_part_of_a_backup_and_a_longer_one_are_damaged(tmp_path: Path) -> None:
    data = make_backup(home_with(tmp_path, os.urandom(3 * CHUNK_SIZE_MAX_BYTES)), PUBLIC)
    for size in (0, 3, 4, 20, 36, 38, 40, 1000, CHUNK_SIZE_MAX_BYTES + 56, len(data) - 1):
        assert code(data[:size]) in ("not-a-backup", "backup-damaged")
    assert "backup-damaged" == code(data + b"\0")


def test_chunks_cannot_be_left_out_swapped_or_ended_early(tmp_path: Path) -> None:
    data = make_backup(home_with(tmp_path, os.urandom(3 * CHUNK_SIZE_MAX_BYTES)), PUBLIC)
    head, chunks = data[:36], []
    place = 36
    while place < len(data):
        size = 4 + int.from_bytes(data[place : place + 4], "big")
        chunks.append(data[place : place + size])
        place += size
    assert len(chunks) >= 4

    for changed in (chunks[:-1], chunks[1:], [chunks[0], chunks[2], chunks[1], *chunks[3:]]):
        assert code(head + b"".join(changed)) in ("backup-damaged", "backup-other-words")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of zeros takes a thousand bytes; who can seal may seal a gigabyte."""
    packed = zlib.compress(bytes(3 * CHUNK_SIZE_MAX_BYTES + 5))
    data = MAGIC + b"".join(backup._seal(packed, PUBLIC, os.urandom(32)))

    pieces = [len(piece) for piece in open_backup(io.BytesIO(data), PRIVATE)]
    assert [CHUNK_SIZE_MAX_BYTES] * 3 + [5] == pieces, "never more at once"
    monkeypatch.setattr(backup, "BACKUP_SIZE_MAX_BYTES", 100_000)
    assert "backup-damaged" == code(data)


def test_something_else_is_not_a_backup() -> None:
    assert "not-a-backup" == code(b"PK\x03\x04 something else entirely, long enough to look at")
    assert "not-a-backup" == code(MAGIC + bytes(32) + bytes(40))
    assert "backup-newer" == code(b"OHB2" + bytes(72))
    sealed = b"".join(backup._seal(b"not zlib", PUBLIC, os.urandom(32)))
    assert "backup-damaged" == code(MAGIC + sealed)


def test_a_directory_without_a_database_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable, match="No copy of"):
        make_backup(tmp_path, PUBLIC)
    assert sqlite3.sqlite_version_info >= (3, 27), "VACUUM INTO"
