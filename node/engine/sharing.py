"""What somebody shares, as far as this node sees, and how far they may ask by it.

Of friends, and of the owner, a note is kept of the day on which an open listing of theirs was
last known: a listing that is withdrawn is forgotten sooner than it stops to count. So it is
with what a mediator settled.

Pure: must not import anything that acts.

Spec: §12.5, rule R5.
"""

from __future__ import annotations

from node.engine import validations
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.radius import joined_ms
from node.trust.sharing import circles_by_sharing, is_open_listing, is_sharing, shared_until_ms
from protocol.bodies import (
    Kind,
    ListingBody,
    MediationBody,
    SettlementBody,
    WithdrawalBody,
    register_object,
)
from protocol.exchange import LoanState
from protocol.keys import MemberId
from protocol.records import Record

_DAY_MS = 86_400_000


def note(core: Core, record: Record) -> None:
    """Remember that a friend, or the owner, shared something today: a listing came, or went."""
    member, body = record.author, record.body
    is_sign = isinstance(body, WithdrawalBody) and body.circles >= 1
    if isinstance(body, ListingBody):
        is_sign = is_open_listing(body)
    if not is_sign or core.is_restoring or not (member == core.me or core.is_live_friend(member)):
        return
    _note_today(core, _note(member))


def note_settled(core: Core, record: Record) -> None:
    """Remember that a mediator settled something today: of me, or of whom I asked to.

    The settlement itself is kept for half a year. A word that nobody asked for is none.
    """
    body = record.body
    if not isinstance(body, SettlementBody) or not body.settled or core.is_restoring:
        return
    asked = core.current(body.rater, register_object(Kind.MEDIATION, body.loan))
    if asked is None or not isinstance(asked.body, MediationBody):
        return
    if asked.body.mediator == record.author:
        _note_today(core, _mediated(record.author))


def _note_today(core: Core, name: str) -> None:
    today = core.now_ms // _DAY_MS
    if core.get_local(name) != today:
        core.put_local(name, today, moves_renewals=False)


def shares(core: Core, member: MemberId) -> bool:
    """Whether a member shares (R5), as far as this node can see."""
    return has_open_listing(core, member) or is_sharing(
        has_open_listing=False, until_ms=until_ms(core, member), now_ms=core.now_ms
    )


def circles(core: Core, member: MemberId) -> int:
    """How far a member may ask as far as sharing goes, seen from here."""
    return circles_by_sharing(
        core.charter,
        shares=shares(core, member),
        until_ms=until_ms(core, member),
        now_ms=core.now_ms,
    )


def has_open_listing(core: Core, member: MemberId) -> bool:
    # By origin: browsing asks this for every thing, and a member lists few.
    return any(
        isinstance(record.body, ListingBody)
        and is_open_listing(record.body)
        and core.can_see(record)
        for record in core.registers.of_origin(member)
    )


def until_ms(core: Core, member: MemberId) -> int | None:
    """Until when what somebody shared counts, seen from here."""
    return shared_until_ms(
        core.charter,
        listed_ms=_noted_ms(core, _note(member)),
        lent_until_minute=_lent_until_minute(core, member),
        mediated_ms=_noted_ms(core, _mediated(member)),
        joined_ms=joined_ms(core, member),
        answered_for_by=len(validations.validated_by_friends(core, member)),
    )


def _noted_ms(core: Core, name: str) -> int | None:
    day = core.get_local(name)
    return day * _DAY_MS if isinstance(day, int) else None


def _lent_until_minute(core: Core, member: MemberId) -> int | None:
    """When the last loan ended that they made, or recommended so that it went well."""
    evidence = book_of(core).evidence()
    ends = [
        loan.dates[1]
        for loan in book_of(core).states()
        if loan.over_ms is not None
        and (loan.holder == member or _recommended_well(core, loan, member))
    ]
    rated = evidence.lent_until_minute(member)
    return max(ends if rated is None else [*ends, rated], default=None)


def _recommended_well(core: Core, loan: LoanState, member: MemberId) -> bool:
    if not dict(loan.passed).get(member, False):
        return False
    return any(
        rating.loan == loan.loan and rating.rater == loan.holder and rating.confiance == 1
        for rating in book_of(core).evidence().about(loan.borrower)
    )


def _mediated(member: MemberId) -> str:
    return f"mediated/{member.hex()}"


def _note(member: MemberId) -> str:
    return f"shared/{member.hex()}"
