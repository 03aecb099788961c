"""Reach, estimated: three circles of everybody where searching each one's would take hours.

Each member keeps a HyperLogLog counter of whom they know of. In each round everybody takes over
what their friends' counters hold, so that after ``r`` rounds a counter stands for all within ``r``
friendships. The work of a round is that of the friendships, however many people a circle holds.

One member's number is off by about 1.04 / sqrt(REGISTERS); means over many members by much less.
Small circles are counted by how many registers are still empty, which is nearly exact.

Sources: Flajolet, Fusy, Gandouet and Meunier, HyperLogLog (2007); Boldi and Vigna, In-core
computation of geometric centralities with HyperBall (2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from simulations.population.compiled import Flags, Numbers, Offsets, in_ranges, kernel
from simulations.population.csr import Csr
from simulations.population.draws import Purpose, draw, stream

REGISTERS: Final = 128
STANDARD_ERROR: Final = 1.04 / math.sqrt(REGISTERS)
"""Of one member's number, relative to it."""
_BITS: Final = 7
_ALPHA: Final = 0.7213 / (1 + 1.079 / REGISTERS)
_SMALL: Final = 2.5 * REGISTERS
_HALVES: Final = np.ldexp(1.0, -np.arange(64))


def estimated_reach(
    graph: Csr,
    circles: int,
    seed: int,
    *,
    threads: int | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Numbers:
    """As ``reach``, estimated.

    Args:
        seed: of the hashes; another one gives other, equally good, estimates.
        told: called with numbers of members done, ``circles`` times each.

    Returns:
        One row for each member: people at about 1, 2, ... friendships.
    """
    members = graph.members
    known = np.zeros((members, REGISTERS), np.uint8)
    _mark_themselves(stream(seed, Purpose.SKETCH), known)
    taken = np.empty_like(known)
    within = np.empty((members, circles), np.int32)
    for circle in range(circles):
        work = partial(_one_round, graph, known, taken, within[:, circle])
        in_ranges(work, members, lambda: None, threads=threads, told=told)
        known, taken = taken, known
    # A larger ball holds the smaller one, whatever two estimates say.
    np.maximum.accumulate(within, axis=1, out=within)
    return np.diff(within, axis=1, prepend=0).astype(np.int32)


def _one_round(
    graph: Csr, known: Flags, taken: Flags, within: Numbers, begin: int, end: int, _: None
) -> None:
    _take_over(graph.offsets, graph.neighbours, begin, end, known, taken)
    _count(taken, begin, end, within)


@kernel
def _mark_themselves(start: np.uint64, known: Flags) -> None:
    """Each member's own hash: a register, and how many zeros lead the rest."""
    for member in range(len(known)):
        bits = draw(start, member)
        register = bits >> np.uint64(64 - _BITS)
        rest = bits << np.uint64(_BITS)
        rank = 1
        while rank <= 64 - _BITS and rest >> np.uint64(63) == np.uint64(0):
            rest = rest << np.uint64(1)
            rank += 1
        known[member, register] = rank


@kernel
def _take_over(
    offsets: Offsets, neighbours: Numbers, begin: int, end: int, known: Flags, taken: Flags
) -> None:
    for member in range(begin, end):
        for register in range(REGISTERS):
            taken[member, register] = known[member, register]
        for i in range(offsets[member], offsets[member + 1]):
            friend = neighbours[i]
            for register in range(REGISTERS):
                taken[member, register] = max(taken[member, register], known[friend, register])


@kernel
def _count(known: Flags, begin: int, end: int, within: Numbers) -> None:
    """How many each counter stands for, the member not counted."""
    for member in range(begin, end):
        total, empty = 0.0, 0
        for register in range(REGISTERS):
            rank = known[member, register]
            total += _HALVES[rank]
            empty += rank == 0
        size = _ALPHA * REGISTERS * REGISTERS / total
        if size <= _SMALL and empty:
            size = REGISTERS * math.log(REGISTERS / empty)
        within[member] = max(0, round(size) - 1)
