"""A password for the page: for those who cannot read the token's file.

A flatmate does not sit at the computer that the home lives on. The password stands beside the
token, as the memory-hard hash of it (Argon2id with the parameters of spec §9.5); who forgot it
is let in by a link from the command line (``openhouse page``).
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from node.private_files import write_private
from protocol.errors import Refused
from protocol.uniqueness import LANES, MEMORY_KIB, PASSES

PASSWORD_FILE: Final = "password"
LETTERS_MIN: Final = 8
LETTERS_MAX: Final = 200
_SALT_SIZE_BYTES: Final = 16
_HASH_SIZE_BYTES: Final = 32
_FILE_SIZE_MAX_BYTES: Final = 1024
# From <malloc.h>.
_M_MMAP_THRESHOLD: Final = -3
_GIVEN_BACK_FROM_BYTES: Final = 4 * 1024 * 1024


class Password:
    """The password of one home, or none.

    Args:
        home: the data directory; None for a page without one (nobody can set a password then).
    """

    def __init__(self, home: Path | None) -> None:
        self._path = None if home is None else home / PASSWORD_FILE
        self._salt, self._hash = self._read()

    @property
    def is_set(self) -> bool:
        return bool(self._hash)

    @property
    def mark(self) -> bytes:
        """Another one for each password: sessions of an older one end by it."""
        return hashlib.sha256(b"openhouse/1 password\0" + self._salt + self._hash).digest()

    async def fits(self, text: str) -> bool:
        """Whether it is the password."""
        if not self.is_set:
            return False
        salt, wanted = self._salt, self._hash
        return hmac.compare_digest(await _on_one_thread(_hashed, text, salt), wanted)

    async def set(self, text: str) -> None:
        """Another password from now on.

        Raises:
            Refused: it is too short or too long.
            StoreUnwritable: the one before still holds.
        """
        check(text)
        if self._path is None:
            raise Refused("not-set-up")
        salt = os.urandom(_SALT_SIZE_BYTES)
        hashed = await _on_one_thread(_hashed, text, salt)
        write_private(self._path, json.dumps({"salt": salt.hex(), "hash": hashed.hex()}) + "\n")
        self._salt, self._hash = salt, hashed

    def _read(self) -> tuple[bytes, bytes]:
        """Salt and hash; empty when there is none that can be read."""
        if self._path is None:
            return b"", b""
        try:
            with self._path.open(encoding="ascii") as file:
                found = json.loads(file.read(_FILE_SIZE_MAX_BYTES))
            salt, hashed = bytes.fromhex(found["salt"]), bytes.fromhex(found["hash"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return b"", b""
        is_whole = len(salt) == _SALT_SIZE_BYTES and len(hashed) == _HASH_SIZE_BYTES
        return (salt, hashed) if is_whole else (b"", b"")


def check(text: str) -> None:
    """Raises Refused for what cannot be a password."""
    if not LETTERS_MIN <= len(text) <= LETTERS_MAX:
        raise Refused("password-length", minimum=LETTERS_MIN, maximum=LETTERS_MAX)


def _hashed(text: str, salt: bytes) -> bytes:
    function = Argon2id(
        salt=salt, length=_HASH_SIZE_BYTES, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    )
    # Phones and computers write the same accent in two ways.
    return function.derive(unicodedata.normalize("NFKC", text).encode("utf-8", "replace"))


@cache
def _hashing() -> ThreadPoolExecutor:
    """The one thread that hashes, and gives its memory back each time.

    The GNU C library learns from the first 19 MB that are freed to keep the next ones, for ever
    (``mallopt(3)``); a small computer has better uses for them.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _GIVEN_BACK_FROM_BYTES)
    return ThreadPoolExecutor(1, thread_name_prefix="password")


async def _on_one_thread(work: Callable[[str, bytes], bytes], text: str, salt: bytes) -> bytes:
    """Whoever tries passwords at several homes at once takes the memory of one try."""
    return await asyncio.get_running_loop().run_in_executor(_hashing(), work, text, salt)
