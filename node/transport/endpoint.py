"""The peer port: where friends and guests call.

One route takes WebSockets; everything else is answered with an empty 404 that names
no program. What is behind the route says nothing either until the caller has proven
to know this node's key or an invitation. Any bytes at all may arrive here: they end
their connection and are counted, nothing else.

Several homes can live behind one port (flatmates, ``node.flat``). Whose call it is shows in
its first message: an invitation by its tag, a friend by the key that opens it. A stranger
learns nothing of how many there are.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from node.errors import LinkLost, PortTaken, TransportError
from node.host import Host
from node.transport import handshakes
from node.transport.gate import Gate
from node.transport.links import HEARTBEAT_S, WEB_SOCKET_SIZE_MAX_BYTES, Link, WebSocket, abort
from protocol.errors import RemoteProtocolError
from protocol.handshake import FirstMessage, HandshakeKind
from protocol.keys import MemberId

_log = logging.getLogger("openhouse.endpoint")

# Says nothing about what is served; a proxy can be told to pass on this path alone.
PATH: Final = "/ws"
_BACKLOG: Final = 64


class Answering(Protocol):
    """The engine, for whoever answers calls."""

    def link_keys(self) -> dict[bytes, MemberId]: ...
    def invitation_secret(self, tag: bytes, now_ms: int) -> bytes | None: ...


class Pairing(Protocol):
    """Who takes calls of homes that are not known yet; see ``node.transport.pairing``."""

    @property
    def is_waiting(self) -> bool: ...
    @property
    def is_calling(self) -> bool: ...
    async def take(self, web_socket: WebSocket, first: FirstMessage, host: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class _Resident:
    """One home behind the port."""

    host: Host
    answering: Answering
    pairing: Pairing | None


class Endpoint:
    """Serves the peer port.

    Args:
        listener: bound; see ``listen``.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.counters: Counter[str] = Counter()
        """How often what was refused before it was known for which home it is."""
        self._residents: list[_Resident] = []
        self._gate = Gate(self._count)
        self._server: asyncio.Server | None = None
        self._http = web.Server(self._serve, access_log=None)
        self._connections: dict[asyncio.BaseTransport, None] = {}

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    async def start(self) -> None:
        """Begin to listen; callers are hung up on until there is a host."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Doorman(self._gate, self._http, self._connections),
            sock=self._listener,
            backlog=_BACKLOG,
        )

    def attach(self, host: Host, answering: Answering, pairing: Pairing | None = None) -> None:
        """From now on callers can become links of this host, or pair with it."""
        self._residents.append(_Resident(host, answering, pairing))

    def detach(self, host: Host) -> None:
        """Take no more calls for this host; twice is harmless."""
        self._residents = [each for each in self._residents if each.host is not host]

    def lives_here(self, member: MemberId) -> bool:
        """Whether a member's home is behind this port."""
        return any(each.host.core.me == member for each in self._residents)

    async def stop(self) -> None:
        """Listen no more, and end what has not ended by itself."""
        if self._server is None:
            self._listener.close()
            return
        self._server.close()
        await self._http.shutdown(timeout=1.0)
        for transport in list(self._connections):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        web_socket = web.WebSocketResponse(
            max_msg_size=WEB_SOCKET_SIZE_MAX_BYTES, compress=False, heartbeat=HEARTBEAT_S
        )
        is_call = request.path == PATH and request.method == "GET"
        if not is_call or not _can_prepare(web_socket, request):
            self._count("not-a-link")
            return _nothing_here()
        web_socket.headers["Server"] = ""
        await web_socket.prepare(request)
        link = await self._answer(web_socket, request)
        if link is not None:
            self._gate.leave(transport)
            await link.run()
        return web_socket

    async def _answer(
        self, web_socket: web.WebSocketResponse, request: web.BaseRequest
    ) -> Link | None:
        """The link with the caller, or None after hanging up on them."""
        try:
            first = await handshakes.hear(web_socket)
            if first.kind is HandshakeKind.PAIRING and (pairing := self._who_pairs()) is not None:
                self._gate.leave(request.transport)  # one at a time, and it has its own clock
                await pairing.take(web_socket, first, request.remote)
                return None
            called = self._who_is_called(first)
            host, answering = called.host, called.answering
            assert host.core.house is not None, "only who has a house is called"
            channel, peer = await handshakes.answer(
                web_socket,
                house=host.core.house,
                static=host.core.config.link_private,
                friends=answering.link_keys,
                secret_of=lambda tag: answering.invitation_secret(tag, _now_ms()),
                first=first,
            )
        except (RemoteProtocolError, TransportError, ConnectionError, RuntimeError) as error:
            if not isinstance(error, handshakes.CallerLeft):
                self._count(getattr(error, "code", "link-lost"))
                _log.info("hung up on a caller: %s", error)
            await _hang_up(web_socket)
            return None
        return Link(host, web_socket, channel, peer, is_dialled=False)

    def _who_is_called(self, first: FirstMessage) -> _Resident:
        """Whose call it is; the first one's when it is nobody's. Raises LinkLost."""
        housed = [each for each in self._residents if each.host.core.house is not None]
        if not housed:
            raise LinkLost("Nobody lives here yet")
        others = housed if len(housed) > 1 else []
        return next((each for each in others if _is_for(first, each)), housed[0])

    def _who_pairs(self) -> Pairing | None:
        """Whose window is open: of two flatmates who pair with each other, who does not call."""
        desks = [each.pairing for each in self._residents if each.pairing is not None]
        open_desks = [desk for desk in desks if desk.is_waiting]
        return min(open_desks or desks, key=lambda desk: desk.is_calling, default=None)

    def _count(self, code: str) -> None:
        self.counters[code] += 1


