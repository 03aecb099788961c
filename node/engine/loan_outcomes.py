"""What the owner says about a loan under way: handed over, back, lost, damaged, how it was.

Each checks everything before it says anything: a refusal leaves the state as it was.
Forgotten steps do no harm: who says that a thing is back says with it that it was out.

Pure: must not import anything that acts. ``local_day`` is the owner's calendar day.

Spec: §11.2, §11.5, §11.7.
"""

from __future__ import annotations

from node.engine import mediations, paper, ratings, things
from node.engine.booking import checked_message, my_listing, why_on_paper
from node.engine.calendar import MINUTES_PER_DAY
from node.engine.commands import GiveBack, HandOver, LendTo, Rate, Repaired, Report
from node.engine.core import Core
from node.engine.events import Json
from node.engine.ids import resolve_thing
from node.engine.loan_book import book_of
from node.engine.loan_lookup import not_now, party_of, result
from node.engine.loan_steps import say, seal_text, thing_of, write_calendar
from protocol import limits
from protocol.bodies import (
    Event,
    HandoverBody,
    Kind,
    ListingBody,
    ReportBody,
    ReturnBody,
    ThingKind,
    step_object,
)
from protocol.errors import Refused
from protocol.exchange import LoanState, State
from protocol.keys import ObjectId

_PAPER_DAYS = 14
# Things that never change hands: their return says that they were handed over.
_WITHOUT_HANDOVER = (ThingKind.SPOT, ThingKind.COPY)


def hand_over(core: Core, command: HandOver, local_day: int) -> Json:
    """``handover``: either party says that the thing changed hands."""
    loan = party_of(core, command.loan)
    _check_step(core, loan, Kind.HANDOVER, (State.AGREED, State.HANDED_OVER))
    say(core, HandoverBody(loan.loan, loan.path))
    return result(core, loan.loan)


def give_back(core: Core, command: GiveBack, local_day: int) -> Json:
    """``return``: either party says that the thing is back, or that it was used.

    From its first day on also without a hand-over: one of two forgot to say so.
    """
    on_paper = paper.find(core, command.loan)
    if on_paper is not None:
        return _take_back(core, on_paper)
    loan = party_of(core, command.loan)
    states: tuple[State, ...] = (State.HANDED_OVER, State.RETURNED)
    if may_return_unsaid(core, loan, local_day):
        states = (State.AGREED, *states)
    if loan.holder == core.me:
        states = (*states, State.LOST)
    _check_step(core, loan, Kind.RETURN, states)
    if loan.state is State.AGREED:
        say(core, HandoverBody(loan.loan, loan.path))
    say(core, ReturnBody(loan.loan, loan.path))
    return result(core, loan.loan)


def may_return_unsaid(core: Core, loan: LoanState, local_day: int) -> bool:
    """Whether an agreed loan can be over although nobody said that it began."""
    has_begun = loan.dates[0] < (local_day + 1) * MINUTES_PER_DAY
    return has_begun or thing_of(core, loan).kind in _WITHOUT_HANDOVER


def report(core: Core, command: Report, local_day: int) -> Json:
    """``report``: a thing is lost, damaged, or the borrower's for good.

    Who says so of a thing of their own takes it from the shelf: it cannot be lent again.
    """
    loan = party_of(core, command.loan)
    text = checked_message(command.message)
    why = why_cannot_report(core, loan, command.event)
    if why is not None:
        raise why
    is_holder = loan.holder == core.me
    other = loan.borrower if is_holder else loan.holder
    sealed = seal_text(core, loan.loan, other, text)
    say(core, ReportBody(loan.loan, loan.path, command.event, sealed), text)
    if is_holder and command.event is not Event.DAMAGED and my_listing(core, loan.terms.thing):
        things.take_off(core, loan.terms.thing)
    return result(core, loan.loan)


