"""Inputs to begin with, and what becomes of them: real ones, and almost real ones.

The public test vectors of the protocol are a corpus by themselves: every byte string in
them, valid or not, is a seed for every reader of bytes. Mutations are those that find
things in formats with lengths: flipped bits, changed lengths, parts repeated, taken out
or moved, and pieces of other seeds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

FUZZ: Final = Path(__file__).resolve().parent
VECTORS: Final = FUZZ.parent.parent / "protocol" / "vectors"
FOUND: Final = FUZZ / "found"
"""Inputs that once broke a promise: ``<target>/<name>``, tried on every run."""
_SEED_MIN_BYTES: Final = 4

# Lengths and types of MessagePack, ends of numbers, and what texts trip over.
_INTERESTING: Final = (
    b"\0", b"\xff", b"\x7f", b"\x80", b"\x90", b"\x91", b"\x9f", b"\xc0", b"\xc1", b"\xc2",
    b"\xc4\0", b"\xc4\xff", b"\xc5\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xcc\0", b"\xcd\0\0",
    b"\xcf\0\x20\0\0\0\0\0\0", b"\xcf\0\x1f\xff\xff\xff\xff\xff\xff", b"\xd0\xff", b"\xd9\0",
    b"\xdb\xff\xff\xff\xff", b"\xdc\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xae", b"\x1b[31m", b"\r\n", b"\n", b" ",
    b'"', b"'", b"\\", b"[", b"]" , b"{", b"}", b"=", b",", b".", b"-1", b"1e999", b"nan",
    b"9" * 400, b"[" * 400, b"{" * 400, b"99999999999999999999", b"true", b"null", b"#", b"%",
    "é".encode(), "½".encode(), "٣".encode(), "\u2028".encode(), "İ".encode(), "\ufb01".encode(),
)  # fmt: skip


@cache
def vectors() -> tuple[bytes, ...]:
    """Every byte string of the public vectors, each once, the shortest first."""
    found: dict[bytes, None] = {}
    for path in sorted(VECTORS.glob("*.json")):
        for text in _texts(json.loads(path.read_text(encoding="utf-8"))):
            try:
                found[bytes.fromhex(text)] = None
            except ValueError:
                continue
    return tuple(sorted((data for data in found if len(data) >= _SEED_MIN_BYTES), key=len))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))


def found(name: str) -> list[bytes]:
    """What once broke a target."""
    return [path.read_bytes() for path in sorted((FOUND / name).glob("*")) if path.is_file()]


# --- mutations ---------------------------------------------------------------------------

Pick = Callable[[int], int]
"""Chooses a number from 0 to below the argument, which is at least 1."""


def mutated(pick: Pick, base: bytes, seeds: list[bytes], steps: int, size_max_bytes: int) -> bytes:
    """An input after some steps, each drawn by ``pick``; seeds lend pieces."""
    data = bytearray(base)
    for _ in range(steps):
        _MUTATIONS[pick(len(_MUTATIONS))](pick, data, seeds)
        del data[size_max_bytes:]
    return bytes(data)


def _flip_bit(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    if data:
        data[pick(len(data))] ^= 1 << pick(8)


def _set_byte(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    if data:
        data[pick(len(data))] = pick(256)


def _step_byte(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    """A length that is off by one."""
    if data:
        place = pick(len(data))
        data[place] = (data[place] + (1, 255)[pick(2)]) % 256


def _cut(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    del data[pick(len(data) + 1) :]


def _take_out(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    start = pick(len(data) + 1)
    del data[start : start + 1 + pick(16)]


def _repeat(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    start = pick(len(data) + 1)
    data[start:start] = data[start : start + 1 + pick(64)] * (1 + pick(8))


def _insert(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    start = pick(len(data) + 1)
    data[start:start] = _INTERESTING[pick(len(_INTERESTING))]


def _overwrite(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    start = pick(len(data) + 1)
    new = _INTERESTING[pick(len(_INTERESTING))]
    data[start : start + len(new)] = new


def _splice(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    """A piece of another seed."""
    other = seeds[pick(len(seeds))]
    begin, start = pick(len(other) + 1), pick(len(data) + 1)
    data[start:start] = other[begin : begin + 1 + pick(64)]


def _cross(pick: Pick, data: bytearray, seeds: list[bytes]) -> None:
    """The end of another seed."""
    other = seeds[pick(len(seeds))]
    data[pick(len(data) + 1) :] = other[pick(len(other) + 1) :]


_MUTATIONS: Final = (
    _flip_bit, _set_byte, _step_byte, _cut, _take_out, _repeat, _insert, _overwrite, _splice,
    _cross,
)  # fmt: skip


def by_chance(chance: random.Random) -> Pick:
    """A ``Pick`` from a generator of pseudo-random numbers."""
    return chance.randrange
