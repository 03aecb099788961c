"""What the owner says about loans: one function per command.

Each checks everything before it says anything: a refusal leaves the state as it
was. The steps themselves are signed in ``loan_steps``; what follows from them by
itself (calendar, ratings shown) is in ``loans``.

Pure: must not import anything that acts. ``local_day`` is the owner's calendar day.

Spec: §11.3, §11.5.
"""

from __future__ import annotations

from node.engine import ids, ratings
from node.engine.asking import (
    busy_intervals,
    check_dates,
    check_free,
    checked_message,
    why_cannot_ask,
    why_not_answerable,
    why_taken,
)
from node.engine.calendar import MINUTES_PER_DAY, span_text
from node.engine.commands import (
    AnswerLoan,
    Ask,
    CancelLoan,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
)
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from node.engine.loan_steps import (
    agree,
    is_set_aside,
    pass_on,
    request,
    say,
    seal_text,
    set_aside,
    thing_of,
)
from protocol import limits
from protocol.bodies import (
    CancelBody,
    CounterBody,
    DeclineBody,
    HandoverBody,
    Kind,
    ListingBody,
    ReturnBody,
    Terms,
    ThingKind,
    step_object,
)
from protocol.errors import Refused
from protocol.exchange import ROUNDS_MAX, LoanState, Role, State, role_on
from protocol.keys import ObjectId

# Things that never change hands: their return says that they were handed over.
_WITHOUT_HANDOVER = (ThingKind.SPOT, ThingKind.COPY)


# --- asking and answering --------------------------------------------------------------


def ask(core: Core, command: Ask, local_day: int) -> Json:
    """``ask``: sign terms and send them back along the path the thing came by."""
    listing = ids.resolve_thing(core, command.thing)
    refusal = why_cannot_ask(core, listing)
    if refusal is not None:
        raise refusal
    body = listing.body
    assert isinstance(body, ListingBody), "only things are asked for"
    assert core.house is not None, "a thing that is seen belongs to a house"
    check_dates(core, command.from_minute, command.to_minute, local_day)
    check_free(body, command.from_minute, command.to_minute)
    text = checked_message(command.message)
    _check_open_requests(core, listing.object, command)
    path = core.path_from(listing.author, body.through)
    assert path is not None, "what can be asked for has a path"
    loan = ObjectId(core.draw("loan", 16))
    terms = Terms(
        house=core.house,
        loan=loan,
        thing=listing.object,
        holder=listing.author,
        borrower=core.me,
        round=0,
        from_minute=command.from_minute,
        to_minute=command.to_minute,
    )
    sealed = seal_text(core, loan, listing.author, text)
    asked = request(core, terms, tuple(reversed(path)), sealed)
    say(core, asked, text)
    return _result(core, loan)


def _check_open_requests(core: Core, thing: ObjectId, command: Ask) -> None:
    waiting = book_of(core).open_requests_of(core.me)
    for loan in waiting:
        start, end = loan.dates
        if loan.terms.thing == thing and start < command.to_minute and command.from_minute < end:
            raise Refused("asked-already", loan=loan.loan.hex())
    if len(waiting) >= core.charter.open_requests_max:
        raise Refused("too-many-requests", maximum=core.charter.open_requests_max)


def answer(core: Core, command: AnswerLoan, local_day: int) -> Json:
    """``answer``: the holder to a request, the borrower to a counter-proposal."""
    loan = _loan(core, command.loan)
    if command.answer not in ("yes", "no", "counter"):
        raise Refused("not-an-answer", answer=command.answer)
    text = checked_message(command.message)
    role, state = role_on(loan.path, core.me), loan.at(core.now_ms)
    if role is Role.HOLDER and state is State.ASKED:
        _answer_as_holder(core, loan, command, text, local_day)
    elif role is Role.BORROWER and state is State.COUNTERED:
        _answer_as_borrower(core, loan, command, text, local_day)
    elif role is Role.BETWEEN:
        raise Refused("only-for-parties", loan=loan.loan.hex())
    elif state in (State.ASKED, State.COUNTERED):
        raise Refused("not-your-turn", loan=loan.loan.hex(), state=state.value)
    else:
        raise _not_now(loan, state)
    return _result(core, loan.loan)


def _answer_as_holder(
    core: Core, loan: LoanState, command: AnswerLoan, text: str, local_day: int
) -> None:
    number = loan.terms.round
    if command.answer == "no":
        sealed = seal_text(core, loan.loan, loan.borrower, text)
        say(core, DeclineBody(loan.loan, loan.path, number, sealed), text)
        return
    refusal = why_not_answerable(core, loan)
    if refusal is not None:
        raise refusal
    start, end = loan.dates if command.answer == "yes" else _new_dates(core, command, local_day)
    if end <= local_day * MINUTES_PER_DAY:
        past = span_text(start, end)
        raise Refused("dates-past", start=past[0], end=past[1])
    refusal = why_taken(core, loan, start, end)
    if refusal is not None:
        raise refusal
    if command.answer == "yes":
        if len(busy_intervals(core, loan.terms.thing)) >= limits.BUSY_INTERVALS_MAX:
            raise Refused("calendar-full", maximum=limits.BUSY_INTERVALS_MAX)
        sealed = seal_text(core, loan.loan, loan.borrower, text)
        agree(core, loan, sealed, text)
        return
    if number + 1 >= ROUNDS_MAX:
        raise Refused("too-many-rounds", maximum=ROUNDS_MAX)
    sealed = seal_text(core, loan.loan, loan.borrower, text)
    say(core, CounterBody(loan.loan, loan.path, number, start, end, sealed), text)


