"""Bodies of the house: its rules, its members, their keys and friendships.

Spec: §5.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from protocol.bodies.kinds import Kind
from protocol.keys import MemberId


@dataclass(frozen=True, slots=True)
class CharterBody:
    """The house's rules. ``parameters`` are ``(name, value)`` sorted by name. Spec: §5.6."""

    kind: ClassVar[Kind] = Kind.CHARTER
    name: str
    founders: tuple[MemberId, ...]
    parameters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class AmendmentBody:
    """The author signs a change of the house's rules. Spec: §5.6, §9.6.

    Args:
        previous: 32 bytes, the version of the rules that it changes.
        changes: ``(name, value)`` sorted by name: the numbers that become others.
    """

    kind: ClassVar[Kind] = Kind.AMENDMENT
    previous: bytes
    changes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StatementBody:
    """What a member says of itself: name, languages, link key (X25519). Spec: §5.6.

    Commitments are empty or 32 bytes (rule R7).
    """

    kind: ClassVar[Kind] = Kind.STATEMENT
    name: str
    languages: tuple[str, ...]
    link_key: bytes
    email_commitment: bytes
    phone_commitment: bytes


@dataclass(frozen=True, slots=True)
class KeysBody:
    """What a member's root key says of its keys. Signed by that root key itself. Spec: §18.2.

    Args:
        next_hash: promises the next root key (``protocol.mandates.root_commitment``).
        guardians: who may approve a successor when all is lost, sorted.
        approvals_min: how many of them it takes; at least 2 when there are guardians.
        is_frozen: nothing that a device signs counts until this is taken back.
        revoked: device keys, and successors vetoed by the member, sorted.
    """

    kind: ClassVar[Kind] = Kind.KEYS
    next_hash: bytes
    guardians: tuple[MemberId, ...] = ()
    approvals_min: int = 2
    is_frozen: bool = False
    revoked: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SeatBody:
    """The author answers for ``candidate``. Spec: §5.6, rules R6 and R7.

    Args:
        email_checked, phone_checked: the commitment whose address or number the author
            found to be the candidate's own; empty when it did not look.
    """

    kind: ClassVar[Kind] = Kind.SEAT
    candidate: MemberId
    email_checked: bytes = b""
    phone_checked: bytes = b""


@dataclass(frozen=True, slots=True)
class ValidationBody:
    """The author answers for friend ``member``, until it says so no more. Spec: §5.6, rule R9."""

    kind: ClassVar[Kind] = Kind.VALIDATION
    member: MemberId
    holds: bool


@dataclass(frozen=True, slots=True)
class HalfBody:
    """One side of a friendship. Spec: §5.6.

    ``friend_is_member``: the author has itself seen the friend's seats. Only
    edges attested so by both ends carry anything beyond circle 1.
    """

    kind: ClassVar[Kind] = Kind.HALF
    friend: MemberId
    revocation_hash: bytes
    shows: bool
    friend_is_member: bool
