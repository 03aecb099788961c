"""What towns of real engines need of the memory: ``simulate reach``, ``attack``, ``society``.

Homes and friendships are counted; what is shown to whom, and what is asked, is estimated from a
few members' circles. The figures are the largest resident size of a process, signatures modelled;
what is foreseen lies a little above each.

| ``python3 -m benchmarks.memory …`` | peak | foreseen |
|---|---|---|
| ``reach 300 4 1`` | 57.9 MiB | 59.9 MiB |
| ``reach 300 12 1`` | 73.7 MiB | 77.7 MiB |
| ``reach 300 4 2`` | 70.9 MiB | 75.1 MiB |
| ``reach 150 12 2`` | 100.9 MiB | 102.8 MiB |
| ``attack 40 6 6 3`` | 51.2 MiB | 55.6 MiB |
| ``attack 40 6 20 3`` | 53.8 MiB | 60.1 MiB |
| ``attack 120 6 6 3`` | 54.2 MiB | 58.3 MiB |
| ``society 30 4`` | 60.3 MiB | 64.4 MiB |
| ``society 30 16`` | 68.9 MiB | 74.7 MiB |
| ``society 60 8`` | 89.6 MiB | 93.1 MiB |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from simulations import memory
from simulations.graphs import Edge, adjacency, hops_from
from simulations.memory import Need
from simulations.shapes import CrowdPlan, family_size

_PROGRAM_BYTES: Final = 47_000_000
"""Python and what it imports: 42.5 MiB of the peak were there before each case."""
_HOME_BYTES: Final = 22_000
_FRIEND_BYTES: Final = 1_300
"""For each of the two ends of a friendship."""
_SIGHT_BYTES: Final = 6_500
"""For each holder and each who sees something of theirs: paths, offers, and one thing."""
_MORE_BYTES: Final = 500
"""For each further thing of the same holder."""
_REQUEST_BYTES: Final = 100_000
"""A request at all homes on its way, with the loan that comes of it."""
_WEEK_BYTES: Final = 30_000
"""For each person and week of a society: what is asked for, lent and said."""
_BUSY_WEEK_BYTES: Final = 115_000
"""The same in a week of warming up, with eight times the needs."""
_SAMPLED: Final = 50
ASKS_PER_WAVE_MAX: Final = 20
WAVES_MAX: Final = 3
"""Waves of an attack's asking; it ends before when a wave brings nothing new."""
WARM_UP_WEEKS: Final = 4
"""Weeks of a society in which people come to know each other."""


@dataclass(frozen=True)
class Town:
    """A graph, as far as its size goes."""

    members: int
    edges: Sequence[Edge]

    @cached_property
    def neighbours(self) -> dict[int, dict[int, None]]:
        return adjacency(self.members, self.edges)

    def within(self, circles: int) -> float:
        """How many others are within so many circles, on average over some members."""
        asked = range(0, self.members, max(1, self.members // _SAMPLED))
        found = [len(hops_from(self.neighbours, member, circles)) - 1 for member in asked]
        return sum(found) / max(1, len(found))

    @property
    def homes_bytes(self) -> int:
        return _HOME_BYTES * self.members + 2 * _FRIEND_BYTES * len(self.edges)


def reach_need(town: Town, holders: int, circles: int, things: int = 1) -> Need:
    """What it takes that holders list things and everybody sees them who may."""
    sights = holders * town.within(circles)
    shown = sights * (_SIGHT_BYTES + (things - 1) * _MORE_BYTES)
    return _need([town.homes_bytes + shown])


def attack_bytes(town: Town, crowd: CrowdPlan, circles: int) -> int:
    """What one attack takes besides the program."""
    friends = 2 * len(town.edges) / max(1, town.members)
    edges = 2 * friends if crowd.at == "sponsors" else float(crowd.attack_edges)
    made = family_size(crowd)
    nearer = 1 + town.within(circles - 1)
    near = min(float(town.members), edges * nearer)
    sights = near * town.within(circles) + 2 * made
    # A gate sees a circle farther than who hangs on it; in a clique all hang on every gate.
    gates = min(edges, float(crowd.sybils))
    each = edges if crowd.shape == "clique" or crowd.at == "sponsors" else edges / gates
    asked = gates * min(ASKS_PER_WAVE_MAX, each * nearer)
    asked += (crowd.sybils - gates) * min(ASKS_PER_WAVE_MAX, each * (1 + town.within(circles - 2)))
    homes = town.homes_bytes + _HOME_BYTES * crowd.sybils + 2 * _FRIEND_BYTES * made
    return int(homes + sights * _SIGHT_BYTES + WAVES_MAX * asked * _REQUEST_BYTES)


def attack_need(bytes_each: Sequence[int], at_a_time: int) -> Need:
    """What several attacks take, the largest of them at one time."""
    return _need(sorted(bytes_each, reverse=True)[:at_a_time])


def society_need(members: int, friends: float, weeks: int, at_a_time: int) -> Need:
    """What towns of people take while so many of them live at a time."""
    sights = members * min(float(members), friends + friends * (friends - 1))
    town = members * (_HOME_BYTES + friends * _FRIEND_BYTES) + sights * _SIGHT_BYTES
    busy = min(weeks, WARM_UP_WEEKS)
    lived = members * (busy * _BUSY_WEEK_BYTES + (weeks - busy) * _WEEK_BYTES)
    return _need([town + lived] * at_a_time)


def _need(bytes_each: Sequence[float]) -> Need:
    """What these take at one time, each with a program of its own."""
    needed = sum(bytes_each) + len(bytes_each) * _PROGRAM_BYTES
    return Need(int(needed), memory.free_memory_bytes())
