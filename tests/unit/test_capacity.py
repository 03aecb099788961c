"""Units of capacity: given to friends, engaged by the loans that come from their side (§12.7)."""

from __future__ import annotations

from typing import cast

import pytest

from node.engine import capacity
from node.engine.commands import (
    AnswerLoan,
    Ask,
    CancelLoan,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    Repaired,
    SetCapacity,
)
from node.trust.capacity import capacity_of
from protocol.bodies import Fault
from protocol.charter import Charter
from protocol.errors import Refused
from simulations.street import DAY, DAY_MS, TODAY, Street, street


def crowd(**rules: int) -> Street:
    """Holder 0, go-between 1, and 2 and 3 behind 1, to whom circle 2 is open."""
    made = street(4, edges=[(0, 1), (1, 2), (1, 3)], circle_2_exchanges=1, **rules)
    thing = made.share(1)
    for borrower in (2, 3):
        made.lend(1, borrower, thing)
    return made


def refusal(made: Street, number: int, command: Command) -> Refused:
    with pytest.raises(Refused) as caught:
        made.run(number, command)
    return caught.value


def pass_on(made: Street, loan: str) -> None:
    made.run(1, Recommend(loan, True))


def lend(made: Street, loan: str) -> None:
    made.run(0, AnswerLoan(loan, "yes"))
    made.run(0, HandOver(loan))


def units(made: Street, giver: int, friend: int) -> tuple[int, int]:
    """``(capacity, engaged)``."""
    core = made.core(giver)
    return capacity.capacity(core, made.id(friend)), capacity.engaged(core, made.id(friend))


class TestFormula:
    """One at first, one more after one good exchange, one more after three."""

    def test_good_exchanges_raise_it_and_the_charter_bounds_it(self) -> None:
        charter = Charter()
        assert [capacity_of(charter, good) for good in range(5)] == [1, 2, 2, 3, 3]
        assert capacity_of(Charter(capacity_max=2), 9) == 2

    def test_what_the_owner_has_chosen_stands(self) -> None:
        assert capacity_of(Charter(), 0, chosen=0) == 0
        assert capacity_of(Charter(), 9, chosen=20) == 20

    def test_never_more_than_the_charter_s_most_not_even_at_first(self) -> None:
        assert capacity_of(Charter(capacity_new=4), 0) == 3


class TestEngaged:
    """Each open loan that passes takes one."""

    def test_a_go_between_answers_for_no_more_than_it_gives(self) -> None:
        made = crowd()
        thing, other = made.share(0), made.share(0)
        made.run(1, SetCapacity(made.id(2).hex(), 1))
        first, second = made.ask(2, thing), made.ask(2, other)
        pass_on(made, first)

        assert units(made, 1, 2) == (1, 1)
        assert refusal(made, 1, Recommend(second, True)).code == "capacity-engaged"
        [reason] = cast(list[dict[str, object]], made.rows(1)[second]["reasons"])
        assert reason["code"] == "capacity-engaged"
        assert second not in made.rows(0)
        made.run(0, AnswerLoan(first, "no"))
        assert units(made, 1, 2) == (1, 0)
        pass_on(made, second)
        assert made.rows(0)[second]["state"] == "asked"

    def test_a_lender_agrees_to_no_more_than_it_gives_the_friend_between(self) -> None:
        """Two people behind one friend: the friend would pass both on, the lender counts."""
        made = crowd()
        first, second = made.ask(2, made.share(0)), made.ask(3, made.share(0))
        for loan in (first, second):
            pass_on(made, loan)
        lend(made, first)

        assert units(made, 0, 1) == (1, 1)
        assert refusal(made, 0, AnswerLoan(second, "yes")).code == "capacity-engaged"
        assert made.rows(0)[second]["waits_for_me"] is False
        made.run(2, GiveBack(first))
        assert units(made, 0, 1) == (1, 1), "it has not been said how it went"
        made.run(0, Rate(first, 1, 8))
        made.run(2, Rate(first, 1, 8))
        assert units(made, 0, 1) == (1, 0)
        assert units(made, 1, 2)[1] == 0
        made.run(0, AnswerLoan(second, "yes"))
        assert made.states(second)[0] == "agreed"

    def test_a_loan_between_friends_takes_nothing(self) -> None:
        made = street(2)
        for first in (1, 5, 9):
            lend(made, made.ask(1, made.share(0), first))

        assert units(made, 0, 1) == (1, 0)

    def test_nothing_is_counted_where_the_charter_says_so(self) -> None:
        made = crowd(capacity_max=0)
        loans = [made.ask(2, made.share(0), first) for first in (1, 5, 9)]
        for loan in loans:
            pass_on(made, loan)
            lend(made, loan)

        assert [made.states(loan)[0] for loan in loans] == ["handed_over"] * 3

    def test_what_was_cancelled_or_expired_is_free_again(self) -> None:
        made = crowd()
        first = made.ask(2, made.share(0))
        pass_on(made, first)
        made.run(0, AnswerLoan(first, "yes"))
        made.run(2, CancelLoan(first))
        assert (units(made, 0, 1)[1], units(made, 1, 2)[1]) == (0, 0)
        second = made.ask(2, made.share(0), 20)
        pass_on(made, second)
        assert units(made, 1, 2)[1] == 1
        made.pass_time(15 * DAY_MS)
        assert units(made, 1, 2)[1] == 0

    def test_a_later_round_is_passed_on_when_a_unit_is_free(self) -> None:
        """The one of the round before was free again, and another loan has taken it.

        Found by ``simulate hunt``, seed 430.
        """
        made = crowd()
        first, other = made.ask(2, made.share(0), 60), made.share(0)
        made.run(1, SetCapacity(made.id(2).hex(), 1))
        pass_on(made, first)
        made.cut(0, 1)
        made.pass_time(13 * DAY_MS)
        begin = (TODAY + 70) * DAY
        made.run(0, AnswerLoan(first, "counter", begin, begin + DAY))
        made.pass_time(2 * DAY_MS)
        second = made.ask(2, other, 40)
        pass_on(made, second)
        made.connect(0, 1)
        made.run(2, AnswerLoan(first, "yes"))

        assert made.rows(0)[first]["state"] == "countered", "it waits"
        [reason] = cast(list[dict[str, object]], made.rows(1)[first]["reasons"])
        assert reason["code"] == "capacity-engaged"
        made.run(0, AnswerLoan(second, "no"))
        assert made.states(first)[0] == "agreed"


