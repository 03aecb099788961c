"""Reading friendships from files: plain edge lists, CSV, METIS and GraphML, each also as ``.xz``.

The kind follows the file's name: ``.csv``, ``.graph`` or ``.metis``, ``.graphml``, else a
plain list of two whole numbers a line. Names in a file are numbered anew, whole numbers in
increasing order and texts in order of their first line. Friendship goes both ways: a file that
says that it is directed is refused. What is wrong is said in one sentence, with the line.
"""

from __future__ import annotations

import csv
import io
import lzma
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Final

import numpy as np

from simulations.graphs import GraphError
from simulations.population.compiled import Flags, Numbers, Offsets, kernel
from simulations.population.csr import MEMBERS_MAX, Csr, csr_of, is_csr, open_csr

FILE_SIZE_MAX_BYTES: Final = 8 << 30
_READ_AT_ONCE_BYTES: Final = 16 << 20
_NUMBER_LENGTH_MAX: Final = 15
_HINT: Final = "keep the pairs that are friends both ways, and say that the graph is undirected"
_DIRECTED: Final = re.compile(rb"^\s*[#%].*\bdirected\b", re.IGNORECASE)
_UNDIRECTED: Final = re.compile(rb"\b(undirected|not directed)\b", re.IGNORECASE)
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
        return open_csr(path)
    data = _bytes_of(path)
    suffixes = [suffix for suffix in path.suffixes if suffix != ".xz"]
    match suffixes[-1] if suffixes else "":
        case ".csv":
            graph = _read_csv(path, data)
        case ".graph" | ".metis":
            graph = _read_metis(path, data)
        case ".graphml":
            graph = _read_graphml(path, data)
        case ".gml" | ".gexf" | ".dot" | ".json" | ".mtx" | ".net" as other:
            known = ".edges, .csv, .graph or .metis, .graphml (each also .xz)"
            raise GraphError(f"{path}: {other} is not read here; known are {known}.")
        case _:
            graph = _read_plain(path, data)
    if graph.friendships == 0:
        raise GraphError(f"{path} holds no friendships.")
    return graph


def _bytes_of(path: Path) -> bytes:
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            parts, size_bytes = [], 0
            while part := file.read(_READ_AT_ONCE_BYTES):
                parts.append(part)
                size_bytes += len(part)
                if size_bytes > FILE_SIZE_MAX_BYTES:
                    limit = f"{FILE_SIZE_MAX_BYTES >> 30} GiB"
                    raise GraphError(f"{path} is larger than {limit}: save it as a folder first.")
    except OSError as error:
        raise GraphError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (lzma.LZMAError, EOFError) as error:
        raise GraphError(f"{path} is not an xz file, or is damaged.") from error
    return b"".join(parts)


# --- plain lists -------------------------------------------------------------------------


def _read_plain(path: Path, data: bytes) -> Csr:
    _refuse_directed(path, data)
    numbers, lines = _numbers(path, data)
    places = np.flatnonzero(np.diff(lines, prepend=0, append=np.int64(-1)))
    sizes = np.diff(places)
    odd = np.flatnonzero(sizes != 2)
    if len(odd):
        line = int(lines[places[odd[0]]])
        raise GraphError(_not_an_edge(path, data, line))
    return _from_names(path, numbers[0::2], numbers[1::2], lines[0::2])


def _refuse_directed(path: Path, data: bytes) -> None:
    """Edge lists often say in their first comments what they are."""
    for line in data[:2000].splitlines()[:5]:
        if _DIRECTED.match(line) and not _UNDIRECTED.search(line):
            raise GraphError(f"{path} says that it is directed: {_HINT}.")


def _numbers(path: Path, data: bytes) -> tuple[Offsets, Offsets]:
    """All whole numbers of a text, and the line of each."""
    text = np.frombuffer(data, np.uint8).copy()  # as an array that could be written
    room = _count_words(text, _SPACES)
    numbers, lines = np.empty(room, np.int64), np.empty(room, np.int64)
    wrong_line = _parse(text, _SPACES, numbers, lines)
    if wrong_line:
        raise GraphError(_not_an_edge(path, data, wrong_line))
    count = int(np.searchsorted(lines, np.iinfo(np.int64).max))
    if count == 0:
        raise GraphError(f"{path} holds no friendships.")
    return numbers[:count], lines[:count]


