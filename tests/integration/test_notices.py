"""Notices on the page, and over real sockets: a mail server, an ntfy server."""

from __future__ import annotations

import asyncio
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from node.engine.commands import AddThing
from node.notices import sending
from node.notices.bell import Bell, SendingFailed
from node.notices.channels import Mail, Ntfy
from tests.page_street import Reader, StreetNode, ask_for, make_street, served


class SmallPost:
    """A mail server of a few verbs (RFC 5321, 3207, 4954); keeps what it is handed, or refuses it.

    Args:
        tls: its certificate; with one it takes letters under TLS alone.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.letters: list[bytes] = []
        self.hellos: list[bytes] = []
        self.refuses = False
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            writer.write(b"220 small\r\n")
            while line := await reader.readline():
                if await self._answer(line, reader, writer):
                    break
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def _answer(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """One verb; whether it was the last."""
        verb = line[:4].upper().strip()
        is_secret = writer.get_extra_info("sslcontext") is not None
        if verb == b"EHLO":
            self.hellos.append(line[5:].strip())
            offers = b"AUTH PLAIN" if is_secret else b"STARTTLS" if self.tls else b"HELP"
            writer.write(b"250-small\r\n250 " + offers + b"\r\n")
        elif verb == b"STAR" and self.tls and not is_secret:
            writer.write(b"220 go on\r\n")
            await writer.start_tls(self.tls)
        elif verb == b"AUTH":
            is_right = line.split()[-1] == b64encode(b"\0ana\0hunter-2")
            writer.write(b"235 welcome\r\n" if is_right else b"535 ana: wrong password\r\n")
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            return True
        elif self.tls and not is_secret:
            writer.write(b"530 STARTTLS first\r\n")
        elif verb == b"DATA":
            writer.write(b"354 go on\r\n")
            letter = await reader.readuntil(b"\r\n.\r\n")
            self.letters.append(letter[:-3])
            writer.write(b"250 kept\r\n")
        elif verb == b"RCPT" and self.refuses:
            writer.write(b"550 no such person as ana@example.org\r\n")
        else:
            writer.write(b"250 yes\r\n")
        return False


@contextmanager
def posted(small: SmallPost, *, is_implicit: bool = False) -> Iterator[SmallPost]:
    """Serve on loopback, in a thread."""
    with looping() as loop:

        async def start() -> asyncio.Server:
            tls = small.tls if is_implicit else None
            return await asyncio.start_server(small.talk, "127.0.0.1", 0, ssl=tls)

        async def stop() -> None:
            server.close()
            await server.wait_closed()

        server = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
        small.port = server.sockets[0].getsockname()[1]
        yield small
        asyncio.run_coroutine_threadsafe(stop(), loop).result(30)


@pytest.fixture
def post() -> Iterator[SmallPost]:
    """A mail server without TLS."""
    with posted(SmallPost()) as small:
        yield small


def certificate(directory: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A key and a certificate for a name, signed by itself, made now; and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = directory / f"{name}.pem", directory / f"{name}.key"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, secret)
    return context, file


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


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_letter_goes_under_tls_to_the_right_server_with_the_right_password_alone(
    security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways to TLS, with a login; whatever is wrong, no letter and no password leaves."""
    tls, file = certificate(tmp_path, "localhost")
    with posted(SmallPost(tls), is_implicit=security == "tls") as small:

        def send(**changes: Any) -> None:
            mail = Mail("localhost", small.port, security, "ana", "hunter-2", "a@b.org", "a@b.org")
            sending.send_mail(replace(mail, **changes), "Hello", "There")

        def why(**changes: Any) -> str:
            with pytest.raises(SendingFailed) as failure:
                send(**changes)
            return str(failure.value)

        # Signed by nobody this computer knows.
        assert "certificate" == why()
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        # For another name than the one that was called.
        assert "certificate" == why(host="127.0.0.1")
        assert "login" == why(password="wrong")
        assert [] == small.letters
        if security == "starttls":
            assert "no-tls" == why(security="tls")
            assert "530" == why(security="none", user="", password="")
        send()
        assert [True] == [b"Subject: Hello" in letter for letter in small.letters]
        assert {b"[127.0.0.1]"} == set(small.hellos), "the name of the computer stays here"


def test_a_wrong_certificate_and_a_server_without_tls_are_said_in_words(
    post: SmallPost, tmp_path: Path
) -> None:
    """On the page, in the reader's language, from a try in the settings."""
    with posted(SmallPost(certificate(tmp_path, "localhost")[0]), is_implicit=True) as strange:
        street = make_street([(0, 1)], ("Ana", "Luc"))
        with served(StreetNode(street, language="fr")) as home:
            ana = Reader(home)
            fields = {
                "host": "127.0.0.1", "port": str(strange.port), "security": "tls", "user": "ana",
                "password": "hunter-2", "to": "ana@example.org", "server": "",
            }  # fmt: skip
            ana.post("/settings", "/settings", **fields)
            text = unescape(ana.post("/settings/test", "/settings", channel="mail")[1])
            assert "le certificat du serveur n’est pas reconnu" in text
            fields |= {"port": str(post.port), "security": "starttls", "password": "hunter-2"}
            ana.post("/settings", "/settings", **fields)
            text = unescape(ana.post("/settings/test", "/settings", channel="mail")[1])
            assert "le serveur ne propose pas STARTTLS" in text
    assert [] == post.letters + strange.letters


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
