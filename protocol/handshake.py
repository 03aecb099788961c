"""The handshake: who is at the other end, and nobody else in between.

Two nodes open a link with three handshake messages, of the Noise pattern XK
between friends (the dialler has the other's key pinned) and XXpsk0 when an
invitation is accepted (its secret is mixed in). Both ends then hold a `Channel`
(`protocol.channel`).

Everything here is sans-I/O: the host carries each returned `bytes` as one binary
WebSocket message and feeds what arrives. Ephemeral private keys are arguments.
The order of calls, each failing with a typed error that ends the object:

    Initiator:  send_first -> receive_second -> send_third -> Established
    Responder:  read_first, receive_first -> send_second -> receive_third -> Established

The responder knows who called only when `receive_third` returns: compare
`Established.remote_static` with the keys of friends before anything else. The
module imports channel, noise, errors and limits; it must not import anything that
acts.

Spec: §6.3 to §6.5 and §6.10.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from protocol.channel import (
    DEFAULT_LIMITS,
    VERSION_BYTE,
    WIRE_VERSION,
    Channel,
    ChannelLimits,
    unwrapped,
)
from protocol.errors import LocalProtocolError, Malformed, UnknownCritical
from protocol.limits import FRAME_SIZE_MAX_BYTES
from protocol.noise import Fuse, HandshakeState

HOUSE_SIZE_BYTES: Final = 32
INVITATION_SECRET_SIZE_BYTES: Final = 32
INVITATION_TAG_SIZE_BYTES: Final = 16

_PROTOCOL_LABEL: Final = b"openhouse/1"
_TAG_LABEL: Final = b"openhouse/1 invitation tag\0"
_PSK_LABEL: Final = b"openhouse/1 invitation psk\0"


class HandshakeKind(IntEnum):
    """What the two ends know of each other beforehand. Spec: §6.4."""

    FRIEND = 1
    INVITATION = 2
    PAIRING = 3
    """Nothing: see ``protocol.pairing``."""


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
    body = unwrapped(message)
    if not body:
        raise Malformed("the first message ends before its kind", "6.4")
    if body[0] == HandshakeKind.FRIEND:
        return FirstMessage(HandshakeKind.FRIEND, None, body[1:])
    if body[0] == HandshakeKind.PAIRING:
        return FirstMessage(HandshakeKind.PAIRING, None, body[1:])
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
        message = VERSION_BYTE + prefix + self._noise.write_message(payload)
        if len(message) > FRAME_SIZE_MAX_BYTES:
            raise LocalProtocolError(f"the message has {len(message)} bytes", "6.3")
        return message

    def _read(self, message: bytes) -> bytes:
        return self._noise.read_message(unwrapped(message))

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
