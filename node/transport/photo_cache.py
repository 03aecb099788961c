"""Pictures of other people's things, kept on disk for a while.

They stand in a database of their own, ``photos.db``: no loss when they are lost, so no
backup carries them. Bounded in bytes; those that came first go first.

Every method blocks; used by one thread at a time.

Spec: §19.2.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Container
from pathlib import Path
from typing import Final

from protocol import limits

_log = logging.getLogger("openhouse.photos")

DATABASE_FILE: Final = "photos.db"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS photo (
    number INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL
)
"""


class PhotoCache:
    """Pictures by name.

    Args:
        home: the data directory; the file is made when there is something to keep.
        size_max_bytes: of all pictures together.
    """

    def __init__(self, home: Path, size_max_bytes: int = limits.PHOTO_CACHE_MAX_BYTES) -> None:
        self._path = home / DATABASE_FILE
        self._size_max_bytes = size_max_bytes
        self._database: sqlite3.Connection | None = None

    def get(self, name: bytes) -> bytes | None:
        if self._database is None and not self._path.exists():
            return None
        row = self._open().execute("SELECT bytes FROM photo WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, name: bytes, data: bytes) -> None:
        """Keep a picture; the oldest make room."""
        database = self._open()
        database.execute("BEGIN IMMEDIATE")
        try:
            database.execute(
                "INSERT OR IGNORE INTO photo (name, bytes) VALUES (?, ?)", (name, data)
            )
            # Newest first, as far as there is room: the rest goes.
            database.execute(
                "DELETE FROM photo WHERE number IN (SELECT number FROM (SELECT number, "
                "sum(length(bytes)) OVER (ORDER BY number DESC) AS size FROM photo) "
                "WHERE size > ?)",
                (self._size_max_bytes,),
            )
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise

    def keep(self, names: Container[bytes]) -> bool:
        """Delete all but these; whether any are left."""
        if self._database is None and not self._path.exists():
            return False
        database = self._open()
        held = [row[0] for row in database.execute("SELECT name FROM photo")]
        spare = [(name,) for name in held if name not in names]
        if spare:
            database.executemany("DELETE FROM photo WHERE name = ?", spare)
        return len(spare) < len(held)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            try:
                self._database = self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # Whatever was in it can be fetched again.
                _log.warning("%s is damaged and begun anew: %s", self._path, error)
                self._path.unlink()
                self._database = self._connect()
        return self._database

    def _connect(self) -> sqlite3.Connection:
        # Made before SQLite does, so that it is never readable by others.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            # What somebody took back leaves no trace here.
            database.execute("PRAGMA secure_delete = ON")
            database.execute(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database
