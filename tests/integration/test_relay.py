"""Spec §17: friends who cannot call each other meet through a common friend.

First the relay with scripted links, each limit as the attack it bounds; then three real
nodes over loopback, of which two are kept from reaching each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from node.engine.commands import AddThing, EndFriendship
from node.engine.common_friends import may_help, proof_of
from node.engine.events import LinkId
from node.errors import DialFailed
from node.node import Node
from node.surroundings import Connection, FriendPeer, Peer
from node.transport import dialler
from node.transport.circuits import Circuit, Circuits
from node.transport.connecting import by_reach, opened
from node.transport.dialler import Dialler
from node.transport.reach import Asks, Reach
from node.transport.relay import Relay, RelayLimits
from protocol import limits
from protocol.errors import QuotaExceeded
from protocol.keys import MemberId
from protocol.reaching import (
    CircuitClosed,
    CircuitCredit,
    CircuitData,
    IncomingCircuit,
    OpenCircuit,
    Reaching,
    Whereabouts,
    WhereIs,
    decode_reaching,
    encode_reaching,
)
from tests.integration.homes import befriend, cut, eventually, home, host, me, run, sees, three

ALICE, BOB, CAROL = (MemberId(name * 32) for name in (b"a", b"b", b"c"))
CIRCUIT = b"c" * 16
WINDOW = limits.RELAY_WINDOW_MAX_BYTES
NO_PROOF = (b"", b"")


# --- the relay, with scripted links ----------------------------------------------------------


class Line:
    """A link that remembers what was sent on it."""

    def __init__(self, member: MemberId, *, is_relayed: bool = False) -> None:
        self.id = LinkId(member[0])
        self.peer: Peer = FriendPeer(member)
        self.is_dialled = True
        self.is_relayed = is_relayed
        self.sent: list[Reaching] = []

    def send(self, message: bytes) -> None:
        self.sent.append(decode_reaching(message))

    def close(self, reason: str) -> None:
        raise AssertionError(f"nothing here closes a link: {reason}")

    def on_delivered(self, size_bytes: int) -> None: ...


class Town:
    """A relay and its lines to Alice, Bob and Carol, all friends of each other."""

    def __init__(self, bounds: RelayLimits | None = None) -> None:
        self.lines = {member: Line(member) for member in (ALICE, BOB, CAROL)}
        self.helps = True
        self.relay = Relay(
            lambda member: self.lines.get(member), lambda asking, message: self.helps, bounds
        )

    def sent(self, member: MemberId) -> list[Reaching]:
        """What the member was sent since this was last asked."""
        line = self.lines[member]
        sent, line.sent = line.sent, []
        return sent

    def open(self, circuit: bytes = CIRCUIT) -> None:
        self.relay.on_open(self.lines[ALICE], ALICE, OpenCircuit(circuit, BOB, NO_PROOF))

    def says(self, member: MemberId, message: CircuitData | CircuitCredit | CircuitClosed) -> None:
        self.relay.on_message(self.lines[member], message)

    def opened(self) -> None:
        self.open()
        self.says(BOB, CircuitCredit(CIRCUIT, WINDOW))
        self.says(ALICE, CircuitCredit(CIRCUIT, WINDOW))
        self.sent(ALICE)
        self.sent(BOB)


Scenario = Callable[[], Awaitable[None]]


def test_a_circuit_is_opened_used_and_closed() -> None:
    async def scenario() -> None:
        town = Town()
        town.open()
        assert [IncomingCircuit(CIRCUIT, ALICE)] == town.sent(BOB)
        town.says(BOB, CircuitCredit(CIRCUIT, WINDOW))
        assert [CircuitCredit(CIRCUIT, WINDOW)] == town.sent(ALICE)
        town.says(ALICE, CircuitData(CIRCUIT, b"hello"))
        assert [CircuitData(CIRCUIT, b"hello")] == town.sent(BOB)
        town.says(ALICE, CircuitClosed(CIRCUIT))

        assert [CircuitClosed(CIRCUIT)] == town.sent(BOB)
        assert (0, False) == (len(town.relay), town.relay.knows(CIRCUIT))

    run(scenario())


@pytest.mark.parametrize(
    "hinder",
    [
        lambda town: setattr(town, "helps", False),
        lambda town: town.lines.pop(BOB),
        lambda town: town.lines.update({BOB: Line(BOB, is_relayed=True)}),
        lambda town: town.lines.update({ALICE: Line(ALICE, is_relayed=True)}),
        lambda town: town.lines.update({BOB: town.lines[ALICE]}),
    ],
    ids=["not-friends", "not-linked", "behind-a-relay", "asks-through-a-relay", "oneself"],
)
def test_every_refusal_is_the_same_word(hinder: Callable[[Town], object]) -> None:
    """Spec §17.1: nothing tells the asking friend why."""

    async def scenario() -> None:
        town = Town()
        hinder(town)
        town.open()

        assert [CircuitClosed(CIRCUIT)] == town.sent(ALICE)
        assert len(town.relay) == 0

    run(scenario())


def test_one_friend_cannot_take_all_circuits() -> None:
    async def scenario() -> None:
        town = Town()
        numbers = [bytes([n]) * 16 for n in range(limits.RELAY_CIRCUITS_PER_FRIEND_MAX + 3)]
        for number in numbers:
            town.open(number)

        refused = [CircuitClosed(number) for number in numbers[-3:]]
        assert refused == town.sent(ALICE)
        town.relay.on_open(town.lines[CAROL], CAROL, OpenCircuit(CIRCUIT, BOB, NO_PROOF))
        assert [] == town.sent(CAROL)
        assert limits.RELAY_CIRCUITS_PER_FRIEND_MAX + 1 == len(town.relay)

    run(scenario())


def test_a_number_in_use_is_refused_and_another_s_circuit_is_out_of_reach() -> None:
    async def scenario() -> None:
        town = Town()
        town.opened()
        town.relay.on_open(town.lines[CAROL], CAROL, OpenCircuit(CIRCUIT, BOB, NO_PROOF))
        assert [CircuitClosed(CIRCUIT)] == town.sent(CAROL)
        for message in (CircuitData(CIRCUIT, b"x"), CircuitClosed(CIRCUIT)):
            town.says(CAROL, message)

        assert [] == town.sent(ALICE) + town.sent(BOB)
        assert town.relay.knows(CIRCUIT)

    run(scenario())


def test_whoever_sends_without_credit_loses_the_circuit() -> None:
    """Memory of the relay: at most a window a direction is under way."""

    async def scenario() -> None:
        town = Town()
        town.opened()
        for _ in range(WINDOW // 65_535):
            town.says(ALICE, CircuitData(CIRCUIT, bytes(65_535)))
        with pytest.raises(QuotaExceeded):
            town.says(ALICE, CircuitData(CIRCUIT, bytes(65_535)))

        assert CircuitClosed(CIRCUIT) == town.sent(BOB)[-1]
        assert len(town.relay) == 0

    run(scenario())


def test_whoever_gives_endless_credit_loses_the_circuit() -> None:
    async def scenario() -> None:
        town = Town()
        town.opened()
        with pytest.raises(QuotaExceeded):
            town.says(BOB, CircuitCredit(CIRCUIT, 1))

        assert [CircuitClosed(CIRCUIT)] == town.sent(ALICE)

    run(scenario())


def test_credit_waits_for_the_rate_of_who_will_use_it() -> None:
    async def scenario() -> None:
        town = Town(RelayLimits(bytes_per_second=100_000))
        town.opened()
        for _ in range(3):
            town.says(ALICE, CircuitData(CIRCUIT, bytes(10_000)))
            town.says(BOB, CircuitCredit(CIRCUIT, 10_000))
        assert [] == town.sent(ALICE)
        began_s = asyncio.get_running_loop().time()
        await eventually(lambda: bool(town.lines[ALICE].sent))

        # All three in one message, when the first 10,000 bytes have had their time.
        assert 0.05 < asyncio.get_running_loop().time() - began_s < 5
        assert [CircuitCredit(CIRCUIT, 30_000)] == town.sent(ALICE)

    run(scenario())


def test_a_friend_s_day_ends() -> None:
    async def scenario() -> None:
        town = Town(RelayLimits(bytes_per_day=1000))
        town.opened()
        town.says(ALICE, CircuitData(CIRCUIT, bytes(1000)))
        with pytest.raises(QuotaExceeded):
            town.says(ALICE, CircuitData(CIRCUIT, b"x"))
        town.sent(ALICE)
        town.open()

        assert [CircuitClosed(CIRCUIT)] == town.sent(ALICE)
        # Bob has sent nothing: his day is his own.
        town.relay.on_open(town.lines[BOB], BOB, OpenCircuit(CIRCUIT, ALICE, NO_PROOF))
        assert [IncomingCircuit(CIRCUIT, BOB)] == town.sent(ALICE)

    run(scenario())


def test_a_link_that_ends_takes_its_circuits_along() -> None:
    async def scenario() -> None:
        town = Town()
        town.opened()
        town.relay.on_link_ended(cast(Connection, town.lines[ALICE]))

        assert [CircuitClosed(CIRCUIT)] == town.sent(BOB)
        assert len(town.relay) == 0

    run(scenario())


def test_questions_are_counted() -> None:
    asks = Asks(per_minute=3)
    for _ in range(3):
        asks.spend(ALICE)
    with pytest.raises(QuotaExceeded) as caught:
        asks.spend(ALICE)

    assert "ignore" == caught.value.verdict
    asks.spend(BOB)


# --- the ends, with scripted links -----------------------------------------------------------


def test_a_sender_waits_until_there_is_room() -> None:
    async def scenario() -> None:
        line = Line(CAROL)
        circuit = Circuit(CIRCUIT, cast(Connection, line), lambda ended: None)
        circuit.on_credit(10)
        await circuit.send_bytes(bytes(8))
        sending = asyncio.ensure_future(circuit.send_bytes(bytes(8)))
        await asyncio.sleep(0)
        assert [CircuitData(CIRCUIT, bytes(8))] == line.sent
        circuit.on_credit(10)
        await sending
        assert 2 == len(line.sent)

        waiting = asyncio.ensure_future(circuit.send_bytes(bytes(60)))
        await asyncio.sleep(0)
        circuit.end()
        with pytest.raises(ConnectionResetError):
            await waiting
        assert aiohttp.WSMsgType.CLOSED is (await circuit.receive()).type

    run(scenario())


def test_an_end_refuses_what_it_gave_no_credit_for() -> None:
    async def scenario() -> None:
        line = Line(CAROL)
        taken: list[Circuit] = []
        circuits = Circuits(taken.append, lambda member: member == ALICE)
        link = cast(Connection, line)
        circuits.on_incoming(link, IncomingCircuit(CIRCUIT, BOB))
        assert [CircuitClosed(CIRCUIT)] == line.sent
        circuits.on_incoming(link, IncomingCircuit(CIRCUIT, ALICE))
        for _ in range(WINDOW // 65_536):
            circuits.on_message(link, CircuitData(CIRCUIT, bytes(65_536)))
        with pytest.raises(QuotaExceeded):
            circuits.on_message(link, CircuitData(CIRCUIT, b"x"))

        assert (1, 0) == (len(taken), len(circuits))
        # It is unknown now: what is still under way is dropped without a word.
        line.sent.clear()
        circuits.on_message(link, CircuitData(CIRCUIT, b"x"))
        assert [] == line.sent

    run(scenario())


def test_a_relay_cannot_flood_its_friend_with_calls() -> None:
    async def scenario() -> None:
        line, link = (line := Line(CAROL)), cast(Connection, line)
        circuits = Circuits(lambda circuit: None, lambda member: True)
        for number in range(100):
            circuits.on_incoming(link, IncomingCircuit(bytes([number]) * 16, ALICE))

        assert 2 * limits.RELAY_CIRCUITS_PER_FRIEND_MAX == len(circuits)
        circuits.on_link_ended(link)
        assert 0 == len(circuits)

    run(scenario())


class Cable:
    """One end's link with the relay: what is sent arrives at the other side a little later."""

    def __init__(self, member: MemberId, arrives: Callable[[Cable, Reaching], None]) -> None:
        self.id = LinkId(member[0])
        self.peer: Peer = FriendPeer(member)
        self.is_dialled = True
        self.is_relayed = False
        self.arrives = arrives
        self.under_way_bytes = 0
        self.most_under_way_bytes = 0

    def send(self, message: bytes) -> None:
        self.under_way_bytes += len(message)
        self.most_under_way_bytes = max(self.most_under_way_bytes, self.under_way_bytes)
        asyncio.get_running_loop().call_soon(self._arrive, message)

    def _arrive(self, message: bytes) -> None:
        self.under_way_bytes -= len(message)
        self.arrives(self, decode_reaching(message))

    def close(self, reason: str) -> None: ...
    def on_delivered(self, size_bytes: int) -> None: ...


