"""Photos over the API: bytes come and go as they are, not as JSON.

``POST /photos`` takes a picture and answers its name, which a thing is then given;
``GET /things/{thing}/photos/{photo}`` gives a picture of a thing, mine or seen.

Spec: §19.
"""

from __future__ import annotations

from typing import Final, Protocol

from aiohttp import web

from node.api import guard
from node.api.errors import ApiError
from node.api.protocols import NODE, NodeLike, PhotosLike
from node.api.thing_handlers import photo_name_in
from node.engine import ids
from node.photo_making import FILE_SIZE_MAX_BYTES
from protocol.errors import Refused

_CHUNK_SIZE_BYTES: Final = 64 * 1024
PICTURE_HEADERS: Final = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    # A picture of somebody else's: should a browser ever show it as a page, as an empty one.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Reading(Protocol):
    """A request's content, or a part of it."""

    async def read(self, size: int) -> bytes: ...


async def take_photo(request: web.Request) -> web.StreamResponse:
    """A picture from the owner, for a thing to be given."""
    node = request.app[NODE]
    guard.require_token(request, node.token)
    photo = await _photos(node).add(await read_file(request.content), "photo")
    return web.json_response({"photo": photo.full.hex(), "thumbnail": photo.thumbnail.hex()})


async def serve_photo(request: web.Request) -> web.StreamResponse:
    node = request.app[NODE]
    guard.require_token(request, node.token)
    return await picture(node, request.match_info["thing"], request.match_info["photo"])


async def picture(node: NodeLike, thing: str, photo: str) -> web.Response:
    """One picture of a thing. Raises Refused."""
    if node.engine is None:
        raise ApiError(409, "not-set-up")
    listing = ids.resolve_thing(node.engine.core, thing)
    name = photo_name_in(photo)
    data = await _photos(node).get(listing.author, listing.object, name)
    return web.Response(body=data, content_type="image/jpeg", headers=PICTURE_HEADERS)


async def read_file(content: Reading) -> bytes:
    """All of an upload. Raises Refused when it is larger than any photo."""
    parts: list[bytes] = []
    size_bytes = 0
    while chunk := await content.read(_CHUNK_SIZE_BYTES):
        size_bytes += len(chunk)
        if size_bytes > FILE_SIZE_MAX_BYTES:
            raise ApiError(413, "photo-too-large", limit=FILE_SIZE_MAX_BYTES // 1_000_000)
        parts.append(chunk)
    return b"".join(parts)


def _photos(node: NodeLike) -> PhotosLike:
    if node.photos is None:
        raise Refused("not-set-up")
    return node.photos
