"""What breaks trust first: the clumsy, the idle, the slanderers, or those who keep things?"""

from __future__ import annotations

from typing import Final

import numpy as np

from protocol.charter import Charter
from simulations.experiments.shape import (
    Cell,
    Experiment,
    Figure,
    Found,
    Panel,
    Size,
    Values,
    number,
    whole,
)  # fmt: skip
from simulations.experiments.towns import YEAR_WEEKS, grown, live, share, who_is_honest
from simulations.population.compiled import Numbers, Truths
from simulations.population.weeks import Weeks
from simulations.scenario_population import Customs

_NEEDS: Final = 4.0
_PAIRS: Final = 4000
_LOOKED_FAR: Final = 3

_TROUBLES: Final = (
    ("nobody in particular", ()),
    ("1 in 10 clumsy", (("clumsy", 0.1),)),
    ("3 in 10 clumsy", (("clumsy", 0.3),)),
    ("3 in 10 share nothing", (("free-rider", 0.3),)),
    ("1 in 20 slanders", (("slanderer", 0.05),)),
    ("1 in 5 slanders", (("slanderer", 0.2),)),
    ("1 in 100 keeps things", (("defector", 0.01),)),
    ("1 in 20 keeps things", (("defector", 0.05),)),
)


def _cells(members: int) -> tuple[Cell, ...]:
    return tuple(Cell(name, {"members": members, **dict(troubled)}) for name, troubled in _TROUBLES)


def run(values: Values, seed: int) -> Found:
    """A year to get to know each other, and a second one, which is looked at."""
    troubled = [(name, number(values, name)) for name in values if name != "members"]
    rest = 1.0 - sum(part for _, part in troubled)
    customs = Customs(tempers=(("sharer", rest), *troubled), needs=_NEEDS, on_word=True)
    life = grown(whole(values, "members"), Charter(), customs, seed)
    is_honest = who_is_honest(life, customs)
    things = int(life.people.owned.sum())
    live(life, YEAR_WEEKS, is_honest)
    lived = live(life, YEAR_WEEKS, is_honest)
    return {
        "loans": lived.loans_a_year(),
        "granted": share(lived.far_loans, lived.far_asked),
        "doubted": share(lived.doubted, lived.far_asked),
        "unreliable": _held_unreliable(life, is_honest, seed),
        "things": int(life.people.owned.sum()) / things,
    }


def _held_unreliable(life: Weeks, is_honest: Truths, seed: int) -> float:
    """How often one person holds an honest one, three friendships away at most, for unreliable."""
    chance = np.random.default_rng((seed, 2))
    ones, others = _pairs(life, is_honest, chance)
    circles_and_trust = life.judged(ones, others)
    return float((circles_and_trust[1] == 0).mean())


def _pairs(life: Weeks, is_honest: Truths, chance: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Drawn by walks over friendships: viewers, and honest people within three of them."""
    ones: list[int] = []
    others: list[int] = []
    members = life.graph.members
    while len(ones) < _PAIRS:
        one = int(chance.integers(members))
        other = one
        for _ in range(int(chance.integers(1, _LOOKED_FAR + 1))):
            friends = life.graph.friends(other)
            if friends:
                other = int(friends[int(chance.integers(len(friends)))])
        if other != one and is_honest[other]:
            ones.append(one)
            others.append(other)
    return np.array(ones, np.int32), np.array(others, np.int32)


_CELLS: Final = tuple(name for name, _ in _TROUBLES)

EXPERIMENT: Final = Experiment(
    name="what-breaks-first",
    title="What breaks trust first?",
    question=(
        "A town in which some are clumsy, share nothing, slander or keep what they get: what do "
        "the others notice first, and how many of each does it take?"
    ),
    cell_title="besides people who mean well",
    figures=(
        Figure("loans", "loans to an honest person in a year"),
        Figure("granted", "of what they asked for beyond friends, was lent", "share"),
        Figure("doubted", "of that, stopped because they were not trusted (yet)", "share"),
        Figure("unreliable", "held unreliable by somebody near", "share"),
        Figure("things", "things still there after two years", "share"),
    ),
    regular=Size(_cells(1000), 8),
    quick=Size(_cells(120)[:3], 2),
    run=run,
    panels=tuple(
        Panel(title, "", _CELLS, {"": [(name, figure) for name in _CELLS]})
        for figure, title in (
            ("granted", "Of what honest people asked for beyond friends, was lent"),
            ("things", "Things still there after two years"),
        )
    ),
)
