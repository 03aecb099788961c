"""A shock: one in twenty keeps what they borrowed, all in one week. What becomes of the others?

A town lives for some weeks; then some of those who share become defectors, each of whom asks
for several things at once and brings none of them back. Measured is how many exchanges there
are in each week before and after, who stops sharing with and without having been harmed, and
how long it takes. The same town is tried in *variants*: without making good, with ratings that
are seen at once, without limits to how far one person's failures reach, and without any of these.

Intervals are by resampling the seeds (bootstrap, Efron 1979).

Spec: §12.2, §12.7; design 8.8, 8.11.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Final

from protocol.charter import Charter
from simulations.behaviours import Behaviour, Defector, FreeRider, Loan, Person
from simulations.collector import quiet_collector
from simulations.customs import Customs
from simulations.graphs import Edge
from simulations.intervals import measure
from simulations.society import Society, become
from simulations.street import DAY_MS

WARM_UP_WEEKS: Final = 6
WARM_UP_FACTOR: Final = 8.0
"""People want so much more in these weeks, so that they know each other when it begins."""
BEFORE_WEEKS: Final = 6
AFTER_WEEKS: Final = 20
DEFECTING: Final = 0.05
WANTS_EACH: Final = 5
"""Things that each defector asks for in the week of the shock."""
LATELY_WEEKS: Final = 8
RECOVERED: Final = 0.9
_SMOOTHED_WEEKS: Final = 4
MEMBERS_MIN: Final = 4
FRIENDS: Final = 6
"""Of each, on average."""


class Lapsed(Defector):
    """Keeps what they borrowed; most make it good when they are asked to."""

    name = "lapsed"
    mends = 0.7

    def wants(self, me: Person) -> int:
        return Behaviour.wants(self, me)

    def hands_over(self, me: Person, loan: Loan) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the same town."""

    name: str
    customs: Customs
    has_limits: bool = True
    has_shock: bool = True

    def charter(self) -> Charter:
        """Two circles, friendships that need no renewal in so short a time."""
        without = {"capacity_max": 0, "circle_2_exchanges": 1, "open_loans_beyond_max": 0}
        limits = {} if self.has_limits else without
        blind = {} if self.customs.is_blind else {"rating_window_ms": 1000}
        return Charter(
            max_circles=2,
            newcomer_ms=0,  # nobody has just come to this town
            friendship_lease_ms=365 * DAY_MS,
            friendship_renewal_ms=180 * DAY_MS,
            **limits,
            **blind,
        )


VARIANTS: Final = (
    Variant("no shock", Customs(), has_shock=False),
    Variant("as built", Customs()),
    Variant("no repair", Customs(repairs=False)),
    Variant("open ratings", Customs(is_blind=False)),
    Variant("no limits", Customs(), has_limits=False),
    Variant("none of the three", Customs(repairs=False, is_blind=False), has_limits=False),
)


@dataclass(frozen=True, slots=True)
class Course:
    """What one town went through.

    Args:
        weeks: loans handed over in each week from ``BEFORE_WEEKS`` before the shock on, without
            those to members who defect.
        lost: things that defectors kept.
        harmed: members who lost something to one.
        harmed_left: of them, those who share less far at the end than before.
        unharmed: members who shared two circles far, were not harmed and did not defect.
        unharmed_reduced: of them, those who shared less at some time in ``LATELY_WEEKS``.
    """

    variant: str
    seed: int
    weeks: tuple[int, ...]
    lost: int
    harmed: int
    harmed_left: int
    unharmed: int
    unharmed_reduced: int


