"""What a rating of 0 must name, one reply to a rating, and taking a rating back.

Spec: §5.9, §11.5.
"""

from __future__ import annotations

from typing import cast

import pytest

from node.engine.after_rating import failures_of
from node.engine.commands import (
    AnswerLoan,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    ReplyTo,
    TakeBack,
)
from node.engine.loans import judge
from node.wording.fault_words import failure_sentences
from protocol.bodies import Fault, Kind, ReplyBody, register_object
from protocol.errors import Refused
from simulations.street import Row, Street, oid, street


@pytest.fixture
def three() -> Street:
    """2 borrows of 1, who is a friend of 0 too."""
    town = street(3, circle_2_exchanges=1, failed_exchange_cost=0, reliability_min_percent=0)
    for number in range(3):
        town.share(number)
    return town


def refusal(town: Street, number: int, command: Command) -> str:
    with pytest.raises(Refused) as refused:
        town.run(number, command)
    return refused.value.code


def gone_wrong(town: Street, fault: Fault = Fault.DAMAGED) -> str:
    """A loan of 1 to 2 that 1 rates 0 and 2 rates 1."""
    loan = returned(town)
    town.run(1, Rate(loan, 0, 2, fault))
    town.run(2, Rate(loan, 1, 8))
    return loan


def returned(town: Street) -> str:
    loan = town.ask(2, town.share(1))
    town.run(1, AnswerLoan(loan, "yes"))
    town.run(1, HandOver(loan))
    town.run(2, GiveBack(loan))
    return loan


def failures(town: Street, viewer: int) -> list[Row]:
    return cast(list[Row], failures_of(town.core(viewer), town.id(2)))


class TestFault:
    def test_a_0_names_one_and_a_1_none(self, three: Street) -> None:
        loan = returned(three)

        assert refusal(three, 1, Rate(loan, 0, 2)) == "fault-missing"
        assert refusal(three, 1, Rate(loan, 1, 2, Fault.LATE)) == "fault-of-good"

    def test_it_is_shown_to_those_who_see_the_rating(self, three: Street) -> None:
        loan = gone_wrong(three)

        assert three.rows(2)[loan]["rated_by_other"] == {
            "confiance": 0, "respect": 2, "fault": "damaged",
        }  # fmt: skip
        assert [row["fault"] for row in failures(three, 0)] == ["damaged"]

    def test_it_outlives_a_power_cut_between_promise_and_rating(self, three: Street) -> None:
        loan = returned(three)
        three.run(1, Rate(loan, 0, 2, Fault.LATE))
        three.restart(1)
        three.run(2, Rate(loan, 1, 8))

        assert [row["fault"] for row in failures(three, 0)] == ["late"]


