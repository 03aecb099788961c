"""Shapes of a crowd: as many attack edges as were asked for, where they were asked for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.graphs import Edge, adjacency, pieces
from simulations.shapes import (
    SHAPES,
    Crowd,
    CrowdPlan,
    Place,
    Shape,
    ShapeError,
    crowd_of,
    family,
    family_size,
)

MEMBERS_MAX = 20
shapes = st.sampled_from(SHAPES)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Edge]]:
    """A ring of honest members, so that everybody has two friends, and some chords."""
    members = draw(st.integers(3, MEMBERS_MAX))
    numbers = st.integers(0, members - 1)
    pairs = draw(st.lists(st.tuples(numbers, numbers), max_size=30))
    ring = [(one, (one + 1) % members) for one in range(members)]
    edges = dict.fromkeys(tuple(sorted(pair)) for pair in ring + pairs if pair[0] != pair[1])
    return members, [(one, other) for one, other in edges]


def made(members: int, edges: list[Edge], plan: CrowdPlan, seed: int = 1) -> Crowd:
    neighbours = {one: list(friends) for one, friends in adjacency(members, edges).items()}
    degrees = [len(neighbours[member]) for member in range(members)]
    return crowd_of(degrees, neighbours.__getitem__, plan, random.Random(seed))


def degrees_of(members: int, edges: list[Edge]) -> list[int]:
    return [len(friends) for friends in adjacency(members, edges).values()]


@given(graphs(), st.integers(1, 12), st.integers(1, MEMBERS_MAX), shapes, st.integers(0, 99),
       st.sampled_from(["random", "hubs", "newcomers"]))  # fmt: skip
def test_a_crowd_has_the_edges_that_were_asked_for_where_they_were(
    graph: tuple[int, list[Edge]], sybils: int, edges: int, shape: Shape, seed: int, at: Place
) -> None:
    members, friendships = graph
    plan = CrowdPlan(sybils, min(edges, members), shape, at)
    crowd = made(members, friendships, plan, seed)
    victims = [victim for victim, _ in crowd.attack_edges]

    assert len(victims) == len(dict.fromkeys(victims)) == plan.attack_edges
    assert all(victim < members <= attacker for victim, attacker in crowd.attack_edges)
    assert crowd.attackers == list(range(members, members + sybils))
    assert_no_double(friendships, crowd)
    whole = friendships + crowd.new_edges
    assert len(pieces(members + sybils, whole)) == 1
    degrees = degrees_of(members, friendships)
    others = [member for member in range(members) if member not in victims]
    if at == "hubs" and others:
        assert min(degrees[v] for v in victims) >= max(degrees[other] for other in others)
    if at == "newcomers" and others:
        assert min(victims) > max(others)


@given(graphs(), st.integers(1, 12), shapes, st.integers(0, 99))
def test_two_sponsors_who_turn_bring_all_their_friends_and_co_opt_every_invention(
    graph: tuple[int, list[Edge]], sybils: int, shape: Shape, seed: int
) -> None:
    members, friendships = graph
    crowd = made(members, friendships, CrowdPlan(sybils, 0, shape, "sponsors"), seed)
    neighbours = adjacency(members + sybils, friendships + crowd.new_edges)
    first, second = crowd.turned

    assert second in neighbours[first]
    assert all(second in neighbours[n] and first in neighbours[n] for n in crowd.sybils)
    outside = [(friend, turned) for turned in crowd.turned for friend in neighbours[turned]]
    assert sorted(crowd.attack_edges) == sorted(
        (friend, turned) for friend, turned in outside if friend not in crowd.attackers
    )
    assert_no_double(friendships, crowd)
    assert len(crowd.new_edges) <= family_size(CrowdPlan(sybils, 0, shape, "sponsors"))


def assert_no_double(friendships: list[Edge], crowd: Crowd) -> None:
    pairs = [tuple(sorted(edge)) for edge in friendships + crowd.new_edges]
    assert len(pairs) == len(dict.fromkeys(pairs))
    assert all(one != other for one, other in pairs)


@given(st.integers(1, 12), st.integers(1, 5), shapes)
def test_a_family_is_in_one_piece_and_of_its_shape(sybils: int, gates: int, shape: Shape) -> None:
    edges = family(range(sybils), min(gates, sybils), shape)
    degrees = degrees_of(sybils, edges)

    assert len(pieces(sybils, edges)) == 1
    match shape:
        case "parallel" | "path":
            assert len(edges) == sybils - 1
        case "cycle" if sybils > 2:
            assert degrees == [2] * sybils
        case "clique":
            assert degrees == [sybils - 1] * sybils
        case _:
            pass
    if shape == "path":
        assert max(degrees) <= 2
    if shape == "parallel" and gates < sybils:
        assert degrees[gates:] == [1] * (sybils - gates)


def test_lots_decide_among_members_with_as_many_friends() -> None:
    ring = [(one, (one + 1) % 12) for one in range(12)]
    hubs = CrowdPlan(1, 1, at="hubs")

    assert len({made(12, ring, hubs, seed).attack_edges[0][0] for seed in range(12)}) > 3


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (CrowdPlan(0, 1), "one invented person at least"),
        (CrowdPlan(1, 0), "There are 3 honest members: give 1 to 3 attack edges."),
        (CrowdPlan(1, 4, at="hubs"), "give 1 to 3 attack edges"),
        (CrowdPlan(1, 2, at="sponsors"), "give no number of them"),
    ],
)
def test_a_crowd_that_cannot_be_is_refused_in_one_sentence(plan: CrowdPlan, sentence: str) -> None:
    with pytest.raises(ShapeError, match=sentence):
        made(3, [(0, 1), (1, 2), (2, 0)], plan)


def test_pairs_who_know_nobody_else_cannot_turn() -> None:
    with pytest.raises(ShapeError, match="Nobody has two friends"):
        made(4, [(0, 1), (2, 3)], CrowdPlan(1, 0, at="sponsors"))
