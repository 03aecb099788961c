"""Asking, answering and passing on: one function per command of the owner.

Each checks everything before it says anything: a refusal leaves the state as it
was. The steps themselves are signed in ``loan_steps``; what follows from them by
itself (calendar, ratings shown) is in ``loans``; what is said of a loan under way
is in ``loan_outcomes``, other dates for it in ``loan_dates``.

Pure: must not import anything that acts. ``local_day`` is the owner's calendar day.

Spec: §11.3, §11.4.
"""

from __future__ import annotations

from dataclasses import replace

from node.engine import ids, loan_dates, offers, other_ways
from node.engine.asking import Asker, way_through, why_cannot_ask, why_not_answerable
from node.engine.booking import (
    busy_intervals,
    check_dates,
    check_fits,
    check_free,
    checked_message,
    was_asked_after,
    why_taken,
)
from node.engine.calendar import MINUTES_PER_DAY, span_text
from node.engine.commands import AnswerLoan, Ask, CancelLoan, Recommend
from node.engine.core import Core
from node.engine.events import Json
from node.engine.forgotten import why_not_promise
from node.engine.loan_book import book_of
from node.engine.loan_links import former_neighbour
from node.engine.loan_lookup import loan_of, not_now, party_of, result
from node.engine.loan_steps import (
    agree,
    is_set_aside,
    pass_on,
    request,
    say,
    seal_text,
    set_aside,
)
from node.engine.radius import has_room_beyond, why_wait
from protocol import limits
from protocol.bodies import CancelBody, CounterBody, DeclineBody, ListingBody, Terms
from protocol.circles import Path
from protocol.errors import Refused
from protocol.exchange import ROUNDS_MAX, LoanState, Role, State, role_on
from protocol.keys import ObjectId
from protocol.records import Record

# --- asking and answering --------------------------------------------------------------


def ask(core: Core, command: Ask, local_day: int) -> Json:
    """``ask``: sign terms and send them back along the path the thing came by."""
    listing = ids.resolve_thing(core, command.thing)
    path = _path_to_ask_by(core, listing, command.via)
    refusal = why_cannot_ask(core, listing, path, on_word=command.on_word)
    if refusal is not None:
        raise refusal
    body = listing.body
    assert isinstance(body, ListingBody), "only things are asked for"
    assert core.house is not None, "a thing that is seen belongs to a house"
    check_dates(
        core,
        command.from_minute,
        command.to_minute,
        local_day,
        has_happened=command.has_happened,
    )
    if not command.has_happened:
        check_fits(body, command.from_minute, command.to_minute)
    if not command.queue and not command.has_happened:
        check_free(body, command.from_minute, command.to_minute)
    assert path is not None, "what can be asked for has a path"
    if len(path) > 2:
        _check_room(core, (command.from_minute, command.to_minute))
    text = checked_message(command.message)
    _check_open_requests(core, listing.object, command)
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
    if command.other_ways and not command.has_happened:
        other_ways.allow(core, loan, asked.path, on_word=command.on_word)
    say(core, asked, text)
    return result(core, loan)


def _check_room(core: Core, dates: tuple[int, int], *, without: ObjectId | None = None) -> None:
    """Refuse a loan more beyond friends while as many are open as the charter says."""
    if not has_room_beyond(core, core.me, dates, without=without):
        raise Refused("one-loan-beyond", maximum=core.charter.open_loans_beyond_max)


