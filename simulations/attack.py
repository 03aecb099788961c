"""The crowd behind a few friendships: how much can invented people borrow and keep?

Sybils join a real graph by a few attack edges, or stand behind two real members who turn
(``simulations.shapes``). They rate each other well until every circle is open to them, ask
everybody for everything, and bring nothing back. The honest are as generous as their nodes let
them be: they pass on whatever they are asked to, and lend whatever is asked for. Everything goes
through real engines.

What is counted: the loans that Sybils hold from beyond circle 1, against ``C``, the sum of the
capacities that honest members give over the attack edges; and each lender's open loans
against what that lender gives its own friends. The family's homes tell each other nothing that
they need not: an attacker has no use for the gossip of a thousand inventions. With
``capacity_max`` 0 nobody counts, and the same crowd shows why somebody must.

Spec: §12.7; design 8.5.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from protocol.errors import OpenHouseError
from simulations.attack_waves import Attack, Damage, Waves
from simulations.collector import quiet_collector
from simulations.edge_files import read_friends
from simulations.graphs import Edge, adjacency
from simulations.memory_of_towns import Town, attack_bytes, attack_need
from simulations.shapes import Crowd, ShapeError, crowd_of

__all__ = ["Attack", "AttackError", "Damage", "attack_on", "refuse_before", "run_attack"]


class AttackError(OpenHouseError):
    """What was asked for cannot be run; its text is one sentence for people."""


def run_attack(graph: Path, attack: Attack, *, shows_progress: bool = True) -> Damage:
    """Read a graph of honest members and let the crowd at it.

    Raises:
        GraphError, AttackError: nothing was run.
    """
    friends = read_friends(graph)
    return attack_on(friends.members, friends.edges, attack, shows_progress=shows_progress)


def refuse_before(graph: Path, attacks: Sequence[Attack], at_a_time: int) -> None:
    """Refuse attacks that cannot be, or do not fit into the memory, before any of them is run.

    Args:
        at_a_time: how many of them are run beside each other.

    Raises:
        GraphError, AttackError: one of them cannot be run.
    """
    friends = read_friends(graph)
    town = Town(friends.members, friends.edges)
    need = attack_need([attack_bytes(town, one.crowd, one.circles) for one in attacks], at_a_time)
    if not need.fits:
        raise AttackError(
            f"This {need}: give fewer --sybils, --edges or --circles, another --shape than clique, "
            "or a smaller graph."
        )
    for attack in attacks:
        _crowd(town.neighbours, attack)


def attack_on(
    honest: int, edges: list[Edge], attack: Attack, *, shows_progress: bool = False
) -> Damage:
    """Let the crowd at a graph of honest members.

    Raises:
        AttackError: nothing was run.
    """
    crowd = _crowd(adjacency(honest, edges), attack)
    with quiet_collector():
        return Waves(honest, edges, attack, crowd, shows_progress=shows_progress).run()


def _crowd(neighbours: dict[int, dict[int, None]], attack: Attack) -> Crowd:
    degrees = [len(friends) for friends in neighbours.values()]
    chance = random.Random(f"attack {attack.seed}")
    try:
        return crowd_of(degrees, lambda member: list(neighbours[member]), attack.crowd, chance)
    except ShapeError as error:
        raise AttackError(str(error)) from error
