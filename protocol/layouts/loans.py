"""Layouts of the steps of a loan.

Spec: §5.8.
"""

from __future__ import annotations

from protocol.bodies import (
    AgreementBody,
    Body,
    CancelBody,
    CommitmentBody,
    CounterBody,
    DeclineBody,
    Event,
    HandoverBody,
    PassBody,
    ReportBody,
    RequestBody,
    ReturnBody,
)
from protocol.encoding import (
    Value,
    expect_bool,
    expect_bytes,
    expect_uint,
)
from protocol.errors import Malformed
from protocol.layouts.fields import (
    expect_interval,
    expect_number,
    expect_object,
    expect_path,
    expect_sealed,
    expect_signature,
)


def read_request(f: tuple[Value, ...]) -> Body:
    start, end = expect_interval(f[4], f[5])
    return RequestBody(
        expect_object(f[0], "loan"),
        expect_path(f[1]),
        expect_number(f[2], "round"),
        expect_object(f[3], "thing"),
        start,
        end,
        expect_signature(f[6], "borrower's signature"),
        expect_bytes(f[7], "borrower's link key", length=32),
        expect_sealed(f[8]),
    )


def write_request(b: RequestBody) -> list[Value]:
    return [
        b.loan, list(b.path), b.round, b.thing, b.from_minute, b.to_minute,
        b.borrower_signature, b.borrower_link_key, b.sealed,
    ]  # fmt: skip


def read_pass(f: tuple[Value, ...]) -> Body:
    recommends = expect_bool(f[3], "recommends")
    return PassBody(
        expect_object(f[0], "loan"), expect_path(f[1]), expect_number(f[2], "round"), recommends
    )


def write_pass(b: PassBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.recommends]


def read_counter(f: tuple[Value, ...]) -> Body:
    start, end = expect_interval(f[3], f[4])
    loan, path, number = (
        expect_object(f[0], "loan"),
        expect_path(f[1]),
        expect_number(f[2], "round"),
    )
    return CounterBody(loan, path, number, start, end, expect_sealed(f[5]))


def write_counter(b: CounterBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.from_minute, b.to_minute, b.sealed]


def read_agreement(f: tuple[Value, ...]) -> Body:
    signature = expect_signature(f[3], "holder's signature")
    loan, path, number = (
        expect_object(f[0], "loan"),
        expect_path(f[1]),
        expect_number(f[2], "round"),
    )
    return AgreementBody(loan, path, number, signature, expect_sealed(f[4]))


def write_agreement(b: AgreementBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.holder_signature, b.sealed]


def read_decline(f: tuple[Value, ...]) -> Body:
    return DeclineBody(
        expect_object(f[0], "loan"),
        expect_path(f[1]),
        expect_number(f[2], "round"),
        expect_sealed(f[3]),
    )


def write_decline(b: DeclineBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.sealed]


def read_cancel(f: tuple[Value, ...]) -> Body:
    return CancelBody(expect_object(f[0], "loan"), expect_path(f[1]), expect_sealed(f[2]))


def write_cancel(b: CancelBody) -> list[Value]:
    return [b.loan, list(b.path), b.sealed]


def read_handover(f: tuple[Value, ...]) -> Body:
    return HandoverBody(expect_object(f[0], "loan"), expect_path(f[1]))


def read_return(f: tuple[Value, ...]) -> Body:
    return ReturnBody(expect_object(f[0], "loan"), expect_path(f[1]))


def write_place(b: HandoverBody | ReturnBody) -> list[Value]:
    return [b.loan, list(b.path)]


def read_commitment(f: tuple[Value, ...]) -> Body:
    commitment = expect_bytes(f[2], "commitment", length=32)
    return CommitmentBody(expect_object(f[0], "loan"), expect_path(f[1]), commitment)


def write_commitment(b: CommitmentBody) -> list[Value]:
    return [b.loan, list(b.path), b.commitment]


def read_report(f: tuple[Value, ...]) -> Body:
    number = expect_uint(f[2], "event", Event.DAMAGED.value)
    if number < Event.GIFT.value:
        raise Malformed("an event is 1, 2 or 3", section="5.8")
    return ReportBody(
        expect_object(f[0], "loan"), expect_path(f[1]), Event(number), expect_sealed(f[3])
    )


def write_report(b: ReportBody) -> list[Value]:
    return [b.loan, list(b.path), b.event.value, b.sealed]
