"""Files of friendships, read and written: plain lists, CSV, METIS and GraphML, also as ``.xz``.

The kind follows the file's name: ``.csv``, ``.graph`` or ``.metis``, ``.graphml``, else a
plain list of two whole numbers a line (``#`` and ``%`` begin comments). Names in a file are
numbered anew: whole numbers in increasing order, texts in order of their first line. A
friendship goes both ways. It stands there once, or once from each end throughout; a file that
is directed, or names a friendship twice, is refused. What is wrong is one sentence, with the
line.

This is the reader of every simulation. The population model reads folders as well, and plain
lists by a faster way (``population.readers``) that a test holds to this one.
"""

from __future__ import annotations

import csv
import io
import lzma
import re
import xml.etree.ElementTree as ElementTree
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn, TypeAlias

from simulations.edge_pairs import HINT, Pairs, check, edge_of
from simulations.graphs import Edge, GraphError

Kind: TypeAlias = Literal["plain", "csv", "metis", "graphml"]

FILE_SIZE_MAX_BYTES: Final = 8 << 30
MEMBERS_MAX: Final = 1 << 30
NAME_LENGTH_MAX: Final = 15
"""Digits of a number: no file names more people than there are."""

_READ_AT_ONCE_BYTES: Final = 1 << 20
_TEXT_SHOWN_MAX: Final = 80
_OTHERS: Final = (".gml", ".gexf", ".dot", ".json", ".mtx", ".net", ".xlsx", ".zip", ".gz")
_KNOWN: Final = ".edges, .csv, .graph or .metis, .graphml (each also .xz)"
_DIRECTED: Final = re.compile(rb"^\s*[#%].*\bdirected\b", re.IGNORECASE)
_UNDIRECTED: Final = re.compile(rb"\b(undirected|not directed)\b", re.IGNORECASE)
_COMMENT: Final = re.compile(rb"[#%]")
_WORD: Final = re.compile(rb"[^ \t\r]+")
_HEADINGS: Final = (("source", "target"), ("from", "to"), ("a", "b"), ("member", "friend"))


@dataclass(frozen=True, slots=True)
class Friends:
    """A graph of friends.

    Args:
        members: how many, those without friends included; they are numbered from 0.
        edges: each friendship once, sorted, the lower number first.
    """

    members: int
    edges: list[Edge]


def read_friends(path: Path) -> Friends:
    """Read a file of friendships.

    Raises:
        GraphError: it is no graph of friends that can be read.
    """
    pairs = read_pairs(path)
    check(path, pairs)
    edges = {edge_of(one, other): None for one, other in zip(pairs.one, pairs.other, strict=True)}
    return Friends(len(pairs.names), sorted(edges))


def read_pairs(path: Path) -> Pairs:
    """Read a file, of which it is not sure yet that every friendship stands there once.

    Raises:
        GraphError: it cannot be read, is directed or holds nothing.
    """
    kind, data = kind_of(path), bytes_of(path)
    match kind:
        case "csv":
            pairs = _read_csv(path, data)
        case "metis":
            pairs = _read_metis(path, data)
        case "graphml":
            pairs = _read_graphml(path, data)
        case "plain":
            pairs = _read_plain(path, data)
    if not pairs.lines:
        refuse_empty(path)
    if len(pairs.names) > MEMBERS_MAX:
        raise GraphError(f"{path} has more than {MEMBERS_MAX:,} members.")
    return pairs


