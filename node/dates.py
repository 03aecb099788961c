"""Dates as people and programs write them, read into calendar minutes.

Read are ``2026-12-01`` and ``2026-12-01T14:00`` (a space for the T, and seconds of
zero, are accepted; a time zone is not: a loan's dates are those on the wall where
the thing is). A date alone as the end includes that day.

Refusals: ``bad-date`` (not a date), ``no-such-date`` (30 February),
``date-has-zone``, ``end-before-start``, ``bad-duration``, ``dates-incomplete``.
Whether a date is past is for the engine, which knows the owner's day.

Spec: §5.8.
"""

from __future__ import annotations

import re
import time
from typing import Final

from node.engine.calendar import (
    MINUTES_PER_DAY,
    day_text,
    days_from_civil,
    days_in_month,
    instant_text,
    minute_text,
    span_text,
)
from protocol.errors import Refused

__all__ = [
    "day_text",
    "instant_text",
    "local_day",
    "minute_text",
    "read_day",
    "read_duration_ms",
    "read_end",
    "read_length_minutes",
    "read_optional_span",
    "read_span",
    "read_start",
    "span_text",
]

_DATE: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::00(?:\.0+)?)?(?P<zone>Z|z|[+-][0-9:]+)?)?"
)
_DURATION: Final = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d)")
_UNIT_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SHOWN_MAX_LENGTH: Final = 40


def read_start(text: str) -> int:
    """The calendar minute at which a span begins; a date alone begins at midnight."""
    return _read(text)[0]


def read_end(text: str) -> int:
    """The calendar minute before which a span ends; a date alone includes that day."""
    minute, is_whole_day = _read(text)
    return minute + MINUTES_PER_DAY if is_whole_day else minute


def read_day(text: str) -> int:
    """Days since 1970-01-01 of a date; a time of day is left aside."""
    return _read(text)[0] // MINUTES_PER_DAY


def read_span(from_text: str, to_text: str) -> tuple[int, int]:
    """A half-open span ``(from_minute, to_minute)`` that is not empty."""
    start, end = read_start(from_text), read_end(to_text)
    if end <= start:
        raise Refused("end-before-start", start=from_text.strip(), end=to_text.strip())
    return start, end


def read_optional_span(from_text: str | None, to_text: str | None) -> tuple[int | None, int | None]:
    """Both dates, or neither; one alone is refused."""
    if from_text is None and to_text is None:
        return None, None
    if from_text is None or to_text is None:
        raise Refused("dates-incomplete")
    return read_span(from_text, to_text)


def read_duration_ms(text: str) -> int:
    """A duration such as ``48h``, ``2d``, ``90m`` or ``30s``, in milliseconds."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise Refused("bad-duration", duration=_shown(text))
    return int(match[1]) * _UNIT_MS[match[2]]


def read_length_minutes(text: str) -> int:
    """A length such as ``14d``, ``2h`` or ``90m`` in whole minutes; ``0`` is none."""
    if text.strip() == "0":
        return 0
    length_ms = read_duration_ms(text)
    if length_ms % _UNIT_MS["m"]:
        raise Refused("bad-duration", duration=_shown(text))
    return length_ms // _UNIT_MS["m"]


def local_day(unix_ms: int) -> int:
    """Days since 1970-01-01 on the calendar of this computer's time zone."""
    here = time.localtime(unix_ms / 1000)
    return days_from_civil(here.tm_year, here.tm_mon, here.tm_mday)


def _read(text: str) -> tuple[int, bool]:
    """``(minute, whether the text is a date alone)``."""
    # fullmatch and [0-9]: "2026-12-01\n" and Arabic digits are not dates here.
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise Refused("bad-date", date=_shown(text))
    if match["zone"] is not None:
        raise Refused("date-has-zone", date=_shown(text))
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    hour, minute = int(match["hour"] or 0), int(match["minute"] or 0)
    is_real_day = 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)
    # Calendar minutes are unsigned, and nothing is lent before 1970.
    if year < 1970 or not is_real_day or hour > 23 or minute > 59:
        raise Refused("no-such-date", date=_shown(text))
    days = days_from_civil(year, month, day)
    return days * MINUTES_PER_DAY + hour * 60 + minute, match["hour"] is None


def _shown(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN_MAX_LENGTH else text[: _SHOWN_MAX_LENGTH - 1] + "…"
