"""Mixes: who lives in a town, by shares of behaviours.

Source: all shares are invented, and said to be so wherever figures that depend on them are
shown.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from simulations.behaviours import Behaviour, Mix, MixError, read_mix
from simulations.graphs import Edge

USUAL_MIX: Final[Mapping[type[Behaviour], float]] = read_mix(
    "sharer=0.45,careful=0.2,clumsy=0.12,free-rider=0.15,slanderer=0.01,retaliator=0.07"
)
"""People as they are, nobody of whom means to keep anything."""
HARD_MIX: Final[Mapping[type[Behaviour], float]] = read_mix(
    "sharer=0.37,careful=0.15,clumsy=0.1,free-rider=0.1,slanderer=0.02,retaliator=0.05,"
    "defector=0.05,sleeper=0.05,whitewasher=0.03,ring=0.06,sybils=0.02"
)
"""The same with one in five who takes advantage, of every kind that we know."""


def people_of(mix: Mix, members: int, chance: random.Random) -> list[type[Behaviour]]:
    """A behaviour for each member: as near to the shares as whole people, and groups, allow.

    Raises:
        MixError: there are too few members for the groups, or two have one name.
    """
    names = [behaviour.name for behaviour in mix]
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise MixError(f"Two behaviours are called {twice[0]!r}: tables would take them for one.")
    counts = {
        behaviour: round(share * members / behaviour.together) * behaviour.together
        for behaviour, share in mix.items()
        if behaviour.together > 1
    }
    single = [behaviour for behaviour in mix if behaviour.together == 1]
    left = members - sum(counts.values())
    whole = sum(mix[behaviour] for behaviour in single)
    if left < 0 or (left > 0 and whole == 0):
        raise MixError(f"{members} members cannot be divided like that: take more of them.")
    exact = {behaviour: left * mix[behaviour] / whole for behaviour in single} if left else {}
    counts |= {behaviour: int(number) for behaviour, number in exact.items()}
    by_rest = sorted(exact, key=lambda behaviour: int(exact[behaviour]) - exact[behaviour])
    for behaviour in by_rest[: members - sum(counts.values())]:
        counts[behaviour] += 1
    # Groups stay together, wherever in the town they are.
    units = [
        [behaviour] * behaviour.together
        for behaviour, count in counts.items()
        for _ in range(count // behaviour.together)
    ]
    chance.shuffle(units)
    return [behaviour for unit in units for behaviour in unit]


def families_of(behaviours: list[type[Behaviour]]) -> list[list[int]]:
    """The members of each group, by number."""
    families: list[list[int]] = []
    number = 0
    while number < len(behaviours):
        together = behaviours[number].together
        if together > 1:
            families.append(list(range(number, number + together)))
        number += together
    return families


def with_families(edges: list[Edge], families: Sequence[Sequence[int]]) -> list[Edge]:
    """The friendships of a town, and those within each family."""
    all_edges = dict.fromkeys(edges)
    for family in families:
        all_edges |= dict.fromkeys(combinations(family, 2))
    return list(all_edges)
