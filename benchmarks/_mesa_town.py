"""The peer of an exchange round: the same weeks by agents of Mesa 3, one Python object for each.

What the agents do stands in ``_town_people`` and ``_town_weeks``, which need no Mesa and are held
equal to the model by a test. Chance is the model's own generator, as in most Mesa models.
"""

from __future__ import annotations

from random import Random

import mesa

from benchmarks._town_chance import Chance, Drawn
from benchmarks._town_people import Nature, Person
from benchmarks._town_weeks import Weekly
from protocol.charter import Charter
from simulations.population.csr import Csr
from simulations.population.weeks import Week
from simulations.scenario_population import Customs


class Member(Person, mesa.Agent):  # type: ignore[misc]
    """Somebody as an agent of Mesa."""

    def __init__(self, model: Town, nature: Nature) -> None:
        mesa.Agent.__init__(self, model)
        Person.__init__(self, model, nature)


class Town(Weekly, mesa.Model):  # type: ignore[misc]
    """A town of agents.

    Args:
        chance: the generator of the model if None.
    """

    random: Random
    row: Week

    def __init__(
        self,
        graph: Csr,
        charter: Charter,
        customs: Customs,
        seed: int,
        chance: Chance | None = None,
    ) -> None:
        mesa.Model.__init__(self, seed=seed)
        Weekly.__init__(self, graph, charter, customs, seed, chance or Drawn(self.random))

    def person(self, nature: Nature) -> Person:
        return Member(self, nature)

    def everybody_lives(self) -> None:
        self.agents.do("live")

    def step(self) -> None:
        """A week."""
        self.row = self.live()
