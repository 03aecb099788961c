"""Dates: node/dates.py and node/engine/calendar.py."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import dates
from node.engine.calendar import (
    LATEST_MINUTE,
    civil_from_days,
    day_text,
    days_from_civil,
    days_in_month,
    instant_text,
    minute_text,
    span_text,
)
from protocol.errors import Refused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
minutes = st.integers(0, LATEST_MINUTE)


def minute_of(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    moment = datetime(year, month, day, hour, minute, tzinfo=UTC)
    return int((moment - EPOCH).total_seconds()) // 60


@given(st.integers(0, (date(9999, 12, 31) - date(1970, 1, 1)).days))
def test_every_day_has_the_date_that_the_standard_library_gives_it(days: int) -> None:
    expected = date(1970, 1, 1) + timedelta(days=days)

    assert (expected.year, expected.month, expected.day) == civil_from_days(days)
    assert days == days_from_civil(expected.year, expected.month, expected.day)
    assert expected.isoformat() == day_text(days)


@pytest.mark.parametrize(
    ("year", "length"), [(1900, 28), (2000, 29), (2024, 29), (2026, 28), (2100, 28)]
)
def test_february_has_a_leap_day_when_it_should(year: int, length: int) -> None:
    assert length == days_in_month(year, 2)


@given(st.integers(0, 253_402_300_799_999))
def test_an_instant_is_written_in_utc(unix_ms: int) -> None:
    expected = EPOCH + timedelta(milliseconds=unix_ms)

    assert expected.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0") == instant_text(unix_ms)


@given(minutes)
def test_a_minute_is_read_back_as_it_was_written(minute: int) -> None:
    assert minute == dates.read_start(minute_text(minute))


@given(st.integers(0, LATEST_MINUTE - 1), st.integers(1, 10**6))
def test_a_span_is_read_back_as_it_was_written(start: int, length: int) -> None:
    end = min(start + length, LATEST_MINUTE)

    assert (start, end) == dates.read_span(*span_text(start, end))


@given(st.integers(0, 5000), st.integers(1, 400))
def test_whole_days_are_written_as_dates_with_the_last_day_included(
    first: int, length: int
) -> None:
    start, end = first * 1440, (first + length) * 1440

    assert (day_text(first), day_text(first + length - 1)) == span_text(start, end)
    assert (start, end) == dates.read_span(*span_text(start, end))


def test_a_date_alone_as_the_end_includes_that_day() -> None:
    expected = (minute_of(2026, 12, 1), minute_of(2026, 12, 4))

    assert expected == dates.read_span("2026-12-01", "2026-12-03")


def test_times_are_read_to_the_minute() -> None:
    expected = (minute_of(2026, 12, 1, 14), minute_of(2026, 12, 1, 16, 30))

    assert expected == dates.read_span("2026-12-01T14:00", " 2026-12-01 16:30:00 ")


def test_absurd_minutes_of_a_peer_are_written_as_the_last_one() -> None:
    assert minute_text(2**53 - 1) == "9999-12-31T23:59"
    assert instant_text(2**53 - 1) == "9999-12-31T23:59:59Z"
    assert span_text(0, 1440 * 10**9) == ("1970-01-01", "9999-12-31")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-date"),
        ("tomorrow", "bad-date"),
        ("2026-1-1", "bad-date"),
        ("01/12/2026", "bad-date"),
        ("2026-12-01T14", "bad-date"),
        ("2026-12-01T14:00:30", "bad-date"),
        ("\u0662\u0660\u0662\u0666-12-01", "bad-date"),
        ("2026-02-30", "no-such-date"),
        ("2026-13-01", "no-such-date"),
        ("2026-00-10", "no-such-date"),
        ("2026-12-01T24:00", "no-such-date"),
        ("2026-12-01T12:60", "no-such-date"),
        ("1969-12-31", "no-such-date"),
        ("2026-12-01T14:00Z", "date-has-zone"),
        ("2026-12-01T14:00+01:00", "date-has-zone"),
    ],
)
def test_what_is_not_a_date_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        dates.read_start(text)

    assert code == refusal.value.code


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-12-03", "2026-12-01"),
        ("2026-12-01T14:00", "2026-12-01T14:00"),
        ("2026-12-01T14:00", "2026-12-01T13:00"),
    ],
)
def test_an_end_before_the_start_is_refused(start: str, end: str) -> None:
    with pytest.raises(Refused) as refusal:
        dates.read_span(start, end)

    assert refusal.value.code == "end-before-start"


def test_one_date_without_the_other_is_refused() -> None:
    assert dates.read_optional_span(None, None) == (None, None)
    for pair in (("2026-12-01", None), (None, "2026-12-01")):
        with pytest.raises(Refused) as refusal:
            dates.read_optional_span(*pair)
        assert refusal.value.code == "dates-incomplete"


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [("48h", 172_800_000), ("2d", 172_800_000), ("90m", 5_400_000), ("30s", 30_000)],
)
def test_durations_are_a_number_and_a_unit(text: str, duration_ms: int) -> None:
    assert duration_ms == dates.read_duration_ms(text)


@pytest.mark.parametrize("text", ["", "48", "h", "0h", "-1h", "1.5h", "1w", "99999999h", "1h30m"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        dates.read_duration_ms(text)

    assert refusal.value.code == "bad-duration"


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_is_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert 0 <= dates.read_start(text) <= LATEST_MINUTE
