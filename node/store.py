"""The node's memory: one SQLite database in one data directory.

Every ``Space`` of the engine is a table of keys and values; one more table holds
what the node itself must know, such as who its member is. ``commit`` writes the
persists of a whole batch in one transaction and returns when they are on disk
(WAL, synchronous FULL): only then may anything of the batch be sent or answered
(spec §10.1). ``load`` gives everything back after a restart (spec §10.2).

Each row carries a checksum, because what is read here is trusted without
verifying its signatures again, and passed on to friends.

Every method may be called from any thread, by one thread at a time. Errors are
``StoreError`` leaves, each with a sentence; after one of ``commit`` the database
holds what it held before.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import zlib
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from node.engine.events import Persist, Space
from node.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreNewer, StoreUnwritable
from node.lock import DirectoryLock
from protocol.encoding import Value, decode, encode
from protocol.errors import DecodeError
from protocol.photos import photo_name

DATABASE_FILE: Final = "openhouse.db"
# "OpHo": tells this database from any other program's.
APPLICATION_ID: Final = 0x4F70486F

# Values never leave this computer: the caps only stop what is certainly a mistake.
_VALUE_SIZE_MAX_BYTES: Final = 64 * 1024 * 1024
_VALUE_DEPTH_MAX: Final = 16
_VALUE_ELEMENTS_MAX: Final = 4 * 1024 * 1024
_VALUE_TEXT_MAX_BYTES: Final = 1024 * 1024

_ROWS_PER_STATEMENT_MAX: Final = 256
_BUSY_TIMEOUT_S: Final = 5.0
_CHECK_TIMEOUT_S: Final = 1.0

# Numbers of spaces and the tables that hold them; part of the database format.
_TABLES: Final = {space: f"space_{space.name.lower()}" for space in Space}

_FIRST_TABLES: Final = (
    "meta", "record", "friend", "invitation", "cursor", "offer", "offered", "revocation", "local",
)  # fmt: skip

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE node (name TEXT PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)",
        *(
            f"CREATE TABLE space_{name} "
            "(key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)"
            for name in _FIRST_TABLES
        ),
    ),
    tuple(
        f"CREATE TABLE space_{name} "
        "(key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)"
        for name in ("root", "claim")
    ),
    ("CREATE TABLE photo (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)",),
)
"""What brings a database from version n to n + 1. Never change one: add one."""


class Store:
    """One data directory, open and locked.

    Args:
        home: the data directory; made when missing, readable by its owner only.

    Raises:
        StoreError: see ``node.errors``; nothing is held then.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._is_sound = True
        with _translated(home):
            _make_directory(home)
            self._lock = DirectoryLock(home)
        try:
            self._database = self._open()
        except BaseException:
            self._lock.release(is_clean=self._lock.was_clean)
            raise

    # --- opening -----------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        path = self.home / DATABASE_FILE
        with _translated(self.home):
            # Made before SQLite does, so that it is never readable by others.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            database = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        try:
            with _translated(self.home):
                self._prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = self._check_origin(database)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        # Deleted secrets (used invitations, ended friendships) leave no trace.
        database.execute("PRAGMA secure_delete = ON")
        if not self._lock.was_clean:
            _check_pages(database, self.home)
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            database.execute("BEGIN IMMEDIATE")
            for statement in statements:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {number}")
            database.execute("COMMIT")

    def _check_origin(self, database: sqlite3.Connection) -> int:
        """The database's version, 0 for a new one; refuses one that is not ours."""
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == 0 and version == 0 and tables == 0:
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        return _check_origin(database, self.home)

    # --- the engine's tables -----------------------------------------------------------

    def load(self) -> Iterator[tuple[Space, bytes, Value]]:
        """Everything persisted so far, spaces in the order of their numbers."""
        for space, table in _TABLES.items():
            with _translated(self.home):
                rows = self._database.execute(f"SELECT key, value, checksum FROM {table}")
                for key, value, checksum in rows:
                    yield space, key, _read(self.home, key, value, checksum)

    def commit(self, persists: Iterable[Persist]) -> None:
        """Write a batch in one transaction; it is on disk when this returns.

        Of several values for one key the last counts. When it raises, the database
        holds what it held before.
        """
        latest = {(persist.space, persist.key): persist.value for persist in persists}
        written: dict[Space, list[tuple[bytes, bytes, int]]] = {}
        deleted: dict[Space, list[tuple[bytes]]] = {}
        for (space, key), value in latest.items():
            if value is None:
                deleted.setdefault(space, []).append((key,))
            else:
                data = _encode(value)
                written.setdefault(space, []).append((key, data, _checksum(key, data)))
        with self._transaction():
            for space, keys in deleted.items():
                self._database.executemany(f"DELETE FROM {_TABLES[space]} WHERE key = ?", keys)
            for space, rows in written.items():
                self._write(_TABLES[space], rows)

    def _write(self, table: str, rows: list[tuple[bytes, bytes, int]]) -> None:
        """Many rows a statement: each statement run gives up the interpreter and has to
        wait for it again, which costs far more than writing a row."""
        start = 0
        while start < len(rows):
            # Powers of two, so that few statements have to be prepared.
            count = min(_ROWS_PER_STATEMENT_MAX, 1 << (len(rows) - start).bit_length() - 1)
            chosen = rows[start : start + count]
            self._database.execute(
                f"INSERT INTO {table} (key, value, checksum) "
                f"VALUES {', '.join(['(?, ?, ?)'] * count)} ON CONFLICT (key) DO UPDATE "
                "SET value = excluded.value, checksum = excluded.checksum",
                [field for row in chosen for field in row],
            )
            start += count

    def take_over(self, other: Store) -> None:
        """Hold what another store holds, and nothing else; in one transaction.

        When it raises, this database holds what it held before.
        """
        with _translated(self.home):
            other._database.backup(self._database)

    # --- the node's own notes ----------------------------------------------------------

    def get_note(self, name: str) -> Value | None:
        """A note of the node itself, such as its identity."""
        with _translated(self.home):
            row = self._database.execute(
                "SELECT value, checksum FROM node WHERE name = ?", (name,)
            ).fetchone()
            return None if row is None else _read(self.home, name.encode(), row[0], row[1])

    def put_note(self, name: str, value: Value) -> None:
        data = _encode(value)
        with self._transaction():
            self._database.execute(
                "INSERT INTO node (name, value, checksum) VALUES (?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET value = excluded.value, checksum = excluded.checksum",
                (name, data, _checksum(name.encode(), data)),
            )

    def drop_notes(self, *names: str) -> None:
        """Forget notes of the node itself; in one transaction."""
        with self._transaction():
            self._database.executemany("DELETE FROM node WHERE name = ?", [(n,) for n in names])

    # --- photos of own things ----------------------------------------------------------

    def put_photos(self, photos: Iterable[bytes]) -> None:
        """Keep pictures, by their names; they are in every backup. Spec: §19.1."""
        rows = [(photo_name(data), _encode(data)) for data in photos]
        with self._transaction():
            self._write("photo", [(name, data, _checksum(name, data)) for name, data in rows])

    def get_photo(self, name: bytes) -> bytes | None:
        with _translated(self.home):
            row = self._database.execute(
                "SELECT value, checksum FROM photo WHERE key = ?", (name,)
            ).fetchone()
        value = None if row is None else _read(self.home, name, row[0], row[1])
        return value if isinstance(value, bytes) else None

    def keep_photos(self, names: Container[bytes]) -> None:
        """Delete all pictures but these."""
        with _translated(self.home):
            held = [name for (name,) in self._database.execute("SELECT key FROM photo")]
        spare = [(name,) for name in held if name not in names]
        if spare:
            with self._transaction():
                self._database.executemany("DELETE FROM photo WHERE key = ?", spare)

    # --- the end -----------------------------------------------------------------------

    @property
    def was_clean(self) -> bool:
        """Whether the run before this one ended in good order."""
        return self._lock.was_clean

    def close(self) -> None:
        """Move the log into the database, close it and let the directory go."""
        try:
            with _translated(self.home):
                self._database.close()
        except StoreError:
            self._is_sound = False
            raise
        finally:
            self._lock.release(is_clean=self._is_sound)

    # --- helpers -----------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; on failure the next start looks at the database's pages."""
        try:
            with _translated(self.home):
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.execute("COMMIT")
        except BaseException as error:
            self._is_sound = self._is_sound and isinstance(error, StoreFull | StoreBusy)
            # SQLite has often rolled back by itself when the disk failed, or cannot.
            if self._database.in_transaction:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
            raise