class TestReply:
    def test_it_travels_with_the_rating_to_whoever_is_asked(self, three: Street) -> None:
        loan = gone_wrong(three)
        three.run(2, ReplyTo(loan, "  It was broken before.  "))

        assert failure_sentences(failures(three, 0), "Member 2", lambda text: text) == [
            "Member 1 says that it did not go as agreed: it was damaged. "
            "Member 2 replies: “It was broken before.”"
        ]
        assert three.rows(1)[loan]["reply_of_other"] == "It was broken before."
        asked = three.ask(2, three.share(1), first=9)
        assert [row["reply"] for row in cast(list[Row], three.rows(1)[asked]["failures"])] == [
            "It was broken before."
        ]
        assert three.rows(2)[asked]["failures"] == []

    def test_there_is_one_and_only_by_who_was_rated_after_the_rating(self, three: Street) -> None:
        loan = returned(three)
        assert refusal(three, 2, ReplyTo(loan, "early")) == "nothing-to-reply-to"
        three.run(1, Rate(loan, 0, 2, Fault.LATE))
        three.run(2, Rate(loan, 1, 8))
        three.run(2, ReplyTo(loan, "The train."))

        assert refusal(three, 2, ReplyTo(loan, "And the rain.")) == "said-already"
        assert "reply" not in cast(list[str], three.rows(2)[loan]["can"])

    def test_it_is_short_and_states_no_price(self, three: Street) -> None:
        loan = gone_wrong(three)

        assert refusal(three, 2, ReplyTo(loan, "  ")) == "reply-missing"
        assert refusal(three, 2, ReplyTo(loan, "é" * 201)) == "text-too-long"
        assert refusal(three, 2, ReplyTo(loan, "I paid 20 €")) == "states-a-price"

    def test_a_second_one_from_a_program_that_follows_no_rules_is_refused(
        self, three: Street
    ) -> None:
        loan = gone_wrong(three)
        three.run(2, ReplyTo(loan, "The train."))
        held = three.core(2).current(three.id(2), register_object(Kind.REPLY, oid(loan)))
        assert held is not None
        said = held.body
        assert isinstance(said, ReplyBody)
        other = ReplyBody(said.terms, said.borrower_signature, said.holder_signature, "No: rain.")
        core = three.core(2)
        core.begin(three.now_ms)
        core.keep(three.forge(2, other), None)
        three.reconnect()

        assert "replayed" in [reject.code for reject in three.rejects]
        assert three.rows(1)[loan]["reply_of_other"] == "The train."

    def test_it_ends_with_the_rating(self, three: Street) -> None:
        loan = gone_wrong(three)
        three.pass_time(1000)
        three.run(2, ReplyTo(loan, "The train."))
        rated = three.step(2, Kind.RATING)
        core = three.core(2)
        rated = next(r for r in core.of_kind(Kind.RATING) if r.author == three.id(1))

        assert three.step(2, Kind.REPLY).not_after_ms == rated.not_after_ms


class TestTakingBack:
    def test_it_counts_as_never_said_everywhere(self, three: Street) -> None:
        loan = gone_wrong(three)
        before = [judge(three.core(n), three.id(2)).account.bad for n in range(3)]
        three.run(1, TakeBack(loan))

        assert before == [1, 1, 1]
        for number in range(3):
            judged = judge(three.core(number), three.id(2))
            assert (judged.account.bad, judged.account.without_answer) == (0, 0)
            assert judged.account.under_way == 0
        assert three.rows(2)[loan]["taken_back_by_other"] is True
        assert failures(three, 0) == []

    def test_only_its_author_can_and_once(self, three: Street) -> None:
        loan = returned(three)
        assert refusal(three, 1, TakeBack(loan)) == "nothing-to-take-back"
        three.run(1, Rate(loan, 0, 2, Fault.LATE))
        assert refusal(three, 1, TakeBack(loan)) == "nothing-to-take-back", "not shown yet"
        three.run(2, Rate(loan, 1, 8))
        three.run(1, TakeBack(loan))

        assert refusal(three, 1, TakeBack(loan)) == "nothing-to-take-back"
        assert refusal(three, 1, Rate(loan, 1, 9)) == "already-rated"
        assert refusal(three, 2, ReplyTo(loan, "So?")) == "nothing-to-reply-to"

    def test_a_unit_it_burnt_is_free_again(self, three: Street) -> None:
        three.lend(1, 2, three.share(1))
        loan = three.ask(2, three.share(0), first=9)
        three.run(1, Recommend(loan, True))
        three.run(0, AnswerLoan(loan, "yes"))
        three.run(0, HandOver(loan))
        three.run(2, GiveBack(loan))
        three.run(0, Rate(loan, 0, 1, Fault.DAMAGED))
        three.run(2, Rate(loan, 1, 8))
        three.pass_time(15 * 24 * 3600 * 1000)
        other = three.ask(2, three.share(0), first=30)
        three.run(1, Recommend(other, True))
        assert refusal(three, 0, AnswerLoan(other, "yes")) == "capacity-engaged"
        three.run(0, TakeBack(loan))
        three.run(0, AnswerLoan(other, "yes"))

        assert three.rows(2)[other]["state"] == "agreed"
