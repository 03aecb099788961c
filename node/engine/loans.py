"""Loans: the hooks by which the engine lets steps in, reacts to them and passes them on.

Commands are in ``loan_commands``, rules about who may ask in ``asking``, signing and
calendar in ``loan_steps``, ratings in ``ratings``, what the owner sees in
``loan_views``. Everything is derived from records by the ``loan_book``; what this
module does on its own is decided from the derived state, so that doing it again,
after a restart or a repeated step, changes nothing.

Pure: must not import anything that acts.

Spec: §11.
"""

from __future__ import annotations

from node.engine import (
    ledger,
    loan_links,
    other_ways,
    ratings,
    sponsors,
    standing_rules,
    validations,
)
from node.engine.asking import judge, needs_word, why_cannot_ask, why_not_answerable
from node.engine.booking import is_offered_to, why_taken
from node.engine.core import Core
from node.engine.forgotten import why_not_promise
from node.engine.loan_book import LoanBook, book_of
from node.engine.loan_path import are_adjacent
from node.engine.loan_steps import (
    agree,
    dates_asked,
    forget_notes,
    has_passed_round,
    is_asked,
    is_set_aside,
    note_thing,
    pass_on,
    say,
    write_calendar,
)
from node.engine.loan_views import loans_view
from node.engine.radius import why_wait
from protocol import limits
from protocol.bodies import (
    CancelBody,
    CounterBody,
    DeclineBody,
    EntryBody,
    EvidenceBody,
    LoanBody,
    RatedBody,
    RequestBody,
    SettlementBody,
)
from protocol.errors import (
    BadSignature,
    InvalidState,
    NotYours,
    OutOfReach,
    QuotaExceeded,
    Replayed,
)
from protocol.exchange import (
    ROUNDS_MAX,
    LoanState,
    Role,
    State,
    expected_object,
    may_ever,
    role_on,
    said_by,
    step_number,
    terms_of,
)
from protocol.exchange_table import WAITING
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

__all__ = [
    "advance_asked",
    "catch_up",
    "check",
    "judge",
    "loans_view",
    "next_wakeup_ms",
    "on_record",
    "on_wakeup",
    "why_cannot_ask",
]

# A borrower counts its open requests before the answers under way have arrived.
_OPEN_REQUESTS_SLACK = 2
# Requests of people one has never heard of, all through one friend.
WAITING_PER_FRIEND_MAX = 200


# --- letting in ------------------------------------------------------------------------


def check(core: Core, record: Record, sender: MemberId) -> None:
    """Judge a loan step or evidence before it is stored.

    Only what can never become right is refused. A step that does not count in the
    loan's present state is stored all the same: steps may cross, and the state is
    derived from the set of them.

    Raises:
        RemoteProtocolError: refused.

    Spec: §11.1.
    """
    body = record.body
    if isinstance(body, EntryBody):
        ledger.check_entry(core, record, body)
        return
    if isinstance(body, RatedBody):
        ratings.check_evidence(core, record, body)
        return
    assert isinstance(body, LoanBody), "only steps and evidence come here"
    if record.object != expected_object(body):
        raise NotYours("the step stands in the wrong register", section="11.1")
    if not are_adjacent(body.path, core.me, sender):
        raise OutOfReach("the loan's path does not lead from the sender to here", section="11.1")
    role = role_on(body.path, record.author)
    if role is None or not may_ever(said_by(body), role):
        raise NotYours(f"a {body.kind.name.lower()} is not theirs to say", section="11.1")
    is_known = book_of(core).path_of(body.loan) is not None
    charters = core.charters if is_known else (core.charter,)
    if len(body.path) - 1 > max(charter.max_circles for charter in charters):
        raise OutOfReach("the loan's path is longer than the circles", section="11.1")
    if step_number(body) >= ROUNDS_MAX:
        raise QuotaExceeded("the loan has too many rounds", section="11.1")
    _check_lease(core, record, body)
    book = book_of(core)
    if book.has_step(body.loan, record.author, record.object):
        raise Replayed("a step is said once", section="11.1")
    known_path = book.path_of(body.loan)
    if known_path is None:
        _check_quota(core, book, body, sender)
    elif known_path != body.path:
        raise InvalidState("the loan has another path", section="11.1")
    if isinstance(body, RequestBody):
        message = terms_of(record, body).digest()
        if not core.verify_by(body.path[0], message, body.borrower_signature):
            raise BadSignature("the borrower did not sign these terms", section="11.1")


