"""The web application of the local port: API, page, health and metrics.

``make_app(node)`` gives an aiohttp application; the node's host serves it. The
application reads the engine directly (both live in one event loop, so what is read
is never half changed) and changes it only through ``node.command``.

Answers of the API are JSON. What goes wrong is
``{"error": {"code", "message"}}`` with the sentence in the language the request asks
for (``Accept-Language``), else in the owner's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from node.api import files, guard, importing, metrics, openapi, raw
from node.api.errors import ApiError, status_of
from node.api.fields import BODY_SIZE_MAX_BYTES, check_body, check_path, check_query, read_json
from node.api.handlers import Call
from node.api.protocols import NODE, NodeLike
from node.api.routes import ROUTES, Route
from node.flat.place import PLACE, Place
from node.i18n import preferred_language
from node.wording import messages
from protocol.errors import OpenHouseError, Refused

if TYPE_CHECKING:
    from node.web.password import Password

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_PREFIX: Final = "/api/v1"

_log = logging.getLogger("openhouse.api")


def make_app(
    node: NodeLike, place: Place | None = None, password: Password | None = None
) -> web.Application:
    """The application that serves ``node``'s page and API.

    Args:
        place: the flat it lives in, as its flatmate may see it.
        password: of the page.
    """
    app = web.Application(
        middlewares=[_check_host, _answer_errors], client_max_size=BODY_SIZE_MAX_BYTES
    )
    app[NODE] = node
    if place is not None:
        app[PLACE] = place
    for route in ROUTES:
        app.router.add_route(route.method, API_PREFIX + route.path, _serve(route))
    app.router.add_post(f"{API_PREFIX}/photos", raw.take_photo)
    app.router.add_post(f"{API_PREFIX}/files", files.take_file)
    app.router.add_get(f"{API_PREFIX}/files/{{loan}}/content", files.serve_file)
    app.router.add_post(f"{API_PREFIX}/things/import", importing.take_list)
    app.router.add_get(f"{API_PREFIX}/things/{{thing}}/photos/{{photo}}", raw.serve_photo)
    app.router.add_get(f"{API_PREFIX}/openapi.json", _serve_openapi)
    app.router.add_get("/healthz", _serve_health)
    app.router.add_get("/metrics", _serve_metrics)
    # The page needs templates; a test of the API alone does not.
    from node.web import pages

    pages.setup(app, node, password)
    return app


def _serve(route: Route) -> Handler:
    """The handler that checks a request against its route and carries it out."""

    async def handle(request: web.Request) -> web.StreamResponse:
        node = request.app[NODE]
        guard.require_token(request, node.token)
        call = Call(
            node=node,
            path=check_path(request.match_info),
            query=check_query(route.query, list(request.query.items())),
            body=check_body(route.body, await _read_body(request)),
            language=_language_of(request, node),
            place=request.app.get(PLACE),
        )
        response = web.json_response(await route.handle(call), dumps=_dumps)
        response.headers["Content-Language"] = call.language
        return response

    return handle


async def _read_body(request: web.Request) -> dict[str, Any]:
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "too-much-data", limit=BODY_SIZE_MAX_BYTES // 1024) from None
    if data and request.content_type != "application/json":
        raise ApiError(415, "not-json")
    return read_json(data)


def _language_of(request: web.Request, node: NodeLike) -> str:
    wanted = request.headers.get("Accept-Language")
    return preferred_language(wanted) if wanted else node.language


async def _serve_openapi(request: web.Request) -> web.StreamResponse:
    return web.json_response(openapi.document(), dumps=_dumps)


async def _serve_health(request: web.Request) -> web.StreamResponse:
    """Whether this process answers; says nothing about whose node it is."""
    return web.json_response({"status": "ok"})


async def _serve_metrics(request: web.Request) -> web.StreamResponse:
    node = request.app[NODE]
    guard.require_token(request, node.token)
    return web.Response(text=metrics.exposition(node), headers={"Content-Type": metrics.TYPE})


@web.middleware
async def _check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing, not even the page, is served under a foreign name."""
    node = request.app[NODE]
    try:
        guard.require_host(request, node.web_hosts)
    except ApiError as refusal:
        return _error_response(refusal, _language_of(request, node))
    return await handler(request)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong under the API into one sentence; the page has its own."""
    if not _is_api(request):
        return await handler(request)
    language = _language_of(request, request.app[NODE])
    try:
        return await handler(request)
    except Refused as refusal:
        return _error_response(refusal, language)
    except web.HTTPNotFound:
        return _error_response(ApiError(404, "no-such-route", path=request.path[:80]), language)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        wrong_method = ApiError(405, "wrong-method", method=request.method[:10], allowed=allowed)
        response = _error_response(wrong_method, language)
        response.headers["Allow"] = allowed
        return response
    except OpenHouseError as error:
        # A bug of ours, or a disk that failed: the reason is for the log.
        _log.exception("%s %s failed", request.method, request.path)
        return _error_response(ApiError(500, "node-failed", reason=str(error)), language)


def _is_api(request: web.Request) -> bool:
    return request.path.startswith("/api/") or request.path in ("/metrics", "/healthz")


def _error_response(refusal: Refused, language: str) -> web.Response:
    message = messages.sentence(refusal, language)
    response = web.json_response(
        {"error": {"code": refusal.code, "message": message}},
        status=status_of(refusal),
        dumps=_dumps,
        headers={"Content-Language": language},
    )
    if response.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
