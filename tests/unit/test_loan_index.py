"""Finding the loans that matter now costs no look at those that are over."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine.alarms import Alarms
from node.engine.commands import AnswerLoan, GiveBack, HandOver, Rate
from node.engine.loan_book import book_of
from simulations.street import DAY_MS, TODAY, Street, street

KEYS = [b"a", b"b", b"c", b"d"]


class TestAlarms:
    """One moment for each key."""

    @given(st.lists(st.tuples(st.sampled_from(KEYS), st.none() | st.integers(0, 9)), max_size=300))
    def test_the_earliest_is_the_least_of_what_is_set(
        self, said: list[tuple[bytes, int | None]]
    ) -> None:
        alarms = Alarms()
        plain: dict[bytes, int] = {}
        for key, at_ms in said:
            alarms.set(key, at_ms)
            plain.pop(key, None)
            if at_ms is not None:
                plain[key] = at_ms
            assert alarms.earliest_ms() == min(plain.values(), default=None)
        due = sorted((at_ms, key) for key, at_ms in plain.items() if at_ms <= 5)
        assert list(alarms.take_due(5)) == [key for _, key in due]
        assert alarms.earliest_ms() == min((ms for ms in plain.values() if ms > 5), default=None)

    def test_what_is_set_anew_for_ever_takes_no_more_room(self) -> None:
        alarms = Alarms()
        for at_ms in range(10_000):
            alarms.set(b"a", at_ms)

        assert len(alarms._heap) < 100


def ended(made: Street, thing: str, times: int) -> None:
    """Ask for a thing, again and again, and be told no."""
    for _ in range(times):
        made.run(0, AnswerLoan(made.ask(1, thing), "no"))


def steps_of_work(act: Callable[[], object]) -> int:
    """Function calls, of Python and of what it is made of."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


class TestWork:
    """What many loans that came to nothing cost those that come after: nothing."""

    def exchange(self, made: Street, thing: str) -> None:
        loan = made.ask(1, thing)
        made.run(0, AnswerLoan(loan, "yes"))
        made.run(0, HandOver(loan))
        made.run(1, GiveBack(loan))
        made.run(0, Rate(loan, 1, 8))
        made.run(1, Rate(loan, 1, 8))
        made.pass_time(60_000)

    def test_an_exchange_is_as_much_work_after_a_hundred_refusals_as_after_ten(self) -> None:
        work = []
        for times in (10, 100):
            made = street(2)
            thing = made.share(0)
            ended(made, thing, times)
            made.lend(0, 1, made.share(0))
            made.pass_time(DAY_MS)  # after a start each loan is looked at once
            work.append(steps_of_work(lambda: self.exchange(made, thing)))  # noqa: B023

        few, many = work
        assert many < 1.2 * few

    def test_questions_that_nobody_answered_are_not_asked_again_by_every_rating(self) -> None:
        work = []
        for windows in (1, 8):
            made = street(2, open_requests_max=10, friendship_lease_ms=365 * DAY_MS)
            thing = made.share(0)
            for _ in range(windows):
                day = made.now_ms // DAY_MS - TODAY
                for number in range(9):
                    made.ask(1, thing, first=day + 20 + 3 * number)
                made.pass_time(15 * DAY_MS)
            loan = made.ask(1, thing, first=made.now_ms // DAY_MS - TODAY + 1)
            made.run(0, AnswerLoan(loan, "yes"))
            made.run(0, HandOver(loan))
            made.run(1, GiveBack(loan))
            made.run(0, Rate(loan, 1, 8))
            work.append(steps_of_work(lambda: made.run(1, Rate(loan, 1, 8))))  # noqa: B023

        few, many = work
        assert many < 1.2 * few


def test_a_clock_that_was_ahead_and_is_set_right_leaves_requests_open() -> None:
    """A request that had expired by it is one again."""
    made = street(2)
    loan = made.ask(1, made.share(0))
    for core in (made.core(0), made.core(1)):
        book = book_of(core)
        assert [state.loan.hex() for state in book.asked()] == [loan]
        core.now_ms += 20 * DAY_MS
        assert book.asked() == []
        core.now_ms -= 20 * DAY_MS
        assert [state.loan.hex() for state in book.asked()] == [loan]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_loan_is_forgotten_when_its_steps_have_ended(restarts: bool) -> None:
    made = street(
        2, loan_lease_ms=DAY_MS, request_ahead_max_ms=DAY_MS, loan_length_max_ms=DAY_MS * 3
    )
    made.ask(1, made.share(0))
    if restarts:
        made.restart(0)
    assert made.rows(0) != {}
    made.pass_time(made.core(0).charter.steps_lease_ms + DAY_MS)

    assert made.rows(0) == {}
    assert book_of(made.core(0))._index._shelves == {}
