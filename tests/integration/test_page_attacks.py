"""The page under attack: every route is tried, not a list that somebody keeps.

What stands against these is in ``node/api/guard.py`` (names), ``node/web/session.py``
(sessions, forms, guesses) and ``node/web/visit.py`` (headers).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from node.api.app import make_app
from node.engine.events import Space
from node.web.pages import entry_path
from node.web.session import TRIES_MAX
from simulations.street import Street
from tests.page_street import StreetNode, live_here, make_street

VALUES = {"thing": "ab" * 16, "loan": "ab" * 16, "photo": "cd" * 32, "member": "ef" * 32}
OPEN = ("/sign-in", "/sign-out", "/language")
FOREIGN = (
    "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7471", "evil.example:80",
    "[::1].evil.example", "127.0.0.1@evil.example", "", "192.0.2.1",
)  # fmt: skip


@dataclass
class Site:
    """A page with an owner who is signed in, and an attacker's hand on the wire."""

    street: Street
    app: web.Application
    server: TestServer
    owner: ClientSession

    def routes(self, method: str) -> list[str]:
        """Every address of the page, with something in its variable parts."""
        found = []
        for route in self.app.router.routes():
            path = route.resource.canonical if route.resource is not None else ""
            if route.method == method and not path.startswith(("/api/", "/metrics", "/healthz")):
                found.append(re.sub(r"\{(\w+)(:.*)?\}", lambda m: VALUES.get(m[1], "x"), path))
        assert len(found) > 20
        return found

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))

    def disk(self) -> list[tuple[tuple[Space, bytes], object]]:
        return sorted(self.street.stores[0].items(), key=repr)


@cache
def a_street() -> Street:
    """One for all: no attack changes it."""
    street = make_street()
    live_here(street)
    return street


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    street = a_street()
    app = make_app(StreetNode(street))
    server = TestServer(app)
    await server.start_server()
    try:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as owner:
            async with owner.get(str(server.make_url(entry_path(app)))) as answer:
                assert 200 == answer.status
            yield Site(street, app, server, owner)
    finally:
        await server.close()


def under_attack(attack: Callable[[Site], Awaitable[None]]) -> None:
    async def run() -> None:
        async with site() as victim:
            before = victim.disk()
            await attack(victim)
            assert before == victim.disk(), "something was done"

    asyncio.run(run())


@pytest.mark.parametrize("host", FOREIGN)
def test_dns_rebinding_a_foreign_name_for_this_computer_opens_no_route(host: str) -> None:
    """The victim's own browser sends the cookie along; the name is what gives it away."""

    async def attack(victim: Site) -> None:
        for method in ("GET", "POST"):
            for path in [*victim.routes(method), "/api/v1/status", "/metrics", "/healthz"]:
                async with victim.owner.request(
                    method, victim.url(path), headers={"Host": host}, allow_redirects=False
                ) as answer:
                    text = await answer.text()
                    assert answer.status in (400, 403, 405), (path, answer.status)
                    assert "Cordless drill" not in text

    under_attack(attack)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:1"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json"},
    ],
)
def test_csrf_a_form_from_elsewhere_does_nothing_on_any_route(headers: dict[str, str]) -> None:
    """With the owner's cookie, without what only the owner's page can read."""

    async def attack(victim: Site) -> None:
        for path in victim.routes("POST"):
            if path in OPEN and not headers.get("Origin", "").startswith("https"):
                continue
            async with victim.owner.post(
                victim.url(path),
                data=b"csrf=" + b"0" * 64 + b"&name=Ana&title=x&circles=1&shows=no&key=x",
                headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
                allow_redirects=False,
            ) as answer:
                assert answer.status == 403, (path, answer.status)

    under_attack(attack)


def test_clickjacking_no_answer_can_be_put_into_a_frame_or_run_a_foreign_script() -> None:
    """Pages, refusals and redirects alike; pictures and streams can be used by no other site."""

    async def attack(victim: Site) -> None:
        for path in victim.routes("GET"):
            if path == "/live":
                continue
            async with victim.owner.get(victim.url(path), allow_redirects=False) as answer:
                headers = answer.headers
                if not headers.get("Content-Type", "").startswith("text/html"):
                    continue
                policy = headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in policy, path
                assert "DENY" == headers["X-Frame-Options"], path
                assert re.search(r"script-src 'self';", policy), path
                assert "unsafe" not in policy, path
                assert "same-origin" == headers["Cross-Origin-Resource-Policy"], path

    under_attack(attack)


def test_guessing_the_key_is_slow_and_a_link_from_the_terminal_still_opens() -> None:
    """Some tries at once, then none for a while, not even the right one."""

    async def attack(victim: Site) -> None:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as stranger:

            async def guess(key: str) -> int:
                async with stranger.post(
                    victim.url("/sign-in"), data={"key": key}, allow_redirects=False
                ) as answer:
                    return answer.status

            tried = [await guess(f"{number:064x}") for number in range(TRIES_MAX + 3)]
            assert [403] * TRIES_MAX + [429] * 3 == tried
            assert 429 == await guess("5e" * 32)
            async with stranger.get(victim.url("/things")) as answer:
                assert 401 == answer.status
            async with stranger.get(victim.url(entry_path(victim.app))) as answer:
                assert 200 == answer.status

    under_attack(attack)