def _is_for(first: FirstMessage, resident: _Resident) -> bool:
    """Whether a first message was made for this home."""
    core = resident.host.core
    if first.invitation_tag is not None:
        secret = resident.answering.invitation_secret(first.invitation_tag, _now_ms())
        return secret is not None
    return handshakes.is_made_for(first, core.house or b"", core.config.link_private)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _nothing_here() -> web.Response:
    response = web.Response(status=404, headers={"Server": ""})
    response.force_close()
    return response


def _can_prepare(web_socket: web.WebSocketResponse, request: web.BaseRequest) -> bool:
    try:
        return web_socket.can_prepare(request).ok
    except web.HTTPException:
        return False


async def _hang_up(web_socket: web.WebSocketResponse) -> None:
    abort(web_socket)
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(1.0):
            await web_socket.close()


class _Doorman(asyncio.Protocol):
    """Stands between a connection and HTTP: asks the gate, passes everything on."""

    def __init__(
        self, gate: Gate, http: web.Server, connections: dict[asyncio.BaseTransport, None]
    ) -> None:
        self._gate = gate
        self._http = http
        self._connections = connections
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "only streams are served"
        if self._gate.admit(transport):
            self._transport = transport
            self._connections[transport] = None
            self._inner = self._http()
            self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._inner is not None and self._transport is not None:
            self._gate.leave(self._transport)
            self._connections.pop(self._transport, None)
            self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()


def listen(address: str, port: int, purpose: str) -> socket.socket:
    """A bound socket; "::" takes IPv4 as well, and is IPv4 alone where there is no IPv6.

    Raises:
        PortTaken: another program has the port, or the address is not ours.
    """
    if address == "localhost":
        address = "127.0.0.1"
    is_six = ":" in address
    if address == "::" and not socket.has_dualstack_ipv6():
        address, is_six = "0.0.0.0", False
    listener = socket.socket(socket.AF_INET6 if is_six else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_six:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        listener.bind((address, port))
        # Only now does the system say whether another program listens there.
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            option = "--peer-port" if purpose == "friends" else "--web-port"
            reason = f"another home or program has it; end that one, or choose a port with {option}"
        raise PortTaken(
            f"Port {port} of {address} cannot be used for {purpose}: {reason}"
        ) from error
    return listener
