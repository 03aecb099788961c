"""Two nodes on one local network find each other; a third, no friend, learns nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable

import pytest
from zeroconf.asyncio import AsyncZeroconf

from node.transport import lan as lan_module
from node.transport.lan import SERVICE_TYPE, Lan
from node.transport.multicast import Multicast
from protocol.keys import MemberId, link_public_key
from tests.multicast import multicast_problem, own_address

pytestmark = pytest.mark.network

ALICE, BOB, EVE = (MemberId(bytes([n]) * 32) for n in (1, 2, 3))
PRIVATE = {member: bytes([7]) * 31 + member[:1] for member in (ALICE, BOB, EVE)}
PUBLIC = {member: link_public_key(private) for member, private in PRIVATE.items()}


def interface() -> str:
    """An address of this computer over which multicast works."""
    candidates = [address for address in (own_address(), "127.0.0.1") if address]
    problems = {address: multicast_problem(address) for address in candidates}
    for address, problem in problems.items():
        if problem is None:
            return address
    return pytest.skip(f"multicast does not work here: {problems}")


class Nearby:
    """A node's view of the local network."""

    def __init__(
        self, me: MemberId, port: int, address: str, sockets: Multicast | None = None
    ) -> None:
        self.seen: asyncio.Queue[MemberId] = asyncio.Queue()
        self.lan = Lan(port, PRIVATE[me], self.seen.put_nowait, [address], multicast=sockets)

    def befriend(self, *friends: MemberId) -> None:
        self.lan.set_friends({friend: PUBLIC[friend] for friend in friends})


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(limited())


async def eventually(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
        await asyncio.sleep(0.05)


def test_friends_find_each_other_and_strangers_do_not() -> None:
    address = interface()

    async def scenario() -> None:
        sockets = Multicast([address])  # Bob and Eve live on one computer
        alice, bob = Nearby(ALICE, 7001, address), Nearby(BOB, 7002, address, sockets)
        eve = Nearby(EVE, 7002, address, sockets)
        alice.befriend(BOB)
        bob.befriend(ALICE)
        # Eve knows both keys, but neither of them announces to her.
        eve.befriend(ALICE, BOB)
        for one in (alice, bob, eve):
            one.lan.start()

        assert BOB == await alice.seen.get()
        assert ALICE == await bob.seen.get()
        assert [f"{address}:7002"] == alice.lan.addresses_of(BOB)
        assert [f"{address}:7001"] == bob.lan.addresses_of(ALICE)
        await asyncio.sleep(0.5)
        assert eve.seen.empty()
        assert [] == eve.lan.addresses_of(ALICE)

        await bob.lan.stop()
        await eventually(lambda: alice.lan.addresses_of(BOB) == [])
        await asyncio.gather(alice.lan.stop(), eve.lan.stop())

    run(scenario)


def test_a_new_friend_is_found_and_the_announcement_does_not_say_who() -> None:
    address = interface()

    async def scenario() -> None:
        alice, bob = Nearby(ALICE, 7004, address), Nearby(BOB, 7005, address)
        alice.lan.start()
        bob.lan.start()
        await eventually(lambda: alice.lan._info is not None and bob.lan._info is not None)
        first = alice.lan._info
        assert first is not None

        alice.befriend(BOB)
        bob.befriend(ALICE)
        assert BOB == await alice.seen.get()
        assert ALICE == await bob.seen.get()

        second = alice.lan._info
        assert second is not None
        assert first.name != second.name, "nobody can follow a node over its announcements"
        assert first.properties[b"n"] != second.properties[b"n"]
        said = second.text + second.name.encode() + (second.server or "").encode()
        for secret in (ALICE, BOB, PUBLIC[ALICE], PUBLIC[BOB]):
            assert secret not in said
            assert secret.hex().encode() not in said
        assert socket.gethostname().encode() not in said
        assert second.name.endswith(SERVICE_TYPE)
        await asyncio.gather(alice.lan.stop(), bob.lan.stop())

    run(scenario)


def test_other_interfaces_mean_beginning_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    address = interface()
    monkeypatch.setattr(lan_module, "_SETTLE_S", 0.2)

    async def scenario() -> None:
        alice, bob = Nearby(ALICE, 7006, address), Nearby(BOB, 7007, address)
        alice.befriend(BOB)
        bob.befriend(ALICE)
        alice.lan.start()
        bob.lan.start()
        assert ALICE == await bob.seen.get()
        assert BOB == await alice.seen.get()

        for _ in range(3):
            bob.lan.on_interfaces_changed()
        assert [] == bob.lan.addresses_of(ALICE)
        assert ALICE == await bob.seen.get()
        await asyncio.gather(alice.lan.stop(), bob.lan.stop())

    run(scenario)


def test_where_multicast_fails_the_node_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: object) -> None:
        raise OSError("No such device")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", refuse)

    async def scenario() -> None:
        lost = Nearby(ALICE, 7008, "127.0.0.1")
        with caplog.at_level(logging.WARNING):
            lost.lan.start()
            await eventually(lambda: "cannot be looked for" in caplog.text)
        assert [] == lost.lan.addresses_of(BOB)
        await lost.lan.stop()

    run(scenario)