class Line3:
    """Alice's circuits, the relay and Bob's circuits, wired together."""

    def __init__(self, bounds: RelayLimits) -> None:
        self.calls: list[Circuit] = []
        self.ends = {
            member: Circuits(self.calls.append, lambda member: True) for member in (ALICE, BOB)
        }
        self.down = {member: Cable(member, self._at_end) for member in (ALICE, BOB)}
        self.up = {member: Cable(member, self._at_relay) for member in (ALICE, BOB)}
        self.relay = Relay(lambda member: self.down[member], lambda asking, message: True, bounds)

    def _at_relay(self, cable: Cable, message: Reaching) -> None:
        member = ALICE if cable is self.up[ALICE] else BOB
        link = self.down[member]
        if isinstance(message, OpenCircuit):
            self.relay.on_open(link, member, message)
        elif isinstance(message, CircuitData | CircuitCredit | CircuitClosed) and (
            self.relay.knows(message.circuit)
        ):
            self.relay.on_message(link, message)

    def _at_end(self, cable: Cable, message: Reaching) -> None:
        member = ALICE if cable is self.down[ALICE] else BOB
        if isinstance(message, IncomingCircuit):
            self.ends[member].on_incoming(self.up[member], message)
        elif isinstance(message, CircuitData | CircuitCredit | CircuitClosed):
            self.ends[member].on_message(self.up[member], message)


