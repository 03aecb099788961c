"""Forms that carry files: read part by part, nothing of it on disk.

Spec: §19.1 (photos are the only files there are).
"""

from __future__ import annotations

from typing import Final

from aiohttp import BodyPartReader, web

from node.api.errors import ApiError
from node.api.fields import BODY_SIZE_MAX_BYTES
from node.photo_making import FILE_SIZE_MAX_BYTES
from node.web.forms import File, Form

_PARTS_MAX: Final = 400
_FILES_MAX: Final = 4
_CHUNK_SIZE_BYTES: Final = 64 * 1024


async def read_form_with_files(request: web.Request) -> Form:
    """The fields and files of a multipart form. Raises Refused when it is too large."""
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
            data = await _read(part, FILE_SIZE_MAX_BYTES, _too_large())
            # A field that was left empty comes as a file without name and bytes.
            if data and sum(map(len, files.values())) < _FILES_MAX:
                files.setdefault(part.name, []).append(File(part.filename, data))
    except (ValueError, AssertionError, web.HTTPException) as error:
        raise ApiError(400, "broken-form") from error
    raise _too_much()


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
    return ApiError(413, "photo-too-large", limit=FILE_SIZE_MAX_BYTES // 1024 // 1024)
