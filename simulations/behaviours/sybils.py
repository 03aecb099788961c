"""A family of invented people with its own sponsors."""

from __future__ import annotations

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
            # Any two of the family are enough, and each gives a few seats only.
            me.move_in(Sybils(), me.family)
