"""Confiance: with how many different people did it go well, lately, as seen from one place?

The capital that opens circles. Every distinct counterparty speaks once, by its latest rating:

    E = near + min(far, far_exchanges_max) - failed_exchange_cost * failed
    Confiance = E to the nearest whole number, halves upwards, and at least 0

``near`` and ``far`` are the numbers of counterparties whose latest word is good, within and
beyond the viewer's circle 2, each weighed by the age of that word (halved after
``confiance_half_life_ms``); ``failed`` is that of those whose latest word is bad and was not
made good since (halved after ``failed_half_life_ms``, which is shorter: forgiving is).

A hundred good loans with one friend count one. However many people beyond circle 2 praise
somebody, they count one in all: whoever invents people can invent as many as they like, but
not friendships of the viewer's friends. The *sides* are the friends of the viewer through
whom the near ones are known, and that member is none: circle 3 takes more than one, so no
single friend who is deceived can open it.

In whole thousandths, rounded down: every program computes the same. Pure.

Source: design 8.3; forgetting with a half-life as in Jøsang and Ismail (2002); that words of
strangers must not add up, from Cheng and Friedman (2005).

Spec: §12.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.trust.evidence import Evidence, Rating
from node.trust.viewpoint import Viewpoint
from protocol.charter import Charter
from protocol.keys import MemberId

WHOLE = 1000
_MINUTE_MS = 60_000
# After so many half-lives nothing is left of a thousand.
_LIVES_MAX = 10


@dataclass(frozen=True, slots=True)
class Capital:
    """What opens circles to a member, seen from one place.

    Args:
        confiance: E to the nearest whole number.
        sides: friends of the viewer through whom it is known, each once; sorted.
        good: the near counterparties with whom it went well, by the end of their loan.
    """

    confiance: int = 0
    sides: tuple[MemberId, ...] = ()
    good: tuple[Rating, ...] = ()


def capital_of(
    evidence: Evidence, member: MemberId, charter: Charter, viewpoint: Viewpoint
) -> Capital:
    """What a member's exchanges count for, from one place at one moment. Spec: §12.2."""
    near = far = failed = 0
    good: list[Rating] = []
    sides: dict[MemberId, None] = {}
    for rating in evidence.latest_about(member).values():
        age_minutes = viewpoint.now_minute - rating.to_minute
        if rating.confiance == 0:
            if not rating.is_repaired:
                failed += thousandths(age_minutes, charter.failed_half_life_ms)
            continue
        weight = thousandths(age_minutes, charter.confiance_half_life_ms)
        on_sides = tuple(viewpoint.sides_of(rating.rater))
        if not on_sides:
            far += weight
        elif weight:
            near += weight
            good.append(rating)
            sides |= dict.fromkeys(side for side in on_sides if side != member)
    total = near + min(far, WHOLE * charter.far_exchanges_max)
    total -= charter.failed_exchange_cost * failed
    return Capital(
        max(0, (2 * total + WHOLE) // (2 * WHOLE)), tuple(sorted(sides)), tuple(sorted(good))
    )


def thousandths(age_minutes: int, half_life_ms: int) -> int:
    """1000 now, 500 after a half-life, 250 after two; on straight lines in between.

    The curve of ``reliability.halved`` in whole numbers, rounded down.
    """
    life = half_life_ms // _MINUTE_MS
    lives, rest = divmod(max(0, age_minutes), life)
    if lives >= _LIVES_MAX:
        return 0
    return WHOLE * (2 * life - rest) // (2 * life << lives)
