"""Graphs of the population model: the same friendships, and the same reach, as plain searches."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.graphs import Edge, GraphError, adjacency, hops_from
from simulations.population import generate
from simulations.population.csr import Csr, csr_of_edges, open_csr, renumbered
from simulations.population.draws import Purpose, draw, mixed, stream, uniform
from simulations.population.reach import reach, spread_of
from simulations.population.readers import read_graph
from simulations.population.shape import largest_piece, near_order, pieces_of, shape_of
from simulations.population.towns import town
from simulations.scenario_population import TownPlan

MEMBERS = 12
graphs = st.lists(st.tuples(st.integers(0, MEMBERS - 1), st.integers(0, MEMBERS - 1)), max_size=40)


def made(seed: int, threads: int | None = None) -> dict[str, Csr]:
    """One graph of every kind."""
    plan = TownPlan(town=400, clubs=2)
    return {
        "town": town(1500, plan, seed, threads),
        "small-world": generate.small_world(1500, 6, 0.2, seed, threads),
        "blocks": generate.blocks(1500, 100, 5.0, 1.0, seed, threads),
        "random": generate.random_graph(1500, 6.0, seed, threads),
        "preferential": generate.preferential(1500, 3, seed),
    }


@given(graphs)
def test_rows_hold_every_friendship_once_from_both_sides(edges: list[Edge]) -> None:
    graph = csr_of_edges(MEMBERS, edges)

    expected = adjacency(MEMBERS, [edge for edge in edges if edge[0] != edge[1]])
    assert [sorted(expected[member]) for member in range(MEMBERS)] == [
        graph.friends(member) for member in range(MEMBERS)
    ]
    assert graph.friendships == len(graph.edges())


@given(graphs, st.integers(1, 4))
def test_reach_is_what_a_plain_search_finds_in_every_circle(
    edges: list[Edge], circles: int
) -> None:
    graph = csr_of_edges(MEMBERS, edges)

    neighbours = adjacency(MEMBERS, graph.edges())
    expected = [
        [list(hops_from(neighbours, m, circles).values()).count(c + 1) for c in range(circles)]
        for m in range(MEMBERS)
    ]
    assert expected == reach(graph, circles).tolist()


@given(graphs, st.permutations(range(MEMBERS)))
def test_other_numbers_change_nobody_s_reach(edges: list[Edge], order: list[int]) -> None:
    graph, number_of = csr_of_edges(MEMBERS, edges), np.array(order, np.int32)

    again = renumbered(graph, number_of)

    assert reach(graph, 3).tolist() == reach(again, 3)[number_of].tolist()
    assert sorted(near_order(graph).tolist()) == list(range(MEMBERS))


@given(graphs)
def test_pieces_and_shape_are_those_that_another_program_finds(edges: list[Edge]) -> None:
    graph = csr_of_edges(MEMBERS, edges)
    other: nx.Graph[int] = nx.Graph()
    other.add_nodes_from(range(MEMBERS))
    other.add_edges_from(graph.edges())

    shape, pieces = shape_of(graph), pieces_of(graph)

    components = [sorted(piece) for piece in nx.connected_components(other)]
    assert len(components) == shape.pieces
    assert all(len({int(pieces[m]) for m in component}) == 1 for component in components)
    assert largest_piece(graph).members == max(map(len, components))
    counted = [m for m in range(MEMBERS) if other.degree(m) >= 2]
    clustering = [float(nx.clustering(other, m)) for m in counted]  # type: ignore[arg-type]
    assert shape.clustering == pytest.approx(sum(clustering) / len(counted) if counted else 0.0)


def test_every_graph_is_the_same_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulations.population.compiled.MEMBERS_AT_ONCE", 100)

    for name, graph in made(seed=5, threads=1).items():
        again = made(seed=5, threads=3)[name]
        assert graph.neighbours.tolist() == again.neighbours.tolist(), name
        assert graph.neighbours.tolist() != made(seed=6)[name].neighbours.tolist(), name
        sizes = reach(graph, 2, threads=1)
        assert sizes.tolist() == reach(graph, 2, threads=3).tolist(), name


def test_graphs_have_about_as_many_friends_as_asked_for() -> None:
    graphs = made(seed=1)

    means = {name: 2 * graph.friendships / graph.members for name, graph in graphs.items()}

    plan = TownPlan(clubs=2)
    assert plan.friends * 0.85 < means["town"] < plan.friends * 1.15
    assert 5.9 < means["small-world"] <= 6
    assert 5.7 < means["blocks"] < 6.3
    assert 5.7 < means["random"] < 6.3
    assert 5.7 < means["preferential"] <= 6
    assert shape_of(graphs["town"]).clustering > 20 * shape_of(graphs["random"]).clustering
    assert graphs["preferential"].degrees().max() > 3 * graphs["random"].degrees().max()


def test_a_ring_is_a_small_world_of_which_nothing_leads_elsewhere() -> None:
    graph = generate.small_world(10, 4, 0.0, 1)

    assert [1, 2, 8, 9] == graph.friends(0)


@given(st.integers(0, 2**64 - 1))
def test_the_hash_is_splitmix64_in_python_as_in_kernels(number: int) -> None:
    x = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64

    assert (x ^ x >> 31) == mixed(np.uint64(number))


def test_draws_of_a_stream_are_even_and_belong_to_seed_purpose_and_round() -> None:
    purposes = (Purpose.WANTS, Purpose.FAILS)
    streams = [stream(seed, p, step) for seed in (1, 2) for p in purposes for step in (0, 1)]
    shares = [uniform(np.uint64(draw(streams[0], number))) for number in range(4000)]

    assert len(streams) == len(dict.fromkeys(map(int, streams)))
    assert 0.48 < sum(shares) / len(shares) < 0.52
    assert [pytest.approx(400, abs=80)] * 10 == np.histogram(shares, 10, (0, 1))[0].tolist()


def test_the_spread_of_a_number_is_said_by_its_quantiles() -> None:
    spread = spread_of(np.arange(101, dtype=np.int32))

    assert (50.0, 50.0, 10.0, 90.0, 100) == (
        spread.mean, spread.median, spread.tenth, spread.ninetieth, spread.largest,
    )  # fmt: skip


def test_a_saved_graph_is_mapped_and_the_same_and_a_damaged_one_refused(tmp_path: Path) -> None:
    graph = town(500, TownPlan(), 3)
    graph.save(tmp_path / "saved")

    assert graph.edges() == open_csr(tmp_path / "saved").edges()
    assert graph.edges() == read_graph(tmp_path / "saved").edges()

    rows = graph.neighbours.copy()
    rows[0] = 2_000_000
    Csr(graph.offsets, rows).save(tmp_path / "damaged")
    with pytest.raises(GraphError, match="damaged: the friends of member 0"):
        read_graph(tmp_path / "damaged")
