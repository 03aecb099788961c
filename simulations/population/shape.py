"""The shape of a graph: pieces, clustering, distances, and an order that keeps friends near.

What a search reads lies near what the next one reads when friends have near numbers. Files
number people in any way; ``near_order`` numbers them anew, by a walk in breadth from one
member after the other over small regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulations.population.compiled import Numbers, Offsets, in_ranges, kernel
from simulations.population.csr import Csr, position
from simulations.population.draws import Purpose, draw, stream

REGION: Final = 512
"""People numbered by one walk: their rows fit in the cache of a core."""
SEARCHES: Final = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """What is compared with real networks.

    Args:
        friends, friends_median, friends_ninetieth, friends_most: how many somebody has: on
            average, the half, nine in ten at most, and the one with most.
        friendships: pairs of friends.
        clustering: the share of pairs of friends of somebody who are friends; the mean over all
            who have two friends or more (Watts and Strogatz 1998).
        distance: friendships between two people on average, over some searches.
        pieces, largest: connected pieces, and the share of members in the largest.
    """

    members: int
    friendships: int
    friends: float
    friends_median: float
    friends_ninetieth: float
    friends_most: int
    clustering: float
    distance: float
    pieces: int
    largest: float


def shape_of(graph: Csr, seed: int = 1, threads: int | None = None) -> Shape:
    """Measure a graph; distances by searches from ``SEARCHES`` members."""
    degrees = graph.degrees()
    pieces = pieces_of(graph)
    sizes = np.bincount(pieces)
    distance = _distance(graph, seed)
    return Shape(
        members=graph.members,
        friendships=graph.friendships,
        friends=float(degrees.mean()),
        friends_median=float(np.median(degrees)),
        friends_ninetieth=float(np.percentile(degrees, 90)),
        friends_most=int(degrees.max()),
        clustering=_clustering(graph, threads),
        distance=distance,
        pieces=len(sizes),
        largest=float(sizes.max() / graph.members),
    )


def pieces_of(graph: Csr) -> Numbers:
    """For each member the number of its connected piece; pieces in order of first members."""
    pieces = np.full(graph.members, -1, np.int32)
    _spread_pieces(graph.offsets, graph.neighbours, pieces, np.empty(graph.members, np.int32))
    return pieces


def largest_piece(graph: Csr) -> Csr:
    """The graph without all but its largest piece; the first of equally large ones."""
    pieces = pieces_of(graph)
    is_kept = pieces == np.argmax(np.bincount(pieces))
    number_of = (np.cumsum(is_kept) - 1).astype(np.int32)
    sizes = np.diff(graph.offsets)[is_kept]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = graph.neighbours[np.repeat(is_kept, np.diff(graph.offsets))]
    return Csr(offsets, number_of[rows])


def near_order(graph: Csr) -> Numbers:
    """For each member a new number, so that friends are near; see ``csr.renumbered``."""
    number_of = np.full(graph.members, -1, np.int32)
    _walk_regions(
        graph.offsets, graph.neighbours, REGION, number_of, np.empty(graph.members, np.int32)
    )
    return number_of


def _clustering(graph: Csr, threads: int | None) -> float:
    def one(begin: int, end: int, _: None) -> tuple[float, int]:
        return _triangles(graph.offsets, graph.neighbours, begin, end)

    parts = in_ranges(one, graph.members, lambda: None, threads=threads)
    counted = sum(count for _, count in parts)
    return sum(share for share, _ in parts) / counted if counted else 0.0


def _distance(graph: Csr, seed: int) -> float:
    start = stream(seed, Purpose.CHOICE)
    far, pairs = 0, 0
    marks, queue = np.full(graph.members, -1, np.int32), np.empty(graph.members, np.int32)
    for number in range(min(SEARCHES, graph.members)):
        origin = int(draw(start, number)) % graph.members
        marks.fill(-1)
        hops, met = _measure(graph.offsets, graph.neighbours, origin, marks, queue)
        far, pairs = far + hops, pairs + met
    return far / pairs if pairs else 0.0


@kernel
def _spread_pieces(offsets: Offsets, neighbours: Numbers, pieces: Numbers, queue: Numbers) -> None:
    piece = 0
    for first in range(len(pieces)):
        if pieces[first] >= 0:
            continue
        head, tail = 0, 1
        queue[0] = first
        pieces[first] = piece
        while head < tail:
            person = queue[head]
            head += 1
            for i in range(offsets[person], offsets[person + 1]):
                friend = neighbours[i]
                if pieces[friend] < 0:
                    pieces[friend] = piece
                    queue[tail] = friend
                    tail += 1
        piece += 1


@kernel
def _walk_regions(
    offsets: Offsets, neighbours: Numbers, region: int, number_of: Numbers, queue: Numbers
) -> None:
    """Walks of ``region`` people; the next begins where the last one could have gone on."""
    number, waiting = 0, 0
    for first in range(len(number_of)):
        begin = first
        while number_of[begin] < 0:
            head, tail = 0, 1
            queue[0] = begin
            number_of[begin] = number
            number += 1
            while head < tail and tail < region:
                person = queue[head]
                head += 1
                for i in range(offsets[person], offsets[person + 1]):
                    friend = neighbours[i]
                    if number_of[friend] < 0 and tail < region:
                        number_of[friend] = number
                        number += 1
                        queue[tail] = friend
                        tail += 1
            waiting = -1
            for k in range(tail):
                person = queue[k]
                for i in range(offsets[person], offsets[person + 1]):
                    if waiting < 0 and number_of[neighbours[i]] < 0:
                        waiting = neighbours[i]
            if waiting >= 0:
                begin = waiting


@kernel
def _triangles(offsets: Offsets, neighbours: Numbers, begin: int, end: int) -> tuple[float, int]:
    total, counted = 0.0, 0
    for member in range(begin, end):
        first, last = offsets[member], offsets[member + 1]
        pairs = (last - first) * (last - first - 1) // 2
        if pairs == 0:
            continue
        closed = 0
        for i in range(first, last):
            for j in range(i + 1, last):
                closed += position(offsets, neighbours, int(neighbours[i]), int(neighbours[j])) >= 0
        total += closed / pairs
        counted += 1
    return total, counted


@kernel
def _measure(
    offsets: Offsets, neighbours: Numbers, origin: int, hops: Numbers, queue: Numbers
) -> tuple[int, int]:
    """Friendships to all who can be reached, summed, and how many these are."""
    head, tail, total = 0, 1, 0
    queue[0] = origin
    hops[origin] = 0
    while head < tail:
        person = queue[head]
        head += 1
        total += hops[person]
        for i in range(offsets[person], offsets[person + 1]):
            friend = neighbours[i]
            if hops[friend] < 0:
                hops[friend] = hops[person] + 1
                queue[tail] = friend
                tail += 1
    return total, tail - 1
