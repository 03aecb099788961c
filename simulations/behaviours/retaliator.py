"""Somebody who pays back every bad word."""

from __future__ import annotations

from simulations.behaviours.behaviour import Answer, Behaviour, Loan, Person, bad_word


class Retaliator(Behaviour):
    """Answers a 0 with a 0: at once where it is seen at once, else the next time; lends them
    nothing and passes nothing on for them until it is made up."""

    name = "retaliator"
    losses = 0.02
    answers_bad_with_bad = True

    def lends(self, me: Person, loan: Loan) -> Answer:
        return "no" if loan.borrower in me.home.who_rated_me_bad() else super().lends(me, loan)

    def passes_on(self, me: Person, loan: Loan) -> bool:
        return loan.borrower not in me.home.who_rated_me_bad() and super().passes_on(me, loan)

    def rates(self, me: Person, loan: Loan, went_well: bool) -> tuple[int, int] | None:
        other = loan.borrower if loan.holder == me.home.me else loan.holder
        if other in me.home.who_rated_me_bad():
            return bad_word(me)
        return super().rates(me, loan, went_well)