def _check_lease(core: Core, record: Record, body: LoanBody) -> None:
    """The first request says how long the loan is kept; nothing is kept longer."""
    lease_ms = record.not_after_ms - record.created_ms
    # Spec 9.6: what was begun under a former charter goes on by it.
    leases_ms = [charter.steps_lease_ms for charter in core.charters]
    # An answer ends with the request, and its author's clock may be behind the borrower's.
    if lease_ms > max(leases_ms) + limits.CREATED_AHEAD_MAX_MS:
        raise InvalidState("the step is kept for longer than the charter allows", section="11.1")
    if isinstance(body, RequestBody) and body.round == 0 and lease_ms < min(leases_ms):
        raise InvalidState("the loan would be forgotten before its end", section="11.1")


def _check_quota(core: Core, book: LoanBook, body: LoanBody, sender: MemberId) -> None:
    """Bound what one borrower, and one friend, can make this node keep."""
    open_requests = len(book.open_requests_of(body.path[0]))
    if open_requests >= _OPEN_REQUESTS_SLACK * core.charter.open_requests_max:
        raise QuotaExceeded("this borrower has too many open requests", section="11.1")
    if book.waiting_next_to(sender) >= WAITING_PER_FRIEND_MAX:
        raise QuotaExceeded("too many requests wait behind this friend", section="11.1")


def let_go(core: Core, former: MemberId) -> None:
    """I have ended a friendship: what I asked or was asked over it, I take back. Spec: §11.9."""
    for loan in loan_links.unanswered(core, former):
        if loan.holder == core.me and loan.state is State.ASKED:
            _decline(core, loan)
        elif core.me in (loan.holder, loan.borrower):
            say(core, CancelBody(loan.loan, loan.path, b""))


# --- reacting --------------------------------------------------------------------------


def on_record(core: Core, record: Record, sender: MemberId) -> None:
    """Take note of a stored step or evidence, and do what follows from it."""
    book = book_of(core)
    book.note(record)
    if core.is_restoring:
        return
    body = record.body
    if isinstance(body, LoanBody):
        if isinstance(body, RequestBody):
            _decline_if_gone(core, body)
        _advance(core, body.loan)
        if isinstance(body, DeclineBody | CancelBody):
            advance_asked(core)  # a unit may be free again, for what waited for one
    else:
        assert isinstance(body, EvidenceBody), "a loan's records are steps or evidence"
        sponsors.look(core, body.subject(record.author))
        advance_asked(core)


def on_settlement(core: Core, body: SettlementBody) -> None:
    """A mediator has spoken: a rating of mine may have waited for it."""
    if body.rater == core.me:
        _advance(core, body.loan)
        core.deliver("loans")


def on_wakeup(core: Core) -> None:
    """Do what time brings: ratings to show, requests that expire, loans to forget."""
    book = book_of(core)
    if not book.is_looked_through:
        catch_up(core)
    is_due = book.wakeup_ms is not None and book.wakeup_ms <= core.now_ms
    due = [ObjectId(key) for key in book.alarms.take_due(core.now_ms)]
    for loan in due:
        _advance(core, loan)
    advance_asked(core)
    for state in book.asked():
        other_ways.go_if_due(core, state)
    for loan in due:
        book.alarms.set(loan, _wants_a_look_ms(core, loan))
    for loan in book.forget_ended():
        forget_notes(core, loan)
    if is_due:
        core.deliver("loans")


def catch_up(core: Core) -> None:
    """Look at every loan: after a start, and when the past has been read back."""
    book = book_of(core)
    for loan in book.states():
        _advance(core, loan.loan)
    book.is_looked_through = True


def next_wakeup_ms(core: Core) -> int | None:
    """When a rating is to be shown, a request expires or goes elsewhere, a loan is forgotten."""
    book = book_of(core)
    for loan in book.take_untimed():
        book.alarms.set(loan, _wants_a_look_ms(core, loan))
    wakeup_ms = book.alarms.earliest_ms()
    if wakeup_ms is not None and wakeup_ms <= core.now_ms:
        for loan in [ObjectId(key) for key in book.alarms.take_due(core.now_ms)]:
            # It may have been dealt with since; else it is due at once.
            book.alarms.set(loan, _wants_a_look_ms(core, loan))
        wakeup_ms = book.alarms.earliest_ms()
    book.wakeup_ms = wakeup_ms
    return wakeup_ms