def test_what_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that comes up later; until then the status says what is wrong."""
    address = interface()
    monkeypatch.setattr(lan_module, "_RETRY_FIRST_S", 0.5)
    refused = ["No such device", "No such device"]
    taken = Multicast.take

    def refuse(sockets: Multicast) -> AsyncZeroconf:
        if refused:
            raise OSError(refused.pop())
        return taken(sockets)

    monkeypatch.setattr(Multicast, "take", refuse)

    async def scenario() -> None:
        alice, bob = Nearby(ALICE, 7011, address), Nearby(BOB, 7012, address)
        alice.befriend(BOB)
        bob.befriend(ALICE)
        alice.lan.start()
        await eventually(lambda: alice.lan.problem == "No such device")
        bob.lan.start()

        assert ALICE == await bob.seen.get()
        assert BOB == await alice.seen.get()
        assert "" == alice.lan.problem
        assert 1 == alice.lan.nearby
        await asyncio.gather(alice.lan.stop(), bob.lan.stop())

    run(scenario)


def test_old_announcements_said_again_do_not_fill_the_memory() -> None:
    """Anybody can: they are public. The channel says who answers at an address."""
    address = interface()

    async def scenario() -> None:
        from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

        alice, bob = Nearby(ALICE, 7013, address), Nearby(BOB, 7014, address)
        alice.befriend(BOB)
        bob.befriend(ALICE)
        alice.lan.start()
        await eventually(lambda: alice.lan._info is not None)
        said = alice.lan._info
        assert said is not None
        eve = AsyncZeroconf(interfaces=[address])
        for number in range(30):
            name = f"{number:016x}.{SERVICE_TYPE}"
            again = AsyncServiceInfo(
                SERVICE_TYPE, name, port=9000 + number, properties=said.properties,
                server=name, addresses=[socket.inet_aton(address)],
            )  # fmt: skip
            await eve.async_register_service(
                again, allow_name_change=False, cooperating_responders=True
            )
        bob.lan.start()

        await eventually(lambda: len(bob.lan.addresses_of(ALICE)) >= 8)
        await asyncio.sleep(1)
        assert 8 == len(bob.lan.addresses_of(ALICE))
        assert 1 == bob.lan.nearby
        await asyncio.gather(alice.lan.stop(), bob.lan.stop(), eve.async_close())

    run(scenario)


def test_names_are_drawn_anew_at_every_start() -> None:
    async def scenario() -> None:
        names = {Lan(1, os.urandom(32), lambda member: None).name for _ in range(10)}
        assert 10 == len(names)

    run(scenario)
