"""The channel: whole messages in, padded and sealed frames out, and back again.

Both ends of a link hold a `Channel` once their handshake is done. It cuts a
message into fragments, pads each to one of eleven sizes, seals it, replaces keys
after so many frames, and tells an end that was said from a link that was cut.

Sans-I/O: the host carries each frame as one binary WebSocket message, in the
order in which they were made, and feeds what arrives to `receive`:

    seal_message -> frames -> receive (None, None, ..., the message)

Every failure is typed and ends the object: drop the link, answer nothing. The
module imports noise, errors and limits; it must not import anything that acts.

Spec: §6.3 and §6.6 to §6.10.
"""

from __future__ import annotations

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
from protocol.limits import FRAME_SIZE_MAX_BYTES, MESSAGE_SIZE_MAX_BYTES
from protocol.noise import TAG_SIZE_BYTES, CipherState, Fuse

# Spec §6.3. The first byte of everything on a link, handshake and frames alike.
WIRE_VERSION: Final = 1
VERSION_BYTE: Final = bytes([WIRE_VERSION])

# Spec §6.8. Traffic that one stolen transport key opens: at most a gigabyte.
FRAMES_PER_KEY: Final = 2**14

# Frame type and payload length, in front of the payload (Spec §6.6).
_HEADER: Final = struct.Struct(">BH")
_OVERHEAD_SIZE_BYTES: Final = len(VERSION_BYTE) + TAG_SIZE_BYTES
_PLAINTEXT_SIZE_MAX_BYTES: Final = FRAME_SIZE_MAX_BYTES - _OVERHEAD_SIZE_BYTES

# Spec §6.6. Sizes of frames tell an onlooker which record passed: only eleven exist.
PLAINTEXT_SIZES_BYTES: Final = (
    *(64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768),
    _PLAINTEXT_SIZE_MAX_BYTES,
)
FRAME_SIZES_BYTES: Final = tuple(size + _OVERHEAD_SIZE_BYTES for size in PLAINTEXT_SIZES_BYTES)
PAYLOAD_SIZE_MAX_BYTES: Final = _PLAINTEXT_SIZE_MAX_BYTES - _HEADER.size


class FrameType(IntEnum):
    """The first byte inside a frame. Spec: §6.6."""

    MESSAGE_FINAL = 0
    MESSAGE_MORE = 1
    CLOSE = 2
    REKEY = 3


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


def unwrapped(message: bytes) -> bytes:
    """What follows the version byte of a handshake message or a frame. Spec: §6.3.

    Raises:
        TooLarge, Malformed, UnknownCritical: not of this version.
    """
    if len(message) > FRAME_SIZE_MAX_BYTES:
        raise TooLarge(f"the message has {len(message)} bytes", "6.3")
    if not message:
        raise Malformed("the message is empty", "6.3")
    if message[0] != WIRE_VERSION:
        raise UnknownCritical(f"wire version {message[0]} is not spoken here", "6.3", "close")
    return message[1:]


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
        frame = VERSION_BYTE + self._sending.cipher.encrypt(plaintext)
        self._sending.count_frame(frame_type)
        return frame

    def _open(self, frame: bytes) -> tuple[int, bytes]:
        """The type and payload of the next frame, its form checked."""
        if self._receiving.is_closed:
            raise LocalProtocolError("nothing may be received after the close", "6.9")
        ciphertext = unwrapped(frame)
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
