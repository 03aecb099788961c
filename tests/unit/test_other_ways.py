"""A request that nobody passes on goes another way, by itself, and never twice at once.

Spec: §11.3.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from node.engine import edges, other_ways
from node.engine.commands import AnswerLoan, Ask, CancelLoan, Command, Recommend
from node.engine.events import Woke
from node.engine.loan_book import book_of
from protocol.errors import Refused
from protocol.exchange import LoanState, State
from protocol.exchange_table import WAITING
from simulations.street import DAY, DAY_MS, TODAY, Row, Street, oid, street

SPAN = ((TODAY + 90) * DAY, (TODAY + 92) * DAY)
REST = ("back", "power", "lose")
LATER_MS = 4 * DAY_MS + 1000
DIAMOND = [(0, 1), (0, 2), (1, 3), (2, 3)]
"""Holder 0; 3 reaches it by 1 or by 2."""


def town(edges: list[tuple[int, int]] | None = None, **rules: int) -> tuple[Street, str]:
    """A street where circle 2 is open to everybody, and a thing of 0."""
    edges = edges or DIAMOND
    members = 1 + max(max(edge) for edge in edges)
    made = street(
        members, edges=edges, circle_2_exchanges=1, circle_3_exchanges=1, circle_3_sides=1, **rules
    )
    for number in range(1, members):
        made.share(number)
    last = members - 1
    lender = next(one for one, other in edges if other == last)
    made.lend(lender, last, made.share(lender))
    return made, made.share(0)


def ask(made: Street, thing: str, *, text: str = "", allowed: bool = True) -> str:
    row = made.run(len(made.engines) - 1, Ask(thing, *SPAN, text, other_ways=allowed))
    return str(row["loan"])


def mine(made: Street, thing: str) -> list[Row]:
    """The borrower's loans of one thing, the oldest first."""
    rows = made.rows(len(made.engines) - 1).values()
    return [row for row in reversed(list(rows)) if row["thing"] == thing]


def between(made: Street, row: Row) -> list[str]:
    return cast(list[str], row["path_names"])[1:-1]