def small_world(members: int, seed: int) -> list[Edge]:
    """Neighbours know each other, and some know somebody far away (Watts and Strogatz 1998)."""
    chance = random.Random(f"small world {seed}")
    edges: dict[Edge, None] = {}
    for one in range(members):
        for step in range(1, FRIENDS // 2 + 1):
            other = (one + step) % members
            if chance.random() < 0.1:
                other = chance.randrange(members)
            if other != one:
                edges[min(one, other), max(one, other)] = None
    return list(edges)


def run_course(variant: Variant, members: int, seed: int) -> Course:
    """Live through it. Equal arguments give equal courses."""
    with quiet_collector():
        return _run(variant, members, seed)


def _run(variant: Variant, members: int, seed: int) -> Course:
    town = Society(members, small_world(members, seed), variant.charter(), variant.customs, seed)
    for _ in range(WARM_UP_WEEKS):
        town.live_a_week(WARM_UP_FACTOR)
    sharing = [person for person in town.people if person.things]
    defectors = town.chance.sample(sharing, round(DEFECTING * members))
    chosen = {person.number: None for person in defectors}
    weeks = [_live(town, chosen) for _ in range(BEFORE_WEEKS)]
    before = [person.level for person in town.people]
    if variant.has_shock:
        for person in defectors:
            become(person, Lapsed())
            for _ in range(WANTS_EACH):
                town.want(person)
    defecting = chosen if variant.has_shock else {}
    harmed: dict[int, None] = {}
    lost = 0
    reduced: dict[int, None] = {}
    for week in range(AFTER_WEEKS):
        known = {loan for person in town.people for loan in person.bad}
        kept = {out.loan.id: out for out in town.out if out.borrower in defecting}
        weeks.append(_live(town, chosen))
        if week >= LATELY_WEEKS:
            continue
        for person in town.people:
            for loan in person.bad:
                if loan not in known and loan in kept:
                    harmed[person.number] = None
                    lost += 1
            if person.level < before[person.number]:
                reduced[person.number] = None
    unharmed = [
        person.number
        for person in town.people
        if not isinstance(person.behaviour, FreeRider)
        and before[person.number] == 2
        and person.number not in harmed
        and person.number not in defecting
    ]
    return Course(
        variant=variant.name,
        seed=seed,
        weeks=tuple(weeks),
        lost=lost,
        harmed=len(harmed),
        harmed_left=sum(town.people[n].level < before[n] for n in harmed),
        unharmed=len(unharmed),
        unharmed_reduced=sum(number in reduced for number in unharmed),
    )


def _live(town: Society, without: Container[int]) -> int:
    """A week; how many loans were handed over to others than these."""
    town.live_a_week()
    return sum(out.borrower not in without for out in town.out)


# --- the table -------------------------------------------------------------------------


def table(courses: Sequence[Course]) -> list[dict[str, object]]:
    """One row a variant."""
    rows: list[dict[str, object]] = []
    for variant in VARIANTS:
        own = [course for course in courses if course.variant == variant.name]
        if own:
            row: dict[str, object] = {"variant": variant.name, "seeds": len(own)}
            rows.append(row | {name: measure(own, ask) for name, ask in _MEASURES.items()})
    return rows


def relative_weeks(courses: Sequence[Course]) -> list[float]:
    """Exchanges in each week of all courses together, to the mean before the shock; smoothed."""
    sums = [sum(weeks) for weeks in zip(*(course.weeks for course in courses), strict=True)]
    former = sum(sums[:BEFORE_WEEKS]) / BEFORE_WEEKS
    smoothed = []
    for week in range(len(sums)):
        # Not over the shock: the fall is to be seen where it is.
        first = max(week - _SMOOTHED_WEEKS + 1, BEFORE_WEEKS if week >= BEFORE_WEEKS else 0)
        last = sums[first : week + 1]
        smoothed.append(sum(last) / len(last) / former if former else 0.0)
    return smoothed


def _share(part: str, whole: str) -> Callable[[Sequence[Course]], float | None]:
    def ask(courses: Sequence[Course]) -> float | None:
        total = sum(getattr(course, whole) for course in courses)
        return sum(getattr(course, part) for course in courses) / total if total else None

    return ask


def _lost(courses: Sequence[Course]) -> float | None:
    return sum(course.lost for course in courses) / len(courses)


def _after(courses: Sequence[Course]) -> list[float]:
    """The mean of each four weeks in a row from the shock on, to the level before it."""
    sums = [sum(weeks) for weeks in zip(*(course.weeks for course in courses), strict=True)]
    former = sum(sums[:BEFORE_WEEKS]) / BEFORE_WEEKS
    after = sums[BEFORE_WEEKS:]
    count = len(after) - _SMOOTHED_WEEKS + 1
    means = [sum(after[week : week + _SMOOTHED_WEEKS]) / _SMOOTHED_WEEKS for week in range(count)]
    return [mean / former if former else 0.0 for mean in means]


def _lowest(courses: Sequence[Course]) -> float | None:
    return min(_after(courses))


def _at_first(courses: Sequence[Course]) -> float | None:
    return _after(courses)[0]


def _at_the_end(courses: Sequence[Course]) -> float | None:
    return _after(courses)[-1]


def _days_to_recover(courses: Sequence[Course]) -> float | None:
    """Days until four weeks begin that are at 90 % of the former level; None: not in the time."""
    weeks = _after(courses)
    return next((7.0 * week for week, level in enumerate(weeks) if level >= RECOVERED), None)


_MEASURES: Final[dict[str, Callable[[Sequence[Course]], float | None]]] = {
    "things_lost": _lost,
    "first_four_weeks": _at_first,
    "lowest_level": _lowest,
    "level_at_end": _at_the_end,
    "days_to_90_percent": _days_to_recover,
    "contagion": _share("unharmed_reduced", "unharmed"),
    "victims_who_share_less": _share("harmed_left", "harmed"),
}
