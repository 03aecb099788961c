"""My loans as a calendar file that other programs read. RFC 5545, RFC 7986.

Each agreed loan is one event, by a name that stays (``UID``). ``SEQUENCE`` grows with each
agreement and with the end of one; what was cancelled stays as ``CANCELLED``, so that it
goes from calendars that have it, for as long as the loan is kept at all. The same loans
give the same bytes: whoever asks again with the ``ETag`` of these is told that nothing
changed.

A writer of our own, because a feed needs six properties of the hundreds that calendar
packages bring; what it writes is read back by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from node.i18n import N_

TYPE: Final = "text/calendar"
_LINE_SIZE_MAX_BYTES: Final = 75
_CANCELLED: Final = ("cancelled", "withdrawn", "declined", "expired")
_SUMMARIES: Final = {
    "holder": N_("{title} (lent to {other})"),
    "borrower": N_("{title} (borrowed from {other})"),
}

Loan = Mapping[str, Any]


def write_calendar(loans: Iterable[Loan], say: Callable[[str], str]) -> bytes:
    """The feed of one member.

    Args:
        loans: rows of ``views.loans``.
        say: a sentence in the reader's language.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Open House//Loans//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_escaped('Open House')}",
        f"X-WR-CALNAME:{_escaped('Open House')}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]
    agreed = [loan for loan in loans if loan["role"] in _SUMMARIES and loan["agreements"]]
    for loan in sorted(agreed, key=lambda loan: (loan["from_minute"], loan["loan"])):
        lines += _event(loan, say)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _event(loan: Loan, say: Callable[[str], str]) -> list[str]:
    is_over = loan["state"] in _CANCELLED
    summary = say(_SUMMARIES[loan["role"]]).format(title=loan["title"], other=loan["other_name"])
    return [
        "BEGIN:VEVENT",
        f"UID:{loan['loan']}@openhouse.invalid",
        f"DTSTAMP:{_instant(loan['changed'])}",
        f"LAST-MODIFIED:{_instant(loan['changed'])}",
        f"SEQUENCE:{2 * loan['agreements'] + is_over - 2}",
        f"STATUS:{'CANCELLED' if is_over else 'CONFIRMED'}",
        f"SUMMARY:{_escaped(summary)}",
        *_times(loan["from"], loan["to"]),
        "TRANSP:TRANSPARENT",
        "CLASS:PRIVATE",
        "END:VEVENT",
    ]


def _times(start: str, end: str) -> list[str]:
    """Whole days, the end excluded; or times without a zone, as on the wall there."""
    if "T" not in start + end:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
        after = last + timedelta(days=1) if last < date.max else last
        return [f"DTSTART;VALUE=DATE:{first:%Y%m%d}", f"DTEND;VALUE=DATE:{after:%Y%m%d}"]
    times = [datetime.fromisoformat(text) for text in (start, end)]
    return [f"DTSTART:{times[0]:%Y%m%dT%H%M%S}", f"DTEND:{times[1]:%Y%m%dT%H%M%S}"]


def _instant(text: str) -> str:
    """``2026-12-01T14:00:00Z`` as the format has it."""
    return f"{datetime.fromisoformat(text):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Text as a value: no character of it can end a line or begin a property."""
    kept = "".join(c if c >= " " and c != "\x7f" else " " for c in text)
    return kept.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> bytes:
    """A content line in pieces of at most 75 bytes, cut between characters."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _LINE_SIZE_MAX_BYTES:
            pieces.append(piece)
            # The blank that marks a continuation counts.
            piece = b" "
        piece += encoded
    pieces.append(piece)
    return b"\r\n".join(pieces) + b"\r\n"
