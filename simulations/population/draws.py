"""Chance without an order: every draw is a hash of (seed, purpose, round, member).

A generator gives its numbers in turn, so that who asks first changes what all others get. Here
nobody waits for a turn: a draw belongs to the member and the purpose it is for, on any thread,
in any order, and alone.

The hash is the output function of SplitMix64 (Steele, Lea and Flood 2014): ``stream`` makes
one starting point for a purpose and round, ``draw`` gives the number of a member in it.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Final

import numpy as np

from simulations.population.compiled import Hashes, Numbers, Reals, Truths, kernel, part

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_S27: Final = np.uint64(27)
_S30: Final = np.uint64(30)
_S31: Final = np.uint64(31)
_S11: Final = np.uint64(11)
_ONE: Final = np.uint64(1)
_UNIT: Final = 1.0 / (1 << 53)
_U64: Final = (1 << 64) - 1


class Purpose(IntEnum):
    """What a draw is for. A number once given stays: it is part of every published seed."""

    HOUSEHOLD = 1
    NEIGHBOUR = 2
    CLUB = 3
    CLUB_FRIEND = 4
    FAR_FRIEND = 5
    REWIRED = 6
    ATTACHED = 7
    BLOCK_FRIEND = 8
    RANDOM_FRIEND = 9
    RANK = 10
    TEMPER = 11
    NEED = 12
    THINGS = 13
    WANTS = 14
    CHOICE = 15
    PRIORITY = 16
    FAILS = 17
    HOLDER_WORD = 18
    BORROWER_WORD = 19
    MAKES_GOOD = 20
    WILLING = 21
    SKETCH = 22
    INTRODUCED = 23
    UNEVEN = 24
    MOVES_AWAY = 25


@kernel
def mixed(x: np.uint64) -> np.uint64:
    """The output function of SplitMix64: every bit of the input moves half of the output's."""
    x = (x ^ (x >> _S30)) * _FIRST
    x = (x ^ (x >> _S27)) * _SECOND
    return x ^ (x >> _S31)


@kernel
def draw(stream: np.uint64, number: int) -> np.uint64:
    """64 bits of the stream that belong to this number."""
    return mixed(stream + (np.uint64(number) + _ONE) * GOLDEN)


@kernel
def uniform(bits: np.uint64) -> float:
    """From 64 bits a number from 0 up to, and never, 1."""
    return np.float64(bits >> _S11) * _UNIT


@part
def skipped(bits: np.uint64, log_refused: float) -> int:
    """How many are passed over before the next one that is chosen, each with equal chance.

    Args:
        log_refused: log(1 - chance), so below 0.
    """
    steps = math.log(1.0 - uniform(bits)) / log_refused
    return int(steps) if steps < 4.0e18 else 4_000_000_000_000_000_000


def draws_of(start: np.uint64, numbers: Numbers) -> Hashes:
    """As ``draw``, for many numbers at once and without a kernel."""
    x: Hashes = start + (numbers.astype(np.uint64) + _ONE) * GOLDEN
    x = (x ^ (x >> _S30)) * _FIRST
    x = (x ^ (x >> _S27)) * _SECOND
    return x ^ (x >> _S31)


def happens(start: np.uint64, numbers: Numbers, chances: Reals) -> Truths:
    """Whether something with a chance of its own happens to each of them."""
    uniforms = (draws_of(start, numbers) >> _S11) * _UNIT
    return uniforms < chances


def stream(seed: int, purpose: Purpose, step: int = 0) -> np.uint64:
    """The starting point of one purpose in one round (``step``) of one seed."""
    start = 0
    for value in (seed, int(purpose), step):
        start = _mixed((start ^ (value & _U64)) + int(GOLDEN))
    return np.uint64(start)


def _mixed(x: int) -> int:
    """As ``mixed``, for Python's whole numbers."""
    x &= _U64
    x = ((x ^ (x >> 30)) * int(_FIRST)) & _U64
    x = ((x ^ (x >> 27)) * int(_SECOND)) & _U64
    return x ^ (x >> 31)
