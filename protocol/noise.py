"""The Noise Protocol Framework, revision 34, for 25519_ChaChaPoly_SHA256.

Three objects, named as in the Noise specification: a `CipherState` seals and
opens with one key and a counting nonce, a `SymmetricState` mixes what both ends
have seen into keys and a transcript hash, a `HandshakeState` walks through the
messages of a pattern. `HandshakeState.split` gives the two `CipherState` of the
transport phase.

The product speaks XK and XXpsk0 only (`protocol.handshake`). The table knows
every pattern of the public vectors all the same: that is what proves the walk
right, and it costs one line a pattern.

Ephemeral private keys are arguments, because this module has no randomness of
its own: pass 32 fresh bytes for each handshake and never use them again. Python
cannot wipe memory; keys live until they are collected. The module imports the
`cryptography` package, errors and limits; it must not import anything that acts.

Spec: §6.2.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, TypeAlias, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from protocol.errors import BadKey, DecryptFailed, LocalProtocolError, Malformed, TooLarge

Bytes: TypeAlias = bytes | memoryview
_Key = TypeVar("_Key")

KEY_SIZE_BYTES: Final = 32
TAG_SIZE_BYTES: Final = 16
# Noise §3: lengths fit in two bytes everywhere, so a reader never holds more.
NOISE_MESSAGE_SIZE_MAX_BYTES: Final = 65_535

_SECTION: Final = "6.2"
_SUITE: Final = "25519_ChaChaPoly_SHA256"
# Noise §5.1 keeps the last nonce for REKEY.
_REKEY_NONCE: Final = 2**64 - 1
_NONCE_PREFIX: Final = bytes(4)

# Noise §7.4, Noise §7.5 and Noise §18.1: the tokens of each message, initiator first.
# Which static keys are known beforehand follows from the letters of the name.
_PATTERNS: Final = {
    "N": "e es",
    "K": "e es ss",
    "X": "e es s ss",
    "NN": "e / e ee",
    "NK": "e es / e ee",
    "NX": "e / e ee s es",
    "XN": "e / e ee / s se",
    "XK": "e es / e ee / s se",
    "XX": "e / e ee s es / s se",
    "KN": "e / e ee se",
    "KK": "e es ss / e ee se",
    "KX": "e / e ee se s es",
    "IN": "e s / e ee se",
    "IK": "e es s ss / e ee se",
    "IX": "e s / e ee se s es",
    "NK1": "e / e ee es",
    "NX1": "e / e ee s / es",
    "X1N": "e / e ee / s / se",
    "X1K": "e es / e ee / s / se",
    "XK1": "e / e ee es / s se",
    "X1K1": "e / e ee es / s / se",
    "X1X": "e / e ee s es / s / se",
    "XX1": "e / e ee s / es s se",
    "X1X1": "e / e ee s / es s / se",
    "K1N": "e / e ee / se",
    "K1K": "e es / e ee / se",
    "KK1": "e / e ee se es",
    "K1K1": "e / e ee es / se",
    "K1X": "e / e ee s es / se",
    "KX1": "e / e ee se s / es",
    "K1X1": "e / e ee s / se es",
    "I1N": "e s / e ee / se",
    "I1K": "e es s / e ee / se",
    "IK1": "e s / e ee se es",
    "I1K1": "e s / e ee es / se",
    "I1X": "e s / e ee s es / se",
    "IX1": "e s / e ee se s / es",
    "I1X1": "e s / e ee s / se es",
}


class Fuse:
    """Guards a state that must not be used again after an error.

    Enter it around every operation: an exception that leaves the block blows
    the fuse, and entering a blown fuse raises `LocalProtocolError`.
    """

    __slots__ = ("_is_blown", "_section")

    def __init__(self, section: str) -> None:
        self._section = section
        self._is_blown = False

    def __enter__(self) -> None:
        if self._is_blown:
            raise LocalProtocolError("it was used again after an error", self._section)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_blown = kind is not None


class CipherState:
    """One direction: a key and the number of the next message.

    Without a key it passes everything through unchanged, as the first messages
    of a handshake require.

    Args:
        key: 32 bytes, or None.
    """

    __slots__ = ("_aead", "nonce")

    def __init__(self, key: bytes | None = None) -> None:
        self._aead = None if key is None else ChaCha20Poly1305(key)
        self.nonce = 0

    @property
    def has_key(self) -> bool:
        return self._aead is not None

    def encrypt(self, plaintext: Bytes, associated_data: bytes = b"") -> bytes:
        """Seal the next message; 16 bytes longer than `plaintext`.

        Raises:
            LocalProtocolError: 2^64 - 1 messages were sealed with this key.
        """
        if self._aead is None:
            return bytes(plaintext)
        ciphertext = aead_encrypt(self._aead, self._nonce_bytes(), plaintext, associated_data)
        self.nonce += 1
        return ciphertext

    def decrypt(self, ciphertext: Bytes, associated_data: bytes = b"") -> bytes:
        """Open the next message; the nonce stands still when that fails.

        Raises:
            DecryptFailed: not what the other end sealed at this place.
            LocalProtocolError: 2^64 - 1 messages were opened with this key.
        """
        if self._aead is None:
            return bytes(ciphertext)
        plaintext = aead_decrypt(self._aead, self._nonce_bytes(), ciphertext, associated_data)
        self.nonce += 1
        return plaintext

    def rekey(self) -> None:
        """Replace the key by one from which it cannot be computed; the nonce goes on."""
        if self._aead is None:
            raise LocalProtocolError("there is no key to replace", _SECTION)
        nonce = _NONCE_PREFIX + _REKEY_NONCE.to_bytes(8, "little")
        key = aead_encrypt(self._aead, nonce, bytes(KEY_SIZE_BYTES), b"")[:KEY_SIZE_BYTES]
        self._aead = ChaCha20Poly1305(key)

    def _nonce_bytes(self) -> bytes:
        if self.nonce >= _REKEY_NONCE:
            raise LocalProtocolError("the nonces of this key are used up", _SECTION)
        return _NONCE_PREFIX + self.nonce.to_bytes(8, "little")


class SymmetricState:
    """Chaining key and transcript hash, with the cipher keyed from them."""

    __slots__ = ("chaining_key", "cipher", "handshake_hash")

    def __init__(self, protocol_name: bytes) -> None:
        if len(protocol_name) <= hashlib.sha256().digest_size:
            self.handshake_hash = protocol_name.ljust(32, b"\0")
        else:
            self.handshake_hash = hashlib.sha256(protocol_name).digest()
        self.chaining_key = self.handshake_hash
        self.cipher = CipherState()

    def mix_key(self, material: bytes) -> None:
        self.chaining_key, key = hkdf(self.chaining_key, material, 2)
        self.cipher = CipherState(key)

    def mix_hash(self, data: Bytes) -> None:
        self.handshake_hash = hashlib.sha256(self.handshake_hash + data).digest()

    def mix_key_and_hash(self, material: bytes) -> None:
        self.chaining_key, digest, key = hkdf(self.chaining_key, material, 3)
        self.mix_hash(digest)
        self.cipher = CipherState(key)

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        ciphertext = self.cipher.encrypt(plaintext, self.handshake_hash)
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt_and_hash(self, ciphertext: bytes) -> bytes:
        plaintext = self.cipher.decrypt(ciphertext, self.handshake_hash)
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[CipherState, CipherState]:
        """The initiator's sending cipher and the responder's."""
        initiator_key, responder_key = hkdf(self.chaining_key, b"", 2)
        return CipherState(initiator_key), CipherState(responder_key)


class HandshakeState:
    """One end of one handshake; dead after the first error.

    Call `write_message` and `read_message` in turn, the initiator writing
    first, until `is_finished`; then `split`, once.

    Args:
        pattern: name with its modifiers ("XK", "XXpsk0", "NNpsk0+psk2").
        is_initiator: true on the end that writes the first message.
        prologue: what both ends must agree on without sending it.
        static: 32 bytes, own private key; None where the pattern needs none.
        ephemeral: 32 fresh random bytes, never used for another handshake; None
            where this end sends no ephemeral key.
        remote_static: 32 bytes, the other end's public key where the pattern
            says that it is known beforehand.
        psks: 32 bytes each, in the order of the modifiers.

    Raises:
        LocalProtocolError: an argument is missing, too much or of wrong size.
    """

    remote_static: bytes | None
    """The other end's static public key, from the moment it is known."""

    def __init__(
        self,
        pattern: str,
        *,
        is_initiator: bool,
        prologue: bytes = b"",
        static: bytes | None = None,
        ephemeral: bytes | None = None,
        remote_static: bytes | None = None,
        psks: Sequence[bytes] = (),
    ) -> None:
        self._messages = _messages(pattern)
        self._is_initiator = is_initiator
        self._static = None if static is None else _private_key(static)
        self._ephemeral = None if ephemeral is None else _private_key(ephemeral)
        self._remote_ephemeral: bytes | None = None
        self.remote_static = remote_static
        self._has_psk = bool(psks)
        self._psks = _checked_psks(psks, self._messages)
        self._position = 0
        self._is_split = False
        self._fuse = Fuse(_SECTION)
        self._symmetric = SymmetricState(f"Noise_{pattern}_{_SUITE}".encode("ascii"))
        self._symmetric.mix_hash(prologue)
        self._mix_known_keys(pattern)

    @property
    def handshake_hash(self) -> bytes:
        """32 bytes, the transcript so far; once finished, the channel binding."""
        return self._symmetric.handshake_hash

    @property
    def is_finished(self) -> bool:
        return self._position == len(self._messages)

    def write_message(self, payload: bytes = b"") -> bytes:
        """The next message, carrying `payload`.

        Raises:
            BadKey: a public key that was given or read before is of small order.
            LocalProtocolError: not our turn, a key is missing, or it gets too long.
        """
        with self._fuse:
            parts = [self._write_token(token) for token in self._next_tokens(is_writing=True)]
            parts.append(self._symmetric.encrypt_and_hash(payload))
            message = b"".join(parts)
            if len(message) > NOISE_MESSAGE_SIZE_MAX_BYTES:
                raise LocalProtocolError(f"the message has {len(message)} bytes", _SECTION)
            return message

    def read_message(self, message: bytes) -> bytes:
        """The payload of the other end's next message.

        Raises:
            TooLarge, Malformed: longer or shorter than any such message.
            DecryptFailed: another key, prologue or psk, or changed on the way.
            BadKey: a public key of small order.
            LocalProtocolError: not their turn, or a key is missing.
        """
        with self._fuse:
            if len(message) > NOISE_MESSAGE_SIZE_MAX_BYTES:
                raise TooLarge(f"the message has {len(message)} bytes", _SECTION)
            rest = message
            for token in self._next_tokens(is_writing=False):
                rest = rest[self._read_token(token, rest) :]
            return self._symmetric.decrypt_and_hash(rest)

    def split(self) -> tuple[CipherState, CipherState]:
        """The ciphers for sending and for receiving, in this order.

        After a one-way pattern only the initiator's sending one may be used.

        Raises:
            LocalProtocolError: not finished, or split before: two ciphers with
                one key would seal two texts under one nonce.
        """
        with self._fuse:
            if not self.is_finished or self._is_split:
                raise LocalProtocolError("split comes once, after the last message", _SECTION)
            self._is_split = True
            first, second = self._symmetric.split()
            return (first, second) if self._is_initiator else (second, first)

    def _mix_known_keys(self, pattern: str) -> None:
        """Noise §5.3: the static keys known beforehand, the initiator's first."""
        letters = pattern.partition("psk")[0].replace("1", "")
        knows_initiator = letters[0] == "K"
        knows_responder = letters[-1] == "K" or len(letters) == 1
        knows_remote = knows_responder if self._is_initiator else knows_initiator
        # A key given for nothing would look pinned to the caller, and would not be.
        if knows_remote != (self.remote_static is not None):
            raise LocalProtocolError("the remote key is known beforehand or it is not", _SECTION)
        if self.remote_static is not None and len(self.remote_static) != KEY_SIZE_BYTES:
            raise LocalProtocolError("a public key is 32 bytes long", _SECTION)
        for is_known, is_mine in (
            (knows_initiator, self._is_initiator),
            (knows_responder, not self._is_initiator),
        ):
            if is_known:
                key = _public_key(self._static) if is_mine else _need(self.remote_static)
                self._symmetric.mix_hash(key)

    def _next_tokens(self, *, is_writing: bool) -> Sequence[str]:
        is_ours = (self._position % 2 == 0) == self._is_initiator
        if self.is_finished or is_ours != is_writing:
            raise LocalProtocolError(f"message {self._position + 1} is not due here", _SECTION)
        self._position += 1
        return self._messages[self._position - 1]

    def _write_token(self, token: str) -> bytes:
        if token == "e":
            key = _public_key(self._ephemeral)
            self._mix_ephemeral(key)
            return key
        if token == "s":
            return self._symmetric.encrypt_and_hash(_public_key(self._static))
        self._mix_token(token)
        return b""

    def _read_token(self, token: str, rest: bytes) -> int:
        """Act on `token` at the start of `rest`; the number of bytes it took."""
        if token not in ("e", "s"):
            self._mix_token(token)
            return 0
        is_sealed = token == "s" and self._symmetric.cipher.has_key
        size = KEY_SIZE_BYTES + (TAG_SIZE_BYTES if is_sealed else 0)
        if len(rest) < size:
            raise Malformed("the handshake message ends inside a key", _SECTION)
        if token == "e":
            self._remote_ephemeral = rest[:size]
            self._mix_ephemeral(rest[:size])
        else:
            self.remote_static = self._symmetric.decrypt_and_hash(rest[:size])
        return size

    def _mix_ephemeral(self, key: bytes) -> None:
        self._symmetric.mix_hash(key)
        # Noise §9.2: with a psk, ephemeral keys make the cipher keys fresh at once.
        if self._has_psk:
            self._symmetric.mix_key(key)

    def _mix_token(self, token: str) -> None:
        if token == "psk":
            self._symmetric.mix_key_and_hash(next(self._psks))
            return
        # Two letters: which key of the initiator, then which of the responder.
        mine, theirs = token[0], token[1]
        if not self._is_initiator:
            mine, theirs = theirs, mine
        private = self._ephemeral if mine == "e" else self._static
        public = self._remote_ephemeral if theirs == "e" else self.remote_static
        self._symmetric.mix_key(x25519(_need(private), _need(public)))


