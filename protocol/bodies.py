"""Bodies of records: one frozen dataclass per kind, and the objects they are about.

How each is written as an array and read back is in ``protocol.layouts``.

Spec: §5.5 to §5.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import ClassVar, Final

from protocol.keys import Domain, HouseId, MemberId, ObjectId, Signature, digest

_OBJECTS_KEPT: Final = 8192
_MINUTES_PER_DAY: Final = 24 * 60
MINUTES_PER_WEEK: Final = 7 * _MINUTES_PER_DAY


class Kind(IntEnum):
    """Record kinds; numbers are never used twice. Spec: §5.5."""

    CHARTER = 1
    STATEMENT = 2
    SEAT = 3
    HALF = 4
    LISTING = 5
    WITHDRAWAL = 6
    KEYS = 7
    VALIDATION = 8
    AMENDMENT = 9
    REQUEST = 16
    PASS = 17
    COUNTER = 18
    AGREEMENT = 19
    DECLINE = 20
    CANCEL = 21
    HANDOVER = 22
    RETURN = 23
    COMMITMENT = 24
    REPORT = 25
    MEDIATION = 26
    SETTLEMENT = 27
    RATING = 32
    REPAIR = 33
    ENTRY = 34
    REPLY = 36
    RETRACTION = 37


class ThingKind(IntEnum):
    """What is lent and how. Spec: §5.7, design 7.1."""

    OBJECT = 1
    STAY = 2
    SPOT = 3
    COPY = 4
    WANTED = 5
    """Nothing that is lent: what its author is looking for."""


class Category(IntEnum):
    """What sort of thing it is, to find it by. Spec: §5.7."""

    OTHER = 0
    HOME = 1
    KITCHEN = 2
    TOOLS = 3
    GARDEN = 4
    MUSIC = 5
    BOOKS = 6
    FILMS_AND_GAMES = 7
    ELECTRONICS = 8
    SPORT = 9
    VEHICLES = 10
    CHILDREN = 11
    CLOTHES = 12
    SPACE = 13


class Event(Enum):
    """What became of a thing that was handed over. Spec: §11.2."""

    GIFT = 1
    LOST = 2
    DAMAGED = 3


LOAN_KINDS = (
    Kind.REQUEST, Kind.PASS, Kind.COUNTER, Kind.AGREEMENT, Kind.DECLINE,
    Kind.CANCEL, Kind.HANDOVER, Kind.RETURN, Kind.COMMITMENT, Kind.REPORT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CharterBody:
    """The house's rules. ``parameters`` are ``(name, value)`` sorted by name. Spec: §5.6."""

    kind: ClassVar[Kind] = Kind.CHARTER
    name: str
    founders: tuple[MemberId, ...]
    parameters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class AmendmentBody:
    """The author signs a change of the house's rules. Spec: §5.6, §9.6.

    Args:
        previous: 32 bytes, the version of the rules that it changes.
        changes: ``(name, value)`` sorted by name: the numbers that become others.
    """

    kind: ClassVar[Kind] = Kind.AMENDMENT
    previous: bytes
    changes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StatementBody:
    """What a member says of itself: name, languages, link key (X25519). Spec: §5.6.

    Commitments are empty or 32 bytes (rule R7).
    """

    kind: ClassVar[Kind] = Kind.STATEMENT
    name: str
    languages: tuple[str, ...]
    link_key: bytes
    email_commitment: bytes
    phone_commitment: bytes


@dataclass(frozen=True, slots=True)
class KeysBody:
    """What a member's root key says of its keys. Signed by that root key itself. Spec: §18.2.

    Args:
        next_hash: promises the next root key (``protocol.mandates.root_commitment``).
        guardians: who may approve a successor when all is lost, sorted.
        approvals_min: how many of them it takes; at least 2 when there are guardians.
        is_frozen: nothing that a device signs counts until this is taken back.
        revoked: device keys, and successors vetoed by the member, sorted.
    """

    kind: ClassVar[Kind] = Kind.KEYS
    next_hash: bytes
    guardians: tuple[MemberId, ...] = ()
    approvals_min: int = 2
    is_frozen: bool = False
    revoked: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SeatBody:
    """The author answers for ``candidate``. Spec: §5.6, rules R6 and R7.

    Args:
        email_checked, phone_checked: the commitment whose address or number the author
            found to be the candidate's own; empty when it did not look.
    """

    kind: ClassVar[Kind] = Kind.SEAT
    candidate: MemberId
    email_checked: bytes = b""
    phone_checked: bytes = b""


@dataclass(frozen=True, slots=True)
class ValidationBody:
    """The author answers for friend ``member``, until it says so no more. Spec: §5.6, rule R9."""

    kind: ClassVar[Kind] = Kind.VALIDATION
    member: MemberId
    holds: bool


