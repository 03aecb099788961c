"""Families of invented people with their own sponsors, each of another shape.

Who co-opts is a friend then, so whom they ask makes the shape (``simulations.shapes``).
"""

from __future__ import annotations

from collections.abc import Sequence

from simulations.behaviours.behaviour import Person
from simulations.behaviours.ring import Ring

FAMILY_MAX = 8


class Sybils(Ring):
    """Two accomplices whom others befriended; they co-opt inventions of theirs, which co-opt more,
    and all of them praise each other and keep what they get."""

    name = "sybils"
    together = 2

    def lives_a_week(self, me: Person) -> None:
        super().lives_a_week(me)
        if len(me.family) < FAMILY_MAX:
            me.move_in(type(self)(), self.co_opt(me.family))

    def co_opt(self, family: Sequence[Person]) -> Sequence[Person]:
        """Who is asked for the next one. Any two are enough, and each gives a few seats only."""
        return family


class SybilParallel(Sybils):
    """The two co-opt all the others, who know nobody else."""

    name = "sybils-parallel"

    def co_opt(self, family: Sequence[Person]) -> Sequence[Person]:
        return family[:2]


class SybilPath(Sybils):
    """Each is co-opted by the last two, and so ever farther from the honest."""

    name = "sybils-path"

    def co_opt(self, family: Sequence[Person]) -> Sequence[Person]:
        return family[-2:]


class SybilCycle(SybilPath):
    """The same, and the last one is a friend of the first as well."""

    name = "sybils-cycle"

    def co_opt(self, family: Sequence[Person]) -> Sequence[Person]:
        closing = family[:1] if len(family) == FAMILY_MAX - 1 else []
        return [*super().co_opt(family), *closing]
