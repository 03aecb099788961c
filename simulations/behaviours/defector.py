"""Somebody who keeps whatever they can get."""

from __future__ import annotations

from simulations.behaviours.behaviour import Behaviour, Loan, Person


class Defector(Behaviour):
    """Lists something, to be let in; asks for as much as goes, and brings nothing back."""

    name = "defector"
    is_honest = False
    losses = 1.0
    mends = 0.0
    answers_bad_with_bad = True

    def begins(self, me: Person) -> None:
        me.share()

    def wants(self, me: Person) -> int:
        return 2

    def hands_over(self, me: Person, loan: Loan) -> bool:
        return False
