"""Messages by which friends help each other beside the engine, and their bytes.

Types 20 to 36 stand apart from those of ``messages``: most of them are answered by the
host, between two links, and never come before the engine. By most of them a common friend
helps two friends reach each other; the last six carry photos and files. ``is_reaching`` tells them
by their second byte, so that nothing is decoded twice.

A node helps only friends who show that they are friends: requests carry both halves of
the friendship (``Proof``). Whatever is wrong with a request, the answer is one "no".

Pure. Spec: §17, §19, §20.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias, assert_never

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
from protocol.errors import Malformed
from protocol.files import PIECES_MAX, SEALED_MAX_BYTES
from protocol.keys import MemberId, ObjectId
from protocol.messages import ADDRESSES_MAX

CIRCUIT_ID_SIZE_BYTES: Final = 16
ITEM_ID_SIZE_BYTES: Final = 32

Proof: TypeAlias = tuple[bytes, bytes]
"""Envelopes of two halves: the asking friend's, then the other's."""


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """To a relay: whom to reach, with the proof. Spec: §17.3."""

    circuit: bytes
    member: MemberId
    proof: Proof


@dataclass(frozen=True, slots=True)
class IncomingCircuit:
    """From a relay: who wants to be connected. Spec: §17.3."""

    circuit: bytes
    member: MemberId


@dataclass(frozen=True, slots=True)
class CircuitData:
    """One WebSocket message's worth of the channel inside. Spec: §17.3."""

    circuit: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class CircuitCredit:
    """The sender takes so many bytes more; the first one accepts the circuit. Spec: §17.3."""

    circuit: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CircuitClosed:
    """The circuit has ended, or never begins. Spec: §17.3."""

    circuit: bytes


@dataclass(frozen=True, slots=True)
class WhereIs:
    """Where was this friend of us both last? Spec: §17.2."""

    member: MemberId
    proof: Proof


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """There; or nowhere, for whatever reason. Spec: §17.2."""

    member: MemberId
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeaveItem:
    """Keep this sealed item for a friend of us both. Spec: §17.4."""

    member: MemberId
    proof: Proof
    sealed: bytes


@dataclass(frozen=True, slots=True)
class ItemReceipt:
    """An item was taken, or was not. Spec: §17.4."""

    item: bytes
    is_taken: bool


@dataclass(frozen=True, slots=True)
class HandItem:
    """A sealed item that a friend of us both left here. Spec: §17.4."""

    member: MemberId
    sealed: bytes


@dataclass(frozen=True, slots=True)
class TellTime:
    """The sender's time, in Unix milliseconds. Spec: §17.6."""

    time_ms: int


@dataclass(frozen=True, slots=True)
class WantPhoto:
    """Give me the part that begins there of a photo of this thing. Spec: §19."""

    origin: MemberId
    thing: ObjectId
    photo: bytes
    begin: int


@dataclass(frozen=True, slots=True)
class PhotoPart:
    """Bytes of a photo, from ``begin`` on. Spec: §19."""

    photo: bytes
    begin: int
    data: bytes


@dataclass(frozen=True, slots=True)
class NoPhoto:
    """It cannot be given, for whatever reason. Spec: §19."""

    photo: bytes


class NotNow(IntEnum):
    """Why a piece of a file is not given. Spec: §20.3."""

    NEVER = 0
    ASLEEP = 1
    LATER = 2


