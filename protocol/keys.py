"""Keys, hashes and signatures: everything that has a size of 32 bytes.

One rule holds it together: no hash or signature is ever made over bytes alone.
Each begins with the name of its domain, so that what was signed for one purpose
cannot be shown for another. A member is an Ed25519 public key; its link key
(X25519) and its revocation secrets are derived from the same seed, so that a
backup of one seed restores them all.

Public keys are checked before they are used. With most libraries the identity
point accepts one constant signature for every message, and the other points of
small order one in two, four or eight.

Randomness comes in as arguments, and nothing here acts. The module imports the
`cryptography` package and errors. Its only state is a bounded memory of loaded
public keys, which changes no result.

Spec: §4.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from functools import lru_cache
from typing import Final, NewType

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.errors import BadKey, DecryptFailed

MemberId = NewType("MemberId", bytes)
"""32 bytes: the member's Ed25519 public key."""
HouseId = NewType("HouseId", bytes)
"""32 bytes: digest of the house's first charter."""
RecordId = NewType("RecordId", bytes)
"""32 bytes: digest of a record without its signature."""
ObjectId = NewType("ObjectId", bytes)
"""16 bytes: names a register of its author."""
Signature = NewType("Signature", bytes)
"""64 bytes: Ed25519."""

KEY_SIZE_BYTES: Final = 32
SIGNATURE_SIZE_BYTES: Final = 64
SEAL_OVERHEAD_BYTES: Final = 48  # ephemeral key of 32, tag of 16

# Keys kept ready for verification: a node's friends and their circles, about 600 bytes
# each. Bounds the memory spent on keys that strangers make up.
_LOADED_KEYS_MAX: Final = 4096
# Whether a key is a point of the curve costs as much as a verification to find out, and under
# 200 bytes to remember: also for the authors in a large house who are heard of seldom.
_JUDGED_KEYS_MAX: Final = 32_768


class Domain(Enum):
    """What a hash or signature is for. The value is the name in the spec. Spec: §4.1."""

    RECORD = b"record"
    SIGNATURE_RECORD = b"signature record"
    CONTRACT = b"contract"
    SIGNATURE_CONTRACT = b"signature contract"
    REVOCATION = b"revocation"
    INVITATION_TAG = b"invitation tag"
    INVITATION_PSK = b"invitation psk"
    STEP = b"step"
    COMMITMENT = b"commitment"
    LEDGER = b"ledger"
    ANNOUNCE_TAG = b"announce tag"
    SEAL = b"seal"
    LINK_KEY = b"link key"
    REVOCATION_SECRET = b"revocation secret"
    HOUSE = b"house"
    CHARTER = b"charter"
    AMENDMENT = b"amendment"
    FINGERPRINT = b"fingerprint"
    SIGNATURE_MANDATE = b"signature mandate"
    SIGNATURE_SUCCESSION = b"signature succession"
    ROOT_COMMITMENT = b"root commitment"
    ROOT_SEED = b"root seed"
    BACKUP_KEY = b"backup key"
    MAILBOX_ITEM = b"mailbox item"
    MAILBOX_EPHEMERAL = b"mailbox ephemeral"
    PAIRING_COMMITMENT = b"pairing commitment"
    PAIRING_CODE = b"pairing code"
    SIGNATURE_MEETING = b"signature meeting"
    PHOTO = b"photo"
    FILE = b"file"
    FILE_PART = b"file part"
    FILE_KEY = b"file key"
    FILE_EPHEMERAL = b"file ephemeral"

    prefix: bytes

    def __init__(self, name: bytes) -> None:
        # The zero byte ends the name: no domain's prefix begins another's.
        self.prefix = b"openhouse/1 " + name + b"\0"


def digest(domain: Domain, *parts: bytes) -> bytes:
    """SHA-256 of the parts, joined, under a domain.

    Args:
        domain: what the digest is for.
        parts: all but one must have a fixed length, or carry their own, because
            nothing marks where one ends.

    Returns:
        32 bytes.

    Spec: §4.1.
    """
    return hashlib.sha256(domain.prefix + b"".join(parts)).digest()


# --- Ed25519: members and records -----------------------------------------------------

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493

