"""What comes when: node/agenda.py and node/web/months.py."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.agenda import entries
from node.engine import views
from node.engine.commands import GiveBack
from node.web.months import chosen_form, months_of
from simulations.street import DAY_MS, Street
from tests.page_street import live_here, make_street

NOW_MS = 20_000 * DAY_MS + DAY_MS // 2
TODAY = date(1970, 1, 1) + timedelta(days=20_000)


def rows_of(street: Street) -> list[Any]:
    return views.loans(street.core(0))


def test_the_agenda_says_what_leaves_and_what_comes_back_the_late_first() -> None:
    """Both ends of what is agreed, the end of what is out; what is asked is no date yet."""
    street = make_street(now_ms=NOW_MS)
    loans = live_here(street)
    rows = rows_of(street)
    coming = [(e.loan["loan"], e.at, e.is_late) for e in entries(rows)]
    day = [(TODAY + timedelta(days=n)).isoformat() for n in range(10)]
    expected = [
        (loans["out"], day[2], False),
        (loans["borrowed"], day[5], False),
        (loans["borrowed"], day[8], False),
    ]
    assert expected == coming
    assert "It comes back from {other}." == entries(rows)[0].sentence

    street.pass_time(5 * DAY_MS)
    rows = rows_of(street)
    late = entries(rows)[0]
    assert (loans["out"], True) == (late.loan["loan"], late.is_late)
    assert "A word helps more than waiting" in late.sentence
    street.run(1, GiveBack(loans["out"]))
    rows = rows_of(street)
    assert loans["out"] not in [entry.loan["loan"] for entry in entries(rows)]


def thing(**fields: Any) -> dict[str, Any]:
    return {"kind": "object", "busy": [], "availability": {"weekly": []}, **fields}


def states(which: dict[str, Any], query: dict[str, str] | None = None) -> dict[str, str]:
    months = months_of(which, query or {}, TODAY, "/thing/x")
    days = [day for month in months.months for week in month.weeks for day in week if day]
    return {day.text: day.state for day in days}


def test_days_are_free_taken_partly_taken_shut_or_past() -> None:
    assert "2024-10-04" == TODAY.isoformat(), "a Friday"
    found = states(
        thing(
            busy=[
                {"from": "2024-10-08", "to": "2024-10-09"},
                {"from": "2024-10-11T10:00", "to": "2024-10-11T12:00"},
            ],
            availability={"weekly": ["tue", "wed", "fri 10:00-12:00"]},
        )
    )
    expected = {
        "2024-10-03": "past", "2024-10-04": "free", "2024-10-07": "shut", "2024-10-08": "taken",
        "2024-10-09": "taken", "2024-10-11": "partly", "2024-10-15": "free",
    }  # fmt: skip
    assert expected == {day: found[day] for day in expected}
    assert "2024-09-30" not in found
    later = months_of(thing(), {}, TODAY + timedelta(days=20), "/thing/x")
    assert 21 == next(d for d in later.months[0].weeks[0] if d).number, "weeks that are over"


def test_two_presses_choose_the_dates_and_fill_the_form() -> None:
    """The links alone lead there: the first day, then the last."""
    months = months_of(thing(), {}, TODAY, "/thing/x")
    pressed = next(d for w in months.months[0].weeks for d in w if d and d.number == 20)
    assert "/thing/x?from=2024-10-20&month=2024-10#calendar" == pressed.href
    months = months_of(thing(), {"from": "2024-10-20", "month": "2024-10"}, TODAY, "/thing/x")
    assert months.is_half
    pressed = next(d for w in months.months[1].weeks for d in w if d and d.number == 2)
    assert "/thing/x?from=2024-10-20&month=2024-10&to=2024-11-02#dates" == pressed.href
    months = months_of(thing(), {"from": "2024-10-20", "to": "2024-11-02"}, TODAY, "/thing/x")
    form = chosen_form(thing(), months)
    assert ("2024-10-20", "2024-11-02") == (form.text("from"), form.text("to"))
    # Something used where it is: the hours of that day, when it is open at all.
    washer = thing(kind="spot", availability={"weekly": ["sun 18:00-24:00"]})
    form = chosen_form(washer, months_of(washer, {"from": "2024-10-20"}, TODAY, "/thing/x"))
    assert ("2024-10-20T18:00", "2024-10-20T23:59") == (form.text("from"), form.text("to"))


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["", "9999-99", "0001-01", "x"]))
def test_an_address_that_is_nonsense_shows_this_month(start: str, end: str, month: str) -> None:
    months = months_of(thing(), {"from": start, "to": end, "month": month}, TODAY, "/thing/x")
    assert 2 == len(months.months)
    assert TODAY.replace(day=1).isoformat() <= months.months[0].first
