"""What becomes of a loan: longer, sooner, lost, damaged, given, made good, forgotten, on paper.

Spec: §11.2, §11.4, §11.5, §11.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    CancelLoan,
    Command,
    GiveBack,
    HandOver,
    LendTo,
    LookFor,
    MoveEnd,
    Rate,
    Recommend,
    Repaired,
    Report,
    SetThing,
)
from node.engine.paper import LOANS_MAX
from protocol.bodies import Event, ThingKind
from protocol.errors import Refused
from protocol.limits import CHANGE_PER_OBJECT_MIN_MS
from simulations.street import DAY, DAY_MS, TODAY, Street, street


@pytest.fixture
def two() -> Iterator[Street]:
    """Holder 0 and borrower 1, friends."""
    made = street(2)
    yield made
    assert made.rejects == []


@pytest.fixture
def three() -> Iterator[Street]:
    """Holder 0, go-between 1, borrower 2, to whom circle 2 is open."""
    made = street(3, circle_2_exchanges=1)
    made.lend(1, 2, made.share(1))
    yield made
    assert made.rejects == []


def refusal(made: Street, number: int, command: Command) -> Refused:
    with pytest.raises(Refused) as caught:
        made.run(number, command)
    return caught.value


def handed_over(made: Street, thing: str, borrower: int = 1, days: int = 2) -> str:
    loan = made.ask(borrower, thing, days=days)
    if borrower == 2:
        made.run(1, Recommend(loan, True))
    made.run(0, AnswerLoan(loan, "yes"))
    made.run(0, HandOver(loan))
    return loan


def can(made: Street, number: int, loan: str) -> list[str]:
    return cast(list[str], made.rows(number)[loan]["can"])


def end_of(made: Street, number: int, loan: str) -> int:
    """The last day agreed on, counted from today."""
    return cast(int, made.rows(number)[loan]["to_minute"]) // DAY - TODAY - 1


def on(day: int) -> int:
    """The end of a day, counted from today."""
    return (TODAY + day + 1) * DAY


class TestOtherDates:
    """The loan is agreed; one of two would like another last day."""

    def test_the_borrower_keeps_it_longer_when_the_holder_says_yes(self, three: Street) -> None:
        """Also through a go-between, who need not be asked again; the calendar follows."""
        thing = three.share(0)
        loan = handed_over(three, thing, 2)
        three.run(2, MoveEnd(loan, on(5), "one more song"))

        assert [end_of(three, n, loan) for n in range(3)] == [2, 2, 2]
        proposal = cast(dict[str, object], three.rows(0)[loan]["proposal"])
        assert (proposal["by_name"], proposal["is_longer"]) == (three.name(2), True)
        assert "answer" in can(three, 0, loan)
        assert three.rows(0)[loan]["message"] == "one more song"
        assert "recommend" not in can(three, 1, loan)

        three.run(0, AnswerLoan(loan, "yes"))
        assert [end_of(three, n, loan) for n in range(3)] == [5, 5, 5]
        assert three.states(loan) == ["handed_over"] * 3
        three.pass_time(CHANGE_PER_OBJECT_MIN_MS)  # the listing changed a moment ago (§14.3)
        assert three.listing(2, thing).busy == (((TODAY + 1) * DAY, on(5)),)

    def test_a_no_leaves_the_days_as_they_were(self, two: Street) -> None:
        loan = handed_over(two, two.share(0))
        two.run(1, MoveEnd(loan, on(5)))
        two.run(0, AnswerLoan(loan, "no", message="Léa needs it"))

        assert two.rows(1)[loan]["proposal"] is None
        assert two.rows(1)[loan]["message"] == "Léa needs it"
        assert [end_of(two, n, loan) for n in range(2)] == [2, 2]
        assert "extend" in can(two, 1, loan), "another day can be asked for"

    def test_the_holder_asks_for_it_back_sooner(self, two: Street) -> None:
        loan = handed_over(two, two.share(0), days=5)
        two.run(0, MoveEnd(loan, on(2), "could you?"))
        assert can(two, 1, loan)[0] == "answer"
        two.run(1, AnswerLoan(loan, "yes"))

        assert [end_of(two, n, loan) for n in range(2)] == [2, 2]
        two.run(0, MoveEnd(loan, on(1)))
        two.run(1, AnswerLoan(loan, "no", message="sorry"))
        assert [end_of(two, n, loan) for n in range(2)] == [2, 2]
        assert two.rows(0)[loan]["message"] == "sorry"

    def test_the_days_of_somebody_else_are_not_given_away(self, two: Street) -> None:
        """I7: neither by the holder's yes, nor when a proposal is accepted late."""
        made = street(3, edges=[(0, 1), (0, 2)])
        thing = made.share(0)
        loan = handed_over(made, thing)
        made.run(1, MoveEnd(loan, on(6)))
        other = made.ask(2, thing, first=5)
        made.run(0, AnswerLoan(other, "yes"))

        assert refusal(made, 0, AnswerLoan(loan, "yes")).code == "dates-taken"
        [reason] = cast(list[dict[str, object]], made.rows(0)[loan]["reasons"])
        assert reason["code"] == "queued"
        assert refusal(made, 0, MoveEnd(other, on(4))).code == "end-before-start"

    def test_a_proposal_of_days_given_away_meanwhile_is_declined_by_itself(self) -> None:
        made = street(3, edges=[(0, 1), (0, 2)])
        thing = made.share(0)
        loan = handed_over(made, thing)
        made.cut(0, 1)
        made.run(0, MoveEnd(loan, on(6)))
        other = made.ask(2, thing, first=5)
        made.run(0, AnswerLoan(other, "yes"))
        made.connect(0, 1)
        made.run(1, AnswerLoan(loan, "yes"))

        assert [made.rows(n)[loan]["proposal"] for n in (0, 1)] == [None, None]
        assert [end_of(made, n, loan) for n in (0, 1)] == [2, 2]

    def test_what_makes_no_sense_is_refused(self, two: Street) -> None:
        loan = handed_over(two, two.share(0))
        assert refusal(two, 1, MoveEnd(loan, on(2))).code == "dates-as-agreed"
        assert refusal(two, 1, MoveEnd(loan, on(500))).code == "loan-too-long"
        two.pass_time(2 * DAY_MS)
        assert refusal(two, 1, MoveEnd(loan, on(1))).code == "dates-past"
        two.run(1, MoveEnd(loan, on(4)))
        assert refusal(two, 1, MoveEnd(loan, on(5))).code == "other-dates-wait"
        assert refusal(two, 1, AnswerLoan(loan, "yes")).code == "not-your-turn"
        assert refusal(two, 0, AnswerLoan(loan, "counter")).code == "answer-yes-or-no"
        two.pass_time(14 * DAY_MS)
        assert two.rows(1)[loan]["proposal"] is None, "nobody answered"
        two.run(1, GiveBack(loan))
        assert refusal(two, 1, MoveEnd(loan, on(30))).code == "not-in-this-state"

    def test_dates_are_not_moved_for_ever(self, two: Street) -> None:
        loan = handed_over(two, two.share(0))
        for day in range(3, 10):
            two.run(1, MoveEnd(loan, on(day)))
            two.run(0, AnswerLoan(loan, "yes"))

        assert end_of(two, 0, loan) == 9
        assert refusal(two, 1, MoveEnd(loan, on(11))).code == "too-many-rounds"
        assert "extend" not in can(two, 1, loan)

    def test_a_holder_proposes_once_in_each_round(self, two: Street) -> None:
        """A step is said once: others would not take the second (spec §11.1).

        Found by ``simulate hunt``, seed 194.
        """
        loan = handed_over(two, two.share(0), days=8)
        two.run(0, MoveEnd(loan, on(6)))
        two.run(1, AnswerLoan(loan, "no"))
        assert "recall" not in can(two, 0, loan)
        assert refusal(two, 0, MoveEnd(loan, on(5))).code == "other-dates-said"

        two.run(1, MoveEnd(loan, on(7)))
        two.pass_time(14 * DAY_MS)  # nobody answered
        two.run(0, MoveEnd(loan, on(20)))
        assert two.rows(0)[loan]["proposal"] == two.rows(1)[loan]["proposal"]
        two.pass_time(14 * DAY_MS)
        assert refusal(two, 0, MoveEnd(loan, on(30))).code == "other-dates-said"
        assert "extend" in can(two, 1, loan)

    def test_a_yes_that_crosses_the_return_and_a_rating_spoils_neither(self, two: Street) -> None:
        """The rating stands on the days that its author had agreed on."""
        loan = handed_over(two, two.share(0))
        two.run(1, MoveEnd(loan, on(5)))
        two.cut(0, 1)
        two.run(0, AnswerLoan(loan, "yes"))
        two.run(1, GiveBack(loan))
        two.run(1, Rate(loan, 1, 9))
        two.connect(0, 1)
        two.run(0, Rate(loan, 1, 7))

        assert two.states(loan) == ["rated", "rated"]
        assert two.rows(0)[loan]["rated_by_other"] == {"confiance": 1, "respect": 9, "fault": ""}
        assert two.rows(1)[loan]["rated_by_other"] == {"confiance": 1, "respect": 7, "fault": ""}


