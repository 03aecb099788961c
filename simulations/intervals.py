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


# --- the mean of a few --------------------------------------------------------------------

_STUDENT: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045,
)  # fmt: skip
"""The 97.5th percentile of Student's distribution, for 1, 2, 3 … degrees of freedom."""
_NORMAL: Final = 1.96


def student(values: Sequence[float], low: float, high: float | None) -> Measure:
    """The mean, and the interval that holds the true one in 95 of 100 such samples.

    For few values: resamples of five would give an interval that is too narrow.

    Args:
        values: one or more, independent of each other; of a single one nothing is known.
        low, high: between which the mean stands whatever is drawn; no end if None.

    Source: Student (1908).
    """
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Measure(mean, low, high)
    freedom = len(values) - 1
    variance = sum((value - mean) ** 2 for value in values) / freedom
    factor = _STUDENT[freedom - 1] if freedom <= len(_STUDENT) else _NORMAL
    half = factor * (variance / len(values)) ** 0.5
    top = mean + half
    return Measure(mean, max(low, mean - half), top if high is None else min(high, top))
