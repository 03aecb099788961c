"""In order by member, and what is of one member by a number of its own.

Members are numbers from 0 on, so nothing need be compared to put them in order: what belongs to
each is counted, and stands where the counts say. Only what is of the same member is compared,
and that is hardly ever more than a few.

Source: distribution counting, Knuth, The Art of Computer Programming 3, section 5.2.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from simulations.population.compiled import Hashes, Numbers, Offsets, kernel, part

_FEW: Final = 24


def by_member(members: int, of: Numbers, within: Hashes) -> tuple[Offsets, Numbers]:
    """Places in order of the members they belong to, of one member by ``within``, then as given.

    Args:
        members: how many there are.
        of: whom each place belongs to.

    Returns:
        The places, and where in them those of each member end.
    """
    order, ends = np.empty(len(of), np.int64), np.zeros(members + 1, np.int32)
    _order(of, within, ends, order)
    return order, ends[:members]


@kernel
def _order(of: Numbers, within: Hashes, ends: Numbers, order: Offsets) -> None:
    for place in range(len(of)):
        ends[of[place] + 1] += 1
    for member in range(len(ends) - 1):
        ends[member + 1] += ends[member]
    for place in range(len(of)):
        order[ends[of[place]]] = place
        ends[of[place]] += 1
    begin = 0
    for member in range(len(ends) - 1):
        if ends[member] > begin + 1:
            _sort(within, order[begin : ends[member]])
        begin = ends[member]


@part
def _sort(within: Hashes, places: Offsets) -> None:
    if len(places) > _FEW:
        places[:] = places[np.argsort(within[places], kind="mergesort")]
        return
    for i in range(1, len(places)):
        place, k = places[i], i
        while k > 0 and within[places[k - 1]] > within[place]:
            places[k] = places[k - 1]
            k -= 1
        places[k] = place
