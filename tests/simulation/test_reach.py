"""Listings get exactly as far as a plain search says, on real and on made graphs."""

from __future__ import annotations

import lzma
import random
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest

from node.engine.commands import AddThing, Command
from node.engine.events import Json
from simulations.graphs import adjacency, hops_from, hops_through, random_graph
from simulations.listed_town import ListedTown
from simulations.reach import ReachError, ReachPlan, ReachResult, reach, run_reach


def assert_exact(result: ReachResult) -> None:
    assert (0, 0, True) == (result.missing, result.extra, result.at_rest)
    assert result.expected == result.seen
    assert 1.0 <= result.copies_per_delivery < 1.2


@pytest.mark.slow
@pytest.mark.parametrize("circles", [1, 2, 3])
def test_in_the_karate_club_every_listing_is_where_it_must_be(
    circles: int, shared_file: Callable[[str], Path]
) -> None:
    path = shared_file("data/karate.edges.xz")

    result = run_reach(path, circles, None, 1, shows_progress=False)

    assert (34, 78, 34) == (result.members, result.edges, result.holders)
    assert_exact(result)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("circles", [2, 4])
def test_on_a_random_graph_every_listing_is_where_it_must_be(circles: int, seed: int) -> None:
    edges = random_graph(40, 3.5, random.Random(seed))
    holders = list(range(0, 40, 3))

    assert_exact(reach(40, edges, holders, circles, seed))


@pytest.mark.parametrize("circles", [1, 2, 3])
def test_after_friendships_ended_and_things_were_narrowed_all_is_exact_again(circles: int) -> None:
    edges = random_graph(30, 3.5, random.Random(circles))

    result = reach(30, edges, list(range(0, 30, 2)), circles, circles, ReachPlan(0.2, 0.3))

    assert_exact(result)
    after = result.after
    assert after is not None
    assert result.is_good
    assert (round(0.2 * len(edges)), round(0.3 * 15)) == (after.ended, after.narrowed)
    assert (0, 0, True) == (after.missing, after.extra, after.at_rest)
    assert after.expected < result.expected


def test_engines_that_hear_of_no_end_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comparison would notice: here the truth changes and the town does not."""
    edges = random_graph(20, 3.5, random.Random(1))
    monkeypatch.setattr(ListedTown, "_command", _only_adds(ListedTown._command))

    result = reach(20, edges, list(range(20)), 2, 1, ReachPlan(end=0.2))

    assert (0, 0) == (result.missing, result.extra)
    assert result.after is not None
    assert result.after.extra > 0
    assert not result.is_good


def _only_adds(real: Callable[[ListedTown, int, Command], Json]) -> Callable[..., Json]:
    def command(town: ListedTown, number: int, asked: Command) -> Json:
        return real(town, number, asked) if isinstance(asked, AddThing) else None

    return command


def test_after_a_warm_up_few_copies_are_more_than_were_needed() -> None:
    edges = random_graph(30, 3.5, random.Random(1))

    result = reach(30, edges, [1, 5, 9], 2, 1, ReachPlan(warm_up_ms=600_000))

    assert_exact(result)
    assert result.copies_per_delivery == pytest.approx(1 + result.superfluous_per_delivery)
    assert 600 * 2 <= result.simulated_seconds < 600 * 2 + 600
    assert (0, result.expected % 4) == (result.missing, 0)


def test_the_plain_search_agrees_with_networkx() -> None:
    """The other opinion has another opinion of its own."""
    for seed in range(5):
        edges = random_graph(60, 3.0, random.Random(seed))
        graph: nx.Graph[int] = nx.Graph(edges)
        graph.add_nodes_from(range(60))
        neighbours = adjacency(60, edges)
        for origin in range(0, 60, 7):
            for limit in (0, 1, 2, 3):
                expected = nx.single_source_shortest_path_length(graph, origin, cutoff=limit)
                assert dict(expected) == hops_from(neighbours, origin, limit)


def test_the_plain_search_through_some_friends_agrees_with_networkx() -> None:
    for seed in range(5):
        edges = random_graph(40, 4.0, random.Random(seed))
        neighbours = adjacency(40, edges)
        origin = 0
        through = list(neighbours[origin])[:2]
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_edges_from((a, b) for a, b in edges if origin not in (a, b))
        graph.add_edges_from((b, a) for a, b in edges if origin not in (a, b))
        graph.add_edges_from((origin, friend) for friend in through)
        expected = nx.single_source_shortest_path_length(graph, origin, cutoff=3)

        assert dict(expected) == hops_through(neighbours, origin, through, 3)


def test_holders_are_drawn_by_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "ring.edges"
    path.write_text("".join(f"{one} {(one + 1) % 30}\n" for one in range(30)))

    first = run_reach(path, 2, 5, 1, shows_progress=False)

    assert_exact(first)
    assert (30, 5, 20) == (first.members, first.holders, first.expected)


@pytest.mark.parametrize("circles", [0, 5])
def test_circles_beyond_what_exists_are_refused(circles: int, tmp_path: Path) -> None:
    path = tmp_path / "pair.edges"
    path.write_text("1 2\n")

    with pytest.raises(ReachError, match="--circles must be 1 to 4"):
        run_reach(path, circles, None, 1, shows_progress=False)


def test_more_holders_than_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pair.edges.xz"
    path.write_bytes(lzma.compress(b"1 2\n"))

    with pytest.raises(ReachError, match="--holders must be 1 to 2"):
        run_reach(path, 1, 3, 1, shows_progress=False)
