"""What is fuzzed: a reader of bytes, what it may raise, and inputs to begin with.

The promise of every reader, whoever made the bytes:

- it raises nothing but its documented errors, each of them one sentence;
- what it takes is spelled in the one way that writing it again gives;
- time and memory stay within bounds that follow from the length of the input.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from protocol.errors import OpenHouseError
from tests.fuzz.corpus import Pick, mutated

Mutate = Callable[[Pick, bytes, list[bytes], int, int], bytes]
"""``mutate(pick, base, seeds, steps, size_max_bytes)``."""

CPU_MAX_S: Final = 1.0
"""For one input; most take microseconds. Generous: the machine may be busy."""


@dataclass(frozen=True)
class Target:
    """One reader.

    Args:
        read: gives what the reading spells again, or None where nothing can be.
        refuses: the documented errors.
        seeds: inputs that are taken, or nearly; the shortest are taken apart byte by byte.
        is_closed: no beginning of what is taken is taken.
        is_sealed: nothing is taken but the seeds: others cannot make any.
        is_slow: an input takes about a millisecond: fewer are tried.
        size_max_bytes: nothing longer comes this way.
        mutate: makes another input of one.
    """

    name: str
    read: Callable[[bytes], bytes | None]
    refuses: tuple[type[Exception], ...]
    seeds: Callable[[], list[bytes]]
    is_closed: bool = False
    is_sealed: bool = False
    is_slow: bool = False
    size_max_bytes: int = 1 << 20
    mutate: Mutate = mutated

    def __str__(self) -> str:
        return self.name


def weighted_seeds(target: Target) -> list[bytes]:
    """Seeds to change: those that are taken as often as all others together."""
    seeds = target.seeds()
    taken = [seed for seed in seeds if attempt(target, seed)]
    return [*seeds, *taken * max(1, len(seeds) // max(1, len(taken)))]


class Broken(AssertionError):
    """A reader broke its promise."""


def attempt(target: Target, data: bytes, cpu_max_s: float = CPU_MAX_S) -> bool:
    """Let a target read an input; whether it took it.

    Raises:
        Broken: the input is worth keeping.
    """
    began_s = time.process_time()
    try:
        again = target.read(data)
        is_taken = True
    except target.refuses as error:
        _check_sentence(target, data, error)
        again, is_taken = None, False
    except Exception as error:
        raise Broken(f"{target}: {type(error).__name__} for {_shown(data)}") from error
    if is_taken and target.is_sealed and data not in _known(target.seeds):
        raise Broken(f"{target}: {_shown(data)} is taken, and nobody sealed it")
    if again is not None and again != data:
        raise Broken(f"{target}: {_shown(data)} is taken, and written as {_shown(again)}")
    if time.process_time() - began_s > cpu_max_s:
        raise Broken(f"{target}: more than {cpu_max_s} s for {_shown(data)}")
    return is_taken


@cache
def _known(seeds: Callable[[], list[bytes]]) -> frozenset[bytes]:
    return frozenset(seeds())


def _check_sentence(target: Target, data: bytes, error: Exception) -> None:
    text = str(error)
    if isinstance(error, OpenHouseError) and (not text or len(text) > 1000):
        raise Broken(f"{target}: not a sentence for {_shown(data)}: {text[:100]!r}")


def _shown(data: bytes) -> str:
    return f"{data!r}" if len(data) <= 300 else f"{data[:300]!r}... ({len(data)} bytes)"
