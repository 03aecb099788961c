"""What a node says of itself on the local network: a nonce and tags, nothing else.

Each pair of friends shares a key that nobody else can compute, from their two link
keys. An announcement holds a fresh nonce and, for each friend, a tag: the beginning
of HMAC(pair key, nonce). A friend recognises its own tag; for everybody else the
announcement is noise with a port number. Tags are sorted, and filled up with random
ones, so that neither order nor number tells how many friends there are.

Nothing has to be handed out, and when a friendship ends its tag is simply missing
from the next announcement. It is advisory: the secure channel says who answers.

Nonce and padding are arguments: nothing here acts. Spec: §17.7.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from protocol.keys import Domain, MemberId, digest

NONCE_SIZE_BYTES: Final = 16
TAG_SIZE_BYTES: Final = 8
TAGS_STEP: Final = 8
"""The number of tags is a multiple of this."""
TAGS_MAX: Final = 96
"""Friends beyond it find us when we find them."""

_VERSION: Final = b"1"
_YES: Final = b"1"
# A string of a TXT record has at most 255 bytes: three steps of tags fit in each.
_TAGS_PER_STRING: Final = 3 * TAGS_STEP


@dataclass(frozen=True, slots=True)
class Announcement:
    """A nonce and sorted tags."""

    nonce: bytes
    tags: tuple[bytes, ...]

    def properties(self, *, is_pairing: bool = False) -> dict[str | bytes, str | bytes | None]:
        """As the properties of a TXT record."""
        strings = [
            b"".join(self.tags[start : start + _TAGS_PER_STRING])
            for start in range(0, len(self.tags), _TAGS_PER_STRING)
        ]
        properties: dict[str | bytes, str | bytes | None] = {"v": _VERSION, "n": self.nonce}
        properties.update((f"t{number}", string) for number, string in enumerate(strings))
        if is_pairing:
            properties["p"] = _YES
        return properties


def pair_key(link_private: bytes, friend_link_key: bytes) -> bytes | None:
    """The key that two friends share for recognising each other; None for a bad key."""
    try:
        peer = X25519PublicKey.from_public_bytes(friend_link_key)
        shared = X25519PrivateKey.from_private_bytes(link_private).exchange(peer)
    except ValueError:
        return None
    return digest(Domain.ANNOUNCE_TAG, shared)


def tag(key: bytes, nonce: bytes) -> bytes:
    return hmac.digest(key, nonce, "sha256")[:TAG_SIZE_BYTES]


def announce(keys: Iterable[bytes], nonce: bytes, padding: bytes) -> Announcement:
    """What to announce to the friends with these pair keys.

    Args:
        nonce: 16 fresh random bytes.
        padding: at least 64 fresh random bytes.
    """
    tags = [tag(key, nonce) for key in keys][:TAGS_MAX]
    missing = -len(tags) % TAGS_STEP if tags else TAGS_STEP
    starts = range(0, missing * TAG_SIZE_BYTES, TAG_SIZE_BYTES)
    tags += [padding[start : start + TAG_SIZE_BYTES] for start in starts]
    return Announcement(nonce, tuple(sorted(tags)))


def read(properties: Mapping[bytes, bytes | None]) -> Announcement | None:
    """What somebody announced; None when it is not an announcement of ours."""
    nonce = properties.get(b"n")
    if properties.get(b"v") != _VERSION or nonce is None or len(nonce) != NONCE_SIZE_BYTES:
        return None
    strings = [properties.get(b"t%d" % number) for number in range(TAGS_MAX // _TAGS_PER_STRING)]
    joined = b"".join(string for string in strings if string)
    starts = range(0, len(joined) - TAG_SIZE_BYTES + 1, TAG_SIZE_BYTES)
    return Announcement(nonce, tuple(joined[start : start + TAG_SIZE_BYTES] for start in starts))


def is_pairing(properties: Mapping[bytes, bytes | None]) -> bool:
    """Whether the home that announced this looks for another one. Spec: §17.8."""
    return properties.get(b"p") == _YES


def recognise(announcement: Announcement, keys: Mapping[MemberId, bytes]) -> MemberId | None:
    """The friend who announced it, if it is one."""
    for member, key in keys.items():
        if tag(key, announcement.nonce) in announcement.tags:
            return member
    return None
