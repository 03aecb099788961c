"""Spec §7.6, §7.4: what is taken back goes wherever the thing went; another path at once.

Stories: the path died meanwhile, a node was off, or lies in wait behind a liar.
"""

from __future__ import annotations

import itertools

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.engine.commands import AddThing, SetThing, ShowFriendship, WithdrawThing
from protocol.bodies import Kind, ListingBody
from protocol.messages import Have
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
NAMES = "ABCDEF"


def settle(*friendships: str) -> Pump:
    pump = Pump()
    pump.settle(NAMES, *friendships)
    return pump


def share(pump: Pump, circles: int = 3) -> str:
    """A's ladder."""
    answer = pump.command("A", AddThing("ladder", circles=circles))
    assert isinstance(answer, dict)
    return str(answer["thing"])


def seers(pump: Pump) -> list[str]:
    return [name for name in pump.running() if "ladder" in pump.sees(name)]


def holders(pump: Pump) -> list[str]:
    """Who holds a version that no withdrawal covers, shown or not; the holder aside."""
    found = []
    for name in pump.running():
        core = pump.core(name)
        listings = [r for r in core.of_kind(Kind.LISTING) if not core.is_withdrawn(r)]
        if name != "A" and any(isinstance(r.body, ListingBody) for r in listings):
            found.append(name)
    return found


class TestPathDied:
    """Between the thing and its end."""

    def test_a_longer_way_brings_the_withdrawal(self) -> None:
        """C was two steps away, and is three now: as far as the thing goes."""
        pump = settle("AB", "BC", "AD", "DE", "EC")
        thing = share(pump)
        pump.end("A", "B")
        assert 3 == pump.core("C").distance(pump.member("A"))
        assert ["C", "D", "E"] == seers(pump)
        pump.command("A", WithdrawThing(thing))

        assert [] == seers(pump)
        assert ["B"] == holders(pump), "four steps away: hidden for want of a path"

    def test_narrowed_after_the_near_way_died(self) -> None:
        """Whoever is within the new reach keeps it, by the way there is."""
        pump = settle("AB", "BC", "AD", "DC", "CE")
        thing = share(pump)
        pump.end("A", "B")
        assert ["B", "C", "D", "E"] == seers(pump), "B by C: as far as three"
        pump.command("A", SetThing(thing, circles=2))

        assert ["C", "D"] == seers(pump)
        assert ["C", "D"] == holders(pump)

    def test_too_far_now_for_the_word_and_for_the_thing(self) -> None:
        """B's only path is gone before the withdrawal: it hides the thing, and when it is
        near again hears the one before it could show the other for good."""
        pump = settle("AB", "AC", "CD")
        thing = share(pump)
        pump.end("A", "B")
        assert "ladder" not in pump.sees("B")
        pump.command("A", WithdrawThing(thing))
        pump.start("B")
        assert isinstance(pump.join("B", "C"), dict)
        pump.advance(DAY_MS)

        assert [] == seers(pump)
        assert [] == holders(pump)

    def test_the_path_dies_in_the_middle_of_the_news(self) -> None:
        """The withdrawal is under way when the friendship before it ends."""
        pump = settle("AB", "BC", "CD", "AE", "EC")
        thing = share(pump)
        pump.start_command("A", WithdrawThing(thing))
        pump.run(lambda: pump.carried > 0)
        pump.end("B", "C")

        assert [] == holders(pump)


