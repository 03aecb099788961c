"""Spec §9.3: invitation links."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.encoding import Value, decode, encode
from protocol.errors import DecodeError, Malformed, RemoteProtocolError
from protocol.invitations import (
    ADDRESSES_MAX,
    SCHEME,
    Invitation,
    decode_link,
    encode_link,
    invitation_tag,
)
from protocol.keys import HouseId, MemberId
from simulations.strategies import houses, members, uints

INVITATION = Invitation(
    HouseId(b"h" * 32),
    MemberId(b"i" * 32),
    b"k" * 32,
    b"s" * 32,
    1_800_000_000_000,
    ("192.168.1.7:7470", "[2001:db8::1]:7470"),
    "Ana",
    "Rue des Lilas",
)
LINK = encode_link(INVITATION)
FIELDS: list[Value] = [
    2, b"h" * 32, b"i" * 32, b"k" * 32, b"s" * 32, 1_800_000_000_000, ["home:7470"],
    "Ana", "Rue des Lilas",
]  # fmt: skip

keys = st.binary(min_size=32, max_size=32)
invitations = st.builds(
    Invitation,
    houses,
    members,
    keys,
    keys,
    uints,
    st.lists(st.text("abc.:[]0123456789", max_size=40), max_size=ADDRESSES_MAX).map(tuple),
    st.text(max_size=20),
    st.text(max_size=20),
)


def link_of(value: Value) -> str:
    return SCHEME + base64.urlsafe_b64encode(encode(value)).rstrip(b"=").decode()


@given(invitations)
def test_a_link_read_back_is_the_invitation(invitation: Invitation) -> None:
    """It holds all that a newcomer needs."""
    assert invitation == decode_link(encode_link(invitation))


@given(invitations, st.data())
def test_a_link_survives_what_mail_programs_do_to_it(
    invitation: Invitation, data: st.DataObject
) -> None:
    """Blanks, tabs and line breaks anywhere are ignored."""
    text = encode_link(invitation)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(text)))
        blank = data.draw(st.sampled_from([" ", "\n", "\r\n", "\t", "\u00a0"]))
        text = text[:place] + blank + text[place:]

    assert invitation == decode_link(text)


@pytest.mark.parametrize("length", range(len(LINK)))
def test_a_link_that_was_cut_short_is_refused(length: int) -> None:
    """Wherever it was cut."""
    with pytest.raises(DecodeError):
        decode_link(LINK[:length])


@given(st.integers(0, len(LINK) - 1), st.characters())
def test_a_link_with_another_character_is_refused_or_another_invitation(
    place: int, character: str
) -> None:
    """A link is a bearer secret, not a signed one: a changed one opens nothing."""
    changed = LINK[:place] + character + LINK[place + 1 :]
    try:
        found = decode_link(changed)
    except RemoteProtocolError:
        return
    assert (found == INVITATION) is (changed == LINK)


@given(st.text(max_size=100))
def test_any_text_is_refused(text: str) -> None:
    """With the scheme in front and without."""
    for attempt in (text, SCHEME + text):
        with pytest.raises(DecodeError):
            decode_link(attempt)


CHANGES: list[tuple[str, int, Value]] = [
    ("a newer version", 0, 3),
    ("an older version", 0, 1),
    ("no version", 0, "1"),
    ("a house of 31 bytes", 1, bytes(31)),
    ("an inviter that is a text", 2, "ana"),
    ("a link key of 33 bytes", 3, bytes(33)),
    ("an empty secret", 4, b""),
    ("an expiry that is true", 5, True),
    ("an address that is bytes", 6, [b"home:7470"]),
    ("an address of 256 bytes", 6, ["x" * 256]),
    ("nine addresses", 6, ["x"] * (ADDRESSES_MAX + 1)),
    ("a name of 81 bytes", 7, "x" * 81),
    ("a house's name that is bytes", 8, b"Lilas"),
]


@pytest.mark.parametrize(("index", "value"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_wrong_field_is_refused(index: int, value: Value) -> None:
    """Each of the nine."""
    fields = list(FIELDS)
    fields[index] = value

    with pytest.raises(DecodeError):
        decode_link(link_of(fields))


def test_a_field_more_or_less_is_refused() -> None:
    """The array has nine."""
    decode_link(link_of(FIELDS))
    for fields in (FIELDS[:-1], [*FIELDS, 0]):
        with pytest.raises(Malformed):
            decode_link(link_of(fields))


def test_a_link_of_another_scheme_is_refused() -> None:
    """Somebody pasted something else."""
    with pytest.raises(Malformed, match="starts with openhouse"):
        decode_link(LINK.removeprefix(SCHEME))


def test_a_character_that_does_not_belong_is_refused() -> None:
    """Base64 of another alphabet, or with padding of its own."""
    for text in (LINK[:-1] + "/", LINK[:-2] + "é", LINK + "=", LINK + "====", LINK + "."):
        with pytest.raises(DecodeError):
            decode_link(text)


def test_a_huge_link_is_refused() -> None:
    """What is pasted by mistake costs nothing."""
    with pytest.raises(DecodeError):
        decode_link(SCHEME + "A" * 1_000_000)


def test_the_link_is_the_unpadded_base64url_of_a_canonical_array() -> None:
    """The bytes of the spec, spelled by hand."""
    encoded = LINK.removeprefix(SCHEME)
    data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    expected = (*FIELDS[:6], INVITATION.addresses, "Ana", "Rue des Lilas")

    assert expected == decode(data, size_max_bytes=limits.RECORD_SIZE_MAX_BYTES)
    assert "=" not in LINK


def test_the_tag_is_the_beginning_of_a_digest_of_the_secret() -> None:
    """It names the invitation without giving it away. Spec §6.4."""
    digest = hashlib.sha256(b"openhouse/1 invitation tag\0" + b"s" * 32).digest()

    assert digest[:16] == invitation_tag(b"s" * 32) == INVITATION.tag
