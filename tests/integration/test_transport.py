"""Real sockets: strangers learn nothing and break nothing; links carry everything.

A node runs in this process and is called over loopback, by strangers with every kind
of bytes, and by a friend whose side of the channel the test plays by hand.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from node.config import Settings
from node.engine.commands import FoundHouse, Invite, Join
from node.engine.events import LinkId
from node.errors import LinkLost, PortTaken
from node.host import Host
from node.node import Node, running
from node.store import Store
from node.surroundings import FriendPeer, InvitationPeer
from node.transport import handshakes, links
from node.transport.endpoint import PATH, listen
from node.transport.links import WEB_SOCKET_SIZE_MAX_BYTES, Link
from protocol import keys
from protocol.channel import Channel, Closed
from protocol.charter import Charter
from protocol.errors import BadKey, Refused
from protocol.handshake import Initiator
from protocol.invitations import decode_link
from protocol.keys import MemberId, link_public_key

HOUR_MS = 3_600_000


def run(scenario: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await scenario

    asyncio.run(limited())


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.01)


@asynccontextmanager
async def home(directory: Path, name: str) -> AsyncIterator[Node]:
    settings = Settings(directory, peer_host="127.0.0.1", peer_port=0, lan=False)
    store = Store(directory)
    try:
        async with running(settings, store, "token") as node:
            await node.set_up(name, "", "", "en")
            yield node
    finally:
        store.close()


@asynccontextmanager
async def founder(directory: Path) -> AsyncIterator[Node]:
    async with home(directory / "ana", "Ana") as node:
        await node.command(FoundHouse("House", Charter()))
        yield node


async def invitation(node: Node) -> str:
    answer = await node.command(Invite(HOUR_MS, node.addresses()))
    return str(cast("dict[str, object]", answer)["link"])


@asynccontextmanager
async def calling(node: Node) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session:
        url = f"ws://127.0.0.1:{node.peer_port}{PATH}"
        async with session.ws_connect(url, max_msg_size=0) as web_socket:
            yield web_socket


async def hears(web_socket: aiohttp.ClientWebSocketResponse) -> list[bytes]:
    """Every binary message until the connection ends."""
    heard = []
    async with asyncio.timeout(5):
        async for message in web_socket:
            assert message.type is aiohttp.WSMsgType.BINARY
            heard.append(message.data)
    return heard


def link_key(node: Node) -> bytes:
    assert node.engine is not None
    return node.engine.core.config.link_public


def house(node: Node) -> bytes:
    assert node.engine is not None
    assert node.engine.core.house is not None
    return node.engine.core.house


# --- strangers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x01",
        b"\x02\x01" + bytes(80),
        b"\x01\x01" + bytes(48),
        # The same in every process, so that the tests can be shared out among several.
        b"\x01\x01" + random.Random(1).randbytes(48),
        b"\x01\x02" + random.Random(2).randbytes(16 + 48),
        b"\x01\x09" + random.Random(3).randbytes(48),
        random.Random(4).randbytes(65_535),
        random.Random(5).randbytes(70_000),
    ],
    ids=lambda message: f"{len(message)}-bytes-{message[:2].hex()}",
)
def test_a_stranger_with_any_first_message_hears_nothing(message: bytes, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node, calling(node) as stranger:
            await stranger.send_bytes(message)

            assert [] == await hears(stranger)
            assert 1 == sum(node.counters.values())

    run(scenario())


def test_a_caller_who_leaves_before_saying_anything_is_no_offence(tmp_path: Path) -> None:
    """Friends try several addresses at a time, and leave when one of them has answered."""

    async def scenario() -> None:
        async with founder(tmp_path) as node:
            async with calling(node):
                await eventually(lambda: len(node._endpoint._gate) == 1)
            await eventually(lambda: len(node._endpoint._gate) == 0)

            assert {} == dict(node.counters)

    run(scenario())


def test_a_stranger_who_speaks_text_hears_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node, calling(node) as stranger:
            await stranger.send_str("hello")

            assert [] == await hears(stranger)
            assert {"malformed": 1} == node.counters

    run(scenario())


def test_a_stranger_who_knows_the_key_is_no_friend(tmp_path: Path) -> None:
    """Spec §6.5: an unknown static key is refused before anything is acted on."""

    async def scenario() -> None:
        async with founder(tmp_path) as node, calling(node) as stranger:
            handshake = Initiator.friend(
                house=house(node),
                static=os.urandom(32),
                ephemeral=os.urandom(32),
                remote_static=link_key(node),
            )
            await stranger.send_bytes(handshake.send_first())
            handshake.receive_second((await stranger.receive()).data)
            third, established = handshake.send_third()
            await stranger.send_bytes(third)
            with suppress(ConnectionError):
                await stranger.send_bytes(established.channel.seal(b"let me in"))

            assert [] == await hears(stranger)
            assert {"unknown-peer": 1} == node.counters

    run(scenario())


def test_an_unknown_invitation_looks_like_nonsense(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node, calling(node) as stranger:
            handshake = Initiator.invitation(
                house=house(node),
                static=os.urandom(32),
                ephemeral=os.urandom(32),
                secret=os.urandom(32),
            )
            await stranger.send_bytes(handshake.send_first())

            assert [] == await hears(stranger)
            assert {"unknown-peer": 1} == node.counters

    run(scenario())


def test_a_node_that_nobody_lives_in_hangs_up_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = Settings(tmp_path, peer_host="127.0.0.1", peer_port=0, lan=False)
        store = Store(tmp_path)
        async with running(settings, store, "token") as node, calling(node) as stranger:
            await stranger.send_bytes(os.urandom(100))
            assert [] == await hears(stranger)
        store.close()

    run(scenario())


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "CONNECT"])
@pytest.mark.parametrize("path", ["/", PATH, "/api/v1/status", "/openhouse"])
def test_other_requests_find_nothing_and_no_name(method: str, path: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node:
            reader, writer = await asyncio.open_connection("127.0.0.1", node.peer_port)
            target = f"127.0.0.1:{node.peer_port}" if method == "CONNECT" else path
            writer.write(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = (await reader.read()).decode()

            assert answer.startswith("HTTP/1.1 4")
            assert "openhouse" not in answer.lower()
            assert node.counters["unknown-peer"] == 0
            writer.close()

    run(scenario())


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
        b"GET /ws HTTP/1.1\r\n" + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        + os.urandom(3000),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=["zeros", "tls", "long-header", "no-key", "no-frames", "http2"],
)
def test_any_bytes_at_all_end_only_their_connection(data: bytes, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node:
            reader, writer = await asyncio.open_connection("127.0.0.1", node.peer_port)
            writer.write(data)
            with suppress(ConnectionError):
                answer = await asyncio.wait_for(reader.read(), 5)
                assert b"openhouse" not in answer.lower()
            writer.close()

            async with home(tmp_path / "ben", "Ben") as friend:
                answered = await friend.command(Join(await invitation(node)))
                assert "standing" in cast("dict[str, object]", answered)

    run(scenario())


def test_silent_connections_are_few_and_short_and_friends_still_get_in(tmp_path: Path) -> None:
    """Spec §14: at most 20 half-open handshakes, none longer than its time."""

    async def scenario() -> None:
        async with founder(tmp_path) as node:
            node._endpoint._gate._handshake_max_s = 0.5
            silent = [await asyncio.open_connection("127.0.0.1", node.peer_port) for _ in range(30)]
            await eventually(lambda: node.counters["half-open-limit"] == 10)
            # One of them says one byte at a time.
            silent[0][1].write(b"G")
            await eventually(lambda: node.counters["handshake-timeout"] == 20)
            for reader, writer in silent:
                with suppress(ConnectionError):
                    assert b"" == await reader.read()
                writer.close()

            async with home(tmp_path / "ben", "Ben") as friend:
                await friend.command(Join(await invitation(node)))

    run(scenario())


def test_a_link_that_stands_is_not_half_open(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node:
            node._endpoint._gate._handshake_max_s = 0.2
            async with home(tmp_path / "ben", "Ben") as friend:
                await friend.command(Join(await invitation(node)))
                await asyncio.sleep(0.5)

                assert 0 == len(node._endpoint._gate)
                assert 0 == node.counters["handshake-timeout"]

    run(scenario())


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0, "friends") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"^Port {port} of 127.0.0.1 cannot be used for the "):
            listen("127.0.0.1", port, "the page")
        with pytest.raises(PortTaken, match="cannot be used for friends: "):
            listen("::", port, "friends")
    with pytest.raises(PortTaken, match="Cannot assign requested address"):
        listen("192.0.2.1", 0, "friends")


def test_all_interfaces_are_both_families_of_addresses() -> None:
    with listen("::", 0, "friends") as both:
        for host in ("127.0.0.1", "::1") if socket.has_dualstack_ipv6() else ("127.0.0.1",):
            socket.create_connection((host, both.getsockname()[1])).close()


# --- a friend, played by hand -------------------------------------------------------------


class Friend:
    """The other end of a link with a node: sends and receives whole frames."""

    def __init__(self, web_socket: aiohttp.ClientWebSocketResponse, channel: Channel) -> None:
        self.web_socket = web_socket
        self.channel = channel

    async def send(self, message: bytes) -> None:
        for frame in self.channel.seal_message(message):
            await self.web_socket.send_bytes(frame)

    async def messages(self) -> AsyncIterator[bytes]:
        """Until the node closes; says whether it did so in good order."""
        async for frame in self.web_socket:
            message = self.channel.receive(frame.data)
            if isinstance(message, Closed):
                return
            if message is not None:
                yield message


class Listening:
    """A host that only listens; what a link needs of one."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.links: list[Link] = []
        self.ended = 0
        self.takes_in = True

    def new_link_id(self) -> LinkId:
        return LinkId(len(self.links) + 1)

    def add_link(self, link: Link) -> None:
        self.links.append(link)

    def remove_link(self, link: Link) -> None:
        self.ended += 1

    def receive(self, link: Link, message: bytes) -> None:
        self.messages.put_nowait(message)
        if self.takes_in:
            link.on_delivered(len(message))

    def count(self, code: str) -> None:
        self.counters[code] += 1


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Listening, Link, Friend]]:
    """A link served as a node serves it, and its other end in the test's hands."""
    mine, theirs, town = os.urandom(32), os.urandom(32), os.urandom(32)
    member = MemberId(bytes(32))
    host = Listening()

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        web_socket = web.WebSocketResponse(max_msg_size=WEB_SOCKET_SIZE_MAX_BYTES, compress=False)
        await web_socket.prepare(request)
        channel, peer = await handshakes.answer(
            web_socket,
            house=town,
            static=mine,
            friends=lambda: {keys.link_public_key(theirs): member},
            secret_of=lambda tag: None,
        )
        assert FriendPeer(member) == peer
        await Link(cast(Host, host), web_socket, channel, peer, is_dialled=False).run()
        return web_socket

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    listener = listen("127.0.0.1", 0, "friends")
    await web.SockSite(runner, listener).start()
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with session.ws_connect(url, max_msg_size=WEB_SOCKET_SIZE_MAX_BYTES) as web_socket:
            channel, _ = await handshakes.call_friend(
                web_socket,
                house=town,
                static=theirs,
                friend=member,
                link_key=keys.link_public_key(mine),
            )
            await eventually(lambda: bool(host.links))
            yield host, host.links[0], Friend(web_socket, channel)
            await web_socket.close()
    await eventually(lambda: host.ended == 1)
    await runner.cleanup()


