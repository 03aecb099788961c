"""Loans between real engines: asked, passed on, answered, lent, returned and rated.

A small street of engines, joined by a pump that carries messages at once and in order.
Faults are for the simulator; here the rules of one exchange are pinned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.engine import loan_path, loans, ratings
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    CancelLoan,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    SetThing,
    WithdrawThing,
)
from node.engine.events import (
    Space,
    Woke,
)
from node.engine.loan_book import book_of, forget_book
from node.engine.registers import Stored
from protocol.bodies import (
    STATEMENT_OBJECT,
    CancelBody,
    CommitmentBody,
    Fault,
    HandoverBody,
    Kind,
    LoanBody,
    PassBody,
    RatingBody,
    RequestBody,
    StatementBody,
    ThingKind,
    register_object,
)
from protocol.errors import (
    BadSignature,
    InvalidState,
    NotYours,
    OutOfReach,
    QuotaExceeded,
    Refused,
    RemoteProtocolError,
    Replayed,
)
from protocol.exchange import ROUNDS_MAX, terms_of
from protocol.keys import ObjectId
from protocol.records import Record
from simulations.street import DAY, DAY_MS, TODAY, Street, oid, street


@pytest.fixture
def two() -> Iterator[Street]:
    """Holder 0 and borrower 1, friends."""
    made = street(2)
    yield made
    assert made.rejects == []


@pytest.fixture
def three() -> Iterator[Street]:
    """Holder 0, go-between 1, borrower 2, to whom circle 2 is open from one exchange on."""
    made = street(3, circle_2_exchanges=1)
    made.lend(1, 2, made.share(1))
    yield made
    assert made.rejects == []


def refusal(made: Street, number: int, command: Command) -> Refused:
    with pytest.raises(Refused) as caught:
        made.run(number, command)
    return caught.value


# --- between two friends ---------------------------------------------------------------


def test_a_loan_between_friends_goes_from_asked_to_rated_and_counts_for_both(two: Street) -> None:
    thing = two.share(0)
    loan = two.ask(1, thing, text="Can I have it for the party?")

    assert two.states(loan) == ["asked", "asked"]
    assert two.rows(0)[loan]["message"] == "Can I have it for the party?"
    assert two.rows(0)[loan]["can"] == ["answer"]
    assert two.rows(1)[loan]["can"] == ["cancel"]

    two.run(0, AnswerLoan(loan, "yes", message="With pleasure"))
    assert two.states(loan) == ["agreed", "agreed"]
    assert two.rows(1)[loan]["message"] == "With pleasure"

    two.run(1, HandOver(loan))
    assert two.states(loan) == ["handed_over", "handed_over"]

    two.run(0, GiveBack(loan))
    assert two.states(loan) == ["returned", "returned"]
    assert loans.judge(two.core(0), two.id(1)).exchanges == 0

    two.run(0, Rate(loan, 1, 8))
    assert loans.judge(two.core(1), two.id(1)).exchanges == 0, "blind until both have rated"

    two.run(1, Rate(loan, 1, 9))
    assert two.states(loan) == ["rated", "rated"]
    for viewer in (0, 1):
        assert loans.judge(two.core(viewer), two.id(1)).confiance == 1
        assert loans.judge(two.core(viewer), two.id(1)).respect is None, "it takes three people"
    assert two.rows(0)[loan]["rated_by_other"] == {"confiance": 1, "respect": 9, "fault": ""}


def test_the_conditions_of_a_loan_are_those_that_stood_when_it_was_asked_for(two: Street) -> None:
    thing = two.share(0)
    two.run(0, SetThing(thing, conditions="Bring it back dry."))
    loan = two.ask(1, thing)
    two.run(0, SetThing(thing, conditions="And tell nobody."))
    two.run(0, AnswerLoan(loan, "yes"))

    for viewer in (0, 1):
        assert two.rows(viewer)[loan]["conditions"] == "Bring it back dry."


def test_agreed_dates_are_busy_for_everybody_and_free_after_the_return(two: Street) -> None:
    thing = two.share(0)
    loan = two.ask(1, thing, first=3, days=2)
    assert two.listing(1, thing).busy == ()

    two.run(0, AnswerLoan(loan, "yes"))
    start = (TODAY + 3) * DAY
    assert two.listing(1, thing).busy == ((start, start + 2 * DAY),)
    taken = refusal(two, 1, Ask(thing, start + DAY, start + 3 * DAY))
    assert taken.code == "dates-taken"

    two.run(0, HandOver(loan))
    two.run(1, GiveBack(loan))
    assert two.listing(1, thing).busy == ()


def test_a_cancelled_loan_gives_its_dates_back(two: Street) -> None:
    thing = two.share(0)
    loan = two.ask(1, thing)
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(1, CancelLoan(loan, "I have caught a cold"))

    assert two.states(loan) == ["cancelled", "cancelled"]
    assert two.listing(1, thing).busy == ()
    assert two.rows(0)[loan]["message"] == "I have caught a cold"
    assert refusal(two, 0, HandOver(loan)).code == "loan-closed"


def test_a_copy_can_be_given_to_many_at_once_and_needs_no_hand_over(two: Street) -> None:
    thing = two.share(0, kind=ThingKind.COPY)
    first, second = two.ask(1, thing), two.ask(1, thing, first=10)
    two.run(0, AnswerLoan(first, "yes"))
    two.run(0, AnswerLoan(second, "yes"))

    assert two.listing(1, thing).busy == ()
    assert two.rows(1)[first]["can"] == ["return", "cancel"]
    assert two.run(1, GiveBack(first))["state"] == "returned"


def test_an_object_is_returned_only_after_it_was_handed_over(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    two.run(0, AnswerLoan(loan, "yes"))

    refused = refusal(two, 1, GiveBack(loan))
    assert (refused.code, refused.values["state"]) == ("not-in-this-state", "agreed")


def test_the_holder_cannot_agree_to_two_loans_of_one_thing_at_one_time() -> None:
    """I7: no loan is double-booked."""
    made = street(3, edges=[(0, 1), (0, 2), (1, 2)])
    thing = made.share(0)
    mine, theirs = made.ask(1, thing, first=3, days=3), made.ask(2, thing, first=5, days=3)
    made.run(0, AnswerLoan(mine, "yes"))

    assert refusal(made, 0, AnswerLoan(theirs, "yes")).code == "dates-taken"
    start = (TODAY + 5) * DAY
    assert refusal(made, 0, AnswerLoan(theirs, "counter", start, start + DAY)).code == "dates-taken"
    made.run(0, AnswerLoan(theirs, "no", message="sorry"))
    assert made.states(theirs) == ["declined", None, "declined"]


# --- bargaining ------------------------------------------------------------------------


def test_a_borrower_who_accepts_the_counter_proposal_has_an_agreement_at_once(two: Street) -> None:
    thing = two.share(0)
    loan = two.ask(1, thing, first=3)
    start = (TODAY + 6) * DAY
    two.run(0, AnswerLoan(loan, "counter", start, start + DAY, "not before Sunday"))
    assert two.states(loan) == ["countered", "countered"]
    assert two.rows(1)[loan]["from_minute"] == start
    assert two.rows(1)[loan]["can"] == ["answer", "cancel"]
    assert two.rows(0)[loan]["can"] == ["cancel"]

    two.run(1, AnswerLoan(loan, "yes"))
    assert two.states(loan) == ["agreed", "agreed"]
    assert two.listing(1, thing).busy == ((start, start + DAY),)


def test_a_borrower_can_answer_a_counter_proposal_with_dates_of_its_own(two: Street) -> None:
    loan = two.ask(1, two.share(0), first=3)
    start = (TODAY + 6) * DAY
    two.run(0, AnswerLoan(loan, "counter", start, start + DAY))
    two.run(1, AnswerLoan(loan, "counter", start + DAY, start + 2 * DAY, "Monday?"))

    assert two.states(loan) == ["asked", "asked"]
    two.run(0, AnswerLoan(loan, "yes"))
    assert two.rows(1)[loan]["from_minute"] == start + DAY


def test_a_borrower_can_say_no_to_a_counter_proposal(two: Street) -> None:
    loan = two.ask(1, two.share(0), first=3)
    start = (TODAY + 6) * DAY
    two.run(0, AnswerLoan(loan, "counter", start, start + DAY))
    two.run(1, AnswerLoan(loan, "no", message="too late for me"))

    assert two.states(loan) == ["withdrawn", "withdrawn"]


def test_an_accepted_proposal_whose_dates_were_given_away_is_declined() -> None:
    made = street(3, edges=[(0, 1), (0, 2), (1, 2)])
    thing = made.share(0)
    start = (TODAY + 6) * DAY
    first, second = made.ask(1, thing, first=2), made.ask(2, thing, first=3)
    made.run(0, AnswerLoan(first, "counter", start, start + DAY))
    made.run(0, AnswerLoan(second, "counter", start, start + DAY))
    made.run(2, AnswerLoan(second, "yes"))
    made.run(1, AnswerLoan(first, "yes"))

    assert made.states(second) == ["agreed", None, "agreed"]
    assert made.states(first) == ["declined", "declined", None]


def test_bargaining_ends_after_a_bounded_number_of_rounds(two: Street) -> None:
    loan = two.ask(1, two.share(0), first=3)
    for number in range(ROUNDS_MAX - 1):
        start = (TODAY + 10 + number) * DAY
        two.run(0, AnswerLoan(loan, "counter", start, start + DAY))
        two.run(1, AnswerLoan(loan, "counter", start, start + 2 * DAY))

    start = (TODAY + 40) * DAY
    refused = refusal(two, 0, AnswerLoan(loan, "counter", start, start + DAY))
    assert refused.code == "too-many-rounds"
    assert two.run(0, AnswerLoan(loan, "yes"))["state"] == "agreed"


# --- by a go-between -------------------------------------------------------------------


def test_a_request_waits_at_the_go_between_until_it_recommends(three: Street) -> None:
    thing = three.share(0)
    loan = three.ask(2, thing, text="for the holidays")
    assert three.states(loan) == [None, "asked", "asked"]
    assert three.rows(1)[loan]["role"] == "between"
    assert three.rows(1)[loan]["can"] == ["recommend"]
    assert three.rows(1)[loan]["message"] == "", "sealed to the holder"

    three.run(1, Recommend(loan, True))
    assert three.states(loan) == ["asked", "asked", "asked"]
    row = three.rows(0)[loan]
    assert row["message"] == "for the holidays"
    assert row["recommended_by"] == [three.id(1).hex()]
    assert row["path"] == [three.id(n).hex() for n in (2, 1, 0)]

    three.run(0, AnswerLoan(loan, "yes", message="take the red one"))
    three.run(0, HandOver(loan))
    three.run(2, GiveBack(loan))
    assert three.states(loan) == ["returned"] * 3
    assert three.rows(2)[loan]["message"] == "take the red one"
    assert three.rows(1)[loan]["message"] == ""
    assert refusal(three, 1, CancelLoan(loan)).code == "only-for-parties"
    assert refusal(three, 1, AnswerLoan(loan, "yes")).code == "only-for-parties"


def test_not_now_is_silent_and_can_be_changed(three: Street) -> None:
    loan = three.ask(2, three.share(0))
    assert three.run(1, Recommend(loan, False))["state"] == "asked"
    assert three.rows(1)[loan]["waits_for_me"] is False
    assert three.states(loan) == [None, "asked", "asked"]

    three.run(1, Recommend(loan, True))
    assert three.states(loan) == ["asked", "asked", "asked"]
    assert refusal(three, 1, Recommend(loan, True)).code == "passed-on-already"


def test_a_go_between_is_asked_once_and_later_rounds_pass_by_themselves(three: Street) -> None:
    loan = three.ask(2, three.share(0), first=3)
    three.run(1, Recommend(loan, True))
    start = (TODAY + 6) * DAY
    three.run(0, AnswerLoan(loan, "counter", start, start + DAY))
    three.run(2, AnswerLoan(loan, "yes"))

    assert three.states(loan) == ["agreed"] * 3


def test_what_is_withdrawn_before_it_is_passed_on_never_reaches_the_holder(three: Street) -> None:
    loan = three.ask(2, three.share(0))
    three.run(2, CancelLoan(loan))

    assert three.states(loan) == [None, "withdrawn", "withdrawn"]
    assert refusal(three, 1, Recommend(loan, True)).code == "loan-closed"
    assert three.rows(1)[loan]["can"] == []


def test_the_charter_can_let_requests_pass_on_unasked() -> None:
    made = street(3, circle_2_exchanges=1, pass_on_unasked_circles=2)
    made.lend(1, 2, made.share(1))
    loan = made.ask(2, made.share(0))

    assert made.states(loan) == ["asked", "asked", "asked"]
    assert made.rows(0)[loan]["recommended_by"] == []


def test_a_request_over_three_circles_is_passed_on_twice() -> None:
    made = street(4, circle_2_exchanges=1, circle_3_exchanges=1, circle_3_sides=1)
    made.lend(2, 3, made.share(2))
    loan = made.ask(3, made.share(0))
    assert made.states(loan) == [None, None, "asked", "asked"]
    made.run(2, Recommend(loan, True))
    assert made.states(loan) == [None, "asked", "asked", "asked"]
    made.run(1, Recommend(loan, True))
    made.run(0, AnswerLoan(loan, "yes"))
    made.run(0, HandOver(loan))
    made.run(0, GiveBack(loan))
    made.run(0, Rate(loan, 1, 7))
    made.run(3, Rate(loan, 1, 10))

    assert made.states(loan) == ["rated"] * 4
    assert made.rejects == []
    judgements = [loans.judge(made.core(n), made.id(3)) for n in range(4)]
    assert [judgement.confiance for judgement in judgements] == [2] * 4
    assert [len(judgement.because) for judgement in judgements] == [2, 2, 2, 1], "0 is far from 3"


def test_a_thing_shown_through_one_friend_only_is_asked_for_through_that_friend() -> None:
    made = street(4, edges=[(0, 1), (0, 2), (1, 3), (2, 3)], circle_2_exchanges=1)
    made.lend(1, 3, made.share(1))
    through = (made.id(2).hex(),)
    thing = str(made.run(0, AddThing("vélo", circles=2, only_through=through))["thing"])
    loan = made.ask(3, thing)
    assert made.rows(3)[loan]["path"] == [made.id(n).hex() for n in (3, 2, 0)]

    made.run(2, Recommend(loan, True))
    assert made.states(loan) == ["asked", None, "asked", "asked"]


# --- who may ask -----------------------------------------------------------------------


def test_nobody_asks_for_their_own_thing_or_for_one_they_cannot_see(two: Street) -> None:
    thing = two.share(0)
    hidden = two.share(0, circles=0)

    assert refusal(two, 0, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY)).code == "own-thing"
    assert refusal(two, 1, Ask(hidden, TODAY * DAY, (TODAY + 1) * DAY)).code == "unknown-thing"


def test_a_closed_circle_says_how_many_good_exchanges_are_missing() -> None:
    made = street(3)
    thing = made.share(0)
    refused = refusal(made, 2, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY))
    assert refused.code == "circle-closed"
    assert refused.values == {"circle": 2, "circles_open": 1, "missing": 2}

    made.lend(1, 2, made.share(1))
    refused = refusal(made, 2, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY))
    assert refused.values["missing"] == 1


def test_a_circle_that_exchanges_never_open_says_so() -> None:
    made = street(3, circle_2_exchanges=0)
    refused = refusal(made, 2, Ask(made.share(0), TODAY * DAY, (TODAY + 1) * DAY))

    assert (refused.code, refused.values) == ("circle-shut", {"circle": 2})


def test_who_shares_nothing_cannot_ask_once_the_grace_is_over() -> None:
    """Rule R5."""
    made = street(2, sharing_grace_ms=0)
    thing = made.share(0)
    assert refusal(made, 1, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY)).code == "nothing-shared"

    made.share(1, circles=0)
    assert refusal(made, 1, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY)).code == "nothing-shared"
    made.share(1, circles=1)
    made.ask(1, thing)


def test_a_loan_made_lately_counts_as_sharing() -> None:
    made = street(2, sharing_grace_ms=0, rating_window_ms=DAY_MS)
    other, mine = made.share(0), made.share(1)
    made.lend(1, 0, mine)
    made.run(1, WithdrawThing(mine))
    made.ask(1, other)

    made.pass_time(380 * DAY_MS)
    start = (TODAY + 381) * DAY
    assert refusal(made, 1, Ask(other, start, start + DAY)).code == "nothing-shared"


def test_a_candidate_is_told_that_a_seat_is_missing(two: Street) -> None:
    thing = two.share(0)
    two.core(1).members.clear()

    refused = refusal(two, 1, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY))
    assert (refused.code, refused.values) == ("second-seat-missing", {"seats": 2})


def test_a_request_that_the_holders_evidence_does_not_support_waits_for_it(two: Street) -> None:
    thing = two.share(0)
    two.core(0).members.pop(two.id(1))
    loan = two.ask(1, thing)
    row = two.rows(0)[loan]
    assert row["reasons"] == [
        {
            "code": "borrower-second-seat-missing",
            "values": {"name": two.name(1), "seats": 2},
        }
    ]
    assert row["waits_for_me"] is False
    assert refusal(two, 0, AnswerLoan(loan, "yes")).code == "borrower-second-seat-missing"

    two.core(0).members[two.id(1)] = None
    assert two.run(0, AnswerLoan(loan, "yes"))["state"] == "agreed"


def test_a_go_between_does_not_pass_on_for_a_borrower_who_shares_nothing() -> None:
    """The borrower's friend vouches (R5); the borrower's own program may lie."""
    made = street(3, circle_2_exchanges=1, sharing_grace_ms=10_000, sharing_closing_ms=0)
    made.lend(1, 2, made.share(1))
    loan = made.ask(2, made.share(0))
    made.pass_time(11_000)

    refused = refusal(made, 1, Recommend(loan, True))
    assert refused.code == "borrower-shares-nothing"
    assert made.run(1, Recommend(loan, False))["state"] == "asked"
    made.share(2)
    made.run(1, Recommend(loan, True))
    assert made.states(loan) == ["asked"] * 3


def test_the_holder_sees_for_itself_that_the_borrowers_circle_is_open() -> None:
    made = street(3, circle_2_exchanges=1, recommended_circles=0)
    thing = made.share(0)
    made.lend(1, 2, made.share(1))
    loan = made.ask(2, thing)
    made.run(1, Recommend(loan, True))
    core = made.core(0)
    for rating in core.of_kind(Kind.RATING):
        core.drop(rating)
    forget_book(core)

    refused = refusal(made, 0, AnswerLoan(loan, "yes"))
    assert refused.code == "borrower-circle-closed"
    assert refused.values["missing"] == 1


def test_a_request_for_a_circle_the_charter_keeps_shut_cannot_be_passed_on() -> None:
    made = street(3, circle_2_exchanges=1, recommended_circles=0)
    made.lend(1, 2, made.share(1))
    loan = made.ask(2, made.share(0))
    made.core(1).charter = replace(made.core(1).charter, circle_2_exchanges=0)

    assert refusal(made, 1, Recommend(loan, True)).code == "borrower-circle-shut"


def test_no_more_loans_are_agreed_to_than_the_calendar_holds(
    two: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = two.share(0)
    first, second = two.ask(1, thing, first=2), two.ask(1, thing, first=9)
    two.run(0, AnswerLoan(first, "yes"))
    monkeypatch.setattr("protocol.limits.BUSY_INTERVALS_MAX", 1)

    assert refusal(two, 0, AnswerLoan(second, "yes")).code == "calendar-full"


def test_a_text_cannot_be_sent_to_a_holder_whose_key_is_unknown_or_unfit(three: Street) -> None:
    thing = three.share(0)
    core = three.core(2)
    statement = core.current(three.id(0), STATEMENT_OBJECT)
    assert statement is not None
    assert isinstance(statement.body, StatementBody)
    start = (TODAY + 1) * DAY
    unfit = replace(statement, body=replace(statement.body, link_key=bytes(32)))
    core.registers.put(Stored(unfit, 0, None))
    assert refusal(three, 2, Ask(thing, start, start + DAY, "hi")).code == "no-key-of-holder"
    core.registers.remove(statement.key)
    assert refusal(three, 2, Ask(thing, start, start + DAY, "hi")).code == "no-key-of-holder"

    three.ask(2, thing)


def test_a_sealed_text_that_does_not_open_is_shown_as_nothing(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    body = book_of(two.core(0)).state_of(oid(loan))
    assert body is not None
    cancel = two.forge(1, CancelBody(body.loan, body.path, b"nonsense" * 8))
    two.core(0).keep(cancel, two.id(1))

    assert two.rows(0)[loan]["message"] == ""
    assert two.rows(0)[loan]["state"] == "withdrawn"


# --- refusals that need no other party -------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (3, 3, "end-before-start"),
        (3, 2, "end-before-start"),
        (-1, 2, "dates-past"),
        (400, 401, "dates-too-far"),
        (1, 100, "loan-too-long"),
    ],
)
def test_dates_nobody_can_mean_are_refused(two: Street, first: int, last: int, code: str) -> None:
    thing = two.share(0)
    start, end = (TODAY + first) * DAY, (TODAY + last) * DAY

    assert refusal(two, 1, Ask(thing, start, end)).code == code


def test_a_request_for_today_is_possible(two: Street) -> None:
    two.ask(1, two.share(0), first=0, days=1)


@pytest.mark.parametrize(
    ("text", "code"), [("15 € la nuit ?", "states-a-price"), ("é" * 3000, "text-too-long")]
)
def test_a_message_with_a_price_or_without_end_is_refused(
    two: Street, text: str, code: str
) -> None:
    """Rule R4."""
    thing = two.share(0)
    assert refusal(two, 1, Ask(thing, TODAY * DAY, (TODAY + 1) * DAY, text)).code == code
    loan = two.ask(1, thing)
    assert refusal(two, 0, AnswerLoan(loan, "no", message=text)).code == code
    assert refusal(two, 1, CancelLoan(loan, text)).code == code


def test_half_a_character_in_a_message_is_replaced(two: Street) -> None:
    loan = two.ask(1, two.share(0), text="ok \ud83d")

    assert two.rows(0)[loan]["message"] == "ok ?"


def test_one_asks_once_for_the_same_days_and_a_bounded_number_of_times() -> None:
    made = street(2, open_requests_max=2)
    thing = made.share(0)
    first = made.ask(1, thing, first=1)
    again = refusal(made, 1, Ask(thing, (TODAY + 1) * DAY, (TODAY + 2) * DAY))
    assert (again.code, again.values["loan"]) == ("asked-already", first)
    made.ask(1, thing, first=10)
    refused = refusal(made, 1, Ask(thing, (TODAY + 20) * DAY, (TODAY + 21) * DAY))
    assert (refused.code, refused.values) == ("too-many-requests", {"maximum": 2})

    made.run(1, CancelLoan(first))
    made.ask(1, thing, first=20)


def test_answers_that_fit_neither_role_nor_state_are_refused(two: Street) -> None:
    thing = two.share(0)
    loan = two.ask(1, thing)
    assert refusal(two, 0, AnswerLoan(loan, "maybe")).code == "not-an-answer"
    assert refusal(two, 1, AnswerLoan(loan, "yes")).code == "not-your-turn"
    assert refusal(two, 0, AnswerLoan(loan, "counter")).code == "dates-incomplete"
    assert refusal(two, 0, Recommend(loan, True)).code == "only-for-between"
    assert refusal(two, 0, HandOver(loan)).code == "not-in-this-state"
    assert refusal(two, 0, Rate(loan, 1, 5)).code == "not-returned"
    assert refusal(two, 0, HandOver("00" * 16)).code == "unknown-loan"

    two.run(0, CancelLoan(loan, "I need it myself"))
    assert two.states(loan) == ["declined", "declined"]
    assert refusal(two, 0, AnswerLoan(loan, "yes")).code == "loan-closed"
    assert refusal(two, 1, CancelLoan(loan)).code == "loan-closed"


def test_a_yes_after_the_dates_is_refused(two: Street) -> None:
    loan = two.ask(1, two.share(0), first=1, days=1)
    two.pass_time(3 * DAY_MS)

    assert refusal(two, 0, AnswerLoan(loan, "yes")).code == "dates-past"


def test_a_step_is_said_once_by_each_side(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(0, HandOver(loan))
    assert refusal(two, 0, HandOver(loan)).code == "said-already"
    assert two.run(1, HandOver(loan))["state"] == "handed_over", "the other side confirms"

    two.run(0, GiveBack(loan))
    assert refusal(two, 0, GiveBack(loan)).code == "said-already"
    assert two.run(1, GiveBack(loan))["state"] == "returned"


# --- time ------------------------------------------------------------------------------


def test_a_request_nobody_answers_expires(two: Street) -> None:
    loan = two.ask(1, two.share(0), first=60)
    two.pass_time(13 * DAY_MS)
    assert two.states(loan) == ["asked", "asked"]
    two.pass_time(2 * DAY_MS)

    assert two.states(loan) == ["expired", "expired"]
    assert refusal(two, 0, AnswerLoan(loan, "yes")).code == "loan-closed"
    assert two.rows(0, only_open=True) == {}


def test_a_loan_is_forgotten_with_its_notes_when_its_steps_have_ended(two: Street) -> None:
    loan = two.ask(1, two.share(0), text="hello")
    two.run(0, AnswerLoan(loan, "no", message="no"))
    two.pass_time(560 * DAY_MS)

    for number in (0, 1):
        assert two.rows(number) == {}
        notes = [key for space, key in two.stores[number] if space is Space.LOCAL]
        assert [key for key in notes if key.startswith(b"loan-")] == []


def test_a_rating_that_stands_alone_is_shown_when_the_window_is_over(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(0, HandOver(loan))
    two.run(0, GiveBack(loan))
    two.run(0, Rate(loan, 0, 3, Fault.LATE))
    two.pass_time(13 * DAY_MS)
    assert two.rows(1)[loan]["rated_by_other"] is None
    assert two.rows(1)[loan]["can"] == ["damaged", "rate"]
    two.pass_time(2 * DAY_MS)

    assert two.rows(1)[loan]["rated_by_other"] == {"confiance": 0, "respect": 3, "fault": "late"}
    assert refusal(two, 1, Rate(loan, 0, 0, Fault.LATE)).code == "rating-window-over"
    assert two.states(loan) == ["returned", "returned"]
    assert loans.judge(two.core(1), two.id(1)).exchanges == 1


def test_a_rating_whose_window_ended_while_the_node_was_off_is_shown_at_once(
    two: Street,
) -> None:
    loan = two.ask(1, two.share(0))
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(0, HandOver(loan))
    two.run(0, GiveBack(loan))
    two.run(0, Rate(loan, 1, 8))
    two.now_ms += 20 * DAY_MS
    two.restart(0)
    wakeup_ms = loans.next_wakeup_ms(two.core(0))
    assert wakeup_ms is not None
    assert wakeup_ms <= two.now_ms
    two.feed(0, Woke())

    assert two.rows(1)[loan]["rated_by_other"] == {"confiance": 1, "respect": 8, "fault": ""}
    wakeup_ms = loans.next_wakeup_ms(two.core(0))
    assert wakeup_ms is None or wakeup_ms > two.now_ms, "no busy loop"


def test_ratings_outside_their_scale_and_second_ratings_are_refused(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(0, HandOver(loan))
    two.run(1, GiveBack(loan))
    for confiance, respect in ((2, 5), (-1, 5), (1, 11), (1, -1)):
        assert refusal(two, 0, Rate(loan, confiance, respect)).code == "rating-out-of-range"
    two.run(0, Rate(loan, 1, 5))

    assert refusal(two, 0, Rate(loan, 0, 0, Fault.LATE)).code == "already-rated"
    assert two.rows(0)[loan]["rated"] == {"confiance": 1, "respect": 5, "fault": ""}


# --- restarts and crossings ------------------------------------------------------------


def test_a_restarted_node_goes_on_where_it_was(three: Street) -> None:
    loan = three.ask(2, three.share(0), text="hello")
    for number in range(3):
        three.restart(number)
    three.run(1, Recommend(loan, True))
    three.restart(1)
    three.run(0, AnswerLoan(loan, "yes"))
    three.restart(0)
    three.run(2, HandOver(loan))
    three.run(0, GiveBack(loan))
    three.run(0, Rate(loan, 1, 7))
    three.restart(0)
    three.run(2, Rate(loan, 1, 10))
    three.restart(2)

    assert three.states(loan) == ["rated"] * 3
    assert three.rows(0)[loan]["rated_by_other"] == {"confiance": 1, "respect": 10, "fault": ""}
    assert three.rows(2)[loan]["rated_by_other"] == {"confiance": 1, "respect": 7, "fault": ""}
    assert three.rows(2)[loan]["messages"] == [
        {"by": three.id(2).hex(), "by_name": three.name(2), "step": "request", "text": "hello"}
    ]


def test_a_yes_that_crosses_a_cancellation_ends_cancelled_on_both_sides(two: Street) -> None:
    thing = two.share(0)
    loan = two.ask(1, thing)
    two.cut(0, 1)
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(1, CancelLoan(loan))
    assert two.states(loan) == ["agreed", "withdrawn"]
    two.connect(0, 1)

    assert two.states(loan) == ["cancelled", "cancelled"]
    assert two.listing(1, thing).busy == ()


def test_a_request_for_a_thing_withdrawn_meanwhile_is_declined_at_once(two: Street) -> None:
    thing = two.share(0)
    two.cut(0, 1)
    two.run(0, WithdrawThing(thing))
    loan = two.ask(1, thing)
    two.connect(0, 1)

    assert two.states(loan) == ["declined", "declined"]
    assert two.rows(1)[loan]["title"] == "guitare", "it was remembered while it was there"


def test_a_request_for_a_thing_narrowed_meanwhile_is_declined_at_once(three: Street) -> None:
    thing = three.share(0)
    three.cut(1, 2)
    three.run(0, SetThing(thing, circles=1))
    loan = three.ask(2, thing)
    three.connect(1, 2)
    three.run(1, Recommend(loan, True))

    assert three.states(loan) == ["declined"] * 3


# --- what a peer cannot do -------------------------------------------------------------


def rejected(made: Street, number: int, record: Record, sender: int) -> type[RemoteProtocolError]:
    with pytest.raises(RemoteProtocolError) as caught:
        loans.check(made.core(number), record, made.id(sender))
    return type(caught.value)


def copy_of(record: Record, **changes: object) -> LoanBody:
    body = record.body
    assert isinstance(body, LoanBody)
    return replace(body, **changes)  # type: ignore[arg-type]


def test_steps_by_people_whose_part_it_is_not_are_refused(three: Street) -> None:
    loan = three.ask(2, three.share(0))
    path = three.step(1, Kind.REQUEST)
    body = path.body
    assert isinstance(body, RequestBody)
    place = (body.loan, body.path)

    by_between = three.forge(1, HandoverBody(*place))
    assert rejected(three, 0, by_between, 1) is NotYours
    stranger = three.forge(0, replace(body, path=(three.id(2), three.id(1))))
    assert rejected(three, 1, stranger, 2) is NotYours
    wrong_register = three.forge(2, HandoverBody(*place), ObjectId(bytes(16)))
    assert rejected(three, 1, wrong_register, 2) is NotYours
    assert three.states(loan) == [None, "asked", "asked"]


def test_steps_that_come_from_beside_the_path_are_refused(three: Street) -> None:
    three.ask(2, three.share(0))
    request = three.step(1, Kind.REQUEST)
    core = three.core(0)

    with pytest.raises(OutOfReach):
        loans.check(core, request, three.id(2))
    elsewhere = three.forge(2, copy_of(request, path=(three.id(2), three.id(1))))
    with pytest.raises(OutOfReach):
        loans.check(core, elsewhere, three.id(1))


def test_a_path_longer_than_the_circles_is_refused() -> None:
    made = street(4, max_circles=2, circle_2_exchanges=1)
    made.lend(1, 2, made.share(1, circles=2))
    made.ask(2, made.share(0, circles=2))
    request = made.step(1, Kind.REQUEST)
    long = made.forge(3, copy_of(request, path=tuple(made.id(n) for n in (3, 2, 1, 0))))

    assert rejected(made, 1, long, 2) is OutOfReach


def test_a_request_whose_terms_the_borrower_did_not_sign_is_refused(two: Street) -> None:
    two.ask(1, two.share(0))
    request = two.step(0, Kind.REQUEST)
    forged = two.forge(1, copy_of(request, loan=ObjectId(b"x" * 16)))

    assert rejected(two, 0, forged, 1) is BadSignature


def test_a_second_version_of_a_step_and_a_second_path_of_a_loan_are_refused(
    three: Street,
) -> None:
    three.ask(2, three.share(0))
    request = three.step(1, Kind.REQUEST)
    assert rejected(three, 1, three.forge(2, copy_of(request)), 2) is Replayed

    other = (three.id(0), three.id(1), three.id(2))
    by_other = three.forge(0, CancelBody(copy_of(request).loan, other, b""))
    assert rejected(three, 1, by_other, 0) is InvalidState


def test_rounds_leases_and_open_requests_are_bounded(two: Street) -> None:
    two.ask(1, two.share(0))
    request = two.step(0, Kind.REQUEST)
    endless = two.forge(1, copy_of(request, round=ROUNDS_MAX))
    assert rejected(two, 0, endless, 1) is QuotaExceeded

    forever = replace(two.forge(1, copy_of(request)), not_after_ms=two.now_ms + 9999 * DAY_MS)
    assert rejected(two, 0, forever, 1) is InvalidState
    # The clock of who answers may be behind that of who asked: their steps end together.
    behind_ms = two.now_ms + two.core(0).charter.steps_lease_ms + 240_000
    body = copy_of(request, loan=ObjectId(b"b" * 16))
    assert isinstance(body, RequestBody)
    behind = replace(two.forge(1, signed_again(two, body)), not_after_ms=behind_ms)
    loans.check(two.core(0), behind, two.id(1))
    fleeting = replace(two.forge(1, copy_of(request)), not_after_ms=two.now_ms + DAY_MS)
    assert rejected(two, 0, fleeting, 1) is InvalidState

    for number in range(20):
        two.feed(0, Woke())
        core = two.core(0)
        loan = ObjectId(number.to_bytes(16, "big"))
        body = copy_of(request, loan=loan)
        assert isinstance(body, RequestBody)
        record = two.forge(1, signed_again(two, body))
        try:
            loans.check(core, record, two.id(1))
        except QuotaExceeded:
            break
        core.keep(record, two.id(1))
    assert len(two.rows(0)) == 10, "twice what the charter allows a borrower"


def signed_again(made: Street, body: RequestBody) -> RequestBody:
    draft = made.forge(1, body)
    signature = made.core(1).config.signer.sign(terms_of(draft, body).digest())
    return replace(body, borrower_signature=signature)


def test_steps_of_loans_never_seen_are_bounded_by_the_friend_they_come_from(two: Street) -> None:
    path = (two.id(1), two.id(0))
    core = two.core(0)
    for number in range(loans.WAITING_PER_FRIEND_MAX):
        body = CancelBody(ObjectId(number.to_bytes(16, "big")), path, b"")
        record = two.forge(1, body)
        loans.check(core, record, two.id(1))
        book_of(core).note(record)

    last = two.forge(1, CancelBody(ObjectId(b"z" * 16), path, b""))
    assert rejected(two, 0, last, 1) is QuotaExceeded
    assert loans.loans_view(core) == []


def test_who_got_their_rating_back_without_the_promise_cannot_rate_again(two: Street) -> None:
    """A machine was lost: friends gave back the rating, and nobody the step before it."""
    loan = two.lend(0, 1, two.share(0))
    own = next(r for r in two.core(1).of_kind(Kind.COMMITMENT) if r.author == two.id(1))
    two.cut(0, 1)
    for key, value in list(two.stores[1].items()):
        if key[0] is Space.RECORD and isinstance(value, list | tuple) and own.envelope in value:
            del two.stores[1][key]
    two.edges.clear()
    two.restart(1)

    assert two.rows(1)[loan]["state"] == "returned"
    assert refusal(two, 1, Rate(loan, 0, 0, Fault.LATE)).code == "already-rated"
    assert two.rows(1)[loan]["rated"] == {"confiance": 1, "respect": 9, "fault": ""}


def test_a_rating_needs_a_contract_of_both_and_must_be_the_one_committed_to(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    two.run(0, AnswerLoan(loan, "yes"))
    two.run(0, HandOver(loan))
    two.run(1, GiveBack(loan))
    two.run(1, Rate(loan, 1, 9))
    state = book_of(two.core(0)).state_of(oid(loan))
    assert state is not None
    [contract] = state.contracts
    good = RatingBody(
        contract.terms,
        contract.borrower_signature,
        contract.holder_signature,
        0,
        0,
        bytes(16),
    )
    assert rejected(two, 0, two.forge(1, good), 1) is InvalidState
    unsigned = replace(good, holder_signature=good.borrower_signature)
    assert rejected(two, 0, two.forge(1, unsigned), 1) is BadSignature
    by_other_terms = replace(good, terms=replace(good.terms, borrower=two.id(0)))
    assert rejected(two, 0, two.forge(1, by_other_terms), 1) is NotYours
    elsewhere = two.forge(1, good, register_object(Kind.RATING, b"else"))
    assert rejected(two, 0, elsewhere, 1) is NotYours
    long = replace(two.forge(0, good), not_after_ms=two.now_ms + 9999 * DAY_MS)
    assert rejected(two, 1, long, 0) is InvalidState

    two.run(0, Rate(loan, 1, 4))
    again = two.forge(0, replace(good, respect=1))
    assert rejected(two, 1, again, 0) is Replayed


def test_a_step_passes_only_to_the_neighbour_away_from_its_author(three: Street) -> None:
    three.ask(2, three.share(0))
    request, core = three.step(1, Kind.REQUEST), three.core(1)
    assert not loan_path.may_pass(core, request, three.id(2)), "it came from there"
    assert not loan_path.may_pass(core, request, three.id(0)), "not passed on yet"
    assert not loan_path.may_pass(three.core(2), request, three.id(0)), "not a neighbour"
    assert loan_path.may_pass(three.core(2), request, three.id(1))

    body = copy_of(request)
    place = (body.loan, body.path)
    from_holder = three.forge(0, CommitmentBody(*place, bytes(32)))
    assert loan_path.may_pass(core, from_holder, three.id(2))
    assert not loan_path.may_pass(core, from_holder, three.id(0))
    own = three.forge(1, PassBody(*place, 0, True))
    assert loan_path.may_pass(core, own, three.id(0))
    assert loan_path.may_pass(core, own, three.id(2))


def test_nothing_is_due_for_a_rating_that_was_never_given(two: Street) -> None:
    loan = two.ask(1, two.share(0))
    state = book_of(two.core(0)).state_of(oid(loan))
    assert state is not None

    assert ratings.due_ms(two.core(0), state) is None
    assert ratings.rated_by_me(two.core(0), state) is None
