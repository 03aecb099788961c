"""Of two people three steps apart, how many are joined by two ways that share no friendship?

Circle 3 could be opened by two recommendations on such ways instead of the word of both who are
in between; this counts how many pairs that would shut out (``docs/decisions/0019``).

    python3 -m simulations.two_ways EDGES [--seed N] [--people N] [--pairs N]
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulations.edge_files import read_friends
from simulations.graphs import Adjacency, adjacency, hops_from

_CIRCLE = 3


@dataclass(frozen=True, slots=True)
class Ways:
    """Pairs of people three steps apart, by what stands between them.

    Args:
        two: with two ways that share no friendship.
        by_one_friend_of_holder, by_one_friend_of_borrower: all ways run through one person,
            who stands next to the one or the other.
    """

    pairs: int
    two: int
    by_one_friend_of_holder: int
    by_one_friend_of_borrower: int


def friendships_between(
    neighbours: Adjacency[int], borrower: int, holder: int
) -> list[tuple[int, int]]:
    """The middle friendships of all ways of three steps between two who are no nearer."""
    near = neighbours[borrower]
    return [(one, two) for two in neighbours[holder] for one in neighbours[two] if one in near]


def has_two_ways(between: Sequence[tuple[int, int]]) -> bool:
    """Whether two ways share no friendship: unless all of them meet in one person."""
    return all(len(dict.fromkeys(pair[end] for pair in between)) > 1 for end in (0, 1))


def count(neighbours: Adjacency[int], *, seed: int, people: int, pairs: int) -> Ways:
    """Look at some pairs of some people, drawn from the seed."""
    chance = random.Random(seed)
    members = sorted(neighbours)
    seen = two = holder = borrower = 0
    for start in chance.sample(members, min(people, len(members))):
        hops = hops_from(neighbours, start, _CIRCLE)
        far = sorted(member for member, distance in hops.items() if distance == _CIRCLE)
        for other in chance.sample(far, min(pairs, len(far))):
            between = friendships_between(neighbours, start, other)
            seen += 1
            if has_two_ways(between):
                two += 1
            elif len(dict.fromkeys(pair[1] for pair in between)) == 1:
                holder += 1
            else:
                borrower += 1
    return Ways(seen, two, holder, borrower)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("edges", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=20)
    given = parser.parse_args()
    friends = read_friends(given.edges)
    neighbours = adjacency(friends.members, friends.edges)
    found = count(neighbours, seed=given.seed, people=given.people, pairs=given.pairs)
    print(f"pairs three steps apart            {found.pairs}")
    for name, number in (
        ("two ways without a friendship shared", found.two),
        ("all by one friend of the holder", found.by_one_friend_of_holder),
        ("all by one friend of the borrower", found.by_one_friend_of_borrower),
    ):
        print(f"{name:<38}{100 * number / max(1, found.pairs):5.1f} %")


if __name__ == "__main__":
    main()
