"""Somebody who speaks ill of what went well."""

from __future__ import annotations

from simulations.behaviours.behaviour import Behaviour, Loan, Person, bad_word


class Slanderer(Behaviour):
    """Brings everything back, and gives a 0 to every second one with whom it went well."""

    name = "slanderer"
    is_honest = False
    slanders = 0.5

    def rates(self, me: Person, loan: Loan, went_well: bool) -> tuple[int, int] | None:
        if me.chance.random() < self.slanders:
            return bad_word(me)
        return super().rates(me, loan, went_well)
