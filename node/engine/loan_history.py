"""When a loan last changed, and who changed it: for agendas and notices.

Pure: must not import anything that acts.

Spec: §11.2.
"""

from __future__ import annotations

from typing import Final

from node.engine.core import Core
from node.engine.loan_book import book_of
from protocol.bodies import CounterBody, Kind
from protocol.exchange import LoanState, State
from protocol.keys import MemberId

_MADE_BY: Final = {
    State.COUNTERED: Kind.COUNTER,
    State.AGREED: Kind.AGREEMENT,
    State.DECLINED: Kind.DECLINE,
    State.HANDED_OVER: Kind.HANDOVER,
    State.RETURNED: Kind.RETURN,
    State.LOST: Kind.REPORT,
    State.KEPT: Kind.REPORT,
}


def changed_ms(core: Core, loan: LoanState) -> int:
    """When the latest step was written, by its author's clock."""
    steps = book_of(core).steps_of(loan.loan)
    return max((step.created_ms for step in steps), default=loan.asked_ms)


def changed_by(core: Core, loan: LoanState, state: State) -> MemberId | None:
    """Whose step made the state it is in; None when nobody's did (it expired, it waits)."""
    if loan.ended_by is not None:
        return loan.ended_by
    kind = _MADE_BY.get(state)
    authors = [s.author for s in book_of(core).steps_of(loan.loan) if s.kind is kind]
    return authors[-1] if authors else None


def agreed_by(core: Core, loan: LoanState) -> MemberId | None:
    """Who said yes to the dates agreed on last; None while nothing is agreed.

    The holder signs last even then (spec §11.2), so authorship does not tell: dates that the
    holder had proposed were accepted by the borrower.
    """
    if not loan.contracts:
        return None
    terms = loan.contracts[-1].terms
    accepted = (terms.round - 1, terms.from_minute, terms.to_minute)
    for step in book_of(core).steps_of(loan.loan):
        body = step.body
        if isinstance(body, CounterBody) and accepted == (
            body.round, body.from_minute, body.to_minute,
        ):  # fmt: skip
            return loan.borrower
    return loan.holder