def test_megabytes_go_through_both_ways_within_the_window_and_the_rate() -> None:
    async def scenario() -> None:
        line = Line3(RelayLimits(bytes_per_second=4_000_000))
        mine = await line.ends[ALICE].open(line.up[ALICE], BOB, NO_PROOF)
        (theirs,) = line.calls
        blocks = [bytes([number]) * 50_000 for number in range(40)]

        async def send(circuit: Circuit) -> None:
            for block in blocks:
                await circuit.send_bytes(block)

        async def receive(circuit: Circuit) -> list[bytes]:
            return [(await circuit.receive()).data for _ in blocks]

        began_s = asyncio.get_running_loop().time()
        _, _, here, there = await asyncio.gather(
            send(mine), send(theirs), receive(mine), receive(theirs)
        )
        took_s = asyncio.get_running_loop().time() - began_s

        assert blocks == here == there
        # 2 MB a direction at 4 MB/s, of which a window needs no credit.
        assert 0.35 < took_s < 10
        for cable in (*line.down.values(), *line.up.values()):
            assert cable.most_under_way_bytes < 1.1 * WINDOW
        mine.abort()
        assert aiohttp.WSMsgType.CLOSED is (await theirs.receive()).type
        assert 0 == len(line.relay) == len(line.ends[ALICE]) == len(line.ends[BOB])

    run(scenario())


