"""Signatures for simulated members, real or modelled, and what is opened once for all.

A modelled signature is a hash of key and message under a secret of the run. Nobody
in the world can make one but through ``KeyRing.signer``, which the world gives to
the key's owner alone, so it is unforgeable by construction, and verifying costs a
microsecond. Keys, record ids and sizes are the same either way: the same seed gives
the same world with real and with modelled signatures, and a test compares them.

``InterningOpener`` opens each distinct envelope once for the whole world, and
``InterningPost`` gives a receiver the message that its sender wrote. Both are immutable,
so members may share the objects.

Spec: §4.3, §5.1.
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from protocol.bodies import Kind
from protocol.errors import RemoteProtocolError
from protocol.keys import SIGNATURE_SIZE_BYTES, MemberId, Signature, Signer, verify
from protocol.mandates import Verify
from protocol.messages import Message, decode_message, encode_message
from protocol.records import Record, RecordSigner, open_record

POST_REMEMBERED: Final = 1 << 14
"""Messages that are still known by their bytes, at least; about what is on its way at once."""


class KeyRing(Protocol):
    """Where the members of one world get their keys and check each other's."""

    def signer(self, seed: bytes) -> RecordSigner:
        """The signing key derived from a member's 32-byte seed."""
        ...

    def verify(self, key: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether a signature is good."""
        ...


class RealKeys:
    """Ed25519, as the nodes do it."""

    def signer(self, seed: bytes) -> RecordSigner:
        return Signer(seed)

    def verify(self, key: bytes, message: bytes, signature: bytes) -> bool:
        return verify(key, message, signature)


class ModelSigner:
    """Signs for one key in the modelled way; made by ``ModelKeys`` only."""

    __slots__ = ("_secret", "public")

    def __init__(self, public: MemberId, secret: bytes) -> None:
        self.public = public
        self._secret = secret

    def sign(self, message: bytes) -> Signature:
        return _model_signature(self._secret, self.public, message)


class ModelKeys:
    """Modelled signatures with the public keys that the real ones would have.

    Args:
        run_secret: at most 64 bytes, known to no member of the world.
    """

    def __init__(self, run_secret: bytes) -> None:
        self._secret = run_secret

    def signer(self, seed: bytes) -> RecordSigner:
        return ModelSigner(Signer(seed).public, self._secret)

    def verify(self, key: bytes, message: bytes, signature: bytes) -> bool:
        return signature == _model_signature(self._secret, key, message)


def _model_signature(secret: bytes, key: bytes, message: bytes) -> Signature:
    # Keys have a fixed size, so nothing need mark where the message begins.
    keyed = hashlib.blake2b(key + message, key=secret, digest_size=SIGNATURE_SIZE_BYTES)
    return Signature(keyed.digest())


class InterningOpener:
    """Opens each distinct envelope once, and remembers what was wrong with a bad one.

    Args:
        check: verifies one signature.
    """

    def __init__(self, check: Verify) -> None:
        self.verify = check
        self._opened: dict[bytes, Record | RemoteProtocolError] = {}
        self.opened_by_kind: dict[Kind, int] = dict.fromkeys(Kind, 0)
        """How often an envelope of each kind was opened: copies that arrived."""

    def __call__(self, envelope: bytes) -> Record:
        """Open an envelope as ``protocol.records.open_record`` does."""
        found = self.peek(envelope)
        self.opened_by_kind[found.kind] += 1
        return found

    def peek(self, envelope: bytes) -> Record:
        """The same for onlookers: not counted."""
        found = self._opened.get(envelope)
        if found is None:
            try:
                found = open_record(envelope, self.verify)
            except RemoteProtocolError as error:
                found = error
            self._opened[envelope] = found
        if isinstance(found, RemoteProtocolError):
            raise found.with_traceback(None)
        return found

    def learn(self, record: Record) -> None:
        """Take a record that was just signed for opened: its maker is trusted here."""
        self._opened.setdefault(record.envelope, record)


class InterningPost:
    """Remembers the messages written last, so that who is sent one need not read it.

    Half of the work of a simulated town would be reading what it has just written. The
    bytes are made by all the rules all the same, and what was not written here, or long
    ago, is read by all the rules.
    """

    def __init__(self) -> None:
        self._written: dict[bytes, Message] = {}
        self._written_before: dict[bytes, Message] = {}

    def write(self, message: Message) -> bytes:
        """The bytes of a message, as ``protocol.messages.encode_message`` gives them."""
        data = encode_message(message)
        if len(self._written) >= POST_REMEMBERED:
            self._written_before, self._written = self._written, {}
        self._written[data] = message
        return data

    def read(self, data: bytes) -> Message:
        """Read a message as ``protocol.messages.decode_message`` does."""
        found = self._written.get(data) or self._written_before.get(data)
        return decode_message(data) if found is None else found
