"""Two ways that share no friendship, counted (``simulations.two_ways``)."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.graphs import adjacency, hops_from
from simulations.two_ways import count, friendships_between, has_two_ways


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([(0, 1), (1, 2), (2, 3)], False),
        ([(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 3)], True),
        ([(0, 1), (1, 2), (2, 3), (0, 4), (4, 2)], False),
        ([(0, 1), (1, 2), (2, 3), (1, 4), (4, 3)], False),
    ],
)
def test_ways_that_meet_in_one_person_are_not_two(
    edges: list[tuple[int, int]], expected: bool
) -> None:
    neighbours = adjacency(6, edges)

    assert has_two_ways(friendships_between(neighbours, 0, 3)) is expected


@given(st.sets(st.sampled_from(list(combinations(range(8), 2))), min_size=8, max_size=16))
def test_it_is_what_looking_at_all_pairs_of_ways_finds(drawn: set[tuple[int, int]]) -> None:
    neighbours = adjacency(8, sorted(drawn))
    for far, distance in hops_from(neighbours, 0, 3).items():
        if distance != 3:
            continue
        ways = [
            {frozenset(edge) for edge in ((0, one), (one, two), (two, far))}
            for one, two in friendships_between(neighbours, 0, far)
        ]
        found = any(one.isdisjoint(other) for one, other in combinations(ways, 2))
        assert has_two_ways(friendships_between(neighbours, 0, far)) is found


def test_the_count_is_the_same_for_a_seed_and_adds_up() -> None:
    edges = [(n, (n + k) % 30) for n in range(30) for k in (1, 4)]
    neighbours = adjacency(30, [(min(edge), max(edge)) for edge in edges])
    found = count(neighbours, seed=3, people=10, pairs=5)

    assert found == count(neighbours, seed=3, people=10, pairs=5)
    parts = (found.two, found.by_one_friend_of_holder, found.by_one_friend_of_borrower)
    assert (found.pairs, sum(parts)) == (50, 50)
