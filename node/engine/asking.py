"""May this member ask for that thing? The rules, as one node can judge them.

The borrower's own node asks before it sends; the go-betweens and the holder ask
again with their own evidence, because the borrower may lie. They may also know less:
ratings and listings travel at their own pace. So their answer is never final: a
request that does not hold yet waits on their node until it does, or until it expires.

Pure: must not import anything that acts.

Spec: §11.3, rules R5, R6, R8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from node.engine import paper
from node.engine.calendar import MINUTES_PER_DAY, minute_text, span_text
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.prices import find_price
from node.trust import judgement as trust
from node.trust.circles import missing_for
from node.trust.judgement import Judgement
from node.trust.ledger import account_of
from node.trust.sharing import is_open_listing, is_sharing
from node.trust.standing import is_reliable, reliability_of
from protocol import limits
from protocol.bodies import Kind, ListingBody, SeatBody, ThingKind
from protocol.errors import Refused
from protocol.exchange import LoanState, State
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

_MS_PER_MINUTE = 60 * 1000
_MS_PER_DAY = MINUTES_PER_DAY * _MS_PER_MINUTE

# States in which the dates of a loan are nobody else's.
_BLOCKING = (State.AGREED, State.HANDED_OVER)


# --- judging members -------------------------------------------------------------------


def judge(core: Core, member: MemberId) -> Judgement:
    """A member as seen from this node."""
    book, charter = book_of(core), core.charter
    evidence = book.evidence()
    account = account_of(book.ledgers(), evidence, member, charter, core.now_ms)
    is_member = counts_as_member(core, member)
    return trust.judge(evidence, member, charter, is_member=is_member, account=account)


def reliability(core: Core, member: MemberId) -> float:
    """How likely it is that it goes as agreed with a member, seen from here. Spec: §12.6."""
    evidence = book_of(core).evidence()
    return reliability_of(evidence, member, core.me, core.distance, core.now_ms)


def counts_as_member(core: Core, member: MemberId) -> bool:
    """Whether seats or certificates held here prove that it is a member.

    The seats of people beyond one's friends do not travel here. But only edges that
    both ends attest as joining two members carry farther than circle 1 (spec §7.2).
    """
    distance = core.distance(member)
    return core.is_member(member) or (distance is not None and distance >= 2)


def shares(core: Core, member: MemberId) -> bool:
    """Whether a member shares (R5), as far as this node can see."""
    # By origin: browsing asks this for every thing, and a member lists few.
    has_open_listing = any(
        isinstance(record.body, ListingBody)
        and is_open_listing(record.body)
        and core.can_see(record)
        for record in core.registers.of_origin(member)
    )
    return has_open_listing or is_sharing(
        core.charter,
        has_open_listing=False,
        lent_until_minute=book_of(core).evidence().lent_until_minute(member),
        joined_ms=_joined_ms(core, member),
        now_ms=core.now_ms,
    )


def _joined_ms(core: Core, member: MemberId) -> int | None:
    """When a member came, by the first sign of it held here."""
    signs = [
        seat.created_ms
        for seat in core.of_kind(Kind.SEAT)
        if isinstance(seat.body, SeatBody) and seat.body.candidate == member
    ]
    if member == core.me:
        signs += [friend.since_ms for friend in core.friends.values()]
    elif member in core.friends:
        signs.append(core.friends[member].since_ms)
    return min(signs, default=None)


# --- asking ----------------------------------------------------------------------------


def why_cannot_ask(core: Core, listing: Record) -> Refused | None:
    """Why I cannot ask for a thing at all, whatever the dates; None when I can."""
    return Asker(core).why_cannot(listing)


class Asker:
    """What holds for all that I may ask for, found out once; for one look at many things."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def why_cannot(self, listing: Record) -> Refused | None:
        """As ``why_cannot_ask``."""
        core, body = self._core, listing.body
        assert isinstance(body, ListingBody), "only things are asked for"
        if listing.author == core.me:
            return Refused("own-thing", title=body.title)
        if body.thing_kind is ThingKind.WANTED:
            return Refused("wanted-not-lent", name=core.name_of(listing.author))
        if self._why_nothing is not None:
            return self._why_nothing
        path = core.path_from(listing.author, body.through)
        if path is None:
            return Refused("unknown-thing", thing=listing.object.hex())
        return self._why_not_so_far(len(path) - 1)

    def _why_not_so_far(self, circle: int) -> Refused | None:
        gap = _gap(self._core, self._judgement, circle)
        if gap is None:
            return None if circle == 1 or self._is_reliable else Refused("unreliable")
        if gap.missing is None:
            return Refused("circle-shut", circle=circle)
        return Refused(
            "circle-closed", circle=circle, circles_open=gap.circles_open, missing=gap.missing
        )

    @cached_property
    def _why_nothing(self) -> Refused | None:
        core = self._core
        if not counts_as_member(core, core.me):
            return Refused("second-seat-missing", seats=core.charter.seats)
        return None if shares(core, core.me) else Refused("nothing-shared")

    @cached_property
    def _judgement(self) -> Judgement:
        return judge(self._core, self._core.me)

    @cached_property
    def _is_reliable(self) -> bool:
        return is_reliable(self._core.charter, reliability(self._core, self._core.me))


@dataclass(frozen=True, slots=True)
class _Gap:
    """A circle that is shut for a member, and what opens it."""

    circles_open: int
    missing: int | None


def _gap(core: Core, judgement: Judgement, distance: int) -> _Gap | None:
    if judgement.circles_open >= distance:
        return None
    missing = missing_for(core.charter, judgement.confiance, distance)
    return _Gap(judgement.circles_open, missing)


def why_not_answerable(core: Core, loan: LoanState) -> Refused | None:
    """Why this request is not to be answered or passed on yet, by my own evidence.

    The borrower's friend vouches that the borrower shares; it alone sees all that
    the borrower shows to friends.

    Spec: §11.3.
    """
    if loan.path[1] == core.me and not shares(core, loan.borrower):
        return Refused("borrower-shares-nothing", name=core.name_of(loan.borrower))
    circle = len(loan.path) - 1
    gap = _gap(core, judge(core, loan.borrower), circle)
    name = core.name_of(loan.borrower)
    if gap is None:
        if circle == 1 or is_reliable(core.charter, reliability(core, loan.borrower)):
            return None
        return Refused("borrower-unreliable", name=name)
    if gap.circles_open == 0:
        return Refused("borrower-second-seat-missing", name=name, seats=core.charter.seats)
    if gap.missing is None:
        return Refused("borrower-circle-shut", name=name, circle=circle)
    return Refused("borrower-circle-closed", name=name, circle=circle, missing=gap.missing)


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
    """When my thing is promised or out: to members, and on paper."""
    spans = [
        loan.dates
        for loan in book_of(core).lent_by_me(thing)
        if loan.state in _BLOCKING and loan.loan != without
    ]
    return sorted(spans + [(p.from_minute, p.to_minute) for p in paper.out_of(core, thing)])


def busy_intervals(core: Core, thing: ObjectId) -> tuple[tuple[int, int], ...]:
    """The calendar of my thing: the dates of its agreed and open loans, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for start, end in _taken_spans(core, thing):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