@dataclass(frozen=True, slots=True)
class WantPiece:
    """Give me this piece of a file that was agreed on. Spec: §20.3."""

    loan: ObjectId
    file: bytes
    number: int


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A piece of a file, sealed to the borrower. Spec: §20.3."""

    loan: ObjectId
    file: bytes
    number: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class NoPiece:
    """It is not given, now or at all. Spec: §20.3."""

    loan: ObjectId
    file: bytes
    number: int
    reason: NotNow


Reaching: TypeAlias = (
    OpenCircuit | IncomingCircuit | CircuitData | CircuitCredit | CircuitClosed
    | WhereIs | Whereabouts | LeaveItem | ItemReceipt | HandItem | TellTime
    | WantPhoto | PhotoPart | NoPhoto | WantPiece | FilePiece | NoPiece
)  # fmt: skip

_OPEN = 20
_INCOMING = 21
_DATA = 22
_CREDIT = 23
_CLOSED = 24
_WHERE_IS = 25
_WHEREABOUTS = 26
_LEAVE = 27
_RECEIPT = 28
_HAND = 29
_TIME = 30
_WANT_PHOTO = 31
_PHOTO_PART = 32
_NO_PHOTO = 33
_WANT_PIECE = 34
_FILE_PIECE = 35
_NO_PIECE = 36


def is_reaching(message: bytes) -> bool:
    """Whether a message is of this module's types, by its first two bytes."""
    return len(message) > 1 and message[0] & 0xF0 == 0x90 and _OPEN <= message[1] <= _NO_PIECE


def encode_reaching(message: Reaching) -> bytes:
    """The bytes of one message, before the channel seals them."""
    return encode(_to_value(message))


def decode_reaching(data: bytes) -> Reaching:
    """Read one message of types 20 to 36.

    Raises:
        DecodeError: anything but a canonical message of such a type.

    Spec: §17.1.
    """
    value = decode(data, size_max_bytes=limits.MESSAGE_SIZE_MAX_BYTES)
    fields = expect_array(value, "message", maximum=5)
    if not fields:
        raise Malformed("an empty message", section="17.1")
    number = expect_uint(fields[0], "message type", 255)
    known = _READERS.get(number)
    if known is None:
        raise Malformed(f"message type {number} is unknown", section="17.1")
    length, read = known
    return read(expect_array(value, "message", length=length))


# --- layouts ---------------------------------------------------------------------------


def _to_value(message: Reaching) -> list[Value]:
    match message:
        case OpenCircuit(circuit, member, proof):
            return [_OPEN, circuit, member, list(proof)]
        case IncomingCircuit(circuit, member):
            return [_INCOMING, circuit, member]
        case CircuitData(circuit, data):
            return [_DATA, circuit, data]
        case CircuitCredit(circuit, size_bytes):
            return [_CREDIT, circuit, size_bytes]
        case CircuitClosed(circuit):
            return [_CLOSED, circuit]
        case WhereIs(member, proof):
            return [_WHERE_IS, member, list(proof)]
        case Whereabouts(member, addresses):
            return [_WHEREABOUTS, member, list(addresses)]
        case LeaveItem(member, proof, sealed):
            return [_LEAVE, member, list(proof), sealed]
        case ItemReceipt(item, is_taken):
            return [_RECEIPT, item, is_taken]
        case HandItem(member, sealed):
            return [_HAND, member, sealed]
        case TellTime(time_ms):
            return [_TIME, time_ms]
        case WantPhoto(origin, thing, photo, begin):
            return [_WANT_PHOTO, origin, thing, photo, begin]
        case PhotoPart(photo, begin, data):
            return [_PHOTO_PART, photo, begin, data]
        case NoPhoto(photo):
            return [_NO_PHOTO, photo]
        case WantPiece(loan, file, number):
            return [_WANT_PIECE, loan, file, number]
        case FilePiece(loan, file, number, sealed):
            return [_FILE_PIECE, loan, file, number, sealed]
        case NoPiece(loan, file, number, reason):
            return [_NO_PIECE, loan, file, number, int(reason)]
        case _:
            assert_never(message)


def _circuit(value: Value) -> bytes:
    return expect_bytes(value, "circuit", length=CIRCUIT_ID_SIZE_BYTES)


def _member(value: Value) -> MemberId:
    return MemberId(expect_bytes(value, "member", length=32))


def _proof(value: Value) -> Proof:
    maximum = limits.CERTIFICATE_SIZE_MAX_BYTES
    first, second = expect_array(value, "proof", length=2)
    return (
        expect_bytes(first, "half", maximum=maximum),
        expect_bytes(second, "half", maximum=maximum),
    )


