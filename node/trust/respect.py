"""Respect: how pleasant it was, from 0 to 10. It orders requests and never gates.

The first cut: the mean of all ratings, rounded to a half (the full model removes
each rater's habit and weighs by place). Nothing is said without a rating.

Spec: §12.3.
"""

from __future__ import annotations

from node.trust.evidence import Evidence
from protocol.keys import MemberId


def respect_of(evidence: Evidence, member: MemberId) -> float | None:
    """Mean of the 0..10 ratings in steps of a half, halfway upwards; None without any."""
    ratings = evidence.about(member)
    if not ratings:
        return None
    total = sum(rating.respect for rating in ratings)
    # round(2 * mean) in integers: floating point must not decide between nodes.
    return (4 * total + len(ratings)) // (2 * len(ratings)) / 2
