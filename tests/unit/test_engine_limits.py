"""What a hostile friend can make a node hold or do has a limit with a name.

Spec: §8.4, §14.
"""

from __future__ import annotations

import pytest

from node.engine import offers
from node.engine.commands import AddThing
from node.engine.core import Core
from node.engine.events import LinkId, LinkUp, Persist, Send
from node.engine.state import Allowance
from protocol import limits, session
from protocol.bodies import (
    STATEMENT_OBJECT,
    HalfBody,
    Kind,
    ListingBody,
    SeatBody,
    StatementBody,
    ThingKind,
    WithdrawalBody,
    half_object,
    seat_object,
    withdrawal_object,
)
from protocol.keys import MemberId, ObjectId, RecordId
from protocol.messages import (
    Addresses,
    Announce,
    Have,
    OfferedPath,
    Paths,
    Records,
    Want,
)
from simulations.pump import Pump

THING = ObjectId(b"thing of malice!")


def scene(*, rate: int | None = 50) -> tuple[Pump, LinkId]:
    """Ana, an honest friend Bob, and Mallory, whose end of the link is played."""
    pump = Pump()
    pump.settle("FGAMB", "FG", "AM", "AB", records_per_second_max=rate)
    for name in "FG":
        pump.stop(name)
    far = pump.impersonate("M", "A")
    pump.say(far, Have(bytes(8), bytes(8), 0))
    pump.heard(far)
    return pump, far


def ids(start: int, count: int) -> tuple[RecordId, ...]:
    return tuple(RecordId(n.to_bytes(32, "big")) for n in range(start, start + count))


def announce(start: int, count: int) -> Announce:
    return Announce(
        start + count, False, tuple((record_id, 300) for record_id in ids(start, count))
    )


def listing(title: str = "x", through: tuple[MemberId, ...] = ()) -> ListingBody:
    return ListingBody(title, "", ThingKind.OBJECT, 3, through, ())


def code_of(pump: Pump) -> str:
    return pump.rejects[-1][1]


def size_of(core: Core) -> dict[str, int]:
    """How much a node holds, by structure: what the tests below must see bounded."""
    sessions = [link.session for link in core.links.values()]
    puller = core.puller
    return {
        "records": len(core.registers),
        "log": len(core.log),
        "log lists": len(core.log._numbers),
        "expiries": len(core.expiries),
        "reach": sum(len(channels) for channels in core.reach.values()),
        "chosen": len(core.chosen),
        "given": sum(len(given) for given in core.offers.given.values()),
        "given edges": sum(len(edges) for edges in core.offers.given_edges.values()),
        "received": sum(len(received) for received in core.offers.received.values()),
        "revocations": len(core.revocations),
        "wanted": len(puller._wanted),
        "queued": sum(len(queue) for queue in puller.queues.values()),
        "outstanding": sum(len(asked) for asked in puller._outstanding.values()),
        "asked": len(puller.deadlines_ms),
        "pending": sum(len(link.pending) for link in sessions),
        "known": sum(len(link.known_to_peer) for link in sessions),
        "offered": sum(len(link.offered) for link in core.links.values()),
        "hashes": len(core.registers._halves_by_hash),
        "paths": len(core.graph._paths),
        "edges": core.graph.edge_count(),
    }


