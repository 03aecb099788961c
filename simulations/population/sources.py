"""Where the friendships of a scenario come from: a generator, or a file."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulations.population import generate
from simulations.population.csr import Csr, renumbered
from simulations.population.readers import read_graph
from simulations.population.shape import largest_piece, near_order, pieces_of
from simulations.population.towns import town
from simulations.scenario import Population, refused_pieces

_FRIEND_BYTES: Final = 18


def friendships(population: Population, members: int, seed: int, threads: int | None = None) -> Csr:
    """Make or read the graph of a scenario.

    Raises:
        GraphError: a file is no graph of friends.
        ScenarioError: it is one, and not what the scenario asks for.
    """
    degree = population.degree
    match population.graph:
        case "edges":
            assert population.edges is not None, "checked when the scenario was read"
            return _in_pieces(population, read_graph(population.edges))
        case "ring":
            return generate.small_world(members, degree, 0.0, seed, threads)
        case "small-world":
            return generate.small_world(members, degree, population.rewiring, seed, threads)
        case "random":
            return generate.random_graph(members, degree, seed, threads)
        case "preferential":
            return generate.preferential(members, max(1, degree // 2), seed, population.triads)
        case "blocks":
            blocks = population.blocks
            return generate.blocks(
                members, blocks.size, blocks.inside, blocks.outside, seed, threads
            )
        case "town":
            return town(members, population.town, seed, threads)


def friends_expected(population: Population) -> float:
    """How many friends somebody has on average, before the graph is made."""
    match population.graph:
        case "town":
            return population.town.friends
        case "blocks":
            return population.blocks.inside + population.blocks.outside
        case _:
            return float(population.degree)


def made_bytes(members: int, friends: float) -> float:
    """The memory that a graph takes while it is made: pairs twice, and two rows."""
    return members * (24 + friends * _FRIEND_BYTES)


def _in_pieces(population: Population, graph: Csr) -> Csr:
    """A file's graph, in an order that keeps friends near."""
    sizes = np.bincount(pieces_of(graph))
    if len(sizes) > 1 and population.pieces == "one":
        raise refused_pieces(population, graph.members, int(sizes.max()), len(sizes))
    if population.pieces == "largest":
        graph = largest_piece(graph)
    return renumbered(graph, near_order(graph))
