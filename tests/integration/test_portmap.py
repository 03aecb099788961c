"""Asking a router to let friends in: real datagrams, a router played by the test."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.config import Settings
from node.engine.commands import FoundHouse, Invite, Join
from node.node import Node, running
from node.store import Store
from node.transport import portmap
from node.transport.addresses import reachable_addresses
from node.transport.portmap import (
    LIFETIME_S,
    Mapping,
    PortMap,
    Unmapped,
    parse_routes,
    read_pcp,
    read_pmp_address,
    read_pmp_mapping,
)
from protocol.charter import Charter

OUTSIDE = IPv4Address("203.0.113.9")
NONCE = b"n" * 12


class Router:
    """Answers on a port of loopback as a home's router would.

    Args:
        speaks: "pcp", "nat-pmp" or "" (drops everything).
    """

    def __init__(self, speaks: str) -> None:
        self.speaks = speaks
        self.outside = OUTSIDE
        self.result = 0
        self.lifetime_s = LIFETIME_S
        self.drop = 0
        self.noise: list[bytes] = []
        self.asked: list[bytes] = []
        self.askers: list[tuple[str, int]] = []
        self.mapped: dict[int, int] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.place: tuple[str, int] = self._socket.getsockname()
        asyncio.get_running_loop().add_reader(self._socket, self._answer)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _answer(self) -> None:
        data, sender = self._socket.recvfrom(2000)
        self.asked.append(data)
        self.askers.append(sender)
        if self.drop:
            self.drop -= 1
            return
        for noise in self.noise:
            self._socket.sendto(noise, sender)
        answer = self._pcp(data) if self.speaks == "pcp" else self._nat_pmp(data)
        if self.speaks and answer:
            self._socket.sendto(answer, sender)

    def _pcp(self, data: bytes) -> bytes:
        if data[0] != 2 or len(data) != 60:
            return b""
        lifetime_s = int.from_bytes(data[4:8], "big")
        inside = int.from_bytes(data[40:42], "big")
        assert data[8:24] == bytes(10) + b"\xff\xff" + bytes((127, 0, 0, 1))
        self._map(inside, lifetime_s)
        head = struct.pack("!BBBBII12x", 2, 0x81, 0, self.result, self._granted(lifetime_s), 1)
        outside = bytes(10) + b"\xff\xff" + self.outside.packed
        return head + data[24:40] + struct.pack("!HH", inside, inside + 1) + outside

    def _nat_pmp(self, data: bytes) -> bytes:
        if data[0] == 2:
            return struct.pack("!BBHI", 0, 0x80 | data[1], 1, 1)
        if data == b"\0\0":
            return struct.pack("!BBHI4s", 0, 0x80, self.result, 1, self.outside.packed)
        _, opcode, _, inside, _, lifetime_s = struct.unpack("!BBHHHI", data)
        assert opcode == 2
        self._map(inside, lifetime_s)
        granted = self._granted(lifetime_s)
        return struct.pack("!BBHIHHI", 0, 0x82, self.result, 1, inside, inside + 1, granted)

    def _granted(self, lifetime_s: int) -> int:
        return min(lifetime_s, self.lifetime_s)

    def _map(self, inside: int, lifetime_s: int) -> None:
        if lifetime_s:
            self.mapped[inside] = inside + 1
        else:
            self.mapped.pop(inside, None)


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
async def mapping(router: Router, port: int = 7470) -> AsyncIterator[tuple[PortMap, list[int]]]:
    changes: list[int] = []
    mapped = PortMap(port, lambda: changes.append(1), lambda: router.place)
    try:
        yield mapped, changes
    finally:
        await mapped.stop()
        router.close()


@pytest.mark.parametrize("speaks", ["pcp", "nat-pmp"])
def test_a_port_is_mapped_and_given_back(speaks: str) -> None:
    async def scenario() -> None:
        router = Router(speaks)
        router.drop = 1  # a datagram is lost
        async with mapping(router) as (mapped, changes):
            await eventually(lambda: mapped.address is not None)
            assert ("203.0.113.9:7471", [1]) == (mapped.address, changes)
            assert {7470: 7471} == router.mapped
        assert {} == router.mapped

    run(scenario())


def test_a_lease_is_renewed_at_half_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portmap, "RENEWAL_MIN_S", 0.05)

    async def scenario() -> None:
        router = Router("pcp")
        router.lifetime_s = 1
        async with mapping(router) as (mapped, changes):
            await eventually(lambda: len(router.asked) >= 3)
            assert [1] == changes
            # The provider gave the home another address.
            router.outside = IPv4Address("203.0.113.10")
            await eventually(lambda: mapped.address == "203.0.113.10:7471")
            assert [1, 1] == changes
            # The router forgets how to do it.
            router.result = 2
            await eventually(lambda: mapped.address is None)

    run(scenario())


def test_another_network_is_asked_at_once() -> None:
    async def scenario() -> None:
        router = Router("pcp")
        async with mapping(router) as (mapped, _):
            await eventually(lambda: mapped.address is not None)
            mapped.on_network_changed()
            await eventually(lambda: len(router.asked) == 2)

    run(scenario())


@pytest.mark.parametrize("outside", ["192.168.0.7", "10.1.2.3", "100.64.0.9", "0.0.0.0"])
def test_a_router_behind_another_is_of_no_use(outside: str) -> None:
    async def scenario() -> None:
        router = Router("pcp")
        router.outside = IPv4Address(outside)
        async with mapping(router) as (mapped, changes):
            await eventually(lambda: bool(router.mapped))
            await asyncio.sleep(0.05)
            assert (None, []) == (mapped.address, changes)

    run(scenario())


@pytest.mark.parametrize(("speaks", "result"), [("pcp", 2), ("nat-pmp", 2), ("", 0)])
def test_a_router_that_says_no_or_nothing_does_no_harm(
    speaks: str, result: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portmap, "ANSWER_S", 0.005)

    async def scenario() -> None:
        router = Router(speaks)
        router.result = result
        async with mapping(router) as (mapped, changes):
            await eventually(lambda: len(router.asked) >= 2)
            await asyncio.sleep(0.1)
            assert (None, []) == (mapped.address, changes)

    run(scenario())


def test_noise_is_passed_over() -> None:
    async def scenario() -> None:
        router = Router("pcp")
        wrong_nonce = struct.pack("!BBBBII12x", 2, 0x81, 0, 0, 1, 1) + bytes(36)
        router.noise = [b"", b"\x02", b"\x02\x81", bytes([2, 0x81, 0, 0]) + bytes(20), wrong_nonce]
        async with mapping(router) as (mapped, _):
            await eventually(lambda: mapped.address is not None)
            assert "203.0.113.9:7471" == mapped.address

    run(scenario())


def test_nobody_but_the_router_is_believed() -> None:
    """A program on the network that answers first changes nothing."""

    async def scenario() -> None:
        router, liar = Router(""), Router("pcp")
        async with mapping(router) as (mapped, _):
            await eventually(lambda: bool(router.asked))
            forged = liar._pcp(router.asked[0])
            liar._socket.sendto(forged, router.askers[0])
            await asyncio.sleep(0.1)
            assert mapped.address is None
            # From the router's own place, the very same bytes count.
            router._socket.sendto(forged, router.askers[0])
            await eventually(lambda: mapped.address is not None)
        liar.close()

    run(scenario())


@given(st.binary(max_size=80) | st.binary(max_size=70).map(lambda tail: b"\x02\x81" + tail))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    for read in (
        lambda: read_pcp(data, 7470, NONCE),
        lambda: read_pmp_address(data),
        lambda: read_pmp_mapping(data, 7470, OUTSIDE),
    ):
        try:
            read()
        except Unmapped:
            continue


def test_a_lease_is_not_believed_to_be_longer_than_asked_for() -> None:
    data = struct.pack("!BBHIHHI", 0, 0x82, 0, 1, 7470, 9000, 2**32 - 1)

    assert Mapping(OUTSIDE, 9000, LIFETIME_S) == read_pmp_mapping(data, 7470, OUTSIDE)


def test_the_router_is_the_gateway_of_the_best_default_route() -> None:
    lines = [
        "eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0",
        "wlan0 00000000 0102A8C0 0003 0 0 50 00000000 0 0 0",
        "eth0 0001A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0",
        "tun0 00000000 00000000 0001 0 0 0 00000000 0 0 0",
        "nonsense",
    ]

    assert ("192.168.2.1", 5351) == parse_routes(lines)
    assert parse_routes(lines[2:]) is None


# --- a node ----------------------------------------------------------------------------------


@asynccontextmanager
async def home(directory: Path, name: str, *, map_port: bool = False) -> AsyncIterator[Node]:
    settings = Settings(
        directory / name, peer_host="127.0.0.1", peer_port=0, lan=False, map_port=map_port
    )
    store = Store(settings.home)
    try:
        async with running(settings, store, "token") as node:
            await node.set_up(name, "", "", "en")
            yield node
    finally:
        store.close()


def test_a_node_asks_only_when_it_is_told_to_and_tells_its_friends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        router = Router("")
        monkeypatch.setattr(portmap, "_default_gateway", lambda: router.place)
        async with (
            home(tmp_path, "Bob") as bob,
            home(tmp_path, "Alice", map_port=True) as alice,
        ):
            await alice.command(FoundHouse("House", Charter()))
            answer = await alice.command(Invite(3_600_000, alice.addresses()))
            await bob.command(Join(str(cast("dict[str, object]", answer)["link"])))
            assert alice.engine is not None
            assert bob.engine is not None
            friend = bob.engine.core.friends[alice.engine.core.me]
            before = friend.addresses
            router.speaks = "nat-pmp"
            mapped = f"203.0.113.9:{alice.peer_port + 1}"
            await eventually(lambda: mapped in alice.addresses())
            # Also on a link that stands: nobody has to call again to hear it.
            await eventually(lambda: friend.addresses == (mapped, *before))
            assert {alice.peer_port: alice.peer_port + 1} == router.mapped
        assert {} == router.mapped
        router.close()

    run(scenario())


def test_a_mapped_address_comes_after_what_the_owner_said(tmp_path: Path) -> None:
    settings = Settings(tmp_path, peer_host="127.0.0.1", advertise=("home.example:1",))

    assert ("home.example:1", "203.0.113.9:5", "127.0.0.1:7470") == reachable_addresses(
        settings, 7470, "203.0.113.9:5"
    )
