"""A family of invented homes that tell each other only what they need.

Left to themselves, a thousand homes around one would each hear what all the others list, say
and are said to be: a million copies of what no attacker has a use for, and a simulator's whole
day. Here the wires between them keep it back; what goes to anybody else is left as it is.

Spec: §12.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from protocol.bodies import EntryBody, ListingBody, RatedBody, StatementBody
from protocol.keys import MemberId, RecordId
from protocol.messages import Announce, Message, Paths, Records, decode_message, encode_message
from protocol.records import Record
from simulations.liars import Liars


@dataclass(slots=True)
class HushedFamily(Liars):
    """The wires of a family.

    Args:
        members: the family, with their numbers, which are those of ``numbers``.
        opens: opens an envelope without counting it.
        finds: a record that a member holds, by its id.
    """

    members: dict[MemberId, int] = field(kw_only=True)
    opens: Callable[[bytes], Record] = field(kw_only=True)
    finds: Callable[[int, RecordId], Record | None] = field(kw_only=True)

    def spoil(self, number: int, to: int, message: bytes, held: Iterable[Record]) -> list[bytes]:
        """What really leaves: to others all of it, to the family no gossip."""
        if to not in self.numbers:
            return [message]
        said = decode_message(message)
        left = self._without_gossip(number, to, said)
        if left == said:
            return [message]
        self.lies += 1
        return [] if left is None else [encode_message(left)]

    def _without_gossip(self, number: int, to: int, message: Message) -> Message | None:
        both = (number, to)
        match message:
            case Records(envelopes):
                kept = tuple(e for e in envelopes if not self._is_gossip(self.opens(e), both))
                return Records(kept) if kept else None
            case Announce(_, _, items):
                held = ((item, self.finds(number, item[0])) for item in items)
                told = (i for i, record in held if not (record and self._is_gossip(record, both)))
                left = tuple(told)
                return replace(message, items=left) if left or message.more or not items else None
            case Paths(origin, _):
                return message if self.members.get(origin, number) in both else None
            case _:
                return message

    def _is_gossip(self, record: Record, both: tuple[int, int]) -> bool:
        """Whether it is about one of the family who is at neither end of the wire."""
        body = record.body
        about: tuple[MemberId, ...] = ()
        if isinstance(body, ListingBody | StatementBody):
            about = (record.author,)
        elif isinstance(body, RatedBody):
            about = (body.terms.holder, body.terms.borrower)
        elif isinstance(body, EntryBody):
            about = (body.holder, body.borrower)
        return any(self.members.get(member, both[0]) not in both for member in about)
