"""One link: a secure channel inside a WebSocket, and the two tasks that serve it.

The reader is the task that calls ``run``; it reads as long as the link lives, because
pings are answered only inside ``receive()``. The writer seals and sends what the host
queued, in order. Both are bounded: what the engine has not yet taken in, and what the
other end has not yet read, stop the reader; a peer that reads nothing for a minute,
or lets too much pile up, is cut.

How a link ends: with an authenticated close on both sides (spec §6.9), or cut. After
any refusal of the channel nothing more is sent (spec §6.10).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Final, Protocol, TypeAlias

import aiohttp
from aiohttp import web

from node.host import Host
from node.surroundings import Connection, Peer
from protocol import limits
from protocol.channel import Channel, Closed
from protocol.errors import LocalProtocolError, Malformed, RemoteProtocolError, TooLarge

_log = logging.getLogger("openhouse.links")


class Pipe(Protocol):
    """What carries whole messages as a WebSocket does: a circuit through a friend's node."""

    async def receive(self) -> aiohttp.WSMessage: ...
    async def send_bytes(self, data: bytes) -> None: ...
    async def close(self) -> object: ...
    def abort(self) -> None: ...


WebSocket: TypeAlias = web.WebSocketResponse | aiohttp.ClientWebSocketResponse | Pipe

# aiohttp refuses what reaches its limit, not only what exceeds it.
WEB_SOCKET_SIZE_MAX_BYTES: Final = limits.FRAME_SIZE_MAX_BYTES + 1
HEARTBEAT_S: Final = limits.LINK_HEARTBEAT_MS / 1000
REKEY_S: Final = 3600.0
# After our own close, the other end may still say what it has to say.
CLOSE_WAIT_S: Final = 2.0
_SLOW_S: Final = limits.LINK_READER_SLOW_MAX_MS / 1000
_UNDELIVERED_MAX_BYTES: Final = limits.LINK_IN_FLIGHT_MAX_BYTES
# An honest peer has asked for at most 1 MiB at a time. Beyond four it is not read
# any more until it reads; beyond eight, which other links can cause, it is cut.
_UNSENT_PAUSE_BYTES: Final = 4 * limits.LINK_IN_FLIGHT_MAX_BYTES
_UNSENT_MAX_BYTES: Final = 8 * limits.LINK_IN_FLIGHT_MAX_BYTES


class DialledWebSocket(aiohttp.ClientWebSocketResponse):
    """A client's WebSocket that lets go of its connection.

    The library forgets to when the connection was lost while it was reading.
    """

    def let_go(self) -> None:
        self._response.close()


