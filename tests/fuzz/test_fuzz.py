"""Every reader of bytes, with bytes that were made to break it.

Whole inputs that were taken apart and put together again (Hypothesis draws the steps), and
every seed byte by byte: each of its beginnings, and one byte changed at each place. What
once broke a reader stands under ``found`` and is tried on every run. For long runs with
coverage as a guide: ``make fuzz``.
"""

from __future__ import annotations

import tracemalloc
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus, engine_targets, local_targets, wire_targets
from tests.fuzz.target import Target, attempt, weighted_seeds

TARGETS: Final = (*wire_targets.TARGETS, *local_targets.TARGETS, *engine_targets.TARGETS)
TAKEN_APART_MAX: Final = 4000
"""Inputs a target gets that differ from a seed at one place."""
SLOW_SHARE: Final = 8
TRACED_CPU_MAX_S = 20.0
"""Following each allocation, and each line for the coverage, is many times slower."""
PEAK_MAX_BYTES: Final = 4 * 1024 * 1024
PEAK_PER_BYTE: Final = 16

each_target = pytest.mark.parametrize("target", TARGETS, ids=str)
pytestmark = pytest.mark.slow


def taken(target: Target) -> list[bytes]:
    """Seeds that the target takes, the shortest first."""
    return sorted((seed for seed in target.seeds() if attempt(target, seed)), key=len)


@each_target
def test_seeds_are_taken_and_what_once_broke_it_breaks_it_no_more(target: Target) -> None:
    for data in corpus.found(target.name):
        attempt(target, data)

    assert taken(target)


@each_target
def test_byte_by_byte(target: Target) -> None:
    """Every beginning of a seed, and every seed with one byte changed at each place."""
    left = TAKEN_APART_MAX // (SLOW_SHARE if target.is_slow else 1)
    for seed in taken(target):
        # Of a long seed each n-th place, so that others have their turn.
        step = max(1, 4 * len(seed) // left)
        for place in range(0, len(seed), step):
            is_taken = attempt(target, seed[:place])
            assert not (target.is_closed and is_taken), f"{target} takes {seed[:place]!r}"
            for mask in (0x01, 0x80, 0xFF):
                changed = seed[:place] + bytes([seed[place] ^ mask]) + seed[place + 1 :]
                attempt(target, changed)
        left -= 4 * len(seed) // step
        if left <= 0:
            break


@each_target
@settings(
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_mutations(target: Target, data: st.DataObject) -> None:
    """Seeds after a few steps, drawn by Hypothesis, which makes what breaks a reader small."""
    seeds = _seeds_of(target)

    def pick(count: int) -> int:
        return data.draw(st.integers(0, count - 1))

    for _ in range(1 if target.is_slow else 4):
        base = seeds[pick(len(seeds))]
        attempt(target, target.mutate(pick, base, seeds, 1 + pick(6), target.size_max_bytes))


_SEEDS: Final[dict[str, list[bytes]]] = {}


def _seeds_of(target: Target) -> list[bytes]:
    if target.name not in _SEEDS:
        _SEEDS[target.name] = weighted_seeds(target)
    return _SEEDS[target.name]


BOMBS: Final = {
    "arrays in arrays": b"\x91" * 500_000,
    "empty arrays": b"\xdd\x00\x07\xa1\x20" + b"\x90" * 500_000,
    "four billion": b"\xdd\xff\xff\xff\xff" + bytes(1000),
    "empty maps": b"\xdc\xff\xff" + b"\x80" * 65_535,
    "brackets": b"[" * 200_000,
    "a brace and brackets": b'{"a":' * 50_000,
    "arrays of TOML": b"a = " + b"[" * 100_000,
    "tables of TOML": b"a = " + b"{a = " * 50_000,
    "dots": b"a." * 50_000 + b"a = 1",
    "digits": b"1" * 300_000 + b" " + b"2" * 300_000,
    "a long number of TOML": b"seats = " + b"1" * 100_000,
    "lines": b"\n" * 300_000,
    "zeros": bytes(500_000),
    "quotes": b'"' * 300_000,
    "commas": b"," * 300_000,
    "marks": b"a" + "\u0301".encode() * 100_000,
    "percent": b"%" * 300_000,
    "and": b"a&" * 100_000,
}


@each_target
def test_bombs_cost_no_more_than_they_weigh(target: Target) -> None:
    """Small to send, large to build: memory at its peak follows the length of the input."""
    attempt(target, taken(target)[0])
    for name, bomb in BOMBS.items():
        tracemalloc.start()
        try:
            attempt(target, bomb[: target.size_max_bytes], TRACED_CPU_MAX_S)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak_bytes < PEAK_MAX_BYTES + PEAK_PER_BYTE * len(bomb), name
