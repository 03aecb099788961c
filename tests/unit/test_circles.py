"""Spec §7.2 to §7.5: distances, paths and the rules of reach."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.circles import FriendGraph, Path, may_offer, may_show, path_problem
from protocol.keys import MemberId

ME = MemberId(bytes(32))
TOWN = [MemberId(bytes([number]) * 32) for number in range(8)]
"""TOWN[0] is ME."""

numbers = st.integers(0, len(TOWN) - 1)
pairs = st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1])
Step = tuple[str, tuple[int, int]]
steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove", "friend", "unfriend"]), pairs), max_size=40
)


@dataclass
class Model:
    """The same graph kept as two plain sets of facts, measured anew for each question."""

    bound: int
    transit: nx.Graph[MemberId] = field(default_factory=nx.Graph)
    friends: list[MemberId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transit.add_nodes_from(TOWN)

    def transit_distance(self, origin: MemberId) -> int | None:
        lengths = nx.single_source_shortest_path_length(self.transit, ME, cutoff=self.bound)
        return lengths.get(origin)

    def distance(self, member: MemberId) -> int | None:
        return 1 if member in self.friends else self.transit_distance(member)

    def through_distance(self, origin: MemberId, through: Path) -> int | None:
        """1 + the nearest first hop, over paths that avoid the origin. Spec §7.5."""
        rest = self.transit.copy()
        rest.remove_node(origin)
        lengths = nx.single_source_shortest_path_length(rest, ME)
        found = [
            1 + lengths[hop]
            for hop in through
            if self.transit.has_edge(origin, hop) and hop in lengths
        ]
        return min((length for length in found if length <= self.bound), default=None)


def play(bound: int, history: list[Step]) -> tuple[FriendGraph, Model]:
    graph, model = FriendGraph(ME, bound), Model(bound)
    for verb, (one, other) in history:
        a, b = TOWN[one], TOWN[other]
        friend = b if one == 0 else a
        before = {member: model.transit_distance(member) for member in TOWN}
        if verb == "add":
            nearer = graph.add_transit(a, b)
            model.transit.add_edge(a, b)
            after = {member: model.transit_distance(member) for member in TOWN}
            assert {m for m in TOWN if before[m] != after[m]} == set(nearer)
        elif verb == "remove":
            assert model.transit.has_edge(a, b) is graph.remove_transit(a, b)
            if model.transit.has_edge(a, b):
                model.transit.remove_edge(a, b)
        elif verb == "friend":
            graph.add_direct(friend)
            model.friends.append(friend)
        else:
            graph.remove_direct(friend)
            model.friends = [member for member in model.friends if member != friend]
    return graph, model


def is_transit_path(path: Path, model: Model) -> bool:
    edges = itertools.pairwise(path)
    return len(set(path)) == len(path) and all(model.transit.has_edge(*edge) for edge in edges)


class TestAgainstAPlainSearch:
    """The graph that grows by single edges equals one measured from nothing."""

    @given(st.integers(1, 4), steps)
    def test_distances(self, bound: int, history: list[Step]) -> None:
        """Direct friends at 1, others by attested edges within the bound. Spec §7.2."""
        graph, model = play(bound, history)

        for member in TOWN[1:]:
            assert model.distance(member) == graph.distance(member)
            assert (member in model.friends) is graph.is_direct(member)
        assert model.transit.number_of_edges() == graph.edge_count()

    @given(st.integers(1, 4), steps)
    def test_paths_are_shortest_and_lead_from_origin_to_me(
        self, bound: int, history: list[Step]
    ) -> None:
        """What is passed on goes over attested edges alone."""
        graph, model = play(bound, history)

        for member in TOWN[1:]:
            path, distance = graph.transit_path_from(member), model.transit_distance(member)
            assert distance == (None if path is None else len(path) - 1)
            if path is not None:
                assert (member, ME) == (path[0], path[-1])
                assert is_transit_path(path, model)
            shown = graph.path_from(member)
            assert ((member, ME) if member in model.friends else path) == shown

    @given(st.integers(1, 4), steps, st.lists(numbers, min_size=1, max_size=3, unique=True))
    def test_paths_through_some_friends(
        self, bound: int, history: list[Step], chosen: list[int]
    ) -> None:
        """The first hop is one of them, the origin comes once. Spec §7.5."""
        graph, model = play(bound, history)

        for origin in TOWN[1:]:
            through = tuple(TOWN[n] for n in chosen if TOWN[n] != origin)
            if not through:
                continue
            path, distance = (
                graph.transit_path_from(origin, through),
                model.through_distance(origin, through),
            )
            assert distance == (None if path is None else len(path) - 1)
            if path is not None:
                assert path[1] in through
                assert is_transit_path(path, model)
            is_shown_directly = ME in through and origin in model.friends
            assert ((origin, ME) if is_shown_directly else path) == graph.path_from(origin, through)

    @given(st.integers(1, 4), st.integers(1, 4), steps)
    def test_another_bound_measures_anew(self, one: int, other: int, history: list[Step]) -> None:
        """A charter that comes later counts for what is held already."""
        graph, model = play(one, history)
        graph.set_bound(other)
        model.bound = other

        for member in TOWN[1:]:
            assert model.distance(member) == graph.distance(member)


class TestPaths:
    """Which of the shortest paths, and when it changes."""

    def test_my_own_path_is_me(self) -> None:
        """Distance 0."""
        graph = FriendGraph(ME, 3)

        assert (ME,) == graph.path_from(ME)
        assert 0 == graph.distance(ME)
        assert graph.path_from(TOWN[1]) is None

    def test_a_path_is_kept_while_it_stays_shortest(self) -> None:
        """A new path of the same length changes nothing for friends. Spec §7.4."""
        graph = FriendGraph(ME, 3)
        far, near, other = TOWN[7], TOWN[5], TOWN[2]
        for edge in ((ME, near), (near, far)):
            graph.add_transit(*edge)
        kept = graph.path_from(far)
        for edge in ((ME, other), (other, far)):
            graph.add_transit(*edge)

        assert (far, near, ME) == kept == graph.path_from(far)

        graph.remove_transit(near, far)

        assert (far, other, ME) == graph.path_from(far)

        graph.add_transit(ME, far)

        assert (far, ME) == graph.path_from(far)

    def test_of_several_shortest_paths_the_smallest_members_are_taken(self) -> None:
        """The same certificates give the same path on every run."""
        for order in itertools.permutations([TOWN[1], TOWN[2], TOWN[3]]):
            graph = FriendGraph(ME, 3)
            for middle in order:
                graph.add_transit(ME, middle)
                graph.add_transit(middle, TOWN[7])

            assert (TOWN[7], TOWN[1], ME) == graph.path_from(TOWN[7])

    def test_an_edge_that_is_not_attested_is_no_way_to_pass_things_on(self) -> None:
        """A candidate's edge carries circle 1 and nothing farther. Spec §7.2."""
        graph = FriendGraph(ME, 3)
        candidate, behind = TOWN[1], TOWN[2]
        graph.add_direct(candidate)
        graph.add_transit(candidate, behind)

        assert 1 == graph.distance(candidate)
        assert graph.distance(behind) is None
        assert (candidate, ME) == graph.path_from(candidate)
        assert graph.transit_path_from(candidate) is None

    def test_a_friend_on_the_list_who_is_not_attested_sees_but_does_not_pass_on(self) -> None:
        """For the friends on the list themselves the distance is 1. Spec §7.5."""
        graph = FriendGraph(ME, 3)
        graph.add_direct(TOWN[1])

        assert (TOWN[1], ME) == graph.path_from(TOWN[1], (ME,))
        assert graph.path_from(TOWN[1], (TOWN[2],)) is None
        assert graph.transit_path_from(TOWN[1], (ME,)) is None


