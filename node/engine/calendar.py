"""Calendar minutes and instants as ISO 8601 text, by integer arithmetic alone.

A loan's dates are what people read on the wall where the thing is: minutes since
1970-01-01T00:00 without a time zone. The core may not use ``datetime`` (it can read
the clock), so the proleptic Gregorian calendar is here, after Howard Hinnant's
"chrono-compatible low-level date algorithms".

A span of whole days is written with dates alone, its last day included, as people
write it: from 2026-12-01 to 2026-12-03 is three days. Everything else has times.
``node.dates`` reads the same forms back.

Spec: §5.8.
"""

from __future__ import annotations

from typing import Final

MINUTES_PER_DAY: Final = 24 * 60
_MS_PER_SECOND: Final = 1000
_SECONDS_PER_DAY: Final = 24 * 60 * 60
# The calendar repeats itself every 400 years.
_DAYS_PER_ERA: Final = 146_097
# Days from 0000-03-01 to 1970-01-01: years begin in March, so that leap days come last.
_DAYS_BEFORE_1970: Final = 719_468
# 9999-12-31T23:59: later minutes are not written in ISO 8601 without agreement.
LATEST_MINUTE: Final = 4_223_371_679


def civil_from_days(days: int) -> tuple[int, int, int]:
    """``(year, month, day)`` of the day that is ``days`` after 1970-01-01."""
    era, day_of_era = divmod(days + _DAYS_BEFORE_1970, _DAYS_PER_ERA)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    return year_of_era + era * 400 + (1 if month <= 2 else 0), month, day


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date that exists (the caller has checked it)."""
    if month <= 2:
        year -= 1
    era, year_of_era = divmod(year, 400)
    month_from_march = month - 3 if month > 2 else month + 9
    day_of_year = (153 * month_from_march + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_PER_ERA + day_of_era - _DAYS_BEFORE_1970


def days_in_month(year: int, month: int) -> int:
    if month == 2:
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if is_leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def day_text(days: int) -> str:
    """A day as ``2026-12-01``."""
    year, month, day = civil_from_days(days)
    return f"{year:04}-{month:02}-{day:02}"


def minute_text(minute: int) -> str:
    """A calendar minute as ``2026-12-01T14:00``; what a peer dated absurdly is cut off."""
    days, minute_of_day = divmod(min(minute, LATEST_MINUTE), MINUTES_PER_DAY)
    return f"{day_text(days)}T{minute_of_day // 60:02}:{minute_of_day % 60:02}"


def span_text(from_minute: int, to_minute: int) -> tuple[str, str]:
    """A half-open span as ``(from, to)``: dates for whole days, the last one included."""
    if from_minute % MINUTES_PER_DAY == 0 == to_minute % MINUTES_PER_DAY:
        last = min(to_minute - 1, LATEST_MINUTE) // MINUTES_PER_DAY
        first = min(from_minute, LATEST_MINUTE) // MINUTES_PER_DAY
        return day_text(first), day_text(last)
    return minute_text(from_minute), minute_text(to_minute)


def instant_text(unix_ms: int) -> str:
    """An instant in UTC as ``2026-12-01T14:00:00Z``."""
    days, second = divmod(min(unix_ms // _MS_PER_SECOND, LATEST_MINUTE * 60 + 59), _SECONDS_PER_DAY)
    return f"{day_text(days)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
