"""Made graphs are what their names say, and searches find what is there."""

from __future__ import annotations

import random

from simulations.graphs import (
    adjacency,
    hops_from,
    hops_through,
    pieces,
    random_graph,
    ring,
    small_world,
)


def test_in_a_ring_everybody_has_the_same_friends_on_either_side() -> None:
    assert [(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)] == ring(5, 2)
    neighbours = adjacency(9, ring(9, 4))
    assert {4} == {len(friends) for friends in neighbours.values()}


def test_a_small_world_keeps_its_number_of_edges_and_is_drawn_by_its_generator() -> None:
    one, other = (small_world(30, 4, 0.3, random.Random(seed)) for seed in (1, 2))

    assert len(ring(30, 4)) == len(one) == len(other)
    assert one == small_world(30, 4, 0.3, random.Random(1))
    assert one != other
    assert ring(30, 4) == small_world(30, 4, 0.0, random.Random(1))


def test_a_random_graph_has_about_the_degree_asked_for() -> None:
    edges = random_graph(200, 6.0, random.Random(1))

    assert 5.0 < 2 * len(edges) / 200 < 7.0
    assert all(one < other for one, other in edges)


def test_pieces_are_who_can_reach_each_other_in_order_of_their_first_members() -> None:
    assert [[0, 2, 5], [1, 3], [4]] == pieces(6, [(0, 2), (2, 5), (1, 3)])


def test_a_search_stops_at_its_limit() -> None:
    line = adjacency(5, [(0, 1), (1, 2), (2, 3), (3, 4)])

    assert {0: 0} == hops_from(line, 0, 0)
    assert {0: 0, 1: 1, 2: 2} == hops_from(line, 0, 2)


def test_a_search_through_some_friends_starts_with_them_and_never_returns() -> None:
    #   1 - 3
    #  /     \        0 knows 1 and 2; only 1 may pass things on.
    # 0 - 2 - 4
    neighbours = adjacency(5, [(0, 1), (0, 2), (1, 3), (3, 4), (2, 4)])

    assert {0: 0, 1: 1, 3: 2, 4: 3} == hops_through(neighbours, 0, (1,), 3)
    assert 4 == hops_through(neighbours, 0, (1,), 4)[2]
    assert {0: 0} == hops_through(neighbours, 0, (), 3)
    assert {0: 0} == hops_through(neighbours, 0, (1,), 0)
