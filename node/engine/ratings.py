"""Ratings: committed first, shown when both have, and evidence from then on.

Who rates first must not fear the answer: a rating begins as a hash that goes to the
people on the loan's path. It is shown when both hashes are held, or when the
charter's window after the return is over; a rating that is missing then stays
missing. What is shown travels in the circles of the rated person. Who gave a 0 can say
later that it was made good.

Pure: must not import anything that acts.

Spec: §11.5.
"""

from __future__ import annotations

from typing import Final

from node.engine import mediations
from node.engine.core import Core
from node.engine.forgotten import why_not_promise
from node.engine.loan_book import book_of
from node.engine.loan_steps import say
from node.trust.evidence import counts
from protocol.bodies import (
    CommitmentBody,
    Fault,
    Kind,
    RatedBody,
    RatingBody,
    RepairBody,
    register_object,
)
from protocol.encoding import Value
from protocol.errors import BadSignature, InvalidState, NotYours, Refused, Replayed
from protocol.exchange import Contract, LoanState, Role, State, expected_object, role_on
from protocol.keys import MemberId
from protocol.records import Record

_RESPECT_MAX = 10
FAULT_WORDS: Final = {
    Fault.NONE: "",
    Fault.NOT_RETURNED: "not-returned",
    Fault.LATE: "late",
    Fault.DAMAGED: "damaged",
    Fault.RUDE: "rude",
    Fault.UNSAFE: "unsafe",
    Fault.OTHER: "other",
}
FAULTS_BY_WORD: Final = {word: fault for fault, word in FAULT_WORDS.items() if word}


def why_cannot_rate(core: Core, loan: LoanState) -> Refused | None:
    """Why I cannot rate this loan now; None when I can."""
    if role_on(loan.path, core.me) in (None, Role.BETWEEN):
        return Refused("only-for-parties", loan=loan.loan.hex())
    if loan.commitment_of(core.me) is not None or _is_shown(core, loan):
        return Refused("already-rated", loan=loan.loan.hex())
    if not loan.state.is_over:
        return Refused("not-returned", loan=loan.loan.hex(), state=loan.at(core.now_ms).value)
    if is_window_over(core, loan):
        return Refused("rating-window-over", loan=loan.loan.hex())
    return why_not_promise(core)


def is_window_over(core: Core, loan: LoanState) -> bool:
    """Whether a loan has been over for so long that nothing more is said of how it went."""
    return loan.over_ms is not None and core.now_ms >= _shown_at_latest_ms(core, loan)


def commit(
    core: Core, loan: LoanState, confiance: int, respect: int, fault: Fault = Fault.NONE
) -> None:
    """Rate: keep the values private, publish their hash. The caller has checked the loan."""
    if confiance not in (0, 1) or not 0 <= respect <= _RESPECT_MAX:
        raise Refused("rating-out-of-range", confiance=confiance, respect=respect)
    if (fault is Fault.NONE) != (confiance == 1):
        raise Refused("fault-missing" if confiance == 0 else "fault-of-good")
    salt = core.draw("salt", 16)
    body = _rating(loan.contracts[-1], confiance, respect, salt, fault)
    # The note before the hash: a hash that can never be shown would be no rating.
    note: Value = [confiance, respect, salt, loan.terms.round, int(fault)]
    core.put_local(_note(loan), note)
    commitment = CommitmentBody(loan.loan, loan.path, body.commitment(core.me))
    say(core, commitment)


def show_if_due(core: Core, loan: LoanState) -> None:
    """Publish my rating when the other party has committed too, or time is up."""
    body = _waiting(core, loan)
    if body is None:
        return
    if core.now_ms >= _shown_from_ms(core, loan):
        core.put_local(_note(loan), None)
        core.publish(body, register_object(Kind.RATING, loan.loan), core.charter.rating_lease_ms)
        if mediations.is_settled(core, loan.loan):
            repair(core, loan)


def _is_shown(core: Core, loan: LoanState) -> bool:
    """Whether my rating stands; a restored node may have it back without its promise."""
    return core.current(core.me, register_object(Kind.RATING, loan.loan)) is not None


def due_ms(core: Core, loan: LoanState) -> int | None:
    """When my rating is to be shown if nothing else happens; None when none waits."""
    return None if _waiting(core, loan) is None else _shown_from_ms(core, loan)


def _shown_from_ms(core: Core, loan: LoanState) -> int:
    """When both have committed, or time is up; and when no mediator is waited for."""
    ready_ms = 0 if loan.state is State.RATED else _shown_at_latest_ms(core, loan)
    return max(ready_ms, mediations.held_until_ms(core, loan.loan))


