"""Asking the home's router to let friends in: PCP (RFC 6887), else NAT-PMP (RFC 6886).

Off unless the owner switches it on (``--map-port``): it is the only thing a node asks of
a device that is not a friend's. The router is the default gateway; nobody else is asked
or believed. What it grants is a lease, renewed at half its time, given back when the node
ends, and never counted on: friends try the address as they try any other.

IPv4 only: IPv6 homes need a rule in their router's firewall, which few routers let
programs set. UPnP is not spoken: it would mean parsing XML of whatever answers first on
the network.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from typing import Final

from node.config import join_address

_log = logging.getLogger("openhouse.portmap")

SERVER_PORT: Final = 5351
LIFETIME_S: Final = 7200
RENEWAL_MIN_S: Final = 60.0
RETRY_S: Final = 15 * 60.0
# RFC 6886: 250 ms, doubled each time. Four attempts are 3.75 seconds.
ANSWER_S: Final = 0.25
_ATTEMPTS: Final = 4
_DATAGRAM_MAX_BYTES: Final = 1100
_TCP: Final = 6
_ROUTES: Final = Path("/proc/net/route")

# What a router behind another router, or behind the provider's, believes to be outside.
_NOT_OUTSIDE: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
    )
)  # fmt: skip

_PCP_REQUEST: Final = struct.Struct("!BBHI16s12sB3xHH16s")
_PCP_ANSWER: Final = struct.Struct("!BBxBII12x12sB3xHH16s")
_PCP_HEAD: Final = struct.Struct("!BBxBII12x")
_PMP_MAP: Final = struct.Struct("!BBHHHI")
_PMP_MAPPED: Final = struct.Struct("!BBHIHHI")
_PMP_ADDRESS: Final = struct.Struct("!BBHI4s")


class Unmapped(Exception):
    """The router did not answer, or not as one that would let anybody in."""


class UnknownVersion(Unmapped):
    """The router speaks another version than it was asked in."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a router granted."""

    host: IPv4Address
    port: int
    lifetime_s: int

    def address(self) -> str | None:
        """As told to friends; None when it is no place the world can reach."""
        is_granted = self.port > 0 and self.lifetime_s > 0
        is_outside = not any(self.host in network for network in _NOT_OUTSIDE)
        return join_address(str(self.host), self.port) if is_granted and is_outside else None


class PortMap:
    """Keeps a mapping for the peer port for as long as it lives.

    Args:
        on_changed: called when ``address`` became another.
        gateway: where to ask; looked up at each attempt when None.
    """

    def __init__(
        self,
        port: int,
        on_changed: Callable[[], None],
        gateway: Callable[[], tuple[str, int] | None] | None = None,
    ) -> None:
        self.address: str | None = None
        self._port = port
        self._on_changed = on_changed
        self._gateway = gateway or _default_gateway
        # The same for all requests of a mapping: the router knows it again by it.
        self._nonce = os.urandom(12)
        self._task = asyncio.create_task(self._keep_mapped(), name="port mapping")
        self._news = asyncio.Event()

    async def stop(self) -> None:
        """Give the mapping back."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        gateway = self._gateway()
        if self.address is not None and gateway is not None:
            with suppress(Unmapped, OSError):
                await _ask(gateway, self._port, self._nonce, lifetime_s=0)

    def on_network_changed(self) -> None:
        """Another network, another router."""
        self._news.set()

    async def _keep_mapped(self) -> None:
        while True:
            delay_s = RETRY_S
            self._news.clear()
            try:
                mapping = await self._map()
            except (Unmapped, OSError) as error:
                _log.info("the router lets nobody in: %s", error)
                self._tell(None)
            else:
                address = mapping.address()
                if address is None:
                    _log.info("the router is itself behind another one, at %s", mapping.host)
                delay_s = max(RENEWAL_MIN_S, mapping.lifetime_s / 2)
                self._tell(address)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._news.wait()

    async def _map(self) -> Mapping:
        gateway = self._gateway()
        if gateway is None:
            raise Unmapped("there is no router")
        return await _ask(gateway, self._port, self._nonce, lifetime_s=LIFETIME_S)

    def _tell(self, address: str | None) -> None:
        if address != self.address:
            _log.info("friends can call this node at %s", address or "no other address")
            self.address = address
            self._on_changed()


# --- asking ------------------------------------------------------------------------------


async def _ask(gateway: tuple[str, int], port: int, nonce: bytes, *, lifetime_s: int) -> Mapping:
    """Ask for a mapping, or with a lifetime of 0 give it back.

    Raises:
        Unmapped: none was granted.
        OSError: the router cannot be reached.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        # From now on the system drops what anybody else sends.
        asking.connect(gateway)
        try:
            return await _ask_pcp(asking, port, nonce, lifetime_s)
        except Unmapped as error:
            _log.debug("PCP: %s", error)
        return await _ask_nat_pmp(asking, port, lifetime_s)


