"""What was rude or unsafe goes first to a mediator, and to nobody else.

Spec: §5.9, §11.5, design 8.8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from node.engine import mediations, sharing
from node.engine.commands import AnswerLoan, Command, GiveBack, HandOver, Mediate, Rate
from node.engine.loans import judge
from protocol.bodies import Fault, Kind, MediationBody, SettlementBody, register_object
from protocol.errors import Refused
from simulations.street import DAY_MS, Row, Street, oid, street

TEXT = "He shouted at me."


@pytest.fixture
def ring() -> Street:
    """0 and 2 are friends and lend to each other; 1 is a friend of both, 3 of 2 alone."""
    town = street(5, edges=[(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)], circle_2_exchanges=1)
    for number in range(4):
        town.share(number)
    return town


def refusal(town: Street, number: int, command: Command) -> str:
    with pytest.raises(Refused) as refused:
        town.run(number, command)
    return refused.value.code


def returned(town: Street) -> str:
    loan = town.ask(2, town.share(0))
    town.run(0, AnswerLoan(loan, "yes"))
    town.run(0, HandOver(loan))
    town.run(2, GiveBack(loan))
    return loan


def unsafe(town: Street, loan: str) -> Rate:
    mediator = town.id(1).hex()
    return Rate(loan, 0, 1, Fault.UNSAFE, mediator=mediator, message=TEXT)


def rated(town: Street, viewer: int) -> tuple[int, int]:
    """How many loans of 2 went wrong, and were made good, as somebody sees it."""
    account = judge(town.core(viewer), town.id(2)).account
    return account.bad, account.repaired


class TestWaiting:
    def test_the_mediator_reads_it_and_nobody_is_told(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(2, Rate(loan, 1, 9))
        ring.pass_time(DAY_MS)

        (row,) = cast(list[Row], mediations.view(ring.core(1)))
        assert (row["by_name"], row["about_name"], row["settled"]) == (
            ring.name(0), ring.name(2), None,
        )  # fmt: skip
        assert row["text"] == f"unsafe\n{TEXT}"
        assert [(0, 0)] * 3 == [rated(ring, viewer) for viewer in (1, 2, 3)]
        for other in (2, 3, 4):
            assert [] == ring.core(other).of_kind(Kind.MEDIATION)
        assert ring.rows(2)[loan]["mediation"] is None
        assert cast(Row, ring.rows(0)[loan]["mediation"])["name"] == ring.name(1)

    def test_settled_it_is_told_as_made_good(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(2, Rate(loan, 1, 9))
        ring.run(1, Mediate(loan[:8], settled=True))

        assert [(0, 1)] * 3 == [rated(ring, viewer) for viewer in (0, 2, 3)]

    def test_who_settled_something_shares_as_far_as_the_two_know_who_heard_of_it(
        self, ring: Street
    ) -> None:
        """Spec 12.5; nobody else is to hear that there was anything to settle."""
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        before = [sharing.until_ms(ring.core(viewer), ring.id(1)) or 0 for viewer in range(3)]
        ring.pass_time(20 * DAY_MS)
        ring.run(1, Mediate(loan, settled=True))
        year_later = ring.now_ms // DAY_MS * DAY_MS + ring.core(1).charter.sharing_window_ms
        for number in range(3):
            ring.restart(number)
        after = [sharing.until_ms(ring.core(viewer), ring.id(1)) for viewer in range(3)]

        assert after == [year_later, year_later, before[2]]

    def test_let_stand_it_is_no_share_and_neither_is_a_word_nobody_asked_for(
        self, ring: Street
    ) -> None:
        loan = returned(ring)
        before = sharing.until_ms(ring.core(0), ring.id(2))
        unasked = SettlementBody(oid(loan), ring.id(0), settled=True)
        sharing.note_settled(ring.core(0), ring.forge(2, unasked, oid(loan)))
        assert sharing.until_ms(ring.core(0), ring.id(2)) == before
        ring.run(0, unsafe(ring, loan))
        before = sharing.until_ms(ring.core(0), ring.id(1))
        ring.pass_time(20 * DAY_MS)
        ring.run(1, Mediate(loan, settled=False))

        assert sharing.until_ms(ring.core(0), ring.id(1)) == before

    def test_let_stand_it_is_told_as_it_was(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(2, Rate(loan, 1, 9))
        ring.run(1, Mediate(loan, settled=False))

        assert [(1, 0)] * 3 == [rated(ring, viewer) for viewer in (0, 2, 3)]
        assert refusal(ring, 1, Mediate(loan, settled=True)) == "mediated-already"

    def test_a_mediator_who_says_nothing_lets_it_stand_in_time(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(2, Rate(loan, 1, 9))
        ring.pass_time(14 * DAY_MS - 1000)
        assert rated(ring, 3) == (0, 0)
        ring.pass_time(2000)

        assert rated(ring, 3) == (1, 0)

    def test_a_word_before_the_other_has_rated_waits_for_them(self, ring: Street) -> None:
        """Blind ratings stay blind."""
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(1, Mediate(loan, settled=True))
        assert rated(ring, 3) == (0, 0)
        ring.run(2, Rate(loan, 1, 9))

        assert rated(ring, 3) == (0, 1)

    def test_a_power_cut_forgets_nothing(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(2, Rate(loan, 1, 9))
        for number in range(3):
            ring.restart(number)
        assert rated(ring, 3) == (0, 0)
        ring.run(1, Mediate(loan, settled=True))

        assert rated(ring, 3) == (0, 1)


class TestChoosing:
    def test_friends_of_both_and_sponsors_can_others_cannot(self, ring: Street) -> None:
        loan = returned(ring)
        names = [each["name"] for each in cast(list[Row], ring.rows(0)[loan]["mediators"])]
        assert names == [ring.name(1)]
        assert refusal(ring, 0, Rate(loan, 0, 1, Fault.RUDE)) == "mediator-needed"
        wrong = Rate(loan, 0, 1, Fault.RUDE, mediator=ring.id(2).hex())
        assert refusal(ring, 0, wrong) == "not-a-mediator"
        # 2 may turn to 1, who is a friend of both; 3 knows only 2.
        names = [each["name"] for each in cast(list[Row], ring.rows(2)[loan]["mediators"])]
        assert names == [ring.name(1)]

    def test_what_was_late_or_damaged_needs_none(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, Rate(loan, 0, 1, Fault.LATE))
        ring.run(2, Rate(loan, 1, 9))

        assert rated(ring, 3) == (1, 0)

    def test_who_has_nobody_to_turn_to_is_not_kept_from_speaking(self) -> None:
        town = street(2)
        for number in range(2):
            town.share(number)
        loan = town.ask(1, town.share(0))
        town.run(0, AnswerLoan(loan, "yes"))
        town.run(0, HandOver(loan))
        town.run(1, GiveBack(loan))
        town.run(0, Rate(loan, 0, 1, Fault.UNSAFE))
        town.run(1, Rate(loan, 1, 9))

        assert judge(town.core(1), town.id(1)).account.bad == 1

    def test_a_house_may_want_no_mediators(self) -> None:
        town = street(3, edges=[(0, 1), (1, 2), (0, 2)], mediation_ms=0)
        for number in range(3):
            town.share(number)
        loan = returned(town)
        town.run(0, Rate(loan, 0, 1, Fault.RUDE))

        assert town.rows(0)[loan]["mediation"] is None

    def test_only_who_was_asked_mediates(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))

        for number in (0, 2, 3):
            assert refusal(ring, number, Mediate(loan, settled=True)) == "nothing-to-mediate"
        assert refusal(ring, 1, Mediate(loan[:7], settled=True)) == "nothing-to-mediate"


class TestLies:
    def keep(self, town: Street, author: int, body: MediationBody | SettlementBody) -> None:
        name = (
            register_object(body.kind, body.terms.loan)
            if isinstance(body, MediationBody)
            else register_object(body.kind, body.loan, body.rater)
        )
        core = town.core(author)
        core.begin(town.now_ms)
        core.publish(body, name, 30 * DAY_MS)
        town.reconnect()

    def test_somebody_else_settles_nothing(self, ring: Street) -> None:
        """2 says, by a program that follows no rules, that its own misdeed is settled."""
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        ring.run(2, Rate(loan, 1, 9))
        self.keep(ring, 2, SettlementBody(oid(loan), ring.id(0), True))

        assert rated(ring, 3) == (0, 0)
        assert mediations.is_settled(ring.core(0), oid(loan)) is False

    def test_a_complaint_without_a_loan_is_refused(self, ring: Street) -> None:
        loan = returned(ring)
        ring.run(0, unsafe(ring, loan))
        held = ring.core(0).current(ring.id(0), register_object(Kind.MEDIATION, oid(loan)))
        assert held is not None
        said = held.body
        assert isinstance(said, MediationBody)
        terms = replace(said.terms, loan=oid("ab" * 16))
        self.keep(ring, 0, replace(said, terms=terms))
        by_nobody = replace(said, mediator=ring.id(2))
        self.keep(ring, 3, by_nobody)

        assert ["bad-signature", "not-yours"] == [reject.code for reject in ring.rejects]
        assert len(mediations.view(ring.core(1))) == 1
        assert mediations.view(ring.core(2)) == []
