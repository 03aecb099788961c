"""Two sweeps beside each other: in which figures do they differ, and how surely?

Cells are compared that vary the same keys to the same values; seeds that both have are compared
one with one (paired), which takes away what the seed's own town does to a figure. The interval
is Student's: it holds the true mean difference in 95 of 100 such comparisons.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulations.sweeps import SweepError
from simulations.sweeps.plan import Value
from simulations.sweeps.results import Done, open_results
from simulations.sweeps.summary import mean_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one cell in both; ``difference`` is the second less the first.

    Args:
        seeds: how many were compared.
        low, high: None where there is one seed alone, of which nothing is known.
        is_clear: whether the interval leaves out 0.
    """

    cell: tuple[tuple[str, Value], ...]
    figure: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    seeds: int
    is_clear: bool


def compare(first: Path, second: Path) -> list[Difference]:
    """Every figure of every cell that both have; clear differences first, the greatest first.

    Raises:
        SweepError: one is no sweep, or they have no run in common.
    """
    _, ones = open_results(first)
    _, others = open_results(second)
    pairs = _pairs(ones, others)
    if not pairs:
        raise SweepError(
            f"{first} and {second} have no run in common: the same values of the same keys, "
            "and the same seed."
        )
    found = []
    for runs in pairs.values():
        names = sorted({n: None for one, other in runs for n in one.figures if n in other.figures})
        for name in names:
            difference = _difference(runs, name)
            if difference is not None:
                found.append(difference)
    return sorted(found, key=lambda d: (not d.is_clear, -_relative(d), d.figure))


def _pairs(ones: Sequence[Done], others: Sequence[Done]) -> dict[str, list[tuple[Done, Done]]]:
    """Runs of the same cell and seed, by cell."""
    there = {(_key(run), run.seed): run for run in others}
    pairs: dict[str, list[tuple[Done, Done]]] = {}
    for run in ones:
        other = there.get((_key(run), run.seed))
        if other is not None:
            pairs.setdefault(_key(run), []).append((run, other))
    return pairs


def _key(run: Done) -> str:
    return json.dumps(sorted(run.values))


def _difference(runs: Sequence[tuple[Done, Done]], name: str) -> Difference | None:
    both = [
        (before, after)
        for one, other in runs
        if (before := one.figures.get(name)) is not None
        and (after := other.figures.get(name)) is not None
    ]
    if not both:
        return None
    apart = mean_of([after - before for before, after in both], is_signed=True)
    assert apart.value is not None, "there is one at least"
    first, second = mean_of([one for one, _ in both]), mean_of([other for _, other in both])
    assert first.value is not None, "there is one at least"
    assert second.value is not None, "as many as of the first"
    return Difference(
        cell=runs[0][0].values,
        figure=name,
        first=first.value,
        second=second.value,
        difference=apart.value,
        low=apart.low,
        high=apart.high,
        seeds=len(both),
        is_clear=(apart.low or 0) > 0 or (apart.high or 0) < 0,
    )


def _relative(difference: Difference) -> float:
    size = max(abs(difference.first), abs(difference.second))
    return abs(difference.difference) / size if size else 0.0
