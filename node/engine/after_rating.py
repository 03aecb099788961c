"""After a rating is shown: one reply by who was rated, and its author's taking it back.

What was said is never edited. Who was rated may answer once, in a sentence, and the answer
travels as the rating does and ends with it. Only who gave a rating can take it back: it then
counts as never given.

Pure: must not import anything that acts.

Spec: §5.9, §11.5.
"""

from __future__ import annotations

from node.engine import ratings
from node.engine.booking import checked_message
from node.engine.commands import ReplyTo, TakeBack
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from node.engine.loan_lookup import party_of, result
from protocol import limits
from protocol.bodies import (
    Fault,
    Kind,
    RatedBody,
    RatingBody,
    ReplyBody,
    RetractionBody,
    register_object,
)
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, role_on
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

# --- replying --------------------------------------------------------------------------


def why_cannot_reply(core: Core, loan: LoanState) -> Refused | None:
    """Why I cannot answer what the other party said of me; None when I can."""
    if role_on(loan.path, core.me) in (None, Role.BETWEEN):
        return Refused("only-for-parties", loan=loan.loan.hex())
    if _rating_of(core, loan.loan, _other(core, loan)) is None:
        return Refused("nothing-to-reply-to", loan=loan.loan.hex())
    if reply_of(core, loan.loan, core.me):
        return Refused("said-already", loan=loan.loan.hex(), state=loan.state.value)
    return None


def reply(core: Core, command: ReplyTo, local_day: int) -> Json:
    """``reply LOAN --message TEXT``. Raises Refused; nothing changes then."""
    loan = party_of(core, command.loan)
    refusal = why_cannot_reply(core, loan)
    if refusal is not None:
        raise refusal
    text = checked_message(command.message)
    size_bytes = len(text.encode())
    if not text:
        raise Refused("reply-missing")
    if size_bytes > limits.REPLY_SIZE_MAX_BYTES:
        raise Refused("text-too-long", size=size_bytes, maximum=limits.REPLY_SIZE_MAX_BYTES)
    rated = _rating_of(core, loan.loan, _other(core, loan))
    assert rated is not None, "checked above"
    said = rated.body
    assert isinstance(said, RatingBody), "the register is a rating's"
    body = ReplyBody(said.terms, said.borrower_signature, said.holder_signature, text)
    _publish_until(core, body, loan.loan, rated)
    return result(core, loan.loan)


def reply_of(core: Core, loan: ObjectId, member: MemberId) -> str:
    """What the rated person answered; empty when nothing."""
    record = core.current(member, register_object(Kind.REPLY, loan))
    return record.body.text if record is not None and isinstance(record.body, ReplyBody) else ""


# --- taking back -----------------------------------------------------------------------


def why_cannot_take_back(core: Core, loan: LoanState) -> Refused | None:
    """Why I cannot take back what I said of the other party; None when I can."""
    if role_on(loan.path, core.me) in (None, Role.BETWEEN):
        return Refused("only-for-parties", loan=loan.loan.hex())
    if _rating_of(core, loan.loan, core.me) is None:
        return Refused("nothing-to-take-back", loan=loan.loan.hex())
    return None


def take_back(core: Core, command: TakeBack, local_day: int) -> Json:
    """``take-back LOAN``: what I said of how it went counts as never said."""
    loan = party_of(core, command.loan)
    refusal = why_cannot_take_back(core, loan)
    if refusal is not None:
        raise refusal
    rated = _rating_of(core, loan.loan, core.me)
    assert rated is not None, "checked above"
    said = rated.body
    assert isinstance(said, RatingBody), "the register is a rating's"
    body = RetractionBody(said.terms, said.borrower_signature, said.holder_signature)
    _publish_until(core, body, loan.loan, rated)
    return result(core, loan.loan)


def is_taken_back(core: Core, loan: ObjectId, rater: MemberId) -> bool:
    return core.current(rater, register_object(Kind.RETRACTION, loan)) is not None


# --- what others see -------------------------------------------------------------------


def failures_of(core: Core, member: MemberId) -> list[Json]:
    """What did not go as agreed with a member, the latest loan first, with their replies."""
    rows: list[Json] = []
    for rating in reversed(book_of(core).evidence().about(member)):
        if rating.confiance == 1:
            continue
        record = _rating_of(core, rating.loan, rating.rater)
        body = None if record is None else record.body
        fault = body.fault if isinstance(body, RatingBody) else Fault.OTHER
        rows.append(
            {
                "by": rating.rater.hex(),
                "by_name": core.name_of(rating.rater),
                "fault": ratings.FAULT_WORDS[fault],
                "repaired": rating.is_repaired,
                "reply": reply_of(core, rating.loan, member),
            }
        )
    return rows


def _rating_of(core: Core, loan: ObjectId, rater: MemberId) -> Record | None:
    """A rating that is shown and stands."""
    record = core.current(rater, register_object(Kind.RATING, loan))
    return None if record is None or is_taken_back(core, loan, rater) else record


def _other(core: Core, loan: LoanState) -> MemberId:
    return loan.borrower if loan.holder == core.me else loan.holder


def _publish_until(core: Core, body: RatedBody, loan: ObjectId, rated: Record) -> None:
    """What is about a rating ends with it."""
    core.publish(body, register_object(body.kind, loan), rated.not_after_ms - core.now_ms)


def is_repair_asked(core: Core, loan: LoanState) -> bool:
    """Whether the owner, whom something went wrong with, is asked what would put it right.

    From the moment they said so, and for as long as it weighs most. Spec: §11.6.
    """
    said = ratings.rated_by_me(core, loan)
    if said is None or said.confiance == 1 or loan.over_ms is None:
        return False
    if said.fault is Fault.UNSAFE:
        return False  # nobody is asked to talk to who frightened them
    if core.now_ms >= loan.over_ms + core.charter.burnt_ms:
        return False
    is_settled = ratings.is_repaired(core, loan, core.me)
    return not is_settled and not is_taken_back(core, loan.loan, core.me)
