"""People of a town, one Python object each: what somebody knows, judges, asks and answers.

The rules of ``simulations.population`` as one writes them for agents: sets of friends, dicts of
what was said and promised, methods that read like the rules. Nothing here needs Mesa
(``_mesa_town`` makes agents of these people), so that a test can hold their weeks equal to the
model's everywhere.

Everybody is known as an object, and sets of objects have no lasting order: what is drawn by
chance from one differs from run to run, unless chance goes by hashes (``_town_chance``).

Spec: §7.4, §11.3, §12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from node.trust.confiance import WHOLE, thousandths
from node.trust.reliability import halved
from simulations.population.answering import Fate
from simulations.population.draws import Purpose
from simulations.population.words import BAD, GOOD, REPAIRED
from simulations.scenario_population import Temper

if TYPE_CHECKING:
    from benchmarks._town_weeks import Weekly

_WEEK_MINUTES: Final = 7 * 24 * 60
_DAY_MINUTES: Final = 24 * 60.0
_MINUTE_MS: Final = 60_000
# The numbers of 12.6, which no house may vote on.
_PRIOR, _EXPECTED, _COST_OF_BAD = 5.0, 0.9, 3.0
_GOOD_LIFE_DAYS, _BAD_LIFE_DAYS, _BAD_APART_DAYS, _FAR_GOOD_MAX = 730.0, 180.0, 90.0, 3.0
_rank = attrgetter("rank")


@dataclass(slots=True)
class Word:
    """What one person said of another after a loan.

    Args:
        ends: when the loan ended; see ``simulations.population.words.ends_at``.
        value: ``BAD``, ``GOOD`` or ``REPAIRED``.
    """

    ends: int
    value: int


@dataclass(slots=True, eq=False)
class Request:
    """Somebody asks somebody over others; once agreed to it is a loan.

    Args:
        path: from the borrower's friend to the holder.
        engaged: how many on the path answer for the one before them with a unit.
    """

    borrower: Person
    path: list[Person]
    ends: int
    fate: Fate = Fate.WITH_SOMEBODY
    engaged: int = 0

    @property
    def holder(self) -> Person:
        return self.path[-1]

    @property
    def hops(self) -> int:
        return len(self.path)

    def release(self) -> None:
        """Units that are engaged for it are free again. Spec: §12.7."""
        friend = self.borrower
        for giver in self.path[: self.engaged]:
            giver.engaged[friend] -= 1
            friend = giver
        self.borrower.model.engaged -= self.engaged
        self.engaged = 0


class Nature(NamedTuple):
    """What somebody is like from the first day on.

    Args:
        rank: the place of their id in the order of ids.
        wants: chance to want something in a week.
    """

    number: int
    rank: int
    temper: Temper
    wants: float
    things: int


class Person:
    """Somebody with friends, things and needs, and what others say of them."""

    model: Weekly

    def __init__(self, model: Weekly, nature: Nature) -> None:
        self.model = model
        self.number, self.rank, self.temper, self.wants, things = nature
        self.friends: set[Person] = set()
        self.owned = self.free = things
        self.lent_week = -1
        self.circles = 1
        self.words: dict[Person, list[Word]] = {}
        self.is_spotless = True
        self.borrowed_well = 0
        self.engaged: dict[Person, int] = {}
        self.good: dict[Person, int] = {}

    # --- what others say ---------------------------------------------------------------

    def hear(self, rater: Person, ends: int, value: int, *, borrowed: bool) -> None:
        """Somebody says how a loan went; words of one person come in the order of their ends."""
        said = self.words.get(rater)
        if said is None:
            self.words[rater] = [Word(ends, value)]
        else:
            said.append(Word(ends, value))
        if value == BAD:
            self.is_spotless = False
        elif borrowed:
            self.borrowed_well += 1

    def forgiven_by(self, holder: Person, ends: int) -> None:
        """What was lost has been made good."""
        for word in self.words[holder]:
            if word.ends == ends:
                word.value = REPAIRED
                self.borrowed_well += 1

    # --- judging others, and oneself ------------------------------------------------------

    def circles_of(self, other: Person) -> int:
        """How far somebody may ask, as seen from here. Spec: §12.2, §12.4."""
        rules, week = self.model.rules, self.model.week
        if len(other.words) < rules.exchanges_2 or rules.exchanges_2 == 0:
            return 1  # nobody counts more than one
        friends = self.friends
        sides: set[Person] = set()
        near, far, failed = 0, 0, 0
        for rater, said in other.words.items():
            word = said[-1]
            if word.value == GOOD:
                weight = weight_of(word.ends, week, rules.good_life)
                if weight == 0:
                    continue
                if rater in friends or rater is self:
                    near += weight
                    sides.add(rater)
                elif common := (friends & rater.friends) - {other}:
                    near += weight
                    sides |= common
                else:
                    far += weight
            elif word.value == BAD:
                failed += weight_of(word.ends, week, rules.failed_life)
        total = near + min(far, WHOLE * rules.far_max) - rules.failed_cost * failed
        confiance = max(0, (2 * total + WHOLE) // (2 * WHOLE))
        circle = 1
        for needed in (rules.exchanges_2, rules.exchanges_3, rules.exchanges_4):
            if circle == rules.max_circles or needed == 0 or confiance < needed:
                break
            if circle >= 2 and len(sides) < rules.sides:
                break
            circle += 1
        return circle

    def may_borrow_far(self, other: Person) -> bool:
        """Whether somebody may borrow beyond circle 1, as seen from here. Spec: §12.6, §12.9."""
        rules = self.model.rules
        is_new = self.model.week < rules.newcomer_weeks
        if is_new and other.borrowed_well < rules.first_loans:
            return False
        return other.is_spotless or self.reliability_of(other) * 100.0 >= rules.reliability_min

    def reliability_of(self, other: Person) -> float:
        """How likely it is that it goes as agreed. Spec: §12.6."""
        week, max_circles = self.model.week, self.model.rules.max_circles
        near, far, bad = 0.0, 0.0, 0.0
        for rater, said in other.words.items():
            if rater is self:
                continue
            hops = self.hops_to(rater, max_circles)
            # What is said of somebody is held in their own circles alone.
            believed = 2.0 * _EXPECTED - 1.0
            if hops <= max_circles:
                believed = rater.credibility_beside(other)
            place = {1: 2.0, 2: 1.0}.get(hops, 0.5) * believed
            share, counted_days = 1.0, -_BAD_APART_DAYS
            for word in reversed(said):
                age_days = age_minutes(word.ends, week) / _DAY_MINUTES
                if word.value == GOOD:
                    weight = share * place * faded(age_days, _GOOD_LIFE_DAYS)
                    if hops <= 2:
                        near += weight
                    else:
                        far += weight
                    share = share / 2.0 if share > 0.25 else 0.0
                elif age_days - counted_days >= _BAD_APART_DAYS:
                    weight = place * faded(age_days, _BAD_LIFE_DAYS)
                    bad += weight / 3.0 if word.value == REPAIRED else weight
                    counted_days = age_days
        good = near + min(far, _FAR_GOOD_MAX)
        return (_PRIOR * _EXPECTED + good) / (_PRIOR + good + _COST_OF_BAD * bad)

    def credibility_beside(self, other: Person) -> float:
        """How far a rater is believed, by the latest word of everybody else about them."""
        good, bad = 0, 0
        for rater, said in self.words.items():
            if rater is not other:
                if said[-1].value == BAD:
                    bad += 1
                else:
                    good += 1
        expected = (_PRIOR * _EXPECTED + good) / (_PRIOR + good + _COST_OF_BAD * bad)
        return max(0.0, 2.0 * expected - 1.0)

    def hops_to(self, other: Person, limit: int) -> int:
        """Friendships between two people, or ``limit + 1`` where there are more."""
        if other is self:
            return 0
        ring, met = {self}, {self}
        for hops in range(1, limit + 1):
            # Whoever is a friend of the last ring is met from the other's side, at less cost.
            if not ring.isdisjoint(other.friends):
                return hops
            if hops < limit:
                ring = friends_of(ring) - met
                met |= ring
        return limit + 1

    # --- asking --------------------------------------------------------------------------

    def live(self) -> None:
        """See how far one may ask, and ask for something if one wants it. Spec: §11.3."""
        model = self.model
        self.circles = self.circles_of(self)
        if not model.chance.happens(Purpose.WANTS, self, self.wants):
            return
        model.tally["wanted"] += 1
        if not self.is_sharing():
            model.tally["shared_nothing"] += 1
            return
        circles = self.circles
        if model.customs.on_word:
            circles = min(circles + model.rules.recommended, model.rules.max_circles)
        circles = min(circles, model.customs.things_circles)
        if circles > 1 and not self.may_borrow_far(self):
            circles = 1
        rings = list(self.rings(circles))
        holders = [person for ring in rings for person in ring if person.free > 0]
        if not holders:
            model.tally["found_nothing"] += 1
            return
        holder = model.chance.choice(self, holders)
        ends = 2 * model.week + (self.number > holder.number)
        model.requests.append(Request(self, _way_to(holder, rings), ends))

    def rings(self, circles: int) -> Iterator[set[Person]]:
        """Who is one, two, and more friendships away."""
        met, ring = {self}, {self}
        for _ in range(circles):
            ring = friends_of(ring) - met
            met |= ring
            yield ring

    def is_sharing(self) -> bool:
        """Whether somebody may ask at all. Spec: §12.5."""
        rules, week = self.model.rules, self.model.week
        if self.owned > 0 or week < rules.grace_weeks:
            return True
        return self.lent_week >= 0 and week < self.lent_week + 1 + rules.window_weeks

    # --- answering -----------------------------------------------------------------------

    def answer(self, request: Request, stage: int) -> None:
        """Pass a request on, agree to it, or end it. Spec: §11.3, §12.7.

        Args:
            stage: 0 at the borrower's friend.
        """
        friend = request.path[stage - 1] if stage else request.borrower
        fate, willing = self.decided(request, stage, friend), self.model.customs.willing
        if fate <= Fate.AGREED and willing < 1.0:
            borrower = request.borrower
            if not self.model.chance.happens(Purpose.WILLING, borrower, willing, stage):
                fate = Fate.UNWILLING
        request.fate = fate
        if fate > Fate.AGREED:
            return
        if request.hops > 1:
            self.engaged[friend] = self.engaged.get(friend, 0) + 1
            self.model.engaged += 1
            request.engaged += 1
        if fate == Fate.AGREED:
            self.free -= 1

    def decided(self, request: Request, stage: int, friend: Person) -> Fate:
        """What somebody finds on looking at a request."""
        borrower, hops = request.borrower, request.hops
        if stage == 0 and not borrower.is_sharing():
            return Fate.SHARES_NOTHING
        if hops > 1:
            # Whoever passes a request on recommends it: that is worth a circle (11.3).
            needed = hops - self.model.rules.recommended
            if needed > 1 and self.circles_of(borrower) < needed:
                return Fate.CIRCLE_SHUT
            if not self.may_borrow_far(borrower):
                return Fate.UNRELIABLE
            if not self.has_unit_for(friend):
                return Fate.NO_UNIT
        if stage < hops - 1:
            return Fate.WITH_SOMEBODY
        return Fate.AGREED if self.free > 0 else Fate.THING_GONE

    def has_unit_for(self, friend: Person) -> bool:
        """Whether one can answer for one more loan of a friend. Spec: §12.7."""
        rules, good = self.model.rules, self.good.get(friend, 0)
        if rules.capacity_max == 0:
            return True
        capacity = min(rules.capacity_max, rules.capacity_new + (good >= 1) + (good >= 3))
        return self.engaged.get(friend, 0) < capacity


# --- friends of friends, ages ---------------------------------------------------------------


def friends_of(people: set[Person]) -> set[Person]:
    """Everybody who is a friend of one of them."""
    return set().union(*[person.friends for person in people])


def _way_to(holder: Person, rings: list[set[Person]]) -> list[Person]:
    """From the holder down to the borrower's friend, by the lowest ids; the friend first."""
    path = [holder]
    hops = next(hops for hops, ring in enumerate(rings) if holder in ring)
    for ring in reversed(rings[:hops]):
        path.append(min(path[-1].friends & ring, key=_rank))
    return path[::-1]


def age_minutes(ends: int, week: int) -> int:
    """How long ago a loan ended, at the beginning of a week. Spec: §12.2."""
    return max(0, (week - (ends >> 1) - 1) * _WEEK_MINUTES - (ends & 1))


@cache
def weight_of(ends: int, week: int, life: int) -> int:
    """What a word weighs in a week, in whole thousandths. Spec: §12.2."""
    return thousandths(age_minutes(ends, week), life * _MINUTE_MS)


faded = cache(halved)
"""What a word weighs for reliability. Spec: §12.6."""
