"""Mutations that keep the form: values inside a canonical encoding become other values.

Flipped bytes seldom get past the first check of a length. Here an input is decoded, down
into the byte strings that are encodings themselves (a record within an envelope within a
message), a value in it is replaced, repeated or taken out, and all of it encoded again.
What stands in for a value is mostly taken from other seeds, so that ids, keys and times
are those that mean something.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeVar

from protocol.encoding import Value, decode, encode
from protocol.errors import LocalProtocolError, RemoteProtocolError
from tests.fuzz.corpus import Pick, mutated

_DEPTH_MAX: Final = 12
_ELEMENTS_MAX: Final = 1 << 14
_SIZE_MAX_BYTES: Final = 1 << 20
_PARTS_MAX: Final = 64
_NUMBERS: Final = (0, 1, 2, 3, 4, 5, 7, 16, 17, 64, 255, 256, 65_535, 2**32, 2**52, 2**53 - 1)

T = TypeVar("T")


class Pool:
    """Values by their type; byte strings by their length as well."""

    def __init__(self) -> None:
        self.values: dict[type, list[Value]] = {}
        self.strings: dict[int, list[bytes]] = {}
        self._known: dict[str, None] = {}

    def add(self, value: Value) -> bool:
        """Whether it is new."""
        name = repr(value)
        if name in self._known:
            return False
        self._known[name] = None
        self.values.setdefault(type(value), []).append(value)
        if isinstance(value, bytes):
            self.strings.setdefault(len(value), []).append(value)
        return True


def split_parts(data: bytes) -> list[bytes]:
    """Several inputs in one: each with its length in two bytes before it."""
    parts, place = [], 0
    while place < len(data):
        begin = place + 2
        place = begin + int.from_bytes(data[place:begin], "big")
        parts.append(data[begin:place])
    return parts


def join_parts(*parts: bytes) -> bytes:
    return b"".join(len(part[:65_535]).to_bytes(2, "big") + part[:65_535] for part in parts)


def reshaped(pick: Pick, base: bytes, seeds: list[bytes], steps: int, size_max_bytes: int) -> bytes:
    """An input with other values in it; every fourth time with other bytes."""
    if pick(4) == 0:
        return mutated(pick, base, seeds, steps, size_max_bytes)
    data = base
    pool = _pool(tuple(seeds))
    for _ in range(steps):
        data = _reshape_bytes(pick, data, pool)
    return data[:size_max_bytes]


def retold(pick: Pick, base: bytes, seeds: list[bytes], steps: int, size_max_bytes: int) -> bytes:
    """The parts of an input, some of them reshaped, moved, repeated, or between others' parts."""
    parts = split_parts(base)
    pool = _pool(tuple(seeds))
    for _ in range(steps):
        place = pick(len(parts) + 1)
        match pick(8):
            case 0:
                parts[place:place] = split_parts(_one_of(pick, seeds))
            case 1:
                parts.insert(place, bytes([pick(256)]))
            case 2:
                del parts[place : place + 1]
            case 3 if parts:
                parts.insert(place, _one_of(pick, parts))
            case 4 if place < len(parts):
                parts[place] = _bent(pick, parts[place])
            case _ if place < len(parts):
                parts[place] = _reshape_bytes(pick, parts[place], pool)
        del parts[_PARTS_MAX:]
    return join_parts(*parts)[:size_max_bytes]


# --- values ------------------------------------------------------------------------------


def _decoded(data: bytes) -> Value | None:
    """What an encoding says; None when it is none, or only one number."""
    try:
        value = decode(
            data, size_max_bytes=_SIZE_MAX_BYTES, depth_max=_DEPTH_MAX,
            elements_max=_ELEMENTS_MAX, text_max_bytes=65_535, allow_map=True,
        )  # fmt: skip
    except RemoteProtocolError:
        return None
    return value if isinstance(value, tuple) else None


def _reshape_bytes(pick: Pick, data: bytes, pool: Pool) -> bytes:
    value = _decoded(data)
    if value is None:
        same = pool.strings.get(len(data))
        return _one_of(pick, same) if same and pick(2) else _bent(pick, data)
    try:
        return encode(
            _reshape(pick, value, pool), depth_max=_DEPTH_MAX, elements_max=_ELEMENTS_MAX,
            text_max_bytes=65_535,
        )  # fmt: skip
    except LocalProtocolError:
        return data


def _bent(pick: Pick, data: bytes) -> bytes:
    return mutated(pick, data, [data], 1, 65_535)


def _reshape(pick: Pick, value: Value, pool: Pool) -> Value:
    match value:
        case tuple() | list():
            return _reshape_array(pick, list(value), pool)
        case bool():
            return not value
        case int():
            number = (value + 1, value - 1, _one_of(pick, _NUMBERS), value + 86_400_000)[pick(4)]
            return max(0, number)
        case bytes():
            return _reshape_bytes(pick, value, pool)
        case str():
            return _bent(pick, value.encode()).decode(errors="replace")
        case dict():
            return {pick(4): 1} if pick(2) else {}


def _reshape_array(pick: Pick, items: list[Value], pool: Pool) -> Value:
    place = pick(len(items) + 1)
    if place == len(items):
        # Another length: seldom what a reader takes, except of lists.
        match pick(3):
            case 0 if items:
                items.insert(pick(len(items)), _one_of(pick, items))
            case 1 if items:
                del items[pick(len(items))]
            case _:
                items.append(_one_of(pick, pool.values[_one_of(pick, list(pool.values))]))
        return items
    if pick(6) == 0:
        items[place] = _one_of(pick, pool.values.get(type(items[place]), items))
    else:
        items[place] = _reshape(pick, items[place], pool)
    return items


def _one_of(pick: Pick, items: list[T] | tuple[T, ...]) -> T:
    return items[pick(len(items))]


@lru_cache(maxsize=64)
def _pool(seeds: tuple[bytes, ...]) -> Pool:
    """Every value within the seeds."""
    pool = Pool()
    waiting: list[Value] = [part for seed in seeds for part in (seed, *split_parts(seed))]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
            continue
        if not pool.add(value):
            continue
        if isinstance(value, tuple):
            waiting += value
        inner = _decoded(value) if isinstance(value, bytes) else None
        if inner is not None:
            waiting.append(inner)
    return pool
