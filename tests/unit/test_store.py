"""What is committed comes back, and whatever is wrong with the disk has one sentence."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import store as store_module
from node.engine.events import Persist, Space
from node.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreNewer, StoreUnwritable
from node.lock import LOCK_FILE
from node.store import DATABASE_FILE, MIGRATIONS, Store
from protocol.encoding import Value

ROW: Value = (1, b"\x00\xff", "é", True, (2, (3,)))


def everything(store: Store) -> dict[tuple[Space, bytes], Value]:
    return {(space, key): value for space, key, value in store.load()}


def reopened(store: Store) -> Store:
    store.close()
    return Store(store.home)


def test_what_was_committed_comes_back_after_closing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit([Persist(space, b"key", ROW) for space in Space])

    store = reopened(store)

    assert {(space, b"key"): ROW for space in Space} == everything(store)
    store.close()


def test_the_last_of_several_values_for_one_key_counts_and_none_deletes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit([Persist(Space.LOCAL, b"a", 1), Persist(Space.LOCAL, b"b", 1)])
    store.commit([
        Persist(Space.LOCAL, b"a", 2),
        Persist(Space.LOCAL, b"a", 3),
        Persist(Space.LOCAL, b"b", 4),
        Persist(Space.LOCAL, b"b", None),
        Persist(Space.LOCAL, b"c", None),
    ])  # fmt: skip

    assert {(Space.LOCAL, b"a"): 3} == everything(store)
    store.close()


keys = st.binary(min_size=1, max_size=3)
numbers = st.none() | st.integers(0, 2**53 - 1)


@given(st.lists(st.lists(st.tuples(st.sampled_from(Space), keys, numbers))))
def test_any_batches_leave_what_a_dictionary_would_hold(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[Space, bytes, int | None]]]
) -> None:
    store = Store(tmp_path_factory.mktemp("home"))
    expected: dict[tuple[Space, bytes], Value] = {}
    for batch in batches:
        store.commit([Persist(*row) for row in batch])
        for space, key, value in batch:
            expected.pop((space, key), None)
            if value is not None:
                expected[space, key] = value

    assert expected == everything(store)
    store.close()


def test_notes_of_the_node_are_kept_apart_from_the_engine(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_note("identity", (1, b"seed"))
    store.put_note("identity", (2, b"seed"))
    store = reopened(store)

    assert (2, b"seed") == store.get_note("identity")
    assert store.get_note("nothing") is None
    assert {} == everything(store)
    store.close()


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    store = Store(home)
    store.commit([Persist(Space.LOCAL, b"a", 1)])

    modes = {path.name: path.stat().st_mode & 0o077 for path in [home, *home.iterdir()]}
    assert {DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", LOCK_FILE} < set(modes)
    assert {0} == set(modes.values())
    store.close()


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    database = store._database

    assert ("wal",) == database.execute("PRAGMA journal_mode").fetchone()
    assert (2,) == database.execute("PRAGMA synchronous").fetchone(), "2 is FULL"
    store.close()


def test_every_space_has_its_table() -> None:
    created = "\n".join(statement for statements in MIGRATIONS for statement in statements)

    assert [] == [space for space in Space if f"TABLE space_{space.name.lower()} " not in created]


# --- one node per directory ----------------------------------------------------------------


def test_a_second_store_on_one_directory_is_refused_and_names_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with pytest.raises(StoreBusy, match=rf"process {os.getpid()}\) is running in {tmp_path}"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_a_directory_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from node.store import Store\n"
        "from node.engine.events import Persist, Space\n"
        "store = Store(Path(sys.argv[1])); store.commit([Persist(Space.LOCAL, b'a', 7)])\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)

    store = Store(tmp_path)
    assert not store.was_clean
    assert {(Space.LOCAL, b"a"): 7} == everything(store)

    store = reopened(store)
    assert store.was_clean
    store.close()


# --- damage ------------------------------------------------------------------------------


def damage(home: Path, change: str, *values: Any) -> None:
    with sqlite3.connect(home / DATABASE_FILE) as database:
        database.execute(change, values)
    database.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory in which one row was kept."""
    store = Store(tmp_path)
    store.commit([Persist(Space.RECORD, bytes([n]) * 48, (n, bytes(400))) for n in range(100)])
    store.close()
    return tmp_path


