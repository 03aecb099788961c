"""Garbage of every kind, at every stage: ``handle`` never raises, and the node goes on.

Some of it is noise, most of it almost right: messages of every type about members, ids
and registers that exist, records of every kind signed by keys that Mallory has.

Spec: §8, §9.3, §10.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.engine.commands import AddThing, EndFriendship, Join, SetProfile
from node.engine.events import GuestLinkUp, HostLinkUp, LinkId, LinkUp, Send
from protocol.bodies import (
    STATEMENT_OBJECT,
    Body,
    HalfBody,
    Kind,
    ListingBody,
    RatingBody,
    SeatBody,
    StatementBody,
    Terms,
    ThingKind,
    WithdrawalBody,
    half_object,
    register_object,
    seat_object,
    withdrawal_object,
)
from protocol.invitations import decode_link
from protocol.keys import HouseId, MemberId, ObjectId, RecordId, Signature, revocation_secret
from protocol.messages import (
    Announce,
    Have,
    JoinRequest,
    Message,
    Missing,
    OfferedPath,
    Paths,
    Records,
    Revoked,
    Want,
    Welcome,
    encode_message,
)
from protocol.records import Record
from simulations import strategies
from simulations.pump import HOUR_MS, Pump

NAMES = "FGAMBX"
EFFECTS_MAX = 2000
"""More from one message would be an amplifier: 256 items, each a few effects."""


def town() -> Pump:
    pump = Pump()
    pump.settle(NAMES, "FG", "AM", "AB", "BM", "MX", "AF")
    pump.command("A", AddThing("axe", circles=2))
    pump.command("X", AddThing("xylophone", circles=3))
    return pump


def flip(data: bytes, place: int, mask: int) -> bytes:
    changed = bytearray(data)
    changed[place % len(data)] ^= mask
    return bytes(changed)


encoded = strategies.messages.map(encode_message)
noise = st.one_of(
    st.binary(max_size=60),
    encoded,
    st.builds(flip, encoded, st.integers(0, 400), st.integers(1, 255)),
)


class TestNoise:
    """Bytes that mean nothing, or nothing here."""

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(noise, max_size=8))
    def test_from_a_friend(self, said: list[bytes]) -> None:
        """Before and after the greeting."""
        pump = town()
        far = pump.impersonate("M", "A")
        pump.say(far, *said)
        if pump.is_open(far):
            pump.say(far, Have(bytes(8), bytes(8), 0), *said)
        assert_goes_on(pump)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(noise, max_size=4))
    def test_from_a_guest(self, said: list[bytes]) -> None:
        """Whoever has the invitation."""
        pump = town()
        tag = decode_link(pump.invite("A")).tag
        far = pump.by_hand("A", lambda link: HostLinkUp(link, tag, bytes(32)))
        pump.say(far, *said)
        assert_goes_on(pump)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(noise, max_size=4))
    def test_from_a_host(self, said: list[bytes]) -> None:
        """Whoever answers, before the welcome and after."""
        pump = town()
        pump.add("N")
        link = pump.invite("A")
        far = pump.answer_by_hand("N", Join(link), pump.homes["A"].config.link_public)
        pump.say(far, *said)
        pump.cut("N")
        pump.run()
        pump.start("N")

        assert isinstance(pump.command("N", Join(link)), dict)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(noise, max_size=4))
    def test_on_links_that_nobody_knows(self, said: list[bytes]) -> None:
        """A stranger's, one of no invitation, one that went down."""
        pump = town()
        strangers = [
            pump.by_hand("A", lambda link: LinkUp(link, MemberId(bytes(32)))),
            pump.by_hand("A", lambda link: HostLinkUp(link, bytes(16), bytes(32))),
            pump.by_hand("A", lambda link: GuestLinkUp(link, bytes(16), bytes(32))),
        ]
        for far in strangers:
            pump.say(far, *said)
        assert_goes_on(pump)


def assert_goes_on(pump: Pump) -> None:
    """Honest friends notice nothing, and the store can be read."""
    pump.command("A", AddThing("still here", circles=1))
    assert "still here" in pump.sees("B")
    pump.start("A")
    pump.link_all()
    assert "still here" in pump.sees("B")


