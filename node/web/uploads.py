"""Forms that carry files: read part by part; photos in memory, the file of a thing to the disk.

Spec: §19.1, §20.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, web

from node.api.errors import ApiError
from node.api.fields import BODY_SIZE_MAX_BYTES
from node.api.files import keep_upload
from node.api.protocols import NodeLike
from node.photo_making import FILE_SIZE_MAX_BYTES
from node.web.forms import File, Form

_KEPT: Final = "file"
_PARTS_MAX: Final = 400
_FILES_MAX: Final = 4
_CHUNK_SIZE_BYTES: Final = 64 * 1024


async def read_form_with_files(request: web.Request, node: NodeLike) -> Form:
    """The fields and files of a multipart form. Raises Refused when it is too large.

    The file of a thing, of any size, is kept by the node as it arrives; in its place the form
    has the fields ``kept_file`` and ``kept_title``, so that it need not be sent again.
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
