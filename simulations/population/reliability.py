"""Reliability, for kernels: how likely it is that it goes as agreed with somebody.

What ``node.trust.reliability`` and ``node.trust.standing`` say, from a viewer's place, by the words
that the viewer's node would hold: what is said of somebody is held in their own circles alone.

Spec: §12.6.
"""

from __future__ import annotations

from typing import Final

from simulations.population.compiled import part
from simulations.population.csr import Graph, position
from simulations.population.words import BAD, GOOD, REPAIRED, Words, age_minutes

_DAY_MINUTES: Final = 24 * 60.0
# The numbers of 12.6, which no house may vote on.
_PRIOR, _EXPECTED, _COST_OF_BAD = 5.0, 0.9, 3.0
_GOOD_LIFE_DAYS, _BAD_LIFE_DAYS, _BAD_APART_DAYS, _FAR_GOOD_MAX = 730.0, 180.0, 90.0, 3.0


@part
def _halved(age_days: float, half_life_days: float) -> float:
    lives, weight = age_days / half_life_days, 1.0
    while lives >= 1.0:
        lives, weight = lives - 1.0, weight / 2.0
        if weight < 1e-6:
            return 0.0
    return weight * (1.0 - lives / 2.0)


@part
def _credibility(words: Words, rater: int, subject: int) -> float:
    """How far a rater is believed, by the latest word of everybody else about it."""
    good, bad = 0, 0
    end = words.offsets[rater + 1]
    for at in range(words.offsets[rater], end):
        if words.raters[at] == subject:
            continue
        if at + 1 < end and words.raters[at + 1] == words.raters[at]:
            continue
        if words.values[at] == BAD:
            bad += 1
        else:
            good += 1
    prior = _PRIOR * _EXPECTED
    return max(0.0, 2.0 * (prior + good) / (_PRIOR + good + _COST_OF_BAD * bad) - 1.0)


@part
def hops_between(graph: Graph, one: int, other: int, limit: int) -> int:
    """Friendships between two people, or ``limit + 1`` where there are more; up to 4."""
    offsets, neighbours = graph
    if one == other:
        return 0
    if position(offsets, neighbours, one, other) >= 0:
        return 1
    for hops in range(2, limit + 1):
        if _have_way(graph, one, other, hops):
            return hops
    return limit + 1


@part
def _have_common(graph: Graph, one: int, other: int) -> bool:
    offsets, neighbours = graph
    i, j = offsets[one], offsets[other]
    while i < offsets[one + 1] and j < offsets[other + 1]:
        if neighbours[i] == neighbours[j]:
            return True
        if neighbours[i] < neighbours[j]:
            i += 1
        else:
            j += 1
    return False


@part
def _have_way(graph: Graph, one: int, other: int, hops: int) -> bool:
    offsets, neighbours = graph
    if hops == 2:
        return _have_common(graph, one, other)
    for i in range(offsets[one], offsets[one + 1]):
        if hops == 3:
            if _have_common(graph, int(neighbours[i]), other):
                return True
            continue
        for j in range(offsets[neighbours[i]], offsets[neighbours[i] + 1]):
            if _have_common(graph, int(neighbours[j]), other):
                return True
    return False


@part
def reliability(
    graph: Graph, words: Words, max_circles: int, viewer: int, subject: int, week: int
) -> float:
    """How likely it is that it goes as agreed, as one place sees it. Spec: §12.6."""
    begin, end = words.offsets[subject], words.offsets[subject + 1]
    has_bad = False
    for at in range(begin, end):
        has_bad = has_bad or words.values[at] != GOOD
    if not has_bad:
        return 1.0  # with good words alone never less than 9/10, which suffices
    near, far, bad = 0.0, 0.0, 0.0
    first = begin
    while first < end:
        rater = int(words.raters[first])
        last = first
        while last < end and words.raters[last] == rater:
            last += 1
        if rater != viewer:
            hops = hops_between(graph, viewer, rater, max_circles)
            place = 2.0 if hops == 1 else (1.0 if hops == 2 else 0.5)
            # What is said of somebody is held in their own circles alone.
            believed = 2.0 * _EXPECTED - 1.0
            if hops <= max_circles:
                believed = _credibility(words, rater, subject)
            share, counted_days = 1.0, -_BAD_APART_DAYS
            for k in range(last - first):
                at = last - 1 - k
                age = age_minutes(int(words.ends[at]), week) / _DAY_MINUTES
                if words.values[at] == GOOD:
                    weight = share * place * believed * _halved(age, _GOOD_LIFE_DAYS)
                    if hops <= 2:
                        near += weight
                    else:
                        far += weight
                    share = share / 2.0 if share > 0.25 else 0.0
                elif age - counted_days >= _BAD_APART_DAYS:
                    weight = place * believed * _halved(age, _BAD_LIFE_DAYS)
                    bad += weight / 3.0 if words.values[at] == REPAIRED else weight
                    counted_days = age
        first = last
    good = near + min(far, _FAR_GOOD_MAX)
    return (_PRIOR * _EXPECTED + good) / (_PRIOR + good + _COST_OF_BAD * bad)
