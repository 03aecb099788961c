"""What a backup holds, unpacked and looked at before anything believes it.

It happens in a private folder of the data directory, on the same disk; the database that
stands there is touched when all is well, and not before. Never more is in memory than a piece.

Spec: §18.6.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from node.backup import open_backup
from node.errors import StoreCorrupt, StoreNewer
from node.store import DATABASE_FILE, Store, check
from protocol.errors import Refused
from protocol.keys import backup_private_key

_PREFIX: Final = ".restoring-"
DISK_SPARE_BYTES: Final = 64 * 1024 * 1024
"""What is left of a disk whatever is restored: other homes write on it too."""


@contextmanager
def staging(home: Path) -> Iterator[Path]:
    """A folder for what is not believed yet; gone afterwards. Raises Refused."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=home, prefix=_PREFIX))
    except OSError as error:
        raise unwritable(home, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_staging(home: Path) -> None:
    """Remove what a power cut left of a restore; for a node that begins, in its own directory."""
    for folder in sorted(home.glob(f"{_PREFIX}*")):
        shutil.rmtree(folder, ignore_errors=True)


def check_room(folder: Path, size_bytes: int) -> None:
    """Raises Refused: the disk has no room for so much, and what others need of it."""
    if shutil.disk_usage(folder).free < size_bytes + DISK_SPARE_BYTES:
        raise Refused("backup-no-room")


def unwritable(home: Path, error: OSError) -> Refused:
    """What a disk answered, as a refusal."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused("backup-no-room")
    reason = error.strerror or str(error)
    return Refused("file-unwritable", file=str(home), reason=reason)


@contextmanager
def unpacked(home: Path, file: Path, entropy: bytes) -> Iterator[Store]:
    """The store that a backup file holds, whole and of today's form.

    Raises:
        Refused: it is not to be believed, or there is no room for it.
    """
    with staging(home) as folder:
        _unpack(file, folder / DATABASE_FILE, entropy)
        try:
            check(folder)
            store = Store(folder)
        except StoreNewer:
            raise Refused("backup-newer") from None
        except StoreCorrupt:
            raise Refused("backup-damaged") from None
        try:
            yield store
        finally:
            store.close()


def _unpack(file: Path, target: Path, entropy: bytes) -> None:
    try:
        with file.open("rb") as source, target.open("xb") as database:
            for piece in open_backup(source, backup_private_key(entropy)):
                _write(database, piece, target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=str(file), reason=reason) from error


def _write(database: BinaryIO, piece: bytes, folder: Path) -> None:
    try:
        check_room(folder, len(piece))
        database.write(piece)
    except OSError as error:
        raise unwritable(folder, error) from error