def x25519(private: X25519PrivateKey, public: bytes) -> bytes:
    """The 32 bytes both ends share.

    Raises:
        BadKey: `public` is of small order, so that the result is all zeros for
            every private key (`cryptography` looks for this itself; a test
            makes sure that it goes on doing so), or is not 32 bytes long.
    """
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise BadKey("the public key is of small order or wrong size", _SECTION) from None


def hkdf(chaining_key: bytes, material: bytes, outputs: int) -> list[bytes]:
    """Noise §4.3: `outputs` (2 or 3) keys of 32 bytes."""
    secret = hmac.digest(chaining_key, material, "sha256")
    keys = [hmac.digest(secret, b"\x01", "sha256")]
    for number in range(2, outputs + 1):
        keys.append(hmac.digest(secret, keys[-1] + bytes([number]), "sha256"))
    return keys


def aead_encrypt(
    aead: ChaCha20Poly1305, nonce: bytes, plaintext: Bytes, associated_data: bytes
) -> bytes:
    """ChaCha20-Poly1305 of RFC 8439, the tag behind the text."""
    return aead.encrypt(nonce, plaintext, associated_data)


def aead_decrypt(
    aead: ChaCha20Poly1305, nonce: bytes, ciphertext: Bytes, associated_data: bytes
) -> bytes:
    """The inverse of `aead_encrypt`; raises `DecryptFailed` on any difference."""
    try:
        return aead.decrypt(nonce, ciphertext, associated_data)
    except InvalidTag:
        raise DecryptFailed("its authentication tag does not fit", _SECTION) from None