def _answer_as_borrower(
    core: Core, loan: LoanState, command: AnswerLoan, text: str, local_day: int
) -> None:
    if command.answer == "no":
        sealed = seal_text(core, loan.loan, loan.holder, text)
        say(core, CancelBody(loan.loan, loan.path, sealed), text)
        return
    start, end = loan.dates if command.answer == "yes" else _new_dates(core, command, local_day)
    before = loan.terms
    terms = Terms(
        house=before.house,
        loan=before.loan,
        thing=before.thing,
        holder=before.holder,
        borrower=before.borrower,
        round=before.round + 1,
        from_minute=start,
        to_minute=end,
    )
    sealed = seal_text(core, loan.loan, loan.holder, text)
    say(core, request(core, terms, loan.path, sealed), text)


def _new_dates(core: Core, command: AnswerLoan, local_day: int) -> tuple[int, int]:
    if command.from_minute is None or command.to_minute is None:
        raise Refused("dates-incomplete")
    check_dates(core, command.from_minute, command.to_minute, local_day)
    return command.from_minute, command.to_minute


def recommend(core: Core, command: Recommend, local_day: int) -> Json:
    """``recommend``: a go-between passes a request on, or says "not now" to nobody."""
    loan = _loan(core, command.loan)
    if role_on(loan.path, core.me) is not Role.BETWEEN:
        raise Refused("only-for-between", loan=loan.loan.hex())
    state = loan.at(core.now_ms)
    if core.me in dict(loan.passed):
        raise Refused("passed-on-already", loan=loan.loan.hex())
    if state is not State.ASKED:
        raise _not_now(loan, state)
    if not command.yes:
        set_aside(core, loan.loan, aside=True)
        return _result(core, loan.loan)
    refusal = why_not_answerable(core, loan)
    if refusal is not None:
        raise refusal
    if is_set_aside(core, loan.loan):
        set_aside(core, loan.loan, aside=False)
    pass_on(core, loan, recommends=True)
    return _result(core, loan.loan)


# --- lending ---------------------------------------------------------------------------


def hand_over(core: Core, command: HandOver, local_day: int) -> Json:
    """``handover``: either party says that the thing changed hands."""
    loan = _as_party(core, command.loan)
    _check_step(core, loan, Kind.HANDOVER, (State.AGREED, State.HANDED_OVER))
    say(core, HandoverBody(loan.loan, loan.path))
    return _result(core, loan.loan)


def give_back(core: Core, command: GiveBack, local_day: int) -> Json:
    """``return``: either party says that the thing is back, or that it was used."""
    loan = _as_party(core, command.loan)
    states: tuple[State, ...] = (State.HANDED_OVER, State.RETURNED)
    if thing_of(core, loan)[1] in _WITHOUT_HANDOVER:
        states = (State.AGREED, *states)
    _check_step(core, loan, Kind.RETURN, states)
    if loan.state is State.AGREED:
        say(core, HandoverBody(loan.loan, loan.path))
    say(core, ReturnBody(loan.loan, loan.path))
    return _result(core, loan.loan)


def cancel(core: Core, command: CancelLoan, local_day: int) -> Json:
    """``cancel``: withdraw a request, a proposal or what was agreed, before hand-over."""
    loan = _as_party(core, command.loan)
    text = checked_message(command.message)
    state = loan.at(core.now_ms)
    if state not in (State.ASKED, State.COUNTERED, State.AGREED):
        raise _not_now(loan, state)
    is_holder = loan.holder == core.me
    other = loan.borrower if is_holder else loan.holder
    sealed = seal_text(core, loan.loan, other, text)
    body: CancelBody | DeclineBody = CancelBody(loan.loan, loan.path, sealed)
    if is_holder and state is State.ASKED:
        body = DeclineBody(loan.loan, loan.path, loan.terms.round, sealed)
    say(core, body, text)
    return _result(core, loan.loan)


def rate(core: Core, command: Rate, local_day: int) -> Json:
    """``rate``: commit to a rating; it is shown when the other party has rated too."""
    loan = _as_party(core, command.loan)
    refusal = ratings.why_cannot_rate(core, loan)
    if refusal is not None:
        raise refusal
    ratings.commit(core, loan, command.confiance, command.respect)
    return _result(core, loan.loan)


# --- shared ----------------------------------------------------------------------------


def _loan(core: Core, text: str) -> LoanState:
    loan = book_of(core).state_of(ids.resolve_loan(core, text))
    if loan is None:
        # A later round came before the first: the loan has not arrived yet.
        raise Refused("unknown-loan", loan=text)
    return loan


def _as_party(core: Core, text: str) -> LoanState:
    loan = _loan(core, text)
    if role_on(loan.path, core.me) is Role.BETWEEN:
        raise Refused("only-for-parties", loan=loan.loan.hex())
    return loan


def _check_step(core: Core, loan: LoanState, kind: Kind, states: tuple[State, ...]) -> None:
    """Whether I can say this now; a party may confirm what the other has said."""
    if book_of(core).has_step(loan.loan, core.me, step_object(kind, loan.loan)):
        raise Refused("said-already", loan=loan.loan.hex(), state=loan.state.value)
    if loan.state not in states:
        raise _not_now(loan, loan.at(core.now_ms))


def _not_now(loan: LoanState, state: State) -> Refused:
    """The refusal for a step that this state does not allow."""
    if state is State.RETURNED or state.is_open:
        return Refused("not-in-this-state", loan=loan.loan.hex(), state=state.value)
    return Refused("loan-closed", loan=loan.loan.hex(), state=state.value)


def _result(core: Core, loan_id: ObjectId) -> Json:
    loan = book_of(core).state_of(loan_id)
    assert loan is not None, "the loan was just spoken about"
    return {"loan": loan_id.hex(), "state": loan.at(core.now_ms).value}