def _not_an_edge(path: Path, data: bytes, line: int) -> str:
    text = data.split(b"\n", line)[line - 1][:80].decode("utf-8", "replace").strip()
    return f"{path}, line {line}: a friendship is two whole numbers: {text!r}."


def _from_names(path: Path, one: Offsets, other: Offsets, lines: Offsets) -> Csr:
    same = np.flatnonzero(one == other)
    if len(same):
        line, name = int(lines[same[0]]), int(one[same[0]])
        raise GraphError(f"{path}, line {line}: {name} cannot be a friend of itself.")
    names, numbers = np.unique(np.concatenate([one, other]), return_inverse=True)
    if len(names) > MEMBERS_MAX:
        raise GraphError(f"{path} has more than {MEMBERS_MAX:,} members.")
    ends: Numbers = numbers.astype(np.int32).reshape(2, -1)
    return csr_of(len(names), ends[0].copy(), ends[1].copy())


@kernel
def _count_words(text: Flags, spaces: Flags) -> int:
    count, was_space = 0, True
    for i in range(len(text)):
        is_space = spaces[text[i]] != 0
        count += was_space and not is_space
        was_space = is_space
    return count


@kernel
def _parse(text: Flags, spaces: Flags, numbers: Offsets, lines: Offsets) -> int:
    """Gives the line of the first word that is no whole number, or 0.

    What is left of ``lines`` after the last number is made larger than every line.
    """
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
            while i < size and _ZERO <= text[i] <= _NINE and i - begin <= _NUMBER_LENGTH_MAX:
                value = 10 * value + (text[i] - _ZERO)
                i += 1
            is_number = 0 < i - begin <= _NUMBER_LENGTH_MAX
            if not is_number or (i < size and spaces[text[i]] == 0 and text[i] != _HASH):
                return line
            numbers[count] = value
            lines[count] = line
            count += 1
    for j in range(count, len(lines)):
        lines[j] = 9223372036854775807
    return 0


# --- CSV ---------------------------------------------------------------------------------


def _read_csv(path: Path, data: bytes) -> Csr:
    """Two columns, the first two or those named source and target; names may be texts."""
    _refuse_directed(path, data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraphError(f"{path} is not a text in UTF-8.") from error
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text), dialect)
    number_of: dict[str, int] = {}
    one, other = [], []
    columns = (0, 1)
    try:
        for row in rows:
            if not row or row[0].startswith("#"):
                continue
            if not number_of and (named := _columns(path, row)) is not None:
                columns = named
                continue
            if len(row) <= max(columns) or not all(row[c].strip() for c in columns):
                sentence = f"a friendship is two names: {','.join(row)[:80]!r}"
                raise GraphError(f"{path}, line {rows.line_num}: {sentence}.")
            ends = [row[c].strip() for c in columns]
            if ends[0] == ends[1]:
                sentence = f"{ends[0]} cannot be a friend of itself"
                raise GraphError(f"{path}, line {rows.line_num}: {sentence}.")
            one.append(number_of.setdefault(ends[0], len(number_of)))
            other.append(number_of.setdefault(ends[1], len(number_of)))
    except csv.Error as error:
        raise GraphError(f"{path}, line {rows.line_num}: {error}.") from error
    return _from_lists(number_of, one, other)


def _columns(path: Path, row: list[str]) -> tuple[int, int] | None:
    """Which columns a heading names, or None where there is none."""
    words = [word.strip().lower() for word in row]
    if "type" in words and "source" in words:
        raise GraphError(f"{path} says which way each line goes (column type): {_HINT}.")
    for ends in (("source", "target"), ("from", "to"), ("a", "b"), ("member", "friend")):
        if all(end in words for end in ends):
            return words.index(ends[0]), words.index(ends[1])
    return None


