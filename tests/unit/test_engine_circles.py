"""Spec §7: things travel exactly as far as they may, over real engines."""

from __future__ import annotations

import itertools

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.engine.commands import AddThing, SetThing, WithdrawThing
from node.engine.events import Effect, Event, Woke
from protocol.bodies import Kind
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
NAMES = "ABCDEFG"

SHAPES: dict[str, tuple[str, ...]] = {
    "line": ("AB", "BC", "CD", "DE", "EF"),
    "ring": ("AB", "BC", "CD", "DE", "EF", "AF"),
    "star": ("AB", "AC", "AD", "AE", "AF"),
    "star seen from a point": ("BA", "BC", "BD", "BE", "BF"),
    "diamond": ("AB", "AC", "BD", "CD", "DE"),
    "two ways of unlike length": ("AB", "BE", "AC", "CD", "DE", "EF"),
    "clique": tuple("".join(pair) for pair in itertools.combinations("ABCDEF", 2)),
    "two parts": ("AB", "BC", "DE", "EF"),
}


def settle(*friendships: str) -> Pump:
    pump = Pump()
    pump.settle(NAMES, *friendships)
    return pump


def ball(friendships: tuple[str, ...], origin: str, circles: int) -> list[str]:
    """Who is within reach, by a plain search of the drawing."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(NAMES)
    graph.add_edges_from((pair[0], pair[1]) for pair in friendships)
    found = nx.single_source_shortest_path_length(graph, origin, cutoff=circles)
    return sorted(name for name in found if name != origin)


def list_thing(pump: Pump, name: str, title: str, circles: int, *through: str) -> str:
    only_through = tuple(pump.member(friend).hex() for friend in through)
    answer = pump.command(name, AddThing(title, circles=circles, only_through=only_through))
    assert isinstance(answer, dict), answer
    return str(answer["thing"])


def seers(pump: Pump, title: str) -> list[str]:
    return [name for name in pump.running() if title in pump.sees(name)]


def holders(pump: Pump, title: str) -> list[str]:
    """Whose store holds a listing of this title, shown or not."""
    return [
        name
        for name in pump.running()
        if any(
            getattr(record.body, "title", "") == title
            for record in pump.core(name).of_kind(Kind.LISTING)
        )
    ]


class TestReach:
    """Visible iff live and within reach: invariant I1 at rest."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_a_thing_is_seen_exactly_within_its_circles(self, shape: str) -> None:
        """On every shape, from every place, for every reach; nobody else even holds it."""
        friendships = SHAPES[shape]
        pump = settle(*friendships)
        for name, circles in itertools.product("ABF", range(4)):
            list_thing(pump, name, f"{name}{circles}", circles)

        for name, circles in itertools.product("ABF", range(4)):
            expected = ball(friendships, name, circles)
            assert expected == [n for n in seers(pump, f"{name}{circles}") if n != name]
            assert sorted([name, *expected]) == holders(pump, f"{name}{circles}")
        assert [] == pump.rejects

    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.sampled_from(["".join(p) for p in itertools.combinations(NAMES, 2)]),
            unique=True,
            max_size=12,
        ),
        st.integers(1, 3),
        st.lists(st.sampled_from(NAMES), max_size=4, unique=True),
    )
    def test_any_drawing_in_any_order_of_starting(
        self, friendships: list[str], circles: int, late: list[str]
    ) -> None:
        """Some nodes were off while things were listed."""
        pump = settle(*friendships)
        for name in late:
            pump.stop(name)
        for name in NAMES:
            if name not in late:
                list_thing(pump, name, name, circles)
        for name in late:
            pump.start(name)
            list_thing(pump, name, name, circles)
        pump.link_all()

        for name in NAMES:
            expected = ball(tuple(friendships), name, circles)
            assert expected == [n for n in seers(pump, name) if n != name]

    def test_each_knows_the_distance_and_a_shortest_path(self) -> None:
        """By the certificates it holds itself. Spec §7.2."""
        pump = settle(*SHAPES["two ways of unlike length"])
        list_thing(pump, "A", "ladder", 3)

        distances = {name: pump.core(name).distance(pump.member("A")) for name in NAMES}
        assert {"A": 0, "B": 1, "C": 1, "D": 2, "E": 2, "F": 3, "G": None} == distances
        path = tuple(pump.member(name) for name in "ABEF")
        assert path == pump.core("F").path_from(pump.member("A"))

    def test_a_thing_for_nobody_stays_at_home(self) -> None:
        """Circle 0."""
        pump = settle("AB")
        list_thing(pump, "A", "diary", 0)

        assert ["A"] == holders(pump, "diary")

    def test_members_who_lend_nothing_are_not_known_beyond_their_circle(self) -> None:
        """Cost follows content: certificates travel with what needs them."""
        pump = settle(*SHAPES["line"])
        list_thing(pump, "A", "ladder", 2)

        distances = [pump.core(name).distance(pump.member("A")) for name in "BCDEF"]
        assert [1, 2, None, None, None] == distances


