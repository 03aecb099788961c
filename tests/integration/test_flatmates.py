"""Several homes on one computer: who gets which page, and what nobody gets of another's."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from node import doctor
from node.cli.client import Client
from node.config import Settings
from node.engine import intake, views
from node.engine.commands import AddThing, AdmitFriend, Ask, FoundHouse
from node.engine.core import Core
from node.engine.state import Link
from node.errors import StoreCorrupt, StoreError, StoreFull
from node.flat.flat import FIRST, Flat
from node.flat.front import Front
from node.flat.place import PLACE
from node.flat.rooms import ROOM_FILE
from node.node import Node
from node.run import _make_app
from node.store import DATABASE_FILE, Store
from node.transport.door import open_door
from node.transport.endpoint import listen
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.records import Record
from tests.integration.homes import befriend, eventually, home, host, in_days, me, run, sees

PASSWORD = "correct horse"
DAMAGED = b"not a database at all, but long enough to be looked at" * 100
HIDDEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass
class Phone:
    """Somebody's browser: its own cookies, no redirects."""

    url: str
    session: ClientSession
    seen: str = field(default="", init=False)

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, str, str]:
        """Status, text, and the place it sends on to."""
        async with self.session.request(
            method, self.url + path, allow_redirects=False, **more
        ) as answer:
            self.seen = await answer.text()
            return answer.status, self.seen, answer.headers.get("Location", "")

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        status, text, _ = await self.ask("GET", path, headers=headers)
        return status, text

    async def post(self, path: str, page: str, **fields: str) -> str:
        """Send a form of a page; where it leads, or what it says instead."""
        found = HIDDEN.search((await self.get(page))[1])
        data = {**fields, **({"csrf": found[1]} if found else {})}
        _, text, place = await self.ask("POST", path, data=data)
        return place or text

    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}


@dataclass
class Building:
    """A flat that is served."""

    flat: Flat
    url: str
    stack: AsyncExitStack

    async def phone(self) -> Phone:
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        return Phone(self.url, await self.stack.enter_async_context(session))

    def node(self, slug: str = FIRST) -> Node:
        node = self.flat.residents[slug].node
        assert node is not None
        return node

    def key_of(self, slug: str = FIRST) -> str:
        return self.node(slug).token

    async def come_in(self, phone: Phone, slug: str, name: str) -> None:
        """By the link that they were given."""
        code = self.flat.residents[slug].code
        fields = {"name": name, "language": "en", "password": PASSWORD, "again": PASSWORD}
        assert "/?done=welcome" == await phone.post(f"/claim/{code}", f"/claim/{code}", **fields)


@asynccontextmanager
async def flat_in(directory: Path) -> AsyncIterator[Building]:
    settings = Settings(
        directory, peer_host="127.0.0.1", peer_port=0, web_port=0, lan=False, log_level="error"
    )
    async with AsyncExitStack() as stack:
        socket = stack.enter_context(listen("127.0.0.1", 0, "the page"))
        store: Store | StoreError
        try:
            store = Store(directory)
            stack.callback(store.close)
        except StoreError as error:
            store = error
        door = await open_door(settings)
        stack.push_async_callback(door.stop)
        flat = Flat(settings, door, _make_app)
        stack.push_async_callback(flat.stop)
        await flat.start(store)
        front = Front(flat)
        stack.push_async_callback(front.stop)
        host_name, port = socket.getsockname()
        await front.start(socket, 1.0)
        flat.announce(host_name, port)
        yield Building(flat, f"http://127.0.0.1:{port}", stack)


async def set_up_ana(building: Building) -> Phone:
    """Ana, who set the computer up, signed in at her page."""
    await building.node().set_up("Ana", "", "", "en")
    await building.node().command(FoundHouse("Canal street", Charter()))
    phone = await building.phone()
    assert "/" == await phone.post("/sign-in", "/", key=building.key_of())
    return phone


