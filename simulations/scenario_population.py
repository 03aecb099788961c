"""What a scenario says of large populations: which graph, and what its people are like.

Read by the same strict tables as everything else in a scenario. Nothing here needs numba: a
scenario is read, and refused, by a program that cannot run it.

Of a behaviour (``simulations.behaviours``) the population model keeps what can be said in
numbers; retaliation, sleeping and other designs are the world's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from simulations.behaviours import (
    NEED_90_PERCENT_PER_MONTH,
    NEED_MEDIAN_PER_MONTH,
    Careful,
    Clumsy,
    Defector,
    FreeRider,
    Retaliator,
    Sharer,
    Slanderer,
)
from simulations.shapes import PLACES, SHAPES, CrowdPlan, Place, Shape
from simulations.tables import ScenarioError, Table
from simulations.year import Year, read_year

MEMBERS_MAX: Final = 1_000_000_000
SYBILS_MAX: Final = 100_000
NEED_MEDIAN_PER_WEEK: Final = NEED_MEDIAN_PER_MONTH * 12 / 52
NEED_SIGMA: Final = math.log(NEED_90_PERCENT_PER_MONTH / NEED_MEDIAN_PER_MONTH) / 1.2816


@dataclass(frozen=True, slots=True)
class Temper:
    """What is left of a behaviour in numbers.

    Args:
        losses: chance that something they borrow is lost.
        mends: chance that they make good what was lost, where the house asks for it.
        needs: factor of the drawn rate of need.
        shares: whether they list things.
        slanders: chance that they call bad what went well.
    """

    losses: float
    mends: float
    needs: float = 1.0
    shares: bool = True
    slanders: float = 0.0


TEMPERS: Final[Mapping[str, Temper]] = {
    Sharer.name: Temper(Sharer.losses, Sharer.mends),
    Careful.name: Temper(Careful.losses, Careful.mends, needs=0.7),
    Clumsy.name: Temper(Clumsy.losses, Clumsy.mends),
    FreeRider.name: Temper(FreeRider.losses, FreeRider.mends, shares=False),
    Slanderer.name: Temper(Slanderer.losses, Slanderer.mends, slanders=Slanderer.slanders),
    Retaliator.name: Temper(Retaliator.losses, Retaliator.mends),
    Defector.name: Temper(Defector.losses, Defector.mends, needs=20.0),
}
USUAL_TEMPERS: Final = (
    ("sharer", 0.45), ("careful", 0.2), ("clumsy", 0.12), ("free-rider", 0.15),
    ("slanderer", 0.01), ("retaliator", 0.07),
)  # fmt: skip
"""Shares of a town; invented, and said so wherever figures that depend on them are shown."""


@dataclass(frozen=True, slots=True)
class TownPlan:
    """What a town is like; means are for each member.

    Args:
        household: people in a household on average, from 1.
        neighbourhood: people in a neighbourhood.
        neighbours: friends in it on average, the household not counted.
        clubs: clubs that somebody is in.
        club: people in a club on average.
        club_friends: friends in each club.
        far: friends drawn from everybody.
        variety: from 0, all alike, to 1, some with many times more friends than others.
        uneven: sigma of a log-normal factor of the friends that somebody makes anywhere; 0:
            none. It makes the few whom many know.
        town: people in a town, from among whom its clubs draw.
    """

    household: float = 2.2
    neighbourhood: int = 40
    neighbours: float = 4.5
    clubs: int = 1
    club: int = 12
    club_friends: float = 3.0
    far: float = 0.5
    variety: float = 0.8
    uneven: float = 0.0
    town: int = 20_000

    @property
    def friends(self) -> float:
        """About how many friends somebody has."""
        return self.household - 1 + self.neighbours + self.clubs * self.club_friends + self.far


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of people, and how many friends they have on average.

    Args:
        size: people in a block; the last may have fewer.
        inside, outside: friends in the own, and in all other blocks.
    """

    size: int = 20
    inside: float = 6.0
    outside: float = 1.0