def test_a_reader_who_stops_reading_holds_up_a_window_and_no_more() -> None:
    async def scenario() -> None:
        line = Line3(RelayLimits())
        mine = await line.ends[ALICE].open(line.up[ALICE], BOB, NO_PROOF)
        sent = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                while True:
                    await mine.send_bytes(bytes(10_000))
                    sent += 10_000

        assert WINDOW - 10_000 < sent <= WINDOW

    run(scenario())


def test_a_common_friend_who_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("node.transport.circuits.OPEN_MAX_S", 0.05)
        line = Line(CAROL)
        circuits = Circuits(lambda circuit: None, lambda member: True)
        with pytest.raises(DialFailed, match="did not answer"):
            await circuits.open(cast(Connection, line), BOB, NO_PROOF)

        assert isinstance(line.sent[-1], CircuitClosed)
        assert 0 == len(circuits)

    run(scenario())


def test_addresses_of_the_world_come_before_private_ones() -> None:
    told = ["192.168.1.2:7470", "home.example:7470", "[fd00::1]:7470", "[2a01::1]:7470"]

    assert ["home.example:7470", "[2a01::1]:7470", told[0], told[2]] == by_reach(told)


class Phone:
    """Connects after a while, or never, and remembers."""

    def __init__(self, **answers_after_s: float | None) -> None:
        self.answers_after_s = answers_after_s
        self.called: list[str] = []
        self.given_up: list[str] = []

    async def connect(self, address: str) -> str:
        self.called.append(address)
        after_s = self.answers_after_s[address]
        await asyncio.sleep(3600 if after_s is None else abs(after_s))
        if after_s is not None and after_s < 0:
            raise DialFailed("nobody there")
        return f"connection to {address}"

    async def give_up(self, connection: str) -> None:
        self.given_up.append(connection)

    async def first(self, next_after_s: float = 0.02) -> str | None:
        addresses = list(self.answers_after_s)
        async with opened(addresses, self.connect, self.give_up, next_after_s) as connections:
            async for address, connection in connections:
                assert f"connection to {address}" == connection
                return address
        return None


