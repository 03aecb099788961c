"""A rating ring: real people who praise each other for exchanges that never were."""

from __future__ import annotations

from simulations.behaviours.behaviour import Answer, Loan, Person
from simulations.behaviours.defector import Defector

PRETENDS_WEEKS = 3
AGAIN_WEEKS = 8


class Ring(Defector):
    """Three friends who pretend exchanges with each other, often at first and then from time to
    time; all keep what others lend them."""

    name = "ring"
    together = 3
    came_in_week = 0

    def begins(self, me: Person) -> None:
        super().begins(me)
        self.came_in_week = me.week

    def lives_a_week(self, me: Person) -> None:
        others = [other for other in me.family if other is not me and not other.is_gone]
        if others and self.pretends(me):
            me.home.pretend(others[me.week % len(others)])

    def pretends(self, me: Person) -> bool:
        """More words of the same people would count for nothing (spec §12.6)."""
        return me.week - self.came_in_week < PRETENDS_WEEKS or me.week % AGAIN_WEEKS == 0

    def lends(self, me: Person, loan: Loan) -> Answer:
        return "no"

    def sponsors(self, me: Person, newcomer: Person) -> bool:
        return newcomer in me.family