class TestBurnt:
    """It went wrong: what was answered with is used up for a while."""

    def gone_wrong(self) -> tuple[Street, str]:
        made = crowd()
        loan = made.ask(2, made.share(0))
        pass_on(made, loan)
        lend(made, loan)
        made.run(0, GiveBack(loan))
        made.run(0, Rate(loan, 0, 1, Fault.LATE))
        made.run(2, Rate(loan, 1, 9))
        return made, loan

    def test_it_is_free_again_after_ninety_days(self) -> None:
        made, _ = self.gone_wrong()
        assert (units(made, 0, 1)[1], units(made, 1, 2)[1]) == (1, 1)
        made.pass_time(89 * DAY_MS)
        assert units(made, 1, 2)[1] == 1
        made.pass_time(2 * DAY_MS)
        assert (units(made, 0, 1)[1], units(made, 1, 2)[1]) == (0, 0)

    def test_it_is_free_again_when_it_was_made_good(self) -> None:
        made, loan = self.gone_wrong()
        made.run(0, Repaired(loan))

        assert (units(made, 0, 1)[1], units(made, 1, 2)[1]) == (0, 0)

    def test_who_never_says_how_it_went_lets_it_free(self) -> None:
        made = crowd()
        loan = made.ask(2, made.share(0))
        pass_on(made, loan)
        lend(made, loan)
        made.run(2, GiveBack(loan))
        made.pass_time(13 * DAY_MS)
        assert units(made, 0, 1)[1] == 1
        made.pass_time(2 * DAY_MS)
        assert units(made, 0, 1)[1] == 0


class TestChosen:
    """The owner says how many, or leaves it to experience."""

    def test_it_is_kept_and_given_back_to_experience(self) -> None:
        made = crowd()
        row = made.run(1, SetCapacity(made.id(2).hex(), 0))
        assert (row["capacity"], row["capacity_is_chosen"]) == (0, True)
        loan = made.ask(2, made.share(0))
        assert refusal(made, 1, Recommend(loan, True)).code == "capacity-engaged"
        made.restart(1)
        assert units(made, 1, 2) == (0, 0)
        made.run(1, SetCapacity(made.id(2).hex(), None))
        assert units(made, 1, 2) == (2, 0), "one good exchange"
        assert made.rows(1)[loan]["reasons"] == []

    def test_only_friends_have_one_and_it_has_a_limit(self) -> None:
        made = crowd()
        assert refusal(made, 0, SetCapacity(made.id(2).hex(), 1)).code == "not-a-friend"
        assert refusal(made, 1, SetCapacity(made.id(2).hex(), 21)).code == "capacity-out-of-range"

    def test_a_loan_that_was_passed_on_is_not_taken_back_by_choosing_less(self) -> None:
        made = crowd()
        thing = made.share(0)
        start = (TODAY + 1) * DAY
        loan = str(made.run(2, Ask(thing, start, start + DAY))["loan"])
        pass_on(made, loan)
        made.run(1, SetCapacity(made.id(2).hex(), 0))
        lend(made, loan)

        assert made.states(loan)[:3] == ["handed_over"] * 3
        assert units(made, 1, 2) == (0, 1)