class TestOnlyThrough:
    """Only through some friends. Spec §7.5."""

    def test_only_the_named_friends_get_it_and_pass_it_on(self) -> None:
        """The others are friends too, and get nothing."""
        pump = settle("AB", "AC", "BD", "CE", "DF")
        list_thing(pump, "A", "rope", 3, "B")

        assert ["B", "D", "F"] == seers(pump, "rope")
        assert ["A", "B", "D", "F"] == holders(pump, "rope")

    def test_a_friend_not_named_may_get_it_the_long_way(self) -> None:
        """Through B it is two hops to C, who is A's friend as well."""
        pump = settle("AB", "AC", "BC")
        list_thing(pump, "A", "near", 1, "B")
        list_thing(pump, "A", "far", 2, "B")

        assert ["B"] == seers(pump, "near")
        assert ["B", "C"] == seers(pump, "far")

    def test_the_way_back_through_the_holder_does_not_count(self) -> None:
        """The origin comes once on a path: C is behind A, not behind B."""
        pump = settle("AB", "AC", "CD")
        list_thing(pump, "A", "rope", 3, "B")

        assert ["B"] == seers(pump, "rope")

    def test_a_plain_thing_and_a_narrow_one_of_one_holder_travel_their_own_ways(self) -> None:
        """Paths are offered for each list in use. Spec §7.4."""
        pump = settle("AB", "AC", "BD", "CD", "DE")
        list_thing(pump, "A", "plain", 3)
        list_thing(pump, "A", "by B", 3, "B")
        list_thing(pump, "A", "by C", 3, "C")

        assert ["B", "C", "D", "E"] == seers(pump, "plain")
        assert ["B", "C", "D", "E"] == seers(pump, "by B")
        assert ["B", "C", "D", "E"] == seers(pump, "by C")


class TestChanges:
    """Edits, narrowing and withdrawals go wherever the thing went. Spec §7.6."""

    def test_an_edit_replaces_what_all_saw(self) -> None:
        """The next version in the register."""
        pump = settle(*SHAPES["line"])
        thing = list_thing(pump, "A", "ladder", 3)
        pump.command("A", SetThing(thing, title="long ladder"))

        assert [] == seers(pump, "ladder")
        assert ["B", "C", "D"] == seers(pump, "long ladder")

    @pytest.mark.parametrize(("circles", "left"), [(2, ["B", "C"]), (1, ["B"]), (0, [])])
    def test_narrowing_takes_it_from_who_is_now_too_far(
        self, circles: int, left: list[str]
    ) -> None:
        """They let go of it, and learn nothing of the next version."""
        pump = settle(*SHAPES["line"])
        thing = list_thing(pump, "A", "ladder", 3)
        pump.command("A", SetThing(thing, circles=circles))

        assert left == seers(pump, "ladder")
        assert ["A", *left] == holders(pump, "ladder")

    def test_narrowing_to_some_friends_takes_it_from_the_others(self) -> None:
        """Another `through` list."""
        pump = settle("AB", "AC", "BD", "CE")
        thing = list_thing(pump, "A", "ladder", 3)
        pump.command("A", SetThing(thing, only_through=(pump.member("B").hex(),)))

        assert ["B", "D"] == seers(pump, "ladder")
        assert ["A", "B", "D"] == holders(pump, "ladder")

    def test_widening_reaches_those_who_had_no_path_before(self) -> None:
        """Paths are offered as far as the widest thing goes."""
        pump = settle(*SHAPES["line"])
        thing = list_thing(pump, "A", "ladder", 1)
        assert ["B"] == seers(pump, "ladder")
        pump.command("A", SetThing(thing, circles=3))

        assert ["B", "C", "D"] == seers(pump, "ladder")

    def test_a_withdrawal_goes_wherever_the_thing_went(self) -> None:
        """Also after it was narrowed, to those who were off meanwhile."""
        pump = settle(*SHAPES["line"])
        thing = list_thing(pump, "A", "ladder", 3)
        pump.stop("D")
        pump.command("A", SetThing(thing, circles=1))
        pump.command("A", WithdrawThing(thing))
        pump.start("D")
        assert ["D"] == seers(pump, "ladder")
        pump.link_all()

        assert [] == holders(pump, "ladder")

    def test_a_withdrawal_reaches_who_lost_the_path_meanwhile(self) -> None:
        """Whatever the distances are now: a longer way still brings it."""
        pump = settle("AB", "BC", "AD", "DE", "EC")
        thing = list_thing(pump, "A", "ladder", 3)
        pump.command("A", WithdrawThing(thing))

        assert [] == holders(pump, "ladder")

    def test_a_withdrawn_version_does_not_come_back(self) -> None:
        """From a friend who was off and still has it. Spec §7.6."""
        pump = settle(*SHAPES["line"])
        thing = list_thing(pump, "A", "ladder", 3)
        pump.stop("B")
        pump.command("A", WithdrawThing(thing))
        pump.stop("A")
        pump.start("B")
        pump.link_all()
        assert ["B", "C", "D"] == seers(pump, "ladder")
        pump.start("A")
        pump.link_all()

        assert [] == holders(pump, "ladder")


