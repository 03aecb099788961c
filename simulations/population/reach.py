"""Reach: how many people are within one, two, three friendships of each member. Exact.

One breadth-first search for each member. What was met is marked with a number of the searcher's
own, so that nothing is cleared but once in 65,535 searches; of the last circle only the size is
counted, without a branch.

Spec: §7.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulations.population.compiled import APART, Hashes, Numbers, Offsets, in_ranges, kernel
from simulations.population.csr import Csr, fetch_rows

Scratch: TypeAlias = tuple[NDArray[np.uint16], Numbers, Hashes, Offsets]
"""For one thread: by whom each member was met last, people in the order they were met, rows of
friends to look at next, and the last searcher's mark (and what keeps fetching early from
being left out)."""

STAMP_MAX: Final = 65_535
BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number is distributed over the members."""

    mean: float
    median: float
    tenth: float
    """A tenth of the members have at most this."""
    ninetieth: float
    largest: int


def reach(
    graph: Csr,
    circles: int,
    *,
    threads: int | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Numbers:
    """For each member and each circle up to ``circles``, how many people it holds.

    Returns:
        One row for each member: people at exactly 1, 2, ... friendships.
    """
    sizes = np.zeros((graph.members, circles), np.int32)

    def one(begin: int, end: int, scratch: Scratch) -> None:
        balls(graph.offsets, graph.neighbours, circles, begin, end, scratch, sizes)

    def scratch() -> Scratch:
        return scratch_for(graph.members)

    in_ranges(one, graph.members, scratch, threads=threads, told=told)
    return sizes


def scratch_for(members: int) -> Scratch:
    """New scratch space for searches among so many members."""
    return (
        np.zeros(members, np.uint16),
        np.empty(members + 1, np.int32),
        np.empty((BATCH, 2), np.uint64),
        np.zeros(APART, np.int64),
    )


def spread_of(values: Numbers) -> Spread:
    """The distribution of one number of each member."""
    tenth, median, ninetieth = np.percentile(values, (10, 50, 90))
    return Spread(
        float(values.mean()), float(median), float(tenth), float(ninetieth), int(values.max())
    )


@kernel
def balls(
    offsets: Offsets,
    neighbours: Numbers,
    circles: int,
    begin: int,
    end: int,
    scratch: Scratch,
    sizes: Numbers,
) -> None:
    """Circle sizes of the members ``begin`` to ``end``.

    Indices are unsigned: one that may be negative is looked at twice.
    """
    marks, queue, rows, state = scratch
    for member in range(begin, end):
        if state[0] == STAMP_MAX:
            marks[:] = 0
            state[0] = 0
        state[0] += 1
        stamp = np.uint16(state[0])
        marks[member] = stamp
        tail = np.uint64(0)
        for i in range(np.uint64(offsets[member]), np.uint64(offsets[member + 1])):
            friend = np.uint32(neighbours[i])
            marks[friend] = stamp
            queue[tail] = friend
            tail += np.uint64(1)
        sizes[member, 0] = tail
        head = np.uint64(0)
        for circle in range(1, circles):
            border, found = tail, 0
            while head < border:
                batch = int(min(border - head, np.uint64(BATCH)))
                state[1] = fetch_rows(offsets, neighbours, queue, head, batch, rows)
                head += np.uint64(batch)
                for k in range(batch):
                    if circle == circles - 1:
                        for i in range(rows[k, 0], rows[k, 1]):
                            friend = np.uint32(neighbours[i])
                            found += marks[friend] != stamp
                            marks[friend] = stamp
                    else:
                        for i in range(rows[k, 0], rows[k, 1]):
                            friend = np.uint32(neighbours[i])
                            queue[tail] = friend
                            tail += np.uint64(marks[friend] != stamp)
                            marks[friend] = stamp
            sizes[member, circle] = found if circle == circles - 1 else tail - border
