"""Sealed items that wait at a common friend's node, and what is in them.

An item is for one friend and from one friend: sealed with the one-way Noise pattern K
between their link keys. Its size tells little: contents are filled up to a few sizes.

Pure: the ephemeral key is an argument (``ephemeral_key`` gives a good one). Spec: §17.4.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from protocol import limits
from protocol.encoding import (
    Value,
    decode,
    encode,
    expect_array,
    expect_bytes,
    expect_uint,
)
from protocol.errors import LocalProtocolError, Malformed, NotCanonical, TooLarge, UnknownCritical
from protocol.keys import Domain, HouseId, MemberId, digest
from protocol.noise import TAG_SIZE_BYTES, CipherState, HandshakeState

CONTENT_SIZES_BYTES: Final = (1024, 4096, 16_384, 65_536, 262_144, 983_040)
MESSAGES_MAX: Final = 512

_VERSION: Final = b"\x01"
_CHUNK_SIZE_BYTES: Final = 65_519
_LENGTH_SIZE_BYTES: Final = 8
_HEAD_SIZE_BYTES: Final = 32 + _LENGTH_SIZE_BYTES + TAG_SIZE_BYTES
_ELEMENTS_MAX: Final = MESSAGES_MAX + 8


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Who writes to whom. The two link keys are not in it: each end has only one private."""

    house: HouseId
    sender: MemberId
    recipient: MemberId

    def prologue(self) -> bytes:
        return Domain.MAILBOX_ITEM.prefix + _VERSION + self.house + self.sender + self.recipient


@dataclass(frozen=True, slots=True)
class Content:
    """What the sender's log held for the recipient up to a number.

    Args:
        epoch: of the sender's log.
        messages: bytes of messages of types 4, 6, 7 and 8, in order.
    """

    epoch: bytes
    upto: int
    created_ms: int
    messages: tuple[bytes, ...]


def item_id(sealed: bytes) -> bytes:
    """32 bytes by which both ends and the common friend speak of an item."""
    return digest(Domain.MAILBOX_ITEM, sealed)


def ephemeral_key(secret: bytes, letter: Correspondence, content: bytes) -> bytes:
    """A key for one content alone: two contents never share it, and chance is not needed."""
    return digest(Domain.MAILBOX_EPHEMERAL, secret, letter.sender, letter.recipient, content)


def encode_content(content: Content) -> bytes:
    """Raises LocalProtocolError: more than one item holds."""
    fields: list[Value] = [content.epoch, content.upto, content.created_ms, list(content.messages)]
    data = encode(fields, elements_max=_ELEMENTS_MAX)
    if len(data) > CONTENT_SIZES_BYTES[-1]:
        raise LocalProtocolError(f"the content has {len(data)} bytes", "17.4")
    return data


def decode_content(data: bytes) -> Content:
    """Raises DecodeError: not a content."""
    value = decode(data, size_max_bytes=CONTENT_SIZES_BYTES[-1], elements_max=_ELEMENTS_MAX)
    fields = expect_array(value, "content", length=4)
    messages = expect_array(fields[3], "messages", maximum=MESSAGES_MAX)
    return Content(
        expect_bytes(fields[0], "log epoch", length=8),
        expect_uint(fields[1], "upto"),
        expect_uint(fields[2], "created"),
        tuple(expect_bytes(message, "message") for message in messages),
    )


def seal_item(
    letter: Correspondence, content: bytes, *, static: bytes, ephemeral: bytes, remote: bytes
) -> bytes:
    """Seal a content.

    Args:
        content: at most the largest of ``CONTENT_SIZES_BYTES``.
        static: 32 bytes, the sender's private link key.
        ephemeral: 32 bytes, never used for another content.
        remote: 32 bytes, the recipient's link key.
    """
    noise = HandshakeState(
        "K",
        is_initiator=True,
        prologue=letter.prologue(),
        static=static,
        ephemeral=ephemeral,
        remote_static=remote,
    )
    head = noise.write_message(len(content).to_bytes(_LENGTH_SIZE_BYTES, "big"))
    cipher, _ = noise.split()
    padded = content.ljust(_padded_size_bytes(len(content)), b"\0")
    chunks = [
        cipher.encrypt(padded[start : start + _CHUNK_SIZE_BYTES])
        for start in range(0, len(padded), _CHUNK_SIZE_BYTES)
    ]
    return b"".join([_VERSION, head, *chunks])


def open_item(letter: Correspondence, sealed: bytes, *, static: bytes, remote: bytes) -> bytes:
    """The content of an item.

    Args:
        static: 32 bytes, the recipient's private link key.
        remote: 32 bytes, the sender's link key.

    Raises:
        RemoteProtocolError: not sealed by that sender for us, or changed, or not in its
            one permitted form.
    """
    if len(sealed) > limits.MAILBOX_ITEM_SIZE_MAX_BYTES:
        raise TooLarge(f"the item has {len(sealed)} bytes", "17.4")
    if sealed[:1] != _VERSION:
        raise UnknownCritical("the item is of another version", "17.4", "ignore")
    head, rest = sealed[1 : 1 + _HEAD_SIZE_BYTES], sealed[1 + _HEAD_SIZE_BYTES :]
    noise = HandshakeState(
        "K", is_initiator=False, prologue=letter.prologue(), static=static, remote_static=remote
    )
    size_bytes = int.from_bytes(noise.read_message(head), "big")
    if size_bytes > CONTENT_SIZES_BYTES[-1]:
        raise TooLarge(f"the content has {size_bytes} bytes", "17.4")
    _, cipher = noise.split()
    padded = _open_chunks(cipher, rest)
    if len(padded) != _padded_size_bytes(size_bytes):
        raise Malformed("the item has another size than its content needs", "17.4")
    if padded.count(0, size_bytes) != len(padded) - size_bytes:
        raise NotCanonical("the padding is not all zeros", "17.4")
    return padded[:size_bytes]


def _open_chunks(cipher: CipherState, rest: bytes) -> bytes:
    step = _CHUNK_SIZE_BYTES + TAG_SIZE_BYTES
    return b"".join(
        cipher.decrypt(rest[start : start + step]) for start in range(0, len(rest), step)
    )


def _padded_size_bytes(size_bytes: int) -> int:
    if size_bytes > CONTENT_SIZES_BYTES[-1]:
        raise LocalProtocolError(f"the content has {size_bytes} bytes", "17.4")
    return CONTENT_SIZES_BYTES[bisect_left(CONTENT_SIZES_BYTES, size_bytes)]
