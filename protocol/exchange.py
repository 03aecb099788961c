"""The exchange: what a set of signed steps says about a loan.

A loan is the set of steps (records of `LOAN_KINDS`) that share one loan id and one
path from borrower to holder. Steps cross each other on the way and arrive in any
order, so nothing here depends on it: `derive` puts the steps into one canonical
order and runs the table `TRANSITIONS` over them. A step that the table does not
allow where it stands is ignored, with its reason. Whoever holds the same steps,
borrower, holder or go-between, has the same loan.

The dates of an agreed loan move by further rounds: the borrower asks for longer, the
holder asks for the thing back sooner. Until the holder has signed the new terms the old
ones stand.

The canonical order settles what can cross: rounds of asking and answering come
first, then hand-over before cancelling (what is physically out is out), so an
agreement that crosses a cancellation ends cancelled, and a cancellation that
crosses a hand-over is ignored. What became of the thing comes before its return, so
that the holder alone says that something lost is back.

No clock: a request's window is measured between the dates in the steps, and `now_ms`
is an argument where the present matters. Must not import anything that acts.

Spec: §11.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

from protocol.bodies import (
    AgreementBody,
    Body,
    CancelBody,
    CommitmentBody,
    CounterBody,
    DeclineBody,
    EntryBody,
    Event,
    EvidenceBody,
    HandoverBody,
    Kind,
    LoanBody,
    MediationBody,
    PassBody,
    RatedBody,
    ReportBody,
    RequestBody,
    ReturnBody,
    Terms,
    register_object,
    step_object,
)
from protocol.exchange_table import (
    ROUNDS_MAX,
    TRANSITIONS,
    WAITING,
    Path,
    Reason,
    Role,
    State,
    diagram,
    may_ever,
    role_on,
)
from protocol.keys import HouseId, MemberId, ObjectId, Signature
from protocol.mandates import Verify
from protocol.records import Record

__all__ = [
    "ROUNDS_MAX",
    "TRANSITIONS",
    "Contract",
    "Ignored",
    "LoanState",
    "Path",
    "Proposal",
    "Reason",
    "Role",
    "State",
    "contract_is_signed",
    "derive",
    "diagram",
    "expected_object",
    "may_ever",
    "role_on",
    "said_by",
    "step_number",
    "terms_of",
]

# The canonical order within a round, and after all rounds.
_ORDER: Final = {
    what: place
    for place, what in enumerate((
        Kind.REQUEST, Kind.PASS, Kind.AGREEMENT, Kind.COUNTER, Kind.DECLINE,
        Kind.HANDOVER, Kind.CANCEL, Event.GIFT, Event.LOST, Event.DAMAGED, Kind.RETURN,
        Kind.COMMITMENT,
    ))
}  # fmt: skip
_AFTER_ALL_ROUNDS: Final = ROUNDS_MAX
_IN_ROUNDS: Final = (
    Kind.REQUEST, Kind.PASS, Kind.AGREEMENT, Kind.COUNTER, Kind.DECLINE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ignored:
    """A step that does not count, and why."""

    record: Record
    reason: Reason


@dataclass(frozen=True, slots=True)
class Contract:
    """Terms that both parties signed."""

    terms: Terms
    borrower_signature: Signature
    holder_signature: Signature


@dataclass(frozen=True, slots=True)
class Proposal:
    """Other dates for an agreed loan, not agreed to yet. Spec: §11.2.

    Args:
        terms: with the dates the borrower asks for; None when the holder asks.
        dates: ``(from_minute, to_minute)``.
        answer_by_ms: when it is no longer on the table.
    """

    terms: Terms | None
    dates: tuple[int, int]
    answer_by_ms: int


@dataclass(frozen=True, slots=True)
class LoanState:
    """What the steps of one loan say.

    Args:
        terms: of the latest contract, or of the latest round asked for while there is none.
        dates: ``(from_minute, to_minute)``: the terms', or the counter-proposal's.
        contracts: the terms agreed on, the latest last; empty before the agreement.
        round: of the latest request that counts.
        proposal: other dates asked for since the agreement.
        asked_ms, ends_ms: when the first request was made, and when its lease ends:
            no step that counts ends earlier, and without it there is no loan.
        answer_by_ms: when an open question expires.
        passed: go-betweens who passed the request on, in the order of the path,
            with whether they recommend the borrower.
        over_ms: the latest word that it is home, lost or a gift; the rating window
            runs from it.
        damaged_by: who says that it was damaged, the borrower first.
        commitments: ``(rater, 32 bytes)``, the borrower's first.
        ended_by: who declined, withdrew or cancelled.
    """

    loan: ObjectId
    path: Path
    state: State
    terms: Terms
    dates: tuple[int, int]
    contracts: tuple[Contract, ...]
    round: int
    proposal: Proposal | None
    borrower_link_key: bytes
    asked_ms: int
    ends_ms: int
    answer_by_ms: int
    passed: tuple[tuple[MemberId, bool], ...]
    over_ms: int | None
    damaged_by: tuple[MemberId, ...]
    commitments: tuple[tuple[MemberId, bytes], ...]
    ended_by: MemberId | None
    ignored: tuple[Ignored, ...]

    @property
    def borrower(self) -> MemberId:
        return self.path[0]

    @property
    def holder(self) -> MemberId:
        return self.path[-1]

    def at(self, now_ms: int) -> State:
        """The state at a moment: an open question expires. Spec: §11.2."""
        if self.state in WAITING and now_ms >= self.answer_by_ms:
            return State.EXPIRED
        return self.state

    def proposal_at(self, now_ms: int) -> Proposal | None:
        """The other dates that wait for an answer at a moment. Spec: §11.2."""
        proposal = self.proposal
        return None if proposal is None or now_ms >= proposal.answer_by_ms else proposal

    def commitment_of(self, rater: MemberId) -> bytes | None:
        return dict(self.commitments).get(rater)


def step_number(body: LoanBody) -> int:
    """The number in the name of a step's register: round, event, or 0. Spec: §5.4."""
    match body:
        case ReportBody():
            return body.event.value
        case CancelBody() | HandoverBody() | ReturnBody() | CommitmentBody():
            return 0
        case _:
            return body.round


