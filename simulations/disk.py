"""A member's disk: what was committed, and nothing else, outlives a crash.

``Disk`` keeps the rows of one store as a database would: encoded, and a batch of
changes all at once or not at all. ``Shelf`` reads the same rows with its own eyes:
records, certificates, revocations, friends. Oracles judge by it, so that they never
take the engine's word for what the engine may do.

Spec: §5.4, §7.1, §7.2, §10.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.engine.events import Persist, Space
from protocol.bodies import HalfBody, Kind, ListingBody, WithdrawalBody, withdrawal_object
from protocol.encoding import Value, decode, encode
from protocol.keys import MemberId, ObjectId
from protocol.records import Record
from simulations.signing import InterningOpener

Register = tuple[MemberId, ObjectId]
Version = tuple[int, int]

# A row may be larger than a message; the simulator only wants it to be a value.
_ROW_MAX: Final = 1 << 24


class Disk:
    """The rows of one member's store.

    Args:
        opener: reads the records among them.
        rows: what is there from the beginning.
    """

    def __init__(
        self, opener: InterningOpener, rows: Iterable[tuple[Space, bytes, Value]] = ()
    ) -> None:
        self._rows: dict[tuple[Space, bytes], bytes] = {}
        self.shelf = Shelf(opener)
        self.commits = 0
        self.commit([Persist(space, key, value) for space, key, value in rows])

    def commit(self, changes: Iterable[Persist]) -> None:
        """Write a batch; there is no state in between."""
        self.commits += 1
        for change in changes:
            place = (change.space, change.key)
            if change.value is None:
                self._rows.pop(place, None)
            else:
                self._rows[place] = _pack(change.value)
            self.shelf.take(change)

    def rows(self) -> Iterator[tuple[Space, bytes, Value]]:
        """Everything, as a restarting node reads it."""
        for (space, key), packed in self._rows.items():
            yield space, key, _unpack(packed)

    def __len__(self) -> int:
        return len(self._rows)


def _pack(value: Value) -> bytes:
    return encode(value, elements_max=_ROW_MAX, text_max_bytes=_ROW_MAX)


def _unpack(packed: bytes) -> Value:
    return decode(packed, size_max_bytes=_ROW_MAX, elements_max=_ROW_MAX, text_max_bytes=_ROW_MAX)


def envelope_in(change: Persist) -> bytes | None:
    """The envelope in a written record row, None for a deleted one or another space."""
    if change.space is not Space.RECORD or change.value is None:
        return None
    row = change.value
    assert isinstance(row, list | tuple), "a record row is an array"
    envelope = row[3]
    assert isinstance(envelope, bytes), "a record row ends with its envelope"
    return envelope


def says_ended(change: Persist) -> bool:
    """Whether a friend row says that the friendship was ended."""
    row = change.value
    return isinstance(row, list | tuple) and row[4] is True


class Shelf:
    """What the rows of one disk mean, read without the engine."""

    def __init__(self, opener: InterningOpener) -> None:
        self._opener = opener
        self.records: dict[Register, Record] = {}
        self.listings: dict[Register, Record] = {}
        self.halves: dict[tuple[MemberId, MemberId], Record] = {}
        self.revoked: dict[bytes, None] = {}
        self.ended: dict[MemberId, bool] = {}
        """Friends, and whether the friendship was ended."""
        self.certificates_version = 0
        """Changes when the proved graph may have changed."""
        self.withdrawals_version = 0

    def take(self, change: Persist) -> None:
        """Follow one change of the disk."""
        if change.space is Space.RECORD:
            self._take_record(change)
        elif change.space is Space.REVOCATION:
            self.certificates_version += 1
            if change.value is None:
                self.revoked.pop(change.key, None)
            else:
                self.revoked[change.key] = None
        elif change.space is Space.FRIEND:
            self.certificates_version += 1
            if change.value is None:
                self.ended.pop(MemberId(change.key), None)
            else:
                self.ended[MemberId(change.key)] = says_ended(change)

    def _take_record(self, change: Persist) -> None:
        register = (MemberId(change.key[:32]), ObjectId(change.key[32:]))
        before = self.records.pop(register, None)
        self.listings.pop(register, None)
        if before is not None and isinstance(before.body, HalfBody):
            self.halves.pop((before.author, before.body.friend), None)
            self.certificates_version += 1
        envelope = envelope_in(change)
        if envelope is None:
            return
        record = self._opener.peek(envelope)
        self.records[register] = record
        if record.kind is Kind.WITHDRAWAL:
            self.withdrawals_version += 1
        if record.kind is Kind.LISTING:
            self.listings[register] = record
        elif isinstance(record.body, HalfBody):
            self.halves[record.author, record.body.friend] = record
            self.certificates_version += 1

    # --- readings ----------------------------------------------------------------------

    def live_half(self, author: MemberId, friend: MemberId, now_ms: int) -> Record | None:
        """A half that stands: held, unexpired, its secret not known."""
        half = self.halves.get((author, friend))
        if half is None or half.is_expired(now_ms) or not isinstance(half.body, HalfBody):
            return None
        return None if half.body.revocation_hash in self.revoked else half

    def is_withdrawn(self, listing: Record) -> bool:
        """Whether a withdrawal held here covers this version."""
        withdrawal = self.records.get((listing.author, withdrawal_object(listing.object)))
        if withdrawal is None or not isinstance(withdrawal.body, WithdrawalBody):
            return False
        body = withdrawal.body
        return listing.version <= (body.target_epoch, body.target_sequence)

    def live_listings(self, author: MemberId, now_ms: int) -> list[Record]:
        """The author's listings that are neither expired nor withdrawn, in order of arrival."""
        return [
            record
            for record in self.listings.values()
            if record.author == author
            and not record.is_expired(now_ms)
            and not self.is_withdrawn(record)
        ]

    def proved_neighbours(self, me: MemberId, now_ms: int) -> dict[MemberId, dict[MemberId, None]]:
        """The transit edges that the certificates held here prove. Spec: §7.2."""
        neighbours: dict[MemberId, dict[MemberId, None]] = {}
        for author, friend in self.halves:
            if author < friend and self.is_transit(author, friend, me, now_ms):
                neighbours.setdefault(author, {})[friend] = None
                neighbours.setdefault(friend, {})[author] = None
        return neighbours

    def is_transit(self, one: MemberId, other: MemberId, me: MemberId, now_ms: int) -> bool:
        """Whether an edge is live, shown and attested by both ends as joining two members."""
        if me in (one, other) and not self.is_live_friend(me, other if one == me else one, now_ms):
            return False
        for author, friend in ((one, other), (other, one)):
            half = self.live_half(author, friend, now_ms)
            if half is None or not isinstance(half.body, HalfBody):
                return False
            if not (half.body.shows and half.body.friend_is_member):
                return False
        return True

    def is_live_friend(self, me: MemberId, friend: MemberId, now_ms: int) -> bool:
        """Whether a friendship of our own stands, transit or not."""
        return (
            self.ended.get(friend) is False
            and self.live_half(me, friend, now_ms) is not None
            and self.live_half(friend, me, now_ms) is not None
        )


def reach_of(body: ListingBody, max_circles: int) -> int:
    """How many circles a listing travels in a house with these rules. Spec: §7.3."""
    return min(body.circles, max_circles)
