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
from typing import Final

import numpy as np

from simulations.population.compiled import Numbers, Offsets, kernel, part
from simulations.population.csr import Csr
from simulations.population.draws import Purpose, draw, draws_of, skipped, stream, uniform
from simulations.population.generate import Draw, collect, draw_blocks, log_of_refusal
from simulations.scenario_population import TownPlan

HOUSEHOLD_MAX: Final = 16


def town(members: int, plan: TownPlan, seed: int, threads: int | None = None) -> Csr:
    """Make the friendships of a town, or of a country of towns."""
    homes = _homes(members, plan.household, seed)
    start = stream(seed, Purpose.NEIGHBOUR)
    far_start = stream(seed, Purpose.FAR_FRIEND)
    alike = 1.0 - plan.variety
    log_near = log_of_refusal(plan.neighbours, plan.neighbourhood - 1)
    log_far = log_of_refusal(plan.far, members - 1)

    def near(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return _near(homes, plan.neighbourhood, log_near, alike, start, begin, end, one, other)

    def far(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return draw_blocks(members, members, log_far, 0.0, far_start, begin, end, one, other)

    draws: list[Draw] = [near, far]
    for number in range(plan.clubs):
        clubs = _clubs(members, plan, seed, number)
        draws.append(_of_club(clubs, plan, seed, number))
    return collect(members, plan.friends / 2, draws, threads)


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


def _of_club(clubs: _Clubs, plan: TownPlan, seed: int, number: int) -> Draw:
    log_refused = log_of_refusal(plan.club_friends, plan.club)
    start, alike = stream(seed, Purpose.CLUB_FRIEND, number), 1.0 - plan.variety

    def pairs(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return _in_club(
            clubs.of, clubs.begins, clubs.people, clubs.place, log_refused, alike, start,
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
def sociability(own: np.uint64, alike: float) -> float:
    """A factor of the chance to make friends, 1 on average; exponential but for what is alike."""
    return alike - (1.0 - alike) * math.log(1.0 - uniform(draw(own, -1)))


@kernel
def _near(
    homes: Numbers,
    neighbourhood: int,
    log_refused: float,
    alike: float,
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
        friend, number = int(homes[member]), 0
        own = draw(start, member)
        log_own = log_refused * sociability(own, alike)
        while friend < border and log_own < 0.0:
            friend += skipped(draw(own, number), log_own)
            number += 1
            if friend >= border:
                break
            if count < len(one):
                one[count] = member
                other[count] = friend
            count += 1
            friend += 1
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
    people: Numbers,
    place: Numbers,
    log_refused: float,
    alike: float,
    start: np.uint64,
    begin: int,
    end: int,
    one: Numbers,
    other: Numbers,
) -> int:
    count = 0
    for member in range(begin, end):
        last = begins[of[member] + 1]
        i, number = begins[of[member]] + place[member] + 1, 0
        own = draw(start, member)
        log_own = log_refused * sociability(own, alike)
        while i < last and log_own < 0.0:
            skip = skipped(draw(own, number), log_own)
            number += 1
            if skip >= last - i:
                break
            i += skip
            if count < len(one):
                one[count] = member
                other[count] = people[i]
            count += 1
            i += 1
    return count