class TestRules:
    """Showing and offering. Spec §7.3."""

    @given(st.integers(0, 4), st.none() | st.integers(0, 6))
    def test_who_shows_and_who_passes_on(self, circles: int, distance: int | None) -> None:
        """Show within reach; pass on while the next is within it too."""
        assert (distance in range(circles + 1)) is may_show(circles, distance)
        assert (distance in range(circles)) is may_offer(circles, distance)

    @given(st.integers(0, 4), st.integers(0, 6))
    def test_what_may_be_passed_on_may_be_shown_by_who_gets_it(
        self, circles: int, distance: int
    ) -> None:
        """The two rules fit each other."""
        assert may_offer(circles, distance) is may_show(circles, distance + 1)


A, B, C = TOWN[1], TOWN[2], TOWN[3]
PROBLEMS: list[tuple[Path, str | None]] = [
    ((C,), None),
    ((A, B, C), None),
    ((), "end with the sender"),
    ((A, B), "end with the sender"),
    ((C, A), "end with the sender"),
    ((ME, C), "through the receiver"),
    ((A, ME, C), "through the receiver"),
    ((C, A, C), "a member twice"),
    ((A, A, C), "a member twice"),
    ((A, B, TOWN[4], C), "longer than the circles"),
]


@pytest.mark.parametrize(("path", "problem"), PROBLEMS)
def test_an_offered_path_is_used_or_refused_for_a_reason(path: Path, problem: str | None) -> None:
    """From its origin to the sender, not through us, within the circles. Spec §7.4."""
    found = path_problem(path, sender=C, me=ME, bound=3)

    assert (problem is None) is (found is None)
    assert (problem or "") in (found or "")
