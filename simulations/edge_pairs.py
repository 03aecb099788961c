"""The pairs that a file of friendships names, and whether they are a graph of friends.

Nobody is a friend of oneself, and a friendship goes both ways: it stands in a file once, or
once from each end throughout. What else there is, is a mistake or a directed graph, and is
refused in one sentence with its line.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NoReturn, TypeAlias

from simulations.graphs import Edge, GraphError

HINT: Final = "keep the pairs that are friends both ways, each once"
Ways: TypeAlias = Literal["either", "both", "once"]
_TWICE: Final = {"either": ", or once from each end", "both": " from each end", "once": ""}


@dataclass(slots=True)
class Pairs:
    """What a file says, before it is sure that it is a graph of friends.

    Args:
        names: in the order of their numbers, those without friends included.
        ways: a friendship may stand there once or from each end ("either"), must from "both",
            or may only once ("once").
        where: what ``lines`` count.
        lines, one, other: of each pair its place in the file, and the numbers of its ends.
    """

    names: Sequence[int | str]
    ways: Ways = "either"
    where: str = "line"
    lines: array[int] = field(default_factory=lambda: array("q"))
    one: array[int] = field(default_factory=lambda: array("i"))
    other: array[int] = field(default_factory=lambda: array("i"))

    def add(self, line: int, one: int, other: int) -> None:
        self.lines.append(line)
        self.one.append(one)
        self.other.append(other)


def check(path: Path, pairs: Pairs) -> None:
    """Refuse friendships with oneself, doubles, and a graph that looks directed."""
    place_of: dict[Edge, int] = {}
    ends = list(zip(pairs.one, pairs.other, strict=True))
    for place, (one, other) in enumerate(ends):
        if one == other:
            refuse_oneself(path, pairs, place)
    for place, (one, other) in enumerate(ends):
        key = edge_of(one, other) if pairs.ways == "once" else (one, other)
        if (before := place_of.setdefault(key, place)) != place:
            refuse_twice(path, pairs, place, before)
    if pairs.ways == "once":
        return
    both = (p for (one, other), p in place_of.items() if place_of.get((other, one), p) < p)
    single = (p for (one, other), p in place_of.items() if (other, one) not in place_of)
    first_both, first_single = next(both, None), next(single, None)
    if first_single is not None and (first_both is not None or pairs.ways == "both"):
        refuse_ways(path, pairs, first_both or 0, first_single)


def edge_of(one: int, other: int) -> Edge:
    return (one, other) if one < other else (other, one)


def refuse_oneself(path: Path, pairs: Pairs, place: int) -> NoReturn:
    name, where = pairs.names[pairs.one[place]], f"{pairs.where} {pairs.lines[place]}"
    raise GraphError(f"{path}, {where}: {name} cannot be a friend of itself.")


def refuse_twice(path: Path, pairs: Pairs, place: int, before: int) -> NoReturn:
    one, other = pairs.names[pairs.one[place]], pairs.names[pairs.other[place]]
    raise GraphError(
        f"{path}, {pairs.where} {pairs.lines[place]}: {one} and {other} are friends already "
        f"({pairs.where} {pairs.lines[before]}); name each friendship once{_TWICE[pairs.ways]}."
    )


def refuse_ways(path: Path, pairs: Pairs, both: int, single: int) -> NoReturn:
    """Refuse what names some friendships from both ends and others from one."""
    one, other = pairs.names[pairs.one[single]], pairs.names[pairs.other[single]]
    line = pairs.lines[single]
    if pairs.ways == "both":
        sentence = f"{one} names {other}, who does not name {one}"
        raise GraphError(f"{path}, line {line}: {sentence}, so it is directed: {HINT}.")
    raise GraphError(
        f"{path} names some friendships from both ends (line {pairs.lines[both]}) and others "
        f"from one (line {line}), as a directed graph does: {HINT}."
    )
