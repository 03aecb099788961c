"""The common shape of an experiment: a question, cells, seeds, figures with intervals, a drawing.

A *cell* is one way to run it: what is different in it stands in its values. A *run* of a cell
and a seed gives numbers; the mean over the seeds, with its interval, is a figure. Seeds are 1, 2,
3 …, the same in every cell, and equal arguments give equal numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from simulations.intervals import Measure

Value: TypeAlias = bool | int | float | str
Values: TypeAlias = Mapping[str, Value]
Found: TypeAlias = dict[str, float]
"""What one run found, by the names of figures; what a run does not measure is not there."""
Results: TypeAlias = Mapping[str, Mapping[str, Measure]]
"""By cell and figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that is measured.

    Args:
        name: in data files; it stays.
        title: in tables and drawings, for people.
        unit: how it is written; a share stands between 0 and 1, and a number is not below 0.
    """

    name: str
    title: str
    unit: Literal["number", "share"] = "number"


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to run it; ``name`` is what a table calls it."""

    name: str
    values: Values


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it is run."""

    cells: tuple[Cell, ...]
    seeds: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing: a line or more over places along the bottom.

    Args:
        title: what is measured.
        along: what the places are.
        places: their names.
        lines: for each line, at each place the cell and the figure that stand there.
    """

    title: str
    along: str
    places: tuple[str, ...]
    lines: Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question and how it is answered.

    Args:
        name: of the command's argument, the page and its files.
        cell_title: what the first column of the table is.
        regular: what the page shows; some minutes of one core.
        quick: some seconds, to see that it runs.
        run: one cell's values and a seed; what it found.
        panels: what is drawn.
    """

    name: str
    title: str
    question: str
    cell_title: str
    figures: tuple[Figure, ...]
    regular: Size
    quick: Size
    run: Callable[[Values, int], Found]
    panels: tuple[Panel, ...]


def number(values: Values, key: str, default: float = 0.0) -> float:
    """A value that is a number."""
    value = values.get(key, default)
    assert not isinstance(value, str), f"{key} is a number"
    return float(value)


def whole(values: Values, key: str, default: int = 0) -> int:
    return int(number(values, key, default))