class TestOutcomes:
    """Not everything comes back as it went."""

    def test_what_was_lost_and_came_back_damaged_is_both(self, two: Street) -> None:
        """Found by ``simulate hunt``, seed 410: the damage was signed and counted nowhere."""
        loan = handed_over(two, two.share(0))
        two.run(1, Report(loan, Event.LOST))
        two.run(0, GiveBack(loan))
        two.run(0, Report(loan, Event.DAMAGED))

        assert two.states(loan) == ["returned", "returned"]
        assert [two.rows(n)[loan]["damaged_by_names"] for n in range(2)] == [[two.name(0)]] * 2

    def test_a_loss_ends_the_loan_and_takes_the_thing_from_the_shelf(self, two: Street) -> None:
        thing = two.share(0)
        loan = handed_over(two, thing)
        two.run(0, Report(loan, Event.LOST, "nobody knows"))

        assert two.states(loan) == ["lost", "lost"]
        assert two.rows(1)[loan]["message"] == "nobody knows"
        assert "rate" in can(two, 1, loan)
        assert refusal(two, 1, Ask(thing, on(5), on(6))).code == "unknown-thing"
        assert refusal(two, 1, GiveBack(loan)).code == "not-in-this-state"
        two.run(0, GiveBack(loan))
        assert two.states(loan) == ["returned", "returned"], "it turned up"

    def test_who_lost_it_can_say_so_and_the_owner_keeps_the_listing(self, two: Street) -> None:
        thing = two.share(0)
        loan = handed_over(two, thing)
        two.run(1, Report(loan, Event.LOST))

        assert two.states(loan) == ["lost", "lost"]
        assert two.listing(1, thing).busy == ()

    def test_the_holder_says_that_what_the_borrower_returned_is_not_back(self, two: Street) -> None:
        loan = handed_over(two, two.share(0))
        two.run(1, GiveBack(loan))
        assert "lost" in can(two, 0, loan)
        assert "lost" not in can(two, 1, loan)
        two.run(0, Report(loan, Event.LOST))

        assert two.states(loan) == ["lost", "lost"]

    def test_a_gift_is_the_holder_s_word(self, two: Street) -> None:
        thing = two.share(0)
        loan = handed_over(two, thing)
        assert refusal(two, 1, Report(loan, Event.GIFT)).code == "only-for-holder"
        two.run(0, Report(loan, Event.GIFT, "it is yours"))

        assert two.states(loan) == ["kept", "kept"]
        assert refusal(two, 1, Ask(thing, on(5), on(6))).code == "unknown-thing"
        two.run(1, Rate(loan, 1, 10))
        two.run(0, Rate(loan, 1, 9))
        assert two.states(loan) == ["rated", "rated"]

    def test_damage_is_noted_by_either_until_the_time_to_rate_is_over(self, two: Street) -> None:
        loan = handed_over(two, two.share(0))
        two.run(1, Report(loan, Event.DAMAGED, "a string broke"))
        assert refusal(two, 1, Report(loan, Event.DAMAGED)).code == "said-already"
        two.run(1, GiveBack(loan))
        assert two.rows(0)[loan]["damaged_by_names"] == [two.name(1)]
        two.pass_time(15 * DAY_MS)

        assert refusal(two, 0, Report(loan, Event.DAMAGED)).code == "rating-window-over"
        assert "damaged" not in can(two, 0, loan)

    def test_what_never_went_out_is_neither_lost_nor_damaged(self, two: Street) -> None:
        agreed = two.ask(1, two.share(0))
        two.run(0, AnswerLoan(agreed, "yes"))
        assert refusal(two, 0, Report(agreed, Event.LOST)).code == "not-in-this-state"
        copy = two.ask(1, two.share(0, kind=ThingKind.COPY))
        two.run(0, AnswerLoan(copy, "yes"))
        two.run(1, GiveBack(copy))
        assert refusal(two, 0, Report(copy, Event.DAMAGED)).code == "nothing-went-out"

    def test_who_was_disappointed_can_say_that_it_was_made_good(self, two: Street) -> None:
        """It costs Confiance no longer."""
        thing = two.share(0)
        two.lend(0, 1, thing)
        loan = two.lend(0, 1, thing, confiance=0)
        assert refusal(two, 1, Repaired(loan)).code == "nothing-to-repair"
        assert "repaired" in can(two, 0, loan)
        two.run(0, Repaired(loan))

        assert two.rows(1)[loan]["repaired_by_other"] is True
        assert two.rows(0)[loan]["repaired"] is True
        assert "repaired" not in can(two, 0, loan)
        assert refusal(two, 0, Repaired(loan)).code == "said-already"

    def test_late_is_said_from_the_day_after_on(self, two: Street) -> None:
        loan = handed_over(two, two.share(0))
        two.pass_time(4 * DAY_MS)
        assert [two.rows(n)[loan]["late_days"] for n in (0, 1)] == [1, 1]
        two.run(1, GiveBack(loan))
        assert two.rows(0)[loan]["late_days"] == 0


