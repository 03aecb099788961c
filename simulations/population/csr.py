"""Friendships as compressed sparse rows: two arrays, in memory or mapped from a file.

The friends of member v are ``neighbours[offsets[v] : offsets[v + 1]]``, in increasing order,
each once, never v itself, and each friendship stands in the rows of both. Numbers of people
who know each other should lie near each other (``ordering``): then what one search reads is
in the cache when the next one wants it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from simulations.graphs import Edge, GraphError
from simulations.population.compiled import Hashes, Numbers, Offsets, inlined, kernel, part

MEMBERS_MAX: Final = 1 << 30
_OFFSETS, _NEIGHBOURS = "offsets.npy", "neighbours.npy"


@dataclass(frozen=True, slots=True)
class Csr:
    """A graph of friends.

    Args:
        offsets: one more than there are members.
        neighbours: two for each friendship.
    """

    offsets: Offsets
    neighbours: Numbers

    @property
    def members(self) -> int:
        return len(self.offsets) - 1

    @property
    def friendships(self) -> int:
        return len(self.neighbours) // 2

    @property
    def size_bytes(self) -> int:
        return self.offsets.nbytes + self.neighbours.nbytes

    def degrees(self) -> Numbers:
        """How many friends each member has."""
        return np.diff(self.offsets).astype(np.int32)

    def owners(self) -> Numbers:
        """For each place in the rows, whose row it is."""
        return np.repeat(np.arange(self.members, dtype=np.int32), np.diff(self.offsets))

    def friends(self, member: int) -> list[int]:
        begin, end = self.offsets[member], self.offsets[member + 1]
        return [int(friend) for friend in self.neighbours[begin:end]]

    def edges(self) -> list[Edge]:
        """Pairs of member numbers, sorted; for small graphs."""
        pairs = ((one, other) for one in range(self.members) for other in self.friends(one))
        return [(one, other) for one, other in pairs if one < other]

    def save(self, folder: Path) -> None:
        """Write the two arrays, for ``open_csr``."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / _OFFSETS, self.offsets)
        np.save(folder / _NEIGHBOURS, self.neighbours)


class Graph(NamedTuple):
    """Friendships, for kernels."""

    offsets: Offsets
    neighbours: Numbers


def is_csr(folder: Path) -> bool:
    """Whether a folder was written by ``Csr.save``."""
    return (folder / _OFFSETS).is_file() and (folder / _NEIGHBOURS).is_file()


def open_csr(folder: Path) -> Csr:
    """Map a saved graph into memory: only what is read of it is loaded.

    Raises:
        GraphError: it is not a whole graph of friends.
    """
    try:
        # Copies on writing: as an array that nobody may write, kernels would compile once more.
        offsets = np.asarray(np.load(folder / _OFFSETS, mmap_mode="c"))
        neighbours = np.asarray(np.load(folder / _NEIGHBOURS, mmap_mode="c"))
    except (OSError, ValueError, EOFError) as error:
        raise GraphError(f"{folder} cannot be read as a saved graph: {error}.") from error
    if offsets.dtype != np.int64 or neighbours.dtype != np.int32:
        raise GraphError(f"{folder} is not a saved graph: its numbers have other sizes.")
    if offsets.ndim != 1 or neighbours.ndim != 1 or len(offsets) < 2:
        raise GraphError(f"{folder} is not a saved graph: its arrays have another shape.")
    problem = _problem(offsets, neighbours)
    if problem >= 0:
        raise GraphError(
            f"{folder} is damaged: the friends of member {problem} are not in order, "
            "or a friendship has one side only."
        )
    return Csr(offsets, neighbours)


def csr_of(members: int, one: Numbers, other: Numbers) -> Csr:
    """Rows of friends from pairs, in any order; doubles and pairs of one with itself are dropped.

    Two counting sorts: the first brings the pairs of a member together, the second, a
    transposition, meets the members in order and so leaves every row sorted.
    """
    offsets = np.zeros(members + 1, np.int64)
    _count(one, other, offsets)
    first = np.empty(int(offsets[-1]), np.int32)
    _scatter(one, other, offsets[:-1].copy(), first)
    neighbours = np.empty_like(first)
    _transpose(offsets, first, offsets[:-1].copy(), neighbours)
    del first
    kept = _drop_doubles(offsets, neighbours)
    if kept < len(neighbours):
        neighbours = neighbours[:kept].copy()
    return Csr(offsets, neighbours)