def test_a_silent_address_does_not_hold_up_the_next_one() -> None:
    async def scenario() -> None:
        phone = Phone(silent=None, other=None, home=0.01, never_called=0.0)
        assert "home" == await phone.first()
        assert ["silent", "other", "home"] == phone.called
        assert [] == phone.given_up

    run(scenario())


def test_a_refusal_tries_the_next_one_at_once_and_all_refusals_are_an_end() -> None:
    async def scenario() -> None:
        assert "home" == await Phone(a=-0.001, b=-0.001, home=0.0).first(next_after_s=3600)
        assert await Phone(a=-0.001, b=-0.001).first() is None
        assert await Phone().first() is None

    run(scenario())


def test_what_came_about_and_was_not_taken_is_let_go() -> None:
    async def scenario() -> None:
        phone = Phone(slow=0.03, quick=0.01)
        assert "slow" == await phone.first(next_after_s=0.02)
        assert ["connection to quick"] == phone.given_up

    run(scenario())


# --- three real nodes ------------------------------------------------------------------------


class Walls:
    """Addresses that nobody gets through to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blocked: dict[str, None] = {}
        connect = Dialler._open
        monkeypatch.setattr(dialler, "POLITE_DELAY_S", 0.2)

        async def walled(self_: Dialler, address: str) -> Any:
            if address in self.blocked:
                raise DialFailed("a wall")
            return await connect(self_, address)

        monkeypatch.setattr(Dialler, "_open", walled)

    def around(self, node: Node) -> None:
        self.blocked.update(dict.fromkeys(node.addresses()))


def relayed(one: Node, other: Node) -> bool:
    link = host(one).link_to(me(other))
    return link is not None and link.is_relayed


def test_two_friends_behind_walls_are_linked_through_their_friend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        walls = Walls(monkeypatch)
        async with three(tmp_path) as (alice, bob, rosa):
            walls.around(alice)
            walls.around(bob)
            # Only what Alice gives Bob herself: Rosa may not have it.
            await cut(alice, bob)
            await eventually(lambda: relayed(alice, bob) and relayed(bob, alice))
            # Each is told through whom, and since when.
            for node, other in ((alice, bob), (bob, alice)):
                links = node.links()
                assert me(rosa) == links[me(other)].through
                assert links[me(rosa)].through is None
                assert links[me(other)].since_ms is not None
            only_bob = me(bob).hex()
            await alice.command(AddThing("Tent", only_through=(only_bob,)))
            await eventually(lambda: sees(bob, "Tent"))
            assert not sees(rosa, "Tent")
            for node in (alice, bob, rosa):
                assert {} == dict(node.counters)

            # A direct way opens: it is found, and replaces the relay.
            walls.blocked.clear()
            for node in (alice, bob):
                assert node._network._dialler is not None
                node._network._dialler.on_network_changed()
            await eventually(lambda: host(alice).is_linked_directly(me(bob)))
            await eventually(lambda: host(bob).is_linked_directly(me(alice)))
            assert alice.links()[me(bob)].through is None
            side = cast(Reach, host(rosa).side)
            await eventually(lambda: len(side.relay) == 0)

    run(scenario())


def test_a_common_friend_says_where_a_friend_has_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        walls = Walls(monkeypatch)
        async with three(tmp_path) as (alice, bob, _rosa):
            core = host(alice).core
            core.friends[me(bob)].addresses = ("127.0.0.1:1",)
            host(alice)._network.on_friends_changed()
            walls.around(alice)
            await cut(alice, bob)
            await eventually(lambda: host(alice).is_linked_directly(me(bob)))
            link = host(alice).link_to(me(bob))

            assert link is not None
            assert link.is_dialled
            # Bob says it himself now.
            await eventually(lambda: core.friends[me(bob)].addresses == bob.addresses())

    run(scenario())


def test_who_shows_no_friendship_hears_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spec §17.1: Rosa's answers do not tell Alice who else is Rosa's friend."""

    async def scenario() -> None:
        Walls(monkeypatch)
        async with three(tmp_path) as (alice, bob, rosa), home(tmp_path, "Carl") as carl:
            await befriend(carl, rosa)
            core = host(rosa).core
            proof = proof_of(host(alice).core, me(bob))
            assert proof is not None
            assert may_help(core, me(alice), me(bob), proof)
            false = [
                (me(alice), me(bob), (proof[1], proof[0])),
                (me(alice), me(carl), proof),
                (me(carl), me(bob), proof),
                (me(alice), me(alice), proof),
                (me(alice), me(bob), (proof[0], b"garbage")),
                (me(alice), MemberId(bytes(32)), proof),
            ]
            for asking, other, shown in false:
                assert not may_help(core, asking, other, shown)

            heard: list[Whereabouts] = []
            side = cast(Reach, host(alice).side)
            takes = side.takes

            def listening(link: Connection, message: bytes) -> bool:
                found = decode_reaching(message)
                if isinstance(found, Whereabouts):
                    heard.append(found)
                return takes(link, message)

            monkeypatch.setattr(side, "takes", listening)
            link = host(alice).link_to(me(rosa))
            assert link is not None
            link.send(encode_reaching(WhereIs(me(carl), proof)))
            link.send(encode_reaching(WhereIs(MemberId(bytes(32)), proof)))
            link.send(encode_reaching(WhereIs(me(bob), proof)))
            await eventually(lambda: len(heard) == 3)
            assert [(), (), bob.addresses()] == [found.addresses for found in heard]

            # The friendship ends; Rosa learns the secret, and the old proof is worth nothing.
            await bob.command(EndFriendship(me(alice).hex()))
            await eventually(lambda: not may_help(core, me(alice), me(bob), proof))

    run(scenario())


