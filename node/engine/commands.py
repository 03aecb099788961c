"""What the owner can ask of the node: one frozen dataclass per command.

The command line, the API and the page all build these; the engine answers each
with one ``Answer`` effect: JSON-able data with the keys of the command table, or
a ``Refused`` with a kebab-case code and state unchanged.

Ids are given as lowercase hex: the whole, or a unique prefix of 8 or more
characters; the engine resolves them.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.bodies import (
    ALWAYS,
    Availability,
    Category,
    Event,
    Fault,
    Photo,
    ThingFile,
    ThingKind,
)
from protocol.charter import Charter


@dataclass(frozen=True, slots=True)
class FoundHouse:
    """``house found NAME [--charter FILE]``; the charter was parsed by the caller."""

    name: str
    charter: Charter


@dataclass(frozen=True, slots=True)
class ProposeChange:
    """``house propose FILE``: the numbers that are to be, those that stay may be among them."""

    numbers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ApproveChange:
    """``house approve PROPOSAL``: sign a change of the rules."""

    proposal: str


@dataclass(frozen=True, slots=True)
class Invite:
    """``invite [--email E] [--ttl 48h]``. ``addresses``: where we can be reached."""

    ttl_ms: int
    addresses: tuple[str, ...]
    email: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """``join LINK [--discreet]``: the answer comes when the inviter has welcomed us, or refused."""

    link: str
    shows: bool = True


@dataclass(frozen=True, slots=True)
class EndFriendship:
    """``friends end MEMBER``."""

    member: str


@dataclass(frozen=True, slots=True)
class AdmitFriend:
    """``friends admit MEMBER``: end the pause of a friend whose node sent nonsense."""

    member: str


@dataclass(frozen=True, slots=True)
class ShowFriendship:
    """``friends show MEMBER yes|no``: whether others may know of a friendship."""

    member: str
    shows: bool


@dataclass(frozen=True, slots=True)
class SetCapacity:
    """``friends capacity MEMBER N|auto``; None goes by experience."""

    member: str
    units: int | None


@dataclass(frozen=True, slots=True)
class SetFriendRule:
    """``friends rule MEMBER always|never|ask``: whether I pass a friend's requests on."""

    member: str
    rule: str


@dataclass(frozen=True, slots=True)
class PassOnFrom:
    """``pass-on N|off``: requests of people with such Confiance pass on by themselves."""

    confiance: int | None


@dataclass(frozen=True, slots=True)
class GoAway:
    """``away --until DATE`` and ``back``. ``until_day``: days since 1970; None: back."""

    until_day: int | None


@dataclass(frozen=True, slots=True)
class AddThing:
    """``things add TITLE ...``."""

    title: str
    kind: ThingKind = ThingKind.OBJECT
    circles: int = 1
    text: str = ""
    only_through: tuple[str, ...] = ()
    availability: Availability = ALWAYS
    buffer_minutes: int = 0
    photos: tuple[Photo, ...] = ()
    category: Category = Category.OTHER
    conditions: str = ""
    licence: str = ""
    file: ThingFile | None = None


@dataclass(frozen=True, slots=True)
class SetThing:
    """``things set THING ...``: None leaves a field as it is."""

    thing: str
    title: str | None = None
    kind: ThingKind | None = None
    circles: int | None = None
    text: str | None = None
    only_through: tuple[str, ...] | None = None
    availability: Availability | None = None
    buffer_minutes: int | None = None
    photos: tuple[Photo, ...] | None = None
    category: Category | None = None
    conditions: str | None = None
    licence: str | None = None
    file: ThingFile | None = None
    takes_file_away: bool = False


@dataclass(frozen=True, slots=True)
class BlockDates:
    """``things block THING --from --to``, ``things unblock``: dates kept free of loans."""

    thing: str
    from_minute: int
    to_minute: int
    is_blocked: bool = True


@dataclass(frozen=True, slots=True)
class LookFor:
    """``looking-for TITLE``: tell my circles what I would like to borrow."""

    title: str
    circles: int = 1
    text: str = ""
    lease_ms: int = 30 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class WithdrawThing:
    """``things withdraw THING``."""

    thing: str


@dataclass(frozen=True, slots=True)
class Ask:
    """``ask THING --from D --to D``. Minutes are calendar minutes, half open (spec §5.8).

    Args:
        queue: ask although the thing is taken then, in case it comes free.
        has_happened: the thing was lent without asking here; the dates may be past.
        on_word: those in between are to recommend me, where the circle is not open to me.
        via: the friend who is to pass it on, of several.
        other_ways: where nobody passes it on, it may go other ways by itself.
    """

    thing: str
    from_minute: int
    to_minute: int
    message: str = ""
    queue: bool = False
    has_happened: bool = False
    on_word: bool = False
    via: str | None = None
    other_ways: bool = False


