"""The judgement: everything that one node's evidence says about one member.

The place where the parts of trust meet. A better model replaces the functions
called here; who calls `judge` and what comes back stays.

Spec: §12.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.trust.circles import circles_open, missing_for_next
from node.trust.confiance import confiance_of
from node.trust.evidence import Evidence
from node.trust.ledger import Account
from node.trust.respect import respect_of
from protocol.charter import Charter
from protocol.keys import MemberId

_EMPTY = Account()


@dataclass(frozen=True, slots=True)
class Judgement:
    """One member as seen with one set of evidence.

    Args:
        confiance: distinct counterparties with a good exchange, less the failed.
        respect: 0..10 in halves, None without a rating.
        circles_open: how far the member may ask; 0 for who is not a member.
        exchanges: loans rated by a counterparty.
        missing: further good counterparties for the next circle, 0 when all are
            open, None when exchanges do not open it.
        account: what became of the loans the member borrowed.
    """

    confiance: int
    respect: float | None
    circles_open: int
    exchanges: int
    missing: int | None
    account: Account = _EMPTY


def judge(
    evidence: Evidence,
    member: MemberId,
    charter: Charter,
    *,
    is_member: bool,
    account: Account = _EMPTY,
) -> Judgement:
    """Judge a member. The same evidence and account give the same judgement on every node."""
    # Who keeps two ledgers shows to each what they want to see: no word counts in its favour.
    confiance = 0 if account.is_forked else confiance_of(evidence, member, charter)
    return Judgement(
        confiance=confiance,
        respect=respect_of(evidence, member),
        circles_open=circles_open(charter, confiance, is_member=is_member),
        exchanges=len(evidence.about(member)),
        missing=missing_for_next(charter, confiance, is_member=is_member),
        account=account,
    )
