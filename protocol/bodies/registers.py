"""Registers that are named by what they are about.

Spec: §5.4.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from protocol.bodies.kinds import Kind
from protocol.keys import Domain, MemberId, ObjectId, digest

_OBJECTS_KEPT: Final = 8192


def register_object(kind: Kind, *parts: bytes) -> ObjectId:
    """The 16-byte object of a register that is named by what it is about. Spec: §5.4."""
    return ObjectId(digest(Domain.STEP, bytes([kind]), *parts)[:16])


# Asked for at every look at an edge or a thing: the digests of those in use are kept.
@lru_cache(maxsize=_OBJECTS_KEPT)
def half_object(friend: MemberId) -> ObjectId:
    return register_object(Kind.HALF, friend)


def seat_object(candidate: MemberId) -> ObjectId:
    return register_object(Kind.SEAT, candidate)


@lru_cache(maxsize=_OBJECTS_KEPT)
def validation_object(member: MemberId) -> ObjectId:
    return register_object(Kind.VALIDATION, member)


@lru_cache(maxsize=_OBJECTS_KEPT)
def withdrawal_object(target: ObjectId) -> ObjectId:
    return register_object(Kind.WITHDRAWAL, target)


def step_object(kind: Kind, loan: ObjectId, number: int = 0) -> ObjectId:
    """``number``: the round, the event of a report, else 0. Spec: §5.4."""
    return register_object(kind, loan, number.to_bytes(8, "big"))


STATEMENT_OBJECT = register_object(Kind.STATEMENT)


@lru_cache(maxsize=_OBJECTS_KEPT)
def keys_object(root_index: int) -> ObjectId:
    """Each root key of a member has a register for its keys record. Spec: §18.2."""
    return register_object(Kind.KEYS, root_index.to_bytes(8, "big"))
