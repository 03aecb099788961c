"""Respect: how pleasant it was, from 0 to 10. It orders requests and never gates.

A Bayesian mean, seen from one place, of what each rater gave, less the rater's habit:

    habit(r)  = (p u + marks of r to others, summed) / (p + how many those are)
    given(r)  = mean mark of r to the member - habit(r) + u, from 0 to 10
    Respect   = (p u + sum of w(r) given(r)) / (p + sum of w(r))

with ``u`` the mark that is usual (``respect_usual``), ``p`` for how many raters it stands
(``respect_prior``) and ``w`` the weight of the rater's place (2 a friend, 1 circle 2, 1/2
beyond). Whoever gives everybody a 10 says no more by it than who gives everybody a 7.

It comes in *batches*: after every ``respect_raters_min`` further raters, in the order in which
their first loans ended. Nothing said after the last whole batch counts, not even for habits:
so each move is made by several people at once, and nobody can tell what one of them gave.

In whole hundredths, rounded down, and at the end to a half. Pure.

Source: design 8.7; the Bayesian mean as in the literature on ratings (a prior of some marks);
removing the rater's own mean as in Resnick et al., GroupLens (1994).

Spec: §12.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.trust.evidence import Evidence, Rating
from node.trust.viewpoint import Viewpoint
from protocol.charter import Charter
from protocol.keys import MemberId

_MARK_MAX = 1000
_HALF = 50


@dataclass(frozen=True, slots=True)
class Respect:
    """What a member was given.

    Args:
        value: 0..10 in halves.
        raters: people whose marks are in it.
    """

    value: float
    raters: int


def respect_of(
    evidence: Evidence, member: MemberId, charter: Charter, viewpoint: Viewpoint
) -> Respect | None:
    """Respect of a member from one place; None before the first whole batch. Spec: §12.3."""
    counted = whole_batches(evidence.about(member), charter.respect_raters_min)
    if not counted:
        return None
    marks: dict[MemberId, list[int]] = {}
    for rating in counted:
        marks.setdefault(rating.rater, []).append(rating.respect)
    usual = 100 * charter.respect_usual
    # In halves: the smallest weight is one of them.
    weights = 2 * charter.respect_prior
    total = weights * usual
    for rater, given in marks.items():
        weight = int(2 * viewpoint.place_of(rater).value)
        others = [
            rating.respect
            for rating in evidence.by(rater)
            if rating.subject != member and rating <= counted[-1]
        ]
        habit = _habit(others, charter)
        mark = 100 * sum(given) // len(given) - habit + usual
        weights += weight
        total += weight * min(max(mark, 0), _MARK_MAX)
    return Respect((total // weights + _HALF // 2) // _HALF / 2, len(marks))


def whole_batches(ratings: Sequence[Rating], raters_min: int) -> Sequence[Rating]:
    """Ratings up to the one that completed the last whole batch of raters.

    Args:
        ratings: in their order (``Rating``).
    """
    raters: dict[MemberId, None] = {}
    end = 0
    for place, rating in enumerate(ratings, 1):
        if rating.rater not in raters:
            raters[rating.rater] = None
            if len(raters) % raters_min == 0:
                end = place
    return ratings[:end]


def _habit(marks: Sequence[int], charter: Charter) -> int:
    """What a rater usually gives, in hundredths, by the marks to others."""
    count = charter.respect_prior + len(marks)
    usual = 100 * charter.respect_usual
    return (charter.respect_prior * usual + 100 * sum(marks)) // count if count else usual