class TestForgotten:
    """It went well, and nobody said so here."""

    def test_a_return_says_that_it_was_handed_over_once_the_dates_have_begun(
        self, two: Street
    ) -> None:
        loan = two.ask(1, two.share(0))
        two.run(0, AnswerLoan(loan, "yes"))
        assert refusal(two, 1, GiveBack(loan)).code == "not-in-this-state"
        assert "return" not in can(two, 1, loan)
        two.pass_time(DAY_MS)
        assert "return" in can(two, 1, loan)
        two.run(1, GiveBack(loan))

        assert two.states(loan) == ["returned", "returned"]

    def test_a_loan_that_was_never_asked_for_is_written_down_afterwards(self, two: Street) -> None:
        thing = two.share(0)
        last_week = ((TODAY - 7) * DAY, (TODAY - 5) * DAY)
        assert refusal(two, 1, Ask(thing, *last_week)).code == "dates-past"
        loan = str(two.run(1, Ask(thing, *last_week, has_happened=True))["loan"])
        two.run(0, AnswerLoan(loan, "yes"))
        two.run(0, GiveBack(loan))
        two.run(1, Rate(loan, 1, 8))

        assert two.states(loan) == ["returned", "returned"]
        future = (on(3), on(4))
        assert refusal(two, 1, Ask(thing, *future, has_happened=True)).code == "not-begun"
        ancient = ((TODAY - 400) * DAY, (TODAY - 399) * DAY)
        assert refusal(two, 1, Ask(thing, *ancient, has_happened=True)).code == "too-long-ago"

    def test_dates_that_passed_while_a_request_waited_are_not_agreed_to(self, two: Street) -> None:
        loan = two.ask(1, two.share(0))
        two.pass_time(5 * DAY_MS)

        assert refusal(two, 0, AnswerLoan(loan, "yes")).code == "dates-past"


