"""Kinds: the numbers by which records, things and what befalls them are called.

Spec: §5.5, §5.7, §5.9, §11.2.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class Kind(IntEnum):
    """Record kinds; numbers are never used twice. Spec: §5.5."""

    CHARTER = 1
    STATEMENT = 2
    SEAT = 3
    HALF = 4
    LISTING = 5
    WITHDRAWAL = 6
    KEYS = 7
    VALIDATION = 8
    AMENDMENT = 9
    REQUEST = 16
    PASS = 17
    COUNTER = 18
    AGREEMENT = 19
    DECLINE = 20
    CANCEL = 21
    HANDOVER = 22
    RETURN = 23
    COMMITMENT = 24
    REPORT = 25
    MEDIATION = 26
    SETTLEMENT = 27
    RATING = 32
    REPAIR = 33
    ENTRY = 34
    REPLY = 36
    RETRACTION = 37


class ThingKind(IntEnum):
    """What is lent and how. Spec: §5.7, design 7.1."""

    OBJECT = 1
    STAY = 2
    SPOT = 3
    COPY = 4
    WANTED = 5
    """Nothing that is lent: what its author is looking for."""


class Category(IntEnum):
    """What sort of thing it is, to find it by. Spec: §5.7."""

    OTHER = 0
    HOME = 1
    KITCHEN = 2
    TOOLS = 3
    GARDEN = 4
    MUSIC = 5
    BOOKS = 6
    FILMS_AND_GAMES = 7
    ELECTRONICS = 8
    SPORT = 9
    VEHICLES = 10
    CHILDREN = 11
    CLOTHES = 12
    SPACE = 13


class Event(Enum):
    """What became of a thing that was handed over. Spec: §11.2."""

    GIFT = 1
    LOST = 2
    DAMAGED = 3


class Fault(IntEnum):
    """What was not as agreed, in a rating of confiance 0. Spec: §5.9, design 8.8."""

    NONE = 0
    NOT_RETURNED = 1
    LATE = 2
    DAMAGED = 3
    RUDE = 4
    UNSAFE = 5
    OTHER = 6


LOAN_KINDS = (
    Kind.REQUEST, Kind.PASS, Kind.COUNTER, Kind.AGREEMENT, Kind.DECLINE,
    Kind.CANCEL, Kind.HANDOVER, Kind.RETURN, Kind.COMMITMENT, Kind.REPORT,
)  # fmt: skip
EVIDENCE_KINDS = (Kind.RATING, Kind.REPAIR, Kind.ENTRY, Kind.REPLY, Kind.RETRACTION)
CIRCLE_KINDS = (
    Kind.STATEMENT, Kind.KEYS, Kind.LISTING, Kind.WITHDRAWAL, Kind.VALIDATION, *EVIDENCE_KINDS,
)  # fmt: skip
"""What travels in the circles of one member, its origin. Spec: §7.3."""