def why_cannot_report(core: Core, loan: LoanState, event: Event) -> Refused | None:
    """Why I cannot say this of the thing; None when I can."""
    loan_hex, is_holder = loan.loan.hex(), loan.holder == core.me
    if thing_of(core, loan).kind is ThingKind.COPY:
        return Refused("nothing-went-out", loan=loan_hex)
    if event is Event.GIFT and not is_holder:
        return Refused("only-for-holder", loan=loan_hex)
    has_step = book_of(core).has_step
    if has_step(loan.loan, core.me, step_object(Kind.REPORT, loan.loan, event.value)):
        return Refused("said-already", loan=loan_hex, state=loan.state.value)
    if ratings.is_window_over(core, loan):
        return Refused("rating-window-over", loan=loan_hex)
    states: tuple[State, ...] = (State.HANDED_OVER,)
    if event is Event.DAMAGED:
        states = (*states, State.RETURNED)
    elif event is Event.LOST and is_holder:
        # The borrower says that it is back, and it is not here.
        said_back = has_step(loan.loan, core.me, step_object(Kind.RETURN, loan.loan))
        states = states if said_back else (*states, State.RETURNED)
    return None if loan.state in states else not_now(loan, loan.at(core.now_ms))


def rate(core: Core, command: Rate, local_day: int) -> Json:
    """``rate``: commit to a rating; it is shown when the other party has rated too."""
    loan = party_of(core, command.loan)
    refusal = ratings.why_cannot_rate(core, loan)
    if refusal is not None:
        raise refusal
    mediator = mediations.chosen(core, loan, command.fault, command.mediator)
    text = checked_message(command.message)
    ratings.commit(core, loan, command.confiance, command.respect, command.fault)
    if mediator is not None:
        said = f"{ratings.FAULT_WORDS[command.fault]}\n{text}"
        mediations.ask(core, loan, loan.contracts[-1], mediator, said)
    return result(core, loan.loan)


def repaired(core: Core, command: Repaired, local_day: int) -> Json:
    """``repaired``: what I rated 0 was made good since."""
    loan = party_of(core, command.loan)
    refusal = ratings.why_cannot_repair(core, loan)
    if refusal is not None:
        raise refusal
    ratings.repair(core, loan)
    return result(core, loan.loan)


def _check_step(core: Core, loan: LoanState, kind: Kind, states: tuple[State, ...]) -> None:
    """Whether I can say this now; a party may confirm what the other has said."""
    if book_of(core).has_step(loan.loan, core.me, step_object(kind, loan.loan)):
        raise Refused("said-already", loan=loan.loan.hex(), state=loan.state.value)
    if loan.state not in states:
        raise not_now(loan, loan.at(core.now_ms))


# --- on paper --------------------------------------------------------------------------


def lend_to(core: Core, command: LendTo, local_day: int) -> Json:
    """``lend-to``: write down what somebody without a node has."""
    listing = resolve_thing(core, command.thing)
    body = listing.body
    assert isinstance(body, ListingBody), "only things are lent"
    if listing.author != core.me:
        raise Refused("not-your-thing", thing=command.thing)
    name = _checked_name(command.name)
    start, end = command.from_minute, command.to_minute
    if start is None or end is None:
        start = local_day * MINUTES_PER_DAY
        end = start + _PAPER_DAYS * MINUTES_PER_DAY
    refusal = why_on_paper(core, listing.object, start, end)
    if refusal is not None:
        raise refusal
    loan = paper.PaperLoan(
        ObjectId(core.draw("loan", 16)), listing.object, body.title, name,
        start, end, core.now_ms,
    )  # fmt: skip
    paper.write_down(core, loan)
    write_calendar(core, listing.object)
    return {"loan": loan.loan.hex(), "state": State.HANDED_OVER.value}


def _checked_name(text: str) -> str:
    name = " ".join(text.encode(errors="replace").decode().split())
    if not name:
        raise Refused("name-missing")
    if len(name.encode()) > limits.NAME_SIZE_MAX_BYTES:
        raise Refused("name-too-long", size=len(name.encode()), maximum=limits.NAME_SIZE_MAX_BYTES)
    return name


def _take_back(core: Core, loan: paper.PaperLoan) -> Json:
    if loan.is_back:
        raise Refused("said-already", loan=loan.loan.hex(), state=State.RETURNED.value)
    paper.take_back(core, loan)
    write_calendar(core, loan.thing)
    return {"loan": loan.loan.hex(), "state": State.RETURNED.value}
