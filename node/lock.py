"""One node per data directory: a locked file that names the process holding it.

The kernel drops the lock when the process dies, however it dies, so a lock never
has to be broken by hand. The file is removed at a clean end: one that is found
lying about says that the last run ended otherwise.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from node.errors import StoreBusy

LOCK_FILE: Final = "lock"


def holder_of(home: Path) -> str | None:
    """The process that holds a data directory, "?" if it does not say; None when nobody does."""
    try:
        descriptor = os.open(home / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(descriptor) or "?"
    finally:
        os.close(descriptor)
    return None


def _named(descriptor: int) -> str:
    """The process that a lock file names, if it does."""
    holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    return holder if holder.isdigit() else ""


class DirectoryLock:
    """Holds a data directory until ``release``.

    Args:
        home: an existing directory.

    Raises:
        StoreBusy: another process holds it.
        OSError: the file cannot be made.
    """

    was_clean: bool
    """Whether the run before this one ended in good order (or there was none)."""

    def __init__(self, home: Path) -> None:
        self._path = home / LOCK_FILE
        self.was_clean = not self._path.exists()
        self._descriptor = self._acquire(home)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def _acquire(self, home: Path) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _named(descriptor)
                os.close(descriptor)
                process = f" (process {holder})" if holder else ""
                raise StoreBusy(
                    f"Another node{process} is running in {home}: end it first, or give this one "
                    "a folder of its own with --home"
                ) from None
            # The holder before us removes the file when it ends: what we locked may
            # be that removed file, and somebody else may lock its successor.
            if self._is_the_file(descriptor):
                return descriptor
            os.close(descriptor)

    def _is_the_file(self, descriptor: int) -> bool:
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            return False
        held = os.fstat(descriptor)
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)

    def release(self, *, is_clean: bool) -> None:
        """Let go; ``is_clean`` says that nothing was left half done."""
        if is_clean:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
