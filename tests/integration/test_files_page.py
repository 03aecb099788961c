"""A file goes in by the page, and comes out as nothing but bytes to store (spec §20.3)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiohttp import ClientSession, CookieJar, FormData
from aiohttp.test_utils import TestServer

from node.api.app import make_app
from node.engine import views
from node.engine.commands import AnswerLoan, Ask, FoundHouse
from node.node import Node
from node.notices.facts import facts
from node.web.pages import entry_path
from protocol.charter import Charter
from tests.integration.homes import befriend, eventually, home, host, in_days, me, run, sees

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_KEPT = re.compile(r'name="kept_file" value="([0-9a-f]{64})"')


@dataclass
class Page:
    """A browser at one home's page."""

    session: ClientSession
    url: str
    csrf: str = ""

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.url + path) as answer:
            text = await answer.text()
            found = _CSRF.search(text)
            self.csrf = found[1] if found else self.csrf
            return answer.status, text

    async def send(
        self, path: str, data: bytes | None, called: str = "a.ogg", origin: str = "", **fields: str
    ) -> tuple[int, str]:
        """A form with a file; gives the status and the place to go to, or the page."""
        form = FormData({"csrf": self.csrf, **fields})
        form.add_field("file", data or b"", filename=called if data else "")
        headers = {"Origin": origin} if origin else {}
        request = self.session.post(
            self.url + path, data=form, headers=headers, allow_redirects=False
        )
        async with request as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()


@asynccontextmanager
async def page_of(node: Node) -> AsyncIterator[Page]:
    app = make_app(node)
    server = TestServer(app)
    await server.start_server()
    try:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            page = Page(session, str(server.make_url("")).rstrip("/"))
            await page.get(entry_path(app))
            await page.get("/things")
            yield page
    finally:
        await server.close()


def things(node: Node) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", thing) for thing in views.things(host(node).core)]


def kept(node: Node) -> int:
    """How many files there are on the node's disk, with their lists."""
    folder = node.settings.home / "files" / "own"
    return len(list(folder.iterdir())) if folder.is_dir() else 0


PODCAST = b"not really sound" * 10_000
FIELDS = {"title": "Podcast", "kind": "copy", "circles": "1"}


def test_a_file_goes_in_by_the_page_once_and_comes_out_to_be_stored(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with home(tmp_path, "Alice") as alice, home(tmp_path, "Bob") as bob:
            await alice.command(FoundHouse("House", Charter()))
            await befriend(bob, alice)
            async with page_of(alice) as page:
                evil = "http://evil.example"
                assert 403 == (await page.send("/things", PODCAST, origin=evil, **FIELDS))[0]
                assert 0 == kept(alice), "a stranger's form takes no room"

                status, text = await page.send("/things", PODCAST, **FIELDS)
                assert 409 == status
                assert "A file needs a licence" in text
                (name,) = _KEPT.findall(text)
                answer = await page.send("/things", None, kept_file=name, licence="CC BY", **FIELDS)
                assert (303, "/things?done=added") == answer
                (thing,) = things(alice)
                assert {"title": "a.ogg", "size_bytes": len(PODCAST)} == thing["file"]
                place = f"/things/{thing['thing']}"
                assert "a.ogg, 160 kB" in (await page.get(place))[1]
            await copied(alice, bob, thing["thing"])
            async with page_of(alice) as page:
                assert 303 == (await page.send(f"{place}/file", b"better", "b.html"))[0]
                assert {"title": "b.html", "size_bytes": 6} == things(alice)[0]["file"]
                status, text = await page.send(f"{place}/file", None)
                assert (409, True) == (status, "Choose a file first." in text)
                assert 303 == (await page.send(f"{place}/file", None, gone="1"))[0]
                assert things(alice)[0]["file"] is None

    run(scenario())


async def copied(alice: Node, bob: Node, thing: str) -> None:
    async with page_of(bob) as page:
        assert 303 == (await page.send("/things", None, title="Wifi", kind="spot", circles="1"))[0]
        await eventually(lambda: sees(bob, "Podcast") and sees(alice, "Wifi"))
        asked = await bob.command(Ask(thing, in_days(1), in_days(2)))
        loan = str(cast("dict[str, object]", asked)["loan"])
        status, text = await page.get(f"/loans/{loan}/file")
        assert (404, True) == (status, "no file to fetch" in text)
        await eventually(lambda: "answer" in verbs(alice))
        await alice.command(AnswerLoan(loan, "yes"))
        assert bob.files is not None
        shelf = bob.files
        await eventually(lambda: [row["state"] for row in shelf.fetching.files()] == ["here"])
        assert "It is here: 160 kB." in (await page.get(f"/loans/{loan}"))[1]
        found = facts([], [], me(bob).hex(), 0, (), shelf.fetching.files())
        assert [("file", f"/loans/{loan}")] == [(fact.says, fact.href) for fact in found]

        # Something packed beside it is not given in its place.
        (bob.settings.home / "received" / "a.ogg.gz").write_bytes(b"other")
        async with page.session.get(f"{page.url}/loans/{loan}/file") as answer:
            assert PODCAST == await answer.read()
            assert "application/octet-stream" == answer.headers["Content-Type"]
            assert "nosniff" == answer.headers["X-Content-Type-Options"]
            assert "default-src 'none'; sandbox" == answer.headers["Content-Security-Policy"]
            disposition = answer.headers["Content-Disposition"]
            assert disposition == "attachment; filename=\"a.ogg\"; filename*=UTF-8''a.ogg"


def verbs(node: Node) -> list[str]:
    rows = [cast("dict[str, Any]", loan) for loan in views.loans(host(node).core)]
    return [verb for row in rows for verb in row["can"]]
