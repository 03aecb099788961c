"""Spec §8.7: where a record came from, the next one is given at once."""

from __future__ import annotations

from node.engine.commands import AddThing
from protocol.bodies import Kind
from protocol.keys import MemberId
from protocol.messages import Announce, Lazy, Message, Records, Want, decode_message
from protocol.session import EAGER_ORIGINS_MAX, LinkSession
from simulations.pump import Pump


def settle(*friendships: str, names: str = "ABCD") -> Pump:
    pump = Pump()
    pump.settle(names, *friendships)
    return pump


def listen(pump: Pump) -> list[Message]:
    heard: list[Message] = []
    pump.listeners.append(lambda data: heard.append(decode_message(data)))
    return heard


def copies(pump: Pump, heard: list[Message], kind: Kind = Kind.LISTING) -> int:
    envelopes = [e for m in heard if isinstance(m, Records) for e in m.envelopes]
    return sum(1 for envelope in envelopes if pump.open(envelope).kind is kind)


class TestLinks:
    """Between engines."""

    def test_the_first_record_of_an_origin_is_asked_for_the_second_is_given(self) -> None:
        """In a line: no want any more, one copy for each who may see it."""
        pump = settle("AB", "BC", "CD")
        pump.command("A", AddThing("ladder", circles=3))
        heard = listen(pump)
        pump.command("A", AddThing("drill", circles=3))

        assert [["drill", "ladder"]] * 3 == [pump.sees(name) for name in "BCD"]
        assert [] == [m for m in heard if isinstance(m, Want)]
        assert 3 == copies(pump, heard)

    def test_large_records_are_announced_all_the_same(self) -> None:
        """Beyond two kibibytes asking is cheaper than a second copy."""
        pump = settle("AB", "BC")
        pump.command("A", AddThing("ladder", circles=3))
        heard = listen(pump)
        pump.command("A", AddThing("atlas", text="x" * 3000, circles=3))

        assert 2 == len([m for m in heard if isinstance(m, Want)])
        assert ["atlas", "ladder"] == pump.sees("C")

    def test_in_a_ring_the_links_become_a_tree(self) -> None:
        """After the first few records hardly one comes twice."""
        pump = settle("AB", "BC", "CD", "AD")
        for number in range(3):
            pump.command("A", AddThing(f"thing {number}", circles=3))
        heard = listen(pump)
        for number in range(3, 13):
            pump.command("A", AddThing(f"thing {number}", circles=3))

        assert 30 <= copies(pump, heard) <= 31
        assert 13 == len(pump.sees("C"))

    def test_a_copy_too_many_makes_the_link_lazy(self) -> None:
        """The one who gave what was here already is told, and announces from then on."""
        pump = settle("AB", "BC", "CD", "AD")
        pump.command("A", AddThing("ladder", circles=3))
        for giver in "BD":
            core = pump.core(giver)
            core.links[core.link_ids[pump.member("C")]].session.make_eager(pump.member("A"))
        heard = listen(pump)
        pump.command("A", AddThing("drill", circles=3))
        pump.command("A", AddThing("tent", circles=3))

        assert [Lazy((pump.member("A"),))] == [m for m in heard if isinstance(m, Lazy)]
        assert 3 + 1 + 3 == copies(pump, heard)

    def test_a_broken_tree_heals_by_announcements(self) -> None:
        """The link that was eager is gone: what is announced elsewhere is asked for there."""
        pump = settle("AB", "BC", "CD", "AD")
        pump.command("A", AddThing("ladder", circles=3))
        core = pump.core("C")
        giver = core.registers.stored(core.visible_listings()[0].key)
        assert giver is not None
        name = next(n for n in "BD" if pump.member(n) == giver.received_from)
        pump.cut("C", name)
        pump.command("A", AddThing("drill", circles=3))
        heard = listen(pump)
        pump.command("A", AddThing("tent", circles=3))

        assert ["drill", "ladder", "tent"] == pump.sees("C")
        assert [] == [m for m in heard if isinstance(m, Want)]

    def test_what_a_record_may_not_reach_is_not_given_eagerly(self) -> None:
        """Eager or not, circles come first."""
        pump = settle("AB", "BC", "CD")
        pump.command("A", AddThing("ladder", circles=3))
        pump.command("A", AddThing("diary", circles=1))

        assert ["diary", "ladder"] == pump.sees("B")
        assert ["ladder"] == pump.sees("C")

    def test_lazy_for_made_up_origins_changes_nothing(self) -> None:
        """A hostile friend can only make its own link lazy."""
        pump = settle("AB", "BC")
        hand = pump.impersonate("C", "B")
        pump.say(hand, Lazy(tuple(MemberId(bytes([n] * 32)) for n in range(256))))
        pump.say(hand, Announce(0, False, ()))

        assert [] == pump.rejects
        assert [] == pump.disconnects


class TestBounds:
    """What one link remembers."""

    def test_origins_are_forgotten_longest_unused_first(self) -> None:
        """A friend that asks for records of ever more origins fills nothing."""
        session = LinkSession()
        origins = [MemberId(n.to_bytes(32, "big")) for n in range(EAGER_ORIGINS_MAX + 10)]
        for origin in origins[:EAGER_ORIGINS_MAX]:
            session.make_eager(origin)
        session.make_eager(origins[0])
        for origin in origins[EAGER_ORIGINS_MAX:]:
            session.make_eager(origin)

        assert EAGER_ORIGINS_MAX == len(session.eager)
        assert origins[0] in session.eager
        assert origins[1] not in session.eager
        session.make_lazy(origins[0])
        session.make_lazy(origins[0])
        assert origins[0] not in session.eager
