"""Friend graphs: reading, making and measuring them, with no help from the engine.

The breadth-first searches here are the other opinion that engines are checked
against. They are deliberately plain and share no code with ``protocol.circles``.

Members are numbers from 0 upwards here, or anything hashable for the searches.
Iteration follows lists and dicts only, so that results depend on nothing but input.
"""

from __future__ import annotations

import lzma
import random
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar

from protocol.errors import OpenHouseError

Node = TypeVar("Node")
Edge: TypeAlias = tuple[int, int]
Adjacency: TypeAlias = Mapping[Node, Mapping[Node, object]]
"""For each member its neighbours, as the keys of a mapping."""

EDGES_SIZE_MAX_BYTES = 1 << 30
_READ_AT_ONCE_BYTES = 1 << 20
# No file names more people than there are.
_NAME_LENGTH_MAX = 15


class GraphError(OpenHouseError):
    """A graph that cannot be read or made; its text is one sentence for people."""


# --- reading -----------------------------------------------------------------------------


def read_edges(path: Path) -> list[Edge]:
    """Read an edge list, plain or ``.xz``: two whole numbers a line, ``#`` begins a comment.

    Numbers in the file are names: members are numbered anew, in increasing order of
    those. An edge given twice, or from both ends, counts once.

    Raises:
        GraphError: the file cannot be read, or a line is not an edge.
    """
    edges: dict[Edge, None] = {}
    for number, line in enumerate(_lines(path), start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if len(words) != 2 or not all(_is_name(word) for word in words):
            raise GraphError(f"{path}, line {number}: an edge is two whole numbers: {line[:80]!r}.")
        one, other = sorted((int(words[0]), int(words[1])))
        if one == other:
            raise GraphError(f"{path}, line {number}: {one} cannot be a friend of itself.")
        edges[one, other] = None
    if not edges:
        raise GraphError(f"{path} holds no edges.")
    names = sorted(dict.fromkeys(name for edge in edges for name in edge))
    number_of = {name: index for index, name in enumerate(names)}
    return sorted((number_of[one], number_of[other]) for one, other in edges)


def _is_name(word: str) -> bool:
    return word.isdecimal() and len(word) <= _NAME_LENGTH_MAX


def _lines(path: Path) -> list[str]:
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            return _all_of(file).decode("ascii").splitlines()
    except OSError as error:
        raise GraphError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (lzma.LZMAError, EOFError) as error:
        raise GraphError(f"{path} is not an xz file, or is damaged.") from error
    except UnicodeDecodeError as error:
        raise GraphError(f"{path} is not a text of numbers.") from error


def _all_of(file: BinaryIO | lzma.LZMAFile) -> bytes:
    """What is in a file. Read at once, the most that there may be would be set aside first."""
    parts: list[bytes] = []
    size_bytes = 0
    while size_bytes < EDGES_SIZE_MAX_BYTES and (part := file.read(_READ_AT_ONCE_BYTES)):
        parts.append(part)
        size_bytes += len(part)
    return b"".join(parts)


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
