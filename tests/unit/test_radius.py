"""A newcomer's first loans, and how many are open beyond friends at once (spec §12.9, §11.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from node.engine import views
from node.engine.commands import (
    AnswerLoan,
    Ask,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    Repaired,
)
from protocol.bodies import Fault
from protocol.errors import Refused
from simulations.street import DAY, DAY_MS, TODAY, Street, street

# A ring of eleven, so that the house is not young; 1 stands between 0 and 2.
RING = [(n, (n + 1) % 11) for n in range(11)]


def refusal(made: Street, number: int, command: Command) -> str:
    with pytest.raises(Refused) as caught:
        made.run(number, command)
    return caught.value.code


def asked(thing: str, first: int = 1, days: int = 2) -> Ask:
    start = (TODAY + first) * DAY
    return Ask(thing, start, start + days * DAY, "")


def reason(made: Street, number: int, loan: str) -> str:
    reasons = cast(list[dict[str, str]], made.rows(number)[loan]["reasons"])
    return reasons[0]["code"] if reasons else ""


class TestFirstLoans:
    def ring(self, **rules: int) -> Street:
        return street(11, edges=RING, circle_2_exchanges=1, young_house_members=3, **rules)

    def test_a_newcomer_borrows_from_friends_first_and_is_told_how_often(self) -> None:
        made = self.ring(first_loans_from_friends=2)
        far = made.share(0)
        made.lend(1, 2, made.share(1))

        assert refusal(made, 2, asked(far)) == "first-loans-near"
        row = next(r for r in rows(made, 2) if r["thing"] == far)
        assert cast(dict[str, str], row["why_not"])["code"] == "first-loans-near"
        assert views.trust(made.core(2))["first_loans_missing"] == 1
        made.lend(3, 2, made.share(3))
        assert made.run(2, asked(far))["loan"]

    def test_what_went_wrong_counts_once_it_was_made_good(self) -> None:
        made = self.ring(first_loans_from_friends=2, failed_exchange_cost=0)
        made.lend(1, 2, made.share(1))
        loan = made.lend(3, 2, made.share(3), confiance=0)
        assert views.trust(made.core(2))["first_loans_missing"] == 1
        made.run(3, Repaired(loan))
        assert views.trust(made.core(2))["first_loans_missing"] == 0

    def test_the_newcomer_s_program_may_lie_and_its_friend_lets_the_request_wait(self) -> None:
        made = self.ring(first_loans_from_friends=2)
        made.lend(1, 2, made.share(1))
        made.core(2).charter = replace(made.core(2).charter, first_loans_from_friends=0)
        loan = str(made.run(2, asked(made.share(0)))["loan"])

        assert refusal(made, 1, Recommend(loan, True)) == "borrower-first-loans-near"
        assert reason(made, 1, loan) == "borrower-first-loans-near"
        made.lend(3, 2, made.share(3))
        made.run(1, Recommend(loan, True))
        assert made.states(loan)[0] == "asked"

    def test_nobody_is_a_newcomer_for_ever(self) -> None:
        made = self.ring(friendship_lease_ms=365 * DAY_MS, newcomer_ms=20 * DAY_MS)
        made.lend(1, 2, made.share(1))
        assert views.trust(made.core(2))["first_loans_missing"] == 2
        made.pass_time(20 * DAY_MS)

        assert views.trust(made.core(2))["first_loans_missing"] == 0

    def test_in_a_young_house_everybody_is_new_and_borrows_at_once(self) -> None:
        made = street(3, circle_2_exchanges=1)
        made.lend(1, 2, made.share(1))

        assert made.run(2, asked(made.share(0)))["loan"]


class TestOneAtATime:
    def crossroads(self, **rules: int) -> Street:
        """0, 3 and 4 lend, 1 stands between them and the borrower 2."""
        edges = [(0, 1), (1, 2), (1, 3), (1, 4)]
        made = street(5, edges=edges, circle_2_exchanges=1, capacity_new=3, **rules)
        made.lend(1, 2, made.share(1))
        return made

    def take(self, made: Street, lender: int, first: int = 1) -> str:
        loan = str(made.run(2, asked(made.share(lender), first))["loan"])
        made.run(1, Recommend(loan, True))
        made.run(lender, AnswerLoan(loan, "yes"))
        return loan

    def test_on_the_same_days_one_thing_from_beyond_friends(self) -> None:
        made = self.crossroads()
        self.take(made, 0)

        assert refusal(made, 2, asked(made.share(3))) == "one-loan-beyond"
        assert made.run(2, asked(made.share(3), first=8))["loan"], "other days"
        assert made.run(2, asked(made.share(1)))["loan"], "a friend's thing"

    def test_who_is_late_borrows_nothing_beyond_friends_until_it_is_back(self) -> None:
        made = self.crossroads()
        loan = self.take(made, 0)
        made.run(0, HandOver(loan))
        made.pass_time(5 * DAY_MS)
        later = asked(made.share(3), first=9)

        assert refusal(made, 2, later) == "one-loan-beyond"
        made.run(2, GiveBack(loan))
        assert made.run(2, later)["loan"]

    def test_of_two_that_were_asked_for_at_once_the_second_waits(self) -> None:
        made = self.crossroads()
        loans = [str(made.run(2, asked(made.share(lender)))["loan"]) for lender in (0, 3)]
        for loan in loans:
            made.run(1, Recommend(loan, True))
        made.run(0, AnswerLoan(loans[0], "yes"))
        third = str(made.run(2, asked(made.share(4), first=9))["loan"])
        made.run(1, Recommend(third, True))
        assert made.states(third)[4] == "asked", "other days"

        # 3 does not hear of the first loan: the capacity of 1 is what bounds it there.
        made.run(3, AnswerLoan(loans[1], "yes"))
        assert made.states(loans[1])[3] == "agreed"

    def test_a_go_between_that_knows_of_one_lets_the_other_wait(self) -> None:
        made = self.crossroads()
        waiting = str(made.run(2, asked(made.share(3)))["loan"])
        first = self.take(made, 0)

        assert refusal(made, 1, Recommend(waiting, True)) == "borrower-has-one-out"
        assert reason(made, 1, waiting) == "borrower-has-one-out"
        made.run(0, HandOver(first))
        made.run(0, GiveBack(first))
        made.run(1, Recommend(waiting, True))
        assert made.states(waiting)[3] == "asked"


def test_whoever_was_disappointed_is_asked_what_would_put_it_right() -> None:
    made = street(2)
    loan = made.ask(1, made.share(0))
    made.run(0, AnswerLoan(loan, "yes"))
    made.run(0, HandOver(loan))
    made.run(0, GiveBack(loan))
    assert made.rows(0)[loan]["repair_asked"] is False
    made.run(0, Rate(loan, 0, 2, Fault.DAMAGED))
    assert made.rows(0, only_open=True)[loan]["repair_asked"] is True, "before it is shown"
    made.run(1, Rate(loan, 1, 9))
    assert [made.rows(n)[loan]["repair_asked"] for n in (0, 1)] == [True, False]
    made.run(0, Repaired(loan))

    assert made.rows(0)[loan]["repair_asked"] is False
    assert loan not in made.rows(0, only_open=True)


def rows(made: Street, number: int) -> list[dict[str, object]]:
    found = views.browse(made.core(number), lambda refusal: refusal.code)
    return cast(list[dict[str, object]], found)
