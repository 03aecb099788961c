"""Ledgers: what was handed over is written down, and who is asked hears of it (§11.8, §12.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.engine import loans
from node.engine.commands import (
    AnswerLoan,
    CancelLoan,
    GiveBack,
    HandOver,
    MoveEnd,
    Rate,
    Recommend,
    Repaired,
    ShowFriendship,
)
from node.engine.events import Effect, MessageReceived, Reject
from node.trust.ledger import Account
from protocol.bodies import EntryBody, Fault, Kind, register_object
from protocol.keys import ObjectId
from protocol.messages import Records, encode_message
from protocol.records import Record
from simulations.street import DAY, DAY_MS, TODAY, Street, street


@pytest.fixture
def three() -> Iterator[Street]:
    """Holder 0, go-between 1, borrower 2, to whom circle 2 is open."""
    made = street(3, circle_2_exchanges=1)
    made.lend(1, 2, made.share(1))
    yield made
    assert made.rejects == []


def lent(made: Street, holder: int = 0, borrower: int = 2, days: int = 2) -> str:
    loan = made.ask(borrower, made.share(holder), days=days)
    if abs(holder - borrower) == 2:
        made.run(1, Recommend(loan, True))
    made.run(holder, AnswerLoan(loan, "yes"))
    made.run(holder, HandOver(loan))
    return loan


def entry(made: Street, number: int, author: int, loan: str) -> EntryBody | None:
    """What ``number`` holds of an entry."""
    core = made.core(number)
    object_id = register_object(Kind.ENTRY, bytes.fromhex(loan))
    record = core.current(made.id(author), object_id)
    if record is None:
        return None
    assert isinstance(record.body, EntryBody)
    return record.body


def account(made: Street, viewer: int, member: int = 2) -> Account:
    return loans.judge(made.core(viewer), made.id(member)).account


class TestWriting:
    """By themselves, once the thing has been handed over."""

    def test_both_write_it_when_it_is_handed_over_and_everybody_near_holds_it(
        self, three: Street
    ) -> None:
        loan = three.ask(2, three.share(0))
        three.run(1, Recommend(loan, True))
        three.run(0, AnswerLoan(loan, "yes"))
        assert entry(three, 2, 2, loan) is None, "it may still be cancelled"
        three.run(0, HandOver(loan))

        for viewer in range(3):
            own, witness = entry(three, viewer, 2, loan), entry(three, viewer, 0, loan)
            assert own is not None
            assert witness is not None
            assert (own.number, own.first, len(own.previous)) == (2, 1, 32)
            assert (witness.number, witness.first, witness.previous) == (0, 0, b"")
            assert own.due_day == witness.due_day == TODAY + 3
            assert own.particulars == witness.particulars
            assert account(three, viewer) == Account(good=1, under_way=1)

    def test_what_was_cancelled_is_in_no_ledger(self, three: Street) -> None:
        loan = three.ask(2, three.share(0))
        three.run(1, Recommend(loan, True))
        three.run(0, AnswerLoan(loan, "yes"))
        three.run(2, CancelLoan(loan))
        three.pass_time(40 * DAY_MS)

        assert [entry(three, n, n, loan) for n in (0, 2)] == [None, None]
        assert account(three, 1) == Account(good=1)

    def test_each_follows_the_one_before(self, three: Street) -> None:
        first, second = lent(three, 1), lent(three, 1)

        one, other = entry(three, 0, 2, first), entry(three, 0, 2, second)
        assert one is not None
        assert other is not None
        assert (one.number, other.number) == (2, 3)
        assert other.previous == one.link()

    def test_longer_dates_are_written_anew_in_the_same_place(self, three: Street) -> None:
        loan = lent(three)
        three.run(2, MoveEnd(loan, (TODAY + 10) * DAY))
        three.run(0, AnswerLoan(loan, "yes"))

        for author in (0, 2):
            found = entry(three, 1, author, loan)
            assert found is not None
            assert found.due_day == TODAY + 10
            assert found.number == (2 if author == 2 else 0)

    def test_between_discreet_friends_nothing_is_written(self) -> None:
        made = street(3)
        made.run(1, ShowFriendship(made.id(0).hex(), False))
        loan = lent(made, holder=0, borrower=1)

        assert [entry(made, n, author, loan) for n in range(3) for author in (0, 1)] == [None] * 6

    def test_a_restart_writes_nothing_twice(self, three: Street) -> None:
        loan = lent(three)
        held = [len(three.core(n).of_kind(Kind.ENTRY)) for n in range(3)]
        before = entry(three, 2, 2, loan)
        for number in range(3):
            three.restart(number)
        three.settle()

        assert [len(three.core(n).of_kind(Kind.ENTRY)) for n in range(3)] == held
        assert entry(three, 2, 2, loan) == before
        later = entry(three, 0, 2, lent(three, 1))
        assert later is not None
        assert later.number == 3


class TestAccount:
    """What the next one is told."""

    def test_who_says_nothing_is_told_of_after_two_weeks(self, three: Street) -> None:
        loan = lent(three)
        three.pass_time(17 * DAY_MS)
        assert account(three, 1) == Account(good=1, under_way=1)
        three.pass_time(DAY_MS)
        assert account(three, 1) == Account(good=1, without_answer=1)

        three.run(0, GiveBack(loan))
        three.run(0, Rate(loan, 0, 1, Fault.LATE))
        three.run(2, Rate(loan, 1, 5))
        assert account(three, 1) == Account(good=1, bad=1)
        three.run(0, Repaired(loan))
        assert account(three, 1) == Account(good=1, repaired=1)

    def test_it_stands_with_the_request(self, three: Street) -> None:
        lent(three)
        asked = three.ask(2, three.share(1), first=5)

        row = three.rows(1)[asked]
        assert row["account"] == {
            "good": 1,
            "bad": 0,
            "repaired": 0,
            "under_way": 1,
            "without_answer": 0,
            "missing": 0,
            "is_forked": False,
        }

    def test_two_ledgers_close_the_circles(self, three: Street) -> None:
        loan = lent(three)
        own = entry(three, 2, 2, loan)
        assert own is not None
        assert loans.judge(three.core(1), three.id(2)).circles_open == 2

        second = lent(three, 1)
        forged = entry(three, 2, 2, second)
        assert forged is not None
        third = lent(three, 1)
        other = entry(three, 2, 2, third)
        assert other is not None
        # What node 2 would say if it gave its third loan the number of the second; somebody
        # who does not hold the true one takes it.
        give(three, three.forge(2, replace(other, number=3, previous=own.link())), fresh=third)

        assert account(three, 1).is_forked
        judged = loans.judge(three.core(1), three.id(2))
        assert (judged.confiance, judged.circles_open) == (0, 1)
        three.rejects.clear()  # the true one came back, and is refused now


def give(made: Street, record: Record, *, fresh: str | None = None) -> list[Effect]:
    """Bring a record of member 2 to member 1 over their link.

    Args:
        fresh: a loan whose true entry member 1 forgets before.
    """
    if fresh is not None:
        core = made.core(1)
        held = core.current(made.id(2), register_object(Kind.ENTRY, bytes.fromhex(fresh)))
        assert held is not None
        core.drop(held)
    link = next(
        end_link for (member, end_link), (peer, _) in made.ends.items() if (member, peer) == (1, 2)
    )
    return made.feed(1, MessageReceived(link, encode_message(Records((record.envelope,)))))


class TestRefusals:
    """The attacks: what is no entry, and what may not change."""

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"number": 3}, "replayed"),
            ({"previous": bytes(32)}, "replayed"),
            ({"first": 2}, "replayed"),
            ({"number": 0, "previous": b"", "first": 0}, "invalid-state"),
            ({"first": 0}, "invalid-state"),
            ({"due_day": TODAY + 300}, "bad-signature"),
            ({"particulars": bytes(32)}, "bad-signature"),
            ({"loan": ObjectId(bytes(16))}, "bad-signature"),
        ],
    )
    def test_what_was_said_stays_and_what_was_not_signed_does_not_count(
        self, changes: dict[str, object], code: str
    ) -> None:
        made = street(3, circle_2_exchanges=1)
        made.lend(1, 2, made.share(1))
        own = entry(made, 2, 2, lent(made))
        assert own is not None
        forged = made.forge(2, replace(own, **changes))  # type: ignore[arg-type]

        rejected = [e.code for e in give(made, forged) if isinstance(e, Reject)]

        assert rejected == [code]

    def test_somebody_else_s_word_and_one_for_longer_than_the_charter_says(self) -> None:
        made = street(3, circle_2_exchanges=1, rating_lease_ms=300 * DAY_MS)
        made.lend(1, 2, made.share(1))
        own = entry(made, 2, 2, lent(made))
        assert own is not None

        by_go_between = made.forge(1, own)
        wrong_place = made.forge(2, own, ObjectId(bytes(16)))
        for_ever = made.forge(2, own)

        codes = [
            [e.code for e in give(made, record) if isinstance(e, Reject)]
            for record in (by_go_between, wrong_place, for_ever)
        ]
        assert codes == [["not-yours"], ["not-yours"], ["invalid-state"]]