# The y coordinates of the eight points whose order divides 8. Their other
# encodings (y + p, or a sign on x = 0) are caught as not canonical or by y alone.
_SMALL_ORDER_Y: Final = frozenset(
    {
        0,
        1,
        _P - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


def public_key_problem(key: bytes) -> str | None:
    """Say why a public key must not be used.

    Args:
        key: what claims to be an Ed25519 public key.

    Returns:
        A clause for the error message, or None when the key is good.

    Spec: §4.2.
    """
    # Before the memory, which would otherwise keep megabytes of made-up keys.
    if len(key) != KEY_SIZE_BYTES:
        return f"it has {len(key)} bytes, not {KEY_SIZE_BYTES}"
    return _point_problem(key)


@lru_cache(maxsize=_LOADED_KEYS_MAX)
def _load_good_key(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


@lru_cache(maxsize=_JUDGED_KEYS_MAX)
def _point_problem(key: bytes) -> str | None:
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if y >= _P:
        return "it is not in canonical form"
    if y in _SMALL_ORDER_Y:
        return "it is a point of small order"
    if not _is_on_curve(y):
        return "it is not a point of the curve"
    return None


def _is_on_curve(y: int) -> bool:
    # x^2 = (y^2 - 1) / (d y^2 + 1) has a root iff Euler's criterion holds. The
    # quotient is a square exactly when the product is, which saves the inversion.
    # It is zero for y = 1 and y = -1 alone, and these are of small order.
    product = (y * y - 1) * (_D * y * y + 1)
    return pow(product, (_P - 1) // 2, _P) == 1


class Signer:
    """A member's signing key.

    Args:
        seed: 32 secret bytes, those of the backup.
    """

    __slots__ = ("_private", "public")

    public: MemberId
    """32 bytes: who signs."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = MemberId(self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> Signature:
        """Sign a message, which must be a `digest` of a signature domain. Spec: §4.3."""
        return Signature(self._private.sign(message))


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is good; every implementation must give the same answer.

    Args:
        key: the signer's public key, unchecked.
        message: what was signed.
        signature: what claims to be the signature, unchecked.

    Spec: §4.3.
    """
    if len(signature) != SIGNATURE_SIZE_BYTES:
        return False
    if int.from_bytes(signature[32:], "little") >= _ORDER:
        return False
    if public_key_problem(key) is not None:
        return False
    try:
        _load_good_key(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# --- What the words of a member stand for ----------------------------------------------


def root_seed(entropy: bytes, index: int) -> bytes:
    """The Ed25519 seed of a member's root key: 0 is the first. Spec: §18.4."""
    return digest(Domain.ROOT_SEED, entropy, index.to_bytes(8, "big"))


def backup_private_key(entropy: bytes) -> bytes:
    """The private X25519 key that opens a member's backup files. Spec: §18.4."""
    return digest(Domain.BACKUP_KEY, entropy)


# --- X25519: links and sealed messages ------------------------------------------------


def link_private_key(seed: bytes) -> bytes:
    """Derive the private X25519 link key from a member's seed. Spec: §4.4."""
    return digest(Domain.LINK_KEY, seed)


def link_public_key(private: bytes) -> bytes:
    """Give the public half of a private X25519 key. Spec: §4.4."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(
    recipient_public: bytes, plaintext: bytes, *, ephemeral_private: bytes, context: bytes
) -> bytes:
    """Encrypt a message that only the holder of one link key can read.

    It says nothing about who made it: the signature of the record around it
    does, and `context` ties it to that record.

    Args:
        recipient_public: 32 bytes, the reader's link key.
        plaintext: any length.
        ephemeral_private: 32 fresh secret bytes, never used for anything else.
        context: what the reader must know as well, or the seal does not open.

    Returns:
        Ephemeral public key, ciphertext and tag: 48 bytes more than the plaintext.

    Raises:
        BadKey: the reader's key is of small order; the secret would be public.

    Spec: §4.5.
    """
    ephemeral_public = link_public_key(ephemeral_private)
    key = agree_on_key(
        Domain.SEAL, ephemeral_private, recipient_public, ephemeral_public, recipient_public
    )
    if key is None:
        raise BadKey("the link key is not 32 bytes long, or of small order", "4.5")
    return ephemeral_public + ChaCha20Poly1305(key).encrypt(bytes(12), plaintext, context)


def unseal(recipient_private: bytes, sealed: bytes, *, context: bytes) -> bytes:
    """Open what `seal` made for the public half of this key.

    Args:
        recipient_private: 32 bytes, the reader's private link key.
        sealed: what `seal` returned.
        context: the same bytes as at sealing.

    Returns:
        The plaintext.

    Raises:
        DecryptFailed: made for somebody else or another context, or changed.

    Spec: §4.5.
    """
    if len(sealed) < SEAL_OVERHEAD_BYTES:
        raise DecryptFailed("the sealed message is too short", "4.5")
    ephemeral_public, ciphertext = sealed[:KEY_SIZE_BYTES], sealed[KEY_SIZE_BYTES:]
    recipient_public = link_public_key(recipient_private)
    key = agree_on_key(
        Domain.SEAL, recipient_private, ephemeral_public, ephemeral_public, recipient_public
    )
    if key is None:
        raise DecryptFailed("the sealed message's key is of small order", "4.5")
    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), ciphertext, context)
    except InvalidTag:
        raise DecryptFailed("the sealed message does not open", "4.5") from None


def agree_on_key(
    domain: Domain,
    own_private: bytes,
    their_public: bytes,
    ephemeral_public: bytes,
    recipient_public: bytes,
) -> bytes | None:
    """Agree on a key that is used for one message or file; None for a key of small order.

    Spec: §4.5, §18.6, §20.2.
    """
    try:
        peer = X25519PublicKey.from_public_bytes(their_public)
        shared = X25519PrivateKey.from_private_bytes(own_private).exchange(peer)
    except ValueError:
        # The library refuses a shared secret of zeros, as RFC 7748 6.1 recommends.
        return None
    # Both public keys go in: the same secret with another key pair is another key.
    salt = ephemeral_public + recipient_public
    return HKDF(SHA256(), KEY_SIZE_BYTES, salt, domain.prefix).derive(shared)


# --- Ending a friendship --------------------------------------------------------------


def revocation_secret(root_seed: bytes, friend: MemberId, sequence: int) -> bytes:
    """Derive the secret whose publication ends one half of a friendship.

    Args:
        root_seed: 32 bytes; a restored backup can revoke what it never saw.
        friend: whom the half names.
        sequence: the half's sequence number, so that each renewal has its own.

    Returns:
        32 bytes.

    Spec: §4.6.
    """
    return digest(Domain.REVOCATION_SECRET, root_seed, friend, sequence.to_bytes(8, "big"))


def revocation_hash(secret: bytes) -> bytes:
    """Give the hash that stands in the half from its beginning. Spec: §4.6."""
    return digest(Domain.REVOCATION, secret)
