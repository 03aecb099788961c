"""Of two people three steps apart, how many are joined by two ways that share no friendship?"""

from __future__ import annotations

from typing import Final

from simulations.experiments.shape import (
    Cell,
    Experiment,
    Figure,
    Found,
    Panel,
    Size,
    Values,
    whole,
)
from simulations.experiments.towns import friends_in_town
from simulations.graphs import adjacency
from simulations.two_ways import count

_PEOPLE: Final = 100
_PAIRS: Final = 20
_TOWNS: Final = (300, 1_000, 3_000)


def _cells(towns: tuple[int, ...]) -> tuple[Cell, ...]:
    return tuple(Cell(f"a town of {members:,}", {"members": members}) for members in towns)


def run(values: Values, seed: int) -> Found:
    """Pairs of people three steps apart, by what stands between them."""
    members, edges = friends_in_town(whole(values, "members"), seed)
    ways = count(adjacency(members, edges), seed=seed, people=_PEOPLE, pairs=_PAIRS)
    pairs = max(1, ways.pairs)
    return {
        "two": ways.two / pairs,
        "holder": ways.by_one_friend_of_holder / pairs,
        "borrower": ways.by_one_friend_of_borrower / pairs,
    }


EXPERIMENT: Final = Experiment(
    name="two-ways",
    title="Two ways to the third circle",
    question=(
        "Of two people three steps apart, how many are joined by two ways that share no "
        "friendship, so that two could answer who do not depend on each other?"
    ),
    cell_title="graph",
    figures=(
        Figure("two", "two ways", "share"),
        Figure("holder", "all by one friend of the holder", "share"),
        Figure("borrower", "all by one friend of the borrower", "share"),
    ),
    regular=Size(_cells(_TOWNS), 5),
    quick=Size(_cells(_TOWNS[:1]), 2),
    run=run,
    panels=(
        Panel(
            "Of pairs three steps apart, joined by two ways",
            "people in the town",
            tuple(f"{members:,}" for members in _TOWNS),
            {"": [(f"a town of {members:,}", "two") for members in _TOWNS]},
        ),
    ),
)
