"""Texts between a member and the guardians: what is not whole is refused in words. Spec: §18.7."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from protocol.encoding import Value, encode
from protocol.errors import Refused
from protocol.keys import MemberId, Signature, Signer
from protocol.mandates import Successor
from protocol.successions import (
    Approval,
    SuccessionRequest,
    decode_approval,
    decode_request,
    encode_approval,
    encode_request,
)

MEMBER, NEXT, GUARDIAN = (Signer(bytes([n]) * 32).public for n in (1, 2, 3))
EARLIER = Signer(b"\x04" * 32).public
REQUEST = SuccessionRequest(MemberId(MEMBER), NEXT, 1_000)
SIGNATURE = Signature(bytes(64))
CHAIN = (Successor(EARLIER, 500, ((MemberId(GUARDIAN), SIGNATURE),)),)
APPROVAL = Approval(REQUEST, CHAIN, 3, MemberId(GUARDIAN), SIGNATURE)
ROWS: list[Value] = [[EARLIER, 500, [[GUARDIAN, SIGNATURE]]]]
WHOLE: list[Value] = [2, MEMBER, NEXT, 1_000, ROWS, 3, GUARDIAN, SIGNATURE]


def text(name: str, fields: list[Value]) -> str:
    return f"openhouse-{name}:" + base64.urlsafe_b64encode(encode(fields)).rstrip(b"=").decode()


def test_what_was_written_is_read_again() -> None:
    assert REQUEST == decode_request(encode_request(REQUEST))
    assert APPROVAL == decode_approval(encode_approval(APPROVAL))
    assert text("succession", WHOLE[:4]) == encode_request(REQUEST)
    assert text("approval", WHOLE) == encode_approval(APPROVAL)


def test_the_longest_chain_fits() -> None:
    """Seven roots before, each approved by four guardians."""
    guardians = [MemberId(Signer(bytes([n]) * 32).public) for n in range(20, 24)]
    signed = tuple((guardian, SIGNATURE) for guardian in sorted(guardians))
    chain = tuple(Successor(Signer(bytes([n]) * 32).public, n, signed) for n in range(5, 12))
    approval = replace(APPROVAL, earlier=chain)

    assert approval == decode_approval(encode_approval(approval))
    with pytest.raises(Refused):
        decode_approval(encode_approval(replace(approval, earlier=(*chain, *CHAIN))))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, 1),
        (0, 3),
        (1, MEMBER[:31]),
        (2, NEXT[:31]),
        (2, bytes(32)),
        (3, "now"),
        (4, 0),
        (4, [[EARLIER, 500, [[GUARDIAN, SIGNATURE]] * 2]]),
        (5, 5),
        (6, GUARDIAN[:31]),
        (7, bytes(63)),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_a_field_that_is_wrong_is_refused(place: int, value: Value) -> None:
    fields = [*WHOLE[:place], value, *WHOLE[place + 1 :]]

    with pytest.raises(Refused) as caught:
        decode_approval(text("approval", fields))
    assert "succession-text-malformed" == caught.value.code
    if place < 4:
        with pytest.raises(Refused) as caught:
            decode_request(text("succession", fields[:4]))
        assert "succession-text-malformed" == caught.value.code


@pytest.mark.parametrize("made", ["", "hello", "openhouse-approval:", "openhouse-approval:!!!"])
def test_another_text_is_refused(made: str) -> None:
    with pytest.raises(Refused):
        decode_approval(made)


def test_a_second_spelling_of_the_same_text_is_refused() -> None:
    """The last letter carries bits that say nothing: they must be zero."""
    whole = encode_request(SuccessionRequest(MemberId(MEMBER), NEXT, 1_000_000_000_000))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    reasons: list[str] = []
    for spelling in (whole[:-1] + letter for letter in alphabet):
        try:
            assert spelling == encode_request(decode_request(spelling))
        except Refused as refused:
            reasons.append(str(refused.values["reason"]))

    assert any("spelled" in reason for reason in reasons)
