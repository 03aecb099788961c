"""What one node could give another and the other lacks, found without naming it all.

The asker holds a set of items that it believes the answerer could give it, the
answerer the set of what it would give now. Both are sorted by id. The asker sends
the number and the fingerprint of a range; the answerer says that they agree, or
names what the range is made of: smaller ranges with their fingerprints, or ids. The
asker asks on about the ranges that differ. So one lost item among n costs about
log n small messages, and equal sets cost one.

It is lopsided on purpose: only what the *asker* lacks is looked for (the other
direction is the other side's own comparison), and the answerer keeps nothing but one
sorted snapshot. What the asker holds beyond the snapshot costs bytes, never truth: in
the end it always compares single ids with everything that it holds.

Pure; knows neither records nor links. After Meyer 2023 and Negentropy. Spec: §8.6.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from protocol import limits
from protocol.errors import InvalidState
from protocol.keys import Domain, MemberId, RecordId, digest
from protocol.messages import ITEMS_MAX, Compare, Compared, Listed, Part, RangeAsked

PARTS: Final = 16
"""Into how many ranges a range that differs is parted. Spec: §8.6."""
LISTED_AT_ONCE_MAX: Final = 2 * PARTS
"""A range of at most so many items is listed by id."""
DEPTH_MAX: Final = 16
"""Partings one inside the other: enough for 16^16 items, the end for a liar."""
RANGES_ASKED_MAX: Final = 65_536
"""Ranges asked about in one comparison: bounds what a liar can have us ask and hold."""
IDS_LISTED_MAX: Final = 262_144
"""Ids a friend may name in one comparison; the next day's goes on from there."""
SALT_SIZE_BYTES: Final = 16

_MODULUS = 2**256
_LOWEST: Final = bytes(32)
_HIGHEST: Final = b"\xff" * 33
"""Above every id: what the empty upper end of a range stands for."""