def said_by(body: LoanBody) -> Kind | Event:
    """What the table calls a step."""
    return body.event if isinstance(body, ReportBody) else body.kind


def expected_object(body: Body) -> ObjectId | None:
    """The register a step or evidence must stand in; None for others. Spec: §5.4, §11.1."""
    if isinstance(body, EntryBody):
        return register_object(body.kind, body.loan)
    if isinstance(body, RatedBody):
        return register_object(body.kind, body.terms.loan)
    if isinstance(body, LoanBody):
        return step_object(body.kind, body.loan, step_number(body))
    return None


def contract_is_signed(body: EvidenceBody | MediationBody, house: HouseId, verify: Verify) -> bool:
    """Whether both parties signed the contract that evidence stands on. Spec: §11.5, §11.8.

    Args:
        house: the record's, to which terms in the body must belong.
    """
    if isinstance(body, EntryBody):
        holder, borrower, message = body.holder, body.borrower, body.contract_digest(house)
    else:
        terms = body.terms
        holder, borrower, message = terms.holder, terms.borrower, terms.digest()
        if terms.house != house:
            return False
    return (
        borrower != holder
        and verify(borrower, message, body.borrower_signature)
        and verify(holder, message, body.holder_signature)
    )


def derive(
    loan: ObjectId,
    path: Path,
    steps: Iterable[Record],
    verify: Verify,
    *,
    request_window_ms: int,
) -> LoanState | None:
    """What a set of steps says; the same for every order and any repetition.

    Args:
        loan: its id.
        path: borrower .. holder.
        steps: opened records, their own signatures checked; of any loan.
        verify: checks the contract signatures inside.
        request_window_ms: the charter's time to answer.

    Returns:
        The loan, or None while no valid first request is among the steps.

    Spec: §11.2.
    """
    run = _Run(loan, path, verify, request_window_ms)
    distinct = {step.record_id: step for step in steps}
    for step in sorted(distinct.values(), key=_canonical_key):
        reason = run.take(step)
        if reason is not None:
            run.ignored.append(Ignored(step, reason))
    return run.result()


