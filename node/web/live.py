"""Live pages: the browser is told which part of the page changed, and looks again.

Server-sent events over one connection for each tab that is looked at. They carry the names
of topics and nothing else; what changed is fetched as any page is. Streams are few and
bounded, and end with the node.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from aiohttp import web

from node.api.protocols import NodeLike
from node.web.session import origin_is_ours
from node.web.visit import Handler, visit_of

STREAMS_MAX: Final = 12
_RETRY_MS: Final = 5000
# A line now and then, or nobody notices that a tab is gone.
_SIGN_OF_LIFE_S: Final = 55.0
_STREAMS: Final[web.AppKey[list[asyncio.Task[None]]]] = web.AppKey("streams")
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def prepare(app: web.Application) -> None:
    """Keep count of the streams, and end them when the application ends."""
    app[_STREAMS] = []
    app.on_shutdown.append(_end_all)


def stream(node: NodeLike) -> Handler:
    """``GET /live``: topics as they change, for whoever is signed in."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if visit_of(request, node).session is None:
            return web.Response(status=401)
        if not origin_is_ours(request):
            return web.Response(status=403)
        streams = request.app[_STREAMS]
        if len(streams) >= STREAMS_MAX:
            # The page works without; whoever closes a tab makes room.
            return web.Response(status=503)
        response = web.StreamResponse(headers=_HEADERS)
        task = asyncio.ensure_future(_tell(request, response, node))
        streams.append(task)
        try:
            await asyncio.wait((task,))
        finally:
            task.cancel()
            streams.remove(task)
        return response

    return handle


async def _tell(request: web.Request, response: web.StreamResponse, node: NodeLike) -> None:
    with node.subscribe() as changes, suppress(ConnectionError):
        await response.prepare(request)
        # A page made before this number has missed something.
        head = f"retry: {_RETRY_MS}\nevent: at\ndata: {changes.published}\n\n"
        await response.write(head.encode())
        while True:
            try:
                async with asyncio.timeout(_SIGN_OF_LIFE_S):
                    topics = await changes.next()
            except TimeoutError:
                await response.write(b":\n\n")
                continue
            await response.write(f"data: {','.join(topics)}\n\n".encode())


async def _end_all(app: web.Application) -> None:
    streams: list[asyncio.Task[None]] = app[_STREAMS]
    for task in list(streams):
        task.cancel()