class TestAnotherWay:
    def test_silence_sends_it_another_way_with_the_words_that_came_with_it(self) -> None:
        made, thing = town()
        first = ask(made, thing, text="pour un mariage")
        made.pass_time(LATER_MS)

        old, new = mine(made, thing)
        assert (old["loan"], old["state"], new["state"]) == (first, "withdrawn", "asked")
        assert old["asked_again"] == new["loan"]
        assert new["asked_before"] == old["loan"]
        assert set(between(made, old) + between(made, new)) == {made.name(1), made.name(2)}
        assert new["waits_for_word"] is True

        helper = 1 if made.name(1) in between(made, new) else 2
        loan = str(new["loan"])
        made.run(helper, Recommend(loan, True))
        assert made.rows(0)[loan]["message"] == "pour un mariage"
        made.run(0, AnswerLoan(loan, "yes"))
        assert made.rows(3)[loan]["state"] == "agreed"

    def test_the_one_who_stayed_silent_learns_only_that_it_was_taken_back(self) -> None:
        made, thing = town()
        first = ask(made, thing)
        silent = 1 if made.name(1) in between(made, mine(made, thing)[0]) else 2
        made.run(silent, Recommend(first, False))
        made.pass_time(LATER_MS)

        assert [row["state"] for row in made.rows(silent).values() if row["thing"] == thing] == [
            "withdrawn"
        ]
        assert first not in made.rows(0)

    def test_nothing_goes_elsewhere_without_leave(self) -> None:
        made, thing = town()
        ask(made, thing, allowed=False)
        made.pass_time(LATER_MS)

        assert [row["state"] for row in mine(made, thing)] == ["asked"]

    def test_what_was_passed_on_waits_for_its_holder(self) -> None:
        made, thing = town()
        loan = ask(made, thing)
        helper = 1 if made.name(1) in between(made, mine(made, thing)[0]) else 2
        made.run(helper, Recommend(loan, True))
        made.pass_time(LATER_MS)

        assert [row["state"] for row in mine(made, thing)] == ["asked"]

    def test_a_second_go_between_who_is_silent_counts_from_the_first_one_s_word(self) -> None:
        made, thing = town([(0, 1), (1, 2), (0, 3), (3, 4), (2, 5), (4, 5)])
        loan = ask(made, thing)
        first = 2 if made.name(2) in between(made, mine(made, thing)[0]) else 4
        made.pass_time(3 * DAY_MS)
        made.run(first, Recommend(loan, True))
        made.pass_time(2 * DAY_MS)
        assert [row["state"] for row in mine(made, thing)] == ["asked"]

        made.pass_time(3 * DAY_MS)
        old, new = mine(made, thing)
        assert set(between(made, old)).isdisjoint(between(made, new))
        assert [made.name(n) for n in ([4, 3] if first == 2 else [2, 1])] == between(made, new)

    def test_nobody_is_asked_twice_and_in_the_end_it_stays(self) -> None:
        made, thing = town()
        ask(made, thing)
        made.pass_time(30 * DAY_MS)

        assert [row["state"] for row in mine(made, thing)] == ["withdrawn", "expired"]

    def test_it_is_tried_only_so_often(self) -> None:
        fan = [edge for n in range(1, 6) for edge in ((0, n), (n, 6))]
        made, thing = town(fan, other_ways_max=3)
        ask(made, thing)
        made.pass_time(40 * DAY_MS)

        tried = [name for row in mine(made, thing) for name in between(made, row)]
        assert (len(tried), len(set(tried))) == (4, 4)

    def test_a_way_that_is_offered_and_not_proved_yet_is_proved_when_it_is_needed(self) -> None:
        """A node need not hold the certificates of ways that bring it no nearer. Spec §7.4."""
        made, thing = town()
        core = made.core(3)
        used = core.path_from(made.id(0))
        assert used is not None
        other = made.id(2 if used[1] == made.id(1) else 1)
        core.begin(made.now_ms)
        for half in edges.halves_of(core, made.id(0), other) or ():
            core.drop(half)
        edges.refresh_edge(core, made.id(0), other)
        assert not core.graph.has_transit(made.id(0), other)

        ask(made, thing)
        assert core.graph.has_transit(made.id(0), other)

    def test_it_survives_a_power_cut_and_dates_that_are_past_end_it(self) -> None:
        made, thing = town()
        ask(made, thing)
        made.restart(3)
        made.pass_time(LATER_MS)
        assert len(mine(made, thing)) == 2

        near = (made.now_ms // DAY_MS + 1) * DAY
        other = made.share(0)
        made.run(3, Ask(other, near, near + DAY, other_ways=True))
        made.pass_time(LATER_MS)
        assert [row["state"] for row in mine(made, other)] == ["asked"]

    def test_a_home_that_was_off_until_it_expired_goes_back_to_sleep(self) -> None:
        """It was due elsewhere long ago, and is over: nothing to wake up for, again and again.

        Found by ``simulate hunt``, seed 344.
        """
        made, thing = town()
        ask(made, thing)
        made.now_ms += 15 * DAY_MS
        made.restart(3)
        made.feed(3, Woke())

        assert [row["state"] for row in mine(made, thing)] == ["expired"]
        wakeup_ms = made.engines[3].next_wakeup_ms()
        assert wakeup_ms is not None
        assert wakeup_ms > made.now_ms

    def test_what_the_owner_takes_back_stays_back(self) -> None:
        made, thing = town()
        loan = ask(made, thing)
        made.run(3, CancelLoan(loan))
        made.pass_time(LATER_MS)

        assert [row["state"] for row in mine(made, thing)] == ["withdrawn"]


class TestCrossing:
    def test_a_yes_that_crosses_the_withdrawal_promises_nothing_twice(self) -> None:
        """The first is agreed to while the borrower's home asks again: it ends cancelled."""
        made, thing = town()
        first = ask(made, thing)
        helper = 1 if made.name(1) in between(made, mine(made, thing)[0]) else 2
        made.cut(helper, 3)
        made.run(helper, Recommend(first, True))
        made.run(0, AnswerLoan(first, "yes"))
        made.pass_time(LATER_MS)
        second = str(mine(made, thing)[-1]["loan"])
        assert second != first

        made.run(3 - helper, Recommend(second, True))
        assert made.rows(0)[first]["state"] == "agreed"
        reasons = cast(list[dict[str, str]], made.rows(0)[second]["reasons"])
        assert [reason["code"] for reason in reasons] == ["queued"]
        made.reconnect()
        assert made.rows(0)[first]["state"] == "cancelled"
        made.run(0, AnswerLoan(second, "yes"))

        assert made.rows(3)[first]["state"] == "cancelled"
        assert made.rows(3)[second]["state"] == "agreed"

    def test_both_are_signed_in_one_batch_or_neither(self) -> None:
        made, thing = town()
        loan = oid(ask(made, thing))
        made.now_ms += LATER_MS
        core = made.core(3)
        core.begin(made.now_ms)
        state = book_of(core).state_of(loan)
        assert state is not None
        other_ways.go_if_due(core, state)
        again = other_ways.went_on_as(core, loan)
        assert again is not None
        states = [book_of(core).state_of(each) for each in (loan, again)]
        assert [each.state for each in states if each] == [State.WITHDRAWN, State.ASKED]

    @settings(max_examples=12, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                [*["wait"] * 3, "pass 1", "pass 2", "yes", "cut 1", "cut 2", "cut holder", *REST]
            ),
            max_size=14,
        )
    )
    def test_whatever_crosses_there_is_one_request_and_one_promise_at_a_time(
        self, events: list[str]
    ) -> None:
        made, thing = town(other_way_ms=3600_000, other_ways_max=8)
        ask(made, thing)
        for event in events:
            happen(made, thing, event)
            waiting = [r for r in loans_of(made, 3) if r.at(made.now_ms) in WAITING]
            promised = [r for r in loans_of(made, 0) if r.state is State.AGREED]
            assert len([loan for loan in waiting if loan.terms.thing == oid(thing)]) <= 1
            for one, other in pairwise(sorted(loan.dates for loan in promised)):
                assert one[1] <= other[0]
        made.reconnect()
        made.pass_time(1000)

        known = {loan.loan: loan.at(made.now_ms) for loan in loans_of(made, 3)}
        assert all(known[loan.loan] is loan.at(made.now_ms) for loan in loans_of(made, 0))


def loans_of(made: Street, number: int) -> list[LoanState]:
    return book_of(made.core(number)).states()


def happen(made: Street, thing: str, event: str) -> None:
    """One thing that owners, time or the network do; what is refused is not done."""
    match event.split():
        case ["wait"]:
            made.pass_time(1900_000)
        case ["pass", number]:
            press(made, int(number), thing, lambda loan: Recommend(loan, True))
        case ["yes"]:
            press(made, 0, thing, lambda loan: AnswerLoan(loan, "yes"))
        case ["cut", "holder"]:
            made.cut(0, 1)
            made.cut(0, 2)
        case ["cut", number]:
            made.cut(int(number), 3)
        case ["lose"]:
            made.queue.clear()
        case ["back"]:
            made.reconnect()
        case ["power"]:
            made.restart(3)


def press(made: Street, number: int, thing: str, button: Callable[[str], Command]) -> None:
    for loan, row in made.rows(number).items():
        if row["thing"] == thing:
            with suppress(Refused):
                made.run(number, button(loan))