class SkewedPump(Pump):
    """Some members' clocks are wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms: dict[str, int] = {}

    def handle(self, name: str, event: Event) -> list[Effect]:
        ahead_ms = self.ahead_ms.get(name, 0)
        self.now_ms += ahead_ms
        try:
            return super().handle(name, event)
        finally:
            self.now_ms -= ahead_ms

    def _wakeups(self) -> list[tuple[int, str]]:
        return [(at - self.ahead_ms.get(name, 0), name) for at, name in super()._wakeups()]


class TestTime:
    """Leases end what nobody renews. Spec §7.1."""

    def test_a_running_neighbourhood_stays_as_it_is(self) -> None:
        """Friendships and things are renewed in time, and nothing is refused."""
        pump = settle(*SHAPES["ring"])
        list_thing(pump, "A", "ladder", 3)
        expected = seers(pump, "ladder")
        pump.advance(130 * DAY_MS)

        assert expected == seers(pump, "ladder")
        assert [] == pump.rejects

    def test_without_its_holder_a_thing_is_gone_with_the_friendship_s_lease(self) -> None:
        """Thirty days after A was last heard of."""
        pump = settle(*SHAPES["line"])
        list_thing(pump, "A", "ladder", 3)
        pump.stop("A")
        pump.advance(30 * DAY_MS - 1)
        assert ["B", "C", "D"] == seers(pump, "ladder")
        pump.advance(2)

        assert [] == seers(pump, "ladder")
        assert [pump.member("C")] == pump.core("B").live_friends()

    def test_expired_is_not_ended(self) -> None:
        """After two months off, one renewal restores friendships and things at once."""
        pump = settle(*SHAPES["line"])
        list_thing(pump, "A", "ladder", 3)
        for name in NAMES:
            pump.stop(name)
        pump.now_ms += 61 * DAY_MS
        for name in NAMES:
            pump.start(name)
        assert [] == seers(pump, "ladder")
        pump.advance(1)
        pump.link_all()

        assert ["B", "C", "D"] == seers(pump, "ladder")

    def test_a_clock_that_was_two_months_ahead_and_is_put_back_costs_nothing_for_good(self) -> None:
        """What ended too early is asked for again; what was signed ahead is signed anew."""
        pump = SkewedPump()
        pump.settle(NAMES, *SHAPES["line"])
        list_thing(pump, "A", "ladder", 3)
        list_thing(pump, "D", "drum", 3)
        pump.ahead_ms["B"] = 61 * DAY_MS
        pump.handle("B", Woke())
        pump.run()
        pump.advance(DAY_MS)
        assert [] == pump.sees("B")
        pump.ahead_ms["B"] = 0
        pump.handle("B", Woke())
        pump.run()
        assert not pump.are_linked("A", "B"), "what is under way there has dates to come"
        pump.link_all()
        pump.advance(DAY_MS)

        assert ["drum", "ladder"] == pump.sees("B")
        assert ["B", "C", "D"] == seers(pump, "ladder")
        assert ["A", "B", "C", "E", "F"] == seers(pump, "drum")

    def test_a_timer_that_is_late_is_no_reason_to_crash(self) -> None:
        """A laptop slept through the lease and hears from a friend before its timer."""
        pump = settle("AB", "BC")
        list_thing(pump, "A", "ladder", 3)
        pump.cut("B", "C")
        pump.stop("A")
        pump.now_ms += 31 * DAY_MS
        pump.link("B", "C")
        pump.run()

        assert [] == pump.sees("B")

    def test_a_renewed_half_reaches_who_only_remembers_the_path(self) -> None:
        """When the used path dies after a renewal, the remembered one is proved at once."""
        pump = settle("AB", "BD", "AC", "CD", "DE")
        list_thing(pump, "A", "ladder", 3)
        pump.advance(8 * DAY_MS)
        used = pump.core("D").path_from(pump.member("A"))
        assert used is not None
        middle = next(name for name in "BC" if pump.member(name) == used[1])
        pump.end("A", middle)

        assert "ladder" in pump.sees("D")
        assert "ladder" in pump.sees("E")