class TestQueue:
    """The thing is taken; one would like to wait."""

    def test_who_waits_is_answered_when_it_comes_free(self) -> None:
        made = street(3, edges=[(0, 1), (0, 2)])
        thing = made.share(0)
        first = made.ask(1, thing)
        made.run(0, AnswerLoan(first, "yes"))
        dates = ((TODAY + 1) * DAY, on(1))
        assert refusal(made, 2, Ask(thing, *dates)).code == "dates-taken"
        waits = str(made.run(2, Ask(thing, *dates, queue=True))["loan"])

        assert refusal(made, 0, AnswerLoan(waits, "yes")).code == "dates-taken"
        assert made.rows(0)[waits]["waits_for_me"] is False
        made.run(1, CancelLoan(first))
        assert made.rows(0)[waits]["waits_for_me"] is True
        made.run(0, AnswerLoan(waits, "yes"))
        assert made.states(waits)[0] == "agreed"


class TestPaper:
    """Lent to my aunt."""

    def test_it_takes_its_dates_and_is_remembered(self, two: Street) -> None:
        thing = two.share(0)
        loan = str(two.run(0, LendTo("my aunt", thing, TODAY * DAY, on(3)))["loan"])

        assert two.listing(1, thing).busy == ((TODAY * DAY, on(3)),)
        assert refusal(two, 1, Ask(thing, (TODAY + 1) * DAY, on(1))).code == "dates-taken"
        row = two.rows(0)[loan]
        assert (row["paper"], row["state"], row["other_name"]) == (True, "handed_over", "my aunt")
        assert loan not in two.rows(1), "nobody else hears of it"
        two.pass_time(5 * DAY_MS)
        assert two.rows(0)[loan]["late_days"] == 1
        two.restart(0)
        assert refusal(two, 0, GiveBack(loan[:7])).code == "id-too-short"
        two.run(0, GiveBack(loan[:8]))
        assert two.listing(1, thing).busy == ()
        assert two.rows(0)[loan]["state"] == "returned"
        assert loan not in two.rows(0, only_open=True)
        assert refusal(two, 0, GiveBack(loan)).code == "said-already"

    def test_without_dates_it_is_out_from_today_on_for_two_weeks(self, two: Street) -> None:
        thing = two.share(0)
        two.run(0, LendTo("my aunt", thing))

        assert two.listing(1, thing).busy == ((TODAY * DAY, (TODAY + 14) * DAY),)

    def test_what_is_promised_is_not_lent_to_an_aunt(self, two: Street) -> None:
        thing = two.share(0)
        loan = two.ask(1, thing)
        two.run(0, AnswerLoan(loan, "yes"))
        assert refusal(two, 0, LendTo("aunt", thing, TODAY * DAY, on(3))).code == "dates-taken"
        assert refusal(two, 0, LendTo(" ", thing, on(3), on(4))).code == "name-missing"
        assert refusal(two, 0, LendTo("x" * 81, thing, on(3), on(4))).code == "name-too-long"
        assert refusal(two, 0, LendTo("x", thing, on(4), on(4))).code == "end-before-start"
        assert refusal(two, 1, LendTo("x", thing, on(4), on(5))).code == "not-your-thing"

    def test_the_book_does_not_grow_without_end(self, two: Street) -> None:
        """The oldest that are back make room; what is out is kept."""
        thing = two.share(0, circles=0)
        for day in range(LOANS_MAX + 1):
            start = (TODAY + 2 * day) * DAY
            row = two.run(0, LendTo("aunt", thing, start, start + DAY))
            if day < LOANS_MAX:
                two.run(0, GiveBack(str(row["loan"])))

        assert len(two.rows(0)) == LOANS_MAX


