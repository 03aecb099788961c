"""Towns: households, the neighbourhood around them, clubs, and a few friends far away.

People live in households, all of whom are friends, and households in neighbourhoods, where
some know each other. Clubs bring together people from all over a town; what clubs share is
that friends made there know each other, and not one's neighbours. A few friendships lead
anywhere. A country is many towns, one after the other; numbers follow the streets, so that
who is near has a near number.

Parameters: what they have to meet is the degree, the clustering and the distances of real
networks; docs/population.md prints them beside three of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulations.population.compiled import Numbers, Offsets, kernel, part
from simulations.population.csr import Csr
from simulations.population.draws import Purpose, draw, draws_of, stream, uniform
from simulations.population.generate import Draw, befriend, collect, log_of_refusal
from simulations.scenario_population import TownPlan

HOUSEHOLD_MAX: Final = 16


def town(members: int, plan: TownPlan, seed: int, threads: int | None = None) -> Csr:
    """Make the friendships of a town, or of a country of towns."""
    homes = _homes(members, plan.household, seed)
    start = stream(seed, Purpose.NEIGHBOUR)
    far_start = stream(seed, Purpose.FAR_FRIEND)
    people = _Nature(1.0 - plan.variety, plan.uneven, stream(seed, Purpose.UNEVEN))
    log_near = log_of_refusal(plan.neighbours, plan.neighbourhood - 1)
    log_far = log_of_refusal(plan.far, members - 1)

    def near(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return _near(homes, plan.neighbourhood, log_near, people, start, begin, end, one, other)

    def far(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return _far(members, log_far, people, far_start, begin, end, one, other)

    draws: list[Draw] = [near, far]
    for number in range(plan.clubs):
        clubs = _clubs(members, plan, seed, number)
        draws.append(_of_club(clubs, plan, people, seed, number))
    return collect(members, plan.friends / 2, draws, threads)


class _Nature(NamedTuple):
    """How people differ in making friends, for kernels."""

    alike: float
    uneven: float
    start: np.uint64


@dataclass(frozen=True, slots=True)
class _Clubs:
    """Everybody's club, and where they stand in its list of people."""

    of: Numbers
    begins: Offsets
    people: Numbers
    place: Numbers


def _homes(members: int, household: float, seed: int) -> Numbers:
    """For each member the first one after it that lives elsewhere."""
    ends = np.empty(members, np.int32)
    _settle(household, stream(seed, Purpose.HOUSEHOLD), ends)
    return ends


def _clubs(members: int, plan: TownPlan, seed: int, number: int) -> _Clubs:
    towns = -(-members // plan.town)
    clubs_each = max(1, plan.town // plan.club)
    everybody = np.arange(members, dtype=np.int32)
    club = draws_of(stream(seed, Purpose.CLUB, number), everybody) % np.uint64(clubs_each)
    of = (everybody // plan.town * clubs_each + club.astype(np.int32)).astype(np.int32)
    begins = np.zeros(towns * clubs_each + 1, np.int64)
    people, place = np.empty(members, np.int32), np.empty(members, np.int32)
    _list_people(of, begins, people, place)
    return _Clubs(of, begins, people, place)


def _of_club(clubs: _Clubs, plan: TownPlan, people: _Nature, seed: int, number: int) -> Draw:
    log_refused = log_of_refusal(plan.club_friends, plan.club)
    start = stream(seed, Purpose.CLUB_FRIEND, number)

    def pairs(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return _in_club(
            clubs.of, clubs.begins, clubs.people, clubs.place, log_refused, people, start,
            begin, end, one, other,
        )  # fmt: skip

    return pairs


@kernel
def _settle(household: float, start: np.uint64, ends: Numbers) -> None:
    """Household sizes are 1 plus a geometric number: many alone or in pairs, few of many."""
    refused = 1.0 - 1.0 / household
    begin, home = 0, 0
    while begin < len(ends):
        size = 1
        own = draw(start, home)
        while size < HOUSEHOLD_MAX and uniform(draw(own, size)) < refused:
            size += 1
        end = min(begin + size, len(ends))
        for member in range(begin, end):
            ends[member] = end
        begin = end
        home += 1


@part
def _factor(member: int, people: _Nature) -> float:
    """A factor of the chance to make friends that somebody has everywhere, 1 on average."""
    if people.uneven == 0.0:
        return 1.0
    own = draw(people.start, member)
    # Two even numbers make a normal one (Box and Muller 1958).
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(draw(own, 0))))
    normal = radius * math.cos(2.0 * math.pi * uniform(draw(own, 1)))
    return math.exp(people.uneven * normal - people.uneven * people.uneven / 2.0)


@part
def _sociability(own: np.uint64, member: int, people: _Nature) -> float:
    """The same here: besides, exponential but for what is alike."""
    here = people.alike - (1.0 - people.alike) * math.log(1.0 - uniform(draw(own, -1)))
    return here * _factor(member, people)


@kernel
def _near(
    homes: Numbers,
    neighbourhood: int,
    log_refused: float,
    people: _Nature,
    start: np.uint64,
    begin: int,
    end: int,
    one: Numbers,
    other: Numbers,
) -> int:
    count = 0
    for member in range(begin, end):
        for friend in range(member + 1, homes[member]):
            if count < len(one):
                one[count] = member
                other[count] = friend
            count += 1
        border = min((member // neighbourhood + 1) * neighbourhood, len(homes))
        own = draw(start, member)
        log_own = log_refused * _sociability(own, member, people)
        home = int(homes[member])
        count, _ = befriend(member, home, border, own, 0, log_own, one, other, count)
    return count


@kernel
def _far(
    members: int,
    log_refused: float,
    people: _Nature,
    start: np.uint64,
    begin: int,
    end: int,
    one: Numbers,
    other: Numbers,
) -> int:
    count = 0
    for member in range(begin, end):
        own = draw(start, member)
        log_own = log_refused * _factor(member, people)
        count, _ = befriend(member, member + 1, members, own, 0, log_own, one, other, count)
    return count


@kernel
def _list_people(of: Numbers, begins: Offsets, people: Numbers, place: Numbers) -> None:
    for member in range(len(of)):
        place[member] = begins[of[member] + 1]
        begins[of[member] + 1] += 1
    for club in range(len(begins) - 1):
        begins[club + 1] += begins[club]
    for member in range(len(of)):
        people[begins[of[member]] + place[member]] = member


@kernel
def _in_club(
    of: Numbers,
    begins: Offsets,
    listed: Numbers,
    place: Numbers,
    log_refused: float,
    people: _Nature,
    start: np.uint64,
    begin: int,
    end: int,
    one: Numbers,
    other: Numbers,
) -> int:
    count = 0
    for member in range(begin, end):
        first, last = begins[of[member]] + place[member] + 1, begins[of[member] + 1]
        own = draw(start, member)
        log_own = log_refused * _sociability(own, member, people)
        before = count
        count, _ = befriend(member, first, last, own, 0, log_own, one, other, count)
        for i in range(before, min(count, len(one))):
            other[i] = listed[other[i]]
    return count
