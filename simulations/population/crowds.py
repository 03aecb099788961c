"""Crowds in a population: invented people beside the members of a graph, and what they begin with.

Attackers want something every week, bring nothing back and make nothing good. They list things,
and none is ever at home. In the week before the first, all friends within the crowd have lent to
each other, both ways, and said that it went well.

Spec: §12.1, §12.7. Shapes: ``simulations.shapes``.
"""

from __future__ import annotations

import random
from typing import Final

import numpy as np

from simulations.graphs import Edge
from simulations.population import loans
from simulations.population.asking import People
from simulations.population.compiled import Offsets, Truths
from simulations.population.csr import Csr, Graph, csr_of
from simulations.population.loans import Manners
from simulations.population.words import BEFORE, GOOD, NewWords, ends_at
from simulations.shapes import Crowd, CrowdPlan, ShapeError, crowd_of
from simulations.tables import ScenarioError

PRAISED: Final = 2
"""Good loans with each friend within the crowd: one each way."""


def with_crowd(graph: Csr, plan: CrowdPlan, seed: int) -> tuple[Csr, Crowd]:
    """A graph with a crowd beside it, whose numbers go on from the last member's.

    Raises:
        ScenarioError: there cannot be such a crowd.
    """
    chance = random.Random(f"crowd {seed}")
    try:
        crowd = crowd_of(graph.degrees().tolist(), graph.friends, plan, chance)
    except ShapeError as error:
        raise ScenarioError("people.sybils", f"a crowd that can be ({error})") from error
    owners = graph.owners()
    is_once = owners < graph.neighbours
    new = np.array(crowd.new_edges, np.int32).reshape(-1, 2)
    one = np.concatenate([owners[is_once], new[:, 0]])
    other = np.concatenate([graph.neighbours[is_once], new[:, 1]])
    return csr_of(graph.members + plan.sybils, one, other), crowd


def family_pairs(crowd: Crowd) -> list[Edge]:
    """All friendships between two of the crowd, those that two who turn had before among them."""
    return [*crowd.family, *([(crowd.turned[0], crowd.turned[1])] if crowd.turned else [])]


def armed(people: People, manners: Manners, crowd: Crowd) -> Manners:
    """Give attackers what they want and have, and a temper of their own."""
    attackers = crowd.attackers
    people.wants[attackers] = 1.0
    people.owned[attackers], people.free[attackers] = 1, 0
    manners.of[attackers] = len(manners.fails)
    return Manners(
        manners.of,
        np.append(manners.fails, 1.0),
        np.append(manners.makes_good, 0.0),
        np.append(manners.slanders, 0.0),
    )


def praise(crowd: Crowd) -> NewWords:
    """What the crowd has said of itself before the first week."""
    pairs = np.array(family_pairs(crowd), np.int32).reshape(-1, 2)
    ends = [ends_at(BEFORE, is_second) for is_second in (False, True)]
    subjects = np.concatenate([pairs[:, 0], pairs[:, 1]] * 2)
    raters = np.concatenate([pairs[:, 1], pairs[:, 0]] * 2)
    return NewWords(
        subjects,
        raters,
        np.repeat(np.array(ends, np.int32), 2 * len(pairs)),
        np.full(len(subjects), GOOD, np.uint8),
    )


def places_within(graph: Graph, crowd: Crowd) -> Offsets:
    """Where, in the rows, one of the crowd is the friend of another."""
    pairs = np.array(family_pairs(crowd), np.int32).reshape(-1, 2)
    one, other = pairs[:, 0], pairs[:, 1]
    return loans.places_of(graph, np.concatenate([one, other]), np.concatenate([other, one]))


def attackers_of(members: int, crowd: Crowd | None) -> Truths:
    """Who of all members belongs to the crowd."""
    is_attacker = np.zeros(members, np.bool_)
    if crowd is not None:
        is_attacker[crowd.attackers] = True
    return is_attacker
