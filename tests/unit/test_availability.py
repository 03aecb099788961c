"""When a thing is lent at all: hours of the week, lengths, days kept free (spec §5.7, §11.4)."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    BlockDates,
    Command,
    SetThing,
    WithdrawThing,
)
from node.engine.own_calendar import BLOCKED_MAX
from node.engine.week import WEEKDAYS, read_week, write_week
from protocol import limits
from protocol.availability import MINUTES_PER_DAY, Misfit, minute_of_week, misfit
from protocol.bodies import MINUTES_PER_WEEK, Availability, ThingKind
from protocol.errors import Refused
from simulations.street import DAY, TODAY, Street, street

HOUR = 60
# 2026-11-23, a Monday.
MONDAY = 20_780 * MINUTES_PER_DAY
SATURDAY = MONDAY + 5 * MINUTES_PER_DAY


VECTORS: Final = Path(__file__).parents[2] / "protocol" / "vectors" / "availability.json"
CASES: Final[list[dict[str, Any]]] = json.loads(VECTORS.read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_vectors_say_which_dates_fit(case: dict[str, Any]) -> None:
    asked = case["input"]
    weekly, shortest, longest = asked["availability"]
    availability = Availability(tuple((a, b) for a, b in weekly), shortest, longest)

    found = misfit(availability, ThingKind(asked["thing_kind"]), asked["from"], asked["to"])

    assert case["decoded"] == {"misfit": found and found.value}


def test_the_vectors_are_what_their_script_makes() -> None:
    script = Path(__file__).parents[1] / "vectors" / "make_availability.py"
    assert VECTORS.read_text("utf-8") == runpy.run_path(str(script))["build"]()


class TestMisfit:
    def test_weeks_begin_on_monday(self) -> None:
        assert 0 == minute_of_week(MONDAY)
        assert 3 * MINUTES_PER_DAY == minute_of_week(0), "1970-01-01 was a Thursday"

    def test_without_a_pattern_all_dates_fit(self) -> None:
        assert misfit(Availability(), ThingKind.OBJECT, MONDAY, MONDAY + 1) is None

    def test_a_loan_lasts_as_long_as_the_holder_said_and_no_longer(self) -> None:
        days = Availability((), 2 * MINUTES_PER_DAY, 3 * MINUTES_PER_DAY)
        outcomes = [
            misfit(days, ThingKind.OBJECT, MONDAY, MONDAY + length * MINUTES_PER_DAY)
            for length in range(1, 5)
        ]

        assert [Misfit.TOO_SHORT, None, None, Misfit.TOO_LONG] == outcomes

    def test_what_is_fetched_on_saturdays_is_brought_back_on_a_saturday(self) -> None:
        saturdays = Availability(read_week(("sat 10:00-12:00",)))

        def lent(days: int) -> Misfit | None:
            return misfit(saturdays, ThingKind.OBJECT, SATURDAY, SATURDAY + days * MINUTES_PER_DAY)

        assert lent(1) is None
        assert lent(8) is None, "the last day is a Saturday again"
        assert lent(2) is Misfit.CLOSED
        friday = SATURDAY - MINUTES_PER_DAY
        assert misfit(saturdays, ThingKind.STAY, friday, SATURDAY) is Misfit.CLOSED

    def test_what_is_used_on_the_spot_is_used_within_the_hours(self) -> None:
        hours = Availability(read_week(("sat 10:00-12:00",)))

        def used(begin: int, end: int) -> Misfit | None:
            return misfit(hours, ThingKind.SPOT, SATURDAY + begin, SATURDAY + end)

        assert used(10 * HOUR, 12 * HOUR) is None
        assert used(10 * HOUR - 1, 12 * HOUR) is Misfit.CLOSED
        assert used(10 * HOUR, 12 * HOUR + 1) is Misfit.CLOSED
        assert used(13 * HOUR, 14 * HOUR) is Misfit.CLOSED

    def test_hours_go_on_over_the_end_of_the_week(self) -> None:
        night = Availability(read_week(("sun 22:00-24:00", "mon 00:00-02:00")))
        sunday_night = MONDAY + 7 * MINUTES_PER_DAY - 2 * HOUR

        assert misfit(night, ThingKind.SPOT, sunday_night, sunday_night + 4 * HOUR) is None
        late = sunday_night + 4 * HOUR + 1
        assert misfit(night, ThingKind.SPOT, sunday_night, late) is Misfit.CLOSED
        only_sunday = Availability(read_week(("sun 22:00-24:00",)))
        end = sunday_night + 2 * HOUR + 1
        assert misfit(only_sunday, ThingKind.SPOT, sunday_night, end) is Misfit.CLOSED

    def test_a_week_that_is_open_throughout_has_no_end(self) -> None:
        always = Availability(((0, MINUTES_PER_WEEK),))

        assert misfit(always, ThingKind.SPOT, MONDAY + 5, MONDAY + 30 * MINUTES_PER_DAY) is None

    @given(
        st.sets(st.integers(0, 27), min_size=1, max_size=14),
        st.integers(0, MINUTES_PER_WEEK),
        st.integers(1, 2 * MINUTES_PER_WEEK),
    )
    def test_on_the_spot_agrees_with_looking_at_every_minute(
        self, quarters: set[int], begin: int, length: int
    ) -> None:
        weekly = read_week(tuple(_quarter(quarter) for quarter in sorted(quarters)))
        open_minutes = {m for q in quarters for m in range(q * 360, q * 360 + 360)}
        expected = not weekly or all(
            (begin + minute) % MINUTES_PER_WEEK in open_minutes for minute in range(length)
        )

        found = misfit(
            Availability(weekly), ThingKind.SPOT, MONDAY + begin, MONDAY + begin + length
        )

        assert expected is (found is None)


def _quarter(number: int) -> str:
    day, quarter = divmod(number, 4)
    return f"{WEEKDAYS[day]} {quarter * 6:02}:00-{quarter * 6 + 6:02}:00"


class TestTexts:
    def test_days_and_hours_are_read_and_written(self) -> None:
        texts = ["mon", "sat 10:00-12:00", "sat 14:30-18:00"]

        assert texts == write_week(read_week(tuple(reversed(texts))))

    def test_days_that_follow_each_other_are_one_opening(self) -> None:
        assert ((0, 3 * MINUTES_PER_DAY),) == read_week(("mon", "tue", "wed"))
        assert ["mon", "tue", "wed"] == write_week(read_week(("tue", "mon", "wed")))

    def test_all_days_are_no_pattern(self) -> None:
        assert () == read_week(WEEKDAYS) == read_week(())

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("samedi", "not-a-weekday"),
            ("", "not-a-weekday"),
            ("sat 10-12", "not-hours"),
            ("sat 12:00-10:00", "not-hours"),
            ("sat 10:00-10:00", "not-hours"),
            ("sat 10:00-24:01", "not-hours"),
            ("sat 10:60-11:00", "not-hours"),
            ("sat \u0661\u0660:00-11:00", "not-hours"),
        ],
    )
    def test_what_is_no_time_of_the_week_is_refused(self, text: str, code: str) -> None:
        with pytest.raises(Refused) as refused:
            read_week((text,))

        assert code == refused.value.code

    def test_more_openings_than_a_listing_holds_are_refused(self) -> None:
        texts = tuple(f"mon {hour:02}:00-{hour:02}:30" for hour in range(15))

        with pytest.raises(Refused) as refused:
            read_week(texts)
        assert "week-too-full" == refused.value.code
        assert limits.WEEKLY_INTERVALS_MAX == len(read_week(texts[:14]))


@pytest.fixture
def two() -> Iterator[Street]:
    """Holder 0 and borrower 1, friends; today is a day of the week like any other."""
    made = street(2)
    made.run(1, AddThing("bread"))
    yield made
    assert made.rejects == []


def refusal(town: Street, number: int, command: Command) -> Refused:
    with pytest.raises(Refused) as refused:
        town.run(number, command)
    return refused.value


def ask(town: Street, thing: str, first: int, days: int) -> Ask:
    start = (TODAY + first) * DAY
    return Ask(thing, start, start + days * DAY)


class TestAsking:
    def test_the_borrower_is_told_what_does_not_fit(self, two: Street) -> None:
        weekday = WEEKDAYS[minute_of_week((TODAY + 1) * DAY) // DAY]
        availability = Availability(read_week((weekday,)), DAY, 8 * DAY)
        added = two.run(0, AddThing("drill", availability=availability))
        thing = str(added["thing"])

        assert "closed-then" == refusal(two, 1, ask(two, thing, 2, 1)).code
        assert "loan-longer-than-lent" == refusal(two, 1, ask(two, thing, 1, 15)).code
        start = (TODAY + 1) * DAY
        assert "loan-too-short" == refusal(two, 1, Ask(thing, start, start + 60)).code
        two.run(1, ask(two, thing, 1, 8))

    def test_a_holder_who_changes_the_hours_changes_nothing_else(self, two: Street) -> None:
        thing = str(two.run(0, AddThing("drill", availability=Availability((), DAY, 0)))["thing"])

        two.run(0, SetThing(thing, availability=Availability()))

        start = (TODAY + 1) * DAY
        two.run(1, Ask(thing, start, start + 60))

    def test_the_longest_loan_is_not_shorter_than_the_shortest(self, two: Street) -> None:
        wrong = AddThing("drill", availability=Availability((), 2 * DAY, DAY))

        assert "longest-below-shortest" == refusal(two, 0, wrong).code


class TestKeptFree:
    def test_nobody_can_ask_for_days_that_are_kept_free_and_then_again(self, two: Street) -> None:
        thing = str(two.run(0, AddThing("drill"))["thing"])
        span = ((TODAY + 3) * DAY, (TODAY + 5) * DAY)

        two.run(0, BlockDates(thing, *span))

        assert "dates-taken" == refusal(two, 1, ask(two, thing, 4, 3)).code
        two.run(0, BlockDates(thing, *span, is_blocked=False))
        two.run(1, ask(two, thing, 4, 3))

    def test_there_is_time_between_two_loans(self, two: Street) -> None:
        thing = str(two.run(0, AddThing("drill", buffer_minutes=DAY))["thing"])
        loan = str(two.run(1, ask(two, thing, 3, 2))["loan"])
        two.run(0, AnswerLoan(loan, "yes"))

        assert "dates-taken" == refusal(two, 1, ask(two, thing, 5, 2)).code
        assert "dates-taken" == refusal(two, 1, ask(two, thing, 1, 2)).code
        two.run(1, ask(two, thing, 6, 2))

    def test_a_holder_agrees_to_no_loan_on_days_kept_free_since(self, two: Street) -> None:
        thing = str(two.run(0, AddThing("drill"))["thing"])
        loan = str(two.run(1, ask(two, thing, 3, 2))["loan"])
        two.run(0, BlockDates(thing, (TODAY + 4) * DAY, (TODAY + 9) * DAY))

        assert "dates-taken" == refusal(two, 0, AnswerLoan(loan, "yes")).code

    def test_a_withdrawn_thing_leaves_no_calendar_behind(self, two: Street) -> None:
        thing = str(two.run(0, AddThing("drill", buffer_minutes=60))["thing"])
        name = f"calendar/{thing}"
        assert two.core(0).get_local(name) is not None

        two.run(0, WithdrawThing(thing))

        assert two.core(0).get_local(name) is None

    def test_what_cannot_be_kept_free_is_refused(self, two: Street) -> None:
        thing = str(two.run(0, AddThing("drill"))["thing"])
        start = (TODAY + 1) * DAY
        for number in range(BLOCKED_MAX):
            two.run(0, BlockDates(thing, start + number * 10, start + number * 10 + 5))

        assert "too-many-blocked" == refusal(two, 0, BlockDates(thing, 1, 2)).code
        assert "end-before-start" == refusal(two, 0, BlockDates(thing, 2, 2)).code
        free = BlockDates(thing, 1, 2, is_blocked=False)
        assert "not-blocked" == refusal(two, 0, free).code
        assert "buffer-too-long" == refusal(two, 0, SetThing(thing, buffer_minutes=99 * DAY)).code
