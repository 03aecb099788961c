"""Confiance: with how many different people did it go well?

The first cut of the capital E that opens circles (the full model adds decay and
the viewer's place): every distinct counterparty speaks once, by its latest rating.
A latest 1 counts one; a latest 0 takes away what the charter says; the sum is never
below 0. A hundred good loans with one friend count one, and a counterparty who was
disappointed once and content since counts as content. What its victim says was made
good costs nothing: who repairs is not to lose more than who never had bad luck.

Spec: §12.2.
"""

from __future__ import annotations

from node.trust.evidence import Evidence
from protocol.charter import Charter
from protocol.keys import MemberId


def confiance_of(evidence: Evidence, member: MemberId, charter: Charter) -> int:
    """Good counterparties less the cost of the disappointed ones, at least 0."""
    latest = evidence.latest_about(member).values()
    good = sum(1 for rating in latest if rating.confiance == 1)
    failed = sum(1 for rating in latest if rating.confiance == 0 and not rating.is_repaired)
    return max(0, good - failed * charter.failed_exchange_cost)
