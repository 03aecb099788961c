"""Fields of bodies: what a value must be to stand for a member, a path, an interval, and so on.

Spec: §3.5, §5.5 to §5.8.
"""

from __future__ import annotations

from protocol import limits
from protocol.encoding import (
    Value,
    expect_array,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import Malformed
from protocol.keys import MemberId, ObjectId, Signature


def expect_member(value: Value, name: str = "member") -> MemberId:
    return MemberId(expect_bytes(value, name, length=32))


def expect_object(value: Value, name: str) -> ObjectId:
    return ObjectId(expect_bytes(value, name, length=16))


def expect_members(value: Value, name: str, maximum: int) -> tuple[MemberId, ...]:
    items = expect_array(value, name, maximum=maximum)
    members = tuple(expect_member(item, name) for item in items)
    if len(dict.fromkeys(members)) != len(members):
        raise Malformed(f"{name} names a member twice", section="5.5")
    return members


def expect_path(value: Value) -> tuple[MemberId, ...]:
    path = expect_members(value, "path", limits.CIRCLES_HARD_MAX + 1)
    if len(path) < 2:
        raise Malformed("a loan's path has at least two members", section="5.8")
    return path


def expect_number(value: Value, name: str) -> int:
    return expect_uint(value, name, limits.UINT_MAX)


def expect_circles(value: Value) -> int:
    return expect_uint(value, "circles", limits.CIRCLES_HARD_MAX)


def expect_interval(from_value: Value, to_value: Value) -> tuple[int, int]:
    start, end = expect_number(from_value, "from"), expect_number(to_value, "to")
    if end <= start:
        raise Malformed("the end must be after the start", section="5.8")
    return start, end


def expect_sealed(value: Value) -> bytes:
    return expect_bytes(value, "sealed text", maximum=limits.TEXT_SIZE_MAX_BYTES + 64)


def expect_signature(value: Value, name: str) -> Signature:
    return Signature(expect_bytes(value, name, length=64))


def expect_commitment(value: Value, name: str) -> bytes:
    data = expect_bytes(value, name, maximum=32)
    if len(data) not in (0, 32):
        raise Malformed(f"{name} must be empty or 32 bytes", section="5.6")
    return data


def expect_parameters(value: Value, name: str) -> tuple[tuple[str, int], ...]:
    pairs = [
        expect_array(pair, "parameter", length=2) for pair in expect_array(value, name, maximum=64)
    ]
    parameters = tuple(
        (expect_text(p[0], "parameter name", 64), expect_number(p[1], "parameter value"))
        for p in pairs
    )
    names = [name for name, _ in parameters]
    if names != sorted(dict.fromkeys(names)):
        raise Malformed("parameters must be sorted by name, each once", section="5.6")
    return parameters