def _messages(pattern: str) -> list[list[str]]:
    """The tokens of each message, psk modifiers put in (Noise §9.4)."""
    name = pattern.partition("psk")[0]
    positions = [int(number) for number in re.findall(r"psk(\d)", pattern)]
    is_spelt_right = pattern == name + "+".join(f"psk{position}" for position in positions)
    if name not in _PATTERNS or not is_spelt_right:
        raise LocalProtocolError(f"there is no pattern {pattern!r}", _SECTION)
    messages = [message.split() for message in _PATTERNS[name].split("/")]
    for position in positions:
        if position > len(messages):
            raise LocalProtocolError(f"{name} has no message {position}", _SECTION)
        if position == 0:
            messages[0].insert(0, "psk")
        else:
            messages[position - 1].append("psk")
    return messages


def _checked_psks(psks: Sequence[bytes], messages: list[list[str]]) -> Iterator[bytes]:
    wanted = sum(message.count("psk") for message in messages)
    if len(psks) != wanted or any(len(psk) != KEY_SIZE_BYTES for psk in psks):
        raise LocalProtocolError(f"the pattern wants {wanted} psks of 32 bytes", _SECTION)
    return iter(psks)


def _private_key(raw: bytes) -> X25519PrivateKey:
    if len(raw) != KEY_SIZE_BYTES:
        raise LocalProtocolError("a private key is 32 bytes long", _SECTION)
    return X25519PrivateKey.from_private_bytes(raw)


def _public_key(private: X25519PrivateKey | None) -> bytes:
    return _need(private).public_key().public_bytes_raw()


def _need(key: _Key | None) -> _Key:
    """A key that the pattern uses here, and that the caller must have given."""
    if key is None:
        raise LocalProtocolError("the pattern needs a key that was not given", _SECTION)
    return key
