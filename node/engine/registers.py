"""All records a node holds, one a register, with the indexes the engine asks for.

A register is ``(author, object)``; the newest version stands. Nothing here
judges: ``intake`` decides what may enter.

Spec: §5.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol.bodies import HalfBody, Kind
from protocol.keys import MemberId, ObjectId, RecordId
from protocol.records import Record

Key = tuple[MemberId, ObjectId]


@dataclass(slots=True, eq=False)
class Stored:
    """A record with when and from whom it came (None: our own)."""

    record: Record
    received_ms: int
    received_from: MemberId | None


class Registers:
    """Records by register, id, kind, origin, edge and revocation hash.

    Args:
        owner: whose node this is. Its own records are asked for after every event, and
            looking at all others each time would cost more than the event.
    """

    __slots__ = (
        "_count_foreign",
        "_counts_from",
        "_halves_by_hash",
        "_key_of",
        "_kinds",
        "_origins",
        "_own",
        "_owner",
        "_stored",
        "has_id",
        "stored",
    )

    def __init__(self, owner: MemberId) -> None:
        self._owner = owner
        self._own: dict[Kind, dict[Key, Stored]] = {}
        self._stored: dict[Key, Stored] = {}
        self._key_of: dict[RecordId, Key] = {}
        self._kinds: dict[Kind, dict[Key, Stored]] = {}
        # Of most origins a home holds a few records: lists are a third as large as dicts.
        self._origins: dict[MemberId, list[Stored]] = {}
        # Honest halves have a hash each; only where one comes again are there more than one.
        self._halves_by_hash: dict[bytes, Key | dict[Key, None]] = {}
        self._counts_from: dict[MemberId, int] = {}
        self._count_foreign = 0
        # Asked for several times in every event: the look-ups themselves.
        self.stored: Callable[[Key], Stored | None] = self._stored.get
        """What stands in a register."""
        self.has_id: Callable[[RecordId], bool] = self._key_of.__contains__
        """Whether a record is held."""

    def __len__(self) -> int:
        return len(self._stored)

    def with_id(self, record_id: RecordId) -> Record | None:
        key = self._key_of.get(record_id)
        return None if key is None else self._stored[key].record

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
        origin = record.origin
        if origin is not None:
            alike = self._origins.get(origin)
            if alike is None:
                self._origins[origin] = [stored]
            else:
                alike.append(stored)
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
        origin = record.origin
        if origin is not None:
            self._origins[origin].remove(stored)
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
        giver = stored.received_from
        if giver is not None:
            self._counts_from[giver] = self._counts_from.get(giver, 0) + change
            self._count_foreign += change

    def holds(self, kind: Kind) -> bool:
        """Whether there is any record of a kind."""
        return bool(self._kinds.get(kind))

    def of_kind(self, kind: Kind) -> list[Record]:
        return [stored.record for stored in self._kinds.get(kind, {}).values()]

    def own_of_kind(self, kind: Kind) -> list[Record]:
        return [stored.record for stored in self._own.get(kind, {}).values()]

    def of_origin(self, origin: MemberId) -> list[Record]:
        return [stored.record for stored in self._origins.get(origin, ())]

    def has_listings(self, author: MemberId, count: int) -> bool:
        """Whether so many things of a member are held, or more."""
        alike = self._origins.get(author, ())
        if len(alike) < count:
            return False
        return sum(stored.record.kind is Kind.LISTING for stored in alike) >= count

    def count_from(self, giver: MemberId) -> int:
        """How many of the records held came from this friend."""
        return self._counts_from.get(giver, 0)

    def count_foreign(self) -> int:
        """How many of the records held came from friends at all."""
        return self._count_foreign

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