def test_messages_of_every_size_arrive_in_order_both_ways() -> None:
    async def scenario() -> None:
        sizes = [0, 1, 64, 65_515, 65_516, 200_000, 1024 * 1024]
        async with linked() as (host, link, friend):
            for size in sizes:
                await friend.send(bytes(size))
                link.send(bytes(size))
            link.close("enough")

            assert sizes == [len(await host.messages.get()) for _ in sizes]
            assert sizes == [len(message) async for message in friend.messages()]

    run(scenario())


def test_a_link_is_closed_with_goodbyes_on_both_sides() -> None:
    """Spec §6.9: what was sent before the close arrives; both sides say the end."""

    async def scenario() -> None:
        async with linked() as (host, link, friend):
            link.send(b"last words")
            link.close("enough")
            link.close("twice is harmless")
            link.send(b"too late")

            assert [b"last words"] == [message async for message in friend.messages()]
            assert friend.channel.is_closed_there
            await friend.web_socket.send_bytes(friend.channel.close_frame())
            await eventually(lambda: host.ended == 1)
            assert {} == host.counters

    run(scenario())


def test_a_friends_goodbye_is_answered() -> None:
    async def scenario() -> None:
        async with linked() as (_, link, friend):
            link.send(b"last words")
            await friend.web_socket.send_bytes(friend.channel.close_frame())

            assert [b"last words"] == [message async for message in friend.messages()]
            assert friend.channel.is_closed_there

    run(scenario())


