"""Somebody who borrows and never lends."""

from __future__ import annotations

from simulations.behaviours.behaviour import Answer, Behaviour, Loan, Person


class FreeRider(Behaviour):
    """Shares nothing, for as long as the house lets them (rule R5); half make good a loss."""

    name = "free-rider"
    losses = 0.02
    mends = 0.5

    def begins(self, me: Person) -> None:
        pass

    def lends(self, me: Person, loan: Loan) -> Answer:
        return "no"