def why_cannot_repair(core: Core, loan: LoanState) -> Refused | None:
    """Why I cannot say that my 0 was made good; None when I can."""
    if role_on(loan.path, core.me) in (None, Role.BETWEEN):
        return Refused("only-for-parties", loan=loan.loan.hex())
    rated = core.current(core.me, register_object(Kind.RATING, loan.loan))
    if rated is None or not isinstance(rated.body, RatingBody) or rated.body.confiance == 1:
        return Refused("nothing-to-repair", loan=loan.loan.hex())
    if is_repaired(core, loan, core.me):
        return Refused("said-already", loan=loan.loan.hex(), state=loan.state.value)
    return None


def repair(core: Core, loan: LoanState) -> None:
    """Say that what I rated 0 was made good. The caller has checked the loan."""
    rated = core.current(core.me, register_object(Kind.RATING, loan.loan))
    assert rated is not None, "checked by the caller"
    said = rated.body
    assert isinstance(said, RatingBody), "the register is a rating's"
    body = RepairBody(said.terms, said.borrower_signature, said.holder_signature)
    # What it is about ends with the rating, and so may it.
    lease_ms = rated.not_after_ms - core.now_ms
    core.publish(body, register_object(Kind.REPAIR, loan.loan), lease_ms)


def is_repaired(core: Core, loan: LoanState, rater: MemberId) -> bool:
    """Whether a party has said that its 0 was made good."""
    return core.current(rater, register_object(Kind.REPAIR, loan.loan)) is not None


def check_evidence(core: Core, record: Record, body: RatedBody) -> None:
    """Refuse evidence that is nobody's to give, or not the one committed to.

    Raises:
        RemoteProtocolError: what is wrong with it.

    Spec: §11.5.
    """
    if record.object != expected_object(body):
        raise NotYours("it stands in the wrong register", section="11.5")
    if record.author not in (body.terms.holder, body.terms.borrower):
        raise NotYours("only the parties of a loan rate it", section="11.5")
    held = core.current(record.author, record.object)
    if held is not None and held.body != body:
        raise Replayed("this was said before, and stays", section="11.5")
    if not counts(record, body, core.verify_by):
        raise BadSignature("the contract is not signed by both parties", section="11.5")
    longest_ms = max(charter.rating_lease_ms for charter in core.charters)
    if record.not_after_ms - record.created_ms > longest_ms:
        raise InvalidState("it counts for longer than the charter allows", section="11.5")
    if not isinstance(body, RatingBody):
        return
    loan = book_of(core).state_of(body.terms.loan)
    committed = None if loan is None else loan.commitment_of(record.author)
    if committed is not None and committed != body.commitment(record.author):
        raise InvalidState("the rating is not the one committed to", section="11.5")


def _waiting(core: Core, loan: LoanState) -> RatingBody | None:
    """My rating that is committed to and not shown yet."""
    if loan.commitment_of(core.me) is None:
        return None
    note = core.get_local(_note(loan))
    if not isinstance(note, tuple | list) or len(note) != 5:
        return None
    confiance, respect, salt, committed_round, fault = note
    assert isinstance(confiance, int), "as committed"
    assert isinstance(respect, int), "as committed"
    assert isinstance(salt, bytes), "as committed"
    assert isinstance(fault, int), "as committed"
    # The dates may have moved since, by words that crossed: the promise stands on the old ones.
    contract = next((c for c in loan.contracts if c.terms.round == committed_round), None)
    return None if contract is None else _rating(contract, confiance, respect, salt, Fault(fault))


def _rating(
    contract: Contract, confiance: int, respect: int, salt: bytes, fault: Fault
) -> RatingBody:
    return RatingBody(
        terms=contract.terms,
        borrower_signature=contract.borrower_signature,
        holder_signature=contract.holder_signature,
        confiance=confiance,
        respect=respect,
        salt=salt,
        fault=fault,
    )


def _shown_at_latest_ms(core: Core, loan: LoanState) -> int:
    assert loan.over_ms is not None, "only what is over is rated"
    return loan.over_ms + core.charter.rating_window_ms


def _note(loan: LoanState) -> str:
    return f"loan-rating/{loan.loan.hex()}"


def rated_by_me(core: Core, loan: LoanState) -> RatingBody | None:
    """What I said, shown or not."""
    return rating_by(core, loan, core.me) or _waiting(core, loan)


def rating_by(core: Core, loan: LoanState, rater: MemberId) -> RatingBody | None:
    """What a party said, once it is shown."""
    record = core.current(rater, register_object(Kind.RATING, loan.loan))
    body = None if record is None else record.body
    return body if isinstance(body, RatingBody) else None