async def _exchange(
    asking: socket.socket, request: bytes, read: Callable[[bytes], Mapping | IPv4Address | None]
) -> Mapping | IPv4Address:
    """Send a request until something is answered that ``read`` takes for an answer."""
    loop = asyncio.get_running_loop()
    for attempt in range(_ATTEMPTS):
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S * 2**attempt):
                await loop.sock_sendall(asking, request)
                while True:
                    answer = read(await loop.sock_recv(asking, _DATAGRAM_MAX_BYTES))
                    if answer is not None:
                        return answer
    raise Unmapped("no answer")


# --- PCP -----------------------------------------------------------------------------------


async def _ask_pcp(asking: socket.socket, port: int, nonce: bytes, lifetime_s: int) -> Mapping:
    own = _mapped(IPv4Address(asking.getsockname()[0]))
    anywhere = _mapped(IPv4Address(0))
    # Version 2, opcode 1 (MAP): our port, and the same outside if it is free.
    request = _PCP_REQUEST.pack(2, 1, 0, lifetime_s, own, nonce, _TCP, port, port, anywhere)
    mapping = await _exchange(asking, request, lambda data: read_pcp(data, port, nonce))
    assert isinstance(mapping, Mapping), "PCP answers with a mapping"
    return mapping


def read_pcp(data: bytes, port: int, nonce: bytes) -> Mapping | None:
    """A router's answer to MAP; None for what is none.

    Raises:
        Unmapped: it says no.
    """
    if len(data) >= 4 and data[0] == 0:
        # RFC 6887, 9: a NAT-PMP router answers in its own version.
        raise UnknownVersion("the router speaks NAT-PMP")
    if len(data) < _PCP_HEAD.size:
        return None
    version, opcode, result, lifetime_s, _ = _PCP_HEAD.unpack_from(data)
    if version != 2 or opcode != 0x81:
        return None
    if result:
        raise Unmapped(f"PCP result {result}")
    if len(data) < _PCP_ANSWER.size:
        return None
    *_, its_nonce, protocol, inside, outside, host = _PCP_ANSWER.unpack_from(data)
    if its_nonce != nonce or protocol != _TCP or inside != port:
        return None
    return _granted(IPv6Address(host).ipv4_mapped, outside, lifetime_s)


def _mapped(address: IPv4Address) -> bytes:
    """An IPv4 address as PCP writes it."""
    return bytes(10) + b"\xff\xff" + address.packed


# --- NAT-PMP ---------------------------------------------------------------------------------


async def _ask_nat_pmp(asking: socket.socket, port: int, lifetime_s: int) -> Mapping:
    host = await _exchange(asking, b"\0\0", read_pmp_address)
    assert isinstance(host, IPv4Address), "the first answer is an address"
    # Version 0, opcode 2 (TCP). Who gives a mapping back names no port outside.
    request = _PMP_MAP.pack(0, 2, 0, port, port if lifetime_s else 0, lifetime_s)
    mapping = await _exchange(asking, request, lambda data: read_pmp_mapping(data, port, host))
    assert isinstance(mapping, Mapping), "the second answer is a mapping"
    return mapping


def read_pmp_address(data: bytes) -> IPv4Address | None:
    """A router's outside address; None for what is none. Raises Unmapped when it says no."""
    if len(data) < 4 or data[0] != 0 or data[1] != 0x80:
        return None
    result = int.from_bytes(data[2:4], "big")
    if result:
        raise Unmapped(f"NAT-PMP result {result}")
    return IPv4Address(_PMP_ADDRESS.unpack_from(data)[4]) if len(data) >= 12 else None


def read_pmp_mapping(data: bytes, port: int, host: IPv4Address) -> Mapping | None:
    """A router's mapping; None for what is none. Raises Unmapped when it says no."""
    if len(data) < 4 or data[0] != 0 or data[1] != 0x82:
        return None
    result = int.from_bytes(data[2:4], "big")
    if result:
        raise Unmapped(f"NAT-PMP result {result}")
    if len(data) < _PMP_MAPPED.size:
        return None
    *_, inside, outside, lifetime_s = _PMP_MAPPED.unpack_from(data)
    return None if inside != port else _granted(host, outside, lifetime_s)


def _granted(host: IPv4Address | None, port: int, lifetime_s: int) -> Mapping:
    if host is None or (lifetime_s and not port):
        raise Unmapped("the router names no IPv4 address or port")
    return Mapping(host, port, min(lifetime_s, LIFETIME_S))


# --- the router ------------------------------------------------------------------------------


def _default_gateway() -> tuple[str, int] | None:
    """The router of the default route with the least metric (Linux)."""
    try:
        lines = _ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, ValueError):
        return None
    return parse_routes(lines)


def parse_routes(lines: list[str]) -> tuple[str, int] | None:
    """The same, from the lines of /proc/net/route."""
    found = []
    for line in lines:
        fields = line.split()
        # Destination and mask 0, and a gateway (flag 2): "iface 00000000 0101A8C0 0003 ...".
        with suppress(ValueError, IndexError, OverflowError):
            is_default = int(fields[1], 16) == int(fields[7], 16) == 0
            if is_default and int(fields[3], 16) & 2:
                # The kernel writes addresses as the machine's own integers.
                packed = int(fields[2], 16).to_bytes(4, sys.byteorder)
                found.append((int(fields[6]), str(IPv4Address(packed))))
    return (min(found)[1], SERVER_PORT) if found else None