class TestAnnouncements:
    """Announced and never served. Spec §8.4."""

    def test_a_friend_who_announces_without_end_is_cut_off(self) -> None:
        """What it may owe us is bounded; the rest of the node does not notice."""
        pump, far = scene()
        start = 0
        while pump.is_open(far) and start < 10 * session.PENDING_MAX:
            pump.say(far, announce(start, 256))
            start += 256

        assert not pump.is_open(far)
        assert "quota-exceeded" == code_of(pump)
        assert start <= session.PENDING_MAX + 256
        assert {"wanted": 0, "queued": 0, "outstanding": 0, "pending": 0} == {
            piece: number
            for piece, number in size_of(pump.core("A")).items()
            if piece in ("wanted", "queued", "outstanding", "pending")
        }

    def test_within_the_limit_everything_given_up_is_forgotten(self) -> None:
        """Thirty seconds for each window of wants, then nothing is left."""
        pump, far = scene(rate=None)
        for start in range(0, 2048, 256):
            pump.say(far, announce(start, 256))
        core = pump.core("A")
        assert 2048 == size_of(core)["pending"]
        assert session.PULL_COUNT_MAX == size_of(core)["outstanding"]
        pump.advance(10 * 60_000)

        size = size_of(core)
        assert (0, 0, 0, 0) == (size["pending"], size["wanted"], size["queued"], size["asked"])

    def test_the_same_ids_again_and_again_cost_nothing_more(self) -> None:
        """Known is known."""
        pump, far = scene()
        for _ in range(50):
            pump.say(far, announce(0, 256))

        assert 256 == size_of(pump.core("A"))["wanted"]
        assert 256 >= size_of(pump.core("A"))["queued"]

    def test_what_it_knows_of_a_friend_s_store_is_bounded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ids are remembered so that nothing is said twice, not for ever."""
        monkeypatch.setattr(session, "KNOWN_TO_PEER_MAX", 300)
        pump, far = scene()
        for start in range(0, 2048, 256):
            pump.say(far, announce(start, 256))

        known = [len(link.session.known_to_peer) for link in pump.core("A").links.values()]
        assert 300 == max(known)


class TestOffers:
    """Paths to ever new origins. Spec §7.4."""

    def test_origins_of_one_friend_are_so_many_at_most(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In memory and on disk; those known may still change."""
        monkeypatch.setattr(offers, "ORIGINS_PER_FRIEND_MAX", 20)
        pump, far = scene()
        mallory = pump.member("M")
        names = [MemberId(bytes([n]) * 32) for n in range(30)]
        for name in names:
            pump.say(far, Paths(name, (OfferedPath((name, mallory), ids(1, 2)),)))
        received = pump.core("A").offers.received[mallory]

        assert names[:20] == list(received)
        assert ["quota-exceeded"] * 10 == [code for who, code in pump.rejects if who == "A"]

        pump.say(far, Paths(names[0], (OfferedPath((names[0], mallory), ids(3, 2)),)))
        assert ids(3, 2) == received[names[0]][0].certificates
        pump.say(far, Paths(names[0], ()))
        pump.say(far, Paths(names[29], (OfferedPath((names[29], mallory), ids(3, 2)),)))
        assert names[29] in received

    def test_certificates_that_never_come_are_not_asked_for_without_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They count as owed, like announcements."""
        monkeypatch.setattr(offers, "PENDING_MAX", 100)
        pump, far = scene()
        mallory = pump.member("M")
        for n in range(200):
            name = MemberId(n.to_bytes(32, "big"))
            pump.say(far, Paths(name, (OfferedPath((name, mallory), ids(10 * n, 2)),)))

        assert pump.is_open(far)
        assert 100 == size_of(pump.core("A"))["pending"]


class TestStore:
    """Records that are good in themselves, and too many."""

    def test_one_friend_fills_its_share_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Made-up members and their seats; renewals of what is held still come."""
        monkeypatch.setattr(limits, "RECORDS_HELD_MAX", 600)
        pump, far = scene(rate=None)
        first = None
        for number in range(80):
            name = f"sybil {number}"
            pump.add(name)
            pump.stop(name)
            seat = pump.sign(name, SeatBody(pump.member("M")), seat_object(pump.member("M")))
            first = first or seat
            pump.say(far, Records((seat.envelope,)))
        core = pump.core("A")
        held = core.registers.count_from(pump.member("M"))

        assert 60 == held
        assert "quota-exceeded" == code_of(pump)
        assert first is not None
        again = pump.sign("sybil 0", SeatBody(pump.member("M")), first.object)
        pump.say(far, Records((again.envelope,)))
        assert core.registers.has_id(again.record_id)
        pump.command("B", AddThing("bike", circles=1))
        assert ["bike"] == pump.sees("A")

    def test_all_friends_together_fill_the_store_and_no_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What one friend leaves of it is all that another gets."""
        pump, far = scene(rate=None)
        core = pump.core("A")
        mallory, bob = pump.member("M"), pump.member("B")
        held = core.registers.count_foreign()
        monkeypatch.setattr(limits, "RECORDS_HELD_MAX", held + 5)
        monkeypatch.setattr(limits, "FAR_QUOTA_PER_FRIEND_MAX_PERCENT", 100)
        things = [ObjectId(bytes([n]) * 16) for n in range(5)]
        for thing in things[:4]:
            pump.say(far, Records((pump.sign("M", listing(), thing).envelope,)))
        assert core.registers.count_from(mallory) + core.registers.count_from(bob) == held + 4

        pump.command("B", AddThing("bike", circles=1))
        pump.command("B", AddThing("tent", circles=1))

        assert ["bike", "x", "x", "x", "x"] == pump.sees("A")
        assert "quota-exceeded" == code_of(pump)
        pump.say(far, Records((pump.sign("M", listing("edited"), things[0]).envelope,)))
        assert "edited" in pump.sees("A")

    def test_an_origin_lists_so_many_things(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its edits and withdrawals are not counted. Spec §14."""
        monkeypatch.setattr(limits, "LISTINGS_PER_ORIGIN_MAX", 5)
        pump, far = scene(rate=None)
        objects = [ObjectId(bytes([n]) * 16) for n in range(8)]
        for object_id in objects:
            pump.say(far, Records((pump.sign("M", listing(), object_id).envelope,)))

        assert 5 == len(pump.sees("A"))
        assert "quota-exceeded" == code_of(pump)

        edit = pump.sign("M", listing("edited"), objects[0])
        pump.say(far, Records((edit.envelope,)))
        body = WithdrawalBody(objects[1], 0, 2**50, 3, ())
        gone = pump.sign("M", body, withdrawal_object(objects[1]))
        pump.say(far, Records((gone.envelope,)))
        pump.say(far, Records((pump.sign("M", listing("sixth"), objects[7]).envelope,)))
        assert ["edited", "sixth", "x", "x", "x"] == pump.sees("A")

    @pytest.mark.slow
    def test_one_register_rewritten_for_ever_stays_one(self) -> None:
        """Neither dates nor hashes nor lists of former versions pile up."""
        pump, far = scene(rate=None)
        core = pump.core("A")
        a = pump.member("A")
        before = size_of(core)
        for number in range(700):
            through = (MemberId(number.to_bytes(32, "big")),)
            said = pump.sign("M", listing(through=through), THING)
            half = HalfBody(a, number.to_bytes(32, "big"), True, True)
            forth = pump.sign("M", half, half_object(a))
            pump.say(far, Records((said.envelope, forth.envelope)))
            pump.heard(far)
        growth = {piece: n - before[piece] for piece, n in size_of(core).items()}

        assert 2 >= growth.pop("records")
        assert {} == {piece: n for piece, n in growth.items() if n > 550 and piece != "known"}
        assert offers.CHANNELS_PER_ORIGIN_SPARE_MAX + 2 >= growth["reach"]

    def test_origins_that_come_and_go_leave_nothing_behind(self) -> None:
        """Made-up members whose every record soon expires."""
        pump, far = scene(rate=None)
        core, mallory = pump.core("A"), pump.member("M")
        before = size_of(core)
        for number in range(60):
            name = f"sybil {number}"
            pump.add(name)
            pump.stop(name)
            sybil = pump.member(name)
            said = pump.sign(
                name, StatementBody("s", (), bytes(32), b"", b""), STATEMENT_OBJECT, lease_ms=500
            )
            halves = [
                pump.sign(
                    one,
                    HalfBody(towards, bytes(32), True, True),
                    half_object(towards),
                    lease_ms=500,
                )
                for one, towards in ((name, mallory), ("M", sybil))
            ]
            path = OfferedPath((sybil, mallory), tuple(half.record_id for half in halves))
            pump.say(far, Paths(sybil, (path,)))
            pump.say(far, Records(tuple(record.envelope for record in [*halves, said])))
            assert 2 == core.distance(sybil)
            pump.say(far, Paths(sybil, ()))
            pump.advance(1000)
        growth = {piece: n - before[piece] for piece, n in size_of(core).items()}
        bounded = {piece: n for piece, n in growth.items() if n > 2}

        assert {"known", "offered", "log lists"} >= set(bounded), bounded