@dataclass(frozen=True, slots=True)
class Customs:
    """What people are like and do.

    Args:
        tempers: names and shares, which add up to 1.
        needs: factor of everybody's need.
        repairs: whether who lost something is asked to make it good.
        on_word: whether people also ask one circle farther than is open, for those in between
            to recommend them (spec 11.3).
        willing: chance that somebody who may pass a request on, or agree to it, does.
        things_min, things_max: things that somebody who shares lists.
        things_circles: how far they are listed.
        behaviours: names (or ``module:Class``) and shares of those who live on real engines,
            in place of tempers; a population knows tempers alone.
        year: seasons, and people who move away.
        sybils: a crowd of invented people beside the members, if there is one.
    """

    tempers: tuple[tuple[str, float], ...] = USUAL_TEMPERS
    needs: float = 1.0
    repairs: bool = True
    on_word: bool = False
    willing: float = 1.0
    things_min: int = 1
    things_max: int = 3
    things_circles: int = 3
    behaviours: tuple[tuple[str, float], ...] = ()
    year: Year = Year()  # noqa: RUF009 - frozen
    sybils: CrowdPlan | None = None


WORLD_IGNORES: Final = (
    "What [people] says has no effect here: the people of a world act at random, by [actions], and "
    "nobody moves away. It is read by simulate population, and by sweeps of a society."
)


def is_usual(customs: Customs) -> bool:
    """Whether a scenario says nothing about people."""
    return replace(customs, things_circles=Customs().things_circles) == Customs()


def read_town(table: Table) -> TownPlan:
    """The table ``population.town``. Raises ScenarioError."""
    default = TownPlan()
    plan = TownPlan(
        household=table.number("household", default.household, 1, 8),
        neighbourhood=table.whole("neighbourhood", default.neighbourhood, 2, 100_000),
        neighbours=table.number("neighbours", default.neighbours, 0, 1000),
        clubs=table.whole("clubs", default.clubs, 0, 10),
        club=table.whole("club", default.club, 2, 100_000),
        club_friends=table.number("club_friends", default.club_friends, 0, 1000),
        far=table.number("far", default.far, 0, 1000),
        variety=table.share("variety", default.variety),
        uneven=table.number("uneven", default.uneven, 0, 3),
        town=table.whole("town", default.town, 2, MEMBERS_MAX),
    )
    table.finish()
    if plan.neighbours >= plan.neighbourhood:
        allowed = f"less than neighbourhood ({plan.neighbourhood})"
        raise ScenarioError("population.town.neighbours", allowed)
    if plan.club_friends >= plan.club:
        raise ScenarioError("population.town.club_friends", f"less than club ({plan.club})")
    return plan


def read_blocks(table: Table, members: int) -> Blocks:
    """The table ``population.blocks``. Raises ScenarioError."""
    default = Blocks()
    blocks = Blocks(
        size=table.whole("size", default.size, 2, MEMBERS_MAX),
        inside=table.number("inside", default.inside, 0, 1000),
        outside=table.number("outside", default.outside, 0, 1000),
    )
    table.finish()
    if blocks.inside >= blocks.size:
        raise ScenarioError("population.blocks.inside", f"less than size ({blocks.size})")
    return blocks


def read_customs(table: Table, max_circles: int) -> Customs:
    """The table ``people``. Raises ScenarioError."""
    default = Customs()
    things_min = table.whole("things_min", default.things_min, 0, 200)
    customs = Customs(
        tempers=table.shares("tempers", TEMPERS, default.tempers),
        needs=table.number("needs", default.needs, 0, 1000),
        repairs=table.flag("repairs", default.repairs),
        on_word=table.flag("on_word", default.on_word),
        willing=table.share("willing", default.willing),
        things_min=things_min,
        things_max=table.whole("things_max", max(things_min, default.things_max), things_min, 200),
        things_circles=table.whole("things_circles", max_circles, 1, max_circles),
        behaviours=table.shares("behaviours", table.names("behaviours"), ()),
        year=read_year(table.table("year")),
        sybils=_read_sybils(table.table("sybils")),
    )
    table.finish()
    return customs


def _read_sybils(table: Table) -> CrowdPlan | None:
    """The table ``people.sybils``; None where there are none."""
    number = table.whole("number", 0, 0, SYBILS_MAX)
    shape = cast(Shape, table.choice("shape", SHAPES[0], SHAPES))
    at = cast(Place, table.choice("at", PLACES[0], PLACES))
    edges = table.whole("attack_edges", 0 if at == "sponsors" else 1, 0, SYBILS_MAX)
    table.finish()
    if (at == "sponsors") != (edges == 0):
        allowed = f'a whole number from 1 to {SYBILS_MAX}; with at = "sponsors" nothing, or 0'
        raise ScenarioError("people.sybils.attack_edges", allowed)
    return CrowdPlan(number, edges, shape, at) if number else None