def check(home: Path) -> bool:
    """Read all there is in a data directory's database, and change nothing; false without one.

    Raises:
        StoreError: what a node would stop at.
    """
    path = home / DATABASE_FILE
    with _translated(home):
        try:
            is_empty = path.stat().st_size == 0
        except (FileNotFoundError, NotADirectoryError):
            return False
        if is_empty:
            # SQLite would take it for a new one, and all that was in it is gone.
            raise StoreCorrupt(f"{path} is damaged: it is empty")
        database = sqlite3.connect(read_only_uri(path), uri=True, timeout=_CHECK_TIMEOUT_S)
        try:
            _check_everything(database, home)
        finally:
            database.close()
    return True


def _check_everything(database: sqlite3.Connection, home: Path) -> None:
    version = _check_origin(database, home)
    _check_pages(database, home)
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    tables = [name for (name,) in database.execute(query)]
    if version == len(MIGRATIONS) and not {"node", "photo", *_TABLES.values()}.issubset(tables):
        raise StoreCorrupt(f"{home / DATABASE_FILE} is damaged: a table is missing")
    for table in tables:
        column = "name" if table == "node" else "key"
        for key, value, checksum in database.execute(
            f"SELECT {column}, value, checksum FROM {table}"
        ):
            _read(home, key.encode() if isinstance(key, str) else key, value, checksum)