class TestRates:
    """Too fast. Spec §14."""

    def flood(self, pump: Pump, far: LinkId, count: int) -> int:
        """Push so many records of Mallory's own; how many were sent while the link stood."""
        sent = 0
        while sent < count and pump.is_open(far):
            batch = [
                pump.sign("M", listing(), ObjectId((sent + n).to_bytes(16, "big")))
                for n in range(min(50, count - sent))
            ]
            pump.say(far, Records(tuple(record.envelope for record in batch)))
            sent += len(batch)
        return sent

    @pytest.mark.slow
    def test_a_flood_beyond_the_burst_closes_the_link_and_says_why(self) -> None:
        """500 at once, and as many again on credit; the count names the friend's link."""
        pump, far = scene()
        sent = self.flood(pump, far, 3000)

        assert not pump.is_open(far)
        assert 2 * limits.RECORDS_BURST_MAX < sent <= 2 * limits.RECORDS_BURST_MAX + 50
        assert ("A", "quota-exceeded") in pump.disconnects

    @pytest.mark.slow
    def test_coming_again_gives_no_fresh_allowance(self) -> None:
        """Time does."""
        pump, far = scene()
        self.flood(pump, far, 3000)
        far = pump.by_hand("A", lambda link: LinkUp(link, pump.member("M")))
        pump.say(far, Have(bytes(8), bytes(8), 0))
        assert self.flood(pump, far, 3000) <= 50

        pump.advance(30_000)
        far = pump.by_hand("A", lambda link: LinkUp(link, pump.member("M")))
        pump.say(far, Have(bytes(8), bytes(8), 0))
        assert self.flood(pump, far, 3000) > 1000

    @pytest.mark.slow
    def test_what_we_ask_for_ourselves_is_paced_and_comes_in_the_end(self) -> None:
        """A friend with much to tell is no flooder."""
        pump = Pump()
        pump.settle("ABC", "AB", "BC")
        pump.cut("B", "C")
        for number in range(190):
            pump.command("A", AddThing(f"thing {number}", circles=2))
        pump.link("B", "C")
        pump.run()
        core = pump.core("C")
        link_id = core.link_of(pump.member("B"))
        assert link_id is not None
        core.allowances[pump.member("B")].burst = 0
        pump.advance(20_000)

        assert 190 == len(pump.sees("C"))
        assert [] == pump.rejects

    @pytest.mark.slow
    def test_a_slow_flood_is_held_to_so_many_a_day(self) -> None:
        """Below the rate all day: 50 a second would be 4.3 million."""
        pump, far = scene()
        sent = 0
        while pump.is_open(far) and sent < 3000:
            sent += self.flood(pump, far, 50)
            pump.core("A").allowances[pump.member("M")].today -= 1950  # as if 2,000 had come
            pump.advance(2000)

        taken = sent * 40
        assert not pump.is_open(far)
        over = limits.RECORDS_PER_DAY_MAX + limits.RECORDS_BURST_MAX
        assert over < taken <= over + 4000
        assert ("A", "quota-exceeded") in pump.disconnects

    @pytest.mark.slow
    def test_what_is_too_much_for_a_day_comes_the_next(self) -> None:
        """An honest friend with very much to tell is asked for the rest later."""
        pump = Pump()
        pump.settle("ABC", "AB", "BC")
        pump.cut("B", "C")
        for number in range(190):
            pump.command("A", AddThing(f"thing {number}", circles=2))
        pump.core("C").allowances[pump.member("B")] = Allowance(pump.now_ms, today=-100)
        pump.link("B", "C")
        pump.run()
        pump.advance(60_000)
        assert [] == pump.sees("C")

        pump.advance(3600_000)

        assert 190 == len(pump.sees("C"))
        assert [] == pump.rejects

    def test_asking_for_everything_again_and_again_closes_the_link(self) -> None:
        """A few bytes must not make us say everything without end."""
        pump, far = scene()
        for number in range(50):
            pump.command("A", AddThing(f"thing {number}", circles=1))
        core = pump.core("A")
        rounds = 0
        while pump.is_open(far) and rounds < 100:
            pump.say(far, Have(bytes(8), core.log.epoch, 40), Have(bytes(8), core.log.epoch, 0))
            rounds += 1

        assert session.ASKED_AGAIN_MAX + 1 >= rounds
        assert "quota-exceeded" == code_of(pump)