def _path_to_ask_by(core: Core, listing: Record, via: str | None) -> Path | None:
    """Holder to me, through the friend whom the owner named. Raises Refused."""
    if via is None or listing.author == core.me:
        return Asker(core).way_to(listing)
    friend = ids.resolve_member(core, via)
    path = way_through(core, listing, friend)
    if path is None:
        # The friend may offer a way that was not needed so far, and therefore not proved (spec
        # §7.4): its certificates are asked for, and it can be used when they have come.
        offers.pull_all(core, listing.author)
        raise Refused("no-way-through", name=core.name_of(friend))
    return path


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
    loan = loan_of(core, command.loan)
    if command.answer not in ("yes", "no", "counter"):
        raise Refused("not-an-answer", answer=command.answer)
    text = checked_message(command.message)
    role, state = role_on(loan.path, core.me), loan.at(core.now_ms)
    if role in (Role.HOLDER, Role.BORROWER) and loan.proposal_at(core.now_ms) is not None:
        loan_dates.answer(core, loan, command, text)
    elif role is Role.HOLDER and state is State.ASKED:
        _answer_as_holder(core, loan, command, text, local_day)
    elif role is Role.BORROWER and state is State.COUNTERED:
        _answer_as_borrower(core, loan, command, text, local_day)
    elif role is Role.BETWEEN:
        raise Refused("only-for-parties", loan=loan.loan.hex())
    elif state in (State.ASKED, State.COUNTERED):
        raise Refused("not-your-turn", loan=loan.loan.hex(), state=state.value)
    else:
        raise not_now(loan, state)
    return result(core, loan.loan)


def _answer_as_holder(
    core: Core, loan: LoanState, command: AnswerLoan, text: str, local_day: int
) -> None:
    number = loan.round
    if command.answer == "no":
        sealed = seal_text(core, loan.loan, loan.borrower, text)
        say(core, DeclineBody(loan.loan, loan.path, number, sealed), text)
        return
    refusal = why_not_answerable(core, loan)
    if refusal is None:
        refusal = why_wait(core, loan) if command.answer == "yes" else why_not_promise(core)
    if refusal is not None:
        raise refusal
    start, end = loan.dates if command.answer == "yes" else _new_dates(core, command, local_day)
    if end <= local_day * MINUTES_PER_DAY and not was_asked_after(loan):
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
    former = former_neighbour(core, loan.path)
    if former is not None:
        raise Refused("way-ended", name=core.name_of(former))
    refusal = why_not_promise(core)
    if refusal is not None:
        raise refusal
    start, end = loan.dates if command.answer == "yes" else _new_dates(core, command, local_day)
    if len(loan.path) > 2:
        _check_room(core, (start, end), without=loan.loan)
    terms = replace(loan.terms, round=loan.round + 1, from_minute=start, to_minute=end)
    sealed = seal_text(core, loan.loan, loan.holder, text)
    say(core, request(core, terms, loan.path, sealed), text)


def _new_dates(core: Core, command: AnswerLoan, local_day: int) -> tuple[int, int]:
    if command.from_minute is None or command.to_minute is None:
        raise Refused("dates-incomplete")
    check_dates(core, command.from_minute, command.to_minute, local_day)
    return command.from_minute, command.to_minute


def recommend(core: Core, command: Recommend, local_day: int) -> Json:
    """``recommend``: a go-between passes a request on, or says "not now" to nobody."""
    loan = loan_of(core, command.loan)
    if role_on(loan.path, core.me) is not Role.BETWEEN:
        raise Refused("only-for-between", loan=loan.loan.hex())
    state = loan.at(core.now_ms)
    if core.me in dict(loan.passed):
        raise Refused("passed-on-already", loan=loan.loan.hex())
    if state is not State.ASKED:
        raise not_now(loan, state)
    if not command.yes:
        set_aside(core, loan.loan, aside=True)
        return result(core, loan.loan)
    refusal = why_not_answerable(core, loan) or why_wait(core, loan)
    if refusal is not None:
        raise refusal
    if is_set_aside(core, loan.loan):
        set_aside(core, loan.loan, aside=False)
    pass_on(core, loan, recommends=True)
    return result(core, loan.loan)


def cancel(core: Core, command: CancelLoan, local_day: int) -> Json:
    """``cancel``: withdraw a request, a proposal or what was agreed, before hand-over."""
    loan = party_of(core, command.loan)
    text = checked_message(command.message)
    state = loan.at(core.now_ms)
    if state not in (State.ASKED, State.COUNTERED, State.AGREED):
        raise not_now(loan, state)
    is_holder = loan.holder == core.me
    other = loan.borrower if is_holder else loan.holder
    sealed = seal_text(core, loan.loan, other, text)
    body: CancelBody | DeclineBody = CancelBody(loan.loan, loan.path, sealed)
    if is_holder and state is State.ASKED:
        body = DeclineBody(loan.loan, loan.path, loan.round, sealed)
    say(core, body, text)
    return result(core, loan.loan)
