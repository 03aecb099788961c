"""Behaviour and safety go first to somebody whom the harmed one chooses.

Who rates a loan 0 because the other was rude, or it was not safe, names a mediator among their
own friends: a friend of both, somebody between the two, or who answers for one of them. The
rating is committed to at once and waits; what happened is sealed to the mediator alone. The
mediator says that it is settled, and the rating is shown as made good; or lets it stand; or
says nothing, and it stands when the charter's time is over. Nobody else hears of any of it.

Pure: must not import anything that acts.

Spec: §5.9, §11.5, design 8.8.
"""

from __future__ import annotations

from typing import Final

from node.engine import ids
from node.engine.commands import Mediate
from node.engine.core import Core
from node.engine.events import Json
from node.engine.leases import MEDIATION_LEASE_MS
from node.engine.loan_steps import open_text, seal_text
from node.engine.meetings import sponsors_of
from protocol.bodies import Fault, Kind, MediationBody, SettlementBody, register_object
from protocol.errors import BadSignature, NotYours, OutOfReach, Refused
from protocol.exchange import Contract, LoanState, contract_is_signed
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

MEDIATED: Final = (Fault.RUDE, Fault.UNSAFE)

# --- the one who was harmed --------------------------------------------------------------


def mediators(core: Core, loan: LoanState) -> list[MemberId]:
    """Friends of mine who know the other party, or answer for one of us; by name."""
    other = loan.borrower if loan.holder == core.me else loan.holder
    sponsors = [*sponsors_of(core, other), *sponsors_of(core, core.me)]
    found = [
        friend
        for friend in core.live_friends()
        if friend != other
        and (friend in loan.path or friend in sponsors or core.graph.has_transit(friend, other))
    ]
    return sorted(found, key=lambda member: (core.name_of(member).casefold(), member))


def chosen(core: Core, loan: LoanState, fault: Fault, text: str | None) -> MemberId | None:
    """The mediator for a rating of this fault. Raises Refused where one must be chosen."""
    possible = mediators(core, loan)
    if fault not in MEDIATED or not core.charter.mediation_ms or not possible:
        return None
    if not text:
        names = ", ".join(core.name_of(member) for member in possible)
        raise Refused("mediator-needed", names=names)
    member = ids.resolve_member(core, text)
    if member not in possible:
        raise Refused("not-a-mediator", name=core.name_of(member))
    return member


def ask(core: Core, loan: LoanState, contract: Contract, mediator: MemberId, text: str) -> None:
    """Tell the mediator, and nobody else; the rating is committed to already."""
    sealed = seal_text(core, loan.loan, mediator, text)
    body = MediationBody(
        mediator, contract.terms, contract.borrower_signature, contract.holder_signature, sealed
    )
    core.publish(body, register_object(body.kind, loan.loan), MEDIATION_LEASE_MS)


def held_until_ms(core: Core, loan: ObjectId) -> int:
    """Until when my rating of a loan waits for a mediator; 0 when it does not."""
    asked = _asked(core, core.me, loan)
    if asked is None or _settlement(core, asked) is not None:
        return 0
    return asked.created_ms + core.charter.mediation_ms


def is_settled(core: Core, loan: ObjectId) -> bool:
    """Whether the mediator of my choice says that it is settled."""
    asked = _asked(core, core.me, loan)
    said = None if asked is None else _settlement(core, asked)
    return said is not None and said.settled


def view_of(core: Core, loan: ObjectId) -> Json:
    """For whom it waits, for who asked; None when nobody was asked."""
    asked = _asked(core, core.me, loan)
    if asked is None:
        return None
    mediator = _body(asked).mediator
    said = _settlement(core, asked)
    return {
        "mediator": mediator.hex(),
        "name": core.name_of(mediator),
        "settled": None if said is None else said.settled,
    }


# --- the mediator ------------------------------------------------------------------------


def view(core: Core) -> list[Json]:
    """What I am asked to mediate, the latest first."""
    rows: list[Json] = []
    asked = [r for r in core.of_kind(Kind.MEDIATION) if _body(r).mediator == core.me]
    for record in sorted(asked, key=lambda r: (r.created_ms, r.record_id), reverse=True):
        body, said = _body(record), _settlement(core, record)
        other = body.terms.other_than(record.author)
        rows.append(
            {
                "loan": body.terms.loan.hex(),
                "by": record.author.hex(),
                "by_name": core.name_of(record.author),
                "about": other.hex(),
                "about_name": core.name_of(other),
                "text": open_text(core, body.terms.loan, record.author, body.sealed),
                "settled": None if said is None else said.settled,
            }
        )
    return rows


def mediate(core: Core, command: Mediate) -> Json:
    """``mediate LOAN settled|stands``. Raises Refused; nothing changes then."""
    given = command.loan.lower()
    found = [
        record
        for record in core.of_kind(Kind.MEDIATION)
        if _body(record).mediator == core.me and _body(record).terms.loan.hex().startswith(given)
    ]
    if len(given) < ids.PREFIX_MIN_LENGTH or len(found) != 1:
        raise Refused("nothing-to-mediate", loan=command.loan)
    body, rater = _body(found[0]), found[0].author
    if _settlement(core, found[0]) is not None:
        raise Refused("mediated-already")
    said = SettlementBody(body.terms.loan, rater, command.settled)
    core.publish(said, register_object(said.kind, body.terms.loan, rater), MEDIATION_LEASE_MS)
    core.deliver("loans")
    return {"loan": body.terms.loan.hex(), "settled": command.settled}


# --- on the way --------------------------------------------------------------------------


def may_give(core: Core, record: Record, friend: MemberId) -> bool:
    """It goes from its author to the one it names, and nowhere else."""
    return record.author == core.me and _reader(record) == friend


def may_get(core: Core, record: Record, friend: MemberId) -> bool:
    """The same, as seen from the one it names."""
    return record.author == friend and _reader(record) == core.me


def check(core: Core, record: Record, sender: MemberId) -> None:
    """Refuse what is nobody's to say, or not for me.

    Raises:
        RemoteProtocolError: what is wrong with it.

    Spec: §11.5.
    """
    if not may_get(core, record, sender):
        raise OutOfReach("this is between its author and somebody else", section="11.5")
    body = record.body
    if isinstance(body, MediationBody):
        if record.author not in (body.terms.holder, body.terms.borrower):
            raise NotYours("only a party of the loan can ask for that", section="11.5")
        if not contract_is_signed(body, record.house, core.verify_by):
            raise BadSignature("the contract is not signed by both parties", section="11.5")


def _reader(record: Record) -> MemberId:
    body = record.body
    assert isinstance(body, MediationBody | SettlementBody), "one of the two"
    return body.mediator if isinstance(body, MediationBody) else body.rater


def _asked(core: Core, rater: MemberId, loan: ObjectId) -> Record | None:
    record = core.current(rater, register_object(Kind.MEDIATION, loan))
    return record if record is not None and isinstance(record.body, MediationBody) else None


def _settlement(core: Core, asked: Record) -> SettlementBody | None:
    body = _body(asked)
    name = register_object(Kind.SETTLEMENT, body.terms.loan, asked.author)
    record = core.current(body.mediator, name)
    said = None if record is None else record.body
    return said if isinstance(said, SettlementBody) else None


def _body(record: Record) -> MediationBody:
    assert isinstance(record.body, MediationBody), "of this kind"
    return record.body