class ItemSet:
    """Ids in order, with the sum of their salted digests up to each.

    Args:
        ids: 32 bytes each, in any order, repeats count once.
        salt: 16 bytes chosen by the asker, so that nobody can prepare ids whose sums
            cancel out.
    """

    __slots__ = ("_ids", "_sums", "salt")

    def __init__(self, ids: Iterable[bytes], salt: bytes) -> None:
        self.salt = salt
        self._ids = sorted(dict.fromkeys(ids))
        self._sums = [0]
        total = 0
        for item in self._ids:
            total = (total + item_number(salt, item)) % _MODULUS
            self._sums.append(total)

    def __len__(self) -> int:
        return len(self._ids)

    def within(self, lower: bytes, upper: bytes) -> list[bytes]:
        """The ids from ``lower`` (included) to ``upper`` (excluded; empty: no end)."""
        start, end = self._span(lower, upper)
        return self._ids[start:end]

    def count(self, lower: bytes, upper: bytes) -> int:
        start, end = self._span(lower, upper)
        return end - start

    def fingerprint(self, lower: bytes, upper: bytes) -> bytes:
        """32 bytes: the sum of the items' numbers, modulo 2^256. Spec: §8.6."""
        start, end = self._span(lower, upper)
        return ((self._sums[end] - self._sums[start]) % _MODULUS).to_bytes(32, "big")

    def asked(self, lower: bytes, upper: bytes) -> RangeAsked:
        return RangeAsked(lower, upper, self.count(lower, upper), self.fingerprint(lower, upper))

    def parts(self, lower: bytes, upper: bytes) -> tuple[Part, ...]:
        """The range cut into ``PARTS`` with about as many items each."""
        start, end = self._span(lower, upper)
        cuts = [start + (end - start) * k // PARTS for k in range(PARTS)]
        begins = [lower, *(self._ids[cut] for cut in cuts[1:])]
        ends = [*begins[1:], upper]
        return tuple(
            Part(begin, self.count(begin, stop), self.fingerprint(begin, stop))
            for begin, stop in zip(begins, ends, strict=True)
        )

    def _span(self, lower: bytes, upper: bytes) -> tuple[int, int]:
        start = bisect_left(self._ids, lower)
        return start, max(start, bisect_left(self._ids, upper or _HIGHEST))


def item_number(salt: bytes, item: bytes) -> int:
    """What one item adds to a fingerprint. Spec: §8.6."""
    return int.from_bytes(digest(Domain.FINGERPRINT, salt, item), "big")


# --- the answerer ------------------------------------------------------------------------


def answers(items: ItemSet, message: Compare) -> list[Compared | Listed]:
    """Answer each range asked about, in order. Keeps nothing. Spec: §8.6.

    A range in which the asker holds less than half is listed at once, while there are at
    most ``RECONCILE_BY_IDS_MAX`` ids in all the lists of one answer: parting it would only
    find that every part differs.
    """
    said: list[Compared | Listed] = []
    room = limits.RECONCILE_BY_IDS_MAX
    for asked in message.ranges:
        lower, upper = asked.lower, asked.upper
        count = items.count(lower, upper)
        if (asked.count, asked.fingerprint) == (count, items.fingerprint(lower, upper)):
            said.append(Compared(message.salt, lower, upper, ()))
        elif count <= LISTED_AT_ONCE_MAX or (2 * asked.count < count and count <= room):
            room -= count
            said.extend(_lists(message.salt, lower, upper, items.within(lower, upper)))
        else:
            said.append(Compared(message.salt, lower, upper, items.parts(lower, upper)))
    return said


def _lists(salt: bytes, lower: bytes, upper: bytes, ids: list[bytes]) -> list[Listed]:
    starts = range(0, max(1, len(ids)), ITEMS_MAX)
    return [
        Listed(salt, lower, upper, start + ITEMS_MAX < len(ids), tuple(ids[start:][:ITEMS_MAX]))
        for start in starts
    ]


# --- the asker ---------------------------------------------------------------------------


@dataclass(slots=True)
class Comparison:
    """The asker's side of one comparison.

    After ``next_message`` gives None and ``is_over`` holds, everything that the answerer
    named and ``own`` lacks has been given out by ``take``.

    Args:
        own: what the asker believes the answerer could give it, and holds already.
    """

    own: ItemSet
    _to_ask: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    _asked: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    ranges_asked: int = 0
    ids_listed: int = 0

    def __post_init__(self) -> None:
        self._to_ask.append((_LOWEST, b"", 0))

    @property
    def is_over(self) -> bool:
        return not (self._to_ask or self._asked)

    @property
    def is_waiting(self) -> bool:
        """Whether the friend still owes answers."""
        return bool(self._asked)

    def next_message(self) -> Compare | None:
        """What to ask now: nothing while answers are due."""
        if self._asked or not self._to_ask:
            return None
        ranges: list[RangeAsked] = []
        while self._to_ask and len(ranges) < ITEMS_MAX:
            lower, upper, depth = self._to_ask.pop()
            self._asked[(lower, upper)] = depth
            ranges.append(self.own.asked(lower, upper))
        self.ranges_asked += len(ranges)
        return Compare(self.own.salt, tuple(ranges))

    def take_parts(self, message: Compared) -> None:
        """An answer that parts a range, or agrees (no parts).

        Raises:
            InvalidState: nothing such was asked, or it would go on for ever.
        """
        depth = self._answered(message.salt, message.lower, message.upper)
        if not message.parts:
            return
        begins = [part.begin for part in message.parts]
        self._check_parts(message, begins)
        if depth >= DEPTH_MAX:
            raise InvalidState("ranges are parted without end", section="8.6")
        for part, upper in zip(message.parts, [*begins[1:], message.upper], strict=True):
            own = (self.own.count(part.begin, upper), self.own.fingerprint(part.begin, upper))
            if part.count and own != (part.count, part.fingerprint):
                self._to_ask.append((part.begin, upper, depth + 1))
        if self.ranges_asked + len(self._to_ask) > RANGES_ASKED_MAX:
            self._to_ask.clear()
            raise InvalidState("more ranges than one comparison may have", section="8.6")

    @staticmethod
    def _check_parts(message: Compared, begins: list[bytes]) -> None:
        ends = [*begins[1:], message.upper or _HIGHEST]
        is_ordered = all(begin < end for begin, end in zip(begins, ends, strict=True))
        if begins[0] != message.lower or len(begins) < 2 or not is_ordered:
            raise InvalidState("the parts do not make up the range", section="8.6")

    def take_ids(self, message: Listed) -> list[bytes]:
        """An answer that lists a range.

        Returns:
            Ids the answerer could give and ``own`` has not.

        Raises:
            InvalidState: nothing such was asked, or ids of other ranges are named.
        """
        key = (message.lower, message.upper)
        if message.salt != self.own.salt or key not in self._asked:
            raise InvalidState("a list that was not asked for", section="8.6")
        upper = message.upper or _HIGHEST
        if not all(message.lower <= item < upper for item in message.ids):
            raise InvalidState("the list names ids of another range", section="8.6")
        if message.more and not message.ids:
            raise InvalidState("an empty list goes on", section="8.6")
        self.ids_listed += len(message.ids)
        if self.ids_listed > IDS_LISTED_MAX:
            self._asked.clear()
            self._to_ask.clear()
            raise InvalidState("more ids than one comparison may have", section="8.6")
        if not message.more:
            del self._asked[key]
        held = dict.fromkeys(self.own.within(message.lower, message.upper))
        return [item for item in message.ids if item not in held]

    def _answered(self, salt: bytes, lower: bytes, upper: bytes) -> int:
        if salt != self.own.salt or (lower, upper) not in self._asked:
            raise InvalidState("an answer that was not asked for", section="8.6")
        return self._asked.pop((lower, upper))


# --- what a node keeps -------------------------------------------------------------------


@dataclass(slots=True)
class Asking:
    """The asker's side on one link.

    Args:
        due_ms: when to compare next; None until the link has greeted.
        refused: ids that this friend gave and we refused.
    """

    due_ms: int | None = None
    refused: dict[RecordId, None] = field(default_factory=dict)


@dataclass(slots=True)
class Answering:
    """The answerer's snapshot for one friend: only the latest of all friends is kept."""

    friend: MemberId
    items: ItemSet
    origins: dict[bytes, MemberId]


@dataclass(slots=True)
class Reconciling:
    """All comparisons of a node.

    Args:
        under_way: with which friends, hardly ever any: asked for after every message.
        begun: per friend, when it last began to ask, with which salt, and its questions since.
        next_due_ms: when the next is due, looked for when ``is_due_known`` is off: hosts ask
            after every event.
    """

    asking: dict[MemberId, Asking] = field(default_factory=dict)
    under_way: dict[MemberId, Comparison] = field(default_factory=dict)
    next_due_ms: int | None = None
    is_due_known: bool = False
    answering: Answering | None = None
    begun: dict[MemberId, tuple[int, bytes, int]] = field(default_factory=dict)
