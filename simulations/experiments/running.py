"""Running an experiment: every cell on every seed, and the means with their intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from simulations.collector import quiet_collector
from simulations.experiments.shape import Experiment, Figure, Found, Results, Size
from simulations.intervals import Measure, student
from simulations.provenance import commit

SizeName: TypeAlias = Literal["regular", "quick"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an experiment came to, and what made it.

    Args:
        core_seconds: processor time, not time on the clock.
    """

    experiment: str
    size: SizeName
    seeds: int
    commit: str
    core_seconds: int
    results: Results


def run(experiment: Experiment, size_name: SizeName, told: Callable[[str], object]) -> Outcome:
    """Run all of it, one run after the other.

    Args:
        told: called with the cell's name before each run.
    """
    began = time.process_time()
    size = size_of(experiment, size_name)
    found: dict[str, list[Found]] = {cell.name: [] for cell in size.cells}
    for seed in range(1, size.seeds + 1):
        for cell in size.cells:
            told(cell.name)
            with quiet_collector():
                found[cell.name].append(experiment.run(cell.values, seed))
    results = {name: _measured(experiment.figures, runs) for name, runs in found.items()}
    seconds = round(time.process_time() - began)
    return Outcome(experiment.name, size_name, size.seeds, commit(), seconds, results)


def size_of(experiment: Experiment, name: SizeName) -> Size:
    return experiment.quick if name == "quick" else experiment.regular


def _measured(figures: Sequence[Figure], runs: list[Found]) -> dict[str, Measure]:
    measured: dict[str, Measure] = {}
    for figure in figures:
        values = [run[figure.name] for run in runs if figure.name in run]
        if values:
            measured[figure.name] = student(values, 0.0, 1.0 if figure.unit == "share" else None)
    return measured
