"""Chance for people of a town: Python's own generator, or the model's hashes.

With the generator a Mesa program draws as fast as one does; with hashes the very same people
want the same things of the same holders as in the model, so that all counts must be equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

import numpy as np

from benchmarks._town_people import Person, Request
from simulations.population.draws import Purpose, draw, stream, uniform


class Chance(Protocol):
    """All that is drawn after the first day."""

    def happens(
        self, purpose: Purpose, who: Person, chance: float, stage: int | None = None
    ) -> bool:
        """Whether something happens to somebody this week."""

    def choice(self, who: Person, holders: list[Person]) -> Person:
        """Whom somebody asks."""

    def in_turn(self, requests: list[Request]) -> Sequence[Request]:
        """In which order somebody looks at several requests."""


@dataclass(slots=True)
class Drawn:
    """As most models draw."""

    random: Random

    def happens(
        self, purpose: Purpose, who: Person, chance: float, stage: int | None = None
    ) -> bool:
        return self.random.random() < chance

    def choice(self, who: Person, holders: list[Person]) -> Person:
        return self.random.choice(holders)

    def in_turn(self, requests: list[Request]) -> Sequence[Request]:
        self.random.shuffle(requests)
        return requests


@dataclass(slots=True)
class Hashed:
    """As the model draws; see ``simulations.population.draws``."""

    seed: int

    def happens(
        self, purpose: Purpose, who: Person, chance: float, stage: int | None = None
    ) -> bool:
        own = self._own(purpose, who)
        if stage is not None:
            own = np.uint64(draw(own, stage))
        return bool(uniform(own) < chance)

    def choice(self, who: Person, holders: list[Person]) -> Person:
        own = self._own(Purpose.CHOICE, who)
        return min(holders, key=lambda holder: int(draw(own, holder.number)))

    def in_turn(self, requests: list[Request]) -> Sequence[Request]:
        priority = Purpose.PRIORITY
        return sorted(requests, key=lambda request: self._own(priority, request.borrower))

    def _own(self, purpose: Purpose, who: Person) -> np.uint64:
        return np.uint64(draw(stream(self.seed, purpose, who.model.week), who.number))
