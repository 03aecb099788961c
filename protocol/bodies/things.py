"""Bodies of things: what is shared, when, with which pictures and file; and that it is gone.

Spec: §5.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from protocol.bodies.kinds import Category, Kind, ThingKind
from protocol.keys import MemberId, ObjectId

_MINUTES_PER_DAY: Final = 24 * 60
MINUTES_PER_WEEK: Final = 7 * _MINUTES_PER_DAY


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
