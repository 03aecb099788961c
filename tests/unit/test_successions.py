"""Texts between a member and the guardians: what is not whole is refused in words. Spec: §18.7."""

from __future__ import annotations

import base64

import pytest

from protocol.encoding import Value, encode
from protocol.errors import Refused
from protocol.keys import MemberId, Signature, Signer
from protocol.successions import (
    SuccessionRequest,
    decode_approval,
    decode_request,
    encode_approval,
    encode_request,
)

MEMBER, NEXT, GUARDIAN = (Signer(bytes([n]) * 32).public for n in (1, 2, 3))
REQUEST = SuccessionRequest(MemberId(MEMBER), 1, NEXT, 1_000)
SIGNATURE = Signature(bytes(64))
WHOLE: list[Value] = [1, MEMBER, 1, NEXT, 1_000, GUARDIAN, SIGNATURE]


def text(name: str, fields: list[Value]) -> str:
    return f"openhouse-{name}:" + base64.urlsafe_b64encode(encode(fields)).rstrip(b"=").decode()


def test_what_was_written_is_read_again() -> None:
    approval = encode_approval(REQUEST, MemberId(GUARDIAN), SIGNATURE)

    assert REQUEST == decode_request(encode_request(REQUEST))
    assert (REQUEST, GUARDIAN, SIGNATURE) == decode_approval(approval)
    assert approval == text("approval", WHOLE)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, 2),
        (1, MEMBER[:31]),
        (2, "one"),
        (2, 0),
        (3, NEXT[:31]),
        (3, bytes(32)),
        (4, "now"),
        (5, GUARDIAN[:31]),
        (6, bytes(63)),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_a_field_that_is_wrong_is_refused(place: int, value: Value) -> None:
    fields = [*WHOLE[:place], value, *WHOLE[place + 1 :]]

    with pytest.raises(Refused) as caught:
        decode_approval(text("approval", fields))
    assert "succession-text-malformed" == caught.value.code
    if place < 5:
        with pytest.raises(Refused) as caught:
            decode_request(text("succession", fields[:5]))
        assert "succession-text-malformed" == caught.value.code


@pytest.mark.parametrize("made", ["", "hello", "openhouse-approval:", "openhouse-approval:!!!"])
def test_another_text_is_refused(made: str) -> None:
    with pytest.raises(Refused):
        decode_approval(made)


def test_a_second_spelling_of_the_same_text_is_refused() -> None:
    """The last letter carries bits that say nothing: they must be zero."""
    whole = encode_request(SuccessionRequest(MemberId(MEMBER), 1, NEXT, 1_000_000))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    reasons: list[str] = []
    for spelling in (whole[:-1] + letter for letter in alphabet):
        try:
            assert spelling == encode_request(decode_request(spelling))
        except Refused as refused:
            reasons.append(str(refused.values["reason"]))

    assert any("spelled" in reason for reason in reasons)
