"""Messages between two nodes inside the secure channel, and their bytes.

Each message is one canonical array whose first element is its type. All of them
are small and strict: a wrong type, length or range is a ``DecodeError`` that
names the field. The table of types stands in spec section 8.2.

Pure. Spec: §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from protocol import limits
from protocol.encoding import (
    Value,
    decode,
    encode,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import DecodeError, Malformed
from protocol.keys import MemberId, RecordId

ITEMS_MAX = 256
"""Entries in one message; more go into another. Spec: §8.2."""
ADDRESSES_MAX = 16
ELEMENTS_MAX = 8 * ITEMS_MAX
DEPTH_MAX = 5


@dataclass(frozen=True, slots=True)
class Have:
    """What the sender holds of the receiver's log, and the epoch of its own. Spec: §8.3."""

    own_epoch: bytes
    peer_epoch: bytes
    upto: int


@dataclass(frozen=True, slots=True)
class Announce:
    """Records the sender could give, by id and size; its log position after them. Spec: §8.4.

    ``more``: the sender waits for a ``Have`` before it goes on.
    """

    upto: int
    more: bool
    items: tuple[tuple[RecordId, int], ...]


@dataclass(frozen=True, slots=True)
class Want:
    """Ids the sender lacks. Spec: §8.4."""

    ids: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Envelopes, asked for or (own, small, live ones) unasked. Spec: §8.4."""

    envelopes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Wanted ids that the sender cannot give (any more). Spec: §8.4."""

    ids: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class OfferedPath:
    """One path and the ids of its certificates: two halves an edge, in path order."""

    members: tuple[MemberId, ...]
    certificates: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """All paths the sender now offers for one origin; none takes earlier ones back. Spec: §7.4."""

    origin: MemberId
    paths: tuple[OfferedPath, ...]


