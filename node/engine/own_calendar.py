"""What the owner alone knows of a thing's calendar: days kept free, time between two loans.

Others see none of it but its result: dates on which the thing is not lent (``busy``),
whatever the reason.

Pure: must not import anything that acts.

Spec: §11.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from node.engine.calendar import span_text
from node.engine.core import Core
from protocol.encoding import Value, expect_array, expect_uint
from protocol.errors import Refused
from protocol.keys import ObjectId
from protocol.limits import UINT_MAX

BLOCKED_MAX: Final = 40
"""Spans kept free of one thing; the rest of the calendar is for loans."""
BUFFER_MAX_MINUTES: Final = 30 * 24 * 60


@dataclass(frozen=True, slots=True)
class OwnCalendar:
    """Spans are calendar minutes, half open, sorted."""

    buffer_minutes: int = 0
    blocked: tuple[tuple[int, int], ...] = ()


def own_calendar(core: Core, thing: ObjectId) -> OwnCalendar:
    """What was said of this thing; nothing, when nothing was."""
    note = core.get_local(_name(thing))
    if note is None:
        return OwnCalendar()
    buffer, rows = expect_array(note, "own calendar", length=2)
    pairs = [expect_array(row, "blocked", length=2) for row in expect_array(rows, "blocked")]
    blocked = tuple(
        (expect_uint(start, "from", UINT_MAX), expect_uint(end, "to", UINT_MAX))
        for start, end in pairs
    )
    return OwnCalendar(expect_uint(buffer, "buffer", BUFFER_MAX_MINUTES), blocked)


def set_buffer(core: Core, thing: ObjectId, minutes: int) -> None:
    """Keep so much time free before and after each loan. Raises Refused."""
    if not 0 <= minutes <= BUFFER_MAX_MINUTES:
        raise Refused("buffer-too-long", days=BUFFER_MAX_MINUTES // (24 * 60))
    _keep(core, thing, replace(own_calendar(core, thing), buffer_minutes=minutes))


def block(core: Core, thing: ObjectId, from_minute: int, to_minute: int) -> None:
    """Keep these dates free of loans. Raises Refused."""
    calendar = own_calendar(core, thing)
    if (from_minute, to_minute) in calendar.blocked:
        return
    if len(calendar.blocked) >= BLOCKED_MAX:
        raise Refused("too-many-blocked", maximum=BLOCKED_MAX)
    blocked = tuple(sorted((*calendar.blocked, (from_minute, to_minute))))
    _keep(core, thing, replace(calendar, blocked=blocked))


def unblock(core: Core, thing: ObjectId, from_minute: int, to_minute: int) -> None:
    """Let these dates be asked for again. Raises Refused when they were not blocked."""
    calendar = own_calendar(core, thing)
    blocked = tuple(span for span in calendar.blocked if span != (from_minute, to_minute))
    if blocked == calendar.blocked:
        start, end = span_text(from_minute, to_minute)
        raise Refused("not-blocked", start=start, end=end)
    _keep(core, thing, replace(calendar, blocked=blocked))


def forget(core: Core, thing: ObjectId) -> None:
    """The thing is lent no more."""
    if core.get_local(_name(thing)) is not None:
        core.put_local(_name(thing), None)


def _keep(core: Core, thing: ObjectId, calendar: OwnCalendar) -> None:
    if calendar == OwnCalendar():
        forget(core, thing)
        return
    rows: list[Value] = [[start, end] for start, end in calendar.blocked]
    core.put_local(_name(thing), [calendar.buffer_minutes, rows])


def _name(thing: ObjectId) -> str:
    return f"calendar/{thing.hex()}"
