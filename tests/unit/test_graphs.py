"""Edge lists are read as people keep them; made graphs are what their names say."""

from __future__ import annotations

import lzma
import random
from pathlib import Path

import pytest

from simulations.graphs import (
    GraphError,
    adjacency,
    hops_from,
    hops_through,
    random_graph,
    read_edges,
    ring,
    small_world,
)


def test_members_are_numbered_anew_and_an_edge_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "few.edges"
    path.write_text("# a comment\n10 20\n20 10\n\n20 700   # the second\n")

    assert [(0, 1), (1, 2)] == read_edges(path)


def test_a_packed_list_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "few.edges.xz"
    path.write_bytes(lzma.compress(b"3 1\n1 2\n"))

    assert [(0, 1), (0, 2)] == read_edges(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"1 2\n1\n", "line 2: an edge is two whole numbers"),
        (b"1 2 3\n", "line 1: an edge is two whole numbers"),
        (b"a b\n", "line 1: an edge is two whole numbers"),
        (b"1 -2\n", "line 1: an edge is two whole numbers"),
        (b"4 4\n", "line 1: 4 cannot be a friend of itself"),
        (b"\n# nothing\n", "holds no edges"),
        (b"\xff\xfe", "not a text of numbers"),
    ],
)
def test_what_is_not_an_edge_list_is_named_with_its_line(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.edges"
    path.write_bytes(content)

    with pytest.raises(GraphError, match=sentence):
        read_edges(path)


def test_a_file_that_is_not_there_or_not_packed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="cannot be read: No such file"):
        read_edges(tmp_path / "none.edges")
    damaged = tmp_path / "bad.edges.xz"
    damaged.write_bytes(b"1 2\n")
    with pytest.raises(GraphError, match="not an xz file, or is damaged"):
        read_edges(damaged)
    damaged.write_bytes(lzma.compress(b"1 2\n" * 500)[:-20])
    with pytest.raises(GraphError, match="not an xz file, or is damaged"):
        read_edges(damaged)


def test_in_a_ring_everybody_has_the_same_friends_on_either_side() -> None:
    assert [(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)] == ring(5, 2)
    neighbours = adjacency(9, ring(9, 4))
    assert {4} == {len(friends) for friends in neighbours.values()}


def test_a_small_world_keeps_its_number_of_edges_and_is_drawn_by_its_generator() -> None:
    one, other = (small_world(30, 4, 0.3, random.Random(seed)) for seed in (1, 2))

    assert len(ring(30, 4)) == len(one) == len(other)
    assert one == small_world(30, 4, 0.3, random.Random(1))
    assert one != other
    assert ring(30, 4) == small_world(30, 4, 0.0, random.Random(1))


def test_a_random_graph_has_about_the_degree_asked_for() -> None:
    edges = random_graph(200, 6.0, random.Random(1))

    assert 5.0 < 2 * len(edges) / 200 < 7.0
    assert all(one < other for one, other in edges)


def test_a_search_stops_at_its_limit() -> None:
    line = adjacency(5, [(0, 1), (1, 2), (2, 3), (3, 4)])

    assert {0: 0} == hops_from(line, 0, 0)
    assert {0: 0, 1: 1, 2: 2} == hops_from(line, 0, 2)


def test_a_search_through_some_friends_starts_with_them_and_never_returns() -> None:
    #   1 - 3
    #  /     \        0 knows 1 and 2; only 1 may pass things on.
    # 0 - 2 - 4
    neighbours = adjacency(5, [(0, 1), (0, 2), (1, 3), (3, 4), (2, 4)])

    assert {0: 0, 1: 1, 3: 2, 4: 3} == hops_through(neighbours, 0, (1,), 3)
    assert 4 == hops_through(neighbours, 0, (1,), 4)[2]
    assert {0: 0} == hops_through(neighbours, 0, (), 3)
    assert {0: 0} == hops_through(neighbours, 0, (1,), 0)
