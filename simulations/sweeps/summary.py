"""Summaries: each figure's mean over the seeds of a cell, and the interval that holds it.

Intervals hold the mean in 95 % of resamples of the seeds (bootstrap, Efron 1979), drawn alike
for every figure and cell, so that equal results give equal summaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulations.intervals import Measure
from simulations.sweeps.results import Done

_RESAMPLES: Final = 2000
_SEED: Final = 20_260_101

Means = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """One figure in all cells.

    Args:
        cells: by the number of the cell; None where no run gave the figure.
        clarity: how much the cells differ, in widths of their intervals; 0 if they do not.
    """

    figure: str
    cells: dict[int, Measure]
    clarity: float


def summaries(done: Sequence[Done]) -> list[Summary]:
    """Every figure, those in which the cells differ most clearly first."""
    names = sorted({name: None for run in done for name in run.figures})
    by_cell: dict[int, list[Done]] = {}
    for run in done:
        by_cell.setdefault(run.cell, []).append(run)
    found = []
    for name in names:
        cells = {
            number: mean_of([run.figures.get(name) for run in runs])
            for number, runs in by_cell.items()
        }
        found.append(Summary(name, cells, _clarity(list(cells.values()))))
    return sorted(found, key=lambda summary: (-summary.clarity, summary.figure))


def mean_of(values: Sequence[float | None]) -> Measure:
    """The mean of those that there are, with its interval."""
    there = np.array([value for value in values if value is not None], np.float64)
    if len(there) == 0:
        return Measure(None, None, None)
    low, high = np.quantile(resampled_means(there), (0.025, 0.975))
    return Measure(float(there.mean()), float(low), float(high))


def resampled_means(values: Means) -> Means:
    """Means of as many values drawn again and again, with replacement."""
    if len(values) == 1:
        return np.repeat(values, _RESAMPLES)
    chance = np.random.default_rng(_SEED)
    drawn = chance.integers(0, len(values), (_RESAMPLES, len(values)))
    means: Means = values[drawn].mean(axis=1)
    return means


def _clarity(cells: Sequence[Measure]) -> float:
    there = [
        (cell.value, cell.low, cell.high)
        for cell in cells
        if cell.value is not None and cell.low is not None and cell.high is not None
    ]
    if len(there) < 2:
        return 0.0
    means = [value for value, _, _ in there]
    apart = max(means) - min(means)
    if apart == 0:
        return 0.0
    width = sum(high - low for _, low, high in there) / len(there)
    # Where every seed gives the same, the difference itself is clear.
    return apart / max(width, 1e-3 * apart)
