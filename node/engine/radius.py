"""Who may borrow beyond circle 1 yet, and how much at once, as far as this node can see.

The borrower's own node asks before it sends. Those on the path ask again, each by what it
holds: when the borrower came is known to its friends, and of its other loans one sees those
one has a part in. What does not hold yet waits.

Pure: must not import anything that acts.

Spec: §11.3, §12.9.
"""

from __future__ import annotations

from node.engine.capacity import why_no_unit
from node.engine.core import Core
from node.engine.forgotten import why_not_promise
from node.engine.loan_book import book_of
from node.engine.loan_steps import dates_asked
from node.trust.radius import OpenLoan, first_loans_missing, has_room, loans_that_went_well
from protocol.bodies import Kind, SeatBody
from protocol.errors import Refused
from protocol.exchange import LoanState, State
from protocol.keys import MemberId, ObjectId


def joined_ms(core: Core, member: MemberId) -> int | None:
    """When a member came, by the first sign of it held here. Spec: §12.5."""
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


def missing_first_loans(core: Core, member: MemberId) -> int:
    """Loans from friends that a newcomer still lacks, seen from here."""
    if not core.charter.first_loans_from_friends:
        return 0
    return first_loans_missing(
        core.charter,
        went_well=loans_that_went_well(book_of(core).evidence(), member),
        joined_ms=joined_ms(core, member),
        members=_members_known(core),
        now_ms=core.now_ms,
    )


def has_room_beyond(
    core: Core, borrower: MemberId, dates: tuple[int, int], *, without: ObjectId | None = None
) -> bool:
    """Whether a borrower may have one loan more beyond circle 1 on these dates, seen from here."""
    others = [
        OpenLoan(*loan.dates, is_out=loan.state is State.HANDED_OVER)
        for loan in book_of(core).states()
        if loan.borrower == borrower
        and loan.loan != without
        and len(loan.path) > 2
        and loan.at(core.now_ms) in (State.AGREED, State.HANDED_OVER)
    ]
    return has_room(core.charter, others, *dates, core.now_ms)


def why_wait(core: Core, loan: LoanState) -> Refused | None:
    """Why a request that may be answered waits all the same.

    No unit is free, one loan is out, or it may have been answered before all was forgotten.
    """
    refusal = why_not_promise(core) or why_no_unit(core, loan)
    if refusal is not None or len(loan.path) <= 2 or loan.contracts:
        return refusal
    if has_room_beyond(core, loan.borrower, dates_asked(core, loan), without=loan.loan):
        return None
    return Refused("borrower-has-one-out", name=core.name_of(loan.borrower))


def _members_known(core: Core) -> int:
    """Members by seats, and those whom two friends attest beyond circle 1. Spec: §12.4."""
    known = dict.fromkeys(core.members)
    known |= dict.fromkeys(core.graph.beyond_friends())
    return len(known)
