"""Virtual wires behave as streams do: order kept, tails lost, both ends told in their time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.clock import EventQueue
from simulations.network import (
    Arrival,
    Conditions,
    Network,
    Wire,
    WireDown,
    WireEvent,
    WireUp,
)

STEADY = Conditions(latency_min_ms=10, latency_max_ms=10)


class Street:
    """A network, its queue, and what came out of it."""

    def __init__(self, conditions: Conditions = STEADY, seed: int = 1) -> None:
        self.queue: EventQueue[WireEvent] = EventQueue()
        self.network: Network[WireEvent] = Network(self.queue, random.Random(seed), conditions)
        self.arrived: list[tuple[int, int, bytes]] = []
        self.ups: list[tuple[int, int]] = []
        self.downs: list[tuple[int, int]] = []

    def run(self) -> None:
        while (item := self.queue.pop()) is not None:
            now_ms = self.queue.now_ms
            match item:
                case Arrival(_, side, message):
                    if self.network.arrived(item):
                        self.arrived.append((now_ms, side, message))
                case WireUp(_, side):
                    self.ups.append((now_ms, side))
                case WireDown(_, side):
                    self.downs.append((now_ms, side))

    def connect(self, one: int = 0, other: int = 1) -> Wire:
        wire = self.network.connect(one, other)
        assert wire is not None
        return wire

    def messages_to(self, side: int) -> list[bytes]:
        return [message for _, to, message in self.arrived if to == side]


def test_the_dialler_is_up_after_three_latencies_and_the_other_end_one_later() -> None:
    street = Street()
    street.connect()
    street.run()

    assert [(30, 0), (40, 1)] == street.ups


def test_a_message_sent_as_soon_as_the_dialler_is_up_arrives_after_the_other_end_is_up() -> None:
    street = Street()
    wire = street.connect()
    item = street.queue.pop()
    assert isinstance(item, WireUp)
    street.network.send(wire, 0, b"hello")
    street.run()

    assert [(40, 1)] == street.ups
    assert [(40, 1, b"hello")] == street.arrived


def test_a_message_held_up_holds_up_what_follows_it() -> None:
    street = Street(Conditions(10, 10, delay=0.5, delay_max_ms=1000), seed=3)
    wire = street.connect()
    sent = [bytes([number]) for number in range(50)]
    for message in sent:
        street.network.send(wire, 0, message)
    street.run()

    assert sent == street.messages_to(1)
    times = [at_ms for at_ms, _, _ in street.arrived]
    assert sorted(times) == times
    assert times[-1] > 500


def test_a_duplicated_message_breaks_the_wire_and_nothing_is_lost() -> None:
    """What arrived without being confirmed is then given again on the next wire."""
    street = Street(Conditions(10, 10, duplicate=0.05), seed=2)
    wire = street.connect()
    sent: list[bytes] = []
    while not wire.is_cut:
        sent.append(bytes([len(sent)]))
        street.network.send(wire, 0, sent[-1])
    street.run()

    assert sent == street.messages_to(1)
    assert [0, 1] == sorted(side for _, side in street.downs)
    assert 0 == street.network.traffic.lost


@given(st.integers(0, 10_000))
def test_a_cut_loses_a_tail_in_each_direction_and_nothing_else(seed: int) -> None:
    street = Street(seed=seed)
    wire = street.connect()
    sent = [bytes([number]) for number in range(20)]
    for message in sent:
        street.network.send(wire, 0, message)
        street.network.send(wire, 1, message)
    street.network.cut(wire)
    street.network.send(wire, 0, b"into the void")
    street.run()

    for side in (0, 1):
        arrived = street.messages_to(side)
        assert sent[: len(arrived)] == arrived
    assert [0, 1] == sorted(side for _, side in street.downs)


def test_each_end_learns_of_a_cut_after_the_last_message_that_reaches_it() -> None:
    for seed in range(30):
        street = Street(Conditions(10, 10, notice_max_ms=5), seed=seed)
        wire = street.connect()
        for number in range(10):
            street.network.send(wire, number % 2, b"x")
        street.network.cut(wire)
        street.run()
        for down_ms, side in street.downs:
            last_ms = max((at_ms for at_ms, to, _ in street.arrived if to == side), default=0)
            assert last_ms < down_ms


def test_a_dropped_message_cuts_the_wire() -> None:
    street = Street(Conditions(10, 10, drop=1.0))
    wire = street.connect()
    street.network.send(wire, 0, b"lost")
    street.run()

    assert [] == street.arrived
    assert wire.is_cut
    assert not street.network.are_connected(0, 1)
    assert 2 == len(street.downs)


def test_what_was_sent_before_an_orderly_close_arrives_and_what_comes_back_does_not() -> None:
    street = Street()
    wire = street.connect()
    street.network.send(wire, 0, b"goodbye")
    street.network.send(wire, 1, b"too late")
    street.network.close(wire, by_side=0)
    street.run()

    assert [b"goodbye"] == street.messages_to(1)
    assert [] == street.messages_to(0)
    assert (0, 0) in street.downs


def test_a_partition_cuts_what_crosses_it_and_lets_nobody_dial_over_it() -> None:
    street = Street()
    within, across = street.connect(0, 1), street.connect(1, 2)
    street.network.partition({2: 1})

    assert not within.is_cut
    assert across.is_cut
    assert street.network.connect(2, 0) is None
    street.network.heal()
    assert street.network.connect(2, 0) is not None


def test_a_wire_is_among_those_of_both_ends_until_it_is_cut() -> None:
    street = Street()
    first, second = street.connect(0, 1), street.connect(0, 2)

    assert [first, second] == street.network.wires_of(0)
    street.network.cut(first)
    assert [second] == street.network.wires_of(0)
    assert [] == street.network.wires_of(1)
    assert street.network.are_connected(2, 0)


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    def run(seed: int) -> list[tuple[int, int, bytes]]:
        street = Street(
            Conditions(1, 50, drop=0.02, delay=0.3, delay_max_ms=300, duplicate=0.1), seed
        )
        for _ in range(5):
            wire = street.connect()
            for number in range(30):
                street.network.send(wire, number % 2, bytes([number]))
        street.run()
        return street.arrived

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_traffic_counts_what_was_sent_and_what_was_lost() -> None:
    street = Street()
    wire = street.connect()
    street.network.send(wire, 0, b"four")
    street.network.cut(wire)
    street.network.send(wire, 0, b"lost")
    street.run()

    traffic = street.network.traffic
    assert (1, 1, 4, 1) == (traffic.wires, traffic.messages, traffic.message_bytes, traffic.cuts)
    assert 2 - len(street.arrived) == traffic.lost


@pytest.mark.parametrize("latency_ms", [1, 7])
def test_latencies_lie_between_the_bounds_that_were_given(latency_ms: int) -> None:
    street = Street(Conditions(latency_ms, latency_ms + 5))
    wires = [street.connect() for _ in range(40)]

    assert all(latency_ms <= wire.latency_ms <= latency_ms + 5 for wire in wires)
    assert len({wire.latency_ms for wire in wires}) > 1