def read_only_uri(path: Path) -> str:
    """How SQLite is told to open a database without changing it, whatever its path."""
    return f"{path.absolute().as_uri()}?mode=ro"


def _check_origin(database: sqlite3.Connection, home: Path) -> int:
    """The version of a database that has one; refuses one that is not ours."""
    path = home / DATABASE_FILE
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreCorrupt(f"{path} is not a database of Open House")
    if version > len(MIGRATIONS):
        raise StoreNewer(f"{path} was made by a newer Open House: update this one")
    return int(version)


def _read(home: Path, key: object, value: object, checksum: object) -> Value:
    # Another program may have written something else: SQLite takes all types.
    if not (
        isinstance(key, bytes) and isinstance(value, bytes) and _checksum(key, value) == checksum
    ):
        raise StoreCorrupt(f"{home / DATABASE_FILE} is damaged: a checksum is wrong")
    try:
        return decode(
            value,
            size_max_bytes=_VALUE_SIZE_MAX_BYTES,
            depth_max=_VALUE_DEPTH_MAX,
            elements_max=_VALUE_ELEMENTS_MAX,
            text_max_bytes=_VALUE_TEXT_MAX_BYTES,
            allow_map=True,
        )
    except DecodeError as error:
        raise StoreCorrupt(f"{home / DATABASE_FILE} is damaged: {error.detail}") from error


def _encode(value: Value) -> bytes:
    return encode(
        value,
        depth_max=_VALUE_DEPTH_MAX,
        elements_max=_VALUE_ELEMENTS_MAX,
        text_max_bytes=_VALUE_TEXT_MAX_BYTES,
    )


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))


def _make_directory(home: Path) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(home))


def _check_pages(database: sqlite3.Connection, home: Path) -> None:
    """Look at every page: only after a crash, because it reads the whole file."""
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreCorrupt(f"{home / DATABASE_FILE} is damaged: {found.splitlines()[0]}")


@contextmanager
def _translated(home: Path) -> Iterator[None]:
    """Errors of SQLite and of the system as ours, each with its sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(error, home) from error
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(f"The disk that holds {home} is full") from error
        raise StoreUnwritable(f"{home} cannot be used as a data directory: {reason}") from error


def _store_error(error: sqlite3.Error, home: Path) -> StoreError:
    path = home / DATABASE_FILE
    # Extended codes carry the primary one in their lowest byte.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreFull(f"The disk that holds {home} is full")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorrupt(f"{path} is damaged: {error}")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"Another program is using {path}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreUnwritable(f"{path} cannot be written: {error}")
        case sqlite3.SQLITE_IOERR:
            return StoreUnwritable(f"The disk that holds {home} failed: {error}")
        case _:
            return StoreCorrupt(f"{path} cannot be read: {error}")
