"""Bodies of the steps of a loan, and the terms that both parties sign.

Spec: §5.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from protocol.bodies.kinds import Event, Kind
from protocol.keys import Domain, HouseId, MemberId, ObjectId, Signature, digest

_MINUTES_PER_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides of a loan sign. Spec: §5.8.

    ``from_minute`` and ``to_minute``: calendar minutes since 1970-01-01T00:00 as
    written on the wall at the thing's place (no time zone), half open.
    """

    house: HouseId
    loan: ObjectId
    thing: ObjectId
    holder: MemberId
    borrower: MemberId
    round: int
    from_minute: int
    to_minute: int

    def other_than(self, party: MemberId) -> MemberId:
        """The other party."""
        return self.borrower if party == self.holder else self.holder

    @property
    def due_day(self) -> int:
        """The day the loan ends, counted from 1970-01-01; an end at midnight is the day before."""
        return -(-self.to_minute // _MINUTES_PER_DAY)

    def particulars(self) -> bytes:
        """32 bytes that stand for what is lent and when, to who is not to know. Spec: §5.8."""
        numbers = (self.round, self.from_minute, self.to_minute)
        return digest(
            Domain.CONTRACT,
            self.thing,
            b"".join(number.to_bytes(8, "big") for number in numbers),
        )

    def digest(self) -> bytes:
        """32 bytes to sign under the contract domain. Spec: §5.8."""
        return contract_digest(
            self.house, self.loan, self.holder, self.borrower, self.due_day, self.particulars()
        )


def contract_digest(
    house: HouseId,
    loan: ObjectId,
    holder: MemberId,
    borrower: MemberId,
    due_day: int,
    particulars: bytes,
) -> bytes:
    """32 bytes that both parties of a loan sign. Spec: §5.8.

    In two steps, so that signatures can be shown to who is not to know what was lent.
    """
    due = due_day.to_bytes(8, "big")
    return digest(Domain.SIGNATURE_CONTRACT, house, loan, holder, borrower, due, particulars)


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The borrower asks, with terms it has signed. ``path``: borrower .. holder. Spec: §5.8."""

    kind: ClassVar[Kind] = Kind.REQUEST
    loan: ObjectId
    path: tuple[MemberId, ...]
    round: int
    thing: ObjectId
    from_minute: int
    to_minute: int
    borrower_signature: Signature
    borrower_link_key: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class PassBody:
    """A go-between passes the request of ``round`` on, perhaps with a recommendation."""

    kind: ClassVar[Kind] = Kind.PASS
    loan: ObjectId
    path: tuple[MemberId, ...]
    round: int
    recommends: bool


@dataclass(frozen=True, slots=True)
class CounterBody:
    """The holder answers the request of ``round`` with other dates."""

    kind: ClassVar[Kind] = Kind.COUNTER
    loan: ObjectId
    path: tuple[MemberId, ...]
    round: int
    from_minute: int
    to_minute: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class AgreementBody:
    """The holder signs the terms of the request of ``round``: the contract stands."""

    kind: ClassVar[Kind] = Kind.AGREEMENT
    loan: ObjectId
    path: tuple[MemberId, ...]
    round: int
    holder_signature: Signature
    sealed: bytes


@dataclass(frozen=True, slots=True)
class DeclineBody:
    """The holder says no."""

    kind: ClassVar[Kind] = Kind.DECLINE
    loan: ObjectId
    path: tuple[MemberId, ...]
    round: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class CancelBody:
    """Either side withdraws the request or cancels what was agreed, before hand-over."""

    kind: ClassVar[Kind] = Kind.CANCEL
    loan: ObjectId
    path: tuple[MemberId, ...]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class HandoverBody:
    """Either side says: the thing changed hands."""

    kind: ClassVar[Kind] = Kind.HANDOVER
    loan: ObjectId
    path: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True)
class ReturnBody:
    """Either side says: the thing is back."""

    kind: ClassVar[Kind] = Kind.RETURN
    loan: ObjectId
    path: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True)
class CommitmentBody:
    """The hash of a rating not yet shown (blind ratings). Spec: §5.9, design 8.8."""

    kind: ClassVar[Kind] = Kind.COMMITMENT
    loan: ObjectId
    path: tuple[MemberId, ...]
    commitment: bytes


@dataclass(frozen=True, slots=True)
class ReportBody:
    """Either side says what became of the thing; the holder alone that it is a gift."""

    kind: ClassVar[Kind] = Kind.REPORT
    loan: ObjectId
    path: tuple[MemberId, ...]
    event: Event
    sealed: bytes


LoanBody = (
    RequestBody | PassBody | CounterBody | AgreementBody | DeclineBody
    | CancelBody | HandoverBody | ReturnBody | CommitmentBody | ReportBody
)  # fmt: skip
