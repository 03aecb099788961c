"""Which circles are open to a member: how far it may ask.

A candidate has none until its seats are complete; a member always has circle 1.
Each further circle opens when Confiance reaches the charter's threshold, in order
and never beyond the charter's largest circle (rule R8). From circle 3 on, the good
exchanges must be known through more than one friend of whoever judges.

Source: design 8.3.

Spec: §12.4.
"""

from __future__ import annotations

from protocol.charter import Charter

_SIDES_FROM_CIRCLE = 3


def circles_open(charter: Charter, confiance: int, sides: int, *, is_member: bool) -> int:
    """The farthest circle that is open, 0 for who is not a member.

    Args:
        sides: friends of the judging member through whom the good exchanges are known.
    """
    if not is_member:
        return 0
    circle = 1
    while circle < charter.max_circles and missing_for(charter, confiance, sides, circle + 1) == 0:
        circle += 1
    return circle


def missing_for(charter: Charter, confiance: int, sides: int, circle: int) -> int | None:
    """Further good counterparties that open ``circle`` to a member, each on a new side.

    Returns:
        0 when it is open; None when no number of exchanges opens it.
    """
    if circle <= 1:
        return 0
    if circle > charter.max_circles:
        return None
    thresholds = [charter.circle_exchanges(c) for c in range(2, circle + 1)]
    if 0 in thresholds:
        # One that never opens by exchanges closes those behind it as well.
        return None
    sides_needed = charter.circle_3_sides if circle >= _SIDES_FROM_CIRCLE else 0
    return max(0, max(thresholds) - confiance, sides_needed - sides)


def missing_for_next(
    charter: Charter, confiance: int, sides: int, *, is_member: bool
) -> int | None:
    """Further good counterparties for the next circle; 0 when all are open.

    Returns None when the next circle does not open by exchanges (a candidate's
    circle 1, or a circle the charter keeps shut).
    """
    if not is_member:
        return None
    following = circles_open(charter, confiance, sides, is_member=True) + 1
    if following > charter.max_circles:
        return 0
    return missing_for(charter, confiance, sides, following)