def _from_lists(number_of: dict[str, int], one: list[int], other: list[int]) -> Csr:
    """Numbers in order of the names where these are whole numbers."""
    if all(name.isdecimal() and len(name) <= _NUMBER_LENGTH_MAX for name in number_of):
        in_order = sorted(number_of, key=int)
        turned = np.empty(len(number_of), np.int32)
        for number, name in enumerate(in_order):
            turned[number_of[name]] = number
    else:
        turned = np.arange(len(number_of), dtype=np.int32)
    ends = turned[np.array([one, other], np.int64).reshape(2, -1)]
    return csr_of(len(number_of), ends[0].copy(), ends[1].copy())


# --- METIS -------------------------------------------------------------------------------


def _read_metis(path: Path, data: bytes) -> Csr:
    """A heading ``members friendships``, then a line for each member: its friends from 1."""
    lines = [line for line in data.split(b"\n") if not line.lstrip().startswith(b"%")]
    while lines and not lines[-1].strip():
        lines.pop()
    heading = lines[0].split() if lines else []
    if not 2 <= len(heading) <= 4 or not all(word.isdigit() for word in heading):
        raise GraphError(f'{path}: a METIS file begins with "members friendships".')
    if len(heading) > 2 and int(heading[2]) != 0:
        raise GraphError(f"{path} has weights (format {heading[2].decode()}): leave them out.")
    members, friendships = int(heading[0]), int(heading[1])
    rows = lines[1:]
    if members > MEMBERS_MAX or len(rows) > members:
        raise GraphError(f"{path} has {len(rows)} lines for {members} members.")
    # Members without friends at the end have empty lines, which were cut above.
    one, other = np.empty(2 * friendships, np.int32), np.empty(2 * friendships, np.int32)
    count = 0
    for member, row in enumerate(rows):
        for word in row.split():
            friend = int(word) - 1 if word.isdigit() and len(word) <= _NUMBER_LENGTH_MAX else -1
            if not 0 <= friend < members or friend == member:
                sentence = f"{word.decode('utf-8', 'replace')[:20]!r} is no friend of theirs"
                raise GraphError(f"{path}, member {member + 1}: {sentence}.")
            if count < len(one):
                one[count], other[count] = member, friend
            count += 1
    if count != 2 * friendships:
        said = f"{friendships} friendships, each named by both"
        raise GraphError(f"{path} says {said}, and holds {count} names instead of {len(one)}.")
    graph = csr_of(members, one, other)
    if graph.friendships != friendships:
        raise GraphError(f"{path} is directed: a friend is named by one side only; {_HINT}.")
    return graph


# --- GraphML -----------------------------------------------------------------------------


def _read_graphml(path: Path, data: bytes) -> Csr:
    """Nodes and edges of the one graph in the file; what else is said of them is left out."""
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise GraphError(f"{path} defines words of its own (DOCTYPE), which is not read here.")
    number_of: dict[str, int] = {}
    one, other = [], []
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(data), events=("start",)):
            match element.tag.rpartition("}")[2]:
                case "graph" if element.get("edgedefault") != "undirected":
                    raise GraphError(f"{path} is directed: {_HINT}.")
                case "node":
                    number_of.setdefault(element.get("id", ""), len(number_of))
                case "edge":
                    if element.get("directed", "false") != "false":
                        raise GraphError(f"{path} has directed edges: {_HINT}.")
                    ends = [element.get("source", ""), element.get("target", "")]
                    if "" in ends or ends[0] == ends[1]:
                        raise GraphError(f"{path}: an edge joins two nodes, not {ends}.")
                    one.append(number_of.setdefault(ends[0], len(number_of)))
                    other.append(number_of.setdefault(ends[1], len(number_of)))
    except ElementTree.ParseError as error:
        raise GraphError(f"{path} is not GraphML: {error}.") from error
    return _from_lists(number_of, one, other)


def write_plain(graph: Csr, path: Path) -> None:
    """The friendships as a plain list, for the world and other programs."""
    one: Numbers = np.repeat(
        np.arange(graph.members, dtype=np.int32), np.diff(graph.offsets)
    ).astype(np.int32)
    is_once = one < graph.neighbours
    pairs = np.stack([one[is_once], graph.neighbours[is_once]], axis=1)
    np.savetxt(path, pairs, fmt="%d")