@dataclass(frozen=True, slots=True)
class AnswerLoan:
    """``answer LOAN yes|no|counter``: by the holder, or by the borrower to a counter."""

    loan: str
    answer: str
    from_minute: int | None = None
    to_minute: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class MoveEnd:
    """``extend LOAN --to D`` by the borrower, ``recall LOAN --to D`` by the holder."""

    loan: str
    to_minute: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Recommend:
    """``recommend LOAN yes|no``: a go-between passes a request on, or says "not now"."""

    loan: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Validate:
    """``validate MEMBER``: answer for a friend until it is taken back (``holds`` false)."""

    member: str
    holds: bool = True


@dataclass(frozen=True, slots=True)
class AcceptContact:
    """``house accept MEMBER``: they share an address or a number with another, rightly."""

    member: str


@dataclass(frozen=True, slots=True)
class NoteMeeting:
    """By the host alone: two people compared their codes, and their homes proved whose they are."""

    member: str


@dataclass(frozen=True, slots=True)
class CheckContacts:
    """``house checked MEMBER``: as a sponsor, that address or number are theirs.

    Args:
        email, phone: commitments to what was seen (spec §9.5); empty: not looked at.
    """

    member: str
    email: bytes = b""
    phone: bytes = b""


@dataclass(frozen=True, slots=True)
class HandOver:
    """``handover LOAN``."""

    loan: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """``return LOAN``."""

    loan: str


@dataclass(frozen=True, slots=True)
class Report:
    """``report LOAN lost|damaged|gift``: what became of the thing."""

    loan: str
    event: Event
    message: str = ""


@dataclass(frozen=True, slots=True)
class Repaired:
    """``repaired LOAN``: what I rated 0 was made good since."""

    loan: str


@dataclass(frozen=True, slots=True)
class LendTo:
    """``lend-to NAME THING``: a loan to somebody without a node, kept here alone.

    Without dates: from today on, for two weeks.
    """

    name: str
    thing: str
    from_minute: int | None = None
    to_minute: int | None = None


@dataclass(frozen=True, slots=True)
class CancelLoan:
    """``cancel LOAN``."""

    loan: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """``rate LOAN --confiance 0|1 --respect 0..10 [--fault ...]``.

    Args:
        mediator, message: who is told first, and what, where it was rude or unsafe.
    """

    loan: str
    confiance: int
    respect: int
    fault: Fault = Fault.NONE
    mediator: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Mediate:
    """``mediate LOAN settled|stands``: as the one whom a friend chose."""

    loan: str
    settled: bool


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """``reply LOAN --message TEXT``: one public word to what was said of me."""

    loan: str
    message: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """``take-back LOAN``: what I said of how it went counts as never said."""

    loan: str


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Change the name or languages others see."""

    name: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameGuardians:
    """``keys guardians MEMBER …``: who may approve a new root key when all is lost."""

    members: tuple[str, ...]
    approvals_min: int = 2


@dataclass(frozen=True, slots=True)
class FreezeKeys:
    """``keys freeze`` and ``keys thaw``."""

    frozen: bool


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """``keys revoke KEY``: a device that is gone, or somebody's claim to be us."""

    key: str


@dataclass(frozen=True, slots=True)
class ApproveSuccessor:
    """``keys approve TEXT``: as a guardian."""

    request: str


@dataclass(frozen=True, slots=True)
class EndRecall:
    """``keys go-on``: do not wait for more friends after a restore."""


@dataclass(frozen=True, slots=True)
class KeepNote:
    """What the page remembers for its owner; see ``node.engine.desk``. Empty: forget."""

    name: str
    data: bytes


Command = (
    FoundHouse | ProposeChange | ApproveChange | Invite | Join | EndFriendship | AdmitFriend
    | ShowFriendship | SetCapacity | SetFriendRule | PassOnFrom | GoAway | AddThing | SetThing
    | BlockDates | WithdrawThing
    | LookFor | Ask | AnswerLoan | MoveEnd | Recommend | Validate | AcceptContact
    | NoteMeeting | CheckContacts
    | HandOver | GiveBack | Report | Repaired | LendTo | CancelLoan | Rate | ReplyTo
    | TakeBack | Mediate | SetProfile
    | NameGuardians | FreezeKeys | RevokeKey | ApproveSuccessor | EndRecall
    | KeepNote
)  # fmt: skip