def _sealed(value: Value) -> bytes:
    return expect_bytes(value, "item", maximum=limits.MAILBOX_ITEM_SIZE_MAX_BYTES)


def _read_data(f: tuple[Value, ...]) -> Reaching:
    data = expect_bytes(f[2], "data", maximum=limits.FRAME_SIZE_MAX_BYTES)
    return CircuitData(_circuit(f[1]), data)


def _read_credit(f: tuple[Value, ...]) -> Reaching:
    size_bytes = expect_uint(f[2], "credit", limits.RELAY_WINDOW_MAX_BYTES)
    return CircuitCredit(_circuit(f[1]), size_bytes)


def _read_whereabouts(f: tuple[Value, ...]) -> Reaching:
    items = expect_array(f[2], "addresses", maximum=ADDRESSES_MAX)
    addresses = tuple(expect_text(item, "address", 255) for item in items)
    return Whereabouts(_member(f[1]), addresses)


def _read_receipt(f: tuple[Value, ...]) -> Reaching:
    item = expect_bytes(f[1], "item id", length=ITEM_ID_SIZE_BYTES)
    return ItemReceipt(item, expect_bool(f[2], "taken"))


def _photo(value: Value) -> bytes:
    return expect_bytes(value, "photo", length=32)


def _begin(value: Value) -> int:
    return expect_uint(value, "begin", limits.PHOTO_SIZE_MAX_BYTES)


def _read_want_photo(f: tuple[Value, ...]) -> Reaching:
    thing = ObjectId(expect_bytes(f[2], "thing", length=16))
    return WantPhoto(_member(f[1]), thing, _photo(f[3]), _begin(f[4]))


def _read_photo_part(f: tuple[Value, ...]) -> Reaching:
    data = expect_bytes(f[3], "part of a photo", maximum=limits.PHOTO_PART_MAX_BYTES)
    return PhotoPart(_photo(f[1]), _begin(f[2]), data)


def _piece(f: tuple[Value, ...]) -> tuple[ObjectId, bytes, int]:
    loan = ObjectId(expect_bytes(f[1], "loan", length=16))
    file = expect_bytes(f[2], "file", length=32)
    return loan, file, expect_uint(f[3], "piece", PIECES_MAX - 1)


def _read_file_piece(f: tuple[Value, ...]) -> Reaching:
    return FilePiece(*_piece(f), expect_bytes(f[4], "sealed piece", maximum=SEALED_MAX_BYTES))


def _read_no_piece(f: tuple[Value, ...]) -> Reaching:
    return NoPiece(*_piece(f), NotNow(expect_uint(f[4], "reason", max(NotNow))))


_READERS: Final[dict[int, tuple[int, Callable[[tuple[Value, ...]], Reaching]]]] = {
    _OPEN: (4, lambda f: OpenCircuit(_circuit(f[1]), _member(f[2]), _proof(f[3]))),
    _INCOMING: (3, lambda f: IncomingCircuit(_circuit(f[1]), _member(f[2]))),
    _DATA: (3, _read_data),
    _CREDIT: (3, _read_credit),
    _CLOSED: (2, lambda f: CircuitClosed(_circuit(f[1]))),
    _WHERE_IS: (3, lambda f: WhereIs(_member(f[1]), _proof(f[2]))),
    _WHEREABOUTS: (3, _read_whereabouts),
    _LEAVE: (4, lambda f: LeaveItem(_member(f[1]), _proof(f[2]), _sealed(f[3]))),
    _RECEIPT: (3, _read_receipt),
    _HAND: (3, lambda f: HandItem(_member(f[1]), _sealed(f[2]))),
    _TIME: (2, lambda f: TellTime(expect_uint(f[1], "time"))),
    _WANT_PHOTO: (5, _read_want_photo),
    _PHOTO_PART: (4, _read_photo_part),
    _NO_PHOTO: (2, lambda f: NoPhoto(_photo(f[1]))),
    _WANT_PIECE: (4, lambda f: WantPiece(*_piece(f))),
    _FILE_PIECE: (5, _read_file_piece),
    _NO_PIECE: (5, _read_no_piece),
}
