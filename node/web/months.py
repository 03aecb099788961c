"""A thing's calendar: months as tables, each day free or taken, to choose dates from.

Without a script: each day that can be chosen is a link to the same page with the dates
in its address, the first press the first day, the second the last. What is chosen fills
the form; whether it is possible is decided when it is sent, as always.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from node import dates
from node.engine.calendar import MINUTES_PER_DAY
from node.engine.week import WEEKDAYS
from node.web.forms import Form
from protocol.errors import Refused

MONTHS_SHOWN: Final = 2
_MONTHS_AHEAD: Final = 13
_EPOCH: Final = date(1970, 1, 1).toordinal()
_OPENS, _CLOSES = "10:00", "12:00"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month.

    Args:
        state: ``free``, ``taken``, ``partly`` (some hours of it), ``shut`` (not on this day
            of the week) or ``past``.
        href: where a press leads; empty when the day cannot be chosen.
    """

    text: str
    number: int
    state: str
    is_chosen: bool
    href: str


@dataclass(frozen=True, slots=True)
class Month:
    """One month; ``None`` where the week belongs to another."""

    first: str
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Months:
    """What the template shows.

    Args:
        before, after: the addresses of other months; empty at the ends.
        start, end: what was chosen, in ISO 8601; ``is_half`` while only the first day is.
    """

    months: tuple[Month, ...]
    before: str
    after: str
    start: str
    end: str
    is_half: bool


def months_of(
    thing: Mapping[str, Any], query: Mapping[str, str], today: date, path: str
) -> Months:  # fmt: skip
    """The calendar of a thing as ``views.thing`` gives it.

    Args:
        query: of the address: ``from``, ``to`` and ``month``; what cannot be read is nothing.
        path: of the page, for its links.
    """
    start, end = _day(query.get("from")), _day(query.get("to"))
    if start is None or (end is not None and end < start):
        end = None
    first = _month(query.get("month")) or (start or today).replace(day=1)
    earliest = today.replace(day=1)
    latest = _months_later(earliest, _MONTHS_AHEAD - MONTHS_SHOWN)
    first = min(max(first, earliest), latest)
    spans = [dates.read_span(span["from"], span["to"]) for span in _taken(thing)]
    weekly = thing["availability"]["weekly"]
    open_days = {text.split(" ")[0] for text in weekly}

    def link(place: str = "calendar", **values: str) -> str:
        return f"{path}?{urlencode(values)}#{place}"

    def day(one: date) -> Day:
        state = _state(one, today, spans, open_days)
        is_chosen = start is not None and start <= one <= (end or start)
        href = ""
        if state in ("free", "partly"):
            chosen = {"from": one.isoformat(), "month": f"{first:%Y-%m}"}
            if start is not None and end is None and one >= start:
                chosen |= {"from": start.isoformat(), "to": one.isoformat()}
            href = link("dates" if "to" in chosen else "calendar", **chosen)
        return Day(one.isoformat(), one.day, state, is_chosen, href)

    shown = [_months_later(first, number) for number in range(MONTHS_SHOWN)]
    kept = {"from": start.isoformat()} if start else {}
    kept |= {"to": end.isoformat()} if end else {}
    turned = [_months_later(first, -MONTHS_SHOWN), _months_later(first, MONTHS_SHOWN)]
    return Months(
        tuple(
            Month(
                month.isoformat(),
                tuple(
                    tuple(day(one) if one.month == month.month else None for one in week)
                    for week in calendar.Calendar().monthdatescalendar(month.year, month.month)
                    # Weeks that are over would only push the others down.
                    if week[-1] >= today
                ),
            )
            for month in shown
        ),
        link(**kept, month=f"{turned[0]:%Y-%m}") if first > earliest else "",
        link(**kept, month=f"{turned[1]:%Y-%m}") if first < latest else "",
        start.isoformat() if start else "",
        end.isoformat() if end else "",
        start is not None and end is None,
    )


def chosen_form(thing: Mapping[str, Any], months: Months) -> Form:
    """The form with what was chosen in the calendar."""
    if not months.start:
        return Form()
    end = months.end or months.start
    if thing["kind"] != "spot":
        return Form.of(**{"from": months.start, "to": months.end})
    hours = _hours_of(months.start, thing["availability"]["weekly"])
    return Form.of(**{"from": f"{months.start}T{hours[0]}", "to": f"{end}T{hours[1]}"})


def _hours_of(day: str, weekly: Sequence[str]) -> Sequence[str]:
    word = WEEKDAYS[date.fromisoformat(day).weekday()]
    for text in weekly:
        name, _, hours = text.partition(" ")
        if name == word and "-" in hours:
            opens, _, closes = hours.partition("-")
            # Midnight at the end of a day is no time of that day.
            return opens, "23:59" if closes == "24:00" else closes
    return _OPENS, _CLOSES


def _taken(thing: Mapping[str, Any]) -> list[Mapping[str, str]]:
    return [*thing["busy"], *thing.get("blocked", ())]


def _state(
    day: date, today: date, spans: Iterable[tuple[int, int]], open_days: Iterable[str]
) -> str:
    if day < today:
        return "past"
    if open_days and WEEKDAYS[day.weekday()] not in open_days:
        return "shut"
    start = (day.toordinal() - _EPOCH) * MINUTES_PER_DAY
    end = start + MINUTES_PER_DAY
    within = [span for span in spans if span[0] < end and start < span[1]]
    if not within:
        return "free"
    return "taken" if any(a <= start and end <= b for a, b in within) else "partly"


def _day(text: str | None) -> date | None:
    """A day of an address, which anybody can write."""
    try:
        minute = dates.read_start(text or "")
    except Refused:
        return None
    return date(1970, 1, 1) + timedelta(minutes=minute)


def _month(text: str | None) -> date | None:
    return _day(f"{text}-01") if text else None


def _months_later(first: date, count: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
    return date(year, month + 1, 1)
