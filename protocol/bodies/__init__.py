"""Bodies of records: one frozen dataclass per kind, and the objects they are about.

How each is written as an array and read back is in ``protocol.layouts``.

Spec: §5.4 to §5.9.
"""

from __future__ import annotations

from protocol.bodies.evidence import (
    BetweenTwoBody,
    EntryBody,
    EvidenceBody,
    MediationBody,
    RatedBody,
    RatingBody,
    RepairBody,
    ReplyBody,
    RetractionBody,
    SettlementBody,
)
from protocol.bodies.house import (
    AmendmentBody,
    CharterBody,
    HalfBody,
    KeysBody,
    SeatBody,
    StatementBody,
    ValidationBody,
)
from protocol.bodies.kinds import (
    CIRCLE_KINDS,
    EVIDENCE_KINDS,
    LOAN_KINDS,
    Category,
    Event,
    Fault,
    Kind,
    ThingKind,
)
from protocol.bodies.loans import (
    AgreementBody,
    CancelBody,
    CommitmentBody,
    CounterBody,
    DeclineBody,
    HandoverBody,
    LoanBody,
    PassBody,
    ReportBody,
    RequestBody,
    ReturnBody,
    Terms,
    contract_digest,
)
from protocol.bodies.registers import (
    STATEMENT_OBJECT,
    half_object,
    keys_object,
    register_object,
    seat_object,
    step_object,
    validation_object,
    withdrawal_object,
)
from protocol.bodies.things import (
    ALWAYS,
    MINUTES_PER_WEEK,
    Availability,
    ListingBody,
    Photo,
    ThingFile,
    WithdrawalBody,
)

Body = (
    CharterBody | AmendmentBody | StatementBody | SeatBody | HalfBody | KeysBody | ValidationBody
    | ListingBody | WithdrawalBody | LoanBody | EvidenceBody | BetweenTwoBody
)  # fmt: skip

__all__ = [
    "ALWAYS",
    "CIRCLE_KINDS",
    "EVIDENCE_KINDS",
    "LOAN_KINDS",
    "MINUTES_PER_WEEK",
    "STATEMENT_OBJECT",
    "AgreementBody",
    "AmendmentBody",
    "Availability",
    "BetweenTwoBody",
    "Body",
    "CancelBody",
    "Category",
    "CharterBody",
    "CommitmentBody",
    "CounterBody",
    "DeclineBody",
    "EntryBody",
    "Event",
    "EvidenceBody",
    "Fault",
    "HalfBody",
    "HandoverBody",
    "KeysBody",
    "Kind",
    "ListingBody",
    "LoanBody",
    "MediationBody",
    "PassBody",
    "Photo",
    "RatedBody",
    "RatingBody",
    "RepairBody",
    "ReplyBody",
    "ReportBody",
    "RequestBody",
    "RetractionBody",
    "ReturnBody",
    "SeatBody",
    "SettlementBody",
    "StatementBody",
    "Terms",
    "ThingFile",
    "ThingKind",
    "ValidationBody",
    "WithdrawalBody",
    "contract_digest",
    "half_object",
    "keys_object",
    "register_object",
    "seat_object",
    "step_object",
    "validation_object",
    "withdrawal_object",
]
