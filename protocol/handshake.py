"""The secure channel: who is at the other end, and nobody else in between.

Two nodes open a link with three handshake messages, of the Noise pattern XK
between friends (the dialler has the other's key pinned) and XXpsk0 when an
invitation is accepted (its secret is mixed in). Both ends then hold a `Channel`,
which cuts messages into padded frames, seals them, and takes them out again.

Everything here is sans-I/O: the host carries each returned `bytes` as one binary
WebSocket message and feeds what arrives. Ephemeral private keys are arguments.
The order of calls, each failing with a typed error that ends the object:

    Initiator:  send_first -> receive_second -> send_third -> Established
    Responder:  read_first, receive_first -> send_second -> receive_third -> Established

The responder knows who called only when `receive_third` returns: compare
`Established.remote_static` with the keys of friends before anything else. The
module imports noise, errors and limits; it must not import anything that acts.

Spec: §6.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from bisect import bisect_left
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from protocol.errors import (
    LocalProtocolError,
    Malformed,
    NotCanonical,
    TooLarge,
    UnknownCritical,
)
from protocol.limits import FRAME_SIZE_MAX_BYTES
from protocol.noise import TAG_SIZE_BYTES, CipherState, Fuse, HandshakeState

WIRE_VERSION: Final = 1
HOUSE_SIZE_BYTES: Final = 32
INVITATION_SECRET_SIZE_BYTES: Final = 32
INVITATION_TAG_SIZE_BYTES: Final = 16

# Spec §6.7. Memory of a receiver while a message is incomplete: fragment flood.
MESSAGE_SIZE_MAX_BYTES: Final = 1024 * 1024
# Spec §6.8. Traffic that one stolen transport key opens: at most a gigabyte.
FRAMES_PER_KEY: Final = 2**14

_VERSION_BYTE: Final = bytes([WIRE_VERSION])
_PROTOCOL_LABEL: Final = b"openhouse/1"
_TAG_LABEL: Final = b"openhouse/1 invitation tag\0"
_PSK_LABEL: Final = b"openhouse/1 invitation psk\0"

# Frame type and payload length, in front of the payload (Spec §6.6).
_HEADER: Final = struct.Struct(">BH")
_OVERHEAD_SIZE_BYTES: Final = len(_VERSION_BYTE) + TAG_SIZE_BYTES
_PLAINTEXT_SIZE_MAX_BYTES: Final = FRAME_SIZE_MAX_BYTES - _OVERHEAD_SIZE_BYTES

# Spec §6.6. Sizes of frames tell an onlooker which record passed: only eleven exist.
PLAINTEXT_SIZES_BYTES: Final = (
    *(64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768),
    _PLAINTEXT_SIZE_MAX_BYTES,
)
FRAME_SIZES_BYTES: Final = tuple(size + _OVERHEAD_SIZE_BYTES for size in PLAINTEXT_SIZES_BYTES)
PAYLOAD_SIZE_MAX_BYTES: Final = _PLAINTEXT_SIZE_MAX_BYTES - _HEADER.size


class HandshakeKind(IntEnum):
    """What the two ends know of each other beforehand. Spec: §6.4."""

    FRIEND = 1
    INVITATION = 2


class FrameType(IntEnum):
    """The first byte inside a frame. Spec: §6.6."""

    MESSAGE_FINAL = 0
    MESSAGE_MORE = 1
    CLOSE = 2
    REKEY = 3


_PATTERNS: Final = {HandshakeKind.FRIEND: "XK", HandshakeKind.INVITATION: "XXpsk0"}


@dataclass(frozen=True, slots=True)
class FirstMessage:
    """A first message before any secret has been tried on it.

    Args:
        invitation_tag: 16 bytes that find the invitation, None between friends.
        noise: the Noise message itself.
    """

    kind: HandshakeKind
    invitation_tag: bytes | None
    noise: bytes


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """Numbers both ends must share; only tests pass others than the spec's.

    Args:
        message_size_max_bytes: largest message, all fragments together.
        frames_per_key: frames in one direction until its key is replaced.
    """

    message_size_max_bytes: int = MESSAGE_SIZE_MAX_BYTES
    frames_per_key: int = FRAMES_PER_KEY


DEFAULT_LIMITS: Final = ChannelLimits()


@dataclass(frozen=True, slots=True)
class Closed:
    """The other end has said that nothing more follows."""


@dataclass(frozen=True, slots=True)
class Established:
    """What a handshake leads to.

    Args:
        channel: ready for both directions.
        remote_static: 32 bytes, the other end's X25519 key, proven to be theirs.
        handshake_hash: 32 bytes, the same on both ends and never twice: sign it
            to bind anything to this link.
    """

    channel: Channel
    remote_static: bytes
    handshake_hash: bytes


def invitation_tag(secret: bytes) -> bytes:
    """16 bytes by which the inviter finds the invitation. Spec: §6.4."""
    return hashlib.sha256(_TAG_LABEL + secret).digest()[:INVITATION_TAG_SIZE_BYTES]


def invitation_psk(secret: bytes) -> bytes:
    """32 bytes that are mixed into the handshake. Spec: §6.4."""
    return hashlib.sha256(_PSK_LABEL + secret).digest()


def read_first(message: bytes) -> FirstMessage:
    """Take a stranger's first message apart, so that the right secret can be found.

    Raises:
        TooLarge, Malformed, UnknownCritical: not a first message of this version.
    """
    body = _unwrapped(message, "6.3")
    if not body:
        raise Malformed("the first message ends before its kind", "6.4")
    if body[0] == HandshakeKind.FRIEND:
        return FirstMessage(HandshakeKind.FRIEND, None, body[1:])
    if body[0] != HandshakeKind.INVITATION:
        raise UnknownCritical(f"handshake kind {body[0]} is not known", "6.4", "close")
    noise = body[1 + INVITATION_TAG_SIZE_BYTES :]
    tag = body[1 : 1 + INVITATION_TAG_SIZE_BYTES]
    if len(tag) < INVITATION_TAG_SIZE_BYTES:
        raise Malformed("the first message ends inside its invitation tag", "6.4")
    return FirstMessage(HandshakeKind.INVITATION, tag, noise)


class _Handshake:
    """What both ends of a handshake do alike; see `Initiator` and `Responder`."""

    _is_initiator: bool

    def __init__(
        self,
        kind: HandshakeKind,
        *,
        house: bytes,
        static: bytes,
        ephemeral: bytes,
        remote_static: bytes | None,
        secret: bytes | None,
        limits: ChannelLimits,
    ) -> None:
        if len(house) != HOUSE_SIZE_BYTES:
            raise LocalProtocolError("a house id is 32 bytes long", "6.4")
        if secret is not None and len(secret) != INVITATION_SECRET_SIZE_BYTES:
            raise LocalProtocolError("an invitation secret is 32 bytes long", "6.4")
        self.kind = kind
        self._tag = None if secret is None else invitation_tag(secret)
        self._limits = limits
        self._fuse = Fuse("6.5")
        self._steps_done = 0
        self._noise = HandshakeState(
            _PATTERNS[kind],
            is_initiator=self._is_initiator,
            prologue=_PROTOCOL_LABEL + bytes([WIRE_VERSION, kind]) + house,
            static=static,
            ephemeral=ephemeral,
            remote_static=remote_static,
            psks=() if secret is None else (invitation_psk(secret),),
        )

    @property
    def remote_static(self) -> bytes | None:
        """32 bytes, the other end's key from the moment it is known.

        Proven once the message that carried it was accepted: for an initiator
        after `receive_second`, for a responder after `receive_third`.
        """
        return self._noise.remote_static

    @property
    def handshake_hash(self) -> bytes:
        """32 bytes, the transcript up to the last message."""
        return self._noise.handshake_hash

    def _take_step(self, step: int) -> None:
        if self._steps_done != step:
            raise LocalProtocolError("the steps of a handshake come in order, once each", "6.5")
        self._steps_done += 1

    def _write(self, payload: bytes, prefix: bytes = b"") -> bytes:
        message = _VERSION_BYTE + prefix + self._noise.write_message(payload)
        if len(message) > FRAME_SIZE_MAX_BYTES:
            raise LocalProtocolError(f"the message has {len(message)} bytes", "6.3")
        return message

    def _read(self, message: bytes) -> bytes:
        return self._noise.read_message(_unwrapped(message, "6.3"))

    def _established(self) -> Established:
        remote_static = self._noise.remote_static
        assert remote_static is not None, "both patterns end with both static keys known"
        channel = Channel(*self._noise.split(), self._limits)
        return Established(channel, remote_static, self._noise.handshake_hash)


class Initiator(_Handshake):
    """The end that dials. Make one with `friend` or `invitation`.

    Spec: §6.5.
    """

    _is_initiator = True

    @classmethod
    def friend(
        cls,
        *,
        house: bytes,
        static: bytes,
        ephemeral: bytes,
        remote_static: bytes,
        limits: ChannelLimits = DEFAULT_LIMITS,
    ) -> Initiator:
        """Call a friend.

        Args:
            house: 32 bytes, the house both live in.
            static: 32 bytes, this device's X25519 private key.
            ephemeral: 32 fresh random bytes, for this one handshake.
            remote_static: 32 bytes, the friend's pinned X25519 public key.
        """
        return cls(
            HandshakeKind.FRIEND,
            house=house,
            static=static,
            ephemeral=ephemeral,
            remote_static=remote_static,
            secret=None,
            limits=limits,
        )

    @classmethod
    def invitation(
        cls,
        *,
        house: bytes,
        static: bytes,
        ephemeral: bytes,
        secret: bytes,
        limits: ChannelLimits = DEFAULT_LIMITS,
    ) -> Initiator:
        """Accept an invitation; arguments as in `friend`.

        Args:
            secret: 32 bytes, the invitation's one-time secret.
        """
        return cls(
            HandshakeKind.INVITATION,
            house=house,
            static=static,
            ephemeral=ephemeral,
            remote_static=None,
            secret=secret,
            limits=limits,
        )

    def send_first(self, payload: bytes = b"") -> bytes:
        """The first message. Its payload can be replayed: put nothing there that acts.

        Raises:
            BadKey: the pinned key is of small order.
        """
        with self._fuse:
            self._take_step(0)
            return self._write(payload, bytes([self.kind]) + (self._tag or b""))

    def receive_second(self, message: bytes) -> bytes:
        """The payload of the second message; `remote_static` is now proven.

        Raises:
            RemoteProtocolError: one of `Malformed`, `TooLarge`, `UnknownCritical`,
                `DecryptFailed`, `BadKey`; close the link, answer nothing.
        """
        with self._fuse:
            self._take_step(1)
            return self._read(message)

    def send_third(self, payload: bytes = b"") -> tuple[bytes, Established]:
        """The third message, and the channel that may be used once it is sent."""
        with self._fuse:
            self._take_step(2)
            return self._write(payload), self._established()


class Responder(_Handshake):
    """The end that is called. Make one with `friend` or `invitation`.

    Which of the two, and which secret, tells `read_first`. Spec: §6.5.
    """

    _is_initiator = False

    @classmethod
    def friend(
        cls,
        *,
        house: bytes,
        static: bytes,
        ephemeral: bytes,
        limits: ChannelLimits = DEFAULT_LIMITS,
    ) -> Responder:
        """Be called by a friend; arguments as in `Initiator.friend`."""
        return cls(
            HandshakeKind.FRIEND,
            house=house,
            static=static,
            ephemeral=ephemeral,
            remote_static=None,
            secret=None,
            limits=limits,
        )

    @classmethod
    def invitation(
        cls,
        *,
        house: bytes,
        static: bytes,
        ephemeral: bytes,
        secret: bytes,
        limits: ChannelLimits = DEFAULT_LIMITS,
    ) -> Responder:
        """Be called by a guest; `secret` is the one found by the invitation tag."""
        return cls(
            HandshakeKind.INVITATION,
            house=house,
            static=static,
            ephemeral=ephemeral,
            remote_static=None,
            secret=secret,
            limits=limits,
        )

    def receive_first(self, first: FirstMessage) -> bytes:
        """The payload of the first message, which nobody has proven to be fresh.

        Raises:
            RemoteProtocolError: as `Initiator.receive_second`; close the link
                without a word, so that a stranger learns nothing.
            LocalProtocolError: `first` is of another kind or invitation.
        """
        with self._fuse:
            self._take_step(0)
            is_same_tag = hmac.compare_digest(first.invitation_tag or b"", self._tag or b"")
            if first.kind != self.kind or not is_same_tag:
                raise LocalProtocolError("the first message asks for another handshake", "6.5")
            return self._noise.read_message(first.noise)

    def send_second(self, payload: bytes = b"") -> bytes:
        """The second message; who will read it is not proven yet.

        Raises:
            BadKey: the guest's ephemeral key is of small order. It is met only
                here, so that writing this one message can be the peer's fault.
        """
        with self._fuse:
            self._take_step(1)
            return self._write(payload)

    def receive_third(self, message: bytes) -> tuple[bytes, Established]:
        """The payload of the third message, and the channel.

        The caller must now look whether `Established.remote_static` is a friend's
        key, and close the link if it is not. Raises as `Initiator.receive_second`.
        """
        with self._fuse:
            self._take_step(2)
            return self._read(message), self._established()


class _Direction:
    """One of the two ways: its cipher and how far its key has come."""

    __slots__ = ("_frames", "_frames_per_key", "cipher", "is_closed")

    def __init__(self, cipher: CipherState, frames_per_key: int) -> None:
        self.cipher = cipher
        self.is_closed = False
        self._frames = 0
        self._frames_per_key = frames_per_key

    def count_frame(self, frame_type: int) -> None:
        """Replace the key when its time has come; one frame never does so twice."""
        self._frames += 1
        if frame_type == FrameType.REKEY or self._frames >= self._frames_per_key:
            self.cipher.rekey()
            self._frames = 0


class Channel:
    """Both directions of an established link; dead after the first error.

    Frames must be carried in the order in which they were made. The two
    directions are independent: each has its own key, count and end.

    Spec: §6.6 to §6.10.
    """

    __slots__ = ("_fragments", "_fuse", "_limits", "_receiving", "_sending", "_size_bytes")

    def __init__(
        self, sending: CipherState, receiving: CipherState, limits: ChannelLimits = DEFAULT_LIMITS
    ) -> None:
        self._fuse = Fuse("6.10")
        self._limits = limits
        self._sending = _Direction(sending, limits.frames_per_key)
        self._receiving = _Direction(receiving, limits.frames_per_key)
        self._fragments: list[bytes] = []
        self._size_bytes = 0

    @property
    def is_closed_here(self) -> bool:
        """True once `close_frame` was called: nothing more can be sealed."""
        return self._sending.is_closed

    @property
    def is_closed_there(self) -> bool:
        """True once the other end's close was received: nothing more can come."""
        return self._receiving.is_closed

    def seal(self, plaintext: bytes) -> bytes:
        """One frame with a message that fits into one, at most 65,515 bytes."""
        with self._fuse:
            if len(plaintext) > PAYLOAD_SIZE_MAX_BYTES:
                raise LocalProtocolError(f"{len(plaintext)} bytes do not fit a frame", "6.6")
            return self._seal(FrameType.MESSAGE_FINAL, plaintext)

    def seal_message(self, message: bytes) -> list[bytes]:
        """The frames of one message, all to be sent before anything sealed later.

        Raises:
            LocalProtocolError: above `message_size_max_bytes`, or closed here.
        """
        with self._fuse:
            size = len(message)
            if size > self._limits.message_size_max_bytes:
                raise LocalProtocolError(f"the message has {size} bytes", "6.7")
            view = memoryview(message)
            # The last fragment is never empty unless the message is.
            last = max(0, (size - 1) // PAYLOAD_SIZE_MAX_BYTES * PAYLOAD_SIZE_MAX_BYTES)
            frames = [
                self._seal(FrameType.MESSAGE_MORE, view[start : start + PAYLOAD_SIZE_MAX_BYTES])
                for start in range(0, last, PAYLOAD_SIZE_MAX_BYTES)
            ]
            frames.append(self._seal(FrameType.MESSAGE_FINAL, view[last:]))
            return frames

    def rekey_frame(self) -> bytes:
        """A notice that the next frame of this direction has a new key.

        The host calls this when an hour has passed since the last one.
        """
        with self._fuse:
            return self._seal(FrameType.REKEY, b"")

    def close_frame(self) -> bytes:
        """The last frame of this direction; receiving goes on until `Closed`."""
        with self._fuse:
            frame = self._seal(FrameType.CLOSE, b"")
            self._sending.is_closed = True
            return frame

    def open(self, frame: bytes) -> bytes:
        """The inverse of `seal`, for a peer that sends nothing but such frames.

        A host reads with `receive`, which also knows fragments, notices and the end.
        """
        with self._fuse:
            frame_type, payload = self._open(frame)
            if frame_type != FrameType.MESSAGE_FINAL or self._fragments:
                raise Malformed("not a message in a single frame", "6.6")
            return payload

    def receive(self, frame: bytes) -> bytes | Closed | None:
        """Open the next frame that arrived.

        Returns:
            A whole message; `Closed` at the authenticated end, after which
            nothing may be received; None when more must arrive first.

        Raises:
            RemoteProtocolError: one of `Malformed`, `NotCanonical`, `TooLarge`,
                `UnknownCritical`, `DecryptFailed`; close the link. Frames that
                were replayed, reordered or left out are `DecryptFailed`, too.
        """
        with self._fuse:
            frame_type, payload = self._open(frame)
            if frame_type in (FrameType.MESSAGE_FINAL, FrameType.MESSAGE_MORE):
                return self._assemble(frame_type, payload)
            if self._fragments or payload:
                raise Malformed("a notice carries nothing and interrupts no message", "6.7")
            if frame_type == FrameType.REKEY:
                return None
            self._receiving.is_closed = True
            return Closed()

    def receive_end(self) -> None:
        """Tell the channel that the transport has ended.

        Raises:
            Malformed: without an authenticated close: what the other end said
                last may be missing, so nothing may be concluded from its silence.
        """
        with self._fuse:
            if not self._receiving.is_closed:
                raise Malformed("the link ended without an authenticated close", "6.9")

    def _seal(self, frame_type: FrameType, payload: bytes | memoryview) -> bytes:
        if self._sending.is_closed:
            raise LocalProtocolError("nothing may be sent after the close", "6.9")
        used = _HEADER.size + len(payload)
        padding = bytes(_padded_size_bytes(used) - used)
        plaintext = b"".join((_HEADER.pack(frame_type, len(payload)), payload, padding))
        frame = _VERSION_BYTE + self._sending.cipher.encrypt(plaintext)
        self._sending.count_frame(frame_type)
        return frame

    def _open(self, frame: bytes) -> tuple[int, bytes]:
        """The type and payload of the next frame, its form checked."""
        if self._receiving.is_closed:
            raise LocalProtocolError("nothing may be received after the close", "6.9")
        ciphertext = _unwrapped(frame, "6.3")
        # Looked at first, because it needs no key and so costs next to nothing.
        if len(frame) not in FRAME_SIZES_BYTES:
            raise Malformed(f"no frame has {len(frame)} bytes", "6.6")
        plaintext = self._receiving.cipher.decrypt(ciphertext)
        frame_type, size = _HEADER.unpack_from(plaintext)
        self._receiving.count_frame(frame_type)
        if frame_type > FrameType.REKEY:
            raise UnknownCritical(f"frame type {frame_type} is not known", "6.6", "close")
        end = _HEADER.size + size
        _check_padding(plaintext, end)
        return frame_type, plaintext[_HEADER.size : end]

    def _assemble(self, frame_type: int, payload: bytes) -> bytes | None:
        self._size_bytes += len(payload)
        if self._size_bytes > self._limits.message_size_max_bytes:
            raise TooLarge("the fragments exceed the largest message", "6.7")
        if frame_type == FrameType.MESSAGE_MORE:
            # Only full ones: a flood of empty fragments would never reach the limit.
            if len(payload) != PAYLOAD_SIZE_MAX_BYTES:
                raise NotCanonical("a fragment that is not the last is full", "6.7")
            self._fragments.append(payload)
            return None
        self._size_bytes = 0
        if not self._fragments:
            return payload
        if not payload:
            raise NotCanonical("the last of several fragments is not empty", "6.7")
        self._fragments.append(payload)
        message = b"".join(self._fragments)
        self._fragments = []
        return message


def _unwrapped(message: bytes, section: str) -> bytes:
    """What follows the version byte."""
    if len(message) > FRAME_SIZE_MAX_BYTES:
        raise TooLarge(f"the message has {len(message)} bytes", section)
    if not message:
        raise Malformed("the message is empty", section)
    if message[0] != WIRE_VERSION:
        raise UnknownCritical(f"wire version {message[0]} is not spoken here", section, "close")
    return message[1:]


def _padded_size_bytes(used_size_bytes: int) -> int:
    return PLAINTEXT_SIZES_BYTES[bisect_left(PLAINTEXT_SIZES_BYTES, used_size_bytes)]


def _check_padding(plaintext: bytes, end: int) -> None:
    """The payload ends within its bucket, the smallest that holds it; then zeros."""
    if end > len(plaintext):
        raise Malformed("the payload is longer than its frame", "6.6")
    if _padded_size_bytes(end) != len(plaintext):
        raise NotCanonical("the frame is larger than its payload needs", "6.6")
    if plaintext.count(0, end) != len(plaintext) - end:
        raise NotCanonical("the padding is not all zeros", "6.6")