@dataclass(frozen=True, slots=True)
class HalfBody:
    """One side of a friendship. Spec: §5.6.

    ``friend_is_member``: the author has itself seen the friend's seats. Only
    edges attested so by both ends carry anything beyond circle 1.
    """

    kind: ClassVar[Kind] = Kind.HALF
    friend: MemberId
    revocation_hash: bytes
    shows: bool
    friend_is_member: bool


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of a thing, and the small one that lists show. Spec: §5.7, §19.

    Args:
        full: what its bytes are called (``protocol.photos.photo_id``).
        thumbnail: the same of the small one.
    """

    full: bytes
    full_size_bytes: int
    thumbnail: bytes
    thumbnail_size_bytes: int

    def size_of(self, name: bytes) -> int | None:
        """How many bytes are called so, in this photo; None when none are."""
        if name == self.thumbnail:
            return self.thumbnail_size_bytes
        return self.full_size_bytes if name == self.full else None


@dataclass(frozen=True, slots=True)
class ThingFile:
    """The file of a copyable thing. Spec: §5.7, §20.1.

    Args:
        title: what its holder calls it: never the name of a file here.
        name: what its bytes are called (``protocol.files``).
    """

    title: str
    name: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Availability:
    """When a thing is lent at all, whatever the calendar says. Spec: §5.7, ``availability``.

    Args:
        weekly: half-open ``(from_minute, to_minute)`` of the week, which begins on Monday at
            0:00; sorted, apart from each other. None at all: always.
        shortest_minutes, longest_minutes: how long a loan lasts; 0 is no bound.
    """

    weekly: tuple[tuple[int, int], ...] = ()
    shortest_minutes: int = 0
    longest_minutes: int = 0


ALWAYS: Final = Availability()


@dataclass(frozen=True, slots=True)
class ListingBody:
    """A thing its holder shares. Spec: §5.7.

    ``through`` empty means any friend may pass it on. ``busy`` are half-open
    ``(from_minute, to_minute)`` intervals of calendar minutes (§5.8).

    Args:
        category_code: a ``Category``, or a number that a later version knows.
        conditions: what a borrower agrees to who asks.
        licence: of what is copyable: what may be done with a copy.
    """

    kind: ClassVar[Kind] = Kind.LISTING
    title: str
    text: str
    thing_kind: ThingKind
    circles: int
    through: tuple[MemberId, ...]
    busy: tuple[tuple[int, int], ...]
    availability: Availability = ALWAYS
    photos: tuple[Photo, ...] = ()
    category_code: int = Category.OTHER
    conditions: str = ""
    licence: str = ""
    file: ThingFile | None = None

    @property
    def category(self) -> Category:
        """The category to show; what this version does not know is other."""
        known = self.category_code in Category.__members__.values()
        return Category(self.category_code) if known else Category.OTHER


@dataclass(frozen=True, slots=True)
class WithdrawalBody:
    """Every version of listing ``target`` up to ``(target_epoch, target_sequence)`` is gone.

    ``circles`` and ``through`` say how far the widest of those versions went,
    so that the withdrawal goes wherever the thing went. Spec: §5.7.
    """

    kind: ClassVar[Kind] = Kind.WITHDRAWAL
    target: ObjectId
    target_epoch: int
    target_sequence: int
    circles: int
    through: tuple[MemberId, ...]


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


class Fault(IntEnum):
    """What was not as agreed, in a rating of confiance 0. Spec: §5.9, design 8.8."""

    NONE = 0
    NOT_RETURNED = 1
    LATE = 2
    DAMAGED = 3
    RUDE = 4
    UNSAFE = 5
    OTHER = 6


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


EVIDENCE_KINDS = (Kind.RATING, Kind.REPAIR, Kind.ENTRY, Kind.REPLY, Kind.RETRACTION)

LoanBody = (
    RequestBody | PassBody | CounterBody | AgreementBody | DeclineBody
    | CancelBody | HandoverBody | ReturnBody | CommitmentBody | ReportBody
)  # fmt: skip
RatedBody = RatingBody | RepairBody | RetractionBody | ReplyBody
EvidenceBody = RatedBody | EntryBody
BetweenTwoBody = MediationBody | SettlementBody
Body = (
    CharterBody | AmendmentBody | StatementBody | SeatBody | HalfBody | KeysBody | ValidationBody
    | ListingBody | WithdrawalBody | LoanBody | EvidenceBody | BetweenTwoBody
)  # fmt: skip


def register_object(kind: Kind, *parts: bytes) -> ObjectId:
    """The 16-byte object of a register that is named by what it is about. Spec: §5.4."""
    return ObjectId(digest(Domain.STEP, bytes([kind]), *parts)[:16])


# Asked for at every look at an edge or a thing: the digests of those in use are kept.
@lru_cache(maxsize=_OBJECTS_KEPT)
def half_object(friend: MemberId) -> ObjectId:
    return register_object(Kind.HALF, friend)


def seat_object(candidate: MemberId) -> ObjectId:
    return register_object(Kind.SEAT, candidate)


@lru_cache(maxsize=_OBJECTS_KEPT)
def validation_object(member: MemberId) -> ObjectId:
    return register_object(Kind.VALIDATION, member)


@lru_cache(maxsize=_OBJECTS_KEPT)
def withdrawal_object(target: ObjectId) -> ObjectId:
    return register_object(Kind.WITHDRAWAL, target)


def step_object(kind: Kind, loan: ObjectId, number: int = 0) -> ObjectId:
    """``number``: the round, the event of a report, else 0. Spec: §5.4."""
    return register_object(kind, loan, number.to_bytes(8, "big"))


STATEMENT_OBJECT = register_object(Kind.STATEMENT)


@lru_cache(maxsize=_OBJECTS_KEPT)
def keys_object(root_index: int) -> ObjectId:
    """Each root key of a member has a register for its keys record. Spec: §18.2."""
    return register_object(Kind.KEYS, root_index.to_bytes(8, "big"))
