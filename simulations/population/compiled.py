"""Kernels and threads: how this package uses all cores and stays the same on any number of them.

A kernel is a plain function over arrays that numba compiles without the interpreter's lock. It
works on a range of members and writes only what belongs to them; threads take ranges in turn.
So the number of threads decides when something is computed, and never what.

numba's own parallel loops would do the same. They take several times as long to compile, and
some of the layers that they run on forbid threads or forks around them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, TypeAlias, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Flags: TypeAlias = NDArray[np.uint8]
Numbers: TypeAlias = NDArray[np.int32]
"""Member numbers, and what is counted of one member."""
Offsets: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.uint64]
Reals: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]

Function = TypeVar("Function", bound=Callable[..., object])
Scratch = TypeVar("Scratch")
Result = TypeVar("Result")

MEMBERS_AT_ONCE: Final = 1 << 15
LEAST_AT_ONCE: Final = 1 << 10
"""Members in one range at most and at least: enough work to hide the cost of handing it over."""
APART: Final = 64
"""Numbers to make room for where a thread writes a few all the time: two threads that write into
one line of the cache wait for each other at every write."""
RANGES_EACH: Final = 8
"""Ranges for each thread, where they would else be larger: none is left waiting for the last."""


def kernel(function: Function) -> Function:
    """Compile a function over arrays, once for each machine."""
    return cast(Function, numba.njit(nogil=True, cache=True)(function))


def part(function: Function) -> Function:
    """Compile a function that only kernels call: without the door for Python, which takes long."""
    compile_ = cast(Callable[..., Callable[[Function], Function]], numba.njit)
    return compile_(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def inlined(function: Function) -> Function:
    """Compile a function as if its lines stood in the kernel that calls it: for inner loops."""
    compile_ = cast(Callable[..., Callable[[Function], Function]], numba.njit)
    return compile_(nogil=True, inline="always")(function)


def cores() -> int:
    """Threads that this process may run at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not a Linux
        return os.cpu_count() or 1


def side_by_side(*works: Callable[[], object], threads: int | None = None) -> None:
    """Do things that touch nothing of each other, at once where there is more than one thread."""
    with ThreadPoolExecutor(max_workers=threads or cores()) as executor:
        for done in [executor.submit(work) for work in works]:
            done.result()


def in_ranges(
    work: Callable[[int, int, Scratch], Result],
    total: int,
    scratch: Callable[[], Scratch],
    *,
    threads: int | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> list[Result]:
    """Call ``work(begin, end, scratch)`` for ranges that cover ``total``; results in order.

    Args:
        scratch: makes the arrays that one thread works with, kept from range to range.
        threads: as many as there are cores if None.
        told: called with the size of each range that is done, in order.
    """
    count = max(1, min(threads or cores(), -(-total // LEAST_AT_ONCE)))
    at_once = max(LEAST_AT_ONCE, min(MEMBERS_AT_ONCE, -(-total // (count * RANGES_EACH))))
    pool: SimpleQueue[Scratch] = SimpleQueue()
    for _ in range(count):
        pool.put(scratch())

    def one(begin: int) -> Result:
        mine = pool.get()
        try:
            return work(begin, min(begin + at_once, total), mine)
        finally:
            pool.put(mine)

    results = []
    with ThreadPoolExecutor(max_workers=count) as executor:
        for begin, result in zip(
            range(0, total, at_once), executor.map(one, range(0, total, at_once)), strict=True
        ):
            results.append(result)
            told(min(at_once, total - begin))
    return results
