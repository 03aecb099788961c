"""Live streams, the emergency kit, the export and the goodbye, over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import urllib.request
import zipfile
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from node.api.app import make_app
from node.engine import views
from node.engine.commands import (
    AddThing,
    ApproveSuccessor,
    Command,
    FreezeKeys,
    GiveBack,
    HandOver,
    KeepNote,
    NameGuardians,
    RevokeKey,
)
from node.engine.events import Json
from node.notices.channels import Channels, Mail, write_channels
from node.web.live import STREAMS_MAX
from node.web.pages import entry_path
from protocol.errors import Refused
from simulations.street import Street
from tests.page_street import Reader, StreetNode, live_here, make_street, served


def test_streams_are_for_who_is_signed_in_few_and_end_with_the_node() -> None:
    """A stranger gets none, another site gets none; a full house says so at once."""

    async def run() -> None:
        node = StreetNode(make_street([(0, 1)], ("Ana", "Luc")))
        app = make_app(node)
        server = TestServer(app)
        await server.start_server()
        url = str(server.make_url("/live"))
        try:
            async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
                async with session.get(url) as answer:
                    assert 401 == answer.status
                async with session.get(str(server.make_url(entry_path(app)))):
                    pass
                foreign = {"Sec-Fetch-Site": "cross-site"}
                async with session.get(url, headers=foreign) as answer:
                    assert 403 == answer.status
                streams = [await session.get(url) for _ in range(STREAMS_MAX)]
                assert {200} == {stream.status for stream in streams}
                async with session.get(url) as answer:
                    assert 503 == answer.status
                head = [await streams[0].content.readline() for _ in range(4)]
                assert [b"retry: 5000\n", b"event: at\n", b"data: 0\n", b"\n"] == head
                node.topics.publish("loans")
                node.topics.publish("browse")
                assert b"data: loans,browse\n" == await streams[0].content.readline()
                await asyncio.wait_for(server.close(), 5)
                for stream in streams:
                    stream.close()
        finally:
            await server.close()

    asyncio.run(run())


def test_the_kit_has_the_words_while_they_are_here_and_lines_to_write_them_on_after() -> None:
    node = StreetNode(make_street([(0, 1)], ("Ana", "Luc")))
    with served(node) as home:
        ana = Reader(home)
        text = ana.get("/safekeeping/kit")[1]
        assert "<li>word23</li>" in text
        assert '<path class="qr' in text or '<svg viewBox="0 0 ' in text
        assert node.engine.core.me.hex() in text
        node.words = ""
        text = ana.get("/safekeeping/kit")[1]
        assert 24 == text.count('<li class="blank">')
        assert "<svg viewBox" not in text


@dataclass
class HomeWithKeys(StreetNode):
    """Who is claimed to be somebody, and asked to answer: what is done is noted."""

    vetoed: list[str] = field(default_factory=list)

    async def command(self, command: Command) -> Json:
        if isinstance(command, RevokeKey):
            self.vetoed.append(command.key)
            return {}
        if isinstance(command, ApproveSuccessor):
            if command.request != "the whole text":
                raise Refused("succession-text-malformed")
            luc = self.street.id(1).hex()
            return {"member": luc, "name": "<b>Luc</b>", "approval": "an answer", "needed": 3}
        return await super().command(command)


def street_with_keys() -> Street:
    """The first two of them have records of keys."""
    street = make_street()
    for number in (0, 1):
        core = street.core(number)
        core.config = replace(core.config, next_root_hash=bytes([number]) * 32)
        street.run(number, FreezeKeys(frozen=False))
    return street


def test_guardians_are_chosen_on_the_page_and_how_many_of_them_it_takes() -> None:
    street = street_with_keys()
    friends = [street.id(number).hex() for number in (1, 2, 6)]
    page = "/safekeeping"
    with served(StreetNode(street)) as home:
        ana = Reader(home)

        def name(approvals: str, *guardians: str) -> tuple[int, str]:
            form = f"{page}/guardians"
            return ana.post(form, page, guardians=list(guardians), approvals=approvals)

        status, text = name("3", *friends[:2])
        assert (409, True) == (status, "Name 3 guardians at least" in text)
        assert f'value="{friends[0]}" checked' in text
        assert '<option value="3" selected>' in text
        for wrong in ("1", "5", "two", ""):
            assert 409 == name(wrong, *friends)[0]
        text = name("3", *friends)[1]
        assert "Saved." in text
        assert "3 of these people can give you new keys together:" in text
        assert "it takes 3 of them: " in ana.get(f"{page}/kit")[1]
        assert "Saved." in name("2")[1]
        assert "You can name two or more friends" in ana.get(page)[1]


def test_who_freezes_their_keys_is_told_so_and_can_do_nothing_else_before_thawing() -> None:
    street = street_with_keys()
    drill = street.run(0, AddThing("Cordless drill"))["thing"]
    page, frozen = "/safekeeping", "Your keys are frozen: nothing counts that your devices sign"
    with served(StreetNode(street)) as home:
        ana = Reader(home)
        assert frozen not in ana.get(page)[1]
        status, text = ana.post(f"{page}/freeze", page)
        assert (200, True, True) == (status, "Frozen: " in text, frozen in text)
        assert "Freeze my keys" not in text
        assert frozen in ana.get("/")[1]
        fields = {"title": "Saw", "kind": "object", "circles": "1"}
        status, text = ana.post("/things", "/things", **fields)
        assert (409, True) == (status, "until you thaw them, in “Safekeeping”" in text)
        seen = [row["thing"] for row in views.browse(street.core(1), lambda refusal: refusal.code)]  # type: ignore[index,call-overload]
        assert drill not in seen
        assert "Thawed: " in ana.post(f"{page}/thaw", page)[1]
        assert frozen not in ana.get("/")[1]
        assert 200 == ana.post("/things", "/things", **fields)[0]


def test_a_guardian_answers_and_who_is_claimed_to_be_somebody_else_says_no() -> None:
    node = HomeWithKeys(street_with_keys())
    named = tuple(node.street.id(number).hex() for number in (0, 3, 6))
    node.street.run(1, NameGuardians(named, 3))
    page, approve, mine = "/safekeeping", "/safekeeping/approve", node.engine.core.me
    key = b"\x05" * 32
    with served(node) as home:
        ana = Reader(home)
        status, text = ana.post(approve, page, request="half of it")
        assert (409, True) == (status, "This text is not whole" in text)
        assert ">half of it</textarea>" in text
        status, text = ana.post(approve, page, request="the whole text")
        assert "Send this answer to &lt;b&gt;Luc&lt;/b&gt;. It takes those of 3 guardians." in text
        assert ">an answer</textarea>" in text
        assert "That is not me" not in text
        node.engine.core.claims[(node.street.id(1), key)] = node.street.now_ms
        assert "That is not me" not in ana.get(page)[1], "it is Luc's to say so"
        node.engine.core.claims[(mine, key)] = node.street.now_ms
        assert "That is not me" in ana.get(page)[1]
        assert "Saved." in ana.post("/safekeeping/veto", page, key=key.hex())[1]
    assert [key.hex()] == node.vetoed


def test_the_export_has_everything_to_read_and_nothing_secret() -> None:
    street = make_street()
    live_here(street)
    mail = Mail("mail.example.org", 465, "tls", "ana", "hunter-2", "a@b.org", "a@b.org")
    street.run(0, KeepNote("channels", write_channels(Channels(mail))))
    street.run(0, KeepNote("calendar", b"s" * 32))
    with served(StreetNode(street)) as home:
        ana = Reader(home)
        data = ana.download("/safekeeping/export", "/safekeeping")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    assert ["openhouse.html", "openhouse.json"] == sorted(archive.namelist())
    found = json.loads(archive.read("openhouse.json"))
    assert {"Cordless drill", "Tent for four", "Washing machine"} == {
        thing["title"] for thing in found["things"]
    }
    assert len(views.loans(street.core(0))) == len(found["loans"])
    assert 3 == len(found["friends"])
    html = archive.read("openhouse.html").decode()
    assert "Three shelves" in html
    assert "It is done, and both of you have said how it went." in html
    assert "as agreed, 9/10" in html
    for secret in ("hunter-2", "s" * 32, "word1 "):
        assert secret not in html + archive.read("openhouse.json").decode()


@pytest.mark.parametrize("name", ["", "Luc"])
def test_nobody_leaves_by_mistake(name: str) -> None:
    street = make_street([(0, 1)], ("Ana", "Luc"))
    with served(StreetNode(street)) as home:
        status, text = Reader(home).post("/goodbye", "/goodbye", name=name)
    assert 409 == status
    assert "Write your name, Ana" in text
    assert 1 == len(views.friends(street.core(0)))


def test_who_leaves_settles_first_then_takes_everything_back() -> None:
    """What is out keeps one here; then nothing of the things or friendships is left."""
    street = make_street()
    loans = live_here(street)
    with served(StreetNode(street)) as home:
        ana = Reader(home)
        text = ana.get("/goodbye")[1]
        assert "Cordless drill" in text
        status, text = ana.post("/goodbye", "/goodbye", name="Ana")
        assert (409, True) == (status, "Something is still out" in text)
        street.run(1, GiveBack(loans["out"]))
        status, text = ana.post("/goodbye", "/goodbye", name=" ana ")
        assert (200, True) == (status, "your friendships here ended" in text)
    assert [] == views.friends(street.core(0))
    assert [] == views.things(street.core(0))
    titles = [row["title"] for row in views.browse(street.core(3), str)]  # type: ignore[call-overload,index]
    assert "Tent for four" not in titles
    assert "cancelled" == street.rows(0)[loans["borrowed"]]["state"]
    with pytest.raises(Refused):
        street.run(1, HandOver(loans["borrowed"]))


def test_a_live_page_is_read_without_its_word_of_what_was_done() -> None:
    """Looking again repeats no "Saved."; what a form answered is not looked at again."""
    with served(StreetNode(make_street([(0, 1)], ("Ana", "Luc")))) as home:
        ana = Reader(home)
        assert 'data-live="/things?x=1"' in ana.get("/things?done=changed&x=1")[1]
        assert "data-live" not in ana.post("/goodbye", "/goodbye", name="")[1]
        assert b"EventSource" in urllib.request.urlopen(f"{home.url}/static/live.js").read()
