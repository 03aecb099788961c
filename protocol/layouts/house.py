"""Layouts of the bodies of the house.

Spec: §5.6.
"""

from __future__ import annotations

from protocol import limits
from protocol.bodies import (
    AmendmentBody,
    Body,
    CharterBody,
    HalfBody,
    KeysBody,
    SeatBody,
    StatementBody,
    ValidationBody,
)
from protocol.encoding import (
    Value,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import Malformed
from protocol.layouts.fields import (
    expect_commitment,
    expect_member,
    expect_members,
    expect_parameters,
)
from protocol.mandates import APPROVALS_MAX, GUARDIANS_MAX


def read_charter(f: tuple[Value, ...]) -> Body:
    return CharterBody(
        expect_text(f[0], "house name", limits.NAME_SIZE_MAX_BYTES),
        expect_members(f[1], "founders", 2),
        expect_parameters(f[2], "parameters"),
    )


def write_charter(b: CharterBody) -> list[Value]:
    return [b.name, list(b.founders), [[name, value] for name, value in b.parameters]]


def read_amendment(f: tuple[Value, ...]) -> Body:
    changes = expect_parameters(f[1], "changes")
    if not changes:
        raise Malformed("an amendment changes something", section="5.6")
    return AmendmentBody(expect_bytes(f[0], "previous version", length=32), changes)


def write_amendment(b: AmendmentBody) -> list[Value]:
    return [b.previous, [[name, value] for name, value in b.changes]]


def read_statement(f: tuple[Value, ...]) -> Body:
    languages = tuple(
        expect_text(item, "language", 16) for item in expect_array(f[1], "languages", maximum=8)
    )
    return StatementBody(
        expect_text(f[0], "name", limits.NAME_SIZE_MAX_BYTES),
        languages,
        expect_bytes(f[2], "link key", length=32),
        expect_commitment(f[3], "e-mail commitment"),
        expect_commitment(f[4], "phone commitment"),
    )


def write_statement(b: StatementBody) -> list[Value]:
    return [b.name, list(b.languages), b.link_key, b.email_commitment, b.phone_commitment]


def read_keys(f: tuple[Value, ...]) -> Body:
    guardians = expect_members(f[1], "guardians", GUARDIANS_MAX)
    revoked = tuple(
        expect_bytes(item, "revoked key", length=32)
        for item in expect_array(f[4], "revoked", maximum=limits.REVOKED_KEYS_MAX)
    )
    for name, keys in (("guardians", guardians), ("revoked", revoked)):
        if list(keys) != sorted(dict.fromkeys(keys)):
            raise Malformed(f"{name} must be sorted, each once", section="18.2")
    approvals_min = expect_uint(f[2], "approvals", APPROVALS_MAX)
    if approvals_min < 2:
        raise Malformed("a successor takes the approval of two guardians at least", section="18.2")
    next_hash = expect_bytes(f[0], "next root's hash", length=32)
    return KeysBody(next_hash, guardians, approvals_min, expect_bool(f[3], "frozen"), revoked)


def write_keys(b: KeysBody) -> list[Value]:
    return [b.next_hash, list(b.guardians), b.approvals_min, b.is_frozen, list(b.revoked)]


def read_seat(f: tuple[Value, ...]) -> Body:
    return SeatBody(
        expect_member(f[0], "candidate"),
        expect_commitment(f[1], "checked e-mail"),
        expect_commitment(f[2], "checked phone"),
    )


def write_seat(b: SeatBody) -> list[Value]:
    return [b.candidate, b.email_checked, b.phone_checked]


def read_validation(f: tuple[Value, ...]) -> Body:
    return ValidationBody(expect_member(f[0], "member"), expect_bool(f[1], "holds"))


def write_validation(b: ValidationBody) -> list[Value]:
    return [b.member, b.holds]


def read_half(f: tuple[Value, ...]) -> Body:
    return HalfBody(
        expect_member(f[0], "friend"),
        expect_bytes(f[1], "revocation hash", length=32),
        expect_bool(f[2], "shows"),
        expect_bool(f[3], "friend is member"),
    )


def write_half(b: HalfBody) -> list[Value]:
    return [b.friend, b.revocation_hash, b.shows, b.friend_is_member]