@dataclass
class Forger:
    """Makes records and messages that are almost right, from what exists in a town."""

    pump: Pump

    def members(self) -> list[MemberId]:
        return [self.pump.member(name) for name in NAMES] + [MemberId(bytes(32))]

    def ids(self) -> list[RecordId]:
        held = self.pump.core("A").registers.all()
        return [*sorted(stored.record.record_id for stored in held), RecordId(bytes(32))]

    def objects(self) -> list[ObjectId]:
        held = self.pump.core("A").registers.all()
        known = sorted({stored.record.object for stored in held})
        return [*known, ObjectId(bytes(16)), register_object(Kind.RATING, bytes(16))]

    def body(self, data: st.DataObject) -> Body:
        member = st.sampled_from(self.members())
        thing = st.sampled_from(self.objects())
        some = st.lists(member, max_size=3, unique=True).map(tuple)
        signature = Signature(bytes(64))
        terms = st.builds(
            lambda a, b, t: Terms(self._house(), t, t, a, b, 1, 10, 20), member, member, thing
        )
        drawn: Body = data.draw(
            st.one_of(
                st.builds(
                    ListingBody, st.just("x"), st.just(""), st.just(ThingKind.OBJECT),
                    strategies.circles, some, st.just(()),
                ),
                st.builds(WithdrawalBody, thing, st.integers(0, 1), st.integers(0, 2**50),
                          strategies.circles, some),
                st.builds(HalfBody, member, st.binary(min_size=32, max_size=32),
                          st.booleans(), st.booleans()),
                st.builds(SeatBody, member),
                st.builds(StatementBody, st.just("x"), st.just(()), st.just(bytes(32)),
                          st.just(b""), st.just(b"")),
                st.builds(RatingBody, terms, st.just(signature), st.just(signature),
                          st.integers(0, 1), st.integers(0, 10), st.just(bytes(16))),
                strategies.bodies,
            )
        )  # fmt: skip
        return drawn

    def _house(self) -> HouseId:
        house = self.pump.core("A").house
        assert house is not None, "a town is a house"
        return house

    def record(self, data: st.DataObject) -> Record:
        body = self.body(data)
        own = own_register(body)
        is_misplaced: bool = data.draw(_RARELY)
        if own is None or is_misplaced:
            own = data.draw(st.sampled_from(self.objects()))
        return self.pump.sign(
            data.draw(st.sampled_from("MMMXA")),
            body,
            own,
            sequence=data.draw(st.integers(1, 12) | st.integers(2**40, 2**41)),
            epoch=data.draw(st.sampled_from([0, 0, 0, 1])),
            created_ms=self.pump.now_ms + data.draw(st.sampled_from([-HOUR_MS, 0, 0, HOUR_MS])),
            lease_ms=data.draw(st.sampled_from([1, HOUR_MS, 30 * 24 * HOUR_MS, 2**50])),
        )

    def message(self, data: st.DataObject) -> Message:
        ids = st.lists(st.sampled_from(self.ids()), max_size=4).map(tuple)
        member = st.sampled_from(self.members())
        epoch = st.sampled_from([bytes(8), self.pump.core("A").log.epoch])
        upto = st.sampled_from([0, 1, 5, 100, 2**53 - 1])
        drawn: Message = data.draw(
            st.one_of(
                st.builds(Have, epoch, epoch, upto),
                st.builds(Announce, upto, st.booleans(), ids.map(with_sizes)),
                st.builds(Want, ids),
                st.builds(Missing, ids),
                st.builds(Revoked, st.lists(st.tuples(self.secrets(), st.integers(0, 6)),
                                            max_size=3).map(tuple)),
                st.builds(self.paths, member, st.lists(member, max_size=3), st.data()),
                strategies.messages,
            )
        )  # fmt: skip
        return drawn

    def secrets(self) -> st.SearchStrategy[bytes]:
        """Made-up ones, and those that really end Mallory's friendships."""
        home = self.pump.homes["M"]
        true = [
            revocation_secret(home.config.seed, friend, sequence)
            for friend in self.members()
            for sequence in range(1, 8)
        ]
        return st.sampled_from([bytes(32), *true])

    def paths(self, origin: MemberId, rest: list[MemberId], data: st.DataObject) -> Paths:
        members = (origin, *rest)
        count = 2 * (len(members) - 1)
        ids = data.draw(st.lists(st.sampled_from(self.ids()), min_size=count, max_size=count))
        return Paths(origin, (OfferedPath(members, tuple(ids)),))