@dataclass(frozen=True, slots=True)
class Revoked:
    """Secrets that end friendships, with the hops they may still travel. Spec: §7.7."""

    secrets: tuple[tuple[bytes, int], ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sender can be reached, "host:port". Spec: §8.5."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A guest's first message: own statement, half, and seats it has. Spec: §9.3."""

    envelopes: tuple[bytes, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Welcome:
    """The inviter's answer: charter, statement, half, seats. Spec: §9.3."""

    envelopes: tuple[bytes, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinRefused:
    """Why a guest is not welcomed: a code of spec §9.3."""

    code: str


@dataclass(frozen=True, slots=True)
class Recall:
    """A restored node asks for what it said itself. Spec: §18.5."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """Records of the asking member, as the sender holds them. Spec: §18.5."""

    envelopes: tuple[bytes, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class RangeAsked:
    """What the asker holds of a range: from ``lower`` to before ``upper`` (empty: no end)."""

    lower: bytes
    upper: bytes
    count: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Compare:
    """Ranges of what the sender believes the receiver could give it. Spec: §8.6."""

    salt: bytes
    ranges: tuple[RangeAsked, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What the answerer could give from ``begin`` to where the next part begins."""

    begin: bytes
    count: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Compared:
    """The range asked about, in parts; none when both sides agree on it. Spec: §8.6."""

    salt: bytes
    lower: bytes
    upper: bytes
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """The range asked about, id by id; ``more`` of it follows. Spec: §8.6."""

    salt: bytes
    lower: bytes
    upper: bytes
    more: bool
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Lazy:
    """Records of these origins came to the sender sooner another way. Spec: §8.7."""

    origins: tuple[MemberId, ...]


Message = (
    Have | Announce | Want | Records | Missing | Paths | Revoked | Addresses
    | Compare | Compared | Listed | Lazy
    | JoinRequest | Welcome | JoinRefused | Recall | Recalled
)  # fmt: skip

_TYPE_HAVE = 1
_TYPE_ANNOUNCE = 2
_TYPE_WANT = 3
_TYPE_RECORDS = 4
_TYPE_MISSING = 5
_TYPE_PATHS = 6
_TYPE_REVOKED = 7
_TYPE_ADDRESSES = 8
_TYPE_JOIN = 9
_TYPE_WELCOME = 10
_TYPE_JOIN_REFUSED = 11
_TYPE_COMPARE = 12
_TYPE_COMPARED = 13
_TYPE_LISTED = 14
_TYPE_LAZY = 15
_TYPE_RECALL = 16
_TYPE_RECALLED = 17


def encode_message(message: Message) -> bytes:
    """The bytes of one message, before the channel seals them."""
    return encode(_to_value(message), elements_max=ELEMENTS_MAX, depth_max=DEPTH_MAX)


def decode_message(data: bytes) -> Message:
    """Read one message.

    Raises:
        DecodeError: anything but a canonical message of a known type.

    Spec: §8.2.
    """
    value = decode(
        data,
        size_max_bytes=limits.MESSAGE_SIZE_MAX_BYTES,
        elements_max=ELEMENTS_MAX,
        depth_max=DEPTH_MAX,
    )
    fields = expect_array(value, "message", maximum=8)
    if not fields:
        raise Malformed("an empty message", section="8.2")
    number = expect_uint(fields[0], "message type", 255)
    known = _READERS.get(number)
    if known is None:
        raise Malformed(f"message type {number} is unknown", section="8.2")
    length, read = known
    return read(expect_array(value, "message", length=length))


def envelopes_in(data: bytes) -> list[bytes]:
    """The envelopes a message carries, for checking them ahead on other threads.

    Never raises: garbage gives an empty list, and the engine says what was wrong.
    """
    if len(data) < 2 or data[1] != _TYPE_RECORDS:
        return []
    try:
        message = decode_message(data)
    except DecodeError:
        return []
    return list(message.envelopes) if isinstance(message, Records) else []


# --- layouts ---------------------------------------------------------------------------


def _to_value(message: Message) -> list[Value]:
    match message:
        # The most frequent ones first.
        case Announce():
            return [_TYPE_ANNOUNCE, message.upto, message.more, message.items]
        case Records():
            return [_TYPE_RECORDS, message.envelopes]
        case Paths():
            pairs: list[Value] = [[p.members, p.certificates] for p in message.paths]
            return [_TYPE_PATHS, message.origin, pairs]
        case Want():
            return [_TYPE_WANT, message.ids]
        case Have(own, peer, upto):
            return [_TYPE_HAVE, own, peer, upto]
        case Missing(ids):
            return [_TYPE_MISSING, ids]
        case Revoked(secrets):
            return [_TYPE_REVOKED, [[secret, hops] for secret, hops in secrets]]
        case Addresses(addresses):
            return [_TYPE_ADDRESSES, list(addresses)]
        case JoinRequest(envelopes, addresses):
            return [_TYPE_JOIN, list(envelopes), list(addresses)]
        case Welcome(envelopes, addresses):
            return [_TYPE_WELCOME, list(envelopes), list(addresses)]
        case JoinRefused(code):
            return [_TYPE_JOIN_REFUSED, code]
        case Compare(salt, ranges):
            asked: list[Value] = [[r.lower, r.upper, r.count, r.fingerprint] for r in ranges]
            return [_TYPE_COMPARE, salt, asked]
        case Compared(salt, lower, upper, parts):
            told: list[Value] = [[p.begin, p.count, p.fingerprint] for p in parts]
            return [_TYPE_COMPARED, salt, lower, upper, told]
        case Listed(salt, lower, upper, more, ids):
            return [_TYPE_LISTED, salt, lower, upper, more, list(ids)]
        case Lazy(origins):
            return [_TYPE_LAZY, list(origins)]
        case Recall():
            return [_TYPE_RECALL]
        case Recalled(envelopes, more):
            return [_TYPE_RECALLED, list(envelopes), more]
        case _:
            assert_never(message)


def _items(value: Value, name: str, maximum: int = ITEMS_MAX) -> tuple[Value, ...]:
    return expect_array(value, name, maximum=maximum)


def _ids(value: Value) -> tuple[RecordId, ...]:
    return tuple(RecordId(expect_bytes(item, "id", length=32)) for item in _items(value, "ids"))


def _envelopes(value: Value) -> tuple[bytes, ...]:
    maximum = limits.RECORD_SIZE_MAX_BYTES
    return tuple(
        expect_bytes(item, "envelope", maximum=maximum) for item in _items(value, "envelopes")
    )


def _addresses(value: Value) -> tuple[str, ...]:
    items = _items(value, "addresses", ADDRESSES_MAX)
    return tuple(expect_text(item, "address", 255) for item in items)


def _pair(value: Value, name: str) -> tuple[Value, ...]:
    return expect_array(value, name, length=2)


def _read_have(f: tuple[Value, ...]) -> Message:
    own = expect_bytes(f[1], "own epoch", length=8)
    return Have(own, expect_bytes(f[2], "peer epoch", length=8), expect_uint(f[3], "upto"))


def _read_announce(f: tuple[Value, ...]) -> Message:
    pairs = [_pair(item, "announced item") for item in _items(f[3], "announced items")]
    items = tuple(
        (
            RecordId(expect_bytes(pair[0], "id", length=32)),
            expect_uint(pair[1], "size", limits.RECORD_SIZE_MAX_BYTES),
        )
        for pair in pairs
    )
    return Announce(expect_uint(f[1], "upto"), expect_bool(f[2], "more"), items)


def _read_paths(f: tuple[Value, ...]) -> Message:
    origin = MemberId(expect_bytes(f[1], "origin", length=32))
    paths = tuple(
        _read_path(origin, _pair(item, "offered path"))
        for item in _items(f[2], "offered paths", limits.PATHS_PER_OFFER_MAX)
    )
    return Paths(origin, paths)


def _read_path(origin: MemberId, pair: tuple[Value, ...]) -> OfferedPath:
    items = _items(pair[0], "path members", limits.CIRCLES_HARD_MAX)
    members = tuple(MemberId(expect_bytes(item, "path member", length=32)) for item in items)
    if not members or members[0] != origin:
        raise Malformed("the path does not start at its origin", section="7.4")
    certificates = _ids(pair[1])
    if len(certificates) != 2 * (len(members) - 1):
        raise Malformed("a path names two certificates an edge", section="7.4")
    return OfferedPath(members, certificates)


def _read_revoked(f: tuple[Value, ...]) -> Message:
    pairs = [_pair(item, "revocation") for item in _items(f[1], "revocations")]
    hops_max = limits.CIRCLES_HARD_MAX + limits.REVOCATION_EXTRA_HOPS
    return Revoked(
        tuple(
            (expect_bytes(pair[0], "secret", length=32), expect_uint(pair[1], "hops", hops_max))
            for pair in pairs
        )
    )


def _salt(value: Value) -> bytes:
    return expect_bytes(value, "salt", length=16)


def _bounds(lower: Value, upper: Value) -> tuple[bytes, bytes]:
    begin = expect_bytes(lower, "lower bound", length=32)
    end = expect_bytes(upper, "upper bound", maximum=32)
    if end and (len(end) != 32 or end <= begin):
        raise Malformed("a range ends after it begins", section="8.6")
    return begin, end


def _read_compare(f: tuple[Value, ...]) -> Message:
    ranges = []
    for item in _items(f[2], "ranges"):
        fields = expect_array(item, "range", length=4)
        count = expect_uint(fields[2], "count")
        fingerprint = expect_bytes(fields[3], "fingerprint", length=32)
        ranges.append(RangeAsked(*_bounds(fields[0], fields[1]), count, fingerprint))
    return Compare(_salt(f[1]), tuple(ranges))


def _read_compared(f: tuple[Value, ...]) -> Message:
    parts = []
    for item in _items(f[4], "parts"):
        fields = expect_array(item, "part", length=3)
        begin = expect_bytes(fields[0], "begin", length=32)
        fingerprint = expect_bytes(fields[2], "fingerprint", length=32)
        parts.append(Part(begin, expect_uint(fields[1], "count"), fingerprint))
    return Compared(_salt(f[1]), *_bounds(f[2], f[3]), tuple(parts))


def _read_lazy(f: tuple[Value, ...]) -> Message:
    items = _items(f[1], "origins")
    return Lazy(tuple(MemberId(expect_bytes(item, "origin", length=32)) for item in items))


def _read_listed(f: tuple[Value, ...]) -> Message:
    return Listed(_salt(f[1]), *_bounds(f[2], f[3]), expect_bool(f[4], "more"), _ids(f[5]))


_READERS = {
    _TYPE_HAVE: (4, _read_have),
    _TYPE_ANNOUNCE: (4, _read_announce),
    _TYPE_WANT: (2, lambda f: Want(_ids(f[1]))),
    _TYPE_RECORDS: (2, lambda f: Records(_envelopes(f[1]))),
    _TYPE_MISSING: (2, lambda f: Missing(_ids(f[1]))),
    _TYPE_PATHS: (3, _read_paths),
    _TYPE_REVOKED: (2, _read_revoked),
    _TYPE_ADDRESSES: (2, lambda f: Addresses(_addresses(f[1]))),
    _TYPE_JOIN: (3, lambda f: JoinRequest(_envelopes(f[1]), _addresses(f[2]))),
    _TYPE_WELCOME: (3, lambda f: Welcome(_envelopes(f[1]), _addresses(f[2]))),
    _TYPE_JOIN_REFUSED: (2, lambda f: JoinRefused(expect_text(f[1], "code", 64))),
    _TYPE_COMPARE: (3, _read_compare),
    _TYPE_COMPARED: (5, _read_compared),
    _TYPE_LISTED: (6, _read_listed),
    _TYPE_LAZY: (2, _read_lazy),
    _TYPE_RECALL: (1, lambda f: Recall()),
    _TYPE_RECALLED: (3, lambda f: Recalled(_envelopes(f[1]), expect_bool(f[2], "more"))),
}
