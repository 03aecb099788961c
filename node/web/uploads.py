"""Forms that carry files: read part by part; photos in memory, large files to the disk.

Spec: §18.6, §19.1, §20.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from aiohttp import BodyPartReader, web

from node.api.errors import ApiError
from node.api.fields import BODY_SIZE_MAX_BYTES
from node.api.files import keep_upload
from node.api.protocols import NodeLike
from node.backup import BACKUP_SIZE_MAX_BYTES
from node.photo_making import FILE_SIZE_MAX_BYTES
from node.unpacking import check_room, unwritable
from node.web.forms import File, Form

_KEPT: Final = "file"
_BACKUP: Final = "backup"
_PARTS_MAX: Final = 400
_FILES_MAX: Final = 4
_CHUNK_SIZE_BYTES: Final = 64 * 1024
_WRITTEN_AT_ONCE_BYTES: Final = 1024 * 1024


async def read_form_with_files(
    request: web.Request, node: NodeLike, backup: Path | None = None
) -> Form:
    """The fields and files of a multipart form. Raises Refused when it is too large.

    The file of a thing, of any size, is kept by the node as it arrives; in its place the form
    has the fields ``kept_file`` and ``kept_title``, so that it need not be sent again.

    Args:
        backup: where a backup is written, if one was chosen; without it none is taken.
    """
    fields: dict[str, list[str]] = {}
    files: dict[str, list[File]] = {}
    texts_left = BODY_SIZE_MAX_BYTES
    try:
        reader = await request.multipart()
        for _ in range(_PARTS_MAX):
            part = await reader.next()
            if part is None:
                return Form(fields, files)
            if not isinstance(part, BodyPartReader) or part.name is None:
                break
            if part.filename is None:
                data = await _read(part, texts_left, _too_much())
                texts_left -= len(data)
                fields.setdefault(part.name, []).append(data.decode("utf-8", "replace"))
                continue
            if part.name == _KEPT:
                await _keep(part, node, fields)
                continue
            if part.name == _BACKUP and backup is not None:
                await _write_backup(part, backup)
                continue
            data = await _read(part, FILE_SIZE_MAX_BYTES, _too_large())
            # A field that was left empty comes as a file without name and bytes.
            if data and sum(map(len, files.values())) < _FILES_MAX:
                files.setdefault(part.name, []).append(File(part.filename, data))
    except (ValueError, AssertionError, web.HTTPException) as error:
        raise ApiError(400, "broken-form") from error
    raise _too_much()


async def _keep(part: BodyPartReader, node: NodeLike, fields: dict[str, list[str]]) -> None:
    first = bytes(await part.read_chunk(_CHUNK_SIZE_BYTES))
    if not first:
        return  # left empty

    async def chunks() -> AsyncIterator[bytes]:
        yield first
        while chunk := await part.read_chunk(_CHUNK_SIZE_BYTES):
            yield bytes(chunk)

    file = await keep_upload(node, chunks(), part.filename or "")
    fields["kept_file"], fields["kept_title"] = [file.name.hex()], [file.title]


async def _write_backup(part: BodyPartReader, target: Path) -> None:
    """Raises Refused: it is too large, for a backup or for the disk."""
    size_bytes = await asyncio.to_thread(_size_bytes, target)
    waiting = bytearray()
    while chunk := await part.read_chunk(_CHUNK_SIZE_BYTES):
        size_bytes += len(chunk)
        if size_bytes > BACKUP_SIZE_MAX_BYTES:
            raise ApiError(413, "backup-too-large", limit=BACKUP_SIZE_MAX_BYTES // 1024**3)
        waiting += chunk
        if len(waiting) >= _WRITTEN_AT_ONCE_BYTES:
            await asyncio.to_thread(_append, target, bytes(waiting))
            waiting.clear()
    if waiting:
        await asyncio.to_thread(_append, target, bytes(waiting))


def _size_bytes(target: Path) -> int:
    # A form may name it twice.
    return target.stat().st_size if target.exists() else 0


def _append(target: Path, data: bytes) -> None:
    try:
        check_room(target.parent, len(data))
        with target.open("ab") as file:
            file.write(data)
    except OSError as error:
        raise unwritable(target.parent, error) from error


async def _read(part: BodyPartReader, size_max_bytes: int, error: ApiError) -> bytes:
    chunks: list[bytes] = []
    size_bytes = 0
    while chunk := await part.read_chunk(_CHUNK_SIZE_BYTES):
        size_bytes += len(chunk)
        if size_bytes > size_max_bytes:
            raise error
        chunks.append(bytes(chunk))
    return b"".join(chunks)


def _too_much() -> ApiError:
    return ApiError(413, "too-much-data", limit=BODY_SIZE_MAX_BYTES // 1024)


def _too_large() -> ApiError:
    return ApiError(413, "photo-too-large", limit=FILE_SIZE_MAX_BYTES // 1_000_000)
