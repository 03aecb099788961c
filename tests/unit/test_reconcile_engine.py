"""Spec §8.6: what sync lost for any reason comes with the next comparison."""

from __future__ import annotations

import pytest

from node.engine import comparisons, offers, reconcile
from node.engine import pump as pump_module
from node.engine.commands import AddThing, WithdrawThing
from node.engine.core import Core
from node.engine.log import LogKey
from node.engine.pump import Batch
from node.engine.reconcile import ANSWER_MIN_MS
from node.engine.state import Link
from protocol.keys import RecordId
from protocol.messages import Compare, Compared, Listed, Message, RangeAsked, decode_message
from protocol.reconcile import ItemSet
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS


def settle(*friendships: str, names: str = "ABCD") -> Pump:
    pump = Pump()
    pump.settle(names, *friendships)
    return pump


def count_messages(pump: Pump) -> list[Message]:
    heard: list[Message] = []
    pump.listeners.append(lambda data: heard.append(decode_message(data)))
    return heard


def things_of(core: Core) -> int:
    return len(core.visible_listings())


class TestAtRest:
    """Nothing is lost: nothing is said but that."""

    @pytest.mark.parametrize(
        "friendships", [("AB",), ("AB", "BC", "CD"), ("AB", "BC", "CD", "AD", "AC")]
    )
    def test_both_sides_agree_on_every_link(self, friendships: tuple[str, ...]) -> None:
        """Also with listings of every reach, lists, withdrawals and an ended friendship."""
        pump = settle(*friendships)
        for name in "ABCD":
            for circles in (1, 2, 3):
                pump.command(name, AddThing(f"{name}{circles}", circles=circles))
        thing = pump.command("A", AddThing("gone", circles=3))
        assert isinstance(thing, dict)
        pump.command("A", WithdrawThing(str(thing["thing"])))
        pump.advance(HOUR_MS)
        heard = count_messages(pump)
        pump.advance(DAY_MS)

        asked = [m for m in heard if isinstance(m, Compare)]
        agreed = [m for m in heard if isinstance(m, Compared)]
        assert 2 * len(friendships) == len(asked) == len(agreed)
        assert all(not message.parts for message in agreed)
        assert [] == [m for m in heard if isinstance(m, Listed)]

    def test_it_is_once_a_day_also_for_nodes_that_run_an_hour_a_day(self) -> None:
        """The plan survives restarts."""
        pump = settle("AB", names="AB")
        heard = count_messages(pump)
        for _ in range(5):
            pump.stop("A")
            pump.advance(DAY_MS - HOUR_MS)
            pump.start("A")
            pump.link_all()
            pump.advance(HOUR_MS)

        assert 8 <= len([m for m in heard if isinstance(m, Compare)]) <= 10


class TestClocksAndEnds:
    """What the plan must survive."""

    def test_a_clock_put_back_by_a_year_does_not_put_comparing_off(self) -> None:
        """Within a day and a minute of the next greeting."""
        pump = settle("AB", names="AB")
        pump.now_ms += 365 * DAY_MS
        for name, friend in ("AB", "BA"):
            core = pump.core(name)
            core.begin(pump.now_ms)
            note = f"compared {pump.member(friend).hex()}"
            core.put_local(note, [pump.now_ms, pump.now_ms + DAY_MS])
        pump.now_ms -= 365 * DAY_MS
        pump.cut("A")
        pump.link_all()
        heard = count_messages(pump)
        pump.advance(DAY_MS + HOUR_MS)

        assert 2 == len([m for m in heard if isinstance(m, Compare)])

    def test_the_end_of_a_friendship_leaves_no_plan_behind(self) -> None:
        """Friends come and go for years."""
        pump = settle("AB", "BC", "CD")
        pump.advance(2 * DAY_MS)
        note = f"compared {pump.member('A').hex()}"
        assert pump.core("B").get_local(note) is not None
        pump.end("A", "B")

        assert pump.core("B").get_local(note) is None
        assert pump.member("A") not in pump.core("B").reconciling.begun


