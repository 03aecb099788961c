"""One port for the pages of all flatmates: each request goes to the home it is for.

A home alone is given every request, and nothing is different from a node without this module.
With several, a request is for

- the home whose token it carries (API, metrics): a token opens its own home and no other;
- the home whose calendar address, claim code or entry key it shows;
- the home that the browser's cookie names, or else the only one it is signed in at.

Otherwise the page asks "who are you?". The cookie is a convenience and opens nothing: every
home asks for its own session, password and form values, as it does alone. Slugs are looked up
in the list of homes; nothing that a browser sends becomes a path.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from node.api import guard
from node.api.errors import ApiError
from node.api.fields import BODY_SIZE_MAX_BYTES
from node.engine import desk
from node.i18n import known_language, preferred_language, translator
from node.web import begin, static_files
from node.web.forms import Form
from node.web.render import render, today
from node.web.session import origin_is_ours
from node.web.visit import HEADERS, LANGUAGE_COOKIE, SESSIONS, go_to, parse_form
from protocol.errors import Refused

if TYPE_CHECKING:
    from node.flat.flat import Flat, Resident

WHO: Final = "/who"
CLAIM: Final = "/claim/"
_COOKIE_MAX_AGE_S: Final = 365 * 24 * 3600


class Front:
    """Serves the page's port.

    Args:
        flat: started.
    """

    def __init__(self, flat: Flat) -> None:
        self._flat = flat
        self._own = web.AppRunner(self._make_app(), access_log=None, handle_signals=False)
        self._runner: web.ServerRunner | None = None

    async def start(self, site: Any, stop_s: float) -> None:  # noqa: ANN401
        """Serve a socket that listens."""
        await self._own.setup()
        assert self._own.server is not None, "it was set up"
        server = web.Server(
            self._handle,  # type: ignore[arg-type]
            request_factory=self._own.server.request_factory,
            access_log=None,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=stop_s)
        await self._runner.setup()
        await web.SockSite(self._runner, site).start()

    async def stop(self) -> None:
        """Take no more requests, and let those that run end."""
        for resident in self._flat.open_ones():
            if resident.app is not None:
                await resident.app.shutdown()  # ends what would go on for ever
        if self._runner is not None:
            await self._runner.cleanup()
        await self._own.cleanup()

    # --- whose it is --------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        resident = self._choose(request)
        server = self._own.server if resident is None else resident.server
        assert server is not None, "open homes are served"
        response: web.StreamResponse = await server.request_handler(request)
        has_come_in = self._is_shown_a_secret(request) and response.status == 303
        if resident is not None and has_come_in and not response.prepared:
            # Who came in by a link need not be asked afterwards who they are.
            self._remember(response, resident)
        return response

    def _choose(self, request: web.Request) -> Resident | None:
        """The home that a request is for; None for the front itself."""
        homes = self._flat.open_ones()
        if len(self._flat.shown()) == 1 and homes:
            return homes[0]
        path = request.path
        if path.startswith("/api/") or path == "/metrics":
            return self._by_token(request, homes) or next(iter(homes), None)
        if path in (WHO, "/healthz") or path.startswith("/static/"):
            return None
        if path.startswith("/calendar/"):
            return _by_calendar(path, homes) or next(iter(homes), None)
        if path.startswith(CLAIM):
            return self._by_claim(path, homes)
        if path == "/" and "key" in request.query:
            return self._by_entry_key(request, homes)
        named = self._flat.residents.get(request.cookies.get(self._flat.cookie_name, ""))
        if named is not None and named in homes:
            return named
        signed_in = [each for each in homes if _sessions(each).of(request) is not None]
        return signed_in[0] if len(signed_in) == 1 else None

    def _is_shown_a_secret(self, request: web.Request) -> bool:
        is_link = request.path == "/" and "key" in request.query
        return len(self._flat.shown()) > 1 and (is_link or request.path.startswith(CLAIM))

    def _by_token(self, request: web.Request, homes: list[Resident]) -> Resident | None:
        given = request.headers.get("Authorization")
        fitting = [
            each
            for each in homes
            if each.node is not None and guard.token_is_right(given, each.node.token)
        ]
        return fitting[0] if fitting else None

    def _by_claim(self, path: str, homes: list[Resident]) -> Resident | None:
        code = path.removeprefix(CLAIM).partition("/")[0]
        return next((r for r in homes if r.room is not None and r.room.lets_in(code)), None)

    def _by_entry_key(self, request: web.Request, homes: list[Resident]) -> Resident | None:
        key = request.query["key"]
        known = [each for each in homes if _sessions(each).knows_entry_key(key)]
        signed_in = [each for each in homes if _sessions(each).of(request) is not None]
        return next(iter(known or signed_in), None)

    def _remember(self, response: web.StreamResponse, resident: Resident) -> None:
        response.set_cookie(
            self._flat.cookie_name, resident.slug, max_age=_COOKIE_MAX_AGE_S, path="/",
            httponly=True, samesite="Strict",
        )  # fmt: skip

    # --- who are you? -------------------------------------------------------------------------

    def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._check_host], client_max_size=BODY_SIZE_MAX_BYTES)
        app.router.add_get(WHO, self._ask)
        app.router.add_post(WHO, self._take_answer)
        app.router.add_post("/language", self._choose_language)
        app.router.add_get("/healthz", _health)
        app.router.add_get("/static/{name}", static_files.serve)
        app.router.add_route("*", "/{path:.*}", self._ask_first)
        return app

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401
        settings = self._flat.settings
        try:
            guard.require_host(request, (*settings.web_names, settings.web_host))
        except ApiError as refusal:
            return self._page(request, _say(request, refusal.code, refusal.values), status=403)
        response: web.StreamResponse = await handler(request)
        return response

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        return self._page(request)

    async def _ask_first(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/api/"):
            return web.json_response({"error": {"code": "no-home", "message": ""}}, status=503)
        if request.path.startswith(CLAIM):
            return self._page(request, _say(request, "claim-over", {}), status=403)
        if request.path == "/" and "key" in request.query:
            return self._page(request, _say(request, "entry-key-over", {}), status=403)
        return go_to(WHO)

    async def _take_answer(self, request: web.Request) -> web.StreamResponse:
        """Remember which flatmate this browser is for; they still have to sign in."""
        form = await self._read(request)
        chosen = self._flat.residents.get("" if form is None else form.text("flatmate"))
        if chosen is None or chosen.is_off:
            return self._page(request, _say(request, "unknown-flatmate", {}), status=400)
        if chosen.server is None:
            return self._page(
                request, _say(request, "flatmate-closed", {"name": chosen.name}), status=503
            )
        response = go_to("/")
        self._remember(response, chosen)
        # Each reads in their own language, until they choose another here.
        response.del_cookie(LANGUAGE_COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    async def _choose_language(self, request: web.Request) -> web.StreamResponse:
        form = await self._read(request)
        return go_to(WHO) if form is None else begin.in_language(form)

    async def _read(self, request: web.Request) -> Form | None:
        """A form of this very page; None for any other."""
        is_form = request.content_type == "application/x-www-form-urlencoded"
        if not is_form or not origin_is_ours(request):
            return None
        try:
            return await parse_form(request)
        except Refused:
            return None

    def _page(self, request: web.Request, problem: str = "", status: int = 200) -> web.Response:
        homes = self._flat.shown()
        names = [
            each.name or translator(_language(request)).gettext("Nobody yet") for each in homes
        ]
        values = {
            "csrf": "", "here": WHO, "live_at": 0, "live": "", "places": [], "done": "",
            "unread": 0, "signed_in": False, "today": today(), "is_shared": False,
            "has_password": False,
            "form": Form(), "error": problem,
            "flatmates": [
                {"slug": each.slug, "name": name, "is_open": each.server is not None,
                 "is_awaited": each.room is not None and not each.has_person
                 and each.server is not None}
                for each, name in zip(homes, names, strict=True)
            ],
        }  # fmt: skip
        html = render(_language(request), "who.html", values)
        return web.Response(text=html, content_type="text/html", status=status, headers=HEADERS)


def _by_calendar(path: str, homes: list[Resident]) -> Resident | None:
    given = path.removeprefix("/calendar/").removesuffix(".ics").encode("utf-8", "surrogatepass")
    for each in homes:
        if each.node is not None and each.node.engine is not None:
            secret = desk.note(each.node.engine.core, "calendar")
            if secret and hmac.compare_digest(given, secret):
                return each
    return None


def _sessions(resident: Resident) -> Any:  # noqa: ANN401
    assert resident.app is not None, "only open homes are asked"
    return resident.app[SESSIONS]


def _language(request: web.Request) -> str:
    chosen = known_language(request.cookies.get(LANGUAGE_COOKIE, ""))
    return chosen or preferred_language(request.headers.get("Accept-Language", ""))


def _say(request: web.Request, code: str, values: dict[str, object]) -> str:
    from node.wording import messages

    return messages.say(code, values, _language(request))


async def _health(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "ok"})
