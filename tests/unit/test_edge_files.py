"""Files of friendships: every kind gives the same graph, and what is none is one sentence.

What is said of ``read_friends`` is said of ``read_graph`` too, the faster reader of the population
model.
"""

from __future__ import annotations

import lzma
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulations.edge_files import Friends, read_friends, write_friends
from simulations.graphs import Edge, GraphError
from simulations.population.readers import read_graph

MEMBERS = 9
ENDINGS = ("edges", "csv", "metis", "graphml")
TRIANGLE_AND_TAIL = [(0, 1), (0, 2), (1, 2), (2, 3)]
GRAPHML = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="{}">
<node id="n0"/><node id="n1"/><node id="n2"/><node id="n3"/>
<edge source="n0" target="n1"/><edge source="n0" target="n2"/><edge source="n1" target="n2"/>
<edge source="n2" target="n3"/>{}</graph></graphml>"""

edge_lists = st.sets(
    st.tuples(st.integers(0, MEMBERS - 1), st.integers(0, MEMBERS - 1)).filter(
        lambda edge: edge[0] < edge[1]
    ),
    min_size=1,
).map(sorted)
lines = st.lists(
    st.sampled_from(["1 2", "2 1", "2 3", "3 2", "3 3", "1", "1 x", "", "# 7 8", "4 5%", " 9\t8 "])
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.edges", "# people\n10 20\n\n10 30\n30 20\n30 40  # the tail\n"),
        ("a.edges", "10 20\n20 10\n10 30\n30 10\n20 30\n30 20\n30 40\n40 30\n"),
        ("a.txt", "0\t1\n0\t2\n1\t2\r\n2\t3"),
        ("a.csv", "source,target,since\nana,luc,2019\nana,mia,2020\nluc,mia,2020\nmia,tom,2021\n"),
        ("b.csv", "7;8\n7;9\n8;9\n9;12\n"),
        ("a.metis", "% a comment\n4 4\n2 3\n1 3\n1 2 4\n3\n"),
        ("a.graphml", GRAPHML.format("undirected", "")),
    ],
)
def test_every_kind_of_file_gives_the_same_friendships(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / f"{name}.xz").write_bytes(lzma.compress(text.encode()))

    for path in (tmp_path / name, tmp_path / f"{name}.xz"):
        assert Friends(4, TRIANGLE_AND_TAIL) == read_friends(path)
        assert TRIANGLE_AND_TAIL == read_graph(path).edges()


@given(edges=edge_lists)
def test_what_was_written_is_read_again_here_and_by_another_program(
    edges: list[Edge], tmp_path_factory: pytest.TempPathFactory
) -> None:
    members, folder = 1 + max(other for _, other in edges), tmp_path_factory.getbasetemp()
    friends = Friends(members, edges)
    some = dict.fromkeys(member for edge in edges for member in edge)

    for ending in ("metis", "graphml") if len(some) < members else ENDINGS:
        path = folder / f"written.{ending}"
        write_friends(path, friends)
        assert friends == read_friends(path)
        assert (members, edges) == (read_graph(path).members, read_graph(path).edges())
        if ending == "graphml":
            other: nx.Graph[int] = nx.read_graphml(path, node_type=int)
            assert members == other.number_of_nodes()
            assert edges == sorted((min(edge), max(edge)) for edge in other.edges())


def test_a_list_cannot_name_who_has_no_friends(tmp_path: Path) -> None:
    for name in ("a.edges", "a.csv.xz"):
        with pytest.raises(GraphError, match=r"1 of 3 members have no friends.*take \.metis or"):
            write_friends(tmp_path / name, Friends(3, [(0, 2)]))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.edges", "1 2\n3\n", "line 2: a friendship is two whole numbers: '3'"),
        ("a.edges", "1 2\n1 x\n", "line 2: a friendship is two whole numbers: '1 x'"),
        ("a.edges", "1 2\n4 5 6\n", "line 2: a friendship is two whole numbers: '4 5 6'"),
        ("a.edges", "1 2\n-1 2\n", "line 2: a friendship is two whole numbers: '-1 2'"),
        ("a.edges", "1 2\n5 5\n", "line 2: 5 cannot be a friend of itself"),
        ("a.edges", "1 2\n2 3\n1 2\n", "line 3: 1 and 2 are friends already (line 1); name"),
        ("a.edges", "1 2\n2 3\n3 2\n", "from both ends (line 3) and others from one (line 1)"),
        ("a.edges", f"1 {'9' * 40}\n", "line 1: a friendship is two whole numbers"),
        ("a.edges", "# Directed graph: who follows whom\n1 2\n", "says that it is directed"),
        ("a.edges", "# nothing\n", "holds no friendships"),
        ("a.csv", "source,target,type\n1,2,Directed\n", "which way each line goes"),
        ("a.csv", "source,target\nana\n", "line 2: a friendship is two names: 'ana'"),
        ("a.csv", "ana,ana\n", "line 1: ana cannot be a friend of itself"),
        ("a.csv", "ana,luc\nana,luc\n", "line 2: ana and luc are friends already (line 1)"),
        ("a.metis", "one two\n", 'begins with "members friendships"'),
        ("a.metis", "2 1 1\n2 5\n1 5\n", "has weights (format 1)"),
        ("a.metis", "2 1\n2\n3\n", "line 3: '3' is not one of 1 to 2"),
        ("a.metis", "2 2\n2\n1\n", "holds 2 names instead of 4"),
        ("a.metis", "999999999 1\n2\n1\n", "has 3 lines for 999999999 members"),
        ("a.metis", "%\n2 1\n1\n1\n", "line 3: 1 cannot be a friend of itself"),
        ("a.metis", "3 2\n2 2\n1 1\n\n", "line 2: 1 and 2 are friends already (line 2)"),
        ("a.metis", "3 1\n2 3\n\n\n", "line 2: 1 names 2, who does not name 1, so it is directed"),
        ("a.graphml", GRAPHML.format("directed", ""), "is directed: keep the pairs"),
        ("a.graphml", "<graphml><graph", "is not GraphML"),
        ("a.graphml", '<!DOCTYPE g [<!ENTITY a "a">]><graphml/>', "defines words of its own"),
        (
            "a.graphml",
            GRAPHML.format("undirected", '<edge source="n1" target="n0"/>'),
            "edge 5: n1 and n0 are friends already (edge 1); name each friendship once.",
        ),
        (
            "a.graphml",
            GRAPHML.format("undirected", '<edge source="n3" target="n3"/>'),
            "edge 5: n3 cannot be a friend of itself",
        ),
        ("a.gexf", "<gexf/>", ".gexf is not known here; known are .edges, .csv"),
        ("a.edges.xz", "not xz", "is not an xz file, or is damaged"),
        ("missing.edges", "", "cannot be read: No such file"),
        ("folder.edges", "", "cannot be read: Is a directory"),
    ],
)
def test_a_file_that_is_no_graph_of_friends_is_refused_in_one_sentence(
    name: str, text: str, sentence: str, tmp_path: Path
) -> None:
    if name == "folder.edges":
        (tmp_path / name).mkdir()
    elif text:
        (tmp_path / name).write_text(text)

    told = [refusal(read, tmp_path / name) for read in (read_friends, read_graph)]

    if name == "folder.edges":
        assert "is a folder, and holds no saved graph" in (told.pop() or "")
    for said in told:
        assert said is not None
        assert sentence in said
        assert said.endswith(".")
        assert "\n" not in said


@given(data=st.one_of(st.binary(max_size=60), lines.map("\n".join).map(str.encode)))
@example(data=b"1 2\n3 1 x")
@example(data=b"1\n2 y")
def test_any_bytes_are_one_graph_or_one_sentence_for_both_readers(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for ending in ENDINGS:
        file = folder / f"any.{ending}"
        file.write_bytes(data)
        said = refusal(read_friends, file)
        assert said == refusal(read_graph, file)
        if said is None:
            friends, graph = read_friends(file), read_graph(file)
            assert (friends.members, friends.edges) == (graph.members, graph.edges())


def refusal(read: object, path: Path) -> str | None:
    """Why a reader does not take a file, or None where it does."""
    assert callable(read)
    try:
        read(path)
    except GraphError as error:
        return str(error)
    return None