class Link:
    """A link that stands; see ``node.host.Connection`` for what the host calls.

    Args:
        web_socket: open, the handshake done.
        peer: whom the handshake proved to be at the other end.
        is_dialled: whether this node dialled.
        over: the link with the common friend through whose node it runs; None when direct.
    """

    def __init__(
        self,
        host: Host,
        web_socket: WebSocket,
        channel: Channel,
        peer: Peer,
        *,
        is_dialled: bool,
        over: Connection | None = None,
    ) -> None:
        self.id = host.new_link_id()
        self.peer = peer
        self.is_dialled = is_dialled
        self.over = over
        self._host = host
        self._web_socket = web_socket
        self._channel = channel
        self._outgoing: deque[bytes] = deque()
        self._has_outgoing = asyncio.Event()
        self._has_room = asyncio.Event()
        self._undelivered_bytes = 0
        self._unsent_bytes = 0
        self._is_closing = False
        self._is_cut = False
        self._key_since_s = time.monotonic()

    # --- what the host calls -------------------------------------------------------------

    @property
    def is_relayed(self) -> bool:
        return self.over is not None

    def send(self, message: bytes) -> None:
        if self._is_closing:
            return
        self._outgoing.append(message)
        self._unsent_bytes += len(message)
        if self._unsent_bytes > _UNSENT_MAX_BYTES:
            self._cut("too-slow", "more waits for the other end than it may leave unread")
        self._has_outgoing.set()

    def close(self, reason: str) -> None:
        if not self._is_closing:
            _log.debug("link %d: closing, %s", self.id, reason)
            self._is_closing = True
            self._has_outgoing.set()

    def on_delivered(self, size_bytes: int) -> None:
        self._undelivered_bytes -= size_bytes
        self._look_for_room()

    def cut_if_stranded(self, own_addresses: Collection[str]) -> None:
        """Cut a link whose end here had an address that is not this computer's any more.

        Nothing arrives there: not even that the other end has gone. And as long as it seems
        to stand, it keeps others with the same friend from taking its place.
        """
        web_socket = self._web_socket
        if not isinstance(web_socket, web.WebSocketResponse | aiohttp.ClientWebSocketResponse):
            return  # it goes through a common friend, by a link of its own
        here = web_socket.get_extra_info("sockname")
        if isinstance(here, tuple) and here and not is_one_of(str(here[0]), own_addresses):
            _log.debug("link %d: this computer's address has changed", self.id)
            self._take_down()

    # --- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the link until it has ended; the caller's task is the reader."""
        self._host.add_link(self)
        writer = asyncio.create_task(self._write(), name=f"link {self.id} writer")
        try:
            await self._read()
        finally:
            self._host.remove_link(self)
            try:
                await self._finish(writer)
            finally:
                # Also when there is no time for manners.
                writer.cancel()
                abort(self._web_socket)
                if isinstance(self._web_socket, DialledWebSocket):
                    self._web_socket.let_go()

    async def _finish(self, writer: asyncio.Task[None]) -> None:
        """The reader has ended: say goodbye if the channel still can, and let go."""
        if self._channel.is_closed_there:
            self.close("closed by the other end")
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WAIT_S):
                    await asyncio.wait([writer])
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        if not self._channel.is_closed_there:
            abort(self._web_socket)
        with suppress(TimeoutError, ConnectionError, aiohttp.ClientError):
            async with asyncio.timeout(CLOSE_WAIT_S):
                await self._web_socket.close()

    async def _read(self) -> None:
        while True:
            frame = await self._web_socket.receive()
            try:
                message = self._receive(frame)
            except RemoteProtocolError as error:
                self._cut(error.code, str(error))
                return
            if isinstance(message, Closed):
                return
            if message is not None:
                self._undelivered_bytes += len(message)
                self._host.receive(self, message)
            while not self._has_space():
                self._has_room.clear()
                await self._has_room.wait()

    def _receive(self, frame: aiohttp.WSMessage) -> bytes | Closed | None:
        """The message that a WebSocket message completes, or the end."""
        if frame.type is aiohttp.WSMsgType.BINARY:
            return self._channel.receive(frame.data)
        if frame.type is aiohttp.WSMsgType.TEXT:
            raise Malformed("a text message on a link", "6.3")
        if frame.type is aiohttp.WSMsgType.ERROR:
            raise _socket_error(frame.data)
        _log.debug("link %d: cut", self.id)
        return Closed()

    def _has_space(self) -> bool:
        return self._is_cut or (
            self._undelivered_bytes <= _UNDELIVERED_MAX_BYTES
            and self._unsent_bytes <= _UNSENT_PAUSE_BYTES
        )

    def _look_for_room(self) -> None:
        if not self._has_room.is_set() and self._has_space():
            self._has_room.set()

    # --- writing -----------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while not (self._is_closing and not self._outgoing):
                await self._has_outgoing.wait()
                self._has_outgoing.clear()
                await self._send_queued()
            await self._send_close()
        except TimeoutError:
            self._cut("too-slow", "the other end read nothing for a minute")
        except (ConnectionError, aiohttp.ClientError, LocalProtocolError, RuntimeError) as error:
            # The socket is gone, or the reader ended the channel: it has said why.
            _log.debug("link %d: cannot send, %s", self.id, error)
            self._take_down()

    async def _send_queued(self) -> None:
        while self._outgoing:
            message = self._outgoing.popleft()
            if time.monotonic() - self._key_since_s > REKEY_S:
                self._key_since_s = time.monotonic()
                await self._web_socket.send_bytes(self._channel.rekey_frame())
            async with asyncio.timeout(_SLOW_S):
                for frame in self._channel.seal_message(message):
                    await self._web_socket.send_bytes(frame)
            self._unsent_bytes -= len(message)
            self._look_for_room()

    async def _send_close(self) -> None:
        async with asyncio.timeout(CLOSE_WAIT_S):
            await self._web_socket.send_bytes(self._channel.close_frame())
        if not self._channel.is_closed_there:
            asyncio.get_running_loop().call_later(CLOSE_WAIT_S, self._take_down)

    def _cut(self, code: str, reason: str) -> None:
        """End the link without a word, and count why."""
        _log.info("link %d: cut, %s", self.id, reason)
        self._host.count(code)
        self._outgoing.clear()
        self._take_down()

    def _take_down(self) -> None:
        self._is_closing = True
        self._is_cut = True
        abort(self._web_socket)
        # The reader may wait for room that never comes.
        self._has_room.set()


def _socket_error(error: object) -> RemoteProtocolError:
    if isinstance(error, aiohttp.WebSocketError):
        if error.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
            return TooLarge("a WebSocket message above the limit", "6.3")
        return Malformed(f"not a WebSocket message: {error}", "6.3")
    return Malformed(f"the connection failed: {error}", "6.9")


def abort(web_socket: WebSocket) -> None:
    """Take the socket down at once; its reader and writer notice."""
    if not isinstance(web_socket, web.WebSocketResponse | aiohttp.ClientWebSocketResponse):
        web_socket.abort()
        return
    raw = web_socket.get_extra_info("socket")
    if raw is not None:
        # It may be down already.
        with suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)


def is_one_of(host: str, addresses: Collection[str]) -> bool:
    """Whether an address of a socket is among these, or stays on this computer."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or str(address) in addresses