def test_who_never_says_goodbye_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "CLOSE_WAIT_S", 0.1)

    async def scenario() -> None:
        async with linked() as (host, link, _):
            link.close("enough")
            await eventually(lambda: host.ended == 1)

    run(scenario())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "malformed"),
        (os.urandom(81), "unknown-critical"),
        (b"\x01" + os.urandom(80), "decrypt-failed"),
        (b"\x01" + os.urandom(100), "malformed"),
        (os.urandom(65_536), "too-large"),
        ("text", "malformed"),
    ],
    ids=["empty", "version", "forged", "size", "oversize", "text"],
)
def test_a_frame_that_is_wrong_cuts_the_link_without_a_word(frame: bytes | str, code: str) -> None:
    if isinstance(frame, bytes) and code == "unknown-critical":
        frame = b"\x07" + frame[1:]

    async def scenario() -> None:
        async with linked() as (host, _, friend):
            if isinstance(frame, str):
                await friend.web_socket.send_str(frame)
            else:
                await friend.web_socket.send_bytes(frame)

            assert [] == [message async for message in friend.messages()]
            assert not friend.channel.is_closed_there, "an end that refuses says nothing"
            assert {code: 1} == host.counters

    run(scenario())


def test_keys_are_replaced_when_their_hour_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spec §6.8: a rekey notice before the next message, and everything is still read."""
    monkeypatch.setattr(links, "REKEY_S", -1.0)

    async def scenario() -> None:
        async with linked() as (_, link, friend):
            for number in range(3):
                link.send(bytes([number]))
            frames = [(await friend.web_socket.receive()).data for _ in range(6)]

            heard = [friend.channel.receive(frame) for frame in frames]
            assert [None, b"\0", None, b"\1", None, b"\2"] == heard

    run(scenario())


def test_what_is_not_taken_in_is_not_read() -> None:
    """Spec §14: at most 1 MiB in flight on a link, and one message."""

    async def scenario() -> None:
        async with linked() as (host, link, friend):
            host.takes_in = False
            writing = asyncio.create_task(_flood(friend, 64))
            await asyncio.sleep(0.3)
            taken = host.messages.qsize()

            assert 1024 * 1024 < taken * 65_000 <= 1024 * 1024 + 65_000
            host.takes_in = True
            link.on_delivered(taken * 65_000)
            for _ in range(64):
                await host.messages.get()
            await writing

    run(scenario())


async def _flood(friend: Friend, count: int) -> None:
    for _ in range(count):
        await friend.send(bytes(65_000))


def test_who_reads_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_SLOW_S", 0.3)

    async def scenario() -> None:
        async with linked() as (host, link, friend):
            transport = cast(Any, friend.web_socket)._response.connection.transport
            transport.pause_reading()
            for _ in range(7):
                link.send(os.urandom(1024 * 1024))
            await eventually(lambda: host.ended == 1)

            assert {"too-slow": 1} == host.counters
            transport.resume_reading()

    run(scenario())


def test_more_than_may_wait_unread_cuts_the_link() -> None:
    async def scenario() -> None:
        async with linked() as (host, link, friend):
            for _ in range(9):
                link.send(bytes(1024 * 1024))
            await eventually(lambda: host.ended == 1)

            assert {"too-slow": 1} == host.counters
            assert not friend.channel.is_closed_there

    run(scenario())


# --- dialling -------------------------------------------------------------------------------


def test_the_invitation_leads_to_a_link_that_is_the_friends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node, home(tmp_path / "ben", "Ben") as guest:
            await guest.command(Join(await invitation(node)))
            assert node._host is not None
            assert guest._host is not None

            assert node._host.is_linked(guest._host.core.me)
            assert guest._host.is_linked(node._host.core.me)

    run(scenario())


def test_an_inviter_with_another_key_is_refused_before_our_own_is_shown() -> None:
    """Spec §6.5: the key of message 2 is compared with the invitation's."""

    async def scenario() -> None:
        secret, town, static = os.urandom(32), os.urandom(32), os.urandom(32)
        heard: list[object] = []

        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            web_socket = web.WebSocketResponse()
            await web_socket.prepare(request)
            with suppress(LinkLost):
                heard.append(
                    await handshakes.answer(
                        web_socket,
                        house=town,
                        static=static,
                        friends=dict,
                        secret_of=lambda tag: secret,
                    )
                )
            return web_socket

        runner = web.ServerRunner(web.Server(serve))
        await runner.setup()
        listener = listen("127.0.0.1", 0, "friends")
        await web.SockSite(runner, listener).start()
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with session.ws_connect(url) as web_socket:
                with pytest.raises(BadKey):
                    await handshakes.call_inviter(
                        web_socket,
                        house=town,
                        static=os.urandom(32),
                        secret=secret,
                        link_key=os.urandom(32),
                    )
            async with session.ws_connect(url) as web_socket:
                _, peer = await handshakes.call_inviter(
                    web_socket,
                    house=town,
                    static=os.urandom(32),
                    secret=secret,
                    link_key=link_public_key(static),
                )
                assert isinstance(peer, InvitationPeer)
                assert peer.is_inviter
        await runner.cleanup()
        assert 1 == len(heard), "the first never got as far as message 3"

    run(scenario())


def test_friends_find_each_other_again_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node:
            async with home(tmp_path / "ben", "Ben") as guest:
                await guest.command(Join(await invitation(node)))
                assert guest._host is not None
                ben = guest._host.core.me
            assert node._host is not None
            await eventually(lambda: not node._host.is_linked(ben))  # type: ignore[union-attr]

            settings = Settings(tmp_path / "ben", peer_host="127.0.0.1", peer_port=0, lan=False)
            store = Store(tmp_path / "ben")
            async with running(settings, store, "token"):
                await eventually(lambda: node._host.is_linked(ben))  # type: ignore[union-attr]
            store.close()

    run(scenario())


def test_an_inviter_who_cannot_be_reached_is_named_as_such(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with founder(tmp_path) as node:
            link = await invitation(node)
            assert node.addresses() == decode_link(link).addresses
        async with home(tmp_path / "ben", "Ben") as guest:
            with pytest.raises(Refused, match="inviter unreachable"):
                await guest.command(Join(link))

    run(scenario())
