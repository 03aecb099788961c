"""Somebody who is like everybody for months, and then keeps all that trust will bring."""

from __future__ import annotations

from simulations.behaviours.behaviour import Behaviour, Loan, Person

WAKES_IN_WEEK = 13


class Sleeper(Behaviour):
    """Builds up trust by borrowing often and well; from the thirteenth week on, defects."""

    name = "sleeper"
    is_honest = False
    losses = 0.0

    def is_awake(self, me: Person) -> bool:
        return me.week >= WAKES_IN_WEEK

    def wants(self, me: Person) -> int:
        return 3 if self.is_awake(me) else max(1, super().wants(me))

    def hands_over(self, me: Person, loan: Loan) -> bool:
        return not self.is_awake(me)

    def brings_back(self, me: Person, loan: Loan) -> bool:
        return not self.is_awake(me)

    def makes_good(self, me: Person, loan: Loan) -> bool:
        return False
