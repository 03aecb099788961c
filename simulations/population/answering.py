"""Answering: go-betweens pass requests on and holders agree, while they have units and things.

A request goes from member to member. At each step everybody looks at the requests that are
with them, in the order of their hashes, and decides by what is theirs alone: the units they
give their friends, and their things. So no two members' decisions touch, and threads share
the members between them.

Spec: §11.3, §12.7.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from simulations.population.asking import People, Requests
from simulations.population.compiled import Flags, Hashes, Offsets, kernel, part
from simulations.population.draws import draw, uniform
from simulations.population.order import by_member
from simulations.population.rules import (
    Rules,
    has_unit,
    is_sharing,
)


class Fate(IntEnum):
    """What became of a request."""

    WITH_SOMEBODY = 0
    AGREED = 1
    THING_GONE = 2
    NO_UNIT = 3
    CIRCLE_SHUT = 4
    UNRELIABLE = 5
    SHARES_NOTHING = 6
    UNWILLING = 7


_AGREED, _THING_GONE, _NO_UNIT, _CIRCLE_SHUT = 1, 2, 3, 4
_UNRELIABLE, _SHARES_NOTHING, _UNWILLING = 5, 6, 7


class Fates(NamedTuple):
    """For each request what became of it, and at which stage."""

    what: Flags
    stage: Flags


class Units(NamedTuple):
    """For each friend that a member has, by the place in the rows.

    Args:
        engaged: open loans for which a unit is engaged.
        good: loans with that friend that the member rated 1, counted as far as 3.
    """

    engaged: Flags
    good: Flags


@kernel
def answer(
    rules: Rules,
    people: People,
    units: Units,
    requests: Requests,
    fates: Fates,
    order: Offsets,
    bounds: Offsets,
    stage: int,
    week: int,
    willing: float,
    stream: np.uint64,
    begin: int,
    end: int,
    circles: Flags,
    reliable: Flags,
) -> None:
    """Let members decide on the requests that are with them at one stage.

    Args:
        order: requests by the member they are with, then by their hash.
        bounds: where those of one member begin in ``order``, and the end of all.
        stage: 0 at the borrower's friend.
        begin, end: which members, as places in ``bounds``.
        circles, reliable: what they see of the borrower, in the order of ``order``.
    """
    for at in range(bounds[begin], bounds[end]):
        request = order[at]
        node = requests.nodes[request, stage]
        fate = _decided(
            rules,
            people,
            units,
            requests,
            request,
            stage,
            week,
            int(circles[at]),
            int(reliable[at]),
        )
        if fate <= _AGREED:
            own = draw(stream, int(requests.borrowers[request]))
            if uniform(draw(own, stage)) >= willing:
                fate = _UNWILLING
        fates.what[request] = fate
        fates.stage[request] = stage
        if fate > _AGREED:
            continue
        if requests.hops[request] > 1:
            units.engaged[requests.edges[request, stage]] += 1
        if fate == _AGREED:
            people.free[node] -= 1


@part
def _decided(
    rules: Rules,
    people: People,
    units: Units,
    requests: Requests,
    request: int,
    stage: int,
    week: int,
    circles: int,
    reliable: int,
) -> int:
    """What somebody finds on looking at a request: a fate, 0 to pass it on."""
    borrower, hops = int(requests.borrowers[request]), int(requests.hops[request])
    node, edge = int(requests.nodes[request, stage]), requests.edges[request, stage]
    is_holder = stage == hops - 1
    if stage == 0 and not is_sharing(
        rules, int(people.owned[borrower]), int(people.lent[borrower]), week
    ):
        return _SHARES_NOTHING
    if hops > 1:
        # Whoever passes a request on recommends it: that is worth a circle (11.3).
        if circles + rules.recommended < hops:
            return _CIRCLE_SHUT
        if not reliable:
            return _UNRELIABLE
        if not has_unit(rules, int(units.good[edge]), int(units.engaged[edge])):
            return _NO_UNIT
    if is_holder and people.free[node] == 0:
        return _THING_GONE
    return _AGREED if is_holder else 0


def in_order(
    requests: Requests, fates: Fates, stage: int, turns: Hashes, members: int
) -> tuple[Offsets, Offsets]:
    """The requests that wait at a stage, by member and turn, and where each member's begin.

    Args:
        turns: of each request; of two alike the first comes first.
        members: how many there are.
    """
    waiting = np.flatnonzero((fates.what == Fate.WITH_SOMEBODY) & (requests.hops > stage))
    places, _ = by_member(members, requests.nodes[waiting, stage], turns[waiting])
    order = waiting[places]
    begins = np.flatnonzero(np.diff(requests.nodes[order, stage], prepend=-1))
    return order, np.append(begins, len(order)).astype(np.int64)


@kernel
def all_engaged(units: Units) -> int:
    """Units engaged by anybody."""
    total = 0
    for engaged in units.engaged:
        total += engaged
    return total


@kernel
def let_go(units: Units, requests: Requests, fates: Fates) -> None:
    """Units of requests that came to nothing are free again. Spec: §12.7."""
    for request in range(len(requests.borrowers)):
        if fates.what[request] != _AGREED and requests.hops[request] > 1:
            # Everybody before the one with whom it ended had engaged a unit.
            for stage in range(fates.stage[request]):
                units.engaged[requests.edges[request, stage]] -= 1
