"""Backup files: a node's whole database, sealed so that only the owner's words open it.

Making one needs no secret, so it can be done every night and kept anywhere. Opening one
takes the words. The format is spec §18.6: a fresh key for each file, chunks that cannot
be cut, reordered or left out.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from node.errors import StoreUnwritable
from node.store import DATABASE_FILE, read_only_uri
from protocol.errors import Refused
from protocol.keys import KEY_SIZE_BYTES, Domain, agree_on_key, link_public_key

MAGIC: Final = b"OHB1"
CHUNK_SIZE_MAX_BYTES: Final = 1024 * 1024
BACKUP_SIZE_MAX_BYTES: Final = 4 * 1024**3
"""A file that is larger, or says that it is once unpacked, is not one of ours."""
_TAG_SIZE_BYTES: Final = 16
_MORE, _LAST = b"\0", b"\1"


# --- making ------------------------------------------------------------------------------


def make_backup(home: Path, backup_key: bytes) -> bytes:
    """The sealed copy of a data directory's database, also while its node runs.

    Args:
        backup_key: 32 bytes, the owner's public backup key.

    Raises:
        StoreUnwritable: there is no room for a copy, or the database cannot be read.
    """
    with tempfile.TemporaryDirectory(dir=home, prefix="backup-") as folder:
        copy = Path(folder) / DATABASE_FILE
        try:
            # The lock of the data directory is for writers; this reads one moment of it.
            source = sqlite3.connect(read_only_uri(home / DATABASE_FILE), uri=True)
            try:
                source.execute("VACUUM INTO ?", (str(copy),))
            finally:
                source.close()
            packed = zlib.compress(copy.read_bytes(), 6)
        except (sqlite3.Error, OSError) as error:
            raise StoreUnwritable(f"No copy of {home} could be made: {error}") from error
    return MAGIC + b"".join(_seal(packed, backup_key, os.urandom(KEY_SIZE_BYTES)))


def _seal(packed: bytes, backup_key: bytes, ephemeral_private: bytes) -> Iterator[bytes]:
    ephemeral_public = link_public_key(ephemeral_private)
    key = agree_on_key(
        Domain.BACKUP_KEY, ephemeral_private, backup_key, ephemeral_public, backup_key
    )
    assert key is not None, "a backup key made here is a good one"
    yield ephemeral_public
    cipher = ChaCha20Poly1305(key)
    starts = range(0, max(1, len(packed)), CHUNK_SIZE_MAX_BYTES)
    for number, start in enumerate(starts):
        chunk = packed[start : start + CHUNK_SIZE_MAX_BYTES]
        is_last = start + CHUNK_SIZE_MAX_BYTES >= len(packed)
        sealed = cipher.encrypt(_nonce(number), chunk, _LAST if is_last else _MORE)
        yield len(sealed).to_bytes(4, "big") + sealed


def _nonce(number: int) -> bytes:
    return bytes(4) + number.to_bytes(8, "little")


# --- opening -----------------------------------------------------------------------------


def refuse_other_files(file: Path) -> None:
    """Raise Refused when a file cannot be read or does not begin as a backup does."""
    try:
        with file.open("rb") as source:
            begins = source.read(len(MAGIC))
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=str(file), reason=reason) from error
    _check_magic(begins)


def open_backup(source: BinaryIO, backup_private: bytes) -> Iterator[bytes]:
    """The database in a backup file, in pieces of at most a mebibyte.

    What was given is to be believed when the last piece has come, and not before.

    Args:
        backup_private: 32 bytes, made of the owner's words.

    Raises:
        Refused: no backup file, or not whole, or made for other words.
    """
    _check_magic(source.read(len(MAGIC)))
    ephemeral_public = _exactly(source, KEY_SIZE_BYTES)
    own_public = link_public_key(backup_private)
    key = agree_on_key(
        Domain.BACKUP_KEY, backup_private, ephemeral_public, ephemeral_public, own_public
    )
    if key is None:
        raise Refused("not-a-backup")
    size_bytes = 0
    for piece in _unpacked(_chunks(source, ChaCha20Poly1305(key))):
        size_bytes += len(piece)
        if size_bytes > BACKUP_SIZE_MAX_BYTES:
            raise Refused("backup-damaged")
        yield piece


def _check_magic(begins: bytes) -> None:
    if begins == MAGIC:
        return
    is_of_another_version = begins[:-1] == MAGIC[:-1] and begins[-1:].isdigit()
    raise Refused("backup-newer" if is_of_another_version else "not-a-backup")


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A few bytes may stand for a gigabyte: never more is held than one piece of it."""
    unpacker = zlib.decompressobj()
    for chunk in chunks:
        left = chunk
        while True:
            try:
                piece = unpacker.decompress(left, CHUNK_SIZE_MAX_BYTES)
            except zlib.error:
                raise Refused("backup-damaged") from None
            if piece:
                yield piece
            left = unpacker.unconsumed_tail
            if not left and len(piece) < CHUNK_SIZE_MAX_BYTES:
                break
    if not unpacker.eof:
        raise Refused("backup-damaged")


def _chunks(source: BinaryIO, cipher: ChaCha20Poly1305) -> Iterator[bytes]:
    number = 0
    while True:
        size = int.from_bytes(_exactly(source, 4), "big")
        if not _TAG_SIZE_BYTES <= size <= CHUNK_SIZE_MAX_BYTES + _TAG_SIZE_BYTES:
            raise Refused("backup-damaged")
        sealed = _exactly(source, size)
        for mark in (_LAST, _MORE):
            with suppress(InvalidTag):
                yield cipher.decrypt(_nonce(number), sealed, mark)
                break
        else:
            raise Refused("backup-other-words" if number == 0 else "backup-damaged")
        if mark == _LAST:
            if source.read(1):
                raise Refused("backup-damaged")
            return
        number += 1


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise Refused("backup-damaged")
    return data
