"""Relays that keep to themselves whatever would take something away.

Such a member gives away all that is asked for and new, and is silent on what ends it:
no secret that ends a friendship, no withdrawal, no version of a listing that goes less
far than the one it gave before, no word that it has no path any more. What it could
show goes on being shown by those who depend on it, until the leases end.

Nothing is drawn by chance here: they lie always, which is the worst they can do.

Spec: §7.6, §7.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from protocol.bodies import ListingBody, WithdrawalBody
from protocol.errors import RemoteProtocolError
from protocol.keys import MemberId, ObjectId, RecordId
from protocol.messages import (
    Announce,
    Message,
    Paths,
    Records,
    Revoked,
    decode_message,
    encode_message,
)
from protocol.records import Record
from simulations.liars import Liars

Opens = Callable[[bytes], Record]
Finds = Callable[[int, RecordId], Record | None]


@dataclass(slots=True)
class QuietLiars(Liars):
    """Who is silent in a world, and what each of them has said.

    Args:
        opens: opens an envelope without counting it.
        finds: a record that a member holds, by its id.
    """

    opens: Opens = field(kw_only=True)
    finds: Finds = field(kw_only=True)
    _widest: dict[tuple[int, MemberId, ObjectId], int] = field(default_factory=dict)

    def spoil(self, number: int, message: bytes, held: Iterable[Record]) -> list[bytes]:
        """What really leaves: the message without what takes something away."""
        said = decode_message(message)
        left = self._without(number, said)
        if left == said:
            return [message]
        self.lies += 1
        return [] if left is None else [encode_message(left)]

    def _without(self, number: int, message: Message) -> Message | None:
        match message:
            case Revoked():
                return None
            case Paths(_, ()):
                return None
            case Records(envelopes):
                kept = tuple(e for e in envelopes if not self._takes_away(number, self._open(e)))
                return Records(kept) if kept else None
            case Announce(_, _, items):
                told = tuple(i for i in items if not self._takes_away_id(number, i[0]))
                return replace(message, items=told)
            case _:
                return message

    def _open(self, envelope: bytes) -> Record | None:
        try:
            return self.opens(envelope)
        except RemoteProtocolError:
            return None

    def _takes_away_id(self, number: int, record_id: RecordId) -> bool:
        return self._takes_away(number, self.finds(number, record_id))

    def _takes_away(self, number: int, record: Record | None) -> bool:
        if record is None:
            return False
        if isinstance(record.body, WithdrawalBody):
            return True
        if not isinstance(record.body, ListingBody):
            return False
        register = (number, *record.key)
        known = self._widest.get(register, 0)
        self._widest[register] = max(known, record.body.circles)
        return record.body.circles < known
