"""Bodies of what is said of a loan afterwards: ratings, replies, repairs, mediation, the ledger.

Spec: §5.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from protocol.bodies.kinds import Fault, Kind
from protocol.bodies.loans import Terms, contract_digest
from protocol.keys import Domain, HouseId, MemberId, ObjectId, Signature, digest


@dataclass(frozen=True, slots=True)
class RatingBody:
    """The author rates the other party of a co-signed contract. Spec: §5.9.

    Args:
        fault: ``NONE`` exactly where it went as agreed.
    """

    kind: ClassVar[Kind] = Kind.RATING
    terms: Terms
    borrower_signature: Signature
    holder_signature: Signature
    confiance: int
    respect: int
    salt: bytes
    fault: Fault = Fault.NONE

    def subject(self, author: MemberId) -> MemberId:
        """Who is rated, when ``author`` rates."""
        return self.terms.other_than(author)

    def commitment(self, author: MemberId) -> bytes:
        """The hash published first. Spec: §5.9."""
        numbers = bytes([self.confiance, self.respect, self.fault])
        return digest(Domain.COMMITMENT, self.terms.digest(), author, numbers, self.salt)


@dataclass(frozen=True, slots=True)
class RepairBody:
    """What the author said ill of the other party of this contract was made good. Spec: §5.9."""

    kind: ClassVar[Kind] = Kind.REPAIR
    terms: Terms
    borrower_signature: Signature
    holder_signature: Signature

    def subject(self, author: MemberId) -> MemberId:
        """Who made it good, when ``author`` says so."""
        return self.terms.other_than(author)


@dataclass(frozen=True, slots=True)
class MediationBody:
    """The author asks a friend to mediate with the other party of a contract. Spec: §5.9."""

    kind: ClassVar[Kind] = Kind.MEDIATION
    mediator: MemberId
    terms: Terms
    borrower_signature: Signature
    holder_signature: Signature
    sealed: bytes


@dataclass(frozen=True, slots=True)
class SettlementBody:
    """The mediator says to who asked whether it is settled. Spec: §5.9."""

    kind: ClassVar[Kind] = Kind.SETTLEMENT
    loan: ObjectId
    rater: MemberId
    settled: bool


@dataclass(frozen=True, slots=True)
class RetractionBody:
    """The author takes back what they said of the other party of this contract. Spec: §5.9."""

    kind: ClassVar[Kind] = Kind.RETRACTION
    terms: Terms
    borrower_signature: Signature
    holder_signature: Signature

    def subject(self, author: MemberId) -> MemberId:
        """Of whom it was said."""
        return self.terms.other_than(author)


@dataclass(frozen=True, slots=True)
class ReplyBody:
    """The rated person's one word to what was said under this contract. Spec: §5.9."""

    kind: ClassVar[Kind] = Kind.REPLY
    terms: Terms
    borrower_signature: Signature
    holder_signature: Signature
    text: str

    def subject(self, author: MemberId) -> MemberId:
        """Who was rated: the author, in whose circles it travels as the rating does."""
        return author


@dataclass(frozen=True, slots=True)
class EntryBody:
    """A loan that was handed over, in the borrower's ledger. Spec: §5.9, §11.8.

    The borrower numbers its own; the holder's is a witness's, without a number.

    Args:
        due_day: counted from 1970-01-01.
        particulars: what is lent and when, hashed (``Terms.particulars``).
        number: of the borrower's loans, from 1; 0 when the holder says it.
        previous: link of the entry before; empty for the first, and when the holder says it.
        first: the lowest number that is still shown; 0 when the holder says it.
    """

    kind: ClassVar[Kind] = Kind.ENTRY
    loan: ObjectId
    holder: MemberId
    borrower: MemberId
    due_day: int
    particulars: bytes
    borrower_signature: Signature
    holder_signature: Signature
    number: int
    previous: bytes
    first: int

    def subject(self, author: MemberId) -> MemberId:
        """Whose ledger it belongs to, whoever says it."""
        del author
        return self.borrower

    def contract_digest(self, house: HouseId) -> bytes:
        """What both parties signed. Spec: §5.8."""
        return contract_digest(
            house, self.loan, self.holder, self.borrower, self.due_day, self.particulars
        )

    def link(self) -> bytes:
        """32 bytes that stand for this entry and all before it. Spec: §11.8."""
        number = self.number.to_bytes(8, "big")
        return digest(Domain.LEDGER, self.borrower, number, self.loan, self.previous)


RatedBody = RatingBody | RepairBody | RetractionBody | ReplyBody
EvidenceBody = RatedBody | EntryBody
BetweenTwoBody = MediationBody | SettlementBody
