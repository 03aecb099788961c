"""The engine's state and the few verbs that every feature is built from.

``Core`` holds what one node knows and collects the effects of the event being
handled. Features (membership, things, loans, sync) are modules of functions that
take a ``Core``; they change state only through its verbs, so that memory, the
database and the effects can never disagree. See ``engine.py`` for the dispatch.

Must not import anything that acts. Iterates dicts and sorted lists only.

Spec: §7, §8, §10.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

from node.engine.clock_watch import ClockWatch
from node.engine.events import Deliver, Disconnect, Effect, LinkId, Persist, Reject, Send, Space
from node.engine.log import ArrivalLog, LogKey
from node.engine.registers import Key, Registers, Stored
from node.engine.state import (
    Allowance,
    Channels,
    Config,
    Friend,
    Link,
    Offers,
    Recalling,
    Revocation,
    Served,
)
from protocol.bodies import (
    STATEMENT_OBJECT,
    Body,
    KeysBody,
    Kind,
    ListingBody,
    StatementBody,
    WithdrawalBody,
    keys_object,
    seat_object,
    withdrawal_object,
)
from protocol.charter import Charter
from protocol.circles import FriendGraph, Path, may_show
from protocol.encoding import Value
from protocol.errors import ProtocolError
from protocol.house import Rules
from protocol.keys import HouseId, MemberId, ObjectId, RecordId
from protocol.mandates import Successor
from protocol.messages import Message, Paths
from protocol.reconcile import Reconciling
from protocol.records import Record, RecordSigner, sign_record
from protocol.session import Puller

Offer = tuple[MemberId, tuple[Path, ...]]
"""An origin, and the paths that a friend is offered for it."""
_EXPIRIES_SPARE_MAX = 256
_ARRAYS = (list, tuple)
_SCALARS = (bytes, int, str)


def _frozen(value: Value | None) -> Value | None:
    """Lists as tuples, all the way down: what a store gives back equals what it was given."""
    if not isinstance(value, _ARRAYS):
        return value
    for item in value:
        if not isinstance(item, _SCALARS):
            return tuple([_frozen(item) for item in value])  # type: ignore[misc]
    return tuple(value)


@dataclass(slots=True, eq=False)
class Core:
    """One node's knowledge, and the verbs that change it."""

    config: Config
    log_epoch: InitVar[bytes]
    me: MemberId = field(init=False)
    now_ms: int = 0
    house: HouseId | None = None
    charter: Charter = field(default_factory=Charter)
    charters: tuple[Charter, ...] = field(init=False)
    first_charter: Charter | None = None
    rules: Rules | None = None
    voters: dict[MemberId, tuple[MemberId, ...]] = field(default_factory=dict)
    counted: dict[Key, None] = field(default_factory=dict)
    founders: tuple[MemberId, ...] = ()
    friends: dict[MemberId, Friend] = field(default_factory=dict)
    links: dict[LinkId, Link] = field(default_factory=dict)
    link_ids: dict[MemberId, LinkId] = field(default_factory=dict)
    registers: Registers = field(init=False)
    log: ArrivalLog = field(init=False)
    graph: FriendGraph = field(init=False)
    offers: Offers = field(default_factory=Offers)
    revocations: dict[bytes, Revocation] = field(default_factory=dict)
    cursors: dict[MemberId, tuple[bytes, int]] = field(default_factory=dict)
    invitations: dict[bytes, tuple[bytes, int, bytes]] = field(default_factory=dict)
    is_restoring: bool = False
    members: dict[MemberId, None] = field(default_factory=dict)
    lineage: dict[MemberId, None] = field(default_factory=dict)
    puller: Puller = field(default_factory=Puller)
    reconciling: Reconciling = field(default_factory=Reconciling)
    allowances: dict[MemberId, Allowance] = field(default_factory=dict)
    changes: list[Persist] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    _told_topics: dict[str, None] = field(default_factory=dict)
    _written: dict[Message, bytes] = field(default_factory=dict)  # of this event alone
    offences: list[tuple[MemberId, str, str]] = field(default_factory=list)
    offence_times_ms: dict[MemberId, list[int]] = field(default_factory=dict)
    paused: dict[MemberId, tuple[int, str]] = field(default_factory=dict)
    loan_links: dict[MemberId, dict[ObjectId, Served]] = field(default_factory=dict)
    links_for_loans: dict[LinkId, Link] = field(default_factory=dict)
    moved: dict[MemberId, None] = field(default_factory=dict)
    all_moved: bool = False
    unoffered: dict[Key, None] = field(default_factory=dict)  # of this event alone
    offered: dict[Offer, Paths] = field(default_factory=dict)  # of this event alone
    listed_origins: dict[MemberId, None] = field(default_factory=dict)
    contacts: dict[MemberId, tuple[bytes, ...]] = field(default_factory=dict)
    contact_holders: dict[bytes, dict[MemberId, None]] = field(default_factory=dict)
    held: dict[tuple[MemberId, ObjectId], int] = field(default_factory=dict)
    passed_on_ms: dict[tuple[MemberId, ObjectId], int] = field(default_factory=dict)
    reach: dict[MemberId, Channels] = field(default_factory=dict)
    chosen: dict[MemberId, tuple[tuple[Path, int], ...]] = field(default_factory=dict)
    pumped_top: int = 0
    to_pump: dict[LinkId, None] = field(default_factory=dict)
    to_pull: dict[LinkId, None] = field(default_factory=dict)
    owing: dict[LinkId, None] = field(default_factory=dict)  # links that may have something pending
    starved: dict[LinkId, None] = field(default_factory=dict)
    is_renewal_known: bool = False
    next_renewal_ms: int | None = None  # see ``renewals``
    is_half_renewal_known: bool = False
    half_renewal_ms: int | None = None
    expiries: list[tuple[int, Key]] = field(default_factory=list)
    _local: dict[str, Value] = field(default_factory=dict)
    epoch: int = 0
    clock: ClockWatch | None = None
    clock_noted_ms: int = 0
    mandate: bytes = b""
    mandate_from_ms: int = 0
    recalling: Recalling | None = None
    roots: dict[MemberId, tuple[Successor, ...]] = field(default_factory=dict)
    claims: dict[tuple[MemberId, bytes], int] = field(default_factory=dict)
    unproved: dict[MemberId, dict[MemberId, None]] = field(default_factory=dict)
    _sequence: int = 0
    _entropy: bytes = b""
    _drawn: int = 0
    loan_book: object = None  # opened by who first asks, see ``loan_book``
    has_loans: bool = True  # perhaps: known once the book is open
    on_keep: Callable[[Core, Record, MemberId | None], None] = field(init=False)
    signer_of: Callable[[Core, Kind], tuple[RecordSigner, bytes]] = field(init=False)
    """Which key signs a record of this kind, and by what mandate (``roots.signer_of``)."""

    def __post_init__(self, log_epoch: bytes) -> None:
        self.me = self.config.member or MemberId(self.config.signer.public)
        self.charters = (self.charter,)
        self.registers = Registers(self.me)
        self.log = ArrivalLog(log_epoch)
        self.graph = FriendGraph(self.me, self.charter.max_circles)

    # --- effects -----------------------------------------------------------------------

    def persist(self, space: Space, key: bytes, value: Value | None) -> None:
        """Write or (None) delete a row; no list may stand within a tuple."""
        row = _frozen(value) if isinstance(value, list) else value
        self.changes.append(Persist(space, key, row))

    def send(self, link: Link, message: Message) -> None:
        self.effects.append(Send(link.id, self.config.write_message(message)))

    def send_alike(self, link: Link, message: Message) -> None:
        """The same for what other friends may be sent word for word in this event."""
        data = self._written.get(message)
        if data is None:
            data = self._written[message] = self.config.write_message(message)
        self.effects.append(Send(link.id, data))

    def deliver(self, topic: str) -> None:
        """Tell the page that something of this topic changed."""
        if topic not in self._told_topics:
            self._told_topics[topic] = None
            self.effects.append(Deliver(topic))

    def reject(self, link: Link, error: ProtocolError) -> None:
        """Count something refused; close the link when its verdict says so."""
        self.effects.append(Reject(link.id, error.code, str(error)))
        verdict: str = getattr(error, "verdict", "ignore")
        if verdict != "ignore":
            self.effects.append(Disconnect(link.id, error.code))
            if link.friend is not None:
                self.offences.append((link.friend, verdict, error.code))

    # --- entropy and private notes -----------------------------------------------------

    def begin(self, now_ms: int) -> None:
        """Start handling one event."""
        if now_ms < self.now_ms:
            self.forget_renewals()
        self.now_ms = now_ms
        self._entropy = b""
        if self.changes or self.effects:
            self._let_go()

    def finish(self) -> list[Effect]:
        """Give what an event brought about, ``Persist`` first, and keep nothing of it.

        Now and not when the next event begins: in a town of thousands all of it would have left
        the processor's cache by then, and had to come back to be thrown away.
        """
        if not (self.changes or self.effects):
            return []
        given: list[Effect] = [*self.changes, *self.effects]
        self._let_go()
        return given

    def _let_go(self) -> None:
        """Forget what belongs to one event alone; where any is, there is a change or an effect."""
        self.changes.clear()
        self.effects.clear()
        if self._told_topics:
            self._told_topics.clear()
        if self._written:
            self._written.clear()
        if self.offered:
            self.offered.clear()

    def take_entropy(self, entropy: bytes) -> None:
        """What this event, a command, may draw from: 32 bytes."""
        self._entropy = entropy
        self._drawn = 0

    def forget_renewals(self) -> None:
        """Something changed by which it is known when what is ours is to be signed anew."""
        self.is_renewal_known = False
        self.is_half_renewal_known = False

    def draw(self, label: str, size: int) -> bytes:
        """Random bytes from the command's entropy. ``size`` at most 32."""
        assert len(self._entropy) == 32, "only commands bring entropy"
        self._drawn += 1
        seed = self._entropy + self._drawn.to_bytes(4, "big") + label.encode()
        return hashlib.sha256(b"openhouse/1 draw\0" + seed).digest()[:size]

    def get_local(self, name: str) -> Value | None:
        """A private note of this node; it never travels."""
        return self._local.get(name)

    def put_local(self, name: str, value: Value | None, *, moves_renewals: bool = True) -> None:
        """Write or (None) delete a private note.

        Args:
            moves_renewals: what is to be signed anew, or when, may depend on it.
        """
        frozen = _frozen(value)
        if frozen is None:
            self._local.pop(name, None)
        else:
            self._local[name] = frozen
        if moves_renewals:
            self.forget_renewals()
        self.persist(Space.LOCAL, name.encode(), frozen)

    def restore_local(self, name: str, value: Value) -> None:
        self._local[name] = value

    def restore_sequence(self, sequence: int) -> None:
        self._sequence = max(self._sequence, sequence)

    # --- records -----------------------------------------------------------------------

    def publish(self, body: Body, object_id: ObjectId, lease_ms: int) -> Record:
        """Sign a record of our own at the next sequence, keep it and let it travel.

        One counter serves all registers of this node and is persisted with each
        record, so no sequence number is ever used twice. Spec: §5.4.
        """
        assert not self.is_restoring, "nothing is signed while the past is read back"
        record = self.sign(body, object_id, lease_ms)
        self.keep(record, None)
        return record

    def sign(self, body: Body, object_id: ObjectId, lease_ms: int) -> Record:
        """Sign without keeping (the caller keeps it, or hands it over)."""
        assert self.house is not None, "records belong to a house"
        self._sequence += 1
        self.persist(Space.META, b"sequence", self._sequence)
        not_after_ms = self.now_ms + lease_ms
        former = self.current(self.me, object_id)
        if former is not None and former.created_ms <= self.now_ms:
            # Spec 5.4: "A later version MUST NOT have an earlier `not_after`"
            not_after_ms = max(not_after_ms, former.not_after_ms)
        signer, mandate = self.signer_of(self, body.kind)
        return sign_record(
            signer,
            body,
            house=self.house,
            object_id=object_id,
            sequence=self._sequence,
            created_ms=self.now_ms,
            not_after_ms=not_after_ms,
            epoch=self.epoch,
            author=self.me,
            mandate=mandate,
        )

    def verify_by(self, member: bytes, message: bytes, signature: bytes) -> bool:
        """Whether one of a member's roots signed this. Spec: §18.3."""
        successors = self.roots.get(MemberId(member), ())
        keys = (member, *(successor.key for successor in successors))
        return any(self.config.verify(key, message, signature) for key in keys)

    @property
    def next_sequence(self) -> int:
        return self._sequence + 1

    def keep(self, record: Record, received_from: MemberId | None) -> None:
        """Store a checked record in its register and react to what it means.

        Set by the engine to ``intake.keep``; here so that features need only Core.
        """
        self.on_keep(self, record, received_from)

    def note_expiry(self, record: Record) -> None:
        """Remember when this record's lease ends (see ``leases``)."""
        heapq.heappush(self.expiries, record.ends)
        spare = len(self.expiries) - _EXPIRIES_SPARE_MAX
        if spare > 0 and spare > 2 * len(self.registers):
            # A register renewed again and again must not leave its former dates behind.
            self.expiries = [stored.record.ends for stored in self.registers.all()]
            heapq.heapify(self.expiries)

    def write_record(self, stored: Stored) -> None:
        """Persist a record's row with its present log number."""
        record = stored.record
        number = self.log.number_of(record.key) or 0
        row = (number, stored.received_ms, stored.received_from or b"", record.envelope)
        self.persist(Space.RECORD, record.author + record.object, row)

    def bump(self, record: Record) -> None:
        """Move a record to the log's end: it became eligible for someone new."""
        stored = self.registers.stored(record.key)
        if stored is not None:
            self.log.bump(record.key)
            self.write_record(stored)

    def bump_entry(self, key: LogKey) -> None:
        self.log.bump(key)

    def drop(self, record: Record) -> None:
        """Forget a record for good (withdrawn, expired)."""
        self.registers.remove(record.key)
        if record.author == self.me:
            self.forget_renewals()
        self.log.forget(record.key)
        self.persist(Space.RECORD, record.author + record.object, None)
        origin = record.origin
        if origin is not None and not self.registers.has_origin(origin):
            # Nothing of theirs is left: the paths offered to them are taken back.
            self.reach.pop(origin, None)
            self.moved[origin] = None

    def current(self, author: MemberId, object_id: ObjectId) -> Record | None:
        """The register's record while it has not expired."""
        stored = self.registers.stored((author, object_id))
        if stored is None or self.now_ms >= stored.record.not_after_ms:
            return None
        return stored.record

    def seat_given(self, member: MemberId) -> Record | None:
        """Our seat for somebody we answer for. Spec: §9.2."""
        return self.current(self.me, seat_object(member))

    def of_kind(self, kind: Kind) -> list[Record]:
        """Current records of a kind, by all authors, in order of arrival."""
        now_ms = self.now_ms
        return [r for r in self.registers.of_kind(kind) if not r.is_expired(now_ms)]

    def mine(self, kind: Kind) -> list[Record]:
        now_ms = self.now_ms
        return [r for r in self.registers.own_of_kind(kind) if not r.is_expired(now_ms)]

    def want(self, link: Link, record_id: RecordId, size_bytes: int) -> None:
        """A friend could give a record that we lack. Spec: §8.4."""
        self.puller.announce(link.id, record_id, size_bytes)
        link.session.pending[record_id] = None
        self.owing[link.id] = None

    # --- who and where -----------------------------------------------------------------

    def link_of(self, friend: MemberId) -> LinkId | None:
        return self.link_ids.get(friend)

    def live_friends(self) -> list[MemberId]:
        """Friends with both halves live, sorted."""
        return [m for m in sorted(self.friends) if self.is_live_friend(m)]

    def is_live_friend(self, member: MemberId) -> bool:
        friend = self.friends.get(member)
        return friend is not None and not friend.ended and self.graph.is_direct(member)

    def is_former_friend(self, member: MemberId) -> bool:
        """Whether a friendship with this member was ended, by either side."""
        friend = self.friends.get(member)
        return friend is not None and friend.ended

    def distance(self, member: MemberId) -> int | None:
        """Circle of a member by the certificates held here; me = 0."""
        return 0 if member == self.me else self.graph.distance(member)

    def path_from(self, origin: MemberId, through: Path = ()) -> Path | None:
        """A shortest proved path ``origin .. me``, or None. Spec: §7.2, §7.5."""
        return self.graph.path_from(origin, through)

    def can_see(self, record: Record) -> bool:
        """Whether a listing may be shown on this node now. Spec: §7.3."""
        body = record.body
        if not isinstance(body, ListingBody) or record.is_expired(self.now_ms):
            return False
        if self.is_withdrawn(record):
            return False
        if record.author == self.me:
            return True
        if self.is_frozen(record.author):
            return False
        path = self.path_from(record.author, body.through)
        return path is not None and may_show(body.circles, len(path) - 1)

    def is_withdrawn(self, record: Record) -> bool:
        """Whether a withdrawal covers this version of a listing. Spec: §7.6."""
        if not self.registers.holds(Kind.WITHDRAWAL):
            return False
        withdrawal = self.current(record.author, withdrawal_object(record.object))
        if withdrawal is None or not isinstance(withdrawal.body, WithdrawalBody):
            return False
        body = withdrawal.body
        return record.version <= (body.target_epoch, body.target_sequence)

    def keys_body(self, member: MemberId) -> KeysBody | None:
        """What a member's present root says of its keys, as far as held here. Spec: §18.2."""
        record = self.current(member, keys_object(len(self.roots.get(member, ()))))
        return record.body if record is not None and isinstance(record.body, KeysBody) else None

    def is_frozen(self, member: MemberId) -> bool:
        """Whether the member asked that nothing its devices sign should count. Spec: §18.2."""
        keys = self.keys_body(member)
        return keys is not None and keys.is_frozen

    def visible_listings(self) -> list[Record]:
        """Others' listings that may be shown here, sorted by register."""
        listings = [r for r in self.of_kind(Kind.LISTING) if r.author != self.me]
        return sorted((r for r in listings if self.can_see(r)), key=lambda record: record.key)

    def name_of(self, member: MemberId) -> str:
        """The name a member goes by, or the beginning of its id."""
        statement = self.current(member, STATEMENT_OBJECT)
        if statement is not None and isinstance(statement.body, StatementBody):
            return statement.body.name
        return self.config.name if member == self.me else member.hex()[:8]

    def is_member(self, member: MemberId) -> bool:
        """Whether seats held here prove that it is a member. Spec: §9.2."""
        return member in self.members

    def standing(self) -> str:
        """Our own place in the house: alone, candidate or member. Spec: §9.2."""
        if self.house is None or self.founders == (self.me,):
            return "alone"
        return "member" if self.is_member(self.me) else "candidate"
