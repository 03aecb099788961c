"""Spec §17.1: messages by which friends help each other be reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.encoding import Value, encode
from protocol.errors import DecodeError, Malformed, NotCanonical
from protocol.keys import MemberId, ObjectId
from protocol.messages import ADDRESSES_MAX, Want, decode_message, encode_message
from protocol.reaching import (
    CircuitClosed,
    CircuitCredit,
    CircuitData,
    FilePiece,
    HandItem,
    IncomingCircuit,
    ItemReceipt,
    LeaveItem,
    NoPhoto,
    NoPiece,
    NotNow,
    OpenCircuit,
    PhotoPart,
    Reaching,
    TellTime,
    WantPhoto,
    WantPiece,
    Whereabouts,
    WhereIs,
    decode_reaching,
    encode_reaching,
    is_reaching,
)

BOB = MemberId(b"b" * 32)
CIRCUIT = b"c" * 16
PROOF = (b"half", b"other half")

EXAMPLES: list[Reaching] = [
    OpenCircuit(CIRCUIT, BOB, PROOF),
    IncomingCircuit(CIRCUIT, BOB),
    CircuitData(CIRCUIT, b"sealed"),
    CircuitCredit(CIRCUIT, limits.RELAY_WINDOW_MAX_BYTES),
    CircuitClosed(CIRCUIT),
    WhereIs(BOB, PROOF),
    Whereabouts(BOB, ("home:7470",)),
    LeaveItem(BOB, PROOF, b"sealed"),
    ItemReceipt(bytes(32), is_taken=True),
    HandItem(BOB, b"sealed"),
    TellTime(1_800_000_000_000),
    WantPhoto(BOB, ObjectId(CIRCUIT), bytes(32), 7),
    PhotoPart(bytes(32), 7, b"part"),
    NoPhoto(bytes(32)),
    WantPiece(ObjectId(CIRCUIT), bytes(32), 7),
    FilePiece(ObjectId(CIRCUIT), bytes(32), 7, b"sealed"),
    NoPiece(ObjectId(CIRCUIT), bytes(32), 7, NotNow.ASLEEP),
]
"""One of each type, in the order of their numbers."""


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back(message: Reaching) -> None:
    data = encode_reaching(message)

    assert message == decode_reaching(data)
    assert 20 + EXAMPLES.index(message) == data[1]
    assert is_reaching(data)
    with pytest.raises(Malformed):
        decode_message(data)


def test_other_messages_are_left_to_others() -> None:
    for data in (b"", b"\x90", b"\x91\x25", b"\xa2\x14", encode_message(Want(()))):
        assert not is_reaching(data)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"\x93\x16" + tail))
def test_any_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        message = decode_reaching(data)
    except DecodeError:
        return
    assert data == encode_reaching(message)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [19, CIRCUIT],
        [30, CIRCUIT],
        [24],
        [24, CIRCUIT, CIRCUIT],
        [24, CIRCUIT[1:]],
        [24, 7],
        [20, CIRCUIT, BOB, [b"half"]],
        [20, CIRCUIT, BOB, [b"half", b"half", b"half"]],
        [20, CIRCUIT, BOB, [b"half", bytes(limits.CERTIFICATE_SIZE_MAX_BYTES + 1)]],
        [20, CIRCUIT, BOB[1:], list(PROOF)],
        [22, CIRCUIT, bytes(limits.FRAME_SIZE_MAX_BYTES + 1)],
        [23, CIRCUIT, limits.RELAY_WINDOW_MAX_BYTES + 1],
        [26, BOB, ["home:1"] * (ADDRESSES_MAX + 1)],
        [26, BOB, ["h" * 256]],
        [27, BOB, list(PROOF), bytes(limits.MAILBOX_ITEM_SIZE_MAX_BYTES + 1)],
        [28, bytes(31), True],
        [28, bytes(32), 1],
        [30, bytes(8)],
    ],
    ids=lambda fields: f"{fields[:1]}",
)
def test_another_shape_is_refused(fields: list[Value]) -> None:
    with pytest.raises(Malformed):
        decode_reaching(encode(fields))


def test_another_spelling_is_refused() -> None:
    data = encode_reaching(CircuitClosed(CIRCUIT))
    with pytest.raises(NotCanonical):
        decode_reaching(data.replace(b"\xc4\x10", b"\xc5\x00\x10"))


def test_the_largest_item_fits_into_one_message() -> None:
    largest = bytes(limits.MAILBOX_ITEM_SIZE_MAX_BYTES)
    halves = (bytes(limits.CERTIFICATE_SIZE_MAX_BYTES),) * 2

    data = encode_reaching(LeaveItem(BOB, halves, largest))
    assert len(data) <= limits.MESSAGE_SIZE_MAX_BYTES
    assert LeaveItem(BOB, halves, largest) == decode_reaching(data)
