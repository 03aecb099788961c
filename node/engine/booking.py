"""Dates: which may be asked for, and which are taken already.

Only the holder's node writes the calendar of its things; others refuse early what it would
refuse anyway, by the listing they see.

Pure: must not import anything that acts.

Spec: §11.3, §11.4, §5.7.
"""

from __future__ import annotations

from node.engine import paper
from node.engine.calendar import MINUTES_PER_DAY, minute_text, span_text
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.own_calendar import own_calendar
from node.engine.prices import find_price
from node.engine.week import write_week
from protocol import limits
from protocol.availability import Misfit, misfit
from protocol.bodies import ListingBody, ThingKind
from protocol.errors import Refused
from protocol.exchange import LoanState
from protocol.keys import ObjectId
from protocol.records import Record

_MS_PER_MINUTE = 60 * 1000
_MS_PER_DAY = MINUTES_PER_DAY * _MS_PER_MINUTE


# --- dates -----------------------------------------------------------------------------


def check_dates(
    core: Core,
    from_minute: int,
    to_minute: int,
    local_day: int,
    *,
    has_happened: bool = False,
) -> None:
    """Refuse dates that nobody can mean. Spec: §11.3.

    Args:
        has_happened: the loan was made without asking here; it must have begun.
    """
    charter = core.charter
    if to_minute <= from_minute:
        raise Refused(
            "end-before-start", start=minute_text(from_minute), end=minute_text(to_minute)
        )
    start, end = span_text(from_minute, to_minute)
    if has_happened:
        _check_has_happened(core, from_minute, local_day)
    elif from_minute < local_day * MINUTES_PER_DAY:
        raise Refused("dates-past", start=start, end=end)
    ahead_ms = (from_minute - local_day * MINUTES_PER_DAY) * _MS_PER_MINUTE
    if ahead_ms > charter.request_ahead_max_ms:
        raise Refused(
            "dates-too-far", start=start, days=charter.request_ahead_max_ms // _MS_PER_DAY
        )
    if (to_minute - from_minute) * _MS_PER_MINUTE > charter.loan_length_max_ms:
        raise Refused("loan-too-long", days=charter.loan_length_max_ms // _MS_PER_DAY)


def _check_has_happened(core: Core, from_minute: int, local_day: int) -> None:
    begun_ms = (local_day * MINUTES_PER_DAY - from_minute) * _MS_PER_MINUTE
    if begun_ms <= -_MS_PER_DAY:
        raise Refused("not-begun")
    if begun_ms > core.charter.loan_length_max_ms:
        raise Refused("too-long-ago", days=core.charter.loan_length_max_ms // _MS_PER_DAY)


def was_asked_after(loan: LoanState) -> bool:
    """Whether a request came when its dates had begun: it writes down what has happened."""
    return loan.dates[0] * _MS_PER_MINUTE < loan.asked_ms


def check_fits(listing: ListingBody, from_minute: int, to_minute: int) -> None:
    """Refuse dates on which the thing is not lent at all. Spec: §5.7."""
    availability = listing.availability
    match misfit(availability, listing.thing_kind, from_minute, to_minute):
        case Misfit.TOO_SHORT:
            raise Refused("loan-too-short", lasts=availability.shortest_minutes)
        case Misfit.TOO_LONG:
            raise Refused("loan-longer-than-lent", lasts=availability.longest_minutes)
        case Misfit.CLOSED:
            raise Refused("closed-then", week=write_week(availability.weekly))


def check_free(listing: ListingBody, from_minute: int, to_minute: int) -> None:
    """Refuse dates that the holder's calendar shows as taken."""
    for start, end in listing.busy:
        if start < to_minute and from_minute < end:
            taken = span_text(start, end)
            raise Refused("dates-taken", start=taken[0], end=taken[1])


def checked_message(text: str) -> str:
    """What may be sent to the other party; refuses what is too long or states a price (R4)."""
    # Half a character (a lone surrogate) has no UTF-8 and could not be sent.
    text = text.encode(errors="replace").decode().strip()
    size_bytes = len(text.encode())
    if size_bytes > limits.TEXT_SIZE_MAX_BYTES:
        raise Refused("text-too-long", size=size_bytes, maximum=limits.TEXT_SIZE_MAX_BYTES)
    fragment = find_price(text)
    if fragment is not None:
        raise Refused("states-a-price", fragment=fragment)
    return text


# --- the holder's calendar -------------------------------------------------------------


def my_listing(core: Core, thing: ObjectId) -> tuple[Record, ListingBody] | None:
    """A live listing of my own."""
    record = core.current(core.me, thing)
    if record is None or not isinstance(record.body, ListingBody) or not core.can_see(record):
        return None
    return record, record.body


def is_offered_to(core: Core, loan: LoanState) -> bool:
    """Whether my thing is still offered as far as this request comes from, and by its way."""
    found = my_listing(core, loan.terms.thing)
    if found is None:
        return False
    _, body = found
    last = loan.path[-2]
    return len(loan.path) - 1 <= body.circles and (not body.through or last in body.through)


def why_taken(core: Core, loan: LoanState, from_minute: int, to_minute: int) -> Refused | None:
    """Whether another loan of my thing stands in the way of these dates.

    Only the holder's node answers and only it writes the calendar, so what this
    node knows is all there is: no double booking.
    """
    found = my_listing(core, loan.terms.thing)
    if found is not None and found[1].thing_kind is ThingKind.COPY:
        return None
    spans = _taken_spans(core, loan.terms.thing, without=loan.loan)
    return _why_meets(spans, from_minute, to_minute)


def why_on_paper(core: Core, thing: ObjectId, from_minute: int, to_minute: int) -> Refused | None:
    """Why a thing of mine cannot be written down as lent then; None when it can."""
    if to_minute <= from_minute:
        return Refused(
            "end-before-start", start=minute_text(from_minute), end=minute_text(to_minute)
        )
    if len(busy_intervals(core, thing)) >= limits.BUSY_INTERVALS_MAX:
        return Refused("calendar-full", maximum=limits.BUSY_INTERVALS_MAX)
    return _why_meets(_taken_spans(core, thing), from_minute, to_minute)


def _why_meets(spans: list[tuple[int, int]], from_minute: int, to_minute: int) -> Refused | None:
    for start, end in spans:
        if start < to_minute and from_minute < end:
            taken = span_text(start, end)
            return Refused("dates-taken", start=taken[0], end=taken[1])
    return None


def _taken_spans(
    core: Core, thing: ObjectId, *, without: ObjectId | None = None
) -> list[tuple[int, int]]:
    """When my thing is promised or out: to members, on paper, or not to be lent."""
    calendar = own_calendar(core, thing)
    spans = [loan.dates for loan in book_of(core).promised(thing) if loan.loan != without]
    spans += [(p.from_minute, p.to_minute) for p in paper.out_of(core, thing)]
    buffer = calendar.buffer_minutes
    lent = [(max(0, start - buffer), end + buffer) for start, end in spans]
    return sorted([*lent, *calendar.blocked])


def busy_intervals(core: Core, thing: ObjectId) -> tuple[tuple[int, int], ...]:
    """The calendar of my thing: the dates of its agreed and open loans, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for start, end in _taken_spans(core, thing):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