def kind_of(path: Path) -> Kind:
    """What a file is by its name. Raises GraphError for what is not read here."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix != ".xz"]
    match suffixes[-1] if suffixes else "":
        case ".csv":
            return "csv"
        case ".graph" | ".metis":
            return "metis"
        case ".graphml":
            return "graphml"
        case other if other in _OTHERS:
            raise GraphError(f"{path}: {other} is not known here; known are {_KNOWN}.")
    return "plain"


def bytes_of(path: Path) -> bytes:
    """What is in a file, unpacked. Raises GraphError."""
    parts: list[bytes] = []
    size_bytes = 0
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
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


# --- what is refused, in the same words for both readers ---------------------------------


def refuse_empty(path: Path) -> NoReturn:
    raise GraphError(f"{path} holds no friendships.")


def refuse_directed(path: Path, data: bytes) -> None:
    """Refuse a list whose first comments say that it is directed, as many say."""
    for line in data[:2000].splitlines()[:5]:
        if _DIRECTED.match(line) and not _UNDIRECTED.search(line):
            raise GraphError(f"{path} says that it is directed: {HINT}, and say undirected.")


def refuse_line(path: Path, data: bytes, line: int) -> NoReturn:
    text = data.split(b"\n", line)[line - 1][:_TEXT_SHOWN_MAX].decode("utf-8", "replace").strip()
    raise GraphError(f"{path}, line {line}: a friendship is two whole numbers: {text!r}.")


# --- reading -----------------------------------------------------------------------------


def _read_plain(path: Path, data: bytes) -> Pairs:
    refuse_directed(path, data)
    numbers: dict[int | str, int] = {}
    pairs = Pairs(())
    for line, text in enumerate(data.split(b"\n"), start=1):
        words = _WORD.findall(_COMMENT.split(text, 1)[0])
        if not words:
            continue
        if len(words) != 2 or not all(
            word.isdigit() and len(word) <= NAME_LENGTH_MAX for word in words
        ):
            refuse_line(path, data, line)
        pairs.add(line, *(numbers.setdefault(int(word), len(numbers)) for word in words))
    return _in_order(pairs, numbers)


def _read_csv(path: Path, data: bytes) -> Pairs:
    """Two columns, the first two or those named source and target; names may be texts."""
    refuse_directed(path, data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraphError(f"{path} is not a text in UTF-8.") from error
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text), dialect)
    numbers: dict[int | str, int] = {}
    pairs = Pairs(())
    columns = (0, 1)
    try:
        for row in rows:
            if not row or row[0].startswith("#"):
                continue
            if not numbers and (named := _columns(path, row)) is not None:
                columns = named
                continue
            if len(row) <= max(columns) or not all(row[c].strip() for c in columns):
                sentence = f"a friendship is two names: {','.join(row)[:_TEXT_SHOWN_MAX]!r}"
                raise GraphError(f"{path}, line {rows.line_num}: {sentence}.")
            names = [row[c].strip() for c in columns]
            pairs.add(rows.line_num, *(numbers.setdefault(n, len(numbers)) for n in names))
    except csv.Error as error:
        raise GraphError(f"{path}, line {rows.line_num}: {error}.") from error
    return _in_order(pairs, numbers)


def _columns(path: Path, row: Sequence[str]) -> tuple[int, int] | None:
    """Which columns a heading names, or None where there is none."""
    words = [word.strip().lower() for word in row]
    if "type" in words and "source" in words:
        raise GraphError(f"{path} says which way each line goes (column type): {HINT}.")
    for ends in _HEADINGS:
        if all(end in words for end in ends):
            return words.index(ends[0]), words.index(ends[1])
    return None


def _read_metis(path: Path, data: bytes) -> Pairs:
    """A heading ``members friendships``, then a line for each member: its friends from 1."""
    numbered = enumerate(data.split(b"\n"), start=1)
    lines = [(number, line) for number, line in numbered if not line.lstrip().startswith(b"%")]
    heading, rows = lines[0][1].split() if lines else [], lines[1:]
    if not 2 <= len(heading) <= 4 or not all(
        word.isdigit() and len(word) <= NAME_LENGTH_MAX for word in heading
    ):
        raise GraphError(f'{path}: a METIS file begins with "members friendships".')
    if len(heading) > 2 and int(heading[2]) != 0:
        raise GraphError(f"{path} has weights (format {heading[2].decode()}): leave them out.")
    members, friendships = int(heading[0]), int(heading[1])
    while len(rows) > members and not rows[-1][1].strip():
        rows.pop()
    if len(rows) != members:
        raise GraphError(f"{path} has {len(rows)} lines for {members} members.")
    pairs = Pairs(range(1, members + 1), ways="both")
    for member, (number, row) in enumerate(rows):
        for word in row.split():
            friend = int(word) - 1 if word.isdigit() and len(word) <= NAME_LENGTH_MAX else -1
            if not 0 <= friend < members:
                sentence = f"{word.decode('utf-8', 'replace')[:20]!r} is not one of 1 to {members}"
                raise GraphError(f"{path}, line {number}: {sentence}.")
            pairs.add(number, member, friend)
    if len(pairs.lines) != 2 * friendships:
        said = f"{friendships} friendships, each named by both"
        held = f"holds {len(pairs.lines)} names instead of {2 * friendships}"
        raise GraphError(f"{path} says {said}, and {held}.")
    return pairs


def _read_graphml(path: Path, data: bytes) -> Pairs:
    """Nodes and edges of the one graph in the file; what else is said of them is left out."""
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise GraphError(f"{path} defines words of its own (DOCTYPE), which is not read here.")
    numbers: dict[int | str, int] = {}
    pairs, graphs = Pairs((), ways="once", where="edge"), 0
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(data), events=("start",)):
            match element.tag.rpartition("}")[2]:
                case "graph":
                    graphs += 1
                    if graphs > 1:
                        raise GraphError(f"{path} holds more than one graph.")
                    if element.get("edgedefault") != "undirected":
                        raise GraphError(f"{path} is directed: {HINT}.")
                case "node":
                    numbers.setdefault(element.get("id", ""), len(numbers))
                case "edge":
                    if element.get("directed", "false") != "false":
                        raise GraphError(f"{path} has directed edges: {HINT}.")
                    ends = [element.get("source", ""), element.get("target", "")]
                    if "" in ends:
                        raise GraphError(f"{path}: an edge joins two nodes, not {ends}.")
                    number = len(pairs.lines) + 1
                    pairs.add(number, *(numbers.setdefault(n, len(numbers)) for n in ends))
    except ElementTree.ParseError as error:
        raise GraphError(f"{path} is not GraphML: {error}.") from error
    return _in_order(pairs, numbers)


def _in_order(pairs: Pairs, numbers: dict[int | str, int]) -> Pairs:
    """The same, numbered in order of the names where these are whole numbers."""
    names = list(numbers)
    if all(isinstance(name, int) or _is_whole(name) for name in names):
        names.sort(key=int)
    turned = array("i", bytes(4 * len(names)))
    for number, name in enumerate(names):
        turned[numbers[name]] = number
    pairs.names = names
    pairs.one = array("i", (turned[number] for number in pairs.one))
    pairs.other = array("i", (turned[number] for number in pairs.other))
    return pairs


def _is_whole(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= NAME_LENGTH_MAX


# --- writing -----------------------------------------------------------------------------


def write_friends(path: Path, friends: Friends) -> None:
    """Write a file of the kind that its name says; members have their numbers.

    Raises:
        GraphError: that kind of file cannot hold it.
        OSError: it cannot be written.
    """
    kind = kind_of(path)
    if kind in ("plain", "csv"):
        some = dict.fromkeys(member for edge in friends.edges for member in edge)
        if len(some) < friends.members:
            alone = friends.members - len(some)
            raise GraphError(
                f"{path}: {alone} of {friends.members} members have no friends, and a list of "
                "friendships cannot name them: take .metis or .graphml."
            )
    parts = (part.encode("ascii") for part in _texts(kind, friends))
    with lzma.open(path, "wb") if path.suffix == ".xz" else path.open("wb") as file:
        for part in parts:
            file.write(part)


def _texts(kind: Kind, friends: Friends) -> Iterator[str]:
    match kind:
        case "plain":
            said = f"{friends.members} members, {len(friends.edges)} friendships"
            yield f"# {said}, undirected\n"
            for one, other in friends.edges:
                yield f"{one} {other}\n"
        case "csv":
            yield "source,target\n"
            for one, other in friends.edges:
                yield f"{one},{other}\n"
        case "metis":
            rows: list[list[int]] = [[] for _ in range(friends.members)]
            for one, other in friends.edges:
                rows[one].append(other + 1)
                rows[other].append(one + 1)
            yield f"{friends.members} {len(friends.edges)}\n"
            for row in rows:
                yield " ".join(map(str, sorted(row))) + "\n"
        case "graphml":
            yield '<?xml version="1.0" encoding="UTF-8"?>\n'
            yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
            yield '<graph edgedefault="undirected">\n'
            for member in range(friends.members):
                yield f'<node id="{member}"/>\n'
            for one, other in friends.edges:
                yield f'<edge source="{one}" target="{other}"/>\n'
            yield "</graph>\n</graphml>\n"