class TestPlantedLoss:
    """A bug in the stream loses something for one friend; the next day it is there."""

    def lose(self, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
        gather = pump_module.gather

        def losing(core: Core, link: Link, batch: Batch, key: LogKey, pushes: bool) -> None:
            if sort != ("record" if isinstance(key[0], bytes) else key[0]):
                gather(core, link, batch, key, pushes)

        monkeypatch.setattr(pump_module, "gather", losing)

    @pytest.mark.parametrize("friendships", [("AB", "BC", "CD"), ("AB", "BC", "CD", "AD")])
    def test_of_a_record_is_healed(
        self, friendships: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At every hop: after as many days as hops at most."""
        pump = settle(*friendships)
        with monkeypatch.context() as planted:
            self.lose(planted, "record")
            pump.command("A", AddThing("ladder", circles=3))
            assert [] == pump.sees("B")
        pump.advance(4 * DAY_MS)

        assert [["ladder"]] * 3 == [pump.sees(name) for name in "BCD"]

    def test_of_an_offer_is_healed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the path, the record alone would be refused."""
        pump = settle("AB", "BC", "CD")
        with monkeypatch.context() as planted:
            self.lose(planted, "paths")
            pump.join("A", "D")
            pump.end("A", "D")
            pump.command("A", AddThing("ladder", circles=3))
            pump.core("C").offers.received.clear()
        pump.advance(4 * DAY_MS)

        assert ["ladder"] == pump.sees("D")
        assert pump.core("C").offers.received[pump.member("B")]

    def test_of_a_revocation_is_healed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Long before the lease ends."""
        pump = settle("AB", "BC", "CD")
        pump.command("A", AddThing("ladder", circles=3))
        assert ["ladder"] == pump.sees("D")
        with monkeypatch.context() as planted:
            self.lose(planted, "revocation")
            pump.end("A", "B")
            pump.core("C").offers.received.clear()
        pump.advance(3 * DAY_MS)

        assert len(pump.core("B").revocations) == len(pump.core("D").revocations) > 0
        assert [] == pump.sees("D")

    def test_a_database_that_lost_rows_is_filled_again(self) -> None:
        """The cursor says that all is here; it is not."""
        pump = settle("AB", names="AB")
        for number in range(40):
            pump.command("A", AddThing(f"thing {number}", circles=1))
        core = pump.core("B")
        for record in core.visible_listings()[::3]:
            core.drop(record)
        assert 40 > things_of(core)
        pump.advance(2 * DAY_MS)

        assert 40 == things_of(core)


class TestSurprises:
    """Compared soon, not only at the end of the day."""

    def test_a_want_that_nobody_answers_is_looked_into(self) -> None:
        """Within an hour and a minute."""
        pump = settle("AB", names="AB")
        heard = count_messages(pump)
        link = pump.core("B").links[next(iter(pump.core("B").links))]
        pump.advance(2 * HOUR_MS)
        comparisons.surprised(pump.core("B"), link)
        pump.advance(2 * comparisons.AFTER_GREETING_MS)

        assert 1 == len([m for m in heard if isinstance(m, Compare)])

    def test_a_link_that_broke_with_something_under_way_is_looked_into(self) -> None:
        """It was announced and asked for, and did not come."""
        pump = settle("AB", "BC", names="ABC")
        pump.advance(2 * HOUR_MS)
        core = pump.core("C")
        pump.start_command("A", AddThing("ladder", circles=3))
        pump.run(lambda: any(link.session.pending for link in core.links.values()))
        pump.cut("C")
        pump.link_all()
        heard = count_messages(pump)
        pump.advance(2 * comparisons.AFTER_GREETING_MS)

        assert ["ladder"] == pump.sees("C")
        assert 1 == len([m for m in heard if isinstance(m, Compare)])

    def test_a_friend_whose_log_began_anew_is_compared_with(self) -> None:
        """Its database was put back, or lost: whatever it knows of us may be old."""
        pump = settle("AB", names="AB")
        pump.advance(2 * HOUR_MS)
        pump.cut("A")
        core = pump.core("B")
        core.cursors[pump.member("A")] = (b"an other", 7)
        pump.link_all()
        heard = count_messages(pump)
        pump.advance(2 * comparisons.AFTER_GREETING_MS)

        assert 1 == len([m for m in heard if isinstance(m, Compare)])

    def test_a_refused_record_is_looked_into_and_not_asked_for_again_at_once(self) -> None:
        """One comparison for it, then the daily one."""
        pump = settle("AB", names="AB")
        pump.advance(2 * HOUR_MS)
        core = pump.core("B")
        link = core.links[next(iter(core.links))]
        bad = RecordId(b"\7" * 32)
        heard = count_messages(pump)
        for _ in range(5):
            core.begin(pump.now_ms)
            comparisons.refused(core, link, bad)
            pump.advance(2 * HOUR_MS)

        assert 1 == len([m for m in heard if isinstance(m, Compare)])

    def test_what_is_remembered_as_refused_is_bounded(self) -> None:
        """A friend that gives bad records without end fills nothing."""
        pump = settle("AB", names="AB")
        core = pump.core("B")
        link = core.links[next(iter(core.links))]
        for number in range(comparisons.REFUSED_MAX + 50):
            core.begin(pump.now_ms)
            comparisons.refused(core, link, RecordId(number.to_bytes(32, "big")))

        assert comparisons.REFUSED_MAX == len(core.reconciling.asking[pump.member("A")].refused)

    def test_surprise_after_surprise_is_looked_into_once_an_hour(self) -> None:
        """A friend whose every record is refused must not keep us comparing."""
        pump = settle("AB", names="AB")
        core = pump.core("B")
        link = core.links[next(iter(core.links))]
        heard = count_messages(pump)
        for _ in range(100):
            comparisons.surprised(core, link)
            pump.advance(HOUR_MS // 20)

        assert len([m for m in heard if isinstance(m, Compare)]) <= 6


class TestHostileFriends:
    """Spec §8.6: bounds, written as attacks."""

    def test_comparisons_in_a_loop_are_not_answered(self) -> None:
        """Each one would sort everything that is held."""
        pump = settle("AB", names="AB")
        hand = pump.impersonate("A", "B")
        for number in range(50):
            own = ItemSet([], number.to_bytes(16, "big"))
            pump.say(hand, Compare(own.salt, (own.asked(bytes(32), b""),)))
        pump.run()
        answered = [m for m in pump.heard(hand) if isinstance(m, Compared | Listed)]

        assert len({m.salt for m in answered}) == 1
        assert 49 == len([r for r in pump.rejects if r == ("B", "quota-exceeded")])
        assert ANSWER_MIN_MS > 0

    def test_a_comparison_that_never_ends_is_cut(self) -> None:
        """The same question for ever."""
        pump = settle("AB", names="AB")
        hand = pump.impersonate("A", "B")
        question = Compare(bytes(16), (RangeAsked(bytes(32), b"", 0, b"\1" * 32),))
        for _ in range(reconcile.MESSAGES_MAX + 1):
            pump.say(hand, question)
        pump.run()

        assert [("B", "quota-exceeded")] == pump.disconnects

    def test_answers_to_nothing_are_counted(self) -> None:
        """And change nothing."""
        pump = settle("AB", names="AB")
        hand = pump.impersonate("A", "B")
        pump.say(hand, Listed(bytes(16), bytes(32), b"", False, (b"\1" * 32,)))
        pump.say(hand, Compared(bytes(16), bytes(32), b"", ()))
        pump.run()

        assert [("B", "invalid-state")] * 2 == pump.rejects
        assert not pump.core("B").links[next(iter(pump.core("B").links))].session.pending


def test_the_item_of_an_offer_names_origin_and_paths() -> None:
    """Two offers that differ in one hop differ."""
    pump = settle("AB", "BC", "CD")
    one, two, three = (pump.member(name) for name in "ABC")
    told = [
        reconcile.offer_item(one, ((one, two),)),
        reconcile.offer_item(one, ((one, two, three),)),
        reconcile.offer_item(one, ((one, two), (one, three))),
        reconcile.offer_item(two, ((two, one),)),
    ]

    assert 4 == len(dict.fromkeys(told))
    assert offers.desired_paths(pump.core("B"), one, three) == ()
