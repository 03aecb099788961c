"""Standing: the reliability of a member by the ratings that one node holds.

Joins what the evidence says to the viewer's place: whose words they are, how near those
people are, how old the words are, and what others say of who said them.

Pure: must not import anything that acts.

Spec: §12.6.
"""

from __future__ import annotations

from collections.abc import Callable

from node.trust.evidence import Evidence
from node.trust.reliability import Place, Word, credibility, reliability
from protocol.charter import Charter
from protocol.keys import MemberId

_MINUTE_MS = 60_000
_MINUTES_PER_DAY = 24 * 60


def reliability_of(
    evidence: Evidence,
    member: MemberId,
    viewer: MemberId,
    hops_to: Callable[[MemberId], int | None],
    now_ms: int,
) -> float:
    """How likely it is that it goes as agreed with ``member``, seen by ``viewer``: 0..1.

    One's own bad luck with others is left out: it shuts out nobody who had no part in it.

    Args:
        hops_to: friendships between the viewer and a rater; None where no way is known.
    """
    now_minute = now_ms // _MINUTE_MS
    words = [
        Word(
            rater=rating.rater,
            is_good=rating.confiance == 1,
            place=_place(hops_to(rating.rater)),
            age_days=max(0, now_minute - rating.to_minute) / _MINUTES_PER_DAY,
            credibility=_believed(evidence, rating.rater, member),
            is_repaired=rating.is_repaired,
        )
        for rating in evidence.about(member)
        if rating.rater not in (viewer, member)
    ]
    return reliability(words)


def is_reliable(charter: Charter, likelihood: float) -> bool:
    """Whether somebody may borrow beyond circle 1, as far as reliability goes."""
    return likelihood * 100 >= charter.reliability_min_percent


def _place(hops: int | None) -> Place:
    if hops == 1:
        return Place.FRIEND
    return Place.CIRCLE_2 if hops == 2 else Place.BEYOND


def _believed(evidence: Evidence, rater: MemberId, of: MemberId) -> float:
    """What others say of the rater; the one who is spoken of has no say in it."""
    said = [one for other, one in evidence.latest_about(rater).items() if other != of]
    good = sum(one.confiance == 1 or one.is_repaired for one in said)
    return credibility(good, len(said) - good)
