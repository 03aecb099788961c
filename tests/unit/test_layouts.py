"""Spec §5.5 to §5.9: how bodies are written."""

from __future__ import annotations

import pytest
from hypothesis import given

from protocol import limits
from protocol.bodies import (
    AgreementBody,
    AmendmentBody,
    Body,
    CancelBody,
    CharterBody,
    CommitmentBody,
    CounterBody,
    DeclineBody,
    EntryBody,
    Event,
    Fault,
    HalfBody,
    HandoverBody,
    Kind,
    ListingBody,
    MediationBody,
    PassBody,
    RatingBody,
    RepairBody,
    ReplyBody,
    ReportBody,
    RequestBody,
    RetractionBody,
    ReturnBody,
    SeatBody,
    SettlementBody,
    StatementBody,
    Terms,
    ThingKind,
    WithdrawalBody,
)
from protocol.encoding import Value, decode, encode
from protocol.errors import DecodeError, Malformed
from protocol.keys import HouseId, MemberId, ObjectId, Signature
from protocol.layouts import body_size_max_bytes, decode_body, encode_body
from simulations.strategies import bodies, values

ALICE, BOB = MemberId(b"a" * 32), MemberId(b"b" * 32)
LOAN = ObjectId(b"l" * 16)


WAY = (ALICE, BOB)
NO_SIGNATURE = Signature(bytes(64))
EXAMPLES: list[Body] = [
    CharterBody("x", WAY, (("seats", 2),)),
    AmendmentBody(bytes(32), (("seats", 3),)),
    StatementBody("x", ("fr",), bytes(32), b"", bytes(32)),
    SeatBody(ALICE),
    HalfBody(ALICE, bytes(32), True, False),
    ListingBody("x", "y", ThingKind.STAY, 4, (BOB,), ((1, 2),)),
    WithdrawalBody(LOAN, 0, 1, 2, (BOB,)),
    RequestBody(LOAN, WAY, 1, LOAN, 1, 2, NO_SIGNATURE, bytes(32), b"s"),
    PassBody(LOAN, WAY, 1, False),
    CounterBody(LOAN, WAY, 1, 1, 2, b""),
    AgreementBody(LOAN, WAY, 1, NO_SIGNATURE, b""),
    DeclineBody(LOAN, WAY, 1, b""),
    CancelBody(LOAN, WAY, b""),
    HandoverBody(LOAN, WAY),
    ReturnBody(LOAN, WAY),
    CommitmentBody(LOAN, WAY, bytes(32)),
    ReportBody(LOAN, WAY, Event.DAMAGED, b"sealed"),
    RatingBody(
        Terms(HouseId(bytes(32)), LOAN, LOAN, ALICE, BOB, 1, 1, 2),
        NO_SIGNATURE, NO_SIGNATURE, 0, 10, bytes(16), Fault.DAMAGED,
    ),
    RepairBody(
        Terms(HouseId(bytes(32)), LOAN, LOAN, ALICE, BOB, 1, 1, 2), NO_SIGNATURE, NO_SIGNATURE
    ),
    MediationBody(
        ALICE, Terms(HouseId(bytes(32)), LOAN, LOAN, ALICE, BOB, 1, 1, 2),
        NO_SIGNATURE, NO_SIGNATURE, b"sealed",
    ),
    SettlementBody(LOAN, BOB, True),
    ReplyBody(
        Terms(HouseId(bytes(32)), LOAN, LOAN, ALICE, BOB, 1, 1, 2), NO_SIGNATURE, NO_SIGNATURE, "z"
    ),
    RetractionBody(
        Terms(HouseId(bytes(32)), LOAN, LOAN, ALICE, BOB, 1, 1, 2), NO_SIGNATURE, NO_SIGNATURE
    ),
    EntryBody(
        LOAN, ALICE, BOB, 1, bytes(32), NO_SIGNATURE, NO_SIGNATURE, 2, bytes(32), 1
    ),
]  # fmt: skip


def through_bytes(value: Value) -> Value:
    """As a receiver reads it: arrays are tuples."""
    return decode(encode(value), size_max_bytes=limits.RECORD_SIZE_MAX_BYTES)


