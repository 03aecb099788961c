"""Towns that experiments grow as arrays, and what is counted of their weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from protocol.charter import Charter
from simulations.graphs import Edge
from simulations.population.answering import Fate
from simulations.population.compiled import Truths
from simulations.population.shape import largest_piece
from simulations.population.towns import town
from simulations.population.weeks import Weeks
from simulations.scenario_population import Customs, TownPlan

YEAR_WEEKS: Final = 52


def grown(members: int, charter: Charter, customs: Customs, seed: int) -> Weeks:
    """A town of docs/population.md on its first day."""
    return Weeks(town(members, TownPlan(), seed, 1), charter, customs, seed, threads=1)


def friends_in_town(members: int, seed: int) -> tuple[int, list[Edge]]:
    """The friendships of such a town, for real engines: everybody is in one piece of it."""
    graph = largest_piece(town(members, TownPlan(), seed, 1))
    return graph.members, graph.edges()


@dataclass(slots=True)
class Lived:
    """What honest people and those who keep things (defectors) lived in some weeks.

    Args:
        loans, far_loans: things lent to honest people; those from beyond friends.
        far_asked: what honest people asked for beyond friends.
        doubted: of that, what somebody did not pass on or grant because the borrower's circle
            seemed shut or the borrower unreliable.
        no_unit: of that, what came to nothing because a unit of capacity was engaged.
        kept: things lent to defectors.
    """

    honest: int
    defectors: int
    weeks: int = 0
    loans: int = 0
    far_loans: int = 0
    far_asked: int = 0
    doubted: int = 0
    no_unit: int = 0
    kept: int = 0

    def add(self, life: Weeks, is_honest: Truths) -> None:
        """Count the week that has just been lived."""
        requests, fates = life.last, life.fates.what
        own = is_honest[requests.borrowers]
        far = own & (requests.hops > 1)
        agreed = fates == Fate.AGREED
        self.weeks += 1
        self.loans += int((own & agreed).sum())
        self.far_loans += int((far & agreed).sum())
        self.far_asked += int(far.sum())
        doubted = (fates == Fate.CIRCLE_SHUT) | (fates == Fate.UNRELIABLE)
        self.doubted += int((far & doubted).sum())
        self.no_unit += int((far & (fates == Fate.NO_UNIT)).sum())
        self.kept += int((~own & agreed).sum())

    def loans_a_year(self) -> float:
        return self.loans / self.honest / self.weeks * YEAR_WEEKS

    def kept_each(self) -> float:
        """Things that one defector kept, in all these weeks."""
        return self.kept / self.defectors if self.defectors else 0.0


def share(part: float, whole: float) -> float:
    """0 where there is nothing."""
    return part / whole if whole else 0.0


def who_is_honest(life: Weeks, customs: Customs) -> Truths:
    """Everybody but defectors."""
    names = [name for name, _ in customs.tempers]
    if "defector" not in names:
        return np.ones(life.graph.members, np.bool_)
    is_honest: Truths = life.manners.of != names.index("defector")
    return is_honest


def live(life: Weeks, weeks: int, is_honest: Truths) -> Lived:
    """Let weeks pass, and count."""
    honest = int(is_honest.sum())
    lived = Lived(honest, len(is_honest) - honest)
    for _ in range(weeks):
        life.live()
        lived.add(life, is_honest)
    return lived
