"""The judgement: everything that one node's evidence says about one member.

The place where the parts of trust meet, from one viewpoint.

Spec: §12.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.trust.circles import circles_open, missing_for_next
from node.trust.confiance import Capital, capital_of
from node.trust.evidence import Evidence, Rating
from node.trust.ledger import Account
from node.trust.respect import respect_of
from node.trust.viewpoint import Viewpoint
from protocol.charter import Charter
from protocol.keys import MemberId

_EMPTY = Account()


@dataclass(frozen=True, slots=True)
class Judgement:
    """One member as seen from one place with one set of evidence.

    Args:
        confiance: distinct counterparties with a good exchange, less the failed.
        sides: through how many of the viewer's friends they are known.
        because: the near ones of them, the loan that ended last at the end.
        respect: 0..10 in halves, None before the first batch of raters is whole.
        respect_raters: people whose marks are in it.
        circles_open: how far the member may ask; 0 for who is not a member.
        exchanges: loans rated by a counterparty.
        missing: further good counterparties for the next circle, 0 when all are
            open, None when exchanges do not open it.
        account: what became of the loans the member borrowed.
    """

    confiance: int
    sides: int
    respect: float | None
    respect_raters: int
    circles_open: int
    exchanges: int
    missing: int | None
    account: Account = _EMPTY
    because: tuple[Rating, ...] = ()


def judge(
    evidence: Evidence,
    member: MemberId,
    charter: Charter,
    viewpoint: Viewpoint,
    *,
    is_member: bool,
    account: Account = _EMPTY,
) -> Judgement:
    """Judge a member: the same viewpoint, evidence and account give the same judgement."""
    # Who keeps two ledgers shows to each what they want to see: no word counts in its favour.
    capital = Capital() if account.is_forked else capital_of(evidence, member, charter, viewpoint)
    respect = respect_of(evidence, member, charter, viewpoint)
    opened = (charter, capital.confiance, len(capital.sides))
    return Judgement(
        confiance=capital.confiance,
        sides=len(capital.sides),
        respect=None if respect is None else respect.value,
        respect_raters=0 if respect is None else respect.raters,
        circles_open=circles_open(*opened, is_member=is_member),
        exchanges=len(evidence.about(member)),
        missing=missing_for_next(*opened, is_member=is_member),
        account=account,
        because=capital.good,
    )
