"""Capacity: how many open loans of a friend one answers for, and which ones take a unit.

No score can tell a crowd of invented people from a crowd of real ones; but all that the
crowd borrows comes over the few friendships that join it to the others. So each end of a
friendship gives the other a capacity, and every open loan that passes takes one unit of it:

    capacity = min(capacity_max, capacity_new + [one good exchange] + [three of them])

counted by the giver alone, over its own exchanges with that friend. However many there are
behind a set of friendships, what they owe at once is at most the sum of those capacities.

Pure: must not import anything that acts.

Source: design 8.1, 8.4, 8.5; Cheng and Friedman (2005) on why a global score cannot do
it; Ghosh et al. (2007) and Dandekar et al. (2011) on networks of credit.

Spec: §12.7.
"""

from __future__ import annotations

from node.trust.evidence import Rating
from protocol.charter import Charter
from protocol.exchange import LoanState, State

_CAME_TO_NOTHING = (State.DECLINED, State.WITHDRAWN, State.CANCELLED, State.EXPIRED)
_GOOD_FOR_SECOND, _GOOD_FOR_THIRD = 1, 3


def capacity_of(charter: Charter, good_exchanges: int, chosen: int | None = None) -> int:
    """Units that one gives a friend.

    Args:
        good_exchanges: loans with that friend which the giver itself rated 1.
        chosen: what the giver has set by hand, if anything.
    """
    if chosen is not None:
        return chosen
    earned = (good_exchanges >= _GOOD_FOR_SECOND) + (good_exchanges >= _GOOD_FOR_THIRD)
    return min(charter.capacity_max, charter.capacity_new + earned)


def is_engaged(loan: LoanState, word: Rating | None, charter: Charter, now_ms: int) -> bool:
    """Whether a loan that somebody answered for still takes their unit.

    Args:
        word: what the holder has said of the borrower, once it is shown.
    """
    if loan.at(now_ms) in _CAME_TO_NOTHING:
        return False
    if loan.over_ms is None:
        return True
    if word is None:
        # The time to say that it went wrong is not over.
        return now_ms < loan.over_ms + charter.rating_window_ms
    if word.confiance == 1 or word.is_repaired:
        return False
    return now_ms < loan.over_ms + charter.burnt_ms