class TestLookingFor:
    """Nothing that is lent: what somebody would like to borrow."""

    def test_it_is_seen_in_the_circles_and_nobody_can_ask_for_it(self, two: Street) -> None:
        wanted = str(two.run(1, LookFor("a ladder", circles=1))["thing"])

        assert two.listing(0, wanted).thing_kind is ThingKind.WANTED
        assert refusal(two, 0, Ask(wanted, on(1), on(2))).code == "wanted-not-lent"

    def test_it_is_no_sharing(self) -> None:
        made = street(2, sharing_grace_ms=0)
        guitar = made.share(0)
        made.run(1, LookFor("a ladder"))
        assert refusal(made, 1, Ask(guitar, on(1), on(2))).code == "nothing-shared"
        made.run(1, AddThing("a drill"))
        assert made.run(1, Ask(guitar, on(1), on(2)))

    def test_it_ends_by_itself_when_it_was_meant_to(self, two: Street) -> None:
        """And is not renewed as a thing is; a change does not make it last longer."""
        wanted = str(two.run(1, LookFor("a ladder", lease_ms=20 * DAY_MS))["thing"])
        two.pass_time(12 * DAY_MS)
        two.run(1, SetThing(wanted, title="a long ladder"))
        assert two.listing(0, wanted).title == "a long ladder"
        two.pass_time(9 * DAY_MS)

        assert two.core(0).visible_listings() == []
        assert refusal(two, 1, SetThing(wanted, title="x")).code == "unknown-thing"

    def test_what_makes_no_sense_is_refused(self, two: Street) -> None:
        assert refusal(two, 1, LookFor("x", lease_ms=99 * DAY_MS)).code == "wanted-too-long"
        assert refusal(two, 1, LookFor("x", lease_ms=0)).code == "wanted-too-long"
        wanted = str(two.run(1, LookFor("x"))["thing"])
        change = SetThing(wanted, kind=ThingKind.OBJECT)
        assert refusal(two, 1, change).code == "wanted-not-a-thing"
