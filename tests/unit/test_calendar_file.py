"""The calendar file: node/calendar_file.py, read back as RFC 5545 says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.calendar_file import write_calendar
from node.entity_tags import etag_of, is_known

Event = dict[str, str]


def unescaped(text: str) -> str:
    """RFC 5545, 3.3.11."""
    out, characters = "", iter(text)
    for character in characters:
        if character == "\\":
            following = next(characters)
            out += "\n" if following in "nN" else following
        else:
            out += character
    return out


def read(data: bytes) -> list[Event]:
    """The events of a file; the parameters of a property stay with its name."""
    assert data.endswith(b"\r\n")
    lines = data.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    text = data.replace(b"\r\n ", b"").decode()
    assert "\n" not in text.replace("\r\n", "")
    events: list[Event] = []
    begun = False
    for line in text.split("\r\n")[:-1]:
        name, colon, value = line.partition(":")
        assert colon, line
        if line == "BEGIN:VEVENT":
            events.append({})
            begun = True
        elif line == "END:VEVENT":
            begun = False
        elif begun:
            assert name not in events[-1]
            events[-1][name] = value
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    return events


def row(**fields: Any) -> dict[str, Any]:
    return {
        "loan": "0a" * 16, "role": "holder", "state": "agreed", "title": "Guitar",
        "other_name": "Luc", "from": "2026-12-01", "to": "2026-12-03", "from_minute": 1,
        "agreements": 1, "changed": "2026-11-28T10:00:00Z", **fields,
    }  # fmt: skip


def test_whole_days_end_on_the_day_after_and_times_have_no_zone() -> None:
    """The end of an event is excluded; a time is the one on the wall there."""
    events = read(
        write_calendar(
            [
                row(),
                row(loan="0b" * 16, **{"from": "2026-12-05T18:00", "to": "2026-12-05T20:00"}),
            ],
            str,
        )
    )

    assert ("20261201", "20261204") == (
        events[0]["DTSTART;VALUE=DATE"],
        events[0]["DTEND;VALUE=DATE"],
    )
    assert ("20261205T180000", "20261205T200000") == (events[1]["DTSTART"], events[1]["DTEND"])
    assert [f"{'0a' * 16}@openhouse.invalid", f"{'0b' * 16}@openhouse.invalid"] == [
        event["UID"] for event in events
    ]


def test_an_event_keeps_its_name_and_its_number_only_grows() -> None:
    """Agreed, cancelled; or agreed, moved, cancelled: the last is the greatest."""
    for agreements in (1, 2, 3):
        agreed, cancelled = (
            read(write_calendar([row(state=state, agreements=agreements)], str))[0]
            for state in ("agreed", "cancelled")
        )
        assert agreed["UID"] == cancelled["UID"]
        assert ("CONFIRMED", "CANCELLED") == (agreed["STATUS"], cancelled["STATUS"])
        assert int(agreed["SEQUENCE"]) == 2 * agreements - 2
        assert int(cancelled["SEQUENCE"]) == int(agreed["SEQUENCE"]) + 1


def test_what_was_never_agreed_and_what_is_between_others_is_no_event() -> None:
    rows = [
        row(agreements=0, state="declined"),
        row(role="between"),
        row(state="asked", agreements=0),
    ]
    assert [] == read(write_calendar(rows, str))


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_title_and_name_come_back_and_write_no_property(title: str, name: str) -> None:
    """Line ends, commas, any script: one line of text, whatever somebody wrote."""
    events = read(write_calendar([row(title=title, other_name=name)], str))
    written = f"{title} (lent to {name})"
    kept = "".join(c if c >= " " and c != "\x7f" else " " for c in written)

    assert 1 == len(events)
    assert {"STATUS": "CONFIRMED"} == {k: v for k, v in events[0].items() if k == "STATUS"}
    assert kept.encode("utf-8", "replace").decode() == unescaped(events[0]["SUMMARY"])


@pytest.mark.parametrize(
    ("given_", "known"),
    [(None, False), ('"x"', False), ('"x", {}', True), ("W/{}", True), ("*", True), ("", False)],
)
def test_who_has_these_bytes_is_told_that_nothing_changed(given_: str | None, known: bool) -> None:
    data = write_calendar([row()], str)
    etag = etag_of(data)
    assert data == write_calendar([row()], str)
    assert known is is_known(None if given_ is None else given_.format(etag), etag)
