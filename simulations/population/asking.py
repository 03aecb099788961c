"""Asking: who wants something this week, of whom, and over whom the request goes.

Whoever wants something looks at all that the circles open to them show, and asks one holder,
drawn by hash. The path is the one that nodes choose (7.4): from the holder on always the
friend with the lowest id among those one friendship nearer to the borrower.

Spec: §7.4, §11.3.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulations.population.compiled import (
    APART,
    Flags,
    Hashes,
    Numbers,
    Offsets,
    Reals,
    kernel,
    part,
)
from simulations.population.csr import Graph, fetch_rows, position
from simulations.population.draws import GOLDEN, draw, mixed, uniform
from simulations.population.rules import (
    Rules,
    Weights,
    borrows_beyond,
    circles_open,
    is_sharing,
)
from simulations.population.words import Words

HOPS_MAX: Final = 4
"""Circles of the hard limit; a path has so many members beside the borrower."""


class People(NamedTuple):
    """What kernels know of everybody.

    Args:
        ranks: the order of their ids.
        wants: chance to want something in a week.
        owned, free: things listed, and those of them at home.
        lent: week of the last loan to somebody, -1 before the first.
    """

    ranks: Hashes
    wants: Reals
    owned: Flags
    free: Flags
    lent: Numbers


class Requests(NamedTuple):
    """What goes out in one week, each with its path.

    Args:
        nodes: for each request the members after the borrower, the holder last; -1 beyond it.
        edges: where each of them has, in its row of friends, the one before it.
    """

    borrowers: Numbers
    hops: Numbers
    nodes: Numbers
    edges: Offsets


MARKS_EACH: Final = 8
SEARCHES_MAX: Final = (1 << 16) // MARKS_EACH - 2
BATCH: Final = 32

Looking: TypeAlias = tuple[NDArray[np.uint16], Numbers, Hashes, Offsets, Hashes]
"""For one thread: by which search everybody was met last, and how many hops away; in what order
the last one met people; rows of friends to look at next; how many searches there were (and
what keeps fetching early from being left out); and the lots of those who were met."""


def looking_for(members: int) -> Looking:
    """New scratch space for one thread."""
    return (
        np.zeros(members, np.uint16),
        np.empty(members + 1, np.int32),
        np.empty((BATCH, 2), np.uint64),
        np.zeros(APART, np.int64),
        np.empty(members + 1, np.uint64),
    )


def requests_for(count: int) -> Requests:
    """Room for so many."""
    return Requests(
        np.empty(count, np.int32),
        np.empty(count, np.int32),
        np.empty((count, HOPS_MAX), np.int32),
        np.empty((count, HOPS_MAX), np.int64),
    )


class Selves(NamedTuple):
    """What each member sees of itself this week.

    Args:
        opened: the circles open to it.
        wants: whether it wants something.
        beyond: of those who do, whether they may borrow beyond circle 1.
    """

    opened: Flags
    wants: Flags
    beyond: Flags


@kernel
def see_themselves(
    graph: Graph,
    words: Words,
    rules: Rules,
    weights: Weights,
    people: People,
    week: int,
    stream: np.uint64,
    begin: int,
    end: int,
    sides: Numbers,
    selves: Selves,
) -> None:
    """What members ``begin`` to ``end`` see of themselves, in the order in which words stand."""
    most = rules.max_circles
    for member in range(begin, end):
        circles = 1
        # Nobody counts more than one.
        if most > 1 and words.offsets[member + 1] - words.offsets[member] >= rules.exchanges_2:
            circles = circles_open(graph, words, rules, weights, member, member, most, sides)
        selves.opened[member] = circles
        wants = uniform(draw(stream, member)) < people.wants[member]
        selves.wants[member] = wants
        if wants:
            selves.beyond[member] = borrows_beyond(graph, words, rules, member, member, week)


@kernel
def ask(
    graph: Graph,
    rules: Rules,
    people: People,
    things_circles: int,
    on_word: bool,
    week: int,
    choice_stream: np.uint64,
    begin: int,
    end: int,
    looking: Looking,
    selves: Selves,
    counts: Offsets,
    requests: Requests,
) -> int:
    """Look at what members ``begin`` to ``end`` want; gives how many ask.

    Args:
        counts: takes how many want something, share nothing, find nothing.
        requests: room for ``end - begin``.
    """
    count = 0
    for member in range(begin, end):
        if selves.wants[member] == 0:
            continue
        counts[0] += 1
        if not is_sharing(rules, int(people.owned[member]), int(people.lent[member]), week):
            counts[1] += 1
            continue
        circles = int(selves.opened[member])
        if on_word:
            circles = min(circles + rules.recommended, rules.max_circles)
        circles = min(circles, things_circles)
        if selves.beyond[member] == 0:
            circles = 1
        holder = _choose(graph, people.free, member, circles, draw(choice_stream, member), looking)
        if holder < 0:
            counts[2] += 1
            continue
        _set_path(graph, people.ranks, looking, member, holder, count, requests)
        count += 1
    return count


@part
def _choose(
    graph: Graph, free: Flags, member: int, circles: int, own: np.uint64, looking: Looking
) -> int:
    """The holder whom a member asks, among all within its circles who have a thing at home.

    Everybody who is met is marked with the search and the hops; indices are unsigned, and what
    is found is counted without a branch, as in ``reach``.
    """
    marks, queue, rows, state, lots = looking
    offsets, neighbours = graph
    if state[0] == SEARCHES_MAX:
        marks[:] = 0
        state[0] = 0
    state[0] += 1
    base = np.uint16(state[0] * MARKS_EACH)
    marks[member] = base
    queue[0] = member
    tail = np.uint64(1)
    for i in range(np.uint64(offsets[member]), np.uint64(offsets[member + 1])):
        friend = np.uint32(neighbours[i])
        marks[friend] = base + np.uint16(1)
        queue[tail] = friend
        tail += np.uint64(1)
    head = np.uint64(1)
    for hops in range(2, circles + 1):
        border, mark = tail, np.uint16(base + np.uint16(hops))
        while head < border:
            batch = int(min(border - head, np.uint64(BATCH)))
            state[1] = fetch_rows(offsets, neighbours, queue, head, batch, rows)
            head += np.uint64(batch)
            for k in range(batch):
                for i in range(rows[k, 0], rows[k, 1]):
                    friend = np.uint32(neighbours[i])
                    before = marks[friend]
                    is_new = before < base
                    queue[tail] = friend
                    tail += np.uint64(is_new)
                    marks[friend] = mark if is_new else before
    # By itself, so that the processor draws for several at once.
    for k in range(np.uint64(1), tail):
        lots[k] = mixed(own + (np.uint64(np.uint32(queue[k])) + np.uint64(1)) * GOLDEN)
    chosen, least = -1, np.uint64(0xFFFFFFFFFFFFFFFF)
    for k in range(np.uint64(1), tail):
        if lots[k] <= least and free[np.uint32(queue[k])] > 0:
            chosen, least = int(np.int64(np.uint32(queue[k]))), lots[k]
    return chosen


@part
def _set_path(
    graph: Graph,
    ranks: Hashes,
    looking: Looking,
    borrower: int,
    holder: int,
    request: int,
    requests: Requests,
) -> None:
    """From the holder down to the borrower, each time to the lowest id that is nearer."""
    marks, offsets, neighbours = looking[0], graph.offsets, graph.neighbours
    base = marks[borrower]
    length = int(np.int64(marks[holder])) - int(np.int64(base))
    requests.borrowers[request] = borrower
    requests.hops[request] = length
    person = holder
    for step in range(length):
        wanted = marks[person] - np.uint16(1)
        nearest = -1
        for i in range(offsets[person], offsets[person + 1]):
            friend = int(neighbours[i])
            if marks[friend] == wanted:
                better = nearest < 0 or ranks[friend] < ranks[nearest]
                if better or (ranks[friend] == ranks[nearest] and friend < nearest):
                    nearest = friend
        place = length - 1 - step
        requests.nodes[request, place] = person
        requests.edges[request, place] = position(offsets, neighbours, person, nearest)
        person = nearest
    for place in range(length, requests.nodes.shape[1]):
        requests.nodes[request, place] = -1
        requests.edges[request, place] = -1
