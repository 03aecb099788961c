"""Invitation links: all that a newcomer needs to find and trust one inviter.

A link is ``openhouse:`` followed by base64url (no padding) of one canonical
array. It is a bearer secret: whoever opens it first, within its time, is the
guest. Pure. Spec: §9.3.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from protocol import limits
from protocol.encoding import decode, encode, expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import Malformed, RemoteProtocolError
from protocol.keys import Domain, HouseId, MemberId, digest

SCHEME = "openhouse:"
LINK_VERSION = 2
LINK_SIZE_MAX_BYTES = 2048
ADDRESSES_MAX = 8


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation link says.

    Args:
        link_key: 32 bytes, the inviter's X25519 key.
        secret: 32 bytes, used once, mixed into the handshake (§6.4).
        addresses: "host:port", best first.
        inviter_name, house_name: what the link says, for the guest to read before joining.
    """

    house: HouseId
    inviter: MemberId
    link_key: bytes
    secret: bytes
    expires_ms: int
    addresses: tuple[str, ...]
    inviter_name: str = ""
    house_name: str = ""

    @property
    def tag(self) -> bytes:
        """16 bytes that name the invitation without giving it away. Spec: §6.4."""
        return invitation_tag(self.secret)


def invitation_tag(secret: bytes) -> bytes:
    """What a guest shows first, so that the inviter knows which secret to use."""
    return digest(Domain.INVITATION_TAG, secret)[:16]


def encode_link(invitation: Invitation) -> str:
    """The link to send by e-mail, QR or hand."""
    data = encode(
        [
            LINK_VERSION,
            invitation.house,
            invitation.inviter,
            invitation.link_key,
            invitation.secret,
            invitation.expires_ms,
            list(invitation.addresses),
            invitation.inviter_name,
            invitation.house_name,
        ]
    )
    return SCHEME + _base64url(data)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_link(text: str) -> Invitation:
    """Read a link as people paste it (blanks and line breaks are ignored).

    Raises:
        RemoteProtocolError: it is not an invitation link, is cut short or altered.
    """
    compact = "".join(text.split())
    if not compact.startswith(SCHEME):
        raise Malformed("an invitation link starts with openhouse:", section="9.3")
    encoded = compact.removeprefix(SCHEME)
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("the link has a character that does not belong", section="9.3") from None
    if _base64url(data) != encoded:
        # Another alphabet, padding, or bits behind the end: not as we wrote it.
        raise Malformed("the link was altered", section="9.3")
    fields = expect_array(decode(data, size_max_bytes=LINK_SIZE_MAX_BYTES), "link")
    if not fields or expect_uint(fields[0], "link version", limits.UINT_MAX) != LINK_VERSION:
        raise Malformed("the link was made by another version", section="9.3")
    expect_array(fields, "link", length=9)
    addresses = expect_array(fields[6], "addresses", maximum=ADDRESSES_MAX)
    return Invitation(
        house=HouseId(expect_bytes(fields[1], "house", length=32)),
        inviter=MemberId(expect_bytes(fields[2], "inviter", length=32)),
        link_key=expect_bytes(fields[3], "link key", length=32),
        secret=expect_bytes(fields[4], "secret", length=32),
        expires_ms=expect_uint(fields[5], "expiry", limits.UINT_MAX),
        addresses=tuple(expect_text(item, "address", 255) for item in addresses),
        inviter_name=expect_text(fields[7], "inviter's name", limits.NAME_SIZE_MAX_BYTES),
        house_name=expect_text(fields[8], "house's name", limits.NAME_SIZE_MAX_BYTES),
    )


__all__ = ["Invitation", "RemoteProtocolError", "decode_link", "encode_link", "invitation_tag"]
