"""What passes over a loan link: records of the loans that go on over it, and no others.

A friendship has ended while a loan was under way over it (``loan_links``). Its two ends give
each other the steps of that loan, what is said of it afterwards, and the keys of the people on its
path, which say whose signatures count. Nothing else is given, taken or answered.

Pure: must not import anything that acts.

Spec: §11.9.
"""

from __future__ import annotations

from typing import Final

from node.engine import loan_links, loan_path, mediations
from node.engine.core import Core
from protocol.bodies import (
    EVIDENCE_KINDS,
    BetweenTwoBody,
    EntryBody,
    Kind,
    LoanBody,
    MediationBody,
    RatedBody,
    SettlementBody,
)
from protocol.keys import MemberId, ObjectId
from protocol.messages import (
    Addresses,
    Announce,
    Compare,
    Compared,
    Have,
    Listed,
    Message,
    Missing,
    Recall,
    Recalled,
    Records,
    Revoked,
    Want,
)
from protocol.records import Record

MESSAGES: Final = (
    Have, Announce, Want, Records, Missing, Addresses, Revoked,
    Compare, Compared, Listed, Recall, Recalled,
)  # fmt: skip
"""What two former friends say to each other about their loans; of a secret only their own."""


def is_understood(message: Message) -> bool:
    """Whether a message has a place on a loan link."""
    return isinstance(message, MESSAGES)


def may_give(core: Core, record: Record, friend: MemberId) -> bool:
    """Whether a former friend may have this record from here."""
    if record.author == friend or not is_of_loans(core, record, friend):
        return False
    if isinstance(record.body, BetweenTwoBody):
        return mediations.may_give(core, record, friend)
    if record.kind in EVIDENCE_KINDS:
        return loan_path.follows_path(core, record, core.me, friend)
    return not isinstance(record.body, LoanBody) or loan_path.may_pass(core, record, friend)


def may_take(core: Core, record: Record, friend: MemberId) -> bool:
    """Whether a former friend may bring this record here."""
    if record.author == core.me or not is_of_loans(core, record, friend):
        return False
    if isinstance(record.body, BetweenTwoBody):
        return mediations.may_get(core, record, friend)
    return record.kind is Kind.KEYS or loan_path.follows_path(core, record, friend, core.me)


def is_of_loans(core: Core, record: Record, friend: MemberId) -> bool:
    """Whether a record is about a loan that goes on over this friendship that ended."""
    if record.kind is Kind.KEYS:
        return loan_links.knows(core, friend, record.author)
    loan = loan_of(record)
    return loan is not None and loan_links.carries(core, friend, loan)


def loan_of(record: Record) -> ObjectId | None:
    """The loan that a record is about; None for all others."""
    body = record.body
    if isinstance(body, LoanBody | EntryBody | SettlementBody):
        return body.loan
    return body.terms.loan if isinstance(body, RatedBody | MediationBody) else None
