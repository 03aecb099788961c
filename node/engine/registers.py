"""All records a node holds, one a register, with the indexes the engine asks for.

A register is ``(author, object)``; the newest version stands. Nothing here
judges: ``intake`` decides what may enter.

Spec: §5.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.bodies import EVIDENCE_KINDS, EvidenceBody, HalfBody, Kind
from protocol.keys import MemberId, ObjectId, RecordId
from protocol.records import Record

Key = tuple[MemberId, ObjectId]

_CIRCLE_KINDS = (
    Kind.STATEMENT, Kind.KEYS, Kind.LISTING, Kind.WITHDRAWAL, Kind.VALIDATION, *EVIDENCE_KINDS,
)  # fmt: skip


@dataclass(slots=True)
class Stored:
    """A record with when and from whom it came (None: our own)."""

    record: Record
    received_ms: int
    received_from: MemberId | None


def origin_of(record: Record) -> MemberId | None:
    """Whose circles a record travels in, or None when it does not travel by circles.

    A rating or repair travels in the circles of the rated person. Spec: §7.3.
    """
    if record.kind not in _CIRCLE_KINDS:
        return None
    if isinstance(record.body, EvidenceBody):
        return record.body.subject(record.author)
    return record.author


class Registers:
    """Records by register, id, kind, origin, edge and revocation hash.

    Args:
        owner: whose node this is. Its own records are asked for after every event, and
            looking at all others each time would cost more than the event.
    """

    def __init__(self, owner: MemberId) -> None:
        self._owner = owner
        self._own: dict[Kind, dict[Key, Stored]] = {}
        self._stored: dict[Key, Stored] = {}
        self._key_of: dict[RecordId, Key] = {}
        self._kinds: dict[Kind, dict[Key, Stored]] = {}
        self._origins: dict[MemberId, dict[Key, Stored]] = {}
        # Honest halves have a hash each; only where one comes again are there more than one.
        self._halves_by_hash: dict[bytes, Key | dict[Key, None]] = {}
        self._counts: dict[tuple[MemberId, Kind], int] = {}
        self._counts_from: dict[MemberId, int] = {}

    def __len__(self) -> int:
        return len(self._stored)

    def stored(self, key: Key) -> Stored | None:
        return self._stored.get(key)

    def with_id(self, record_id: RecordId) -> Record | None:
        key = self._key_of.get(record_id)
        return None if key is None else self._stored[key].record

    def has_id(self, record_id: RecordId) -> bool:
        return record_id in self._key_of

    def put(self, stored: Stored) -> None:
        """Set a register; what stood there is gone."""
        record = stored.record
        key = record.key
        if key in self._stored:
            self.remove(key)
        self._stored[key] = stored
        self._key_of[record.record_id] = key
        self._kinds.setdefault(record.kind, {})[key] = stored
        if record.author == self._owner:
            self._own.setdefault(record.kind, {})[key] = stored
        self._count(stored, +1)
        origin = origin_of(record)
        if origin is not None:
            self._origins.setdefault(origin, {})[key] = stored
        if isinstance(record.body, HalfBody):
            self._note_half(record.body.revocation_hash, key)

    def remove(self, key: Key) -> None:
        stored = self._stored.pop(key, None)
        if stored is None:
            return
        record = stored.record
        del self._key_of[record.record_id]
        del self._kinds[record.kind][key]
        if record.author == self._owner:
            del self._own[record.kind][key]
        self._count(stored, -1)
        origin = origin_of(record)
        if origin is not None:
            del self._origins[origin][key]
            if not self._origins[origin]:
                del self._origins[origin]
        if isinstance(record.body, HalfBody):
            self._forget_half(record.body.revocation_hash, key)

    def _note_half(self, revocation_hash: bytes, key: Key) -> None:
        alike = self._halves_by_hash.get(revocation_hash)
        if alike is None:
            self._halves_by_hash[revocation_hash] = key
        elif isinstance(alike, dict):
            alike[key] = None
        else:
            self._halves_by_hash[revocation_hash] = {alike: None, key: None}

    def _forget_half(self, revocation_hash: bytes, key: Key) -> None:
        alike = self._halves_by_hash[revocation_hash]
        if isinstance(alike, dict):
            del alike[key]
        if alike == key or not alike:
            del self._halves_by_hash[revocation_hash]

    def _count(self, stored: Stored, change: int) -> None:
        counted = (stored.record.author, stored.record.kind)
        number = self._counts.get(counted, 0) + change
        if number:
            self._counts[counted] = number
        else:
            del self._counts[counted]
        giver = stored.received_from
        if giver is not None:
            self._counts_from[giver] = self._counts_from.get(giver, 0) + change

    def of_kind(self, kind: Kind) -> list[Record]:
        return [stored.record for stored in self._kinds.get(kind, {}).values()]

    def own_of_kind(self, kind: Kind) -> list[Record]:
        return [stored.record for stored in self._own.get(kind, {}).values()]

    def of_origin(self, origin: MemberId) -> list[Record]:
        return [stored.record for stored in self._origins.get(origin, {}).values()]

    def count_of_kind(self, author: MemberId, kind: Kind) -> int:
        return self._counts.get((author, kind), 0)

    def count_from(self, giver: MemberId) -> int:
        """How many of the records held came from this friend."""
        return self._counts_from.get(giver, 0)

    def count_foreign(self) -> int:
        """How many of the records held came from friends at all."""
        return sum(self._counts_from.values())

    def origins(self) -> list[MemberId]:
        """Origins of records held, in order of first arrival."""
        return list(self._origins)

    def has_origin(self, origin: MemberId) -> bool:
        return origin in self._origins

    def halves_with_hash(self, revocation_hash: bytes) -> list[Record]:
        alike = self._halves_by_hash.get(revocation_hash, {})
        keys = alike if isinstance(alike, dict) else {alike: None}
        return [self._stored[key].record for key in keys]

    def all(self) -> list[Stored]:
        return list(self._stored.values())
