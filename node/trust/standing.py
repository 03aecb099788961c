"""Standing: the reliability of a member by the ratings that one node holds.

Joins what the evidence says to the viewer's place: whose words they are, how near those
people are, how old the words are, and what others say of who said them.

Pure: must not import anything that acts.

Spec: §12.6.
"""

from __future__ import annotations

from node.trust.evidence import Evidence
from node.trust.reliability import Word, credibility, reliability
from node.trust.viewpoint import Viewpoint
from protocol.charter import Charter
from protocol.keys import MemberId

_MINUTES_PER_DAY = 24 * 60


def reliability_of(evidence: Evidence, member: MemberId, viewpoint: Viewpoint) -> float:
    """How likely it is that it goes as agreed with ``member``, seen from one place: 0..1.

    One's own bad luck with others is left out: it shuts out nobody who had no part in it.
    """
    words = [
        Word(
            rater=rating.rater,
            is_good=rating.confiance == 1,
            place=viewpoint.place_of(rating.rater),
            age_days=max(0, viewpoint.now_minute - rating.to_minute) / _MINUTES_PER_DAY,
            credibility=_believed(evidence, rating.rater, member),
            is_repaired=rating.is_repaired,
        )
        for rating in evidence.about(member)
        if rating.rater not in (viewpoint.viewer, member)
    ]
    return reliability(words)


def is_reliable(charter: Charter, likelihood: float) -> bool:
    """Whether somebody may borrow beyond circle 1, as far as reliability goes."""
    return likelihood * 100 >= charter.reliability_min_percent


def _believed(evidence: Evidence, rater: MemberId, of: MemberId) -> float:
    """What others say of the rater; the one who is spoken of has no say in it."""
    said = [one for other, one in evidence.latest_about(rater).items() if other != of]
    good = sum(one.confiance == 1 or one.is_repaired for one in said)
    return credibility(good, len(said) - good)
