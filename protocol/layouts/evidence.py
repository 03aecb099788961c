"""Layouts of what is said of a loan afterwards.

Spec: §5.9.
"""

from __future__ import annotations

from protocol import limits
from protocol.bodies import (
    Body,
    EntryBody,
    Fault,
    MediationBody,
    RatingBody,
    RepairBody,
    ReplyBody,
    RetractionBody,
    SettlementBody,
    Terms,
)
from protocol.encoding import (
    Value,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import Malformed
from protocol.keys import HouseId
from protocol.layouts.fields import (
    expect_commitment,
    expect_interval,
    expect_member,
    expect_number,
    expect_object,
    expect_sealed,
    expect_signature,
)


def read_terms(value: Value) -> Terms:
    t = expect_array(value, "terms", length=8)
    start, end = expect_interval(t[6], t[7])
    return Terms(
        HouseId(expect_bytes(t[0], "house", length=32)),
        expect_object(t[1], "loan"),
        expect_object(t[2], "thing"),
        expect_member(t[3], "holder"),
        expect_member(t[4], "borrower"),
        expect_number(t[5], "round"),
        start,
        end,
    )


def write_terms(t: Terms) -> list[Value]:
    return [
        t.house, t.loan, t.thing, t.holder, t.borrower, t.round, t.from_minute, t.to_minute,
    ]  # fmt: skip


def read_rating(f: tuple[Value, ...]) -> Body:
    confiance = expect_uint(f[3], "confiance", 1)
    return RatingBody(
        read_terms(f[0]),
        expect_signature(f[1], "borrower's signature"),
        expect_signature(f[2], "holder's signature"),
        confiance,
        expect_uint(f[4], "respect", 10),
        expect_bytes(f[5], "salt", length=16),
        _fault(f[6], confiance),
    )


def _fault(value: Value, confiance: int) -> Fault:
    fault = Fault(expect_uint(value, "fault", max(Fault)))
    if (fault is Fault.NONE) != (confiance == 1):
        raise Malformed("a fault is named exactly where it did not go as agreed", "5.9")
    return fault


def write_rating(b: RatingBody) -> list[Value]:
    signatures: list[Value] = [b.borrower_signature, b.holder_signature]
    return [write_terms(b.terms), *signatures, b.confiance, b.respect, b.salt, int(b.fault)]


def read_repair(f: tuple[Value, ...]) -> Body:
    return RepairBody(
        read_terms(f[0]),
        expect_signature(f[1], "borrower's signature"),
        expect_signature(f[2], "holder's signature"),
    )


def read_mediation(f: tuple[Value, ...]) -> Body:
    return MediationBody(
        expect_member(f[0], "mediator"),
        read_terms(f[1]),
        expect_signature(f[2], "borrower's signature"),
        expect_signature(f[3], "holder's signature"),
        expect_sealed(f[4]),
    )


def write_mediation(b: MediationBody) -> list[Value]:
    signatures: list[Value] = [b.borrower_signature, b.holder_signature]
    return [b.mediator, write_terms(b.terms), *signatures, b.sealed]


def read_settlement(f: tuple[Value, ...]) -> Body:
    return SettlementBody(
        expect_object(f[0], "loan"), expect_member(f[1], "rater"), expect_bool(f[2], "settled")
    )


def write_settlement(b: SettlementBody) -> list[Value]:
    return [b.loan, b.rater, b.settled]


def write_contract(b: RepairBody | RetractionBody) -> list[Value]:
    return [write_terms(b.terms), b.borrower_signature, b.holder_signature]


def read_retraction(f: tuple[Value, ...]) -> Body:
    return RetractionBody(
        read_terms(f[0]),
        expect_signature(f[1], "borrower's signature"),
        expect_signature(f[2], "holder's signature"),
    )


def read_reply(f: tuple[Value, ...]) -> Body:
    text = expect_text(f[3], "reply", limits.REPLY_SIZE_MAX_BYTES)
    if not text:
        raise Malformed("a reply without a word", "5.9")
    return ReplyBody(
        read_terms(f[0]),
        expect_signature(f[1], "borrower's signature"),
        expect_signature(f[2], "holder's signature"),
        text,
    )


def write_reply(b: ReplyBody) -> list[Value]:
    return [write_terms(b.terms), b.borrower_signature, b.holder_signature, b.text]


def read_entry(f: tuple[Value, ...]) -> Body:
    return EntryBody(
        expect_object(f[0], "loan"),
        expect_member(f[1], "holder"),
        expect_member(f[2], "borrower"),
        expect_number(f[3], "due day"),
        expect_bytes(f[4], "particulars", length=32),
        expect_signature(f[5], "borrower's signature"),
        expect_signature(f[6], "holder's signature"),
        expect_number(f[7], "number"),
        expect_commitment(f[8], "previous"),
        expect_number(f[9], "first"),
    )


def write_entry(b: EntryBody) -> list[Value]:
    parties: list[Value] = [b.loan, b.holder, b.borrower, b.due_day, b.particulars]
    return [
        *parties, b.borrower_signature, b.holder_signature, b.number, b.previous, b.first,
    ]  # fmt: skip