def csr_of_edges(members: int, edges: list[Edge]) -> Csr:
    """As ``csr_of``, from a list."""
    pairs = np.array(edges, np.int32).reshape(-1, 2)
    return csr_of(members, pairs[:, 0].copy(), pairs[:, 1].copy())


def renumbered(graph: Csr, number_of: Numbers) -> Csr:
    """The same friendships with other numbers.

    Args:
        number_of: for each member its new number, all different.
    """
    one = np.repeat(number_of, np.diff(graph.offsets))
    other = number_of[graph.neighbours]
    is_once = one < other
    return csr_of(graph.members, one[is_once], other[is_once])


def side_by_side(graphs: Sequence[Csr]) -> Csr:
    """Graphs that know nothing of each other as one, their members one after the other's."""
    before_members = np.cumsum([0, *(graph.members for graph in graphs)])
    before_rows = np.cumsum([0, *(len(graph.neighbours) for graph in graphs)])
    offsets = [g.offsets[:-1] + n for g, n in zip(graphs, before_rows[:-1], strict=True)]
    rows = [g.neighbours + n for g, n in zip(graphs, before_members[:-1], strict=True)]
    ends = np.concatenate([*offsets, before_rows[-1:]]).astype(np.int64)
    return Csr(ends, np.concatenate(rows).astype(np.int32))


@kernel
def _count(one: Numbers, other: Numbers, offsets: Offsets) -> None:
    for i in range(len(one)):
        if one[i] != other[i]:
            offsets[one[i] + 1] += 1
            offsets[other[i] + 1] += 1
    for member in range(len(offsets) - 1):
        offsets[member + 1] += offsets[member]


@kernel
def _scatter(one: Numbers, other: Numbers, ends: Offsets, rows: Numbers) -> None:
    for i in range(len(one)):
        a, b = one[i], other[i]
        if a != b:
            rows[ends[a]] = b
            ends[a] += 1
            rows[ends[b]] = a
            ends[b] += 1


@kernel
def _transpose(offsets: Offsets, rows: Numbers, ends: Offsets, turned: Numbers) -> None:
    for member in range(len(offsets) - 1):
        for i in range(offsets[member], offsets[member + 1]):
            friend = rows[i]
            turned[ends[friend]] = member
            ends[friend] += 1


@kernel
def _drop_doubles(offsets: Offsets, rows: Numbers) -> int:
    """Closes the gaps in place; gives how many are left."""
    kept, begin = 0, 0
    for member in range(len(offsets) - 1):
        end, last = offsets[member + 1], -1
        for i in range(begin, end):
            friend = rows[i]
            if friend != last:
                rows[kept] = friend
                kept += 1
                last = friend
        begin = end
        offsets[member + 1] = kept
    return kept


@inlined
def fetch_rows(
    offsets: Offsets, neighbours: Numbers, queue: Numbers, head: np.uint64, count: int, rows: Hashes
) -> int:
    """Where the rows of ``count`` members of a queue begin and end, into ``rows``.

    The first friend of each is fetched now, many at once, and not one by one when each is wanted;
    what is given back must be kept, or nothing would be fetched.
    """
    touched = 0
    for k in range(count):
        person = np.uint64(np.uint32(queue[head + np.uint64(k)]))
        row = np.uint64(offsets[person])
        rows[k, 0] = row
        rows[k, 1] = np.uint64(offsets[person + np.uint64(1)])
        touched += neighbours[row]
    return touched


@part
def position(offsets: Offsets, neighbours: Numbers, member: int, friend: int) -> int:
    """Where a friend stands in the rows, or -1."""
    low, high = offsets[member], offsets[member + 1] - 1
    while low <= high:
        middle = (low + high) >> 1
        there = neighbours[middle]
        if there == friend:
            return int(middle)
        if there < friend:
            low = middle + 1
        else:
            high = middle - 1
    return -1


@kernel
def _problem(offsets: Offsets, neighbours: Numbers) -> int:
    """The first member whose row cannot be right, or -1. Reads nothing outside the arrays."""
    members = len(offsets) - 1
    if offsets[0] != 0 or offsets[members] != len(neighbours):
        return 0
    for member in range(members):
        if offsets[member + 1] < offsets[member] or offsets[member + 1] > len(neighbours):
            return member
    for member in range(members):
        last = -1
        for i in range(offsets[member], offsets[member + 1]):
            friend = neighbours[i]
            if friend <= last or friend == member or friend >= members:
                return member
            last = friend
    for member in range(members):
        for i in range(offsets[member], offsets[member + 1]):
            if position(offsets, neighbours, int(neighbours[i]), member) < 0:
                return member
    return -1
