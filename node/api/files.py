"""Files over the API: bytes come and go as they are, not as JSON.

``POST /files`` takes a file and answers its name, which a copyable thing is then given;
``GET /files/{loan}/content`` gives one that has come, to be stored and never to be shown.

Spec: §20.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from aiohttp import web

from node.api import guard
from node.api.errors import ApiError
from node.api.fields import Field, check_query
from node.api.handlers import Call
from node.api.protocols import NODE, EngineLike, FilesLike, NodeLike
from node.engine import ids
from node.engine.events import Json
from node.file_names import safe_name
from node.i18n import translator
from node.wording.file_words import file_sentence
from protocol.bodies import ThingFile
from protocol.errors import Refused
from protocol.files import NAME_SIZE_BYTES

_CHUNK_SIZE_BYTES: Final = 256 * 1024
_TITLE = Field("title", "string", "What the file is called.", required=True)
_CONTENT_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Somebody else's bytes: should a browser ever show them, as nothing that can act.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def take_file(request: web.Request) -> web.StreamResponse:
    """A file from the owner, for a copyable thing to be given."""
    node = request.app[NODE]
    guard.require_token(request, node.token)
    query = check_query((_TITLE,), list(request.query.items()))
    chunks = request.content.iter_chunked(_CHUNK_SIZE_BYTES)
    file = await keep_upload(node, chunks, query["title"])
    answer = {"file": file.name.hex(), "title": file.title, "size_bytes": file.size_bytes}
    return web.json_response(answer)


async def keep_upload(node: NodeLike, chunks: AsyncIterator[bytes], title: str) -> ThingFile:
    """Take a file as it arrives, without holding it in memory. Raises Refused."""
    shelf = shelf_of(node)
    upload = await shelf.begin()
    try:
        async for chunk in chunks:
            await shelf.write(upload, bytes(chunk))
        return await shelf.finish(upload, title)
    finally:
        await shelf.abandon(upload)


async def serve_file(request: web.Request) -> web.StreamResponse:
    node = request.app[NODE]
    guard.require_token(request, node.token)
    return await content(request, node, request.match_info["loan"])


async def content(request: web.Request, node: NodeLike, loan: str) -> web.StreamResponse:
    """A file that has come, as something to store. Raises Refused.

    Written out here: what serves files elsewhere would look at their names, and give a
    packed one that lies beside it instead.
    """
    row = _row(node, loan)
    path = shelf_of(node).come_path(ids.resolve_loan(_engine(node).core, loan))
    if path is None:
        raise Refused("file-moved" if row["state"] == "moved" else "file-not-here")
    name = safe_name(path.name)
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '\\"' else "_" for c in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {
        **_CONTENT_HEADERS,
        "Content-Disposition": disposition,
        "Content-Type": "application/octet-stream",
    }
    with path.open("rb") as source:
        response = web.StreamResponse(headers=headers)
        response.content_length = path.stat().st_size
        await response.prepare(request)
        while chunk := await asyncio.to_thread(source.read, _CHUNK_SIZE_BYTES):
            await response.write(chunk)
    await response.write_eof()
    return response


async def files(call: Call) -> Json:
    """The files of my loans, with a sentence on how far each is."""
    catalogue = translator(call.language)
    rows = shelf_of(call.node).fetching.files()
    return [{**row, "message": file_sentence(row, catalogue)} for row in rows]


async def get_file(call: Call) -> Json:
    """Try at once; what was moved away comes once more."""
    loan = ids.resolve_loan(call.core, call.path["loan"])
    _row(call.node, call.path["loan"])
    shelf_of(call.node).fetching.fetch_again(loan)
    row = _row(call.node, call.path["loan"])
    return {**row, "message": file_sentence(row, translator(call.language))}


def _row(node: NodeLike, loan: str) -> dict[str, Json]:
    found = ids.resolve_loan(_engine(node).core, loan).hex()
    for row in shelf_of(node).fetching.files():
        if row["loan"] == found:
            return row
    raise Refused("loan-without-file")


def file_name_in(text: str) -> bytes:
    """A file's name, as hex. Raises Refused."""
    name = text.strip().lower()
    if len(name) != 2 * NAME_SIZE_BYTES or not all(c in "0123456789abcdef" for c in name):
        raise Refused("no-such-file")
    return bytes.fromhex(name)


def shelf_of(node: NodeLike) -> FilesLike:
    if node.files is None:
        raise ApiError(409, "not-set-up")
    return node.files


def _engine(node: NodeLike) -> EngineLike:
    if node.engine is None:
        raise ApiError(409, "not-set-up")
    return node.engine
