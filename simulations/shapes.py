"""Shapes of a crowd: what invented people are to each other, and where they join the real ones.

A *crowd* is made beside a graph of honest members: numbers that go on from the last of them, the
friendships within the crowd, and the *attack edges*, each between an honest member and one of the
crowd. Both models take it: ``simulations.attack`` with real engines, ``population.crowds`` with
arrays. Nothing is drawn but from the generator that is given.

Where everybody is invented, the first of them are *gates*, one for each attack edge as far as
there are enough; all other shapes hang on these. Where two real members *turn*, there is nothing
to join: their own friendships are the attack edges, and each of them has co-opted every invention.

Spec: §12.7. Shapes: MeritRank (Nasrulin et al. 2022); attack edges: SybilGuard (Yu et al. 2006).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final, Literal, TypeAlias, get_args

from protocol.errors import OpenHouseError
from simulations.graphs import Edge

Shape: TypeAlias = Literal["parallel", "path", "cycle", "clique"]
Place: TypeAlias = Literal["random", "hubs", "newcomers", "sponsors"]

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
PLACES: Final[tuple[Place, ...]] = get_args(Place)


class ShapeError(OpenHouseError):
    """A crowd that cannot be; its text is one sentence for people."""


@dataclass(frozen=True, slots=True)
class CrowdPlan:
    """What crowd to make.

    Args:
        sybils: invented people.
        attack_edges: friendships with the honest; 0 where two members turn.
        shape: "parallel" (side by side, each a friend of a gate alone), "path", "cycle", or
            "clique" (each a friend of each).
        at: whom the attack edges lead to: "random" members, "hubs" (those with most friends; lots
            among equals), "newcomers" (the last numbers, for numbers are given as people come), or
            "sponsors" (two real members, friends of each other, who turn with all their friends).
    """

    sybils: int
    attack_edges: int
    shape: Shape = "parallel"
    at: Place = "random"


@dataclass(frozen=True, slots=True)
class Crowd:
    """The attackers among others.

    Args:
        sybils: their numbers.
        turned: real members who attack with them.
        family: friendships within the crowd that are not in the graph yet.
        attack_edges: the honest member first.
    """

    sybils: range
    turned: tuple[int, ...]
    family: tuple[Edge, ...]
    attack_edges: tuple[Edge, ...]

    @property
    def attackers(self) -> list[int]:
        return [*self.sybils, *self.turned]

    @property
    def new_edges(self) -> list[Edge]:
        """All friendships that the graph gets; those of members who turn it has."""
        return [*([] if self.turned else self.attack_edges), *self.family]


def crowd_of(
    degrees: Sequence[int],
    friends_of: Callable[[int], Sequence[int]],
    plan: CrowdPlan,
    chance: random.Random,
) -> Crowd:
    """A crowd beside a graph of honest members.

    Args:
        degrees: how many friends each member has, and so how many members there are.
        friends_of: the friends of one of them.

    Raises:
        ShapeError: there cannot be such a one.
    """
    members = len(degrees)
    if plan.sybils < 1:
        raise ShapeError("An attack needs one invented person at least.")
    sybils = range(members, members + plan.sybils)
    if plan.at == "sponsors":
        return _behind_sponsors(degrees, friends_of, plan, sybils, chance)
    if not 1 <= plan.attack_edges <= members:
        raise ShapeError(f"There are {members} honest members: give 1 to {members} attack edges.")
    gates = min(plan.attack_edges, plan.sybils)
    victims = _victims(degrees, plan, chance)
    # Fewer of them than edges: some have several victims.
    attack_edges = [(victim, sybils[place % gates]) for place, victim in enumerate(victims)]
    return Crowd(sybils, (), tuple(family(sybils, gates, plan.shape)), tuple(attack_edges))


def family(sybils: Sequence[int], gates: int, shape: Shape) -> list[Edge]:
    """The friendships within a crowd; the first ``gates`` of them have friends outside."""
    match shape:
        case "parallel":
            hanging = range(gates, len(sybils))
            hung = [(sybils[number % gates], sybils[number]) for number in hanging]
            # All gates know each other: a family with its own sponsors.
            return hung + [(sybils[0], gate) for gate in sybils[1:gates]]
        case "path":
            return list(pairwise(sybils))
        case "cycle":
            closing = [(sybils[0], sybils[-1])] if len(sybils) > 2 else []
            return [*pairwise(sybils), *closing]
        case "clique":
            return list(combinations(sybils, 2))


def family_size(plan: CrowdPlan) -> int:
    """How many friendships the crowd makes, before it is made."""
    within = plan.sybils
    if plan.shape == "clique":
        within = plan.sybils * (plan.sybils - 1) // 2
    return within + (2 * plan.sybils if plan.at == "sponsors" else plan.attack_edges)


def _victims(degrees: Sequence[int], plan: CrowdPlan, chance: random.Random) -> list[int]:
    members, count = range(len(degrees)), plan.attack_edges
    match plan.at:
        case "hubs":
            least = sorted(degrees, reverse=True)[count - 1]
            above = [member for member in members if degrees[member] > least]
            equal = [member for member in members if degrees[member] == least]
            return above + chance.sample(equal, count - len(above))
        case "newcomers":
            return list(members[len(members) - count :])
        case _:
            return chance.sample(members, count)


def _behind_sponsors(
    degrees: Sequence[int],
    friends_of: Callable[[int], Sequence[int]],
    plan: CrowdPlan,
    sybils: range,
    chance: random.Random,
) -> Crowd:
    if plan.attack_edges:
        raise ShapeError(
            "The friendships of the two sponsors are the attack edges: give no number of them."
        )
    # With one friend alone, who turns as well, there would be nobody to take from.
    known = [member for member in range(len(degrees)) if degrees[member] >= 2]
    if not known:
        raise ShapeError("Nobody has two friends, so that no two friends could turn together.")
    first = chance.choice(known)
    turned = (first, chance.choice(friends_of(first)))
    attack_edges = [
        (friend, sponsor) for sponsor in turned for friend in friends_of(sponsor)
        if friend not in turned
    ]  # fmt: skip
    joined = [(sponsor, sybil) for sybil in sybils for sponsor in turned]
    among = [] if plan.shape == "parallel" else family(sybils, 1, plan.shape)
    return Crowd(sybils, turned, tuple(joined + among), tuple(attack_edges))
