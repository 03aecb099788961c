"""How many strangers may stand in the gate, and for how long."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from node.transport.gate import Gate, network_of
from protocol.limits import HANDSHAKES_HALF_OPEN_MAX, HANDSHAKES_HALF_OPEN_PER_NETWORK_MAX


class Connection(asyncio.Transport):
    """A connection from an address."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host
        self.aborted = asyncio.Event()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self.host, 50_000) if name == "peername" else default

    def abort(self) -> None:
        self.aborted.set()

    @property
    def is_aborted(self) -> bool:
        return self.aborted.is_set()


def run(scenario: Any) -> None:
    asyncio.run(scenario())


def test_one_network_gets_few_places_and_others_still_get_in() -> None:
    async def scenario() -> None:
        counts: Counter[str] = Counter()
        gate = Gate(lambda code: counts.update((code,)))
        crowd = [Connection(f"192.0.2.{n}") for n in range(10)]

        admitted = [gate.admit(one) for one in crowd]

        assert HANDSHAKES_HALF_OPEN_PER_NETWORK_MAX == sum(admitted)
        assert [not let_in for let_in in admitted] == [one.is_aborted for one in crowd]
        assert gate.admit(Connection("198.51.100.1"))
        assert {"half-open-limit": 7} == counts

    run(scenario)


def test_all_networks_together_get_twenty_places() -> None:
    async def scenario() -> None:
        gate = Gate(lambda code: None)

        admitted = [gate.admit(Connection(f"10.0.{n}.1")) for n in range(30)]

        assert HANDSHAKES_HALF_OPEN_MAX == sum(admitted) == len(gate)

    run(scenario)


def test_a_place_is_free_again_after_success_or_loss() -> None:
    async def scenario() -> None:
        gate = Gate(lambda code: None)
        for _ in range(100):
            one = Connection("192.0.2.1")
            assert gate.admit(one)
            gate.leave(one)
            gate.leave(one)
        gate.leave(None)

        assert 0 == len(gate)

    run(scenario)


def test_who_says_nothing_is_cut() -> None:
    async def scenario() -> None:
        counts: Counter[str] = Counter()
        gate = Gate(lambda code: counts.update((code,)), handshake_max_s=0.0)
        silent = Connection("192.0.2.1")
        gate.admit(silent)
        await silent.aborted.wait()

        assert 0 == len(gate)
        assert {"handshake-timeout": 1} == counts

    run(scenario)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("192.0.2.1", "::ffff:192.0.2.7", True),
        ("2001:db8:7::1", "2001:db8:7:ffff::1", True),
        ("2001:db8:7::1", "2001:db8:8::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_networks_are_24_bits_of_ipv4_and_48_of_ipv6(one: str, other: str, is_same: bool) -> None:
    assert is_same == (network_of((one, 1)) == network_of((other, 2)))


@pytest.mark.parametrize("peer", [("127.0.0.1", 1), ("::1", 1), None, "", ("socket",), ()])
def test_this_computer_is_no_network(peer: object) -> None:
    assert "" == network_of(peer)
