"""Style, script, icons and manifest: the few small files of the page, held in memory.

They are read once, so a visitor who goes on before a file has come leaves no open file behind
(``aiohttp.web.FileResponse`` does), and a card in a Pi is not asked for the same bytes again.
"""

from __future__ import annotations

import mimetypes
from functools import cache
from typing import Final

from aiohttp import web

from node.entity_tags import etag_of, is_known
from node.web.render import STATIC_DIRECTORY

_MAX_AGE: Final = "max-age=3600"
# What the tables of a system may not know.
_TYPES: Final = {".webmanifest": "application/manifest+json"}


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Name to bytes, content type and entity tag."""
    return {
        path.name: (
            data := path.read_bytes(),
            _TYPES.get(path.suffix)
            or mimetypes.guess_type(path.name)[0]
            or "application/octet-stream",
            etag_of(data),
        )
        for path in sorted(STATIC_DIRECTORY.iterdir())
    }


async def serve(request: web.Request) -> web.StreamResponse:
    """One of them by name; what stands nowhere in the package is not found."""
    found = _files().get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    data, content_type, etag = found
    headers = {"ETag": etag, "Cache-Control": _MAX_AGE}
    if is_known(request.headers.get("If-None-Match"), etag):
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=data, content_type=content_type, charset=charset, headers=headers)
