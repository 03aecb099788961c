"""One visit to the page: who asks, in which language, and how it is answered.

Every page is a function from a ``Visit`` to a response; ``reading`` and ``writing``
wrap it into a handler. A visit that may not happen (no session, a form from
elsewhere) never reaches the function. What the engine refuses comes back to the same
page, with its sentence and the form as it was filled in; what it does is followed by
a redirect, so that reloading a page repeats nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from node.api.errors import ApiError, status_of
from node.api.fields import BODY_SIZE_MAX_BYTES
from node.api.protocols import NodeLike
from node.engine.commands import Command
from node.engine.core import Core
from node.engine.events import Json
from node.flat.place import PLACE, Place
from node.i18n import known_language, preferred_language, translator
from node.web import refusals
from node.web.forms import Form
from node.web.render import render
from node.web.session import FORM_FIELD, Session, Sessions, form_is_ours, origin_is_ours
from node.web.uploads import read_form_with_files
from protocol.errors import OpenHouseError, Refused

_log = logging.getLogger("openhouse.web")

LANGUAGE_COOKIE: Final = "openhouse_language"
SESSIONS: Final[web.AppKey[Sessions]] = web.AppKey("sessions")

_FIELDS_MAX: Final = 1200
"""A thing can be given to a thousand friends by name; no form has more fields."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to the page, with what every page needs."""

    request: web.Request
    node: NodeLike
    sessions: Sessions
    session: Session | None
    language: str

    @property
    def core(self) -> Core:
        """What the node knows. Raises Refused while it is not set up."""
        if self.node.engine is None:
            raise ApiError(409, "not-set-up")
        return self.node.engine.core

    @property
    def is_set_up(self) -> bool:
        return self.node.engine is not None

    @property
    def place(self) -> Place | None:
        """Who lives at this computer too; None for a home that knows of no flat."""
        return self.request.app.get(PLACE)

    def say(self, refusal: Refused) -> str:
        return refusals.say(refusal, self.language)

    def gettext(self, message: str) -> str:
        return translator(self.language).gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The same for a sentence with a number in it."""
        return translator(self.language).ngettext(one, many, count)

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.match_info[name]

    async def command(self, command: Command) -> Json:
        if self.node.engine is None:
            raise ApiError(409, "not-set-up")
        return await self.node.command(command)

    def page(
        self,
        template: str,
        *,
        form: Form | None = None,
        error: Refused | None = None,
        problem: str = "",
        status: int = 200,
        **values: object,
    ) -> web.Response:
        """A page.

        Args:
            form: what was filled in, to be shown again.
            error: a refusal; its sentence stands on top, and its status is told.
            problem: a sentence of the page's own to stand there instead.
        """
        from node.web.frame import frame  # the frame shows views, which need a visit

        html = render(
            self.language,
            template,
            {
                **frame(self),
                **values,
                "form": form or Form(),
                "error": problem if error is None else self.say(error),
            },
        )
        if error is not None:
            status = status_of(error)
        return web.Response(text=html, content_type="text/html", status=status, headers=HEADERS)


Page = Callable[[Visit], Awaitable[web.StreamResponse]]
Show = Callable[[Visit, Form | None, Refused | None], Awaitable[web.StreamResponse]]
Act = Callable[[Visit, Form], Awaitable[str | web.StreamResponse]]
"""Does something and gives the place to go to."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def visit_of(request: web.Request, node: NodeLike) -> Visit:
    sessions = request.app[SESSIONS]
    chosen = known_language(request.cookies.get(LANGUAGE_COOKIE, ""))
    if chosen is None and node.engine is not None:
        chosen = known_language(node.language)
    language = chosen or preferred_language(request.headers.get("Accept-Language", ""))
    return Visit(request, node, sessions, sessions.of(request), language)


def reading(node: NodeLike, show: Show) -> Handler:
    """The handler of a page that is looked at."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        if visit.session is None:
            return visit.page("sign_in.html", status=401)
        return await or_failure(visit, _guarded(visit, show, None, None))

    return handle


def writing(node: NodeLike, act: Act, show: Show) -> Handler:
    """The handler of a form: act and go on, or show the page again with the refusal."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        if visit.session is None:
            return visit.page("sign_in.html", error=ApiError(401, "signed-out"))
        if not origin_is_ours(request):
            # Before a file of theirs is taken.
            return visit.page("refused.html", error=ApiError(403, "foreign-form"))
        try:
            form = await read_form(request, node)
        except Refused as refusal:
            return visit.page("refused.html", error=refusal)
        if not form_is_ours(request, visit.session, form.text(FORM_FIELD)):
            return visit.page("refused.html", error=ApiError(403, "foreign-form"))
        return await or_failure(visit, _act_or_show_again(visit, form, act, show))

    return handle


async def _act_or_show_again(visit: Visit, form: Form, act: Act, show: Show) -> web.StreamResponse:
    try:
        done = await act(visit, form)
        return go_to(done) if isinstance(done, str) else done
    except Refused as refusal:
        return await _guarded(visit, show, form, refusal)


async def or_failure(visit: Visit, response: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """The response, or a page that says that the node itself failed (a full disk)."""
    try:
        return await response
    except OpenHouseError as error:
        _log.exception("%s %s failed", visit.request.method, visit.request.path)
        return visit.page("refused.html", error=ApiError(500, "node-failed", reason=str(error)))


def open_form(
    node: NodeLike, act: Callable[[Visit, Form], Awaitable[web.StreamResponse]]
) -> Handler:
    """The handler of a form that needs no session: signing in, choosing a language."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        if not origin_is_ours(request) or request.content_type == "multipart/form-data":
            return visit.page("refused.html", error=ApiError(403, "foreign-form"))
        try:
            form = await read_form(request, node)
        except Refused as refusal:
            return visit.page("refused.html", error=refusal)
        return await act(visit, form)

    return handle


async def read_form(request: web.Request, node: NodeLike) -> Form:
    """The fields of a form, and its files; anything else is not read. Raises Refused."""
    if request.content_type == "multipart/form-data":
        return await read_form_with_files(request, node)
    if request.content_type != "application/x-www-form-urlencoded":
        return Form()
    return await parse_form(request)


async def parse_form(request: web.Request) -> Form:
    """The fields of a form without files. Raises Refused."""
    try:
        text = (await request.read()).decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except (web.HTTPRequestEntityTooLarge, ValueError):
        raise ApiError(413, "too-much-data", limit=BODY_SIZE_MAX_BYTES // 1024) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return Form(fields)


def go_to(place: str) -> web.Response:
    """Send the browser on with a fresh request (POST, redirect, GET)."""
    return web.Response(status=303, headers={**HEADERS, "Location": place})


async def _guarded(
    visit: Visit, show: Show, form: Form | None, error: Refused | None
) -> web.StreamResponse:
    """Show a page; when even that is refused (a thing that is gone), say so alone."""
    try:
        return await show(visit, form, error)
    except Refused as refusal:
        return visit.page("refused.html", error=error or refusal)
