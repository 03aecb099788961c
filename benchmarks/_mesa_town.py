"""The peer of an exchange round: the same week by agents of Mesa 3, one Python object for each.

Written as one writes Mesa models: agents with lists of friends, ``AgentSet.do`` for each step of
the week. The rules are those of the model without what it adds for who was disappointed
(reliability, repair): a peer that does less. Confiance counts good counterparties, whoever looks.
"""

from __future__ import annotations

import math

import mesa

from simulations.population.csr import Csr
from simulations.scenario_population import NEED_MEDIAN_PER_WEEK, NEED_SIGMA


class Member(mesa.Agent):  # type: ignore[misc]
    """Somebody with friends, things and a need."""

    def __init__(self, model: Town, number: int) -> None:
        super().__init__(model)
        self.number = number
        self.friends: list[Member] = []
        self.things = model.random.randint(1, 3)
        need = model.random.lognormvariate(math.log(NEED_MEDIAN_PER_WEEK), NEED_SIGMA)
        self.wants = 1.0 - math.exp(-need * model.needs)
        self.good: set[int] = set()
        self.engaged: dict[int, int] = {}
        self.good_with: dict[int, int] = {}

    @property
    def circles(self) -> int:
        if len(self.good) >= 5:
            return 3
        return 2 if len(self.good) >= 2 else 1

    def want(self) -> None:
        """Ask one of those whom the open circles show."""
        if self.random.random() >= self.wants:
            return
        before: dict[Member, Member | None] = {self: None}
        frontier = [self]
        for _ in range(self.circles):
            reached = []
            for person in frontier:
                for friend in person.friends:
                    if friend not in before:
                        before[friend] = person
                        reached.append(friend)
            frontier = reached
        holders = [person for person in before if person.things > 0 and person is not self]
        if not holders:
            return
        path = [self.random.choice(holders)]
        while (nearer := before[path[-1]]) is not self:
            assert nearer is not None
            path.append(nearer)
        self.model.requests.append((self, path[::-1]))

    def has_unit(self, friend: Member) -> bool:
        good = self.good_with.get(friend.number, 0)
        return self.engaged.get(friend.number, 0) < 1 + (good >= 1) + (good >= 3)


class Town(mesa.Model):  # type: ignore[misc]
    """A town of them."""

    def __init__(self, graph: Csr, needs: float, seed: int) -> None:
        super().__init__(seed=seed)
        self.needs = needs
        self.members = [Member(self, number) for number in range(graph.members)]
        for member in self.members:
            member.friends = [self.members[friend] for friend in graph.friends(member.number)]
        self.requests: list[tuple[Member, list[Member]]] = []
        self.out: list[tuple[Member, list[Member]]] = []

    def step(self) -> None:
        """A week: what was lent comes back, people want things, requests are answered."""
        for borrower, path in self.out:
            self.give_back(borrower, path)
        self.out, self.requests = [], []
        self.agents.do("want")
        self.random.shuffle(self.requests)
        for borrower, path in self.requests:
            if path[-1].things > 0 and self.engage(borrower, path):
                path[-1].things -= 1
                self.out.append((borrower, path))

    def engage(self, borrower: Member, path: list[Member]) -> bool:
        if len(path) == 1:
            return True
        sides = list(zip(path, [borrower, *path], strict=False))
        if not all(giver.has_unit(friend) for giver, friend in sides):
            return False
        for giver, friend in sides:
            giver.engaged[friend.number] = giver.engaged.get(friend.number, 0) + 1
        return True

    def give_back(self, borrower: Member, path: list[Member]) -> None:
        holder = path[-1]
        holder.things += 1
        holder.good.add(borrower.number)
        borrower.good.add(holder.number)
        if len(path) == 1:
            for one, other in ((holder, borrower), (borrower, holder)):
                one.good_with[other.number] = one.good_with.get(other.number, 0) + 1
            return
        for giver, friend in zip(path, [borrower, *path], strict=False):
            giver.engaged[friend.number] -= 1
