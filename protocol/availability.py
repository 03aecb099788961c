"""Whether the dates of a loan fit the times at which its thing is lent at all.

A holder says so once, with the listing: on which hours of the week, and how long. What is
promised to somebody is another matter (``busy``).

Pure. Spec: §5.7.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from protocol.bodies import MINUTES_PER_WEEK, Availability, ThingKind

MINUTES_PER_DAY: Final = 24 * 60
# 1970-01-01 was a Thursday; weeks begin on Monday.
_FIRST_WEEKDAY: Final = 3


class Misfit(Enum):
    """Why dates do not fit."""

    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    CLOSED = "closed"


def misfit(
    availability: Availability, kind: ThingKind, from_minute: int, to_minute: int
) -> Misfit | None:
    """Why dates do not fit, or None when they do. Spec: §5.7.

    Args:
        from_minute, to_minute: calendar minutes, half open, not empty.
    """
    length_minutes = to_minute - from_minute
    if length_minutes < availability.shortest_minutes:
        return Misfit.TOO_SHORT
    if 0 < availability.longest_minutes < length_minutes:
        return Misfit.TOO_LONG
    weekly = availability.weekly
    if not weekly:
        return None
    if kind is ThingKind.SPOT:
        fits = _is_open_throughout(weekly, minute_of_week(from_minute), length_minutes)
    else:
        fits = _opens_on_day_of(weekly, from_minute) and _opens_on_day_of(weekly, to_minute - 1)
    return None if fits else Misfit.CLOSED


def minute_of_week(minute: int) -> int:
    """Minutes since Monday at 0:00 of a calendar minute."""
    return (minute + _FIRST_WEEKDAY * MINUTES_PER_DAY) % MINUTES_PER_WEEK


def _opens_on_day_of(weekly: tuple[tuple[int, int], ...], minute: int) -> bool:
    day_begins = minute_of_week(minute) // MINUTES_PER_DAY * MINUTES_PER_DAY
    day_ends = day_begins + MINUTES_PER_DAY
    return any(start < day_ends and day_begins < end for start, end in weekly)


def _is_open_throughout(weekly: tuple[tuple[int, int], ...], begin: int, minutes: int) -> bool:
    end = next((end for start, end in weekly if start <= begin < end), None)
    if end is None:
        return False
    if end - begin >= minutes:
        return True
    # One that ends with the week goes on in one that begins with the next.
    if end < MINUTES_PER_WEEK or weekly[0][0] > 0:
        return False
    if weekly[0] == (0, MINUTES_PER_WEEK):
        return True
    return weekly[0][1] >= minutes - (end - begin)
