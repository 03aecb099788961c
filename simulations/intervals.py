"""Figures over many runs, and the interval that holds each in 95 of 100 resamples of them.

Source: the bootstrap (Efron 1979).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

_RESAMPLES: Final = 1000
_Run = TypeVar("_Run")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure over all seeds, and the interval that holds it in 95 % of resamples.

    None stands for what did not happen in the time.
    """

    value: float | None
    low: float | None
    high: float | None


def measure(runs: Sequence[_Run], ask: Callable[[Sequence[_Run]], float | None]) -> Measure:
    """What ``ask`` finds over all runs together."""
    chance = random.Random("resampling")
    found = []
    for _ in range(_RESAMPLES):
        value = ask(chance.choices(runs, k=len(runs)))
        # What does not happen in the time is later than all that does.
        found.append(float("inf") if value is None else value)
    found.sort()
    low, high = found[int(0.025 * _RESAMPLES)], found[int(0.975 * _RESAMPLES) - 1]
    return Measure(ask(runs), _finite(low), _finite(high))


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value
