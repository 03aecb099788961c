"""Files of friendships as rows: the reader of all simulations, and a faster way for plain lists.

Lists of many millions of lines are read by kernels. They take and refuse what
``simulations.edge_files`` takes and refuses, in the same words; a test holds the two beside
each other. Folders that ``Csr.save`` wrote are mapped, not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulations.edge_files import (
    MEMBERS_MAX,
    NAME_LENGTH_MAX,
    bytes_of,
    kind_of,
    read_pairs,
    refuse_directed,
    refuse_empty,
    refuse_line,
)
from simulations.edge_pairs import Pairs, Ways, refuse_oneself, refuse_twice, refuse_ways
from simulations.graphs import GraphError
from simulations.population.compiled import Flags, Numbers, Offsets, kernel
from simulations.population.csr import Csr, csr_of, is_csr, open_csr

_NEWLINE, _HASH, _PERCENT, _ZERO, _NINE = (ord(c) for c in "\n#%09")
_SPACES: Final = np.zeros(256, np.uint8)
_SPACES[[ord(c) for c in " \t\r\n"]] = 1


def read_graph(path: Path) -> Csr:
    """Read a file of friendships, or a folder that ``Csr.save`` wrote.

    Raises:
        GraphError: it is no graph of friends that can be read.
    """
    if path.is_dir():
        if not is_csr(path):
            raise GraphError(f"{path} is a folder, and holds no saved graph.")
        graph = open_csr(path)
        if graph.friendships == 0:
            refuse_empty(path)
        return graph
    if kind_of(path) == "plain":
        return _read_plain(path, bytes_of(path))
    pairs = read_pairs(path)
    lines = np.frombuffer(pairs.lines, np.int64)
    one, other = (np.frombuffer(ends, np.int32) for ends in (pairs.one, pairs.other))
    _check(path, _File(pairs.names, lines, one, other, pairs.ways, pairs.where))
    # Copies, for what cannot be written would make kernels compile once more.
    return csr_of(len(pairs.names), one.copy(), other.copy())


@dataclass(frozen=True, slots=True)
class _File:
    """As ``Pairs``, with arrays."""

    names: Sequence[int | str] | Offsets
    lines: Offsets
    one: Numbers
    other: Numbers
    ways: Ways = "either"
    where: str = "line"

    def some(self, *places: int) -> Pairs:
        """These pairs alone, to be told about."""
        pairs = Pairs([], self.ways, self.where)
        for place in places:
            ends = (self.names[self.one[place]], self.names[self.other[place]])
            pairs.add(int(self.lines[place]), len(pairs.names), len(pairs.names) + 1)
            pairs.names = [*pairs.names, *(n if isinstance(n, str) else int(n) for n in ends)]
        return pairs


def _read_plain(path: Path, data: bytes) -> Csr:
    refuse_directed(path, data)
    numbers, lines = _numbers(path, data)
    del data
    names, turned = np.unique(numbers, return_inverse=True)
    del numbers
    if len(names) > MEMBERS_MAX:
        raise GraphError(f"{path} has more than {MEMBERS_MAX:,} members.")
    ends: Numbers = turned.astype(np.int32).reshape(-1, 2)
    del turned
    one, other = ends[:, 0].copy(), ends[:, 1].copy()
    del ends
    _check(path, _File(names, lines, one, other))
    return csr_of(len(names), one, other)


def _numbers(path: Path, data: bytes) -> tuple[Offsets, Offsets]:
    """All whole numbers of a text, two a line, and the line of each pair."""
    text = np.frombuffer(data, np.uint8).copy()  # as an array that could be written
    room = _count_words(text, _SPACES)
    numbers, lines = np.empty(room, np.int64), np.empty(room, np.int64)
    count, wrong_line = _parse(text, _SPACES, numbers, lines)
    numbers, lines = numbers[:count], lines[:count]
    places = np.flatnonzero(np.diff(lines, prepend=0, append=np.int64(-1)))
    odd = places[:-1][np.diff(places) != 2]
    first_odd = int(lines[odd[0]]) if len(odd) else 0
    # The line of a wrong word may have had a number before it.
    wrong = min((line for line in (wrong_line, first_odd) if line), default=0)
    if wrong:
        refuse_line(path, data, wrong)
    if count == 0:
        refuse_empty(path)
    return numbers, lines[0::2].copy()


def _check(path: Path, file: _File) -> None:
    """As ``edge_pairs.check``, by sorting: of each kind of mistake the first is told."""
    is_own = file.one == file.other
    if is_own.any():
        refuse_oneself(path, file.some(int(np.argmax(is_own))), 0)
    low, high = np.minimum(file.one, file.other), np.maximum(file.one, file.other)
    pair = low.astype(np.int64) << np.int64(32) | high
    del low, high
    if file.ways != "once":
        # Pairs of both directions lie beside each other, each direction by itself.
        pair = pair << np.int64(1) | (file.one > file.other)
    order = np.argsort(pair, kind="stable")
    pair = pair[order]
    again = np.flatnonzero(pair[1:] == pair[:-1])
    if len(again):
        first = again[np.argmin(order[again + 1])]
        refuse_twice(path, file.some(int(order[first + 1]), int(order[first])), 0, 1)
    if file.ways == "once":
        return
    pair >>= np.int64(1)
    is_twin = pair[1:] == pair[:-1]
    has_twin = np.append(is_twin, False) | np.append(False, is_twin)
    single = order[~has_twin]
    if len(single) and (file.ways == "both" or len(single) < len(order)):
        twins = np.flatnonzero(is_twin)
        later = np.maximum(order[twins], order[twins + 1])
        both = int(later.min()) if len(later) else 0
        refuse_ways(path, file.some(both, int(single.min())), 0, 1)


@kernel
def _count_words(text: Flags, spaces: Flags) -> int:
    count, was_space = 0, True
    for i in range(len(text)):
        is_space = spaces[text[i]] != 0
        count += was_space and not is_space
        was_space = is_space
    return count


@kernel
def _parse(text: Flags, spaces: Flags, numbers: Offsets, lines: Offsets) -> tuple[int, int]:
    """Gives how many numbers there are, and the line of the first word that is none, or 0."""
    count, line, i, size = 0, 1, 0, len(text)
    while i < size:
        byte = text[i]
        if byte == _NEWLINE:
            line += 1
            i += 1
        elif byte in (_HASH, _PERCENT):
            while i < size and text[i] != _NEWLINE:
                i += 1
        elif spaces[byte] != 0:
            i += 1
        else:
            value, begin = 0, i
            while i < size and _ZERO <= text[i] <= _NINE and i - begin <= NAME_LENGTH_MAX:
                value = 10 * value + (text[i] - _ZERO)
                i += 1
            is_number = 0 < i - begin <= NAME_LENGTH_MAX
            is_end = i == size or spaces[text[i]] != 0 or text[i] in (_HASH, _PERCENT)
            if not is_number or not is_end:
                return count, line
            numbers[count] = value
            lines[count] = line
            count += 1
    return count, 0