def test_a_home_alone_is_asked_nothing_and_an_added_flatmate_comes_in_by_a_link(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building, home(tmp_path, "Rosa") as rosa:
            ana = await set_up_ana(building)
            stranger = await building.phone()
            assert 401 == (await stranger.get("/"))[0], "no question, a sign-in page as ever"
            assert {} == stranger.cookies()
            assert "Somebody else" not in (await ana.get("/"))[1]

            assert "/flat?done=flatmate-added" == await ana.post("/flat/add", "/flat", name="Léo B")
            code = building.flat.residents["leo-b"].code
            assert f"/claim/{code}" in (await ana.get("/flat"))[1]
            said = (tmp_path / "flat" / "flatmates" / "leo-b" / ROOM_FILE).read_text("utf-8")
            assert code not in said

            # A link that is only looked at (a messenger does) is not used up.
            leo = await building.phone()
            for _ in range(2):
                assert "holds the computer" in (await leo.get(f"/claim/{code}"))[1]
            assert {} == leo.cookies(), "who only looks is not taken for Léo afterwards"
            assert "at least 8" in await leo.post(
                f"/claim/{code}", f"/claim/{code}", name="Léo", password="short", again="short"
            )
            await building.come_in(leo, "leo-b", "Léo")
            assert "Hello Léo" in (await leo.get("/"))[1]
            assert 403 == (await (await building.phone()).get(f"/claim/{code}"))[0]

            # Ana's browser goes on as before; who is not known is asked.
            assert "Hello Ana" in (await ana.get("/"))[1]
            assert (303, "/who") == (await stranger.ask("GET", "/"))[::2]
            page = (await stranger.get("/who"))[1]
            assert "Ana" in page
            assert "Léo" in page

            # One tap: Ana offered it by adding him.
            assert "/?done=befriended" == await leo.post("/flat/accept", "/", flatmate=FIRST)
            one, other = building.node(), building.node("leo-b")
            await eventually(lambda: host(one).core.is_live_friend(me(other)))
            await eventually(lambda: host(one).is_linked(me(other)))
            await _members(one, other)
            await befriend(rosa, one)
            await befriend(rosa, other)
            assert one.peer_port == other.peer_port
            await eventually(
                lambda: host(rosa).is_linked(me(one)) and host(rosa).is_linked(me(other))
            )

    run(scenario())


async def two(building: Building) -> tuple[Phone, Phone]:
    """Ana and Léo, both at home, both signed in, not friends yet."""
    ana = await set_up_ana(building)
    await ana.post("/flat/add", "/flat", name="Léo")
    leo = await building.phone()
    await building.come_in(leo, "leo", "Léo")
    return ana, leo


def test_nobody_gets_anything_of_a_flatmates_home(tmp_path: Path) -> None:
    """Ana's drill and words stand for all that is hers; Léo has a browser and his own keys."""

    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building:
            ana, leo = await two(building)
            drill: Any = await building.node().command(AddThing("Ana's secret drill"))
            words = building.node().words.split()[:3]
            cookie = building.flat.cookie_name
            his, url = leo.cookies(), building.url
            pages = ["/", "/things", f"/things/{drill['thing']}", "/safekeeping", "/inbox",
                     "/notices", "/settings", f"/photo/{drill['thing']}/{'ab' * 32}"]  # fmt: skip

            async def bare(method: str, path: str, **named: str) -> tuple[int, str, str]:
                """A request with these cookies and no others."""
                async with (
                    ClientSession(url, cookies=named) as session,
                    session.request(method, path, allow_redirects=False) as answer,
                ):
                    place = answer.headers.get("Location", "")
                    return answer.status, await answer.text(), place

            # Ana's name on the cookie, his session beside it.
            for page in pages:
                for method in ("GET", "POST"):
                    status, text, _ = await bare(method, page, **{**his, cookie: FIRST})
                    assert status in (401, 404, 405), (method, page)
                    assert "drill" not in text
                    assert not all(word in text for word in words)
            # What a cookie says is looked up, never a path.
            for slug in ("../..", "leo/../..", "/etc", "%2e%2e", "LEO", "leo.", "flatmates"):
                assert (303, "", "/who") == await bare("GET", "/things", **{cookie: slug}), slug
            # His token opens his home, whatever else the request says; her data stay hers.
            token = {"Authorization": f"Bearer {building.key_of('leo')}"}
            status, said = await leo.get("/api/v1/things", **token)
            assert (200, []) == (status, json.loads(said))
            assert "Léo" in (await leo.get("/api/v1/status", **token))[1]
            assert 401 == (await leo.get("/api/v1/things", Authorization="Bearer " + "0" * 64))[0]
            # He is not the one who set the computer up.
            for path, body in (("", {"name": "Eve"}), ("/-/switch", {"on": False})):
                status, said, _ = await leo.ask(
                    "POST", f"/api/v1/flatmates{path}", json=body, headers=token
                )
                assert (409, "not-the-first-flatmate") == (
                    status,
                    json.loads(said)["error"]["code"],
                )
            said = await leo.post("/flat/add", "/flat", name="Eve")
            assert "Only Ana" in said
            assert "Make room" not in said
            # Nor does Ana get at his: what she may is to switch his home off.
            assert "unknown" in json.loads(
                (await ana.ask("POST", "/api/v1/flatmates/..%2F..%2Fx/switch", json={"on": False},
                               headers={"Authorization": f"Bearer {building.key_of()}"}))[1]
            )["error"]["code"]  # fmt: skip
            for host_name in ("evil.example", "127.0.0.1.evil.example"):
                for path in ("/", "/who", "/things", "/claim/x", "/api/v1/status"):
                    assert 403 == (await leo.get(path, Host=host_name))[0], (host_name, path)
            assert 403 == (await leo.ask(
                "POST", "/api/v1/status", headers={"Host": "evil.example"}))[0]  # fmt: skip
            status, text, _ = await leo.ask(
                "POST", "/who", data={"flatmate": FIRST}, headers={"Origin": "http://evil.example"}
            )
            assert 400 == status

    run(scenario())


def test_flatmates_answer_for_the_flat_and_for_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building, home(tmp_path, "Rosa") as rosa:
            ana, leo = await two(building)
            assert "/?done=befriended" == await leo.post("/flat/accept", "/flat", flatmate=FIRST)
            one = building.node()
            await _members(one, building.node("leo"))
            await befriend(rosa, one)
            await befriend(rosa, building.node("leo"))
            things: dict[str, str] = {}
            for title in ("Guest bed", "Ana's drill"):
                made: Any = await one.command(AddThing(title))
                things[title] = made["thing"]
            await rosa.command(AddThing("Kayak"))
            await eventually(lambda: sees(rosa, "Guest bed") and sees(rosa, "Ana's drill"))
            loans = {}
            for title, thing in things.items():
                asked: Any = await rosa.command(Ask(thing, in_days(3), in_days(5), "For my aunt"))
                loans[title] = asked["loan"]

            place = f"/for-the-flat/{FIRST}/{loans['Guest bed']}"
            assert "Guest bed" not in (await leo.get("/inbox"))[1]
            assert 404 == (await leo.get(place))[0]
            assert (
                await ana.post(f"/things/{things['Guest bed']}/flat", "/things", whose="flat")
            ).endswith("?done=flat")

            await asyncio.wait_for(_until(leo, "/inbox", "For the flat"), 20)
            assert "Ana&#39;s drill" not in leo.seen
            assert "Guest bed" in (await leo.get("/things"))[1]
            page = (await leo.get(place))[1]
            assert "For my aunt" in page
            await asyncio.wait_for(_until(leo, place, "Your answer"), 20)
            assert 2 == leo.seen.count('name="message"'), "a word with yes or no, and with dates"
            await asyncio.wait_for(_until(leo, "/notices", "Rosa asks for “Guest bed”"), 20)
            said = await leo.post(place + "/answer", place, answer="yes", message="Welcome!")
            assert "/inbox?done=answered" == said
            assert "Léo said yes." in (await ana.get(f"/loans/{loans['Guest bed']}"))[1]
            said = await leo.post(place + "/hand-over", place)
            assert "/inbox?done=handed-over" == said
            await eventually(lambda: _state(rosa, loans["Guest bed"]) == "handed_over")
            assert "/inbox?done=returned" == await leo.post(place + "/return", place)

            await asyncio.wait_for(_until(ana, "/notices", "Léo looked after “Guest bed”"), 20)

            # Nobody says yes to themselves in another's name.
            leos: Any = await building.node("leo").command(
                Ask(things["Guest bed"], in_days(8), in_days(9))
            )
            await asyncio.wait_for(_until(ana, "/inbox", "Léo asks you"), 20)
            his = f"/for-the-flat/{FIRST}/{leos['loan']}"
            assert 404 == (await leo.get(his))[0]
            assert "no such loan" in await leo.post(his + "/answer", "/things", answer="yes")

            # Her drill is hers: its loan is no loan of the flat.
            hers = loans["Ana's drill"]
            other = f"/for-the-flat/{FIRST}/{hers}"
            assert 404 == (await leo.get(other))[0]
            assert "no such loan" in await leo.post(other + "/answer", "/things", answer="no")
            assert "asked" == _state(rosa, hers)
            app = building.flat.residents["leo"].app
            assert app is not None
            with pytest.raises(Refused, match="not your thing"):
                await app[PLACE].mark(things["Ana's drill"], is_common=True)
            await ana.post(f"/things/{things['Guest bed']}/flat", "/things", whose="mine")
            assert 404 == (await leo.get(place))[0]

    run(scenario())


async def _members(*nodes: Node) -> None:
    await eventually(lambda: all(host(node).core.standing() == "member" for node in nodes))


async def _until(phone: Phone, path: str, text: str) -> None:
    while text not in (await phone.get(path))[1]:  # noqa: ASYNC110 - as homes.eventually
        await asyncio.sleep(0.05)


def _state(node: Node, loan: str) -> str:
    assert node.engine is not None
    rows: list[Any] = views.loans(node.engine.core)
    return next(str(row["state"]) for row in rows if row["loan"] == loan)


def test_a_damaged_home_or_one_switched_off_does_not_stop_the_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building:
            ana, leo = await two(building)
            assert "/flat?done=switched-off" == await ana.post(
                "/flat/switch", "/flat", flatmate="leo", what="off"
            )
            assert 401 == (await leo.get("/"))[0], "Ana is alone now: her page asks for her key"
            assert "Switched off" in (await ana.get("/flat"))[1]
            # Off or on, no new link opens his home to somebody else.
            assert "not open now" in await ana.post("/flat/again", "/flat", flatmate="leo")
            await ana.post("/flat/switch", "/flat", flatmate="leo", what="on")
            assert "has come already" in await ana.post("/flat/again", "/flat", flatmate="leo")
            assert "" == building.flat.residents["leo"].code
            assert "Hello Léo" in (await leo.get("/"))[1]
        database, first = (
            tmp_path / "flat" / place / DATABASE_FILE for place in ("flatmates/leo", "")
        )
        whole = database.read_bytes()
        database.write_bytes(DAMAGED)
        async with flat_in(tmp_path / "flat") as building:
            phone = await building.phone()
            assert "cannot be opened now" in (await phone.get("/who"))[1]
            assert "cannot be opened now" in await phone.post("/who", "/who", flatmate="leo")
            assert "/" == await phone.post("/who", "/who", flatmate=FIRST)
            assert "/" == await phone.post("/sign-in", "/", key=building.key_of())
            assert "is damaged" in (await phone.get("/flat"))[1]
            assert "Hello Ana" in (await phone.get("/"))[1]
            client = Client(tmp_path / "flat")
            found = await asyncio.to_thread(doctor.examine, tmp_path / "flat", client, "en")
            said = [check["message"] for check in found["checks"] if check["name"] == "flatmate"]
            assert "The home of Léo is closed" in said[0]
        database.write_bytes(whole)
        first.write_bytes(DAMAGED)
        async with flat_in(tmp_path / "flat") as building:
            leo = await building.phone()
            assert "cannot be opened now" in (await leo.get("/who"))[1]
            await leo.post("/who", "/who", flatmate="leo")
            await leo.post("/sign-in", "/", key=PASSWORD)
            assert "Hello Léo" in (await leo.get("/"))[1]
        database.write_bytes(DAMAGED)
        with pytest.raises(StoreCorrupt):
            async with flat_in(tmp_path / "flat"):
                pass

    run(scenario())


def test_a_home_that_fails_is_closed_and_the_last_one_ends_the_program(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building:
            ana, leo = await two(building)
            building.node("leo").failed.set_result(StoreFull("There is no room left"))
            await eventually(lambda: building.flat.residents["leo"].server is None)
            assert (303, "/who") == (await leo.ask("GET", "/"))[::2]
            assert "There is no room left." in (await ana.get("/flat"))[1]
            assert not building.flat.failed.done()
            facts = tmp_path / "flat" / "flatmates" / "leo" / "node.json"
            await eventually(lambda: not facts.exists())

            failure = StoreFull("There is no room at all")
            building.node().failed.set_result(failure)
            assert failure is await building.flat.failed

    run(scenario())


@pytest.mark.parametrize("slug", [FIRST, "leo"])
def test_a_home_that_a_message_broke_opens_again_without_its_sender(
    tmp_path: Path, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote the message, the home is there for its person and its other friends."""
    accept = intake.accept

    def accept_with_a_bug(core: Core, link: Link, record: Record) -> None:
        assert getattr(record.body, "title", "") != "breaking", "a bug that somebody found"
        accept(core, link, record)

    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building, home(tmp_path, "Ben") as ben:
            await two(building)
            broken = building.node(slug)
            if slug != FIRST:
                await broken.command(FoundHouse("Another house", Charter()))
            await befriend(ben, broken)
            await ben.command(AddThing("harmless", circles=1))
            await eventually(lambda: sees(broken, "harmless"))
            with monkeypatch.context() as patch:
                patch.setattr(intake, "accept", accept_with_a_bug)
                await ben.command(AddThing("breaking", circles=1))
                await eventually(lambda: building.flat.residents[slug].node not in (None, broken))

            again = building.node(slug)
            assert "node-broken" == host(again).core.paused[me(ben)][1]
            assert sees(again, "harmless")
            assert not sees(again, "breaking")
            assert not building.flat.failed.done()
            phone = await building.phone()
            await phone.post("/who", "/who", flatmate=slug)
            assert "/" == await phone.post("/sign-in", "/", key=again.token)
            assert "made this program fail" in (await phone.get(f"/friends/{me(ben).hex()}"))[1]

            await again.command(AdmitFriend(me(ben).hex()))
            await eventually(lambda: sees(again, "breaking"))

    run(scenario())


def test_a_password_signs_in_and_a_new_one_signs_others_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building:
            ana, leo = await two(building)
            other = await building.phone()
            await other.post("/who", "/who", flatmate="leo")
            assert "does not fit" in await other.post("/sign-in", "/", key="wrong password")
            assert "/" == await other.post("/sign-in", "/", key=PASSWORD)
            fields = {"password": "another horse", "again": "another horse"}
            assert "/settings?done=password" == await leo.post(
                "/settings/password", "/settings", **fields
            )
            assert 200 == (await leo.get("/settings"))[0]
            assert 401 == (await other.get("/"))[0]
            assert "does not fit" in await other.post("/sign-in", "/", key=PASSWORD)

            # Of two who hold one link, one comes in.
            await ana.post("/flat/add", "/flat", name="Max")
            place = f"/claim/{building.flat.residents['max'].code}"
            data = {"name": "Max", "password": PASSWORD, "again": PASSWORD}
            phones = [await building.phone() for _ in range(2)]
            came = await asyncio.gather(*(each.ask("POST", place, data=data) for each in phones))
            assert [303, 403] == sorted(status for status, _, _ in came)

    run(scenario())
