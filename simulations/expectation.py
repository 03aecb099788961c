"""What somebody expects of lending, by what they lived and heard.

    trust = (4.5 + g + s G) / (5 + g + s G + 3 (b + s B))

with g and b the good and bad exchanges of their own in half a year, G and B the ratings of
others that their node got in eight weeks, and s the weight of hearsay. Each has a threshold:
below it they lend to friends only, and far below it to nobody, until it is better again
(thresholds as in Granovetter 1978).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from node.engine.core import Core
from protocol.bodies import Kind, RatingBody, register_object
from simulations.behaviours import Person
from simulations.street import DAY_MS

WEEK_MS: Final = 7 * DAY_MS
HEARSAY: Final = 0.25
OWN_WEEKS: Final = 26
HEARD_WEEKS: Final = 8
THRESHOLDS: Final = (0.5, 0.85)


def expected(person: Person, core: Core, week: int) -> float:
    """The trust of somebody in a week, 0 to 1.

    Args:
        core: their node's memory, at the time that it is.
    """
    own_good = sum(1 for lived in person.good if lived > week - OWN_WEEKS)
    own_bad = sum(1 for lived in person.bad.values() if lived > week - OWN_WEEKS)
    good, bad = own_good + 0.0, own_bad + 0.0
    for is_good in _heard(core):
        good += HEARSAY * is_good
        bad += HEARSAY * (not is_good)
    return (4.5 + good) / (5 + good + 3 * bad)


def _heard(core: Core) -> Iterator[bool]:
    """The ratings of others that a node got lately; what was made good counts as good."""
    since_ms = core.now_ms - HEARD_WEEKS * WEEK_MS
    for record in core.of_kind(Kind.RATING):
        body = record.body
        if record.created_ms < since_ms or not isinstance(body, RatingBody):
            continue
        if core.me in (record.author, body.subject(record.author)):
            continue
        repair = core.current(record.author, register_object(Kind.REPAIR, body.terms.loan))
        yield body.confiance == 1 or repair is not None