async def lasting_link(one: Node, other: Node) -> Connection:
    """The link that stays: when both called at the same moment, one of two is given up."""
    while True:
        link = host(one).link_to(me(other))
        await asyncio.sleep(1.0)
        if link is not None and host(one).link_to(me(other)) is link:
            return link


GARBAGE = [b"\x93\x16\x01\x02", b"\x92\x18\xc4\x00", b"\x9f\x14", b"\x93\x19\xc0\x90"]


def test_a_friend_s_garbage_is_counted_and_ends_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        Walls(monkeypatch)
        async with three(tmp_path) as (alice, bob, rosa):
            for number, garbage in enumerate(GARBAGE, start=1):
                link = host(alice).link_to(me(rosa))
                assert link is not None
                link.send(garbage)
                await eventually(lambda n=number: rosa.counters["malformed"] == n)  # type: ignore[misc]
                await eventually(lambda old=link: host(alice).link_to(me(rosa)) is not old)  # type: ignore[misc]
                await eventually(lambda: host(alice).is_linked(me(rosa)))
            # Answers to what was never asked, and circuits that never were, are passed over.
            link = await lasting_link(alice, rosa)
            for message in (
                Whereabouts(me(bob), ("home:1",)),
                CircuitData(CIRCUIT, b"x"),
                CircuitCredit(CIRCUIT, 1),
                CircuitClosed(CIRCUIT),
                IncomingCircuit(CIRCUIT, MemberId(bytes(32))),
            ):
                link.send(encode_reaching(message))
            await alice.command(AddThing("Tent", circles=1))
            await eventually(lambda: sees(rosa, "Tent"))

            assert host(alice).link_to(me(rosa)) is link
            assert {"malformed": len(GARBAGE)} == dict(rosa.counters)

    run(scenario())