def own_register(body: Body) -> ObjectId | None:
    match body:
        case HalfBody(friend=friend):
            return half_object(friend)
        case SeatBody(candidate=candidate):
            return seat_object(candidate)
        case WithdrawalBody(target=target):
            return withdrawal_object(target)
        case StatementBody():
            return STATEMENT_OBJECT
    return None


def with_sizes(ids: tuple[RecordId, ...]) -> tuple[tuple[RecordId, int], ...]:
    return tuple((record_id, 300) for record_id in ids)


_RARELY: st.SearchStrategy[bool] = st.sampled_from([False, False, False, True])


class HostileFriend(RuleBasedStateMachine):
    """Mallory says anything, hangs up, comes again; Ana lives her life meanwhile."""

    @initialize()
    def begin(self) -> None:
        self.pump = town()
        self.forger = Forger(self.pump)
        self.far = self.pump.impersonate("M", "A")
        self.listed = 0

    @rule(data=st.data())
    def say_something(self, data: st.DataObject) -> None:
        self.pump.say(self.far, self.forger.message(data))

    @rule(data=st.data())
    def give_records(self, data: st.DataObject) -> None:
        records = [self.forger.record(data) for _ in range(data.draw(st.integers(1, 3)))]
        self.pump.say(self.far, Records(tuple(record.envelope for record in records)))

    @rule(data=st.data())
    def answer_wants(self, data: st.DataObject) -> None:
        """Serve what Ana asks for, or something else in its place."""
        for message in self.pump.heard(self.far):
            if isinstance(message, Want):
                known = [self.pump.peek(record_id) for record_id in message.ids]
                given = [r.envelope for r in known if r is not None]
                is_honest: bool = data.draw(st.booleans())
                if given and is_honest:
                    self.pump.say(self.far, Records(tuple(given)))
                else:
                    self.pump.say(self.far, Missing(message.ids))

    @rule(data=st.data())
    def come_as_a_guest(self, data: st.DataObject) -> None:
        tag = decode_link(self.pump.invite("A")).tag
        key = self.pump.homes["M"].config.link_public
        records = tuple(
            self.forger.record(data).envelope for _ in range(data.draw(st.integers(0, 3)))
        )
        greetings: list[Message] = [JoinRequest(records, ()), Welcome(records, ())]
        greeting = data.draw(st.sampled_from(greetings))
        guest = self.pump.by_hand("A", lambda link: HostLinkUp(link, tag, key))
        self.pump.say(guest, greeting, Have(bytes(8), bytes(8), 0))

    @rule()
    def come_again(self) -> None:
        self.pump.cut("A", "")
        if self.pump.member("M") in self.pump.core("A").friends:
            self.far = self.pump.by_hand("A", self._link_up)

    def _link_up(self, link: LinkId) -> LinkUp:
        return LinkUp(link, self.pump.member("M"))

    @rule(minutes=st.sampled_from([1, 60, 24 * 60, 8 * 24 * 60, 31 * 24 * 60]))
    def time_goes_by(self, minutes: int) -> None:
        self.pump.advance(minutes * 60_000)

    @rule()
    def ana_lists_a_thing(self) -> None:
        self.listed += 1
        self.pump.command("A", AddThing(f"thing {self.listed}", circles=2))

    @rule()
    def ana_s_node_restarts(self) -> None:
        self.pump.start("A")
        self.pump.link_all()
        self.come_again()

    @rule()
    def ana_and_bob_go_on(self) -> None:
        self.pump.command("A", SetProfile(f"Ana {self.listed}", ()))

    @precondition(lambda self: self.listed > 2)
    @rule()
    def ana_ends_it(self) -> None:
        self.pump.command("A", EndFriendship(self.pump.member("M").hex()))

    @invariant()
    def effects_are_bounded(self) -> None:
        for home in self.pump.homes.values():
            sends = sum(isinstance(effect, Send) for effect in home.effects)
            assert len(home.effects) < EFFECTS_MAX, f"{sends} messages sent for one step"
            home.effects.clear()

    def teardown(self) -> None:
        if hasattr(self, "pump"):
            self.pump.link_all()
            assert_goes_on(self.pump)


TestHostileFriend = HostileFriend.TestCase
TestHostileFriend.settings = settings(
    stateful_step_count=15, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
TestHostileFriend = pytest.mark.no_cover(pytest.mark.slow(TestHostileFriend))