def test_a_file_that_is_no_database_is_refused(home: Path) -> None:
    (home / DATABASE_FILE).write_bytes(b"not a database, certainly" * 100)

    with pytest.raises(StoreCorrupt, match="is damaged: file is not a database"):
        Store(home)


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE_FILE) as database:
        database.execute("CREATE TABLE songs (title)")
    database.close()
    before = (tmp_path / DATABASE_FILE).read_bytes()

    with pytest.raises(StoreCorrupt, match="is not a database of Open House"):
        Store(tmp_path)
    assert before == (tmp_path / DATABASE_FILE).read_bytes()


def test_a_database_of_a_newer_program_is_refused(home: Path) -> None:
    damage(home, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    with pytest.raises(StoreNewer, match="made by a newer Open House"):
        Store(home)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("UPDATE space_record SET value = ? WHERE rowid = 7", b"\x93\x01\x02\x03"),
        ("UPDATE space_record SET value = ? WHERE rowid = 7", "text"),
        ("UPDATE space_record SET key = ? WHERE rowid = 7", b"other"),
    ],
)
def test_a_changed_row_is_noticed_when_it_is_read(home: Path, change: str, value: object) -> None:
    damage(home, change, value)
    store = Store(home)

    with pytest.raises(StoreCorrupt, match="a checksum is wrong"):
        everything(store)
    store.close()


def test_a_row_that_was_never_a_value_of_ours_is_refused(home: Path) -> None:
    key, value = b"k", b"\xc0"
    checksum = store_module._checksum(key, value)
    damage(home, "INSERT INTO space_local VALUES (?, ?, ?)", key, value, checksum)
    store = Store(home)

    with pytest.raises(StoreCorrupt, match="is damaged"):
        everything(store)
    store.close()


def test_overwritten_pages_are_noticed_by_reading(home: Path) -> None:
    path = home / DATABASE_FILE
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size // 2))

    with pytest.raises(StoreCorrupt):
        everything(Store(home))


def test_after_a_crash_every_page_is_looked_at(home: Path) -> None:
    damage(home, "PRAGMA application_id")
    (home / LOCK_FILE).touch()
    with sqlite3.connect(home / DATABASE_FILE) as database:
        (root,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'space_record'"
        ).fetchone()
    database.close()
    with (home / DATABASE_FILE).open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xee" * 4096)

    with pytest.raises(StoreCorrupt, match="is damaged"):
        Store(home)
    assert (home / LOCK_FILE).exists(), "the next start must look again"


# --- a disk that does not want ---------------------------------------------------------------


def test_a_full_disk_leaves_everything_as_it_was(home: Path) -> None:
    store = Store(home)
    before = everything(store)
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreFull, match=f"The disk that holds {home} is full"):
        store.commit([
            Persist(Space.RECORD, bytes([0]) * 48, None),
            Persist(Space.RECORD, b"large", bytes(100_000)),
        ])  # fmt: skip

    assert before == everything(store)
    store._database.execute("PRAGMA max_page_count = 100000")
    store.commit([Persist(Space.RECORD, b"large", bytes(100_000))])
    store.close()


def test_a_locked_database_is_busy_and_unchanged(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BUSY_TIMEOUT_S", 0.0)
    store = Store(home)
    before = everything(store)
    other = sqlite3.connect(home / DATABASE_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreBusy, match="Another program is using"):
        store.commit([Persist(Space.LOCAL, b"a", 1)])

    other.close()
    assert before == everything(store)
    store.close()


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnwritable, match="cannot be used as a data directory"):
        Store(tmp_path / "file")
    with pytest.raises(StoreUnwritable, match="cannot be used as a data directory"):
        Store(tmp_path / "file" / "below")


def test_a_directory_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(StoreUnwritable, match="Permission denied"):
        Store(tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, StoreFull),
        (sqlite3.SQLITE_CORRUPT, StoreCorrupt),
        (sqlite3.SQLITE_NOTADB, StoreCorrupt),
        (sqlite3.SQLITE_LOCKED, StoreBusy),
        (sqlite3.SQLITE_READONLY, StoreUnwritable),
        (sqlite3.SQLITE_CANTOPEN, StoreUnwritable),
        (sqlite3.SQLITE_IOERR | 3 << 8, StoreUnwritable),
        (sqlite3.SQLITE_ERROR, StoreCorrupt),
    ],
)
def test_each_failure_of_the_database_has_its_error(
    code: int, expected: type[StoreError], tmp_path: Path
) -> None:
    error = sqlite3.OperationalError("reason")
    error.sqlite_errorcode = code

    translated = store_module._store_error(error, tmp_path)

    assert expected is type(translated)
    assert str(translated).endswith(".")
