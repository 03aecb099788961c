"""Friend graphs: making and measuring them, with no help from the engine.

The breadth-first searches here are the other opinion that engines are checked
against. They are deliberately plain and share no code with ``protocol.circles``.

Members are numbers from 0 upwards here, or anything hashable for the searches.
Iteration follows lists and dicts only, so that results depend on nothing but input.
"""

from __future__ import annotations

import random
from collections.abc import Container, Iterable, Mapping
from typing import TypeAlias, TypeVar

from protocol.errors import OpenHouseError

Node = TypeVar("Node")
Edge: TypeAlias = tuple[int, int]
Adjacency: TypeAlias = Mapping[Node, Mapping[Node, object]]
"""For each member its neighbours, as the keys of a mapping."""


class GraphError(OpenHouseError):
    """A graph that cannot be read or made; its text is one sentence for people."""


# --- making ------------------------------------------------------------------------------


def ring(members: int, degree: int) -> list[Edge]:
    """Everybody is a friend of the ``degree / 2`` next on either side. ``degree`` is even."""
    steps = range(1, degree // 2 + 1)
    edges = {_edge(one, (one + step) % members) for one in range(members) for step in steps}
    return sorted(edges)


def small_world(members: int, degree: int, rewiring: float, chance: random.Random) -> list[Edge]:
    """A ring of which a share of the edges lead elsewhere (Watts and Strogatz 1998)."""
    edges = dict.fromkeys(ring(members, degree))
    for edge in list(edges):
        if chance.random() >= rewiring:
            continue
        moved = _edge(edge[0], chance.randrange(members))
        if moved[0] != moved[1] and moved not in edges:
            del edges[edge]
            edges[moved] = None
    return sorted(edges)


def random_graph(members: int, degree: float, chance: random.Random) -> list[Edge]:
    """Each pair are friends with equal chance, ``degree`` friends on average."""
    share = degree / max(1, members - 1)
    pairs = ((one, other) for one in range(members) for other in range(one + 1, members))
    return [pair for pair in pairs if chance.random() < share]


def _edge(one: int, other: int) -> Edge:
    return (one, other) if one < other else (other, one)


def adjacency(members: int, edges: Iterable[Edge]) -> dict[int, dict[int, None]]:
    """Neighbours of each member, lonely ones included."""
    neighbours: dict[int, dict[int, None]] = {member: {} for member in range(members)}
    for one, other in edges:
        neighbours[one][other] = None
        neighbours[other][one] = None
    return neighbours


def pieces(members: int, edges: Iterable[Edge]) -> list[list[int]]:
    """The members of each connected piece, sorted; pieces in order of their first members."""
    neighbours, found = adjacency(members, edges), []
    seen: dict[int, None] = {}
    for first in range(members):
        if first not in seen:
            piece = sorted(hops_from(neighbours, first, members))
            seen |= dict.fromkeys(piece)
            found.append(piece)
    return found


# --- measuring ---------------------------------------------------------------------------


def hops_from(neighbours: Adjacency[Node], origin: Node, limit: int) -> dict[Node, int]:
    """Plain breadth-first search: hops to everybody within ``limit``, ``origin`` at 0."""
    hops = {origin: 0}
    frontier = [origin]
    for distance in range(1, limit + 1):
        reached = []
        for member in frontier:
            for neighbour in neighbours.get(member, ()):
                if neighbour not in hops:
                    hops[neighbour] = distance
                    reached.append(neighbour)
        if not reached:
            break
        frontier = reached
    return hops


def hops_through(
    neighbours: Adjacency[Node], origin: Node, through: Container[Node], limit: int
) -> dict[Node, int]:
    """The same when only the friends ``through`` may pass things on.

    A walk starts with one of them and does not come back to ``origin``. With nobody
    in ``through``, nobody but the origin is reached.
    """
    hops = {origin: 0}
    frontier = [friend for friend in neighbours.get(origin, ()) if friend in through]
    if limit < 1:
        return hops
    hops.update(dict.fromkeys(frontier, 1))
    for distance in range(2, limit + 1):
        reached = []
        for member in frontier:
            for neighbour in neighbours.get(member, ()):
                if neighbour not in hops:
                    hops[neighbour] = distance
                    reached.append(neighbour)
        frontier = reached
    return hops