class TestOff:
    """Nodes that were off hear of it from whoever was not."""

    def test_the_holder_goes_off_when_one_friend_has_heard(self) -> None:
        """B passes it on days later, to one who was off meanwhile."""
        pump = settle("AB", "BC", "CD")
        thing = share(pump)
        pump.stop("C")
        pump.command("A", WithdrawThing(thing))
        pump.stop("A")
        pump.advance(3 * DAY_MS)
        assert ["D"] == seers(pump)
        pump.start("C")
        pump.link_all()

        assert [] == holders(pump)

    def test_each_was_on_only_with_its_neighbour(self) -> None:
        """The news goes hand to hand over a week; restarts in between lose nothing."""
        pump = settle("AB", "BC", "CD")
        thing = share(pump)
        for name in "BCD":
            pump.stop(name)
        pump.command("A", SetThing(thing, circles=1))
        for one, other in (("A", "B"), ("B", "C"), ("C", "D")):
            for name in NAMES:
                pump.stop(name)
            pump.advance(DAY_MS)
            for name in (one, other):
                pump.start(name)
            pump.link_all()
        for name in NAMES:
            pump.start(name)

        assert ["B"] == seers(pump)
        assert ["B"] == holders(pump)

    def test_narrowed_twice_and_widened_while_one_was_off(self) -> None:
        """The last word counts."""
        pump = settle("AB", "BC", "CD")
        thing = share(pump)
        pump.stop("C")
        for circles in (1, 0, 2):
            pump.command("A", SetThing(thing, circles=circles))
        pump.start("C")
        pump.link_all()

        assert ["B", "C"] == seers(pump)
        assert ["B", "C"] == holders(pump)

    def test_off_for_longer_than_all_leases(self) -> None:
        """The word itself has ended, and so has the thing: neither is missed."""
        pump = settle("AB", "BC", "CD")
        thing = share(pump)
        pump.stop("D")
        pump.command("A", WithdrawThing(thing))
        pump.advance(100 * DAY_MS)
        pump.start("D")
        pump.advance(1)
        pump.link_all()

        assert [] == holders(pump)


class TestLiars:
    """A friend who keeps what it should pass on."""

    @pytest.mark.parametrize("narrow", [True, False])
    def test_it_comes_round_the_liar(self, narrow: bool) -> None:
        """D has the thing from C, who says nothing from now on; E says it."""
        pump = settle("AB", "BC", "CD", "BE", "ED")
        thing = share(pump)
        liar = pump.impersonate("C", "D")
        pump.say(liar, Have(bytes(8), bytes(8), 0))
        if narrow:
            pump.command("A", SetThing(thing, circles=1))
        else:
            pump.command("A", WithdrawThing(thing))

        assert "D" not in seers(pump)
        assert "D" not in holders(pump)

    def test_behind_a_liar_alone_it_goes_with_the_lease(self) -> None:
        """The only guarantee there is: the halves of the path are not renewed to D."""
        pump = settle("AB", "BC", "CD")
        thing = share(pump)
        liar = pump.impersonate("C", "D")
        pump.say(liar, Have(bytes(8), bytes(8), 0))
        pump.command("A", WithdrawThing(thing))
        pump.advance(30 * DAY_MS - HOUR_MS)
        assert ["D"] == seers(pump)
        pump.advance(2 * HOUR_MS)

        assert [] == seers(pump)


class TestAnotherPath:
    """Remembered offers are looked at again the moment a path dies. Spec §7.4."""

    def test_it_is_asked_for_at_once(self) -> None:
        """No timer has to come: what follows from the end brings the other path."""
        pump = settle("AB", "BD", "AC", "CD", "DE")
        share(pump)
        used = pump.core("D").path_from(pump.member("A"))
        assert used is not None
        near = next(name for name in "BC" if pump.member(name) == used[1])
        now_ms = pump.now_ms
        pump.end(near, "A")

        assert now_ms == pump.now_ms
        assert {"D", "E"} <= set(seers(pump))
        other = "C" if near == "B" else "B"
        path = tuple(pump.member(name) for name in ("A", other, "D"))
        assert path == pump.core("D").path_from(pump.member("A"))

    def test_the_friend_who_offered_it_is_off(self) -> None:
        """A longer one, remembered and not held: it is asked for when they are back."""
        pump = settle("AB", "BD", "AC", "CF", "FD", "DE")
        share(pump)
        pump.stop("F")
        pump.end("A", "B")
        assert ["C"] == seers(pump)
        pump.start("F")
        pump.link_all()

        assert ["C", "D", "F"] == seers(pump), "E is four steps away now"

    def test_the_certificates_at_hand_are_enough_while_the_friend_is_off(self) -> None:
        """As near as the one that died: both were held."""
        pump = settle("AB", "BD", "AC", "CD", "DE")
        share(pump)
        used = pump.core("D").path_from(pump.member("A"))
        assert used is not None
        near = next(name for name in "BC" if pump.member(name) == used[1])
        pump.stop("C" if near == "B" else "B")
        pump.end(near, "A")

        assert {"D", "E"} <= set(seers(pump))

    def test_a_lease_that_ends_is_no_different(self) -> None:
        """B is off for good: when its half ends, D goes by C without a gap."""
        pump = settle("AB", "BD", "AC", "CD", "DE")
        share(pump)
        pump.stop("B")
        for _ in range(40):
            pump.advance(DAY_MS)
            assert {"C", "D", "E"} == set(seers(pump))

    def test_one_after_the_other_dies(self) -> None:
        """Until none is left; then it is gone at once."""
        pump = settle("AB", "AC", "AD", "BE", "CE", "DE", "EF")
        share(pump)
        for name in "BCD":
            assert {"E", "F"} <= set(seers(pump))
            pump.end("A", name)

        assert [] == seers(pump)