def _canonical_key(step: Record) -> tuple[int, int, int, int, int, bytes]:
    body = step.body
    if not isinstance(body, LoanBody):
        return (_AFTER_ALL_ROUNDS, len(_ORDER), 0, 0, 0, step.record_id)
    in_rounds = body.kind in _IN_ROUNDS
    number = min(step_number(body), ROUNDS_MAX) if in_rounds else _AFTER_ALL_ROUNDS
    place = body.path.index(step.author) if step.author in body.path else len(body.path)
    return (number, _ORDER[said_by(body)], place, step.epoch, step.sequence, step.record_id)


class _Run:
    """The table at work on steps in canonical order."""

    def __init__(self, loan: ObjectId, path: Path, verify: Verify, request_window_ms: int) -> None:
        self.loan = loan
        self.path = path
        self.verify = verify
        self.request_window_ms = request_window_ms
        self.state: State | None = None
        self.request: RequestBody | None = None
        self.terms: Terms | None = None
        self.dates = (0, 0)
        self.contracts: list[Contract] = []
        self.proposal: Proposal | None = None
        self.asked_ms = 0
        self.ends_ms = 0
        self.answer_by_ms = 0
        self.passed: dict[MemberId, bool] = {}
        self.over_ms: int | None = None
        self.damaged_by: dict[MemberId, None] = {}
        self.commitments: dict[MemberId, bytes] = {}
        self.ended_by: MemberId | None = None
        self.said: dict[tuple[MemberId, Kind, int], None] = {}
        self.ignored: list[Ignored] = []

    def take(self, step: Record) -> Reason | None:
        """Let one step count, or give the reason why it does not."""
        body = step.body
        if not isinstance(body, LoanBody) or body.loan != self.loan or body.path != self.path:
            return Reason.OTHER_LOAN
        role = role_on(self.path, step.author)
        what = said_by(body)
        if role is None or not may_ever(what, role):
            return Reason.NOT_THEIR_PART
        said = (step.author, body.kind, step_number(body))
        if said in self.said:
            return Reason.SAID_BEFORE
        after = TRANSITIONS[self.state].get((what, role))
        if after is None:
            return Reason.NOT_NOW
        reason = self._objection(step, body)
        if step.not_after_ms < self.ends_ms:
            # Once it has ended, the loan would be what it was before this step.
            reason = Reason.ENDS_EARLY
        if reason is None:
            self.said[said] = None
            self._apply(step, body, after)
        return reason

    def _objection(self, step: Record, body: LoanBody) -> Reason | None:
        """What only this kind of step has to fulfil."""
        if self.state in WAITING and step.created_ms >= self.answer_by_ms:
            return Reason.TOO_LATE
        match body:
            case RequestBody():
                return self._objection_to_request(step, body)
            case PassBody() | CounterBody() | DeclineBody() | AgreementBody():
                assert self.terms is not None, "the table begins with a request"
                if body.round != self.terms.round:
                    return Reason.WRONG_ROUND
                if self.contracts and not isinstance(body, CounterBody):
                    reason = self._objection_to_answer(step)
                    if reason is not None:
                        return reason
                if isinstance(body, AgreementBody) and not self.verify(
                    self.path[-1], self.terms.digest(), body.holder_signature
                ):
                    return Reason.BAD_SIGNATURE
            case _:
                pass
        return None

    def _objection_to_answer(self, step: Record) -> Reason | None:
        """An answer to other dates for an agreed loan is given by who did not propose them."""
        proposal = self.proposal
        is_of_holder = proposal is not None and proposal.terms is None
        if proposal is None or is_of_holder != (step.author == self.path[0]):
            return Reason.NOT_NOW
        if step.created_ms >= proposal.answer_by_ms:
            return Reason.TOO_LATE
        return None

    def _objection_to_request(self, step: Record, body: RequestBody) -> Reason | None:
        before = self.terms
        if body.round != (0 if before is None else before.round + 1) or body.round >= ROUNDS_MAX:
            return Reason.WRONG_ROUND
        if before is not None and body.thing != before.thing:
            return Reason.OTHER_THING
        message = terms_of(step, body).digest()
        if not self.verify(self.path[0], message, body.borrower_signature):
            return Reason.BAD_SIGNATURE
        return None

    def _apply(self, step: Record, body: LoanBody, after: State) -> None:
        match body:
            case RequestBody():
                if self.request is None:
                    self.asked_ms, self.ends_ms = step.created_ms, step.not_after_ms
                self.request, self.terms = body, terms_of(step, body)
                self._put_on_the_table(step, body, self.terms)
            case PassBody():
                self.passed[step.author] = body.recommends
            case CounterBody():
                self._put_on_the_table(step, body, None)
            case AgreementBody():
                self._agree(body)
            case DeclineBody() if self.contracts:
                self.proposal = None
            case DeclineBody() | CancelBody():
                self.ended_by = step.author
            case HandoverBody():
                pass
            case ReportBody(event=Event.DAMAGED):
                self.damaged_by[step.author] = None
            case ReturnBody() | ReportBody():
                self.over_ms = max(step.created_ms, self.over_ms or 0)
            case CommitmentBody():
                self.commitments[step.author] = body.commitment
                if len(self.commitments) < 2:
                    return
            case _:
                assert_never(body)
        self.state = after

    def _put_on_the_table(
        self, step: Record, body: RequestBody | CounterBody, terms: Terms | None
    ) -> None:
        dates = (body.from_minute, body.to_minute)
        answer_by_ms = step.created_ms + self.request_window_ms
        if self.contracts:
            self.proposal = Proposal(terms, dates, answer_by_ms)
        else:
            self.dates, self.answer_by_ms = dates, answer_by_ms

    def _agree(self, body: AgreementBody) -> None:
        assert self.terms is not None, "a request was agreed to"
        assert self.request is not None, "terms are a request's"
        signatures = (self.request.borrower_signature, body.holder_signature)
        self.contracts.append(Contract(self.terms, *signatures))
        self.dates = (self.terms.from_minute, self.terms.to_minute)
        self.proposal = None

    def result(self) -> LoanState | None:
        if self.state is None or self.request is None or self.terms is None:
            return None
        return LoanState(
            loan=self.loan,
            path=self.path,
            state=self.state,
            terms=self.contracts[-1].terms if self.contracts else self.terms,
            dates=self.dates,
            contracts=tuple(self.contracts),
            round=self.terms.round,
            proposal=self.proposal,
            borrower_link_key=self.request.borrower_link_key,
            asked_ms=self.asked_ms,
            ends_ms=self.ends_ms,
            answer_by_ms=self.answer_by_ms,
            passed=tuple((m, self.passed[m]) for m in self.path if m in self.passed),
            over_ms=self.over_ms,
            damaged_by=tuple(m for m in self.path if m in self.damaged_by),
            commitments=tuple((m, self.commitments[m]) for m in self.path if m in self.commitments),
            ended_by=self.ended_by,
            ignored=tuple(self.ignored),
        )


def terms_of(step: Record, body: RequestBody) -> Terms:
    """What the borrower signs with a request. Spec: §5.8."""
    return Terms(
        house=step.house,
        loan=body.loan,
        thing=body.thing,
        holder=body.path[-1],
        borrower=body.path[0],
        round=body.round,
        from_minute=body.from_minute,
        to_minute=body.to_minute,
    )
