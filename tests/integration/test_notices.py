"""Notices on the page, and over real sockets: a mail server, an ntfy server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from node.engine.commands import AddThing
from node.notices import sending
from node.notices.bell import Bell, SendingFailed
from node.notices.channels import Mail, Ntfy
from tests.page_street import Reader, StreetNode, ask_for, make_street, served


class SmallPost:
    """A mail server of a few verbs; keeps what it is handed, or refuses it."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.refuses = False
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 small\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                letter = await reader.readuntil(b"\r\n.\r\n")
                self.letters.append(letter[:-3])
                writer.write(b"250 kept\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif verb == b"RCPT" and self.refuses:
                writer.write(b"550 no such person as ana@example.org\r\n")
            else:
                writer.write(b"250 yes\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
def post() -> Iterator[SmallPost]:
    """A mail server on loopback, in a thread."""
    small = SmallPost()
    with looping() as loop:

        async def start() -> asyncio.Server:
            return await asyncio.start_server(small.talk, "127.0.0.1", 0)

        server = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
        small.port = server.sockets[0].getsockname()[1]
        yield small
        loop.call_soon_threadsafe(server.close)


@contextmanager
def looping() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def test_from_the_settings_to_the_mailbox(post: SmallPost) -> None:
    """Switched on in the settings, asked for by a friend, and a letter that names nobody."""
    street = make_street([(0, 1)], ("Ana", "Luc"))
    node = StreetNode(street)
    bell = Bell(node)
    asyncio.run(bell.ring())
    with served(node) as home:
        ana = Reader(home)
        fields: dict[str, str | list[str]] = {
            "host": "127.0.0.1", "port": str(post.port), "security": "none", "user": "",
            "password": "", "to": "ana@example.org", "wants_asked": ["mail"], "server": "",
        }  # fmt: skip
        status, text = ana.post("/settings", "/settings", **fields)
        assert (200, True) == (status, "Saved." in text)
        status, text = ana.post("/settings/test", "/settings", channel="mail")
        assert "The test is sent." in text
        drill = str(street.run(0, AddThing("Drill"))["thing"])
        street.run(1, AddThing("Book"))
        ask_for(street, 1, drill, 1, 2, "For my shelf")
        asyncio.run(bell.ring())

        letters = [message_from_bytes(letter, policy=default) for letter in post.letters]
        assert ["Open House: This is a test: notices arrive here.",
                "Open House: Somebody asks for one of your things."] == [
            letter["Subject"] for letter in letters
        ]  # fmt: skip
        assert ("ana@example.org", "ana@example.org") == (letters[1]["From"], letters[1]["To"])
        assert not any(word in post.letters[1] for word in (b"Luc", b"Drill", b"shelf", b"http"))

        # On the page it is said in full, counted in the title, and read when one says so.
        status, text = ana.get("/notices")
        assert "<title>(1) Notices" in text
        assert "Luc asks for “Drill”." in text
        status, text = ana.post("/notices/read", "/notices")
        assert "<title>Notices" in text


def test_a_secret_is_never_shown_again_and_goes_to_no_other_server() -> None:
    street = make_street([(0, 1)], ("Ana", "Luc"))
    with served(StreetNode(street)) as home:
        ana = Reader(home)
        fields = {
            "host": "127.0.0.1", "port": "465", "security": "tls", "user": "ana",
            "password": "hunter-2", "to": "ana@example.org", "topic": "t", "token": "tk_1",
            "server": "https://ntfy.sh",
        }  # fmt: skip
        text = ana.post("/settings", "/settings", **fields)[1]
        assert "Saved." in text
        assert "hunter-2" not in text
        assert "tk_1" not in text
        kept = {**fields, "password": "•" * 8, "token": "•" * 8}
        assert "Saved." in ana.post("/settings", "/settings", **kept)[1]
        for change in ({"host": "evil.example"}, {"server": "https://evil.example"}):
            status, text = ana.post("/settings", "/settings", **{**kept, **change})
            assert 409 == status
            assert "This is another server" in text


def test_a_mail_server_that_says_no_is_told_without_its_words(post: SmallPost) -> None:
    """Servers repeat addresses; the reason shown is the number."""
    post.refuses = True
    mail = Mail("127.0.0.1", post.port, "none", "", "", "ana@example.org", "ana@example.org")
    with pytest.raises(SendingFailed, match=r"^550$"):
        sending.send_mail(mail, "Hello", "There")


def test_ntfy_gets_one_message_and_is_followed_nowhere() -> None:
    """JSON to the server's own address; a redirect is a failure, not a way."""
    got: list[object] = []

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json(), request.headers.get("Authorization")))
        return web.Response(status=200 if len(got) == 1 else 302, headers={"Location": "/other"})

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/", take)
        server = TestServer(app)
        await server.start_server()
        try:
            ntfy = Ntfy(str(server.make_url("")).rstrip("/"), "ana", "tk")
            await sending.send_ntfy(ntfy, "Open House: ¿Qué?", "Text")
            with pytest.raises(SendingFailed, match="302"):
                await sending.send_ntfy(ntfy, "Again", "Text")
        finally:
            await server.close()

    asyncio.run(run())
    expected = {"topic": "ana", "title": "Open House: ¿Qué?", "message": "Text"}
    assert (expected, "Bearer tk") == got[0]
    assert 2 == len(got)