Op = tuple[str, str, str]
OPS = st.one_of(
    st.tuples(st.just("stop"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("start"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("end"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("hide"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("show"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("join"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("circles"), st.sampled_from("0123"), st.just("")),
    st.tuples(st.just("wait"), st.just(""), st.just("")),
)
PAIRS = ["".join(pair) for pair in itertools.combinations(NAMES, 2)]


class Town:
    """What people did, beside what the nodes made of it."""

    def __init__(self, friendships: list[str]) -> None:
        self.pump = settle(*friendships)
        self.friends = {frozenset(pair) for pair in friendships}
        self.hidden: set[tuple[str, str]] = set()
        self.circles = 3
        self.thing = share(self.pump)

    def do(self, op: Op) -> None:
        what, one, other = op
        pump = self.pump
        if what == "stop":
            pump.stop(one)
        elif what == "start" and pump.homes[one].engine is None:
            pump.start(one)
            pump.link_all()
        elif what == "wait":
            pump.advance(DAY_MS)
        elif what == "circles" and pump.homes["A"].engine is not None:
            self.circles = int(one)
            pump.command("A", SetThing(self.thing, circles=self.circles))
        elif what == "join":
            self._befriend(one, other)
        elif what in ("end", "hide", "show"):
            self._befriended(what, one, other)

    def _befriend(self, one: str, other: str) -> None:
        homes = [self.pump.homes[name].engine for name in (one, other)]
        pair = frozenset((one, other))
        if len(pair) < 2 or None in homes or pair in self.friends:
            return
        if isinstance(self.pump.join(one, other), dict):
            self.friends.add(pair)
            self.hidden -= {(one, other), (other, one)}

    def _befriended(self, what: str, one: str, other: str) -> None:
        pump = self.pump
        if pump.homes[one].engine is None or one == other:
            return
        if not pump.core(one).is_live_friend(pump.member(other)):
            return
        if what == "end":
            self.friends.discard(frozenset((one, other)))
            pump.end(one, other)
            return
        pump.command(one, ShowFriendship(pump.member(other).hex(), what == "show"))
        if what == "show":
            self.hidden.discard((one, other))
        else:
            self.hidden.add((one, other))

    def heal(self) -> None:
        for name in NAMES:
            if self.pump.homes[name].engine is None:
                self.pump.start(name)
        for _ in range(3):
            self.pump.link_all()
            self.pump.advance(DAY_MS)

    def expected(self) -> list[str]:
        """A plain search of what people did."""
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(NAMES)
        for pair in PAIRS:
            one, other = pair[0], pair[1]
            is_hidden = (one, other) in self.hidden or (other, one) in self.hidden
            if frozenset(pair) in self.friends and not is_hidden:
                graph.add_edge(one, other)
        reached = nx.single_source_shortest_path_length(graph, "A", cutoff=self.circles)
        near = [n for n in NAMES if self.circles and frozenset(("A", n)) in self.friends]
        return sorted({*reached, *near} - {"A"})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(PAIRS), unique=True, min_size=4, max_size=10),
    st.lists(OPS, max_size=25),
)
def test_whatever_people_do_it_is_seen_where_it_should_be(
    friendships: list[str], ops: list[Op]
) -> None:
    """Friendships made, ended, kept discreet, narrower and wider, nodes off: at rest all agree."""
    town = Town(friendships)
    for op in ops:
        town.do(op)
    town.heal()

    assert town.expected() == seers(town.pump)
