"""Pairing: two people in one room befriend by comparing six digits.

Neither node knows the other: a channel is opened without any key known beforehand, so
somebody may stand in between. Both ends then agree on a short code that depends on this
channel. The initiator binds itself to its half of the code before it sees the
responder's: a man in the middle has one guess in a million, and the two people would see
different codes. Once both have said that the codes are the same, one hands the other an
ordinary invitation through the channel; everything after that is as always.

Sans-I/O. Ephemeral keys and nonces are arguments: 32 fresh random bytes each.

Spec: §6.4, §17.8. The commitment follows Vaudenay, "Secure communications over insecure
channels based on short authenticated strings" (2005).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Literal

from protocol import limits
from protocol.channel import VERSION_BYTE, WIRE_VERSION, Channel, unwrapped
from protocol.encoding import (
    Value,
    decode,
    encode,
    expect_array,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import BadSignature, InvalidState, Malformed
from protocol.handshake import FirstMessage, HandshakeKind
from protocol.keys import Domain, HouseId, MemberId, Signature, digest
from protocol.noise import HandshakeState

NONCE_SIZE_BYTES: Final = 32
CODE_DIGITS: Final = 6
MESSAGE_SIZE_MAX_BYTES: Final = 4096

Role = Literal["inviter", "guest"]

_SECTION: Final = "17.8"
_PROLOGUE: Final = b"openhouse/1" + bytes([WIRE_VERSION, HandshakeKind.PAIRING]) + bytes(32)
_REASON_SIZE_MAX_BYTES: Final = 64


class PairingType(IntEnum):
    """The first element of a pairing message. Spec: §17.8."""

    COMMIT = 1
    ANSWER = 2
    OPEN = 3
    SAME = 4
    OVER = 5
    INVITATION = 6
    JOINED = 7
    HERE = 8


@dataclass(frozen=True, slots=True)
class Home:
    """What an end says of itself once its person has confirmed the code.

    Args:
        house: 32 bytes, or empty while it lives in none.
        member: 32 bytes.
    """

    house: bytes
    member: bytes


# --- opening the channel ---------------------------------------------------------------


class PairingInitiator:
    """The end that dials: ``send_first``, then ``receive_second``."""

    def __init__(self, ephemeral: bytes) -> None:
        self._noise = HandshakeState(
            "NN", is_initiator=True, prologue=_PROLOGUE, ephemeral=ephemeral
        )

    def send_first(self) -> bytes:
        return VERSION_BYTE + bytes([HandshakeKind.PAIRING]) + self._noise.write_message()

    def receive_second(self, message: bytes) -> tuple[Channel, bytes]:
        """The channel and the handshake hash.

        Raises:
            RemoteProtocolError: close the link.
        """
        self._noise.read_message(unwrapped(message))
        return Channel(*self._noise.split()), self._noise.handshake_hash


def answer_first(first: FirstMessage, ephemeral: bytes) -> tuple[bytes, Channel, bytes]:
    """The end that is called: the second message, the channel and the handshake hash.

    Raises:
        RemoteProtocolError: close the link.
    """
    noise = HandshakeState("NN", is_initiator=False, prologue=_PROLOGUE, ephemeral=ephemeral)
    noise.read_message(first.noise)
    second = VERSION_BYTE + noise.write_message()
    return second, Channel(*noise.split()), noise.handshake_hash


# --- the code --------------------------------------------------------------------------


def commitment(nonce: bytes) -> bytes:
    """32 bytes that bind the initiator to its nonce without showing it."""
    return digest(Domain.PAIRING_COMMITMENT, nonce)


def pairing_code(handshake_hash: bytes, initiators: bytes, responders: bytes) -> str:
    """Six digits that both ends of one channel have, and nobody can choose.

    Args:
        initiators, responders: the two nonces.
    """
    whole = digest(Domain.PAIRING_CODE, handshake_hash, initiators, responders)
    return f"{int.from_bytes(whole[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def meeting_message(
    handshake_hash: bytes, house: HouseId, prover: MemberId, other: MemberId
) -> bytes:
    """What a home signs to prove whose it is to a friend whose home shows the same code."""
    return digest(Domain.SIGNATURE_MEETING, handshake_hash, house, prover, other)


# --- the dialogue ----------------------------------------------------------------------


@dataclass
class Pairing:
    """One end of the dialogue inside the channel.

    Every call appends to ``outgoing`` what is to be sent, in order.

    Args:
        nonce: 32 fresh random bytes.
        name: what the other person will read; a claim and no more.

    Attributes:
        code: six digits, from the moment they may be shown.
        their_name: what the other end claims to be called.
        theirs: who they are, once their person has confirmed.
        link: the invitation, once it has come.
        their_proof: a signature by which the other end shows that it is who it says.
        over: why it has ended: the other end's word, "joined", or "met".
    """

    is_initiator: bool
    handshake_hash: bytes
    nonce: bytes
    name: str
    outgoing: list[bytes] = field(default_factory=list)
    code: str = ""
    their_name: str = ""
    ours: Home | None = None
    theirs: Home | None = None
    link: str = ""
    their_proof: bytes = b""
    has_proved: bool = False
    over: str = ""
    _their_commitment: bytes = b""

    def __post_init__(self) -> None:
        if self.is_initiator:
            self._say(PairingType.COMMIT, commitment(self.nonce))

    def confirm(self, home: Home) -> None:
        """This end's person says that the codes are the same."""
        assert self.code, "nobody can compare a code that is not there"
        self.ours = home
        self._say(PairingType.SAME, home.house, home.member)

    def end(self, reason: str) -> None:
        """Over, for a reason that the other end may show: kebab-case, or "differs"."""
        self.over = reason
        self._say(PairingType.OVER, reason)

    def invite(self, link: str) -> None:
        """Hand over the invitation."""
        self._say(PairingType.INVITATION, link)

    def joined(self) -> None:
        """The invitation was accepted."""
        self.over = "joined"
        self._say(PairingType.JOINED)

    def prove(self, signature: Signature) -> None:
        """The two are friends: show that this home is who it says (``meeting_message``)."""
        self.has_proved = True
        self._say(PairingType.HERE, signature)

    def met(self) -> None:
        """Both have proved it: there is nothing more to do."""
        self.over = "met"

    @property
    def role(self) -> Role | str | None:
        """Who invites whom; another word is the reason why nobody can; None until both confirmed.

        Where both live in the same house, the end that was called invites.
        """
        if self.ours is None or self.theirs is None:
            return None
        mine, other = self.ours.house, self.theirs.house
        if self.ours.member == self.theirs.member:
            return "own-home"
        if not mine and not other:
            return "no-house"
        if mine and other and mine != other:
            return "other-house"
        if mine and other:
            return "guest" if self.is_initiator else "inviter"
        return "inviter" if mine else "guest"

    def receive(self, message: bytes) -> None:
        """Take one message of the other end.

        Raises:
            RemoteProtocolError: it is not what may come now; the pairing is over.
        """
        value = decode(message, size_max_bytes=MESSAGE_SIZE_MAX_BYTES)
        fields = expect_array(value, "pairing message")
        kind = expect_uint(fields[0], "type") if fields else 0
        match kind:
            case PairingType.COMMIT if not self.is_initiator and not self._their_commitment:
                self._their_commitment = _bytes(fields, 1, 32)
                self._say(PairingType.ANSWER, self.nonce, self.name)
            case PairingType.ANSWER if self.is_initiator and not self.code:
                self._know(_bytes(fields, 1, NONCE_SIZE_BYTES, 3), fields)
                self._say(PairingType.OPEN, self.nonce, self.name)
            case PairingType.OPEN if self._their_commitment and not self.code:
                nonce = _bytes(fields, 1, NONCE_SIZE_BYTES, 3)
                if commitment(nonce) != self._their_commitment:
                    raise BadSignature("the nonce is not the one committed to", _SECTION, "close")
                self._know(nonce, fields)
            case PairingType.SAME if self.code and self.theirs is None:
                self._meet(fields)
            case PairingType.INVITATION if self.role == "guest" and not self.link:
                _count(fields, 2)
                self.link = expect_text(fields[1], "link", MESSAGE_SIZE_MAX_BYTES)
            case PairingType.JOINED if self.role == "inviter":
                _count(fields, 1)
                self.over = "joined"
            case PairingType.HERE if self._may_prove and not self.their_proof:
                self.their_proof = _bytes(fields, 1, 64)
            case PairingType.OVER:
                _count(fields, 2)
                self.over = expect_text(fields[1], "reason", _REASON_SIZE_MAX_BYTES) or "over"
            case _:
                raise InvalidState("this pairing message may not come now", _SECTION, "close")

    @property
    def _may_prove(self) -> bool:
        is_one_house = (
            self.ours is not None
            and self.theirs is not None
            and self.ours.house == self.theirs.house
        )
        return is_one_house and self.role in ("inviter", "guest")

    def _know(self, nonce: bytes, fields: tuple[Value, ...]) -> None:
        self.their_name = expect_text(fields[2], "name", limits.NAME_SIZE_MAX_BYTES)
        mine, other = self.nonce, nonce
        nonces = (mine, other) if self.is_initiator else (other, mine)
        self.code = pairing_code(self.handshake_hash, *nonces)

    def _meet(self, fields: tuple[Value, ...]) -> None:
        _count(fields, 3)
        house = expect_bytes(fields[1], "house")
        if len(house) not in (0, 32):
            raise Malformed("a house has 32 bytes, or none", _SECTION)
        self.theirs = Home(house, expect_bytes(fields[2], "member", length=32))

    def _say(self, kind: PairingType, *values: Value) -> None:
        self.outgoing.append(encode([int(kind), *values]))


def _count(fields: tuple[Value, ...], count: int) -> None:
    if len(fields) != count:
        raise Malformed(f"a pairing message of {len(fields)} fields", _SECTION)


def _bytes(fields: tuple[Value, ...], index: int, length: int, count: int = 2) -> bytes:
    _count(fields, count)
    return expect_bytes(fields[index], "bytes", length=length)