class TestEffects:
    """What one message makes a node do is bounded."""

    def test_one_want_gives_as_much_as_it_names(self) -> None:
        """Each id once, in messages of a frame or so."""
        pump, far = scene()
        for number in range(20):
            pump.command("A", AddThing(f"thing {number}", text="x" * 4000, circles=1))
        pump.heard(far)
        mine = pump.core("A").mine(Kind.LISTING)
        effects = pump.homes["A"].effects
        effects.clear()
        pump.say(far, Want(tuple(record.record_id for record in mine) * 12))
        given = [message for message in pump.heard(far) if isinstance(message, Records)]

        assert 20 == sum(len(message.envelopes) for message in given)
        sizes = [len(effect.message) for effect in effects if isinstance(effect, Send)]
        assert 64 * 1024 > max(sizes)

    def test_one_message_of_addresses_writes_one_row(self) -> None:
        """And the same again nothing."""
        pump, far = scene()
        effects = pump.homes["A"].effects
        for expected in (1, 0):
            effects.clear()
            pump.say(far, Addresses(("evil:1",)))
            assert expected == sum(isinstance(effect, Persist) for effect in effects)


def test_the_limits_above_have_reasons_next_to_their_numbers() -> None:
    """Hours of an honest town fit in; a day of a hostile friend does not."""
    assert 2 * session.STREAM_WINDOW <= session.PENDING_MAX <= 2**16
    assert session.PENDING_MAX <= session.KNOWN_TO_PEER_MAX
    share = limits.RECORDS_HELD_MAX * limits.FAR_QUOTA_PER_FRIEND_MAX_PERCENT // 100
    assert 10_000 <= offers.ORIGINS_PER_FRIEND_MAX <= share