def _wants_a_look_ms(core: Core, loan_id: ObjectId) -> int | None:
    """When time alone brings something for this loan."""
    book = book_of(core)
    loan, end_ms = book.state_of(loan_id), book.end_ms(loan_id)
    times = [] if end_ms is None else [end_ms]
    if loan is not None:
        if loan.at(core.now_ms) in WAITING:
            times.append(loan.answer_by_ms)
        proposal = loan.proposal_at(core.now_ms)
        if proposal is not None:
            times.append(proposal.answer_by_ms)
        # May be over already, when the node was off: then it is due at once.
        due = (ratings.due_ms(core, loan), other_ways.due_ms(core, loan))
        times += [due_ms for due_ms in due if due_ms is not None]
    return min(times, default=None)


def advance_asked(core: Core) -> None:
    """New evidence, or time, may let go on what waited for it; no other loan changes by it."""
    for loan in book_of(core).asked():
        _advance(core, loan.loan)


def _advance(core: Core, loan_id: ObjectId) -> None:
    """Say what this node says by itself about a loan; nothing when all is said.

    Each thing said comes back here through ``on_record`` before the call that said it
    returns: whatever follows is decided from the state after it.
    """
    loan = book_of(core).state_of(loan_id)
    if loan is None:
        return
    note_thing(core, loan)
    match role_on(loan.path, core.me):
        case Role.BETWEEN:
            _advance_between(core, loan)
        case Role.HOLDER:
            _advance_as_holder(core, loan)
        case _:
            pass
    if loan.borrower == core.me or loan.holder == core.me:
        ledger.write(core, loan)
    ratings.show_if_due(core, loan)


def _advance_between(core: Core, loan: LoanState) -> None:
    """Pass on a further round of what we passed on, and what a rule of ours or the house says."""
    if not is_asked(core, loan) or has_passed_round(core, loan) or is_set_aside(core, loan.loan):
        return
    recommends = dict(loan.passed).get(core.me)
    if recommends is not None:
        # The unit of an earlier round is free again when that round expired here.
        if (why_not_promise(core) if loan.contracts else why_wait(core, loan)) is None:
            pass_on(core, loan, recommends=recommends)
    elif loan.path[1] == core.me and validations.holds(core, core.me, loan.borrower):
        if _may_go_on(core, loan):
            pass_on(core, loan, recommends=True)
    elif standing_rules.is_never(core, loan):
        return
    elif standing_rules.recommends(core, loan):
        if _may_go_on(core, loan):
            pass_on(core, loan, recommends=True)
    elif _passes_unasked(core, loan):
        pass_on(core, loan, recommends=False)


def _passes_unasked(core: Core, loan: LoanState) -> bool:
    """Whether the charter lets this request go on without its owner's word."""
    if len(loan.path) - 1 > core.charter.pass_on_unasked_circles or needs_word(core, loan):
        return False
    return _may_go_on(core, loan)


def _advance_as_holder(core: Core, loan: LoanState) -> None:
    """Agree to what I proposed; keep the calendar."""
    if is_asked(core, loan) and _is_my_proposal(core, loan):
        if why_taken(core, loan, *dates_asked(core, loan)) is not None:
            _decline(core, loan)
        elif why_not_promise(core) is None and (loan.contracts or _may_go_on(core, loan)):
            agree(core, loan)
    write_calendar(core, loan.terms.thing)


def _may_go_on(core: Core, loan: LoanState) -> bool:
    return why_not_answerable(core, loan) is None and why_wait(core, loan) is None


def _decline_if_gone(core: Core, body: RequestBody) -> None:
    """Answer at once for a thing that is not offered that far (any more)."""
    loan = book_of(core).state_of(body.loan)
    if loan is None or loan.holder != core.me or loan.at(core.now_ms) is not State.ASKED:
        return
    if not is_offered_to(core, loan):
        _decline(core, loan)


def _decline(core: Core, loan: LoanState) -> None:
    body = DeclineBody(loan.loan, loan.path, loan.round, b"")
    say(core, body)


def _is_my_proposal(core: Core, loan: LoanState) -> bool:
    """Whether the borrower asks for exactly what I proposed in the round before."""
    for step in book_of(core).steps_of(loan.loan):
        body = step.body
        if isinstance(body, CounterBody) and step.author == core.me:
            dates = (body.from_minute, body.to_minute)
            if body.round == loan.round - 1 and dates == dates_asked(core, loan):
                return True
    return False
