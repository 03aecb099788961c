"""Other dates for a loan that is agreed: a little longer, please; could I have it back sooner.

The borrower asks by a request of the next round, the holder by a counter-proposal;
until the holder has signed the new terms the old ones stand. Only the end moves.

Pure: must not import anything that acts. ``local_day`` is the owner's calendar day.

Spec: §11.2, §11.4.
"""

from __future__ import annotations

from dataclasses import replace

from node.engine.booking import check_dates, checked_message, why_taken
from node.engine.calendar import MINUTES_PER_DAY, span_text
from node.engine.commands import AnswerLoan, MoveEnd
from node.engine.core import Core
from node.engine.events import Json
from node.engine.forgotten import why_not_promise
from node.engine.loan_book import book_of
from node.engine.loan_lookup import not_now, party_of, result
from node.engine.loan_steps import agree, dates_asked, request, say, seal_text
from protocol.bodies import CounterBody, DeclineBody, Kind, step_object
from protocol.errors import Refused
from protocol.exchange import ROUNDS_MAX, LoanState, State


def move_end(core: Core, command: MoveEnd, local_day: int) -> Json:
    """``extend`` and ``recall``: ask the other party for another last day."""
    loan = party_of(core, command.loan)
    state = loan.at(core.now_ms)
    if state not in (State.AGREED, State.HANDED_OVER):
        raise not_now(loan, state)
    text = checked_message(command.message)
    refusal = why_not_propose(core, loan) or why_not_promise(core)
    if refusal is not None:
        raise refusal
    start, end = loan.dates[0], command.to_minute
    _check_end(core, loan, end, local_day)
    if loan.holder == core.me:
        refusal = why_taken(core, loan, start, end)
        if refusal is not None:
            raise refusal
        sealed = seal_text(core, loan.loan, loan.borrower, text)
        say(core, CounterBody(loan.loan, loan.path, loan.round, start, end, sealed), text)
    else:
        _ask(core, loan, (start, end), text)
    return result(core, loan.loan)


def why_not_propose(core: Core, loan: LoanState) -> Refused | None:
    """Why no other dates can be put on the table by us now; the loan is under way."""
    if loan.proposal_at(core.now_ms) is not None:
        return Refused("other-dates-wait", loan=loan.loan.hex())
    if loan.round + 1 >= ROUNDS_MAX:
        return Refused("too-many-rounds", maximum=ROUNDS_MAX)
    counter = step_object(Kind.COUNTER, loan.loan, loan.round)
    if loan.holder == core.me and book_of(core).has_step(loan.loan, core.me, counter):
        # A second one would stand in the place of the first, and nobody else would take it.
        return Refused("other-dates-said", name=core.name_of(loan.borrower))
    return None


def _check_end(core: Core, loan: LoanState, end: int, local_day: int) -> None:
    start = loan.dates[0]
    if end == loan.dates[1]:
        raise Refused("dates-as-agreed")
    # It may have begun long ago; what counts is that it does not end in the past.
    check_dates(core, start, end, min(local_day, start // MINUTES_PER_DAY))
    if end <= local_day * MINUTES_PER_DAY:
        past = span_text(start, end)
        raise Refused("dates-past", start=past[0], end=past[1])


def _ask(core: Core, loan: LoanState, dates: tuple[int, int], text: str) -> None:
    terms = replace(loan.terms, round=loan.round + 1, from_minute=dates[0], to_minute=dates[1])
    sealed = seal_text(core, loan.loan, loan.holder, text)
    say(core, request(core, terms, loan.path, sealed), text)


def answer(core: Core, loan: LoanState, command: AnswerLoan, text: str) -> None:
    """``answer`` to other dates: yes or no by who did not propose them."""
    proposal = loan.proposal_at(core.now_ms)
    assert proposal is not None, "the caller has looked"
    is_holder = loan.holder == core.me
    if is_holder == (proposal.terms is None):
        raise Refused("not-your-turn", loan=loan.loan.hex(), state=loan.state.value)
    other = loan.borrower if is_holder else loan.holder
    if command.answer == "counter":
        raise Refused("answer-yes-or-no")
    if command.answer == "no":
        sealed = seal_text(core, loan.loan, other, text)
        say(core, DeclineBody(loan.loan, loan.path, loan.round, sealed), text)
        return
    dates = dates_asked(core, loan)
    refusal = why_not_promise(core) or (why_taken(core, loan, *dates) if is_holder else None)
    if refusal is not None:
        raise refusal
    if not is_holder:
        _ask(core, loan, dates, text)
        return
    agree(core, loan, seal_text(core, loan.loan, other, text), text)
