"""A member's disk: what was committed, and nothing else, outlives a crash.

``Disk`` keeps the rows of one store as a database would: encoded, and a batch of
changes all at once or not at all. ``Shelf`` reads the same rows with its own eyes:
records, certificates, revocations, friends. Oracles judge by it, so that they never
take the engine's word for what the engine may do.

Spec: §5.4, §7.1, §7.2, §10.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgpack  # type: ignore[import-untyped, unused-ignore]

from node.engine.events import Persist, Space
from protocol.bodies import (
    HalfBody,
    KeysBody,
    Kind,
    ListingBody,
    WithdrawalBody,
    keys_object,
    withdrawal_object,
)
from protocol.encoding import Value, encode
from protocol.keys import MemberId, ObjectId
from protocol.records import Record
from simulations.signing import InterningOpener

Register = tuple[MemberId, ObjectId]
Version = tuple[int, int]
Edge = tuple[MemberId, MemberId]
"""Two members, the smaller id first."""

# A row may be larger than a message; the simulator only wants it to be a value.
_ROW_MAX: Final = 1 << 24
_FOR_EVER_MS: Final = 1 << 63


class Disk:
    """The rows of one member's store.

    Args:
        me: whose store it is.
        opener: reads the records among them.
        rows: what is there from the beginning.
    """

    def __init__(
        self,
        me: MemberId,
        opener: InterningOpener,
        rows: Iterable[tuple[Space, bytes, Value]] = (),
    ) -> None:
        self._rows: dict[tuple[Space, bytes], bytes] = {}
        self.shelf = Shelf(me, opener)
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
    # What stands here was encoded here, by all the rules: it need not be checked again.
    value: Value = msgpack.unpackb(packed, use_list=False, strict_map_key=False)
    return value


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


class _Held(NamedTuple):
    """An edge of which both halves are held and neither is revoked."""

    until_ms: int
    is_transit: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """What the certificates on one disk prove until ``until_ms``, if none comes or goes."""

    neighbours: dict[MemberId, dict[MemberId, None]]
    until_ms: int


class Shelf:
    """What the rows of one disk mean, read without the engine.

    Oracles ask after every commit what it proves, and a disk may hold thousands of
    certificates: so each edge is judged when one of its halves changes, not when asked.
    """

    def __init__(self, me: MemberId, opener: InterningOpener) -> None:
        self._me = me
        self._opener = opener
        self.records: dict[Register, Record] = {}
        self.listings: dict[Register, Record] = {}
        self.halves: dict[tuple[MemberId, MemberId], Record] = {}
        self.revoked: dict[bytes, None] = {}
        self.ended: dict[MemberId, bool] = {}
        """Friends, and whether the friendship was ended."""
        self.certificates_version = 0
        """Changes when less or more than before is proved."""
        self.withdrawals_version = 0
        self.listings_version = 0
        self._edges: dict[Edge, _Held] = {}
        self._edges_of: dict[bytes, dict[Edge, None]] = {}
        """For each revocation hash the edges that it stands in."""
        self._proved_ms = 0

    def take(self, change: Persist) -> None:
        """Follow one change of the disk."""
        if change.space is Space.RECORD:
            self._take_record(change)
        elif change.space is Space.REVOCATION:
            self._take_revocation(change)
        elif change.space is Space.FRIEND:
            friend = MemberId(change.key)
            ended = None if change.value is None else says_ended(change)
            if ended is not self.ended.get(friend):
                self.certificates_version += 1
            if ended is None:
                self.ended.pop(friend, None)
            else:
                self.ended[friend] = ended

    def _take_record(self, change: Persist) -> None:
        register = (MemberId(change.key[:32]), ObjectId(change.key[32:]))
        before = self.records.pop(register, None)
        if self.listings.pop(register, None) is not None:
            self.listings_version += 1
        envelope = envelope_in(change)
        record = None if envelope is None else self._opener.peek(envelope)
        if record is not None:
            self.records[register] = record
            if record.kind is Kind.WITHDRAWAL:
                self.withdrawals_version += 1
            if record.kind is Kind.LISTING:
                self.listings[register] = record
                self.listings_version += 1
        touched: dict[Edge, None] = {}
        if before is not None and isinstance(before.body, HalfBody):
            touched[self._remove_half(before.author, before.body)] = None
        if record is not None and isinstance(record.body, HalfBody):
            touched[self._put_half(record, record.body)] = None
        if record is not None and isinstance(record.body, KeysBody):
            ends = [friend for author, friend in self.halves if author == record.author]
            touched |= dict.fromkeys(_edge(record.author, friend) for friend in ends)
        for pair in touched:
            self._judge(pair)

    # --- edges -------------------------------------------------------------------------

    def _put_half(self, half: Record, body: HalfBody) -> Edge:
        pair = _edge(half.author, body.friend)
        self.halves[half.author, body.friend] = half
        self._edges_of.setdefault(body.revocation_hash, {})[pair] = None
        return pair

    def _remove_half(self, author: MemberId, body: HalfBody) -> Edge:
        pair = _edge(author, body.friend)
        self.halves.pop((author, body.friend), None)
        self._edges_of.get(body.revocation_hash, {}).pop(pair, None)
        return pair

    def _take_revocation(self, change: Persist) -> None:
        if change.value is None:
            self.revoked.pop(change.key, None)
        else:
            self.revoked[change.key] = None
        for pair in self._edges_of.get(change.key, ()):
            self._judge(pair)

    def _judge(self, pair: Edge) -> None:
        """One of an edge's halves came, went or was revoked."""
        before, now = self._edges.get(pair), self._held(pair)
        if now is None:
            self._edges.pop(pair, None)
        else:
            self._edges[pair] = now
        if not _proves_the_same(before, now, self._proved_ms):
            self.certificates_version += 1

    def _held(self, pair: Edge) -> _Held | None:
        halves = (self.halves.get(pair), self.halves.get((pair[1], pair[0])))
        until_ms, is_transit = _FOR_EVER_MS, True
        for half in halves:
            if half is None or not isinstance(half.body, HalfBody):
                return None
            if half.body.revocation_hash in self.revoked or self._has_revoked_signer(half):
                return None
            is_transit = is_transit and half.body.shows and half.body.friend_is_member
            until_ms = min(until_ms, half.not_after_ms)
        return _Held(until_ms, is_transit)

    # --- readings ----------------------------------------------------------------------

    def live_half(self, author: MemberId, friend: MemberId, now_ms: int) -> Record | None:
        """A half that stands: held, unexpired, its secret not known."""
        half = self.halves.get((author, friend))
        if half is None or half.is_expired(now_ms) or not isinstance(half.body, HalfBody):
            return None
        return None if half.body.revocation_hash in self.revoked else half

    def _has_revoked_signer(self, half: Record) -> bool:
        """Whether its author, another member, has said that its device signs no more.

        One's own are live until they are signed anew (spec §7.1): a home that asks what it forgot
        may be given its newest keys record before its newest half.
        """
        if half.author == self._me:
            return False
        keys = self.records.get((half.author, keys_object(0)))
        return (
            keys is not None
            and isinstance(keys.body, KeysBody)
            and half.device in keys.body.revoked
        )

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

    def proof(self, me: MemberId, now_ms: int) -> Proof:
        """The transit edges that the certificates held here prove. Spec: §7.2."""
        neighbours: dict[MemberId, dict[MemberId, None]] = {}
        proof_until_ms, self._proved_ms = _FOR_EVER_MS, now_ms
        for pair, (until_ms, is_transit) in self._edges.items():
            if until_ms <= now_ms:
                continue
            one, other = pair
            if one == me or other == me:
                proof_until_ms = min(proof_until_ms, until_ms)  # circle 1 may hang on it
                is_transit = is_transit and self._is_friend_of(me, pair)
            if is_transit:
                proof_until_ms = min(proof_until_ms, until_ms)
                neighbours.setdefault(one, {})[other] = None
                neighbours.setdefault(other, {})[one] = None
        return Proof(neighbours, proof_until_ms)

    def _is_friend_of(self, me: MemberId, pair: Edge) -> bool:
        return self.ended.get(pair[1] if pair[0] == me else pair[0]) is False

    def is_transit(self, one: MemberId, other: MemberId, me: MemberId, now_ms: int) -> bool:
        """Whether an edge is live, shown and attested by both ends as joining two members."""
        pair = _edge(one, other)
        held = self._edges.get(pair)
        if held is None or not held.is_transit or now_ms >= held.until_ms:
            return False
        return me not in pair or self._is_friend_of(me, pair)

    def is_live_friend(self, me: MemberId, friend: MemberId, now_ms: int) -> bool:
        """Whether a friendship of our own stands, transit or not."""
        held = self._edges.get(_edge(me, friend))
        return self.ended.get(friend) is False and held is not None and now_ms < held.until_ms


def _proves_the_same(before: _Held | None, now: _Held | None, at_ms: int) -> bool:
    """Whether what was proved at ``at_ms`` stands, and no more is: an edge is renewed in time."""
    if before is None or now is None:
        return before is now
    is_in_time = at_ms < before.until_ms <= now.until_ms
    return is_in_time and before.is_transit is now.is_transit


def _edge(one: MemberId, other: MemberId) -> Edge:
    return (one, other) if one < other else (other, one)


def reach_of(body: ListingBody, max_circles: int) -> int:
    """How many circles a listing travels in a house with these rules. Spec: §7.3."""
    return min(body.circles, max_circles)