@given(bodies)
def test_a_body_read_back_is_the_one_written(body: Body) -> None:
    """Every kind keeps every field."""
    assert body == decode_body(body.kind, through_bytes(encode_body(body)))


@given(bodies)
def test_a_body_with_a_field_more_or_less_is_refused(body: Body) -> None:
    """Arrays have a fixed length."""
    fields = encode_body(body)
    for changed in (fields[:-1], [*fields, 0]):
        with pytest.raises(Malformed):
            decode_body(body.kind, through_bytes(changed))


@given(bodies, values())
def test_any_value_in_any_field_is_read_back_or_refused(body: Body, value: Value) -> None:
    """No crash, and nothing is understood in two ways."""
    for index in range(len(encode_body(body))):
        fields = encode_body(body)
        fields[index] = value
        try:
            read = decode_body(body.kind, through_bytes(fields))
        except DecodeError:
            continue
        assert through_bytes(fields) == through_bytes(encode_body(read))


@pytest.mark.parametrize("body", EXAMPLES, ids=[body.kind.name.lower() for body in EXAMPLES])
def test_an_example_of_each_kind_reads_back(body: Body) -> None:
    """Whatever Hypothesis draws, each layout is tried."""
    assert body == decode_body(body.kind, through_bytes(encode_body(body)))


@given(values())
def test_any_value_as_a_body_is_refused_or_read(value: Value) -> None:
    """For every kind."""
    for kind in Kind:
        try:
            body = decode_body(kind, value)
        except DecodeError:
            continue
        assert kind is body.kind


LISTING = ListingBody("", "", ThingKind.OBJECT, 1, (), ())
REFUSED: list[tuple[str, Body]] = [
    ("founders names a member twice", CharterBody("x", (ALICE, ALICE), ())),
    ("parameters must be sorted", CharterBody("x", (ALICE,), (("b", 1), ("a", 1)))),
    ("changes something", AmendmentBody(bytes(32), ())),
    ("must be empty or 32 bytes", StatementBody("x", (), bytes(32), b"1", b"")),
    ("at least two members", HandoverBody(LOAN, (ALICE,))),
    ("end must be after the start", ListingBody("", "", ThingKind.COPY, 1, (), ((5, 5),))),
    ("through names a member twice", ListingBody("", "", ThingKind.SPOT, 1, (BOB, BOB), ())),
]


@pytest.mark.parametrize(("reason", "body"), REFUSED)
def test_a_body_that_breaks_a_rule_is_refused_by_name(reason: str, body: Body) -> None:
    """The detail says which field and why."""
    with pytest.raises(Malformed, match=reason):
        decode_body(body.kind, through_bytes(encode_body(body)))


def test_an_unknown_kind_of_thing_is_refused() -> None:
    """Five kinds exist. Spec §5.7."""
    fields = encode_body(LISTING)
    fields[2] = 6

    with pytest.raises(Malformed, match="thing kind 6"):
        decode_body(Kind.LISTING, through_bytes(fields))


def test_certificates_statements_and_ratings_have_limits_of_their_own() -> None:
    """They travel before anything is trusted, or farthest. Spec §14."""
    small = {Kind.SETTLEMENT, Kind.SEAT, Kind.HALF, Kind.VALIDATION}
    middle = {Kind.STATEMENT, Kind.RATING, Kind.REPAIR, Kind.ENTRY, Kind.REPLY, Kind.RETRACTION}

    for kind in Kind:
        expected = (
            limits.CERTIFICATE_SIZE_MAX_BYTES
            if kind in small
            else limits.RATING_SIZE_MAX_BYTES
            if kind in middle
            else limits.KEYS_SIZE_MAX_BYTES
            if kind in (Kind.KEYS, Kind.AMENDMENT)
            else limits.RECORD_SIZE_MAX_BYTES
        )
        assert expected == body_size_max_bytes(kind)


def test_every_kind_has_a_layout_and_a_class() -> None:
    """The table is complete; classes know their kind."""
    assert Kind.HALF is HalfBody(ALICE, bytes(32), True, True).kind
    for kind in Kind:
        with pytest.raises(DecodeError):
            decode_body(kind, b"")
