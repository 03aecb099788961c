"""Spec §8.3, §14: who does not read is not sent to; who was away gets what is new."""

from __future__ import annotations

import pytest

from node.engine import offers
from node.engine.commands import AddThing, WithdrawThing
from node.engine.reconcile import MESSAGES_MAX
from protocol import limits
from protocol.bodies import Kind
from protocol.messages import Compare, Have, Message, decode_message, encode_message
from protocol.reconcile import ItemSet
from protocol.session import UNCONFIRMED_MAX_BYTES
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS


def settle(*friendships: str, names: str) -> Pump:
    pump = Pump()
    pump.settle(names, *friendships, records_per_second_max=None)
    return pump


def size_of(messages: list[Message]) -> int:
    return sum(len(encode_message(message)) for message in messages)


class TestSlowReaders:
    """A link whose other end takes nothing."""

    @pytest.mark.slow
    def test_a_friend_that_confirms_nothing_gets_half_a_mebibyte(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However much there is to say; the rest waits in the log, which holds each thing once."""
        monkeypatch.setattr(limits, "LISTINGS_PER_ORIGIN_MAX", 10_000)
        pump = settle("AM", "AB", names="ABM")
        hand = pump.impersonate("M", "A")
        core = pump.core("A")
        pump.say(hand, Have(bytes(8), core.log.epoch, core.log.top))
        pump.heard(hand)
        for number in range(600):
            pump.command("A", AddThing(f"thing {number}", text="x" * 1500, circles=3))
        heard = pump.heard(hand)

        assert UNCONFIRMED_MAX_BYTES // 2 < size_of(heard) < 1.1 * UNCONFIRMED_MAX_BYTES
        assert 600 == len(pump.sees("B"))

        pump.say(hand, Have(bytes(8), core.log.epoch, core.log.top))
        assert 0 < size_of(pump.heard(hand)) < 1.1 * UNCONFIRMED_MAX_BYTES

    @pytest.mark.slow
    def test_who_adds_a_thousand_things_at_once_is_not_cut_off(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half of what a friend may refuse is given unasked, near and far; the rest is paced."""
        monkeypatch.setattr(limits, "LISTINGS_PER_ORIGIN_MAX", 10_000)
        pump = Pump()
        pump.settle("ABC", "AB", "BC")
        for number in range(1200):
            pump.command("A", AddThing(f"thing {number}", circles=3))
        pump.advance(60_000)

        assert [] == pump.disconnects
        assert 1200 == len(pump.sees("B")) == len(pump.sees("C"))

    def test_offers_of_paths_count_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Entries of the log are not equally long."""
        monkeypatch.setattr("node.engine.pump.UNCONFIRMED_MAX_BYTES", 1000)
        pump = settle("AM", "AB", "AC", "AD", "AE", "AF", names="ABCDEFM")
        hand = pump.impersonate("M", "A")
        core = pump.core("A")
        pump.say(hand, Have(bytes(8), core.log.epoch, core.log.top))
        for name in "BCDEF":
            pump.command(name, AddThing("ladder", circles=3))
        link = core.links[core.link_ids[pump.member("M")]]

        assert link.session.is_paused
        assert size_of(pump.heard(hand)) < 4000

    def test_an_honest_friend_notices_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It confirms, and the stream goes on."""
        monkeypatch.setattr("node.engine.pump.UNCONFIRMED_MAX_BYTES", 1000)
        pump = settle("AB", "BC", names="ABC")
        for number in range(60):
            pump.command("A", AddThing(f"thing {number}", circles=3))

        assert 60 == len(pump.sees("B")) == len(pump.sees("C"))

    @pytest.mark.no_cover
    def test_questions_without_end_are_answered_within_bounds(self) -> None:
        """A friend that compares and compares: one snapshot, so many answers, then cut."""
        pump = settle("AM", "AB", names="ABM")
        hand = pump.impersonate("M", "A")
        pump.say(hand, Have(bytes(8), bytes(8), 0))
        own = ItemSet([], bytes(16))
        question = Compare(own.salt, tuple([own.asked(bytes(32), b"")] * 256))
        said = 0
        while pump.is_open(hand) and said < 2 * MESSAGES_MAX:
            pump.say(hand, question)
            pump.heard(hand)
            said += 1

        assert MESSAGES_MAX + 1 == said


class TestCatchingUp:
    """Days offline cost what is new, not what is there. Spec §8.3."""

    @pytest.mark.slow
    @pytest.mark.no_cover
    def test_twenty_new_things_among_two_thousand(self) -> None:
        """Messages and bytes over the link, greeting and comparison of the day included."""
        holders = "BCDEFGHIJK"
        pump = settle("AZ", *(f"A{name}" for name in holders), names="AZ" + holders)
        for name in holders:
            for number in range(200):
                pump.command(name, AddThing(f"{name}{number}", circles=2))
        assert 2000 == len(pump.sees("Z"))
        pump.advance(2 * DAY_MS)  # all have introduced themselves
        pump.stop("Z")
        pump.advance(3 * DAY_MS)
        for name in holders:
            for number in range(2):
                own = pump.core(name).mine(Kind.LISTING)[0].object.hex()
                pump.command(name, WithdrawThing(own))
                pump.command(name, AddThing(f"new {name}{number}", circles=2))
        heard: list[bytes] = []
        pump.listeners.append(heard.append)
        pump.start("Z")
        pump.link_all()
        assert 2000 == len(pump.sees("Z"))
        size_bytes, count = sum(map(len, heard)), len(heard)
        pump.advance(HOUR_MS)
        with_comparison = sum(map(len, heard))

        new_bytes = 40 * 400  # 20 things and 20 withdrawals of about 400 bytes
        assert count <= 12
        assert size_bytes <= 1.5 * new_bytes
        assert with_comparison <= size_bytes + 1500
        compared = [m for m in map(decode_message, heard) if isinstance(m, Compare)]
        assert 2 == len(compared)


def test_the_bounds_leave_room_for_each_other() -> None:
    """What is streamed unasked and what is asked for together stay below the host's pause."""
    assert 2 * UNCONFIRMED_MAX_BYTES <= limits.LINK_IN_FLIGHT_MAX_BYTES
    assert offers.ORIGINS_PER_FRIEND_MAX >= limits.FRIENDS_MAX
