"""Reliability: did it go as agreed? The share of exchanges that did, seen from one place.

    R = (5 e + P) / (5 + P + 3 N)

``P`` and ``N`` are what others said of the subject, good and bad, each weighted by the
rater's place (2 a friend of the viewer, 1 in circle 2, 1/2 beyond), by age (half-lives of
24 months for what was good, 180 days for what was not) and by the rater's own
credibility. Of one rater at most three good words count, 1, 1/2 and 1/4, and at most one
bad one in 90 days; from beyond circle 2 all good words together at most 3.

``e`` is what the viewer expects of somebody nobody speaks of: the share of the viewer's
own exchanges with others that went as agreed, with five exchanges of the usual kind
(.9) before the first. Whoever has been disappointed often expects less of the next one.

Only additions, products and quotients of floats: every node computes the same bits.
Pure: must not import anything that acts.

Source: design 8.2; the Beta reputation of Jøsang and Ismail (2002) with a prior of one's
own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

PRIOR_STRENGTH: Final = 5.0
EXPECTED: Final = 0.9
"""Of somebody unknown, by somebody without experience."""
EXPECTED_MIN: Final = 0.5
"""However bad one's own luck was, a stranger is not taken for a cheat."""
COST_OF_BAD: Final = 3.0
FAR_GOOD_MAX: Final = 3.0
GOOD_PER_RATER: Final = (1.0, 0.5, 0.25)
GOOD_HALF_LIFE_DAYS: Final = 730.0
BAD_HALF_LIFE_DAYS: Final = 180.0
BAD_APART_DAYS: Final = 90.0


class Place(Enum):
    """Where a rater stands, seen from the viewer; the value is the weight."""

    FRIEND = 2.0
    CIRCLE_2 = 1.0
    BEYOND = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """What one person said of the subject after one exchange.

    Args:
        age_days: how long ago, at least 0.
        credibility: how far this rater is believed, 0..1 (see ``credibility``).
        is_repaired: what went wrong was made good; it counts a third.
    """

    rater: Hashable
    is_good: bool
    place: Place
    age_days: float = 0.0
    credibility: float = 1.0
    is_repaired: bool = False


def reliability(words: Iterable[Word], expected: float = EXPECTED) -> float:
    """How likely it is, seen from one place, that it goes as agreed: 0..1.

    Args:
        words: of any raters but the viewer and the subject, in any order.
        expected: what the viewer expects of somebody unknown (``expectation``).
    """
    by_rater: dict[Hashable, list[Word]] = {}
    for word in words:
        by_rater.setdefault(word.rater, []).append(word)
    near_good = far_good = bad = 0.0
    for said in by_rater.values():
        newest_first = sorted(said, key=_order)
        near, far = _good(newest_first)
        near_good += near
        far_good += far
        bad += _bad(newest_first)
    good_weight = near_good + min(far_good, FAR_GOOD_MAX)
    prior = PRIOR_STRENGTH * expected
    return (prior + good_weight) / (PRIOR_STRENGTH + good_weight + COST_OF_BAD * bad)


def expectation(good: int, bad: int) -> float:
    """What to expect of somebody unknown, from one's own exchanges with others."""
    share = (PRIOR_STRENGTH * EXPECTED + good) / (PRIOR_STRENGTH + good + bad)
    return max(share, EXPECTED_MIN)


def credibility(good: int, bad: int) -> float:
    """How far a rater is believed: 1 by a perfect record, 0 by one no better than chance.

    Args:
        good, bad: what others said of the rater, one word each.
    """
    record = (PRIOR_STRENGTH * EXPECTED + good) / (PRIOR_STRENGTH + good + COST_OF_BAD * bad)
    return max(0.0, 2.0 * record - 1.0)


def halved(age_days: float, half_life_days: float) -> float:
    """1 now, 1/2 after a half-life, 1/4 after two; on straight lines in between.

    A power would be smoother, and its last bits another on another machine.
    """
    lives, weight = max(0.0, age_days) / half_life_days, 1.0
    while lives >= 1.0:
        lives, weight = lives - 1.0, weight / 2.0
        if weight < 1e-6:
            return 0.0
    return weight * (1.0 - lives / 2.0)


def _order(word: Word) -> tuple[float, bool, float, float, bool]:
    """The newest first, of equally new ones the heaviest: no order of arrival enters."""
    return (
        word.age_days,
        word.is_good,
        -word.place.value * word.credibility,
        word.place.value,
        word.is_repaired,
    )


def _good(newest_first: Sequence[Word]) -> tuple[float, float]:
    """What one rater's good words weigh, from near and from beyond circle 2."""
    near = far = 0.0
    good = [word for word in newest_first if word.is_good]
    for share, word in zip(GOOD_PER_RATER, good, strict=False):
        weight = share * _weight(word, GOOD_HALF_LIFE_DAYS)
        if word.place is Place.BEYOND:
            far += weight
        else:
            near += weight
    return near, far


def _bad(newest_first: Sequence[Word]) -> float:
    total, counted_days = 0.0, -BAD_APART_DAYS
    for word in newest_first:
        if not word.is_good and word.age_days - counted_days >= BAD_APART_DAYS:
            weight = _weight(word, BAD_HALF_LIFE_DAYS)
            total += weight / 3.0 if word.is_repaired else weight
            counted_days = word.age_days
    return total


def _weight(word: Word, half_life_days: float) -> float:
    return word.place.value * word.credibility * halved(word.age_days, half_life_days)
