"""Fitting made graphs to a real one: the parameters with which its figures come out nearest.

The method is that of simulated moments (McFadden 1989): a graph with the real one's number of
members is made, its figures (``FIGURES``) are held beside the real ones, and the parameters are
moved until the weighted sum of squared differences of their logarithms is least. The draws are
the same for all parameters, so the sum hardly jumps when they move a little. A pattern search
(Hooke and Jeeves 1961) does the moving; it needs no slopes and takes whole numbers. It begins
where simple formulas would put the parameters, and for towns in three more places.

The same is done on further seeds, from there on: how far the parameters then lie apart says how
well the figures determine them. Last, graphs of other seeds show what the fitted ones look like.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from simulations.population.csr import Csr, side_by_side
from simulations.population.reach import reach
from simulations.population.shape import shape_of
from simulations.population.sources import friendships
from simulations.scenario import GraphKind, Population, ScenarioError, parse_scenario

Values: TypeAlias = Mapping[str, float]
"""Parameters by their keys in ``population``."""

FIGURES: Final = ("friends", "friends_ninetieth", "clustering", "distance", "within_2")
KINDS: Final[tuple[GraphKind, ...]] = ("town", "small-world", "preferential", "blocks")
SHOWN_SEED: Final = 1000
"""The first of the seeds whose graphs are shown; fits use those from 1."""

_WEIGHTS: Final = {"friends": 25}
"""What costs most is right first: loads and reach grow with the number of friends."""
_NOTHING: Final = {"clustering": 0.01}
"""Added to both sides, so that the logarithm of nothing is something."""
_FIRST_STEP: Final = 0.4
_REFIT_STEP: Final = 0.1
_LAST_STEP: Final = 0.02
_TRIES_MAX: Final = 400
_TOWNS_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter: its key and its range."""

    key: str
    low: float
    high: float
    is_whole: bool = False
    is_share: bool = False

    def moved(self, value: float, step: float) -> float:
        """A step up or down: a part of the value, or of the whole where it is a share."""
        if self.is_share:
            return self.clipped(value + step / 2)
        wanted = value * (1 + step) if step > 0 else value / (1 - step)
        if self.is_whole:
            wanted = value + (round(wanted - value) or math.copysign(1, step))
        return self.clipped(wanted)

    def clipped(self, value: float) -> float:
        """The nearest that may be."""
        value = min(max(value, self.low), self.high)
        return float(round(value)) if self.is_whole else float(f"{value:.3g}")


@dataclass(frozen=True, slots=True)
class Fit:
    """What came of it.

    Args:
        values: of the first seed.
        spread: for each parameter the least and the most over all fits.
        apart: what is left of the sum of squares.
        tries: graphs that were made for it.
        shown: figures of the graphs of other seeds.
    """

    kind: GraphKind
    values: Values
    fixed: Values
    spread: Mapping[str, tuple[float, float]]
    apart: float
    tries: int
    shown: Sequence[Mapping[str, float]]

    def tables(self) -> dict[str, object]:
        """The table ``population`` of a scenario with these parameters."""
        return tables_of(self.kind, {**self.values, **self.fixed})


def figures_of(graph: Csr, seed: int = 1) -> dict[str, float]:
    """What is held beside each other, and the rest of a graph's shape."""
    shape = shape_of(graph, seed)
    return {
        "members": shape.members,
        "friendships": shape.friendships,
        "friends": shape.friends,
        "friends_median": shape.friends_median,
        "friends_ninetieth": shape.friends_ninetieth,
        "friends_most": shape.friends_most,
        "clustering": shape.clustering,
        "distance": shape.distance,
        "within_2": float(reach(graph, 2).sum(axis=1).mean()),
        "pieces": shape.pieces,
        "largest": shape.largest,
    }


def fit(
    real: Mapping[str, float],
    kind: GraphKind,
    *,
    fixed: Values | None = None,
    towns: int = 1,
    fits: int = 5,
    shown: int = 20,
    told: Callable[[], object] = lambda: None,
) -> Fit:
    """Fit one kind of graph to the figures of a real one.

    Args:
        real: as ``figures_of`` gives them.
        fixed: parameters that stay as they are given.
        towns: how many towns that know nothing of each other the real one is made of.
        fits: seeds that the parameters are looked for with.
        shown: further seeds whose graphs are measured with what was found.
        told: called after each graph.

    Raises:
        ScenarioError: ``fixed`` names no parameter of this kind, or an impossible value.
    """
    knobs = [knob for knob in _knobs(kind, real) if knob.key not in (fixed or {})]
    first = {**_first(kind, real), **(fixed or {})}
    start = {knob.key: first[knob.key] for knob in knobs}
    held = {key: value for key, value in first.items() if key not in start}
    members = max(3, int(real["members"]) // towns)
    population_of(kind, members, first)  # refuses what cannot be
    tries = 0

    def loss(values: Values, seed: int) -> float:
        nonlocal tries
        tries += 1
        told()
        try:
            made = _made(kind, members, {**values, **held}, seed, towns)
        except ScenarioError:
            return math.inf
        return apart(made, real)

    def on(seed: int, start: Values, step: float) -> tuple[Values, float]:
        return _search(lambda values: loss(values, seed), start, knobs, step)

    starts = _starts(kind, start, knobs)
    # What is nowhere better in small steps may be so in large ones.
    best, left = min((on(1, begin, _FIRST_STEP) for begin in starts), key=lambda end: end[1])
    best, left = on(1, best, _FIRST_STEP)
    found = [best, *(on(seed, best, _REFIT_STEP)[0] for seed in range(2, fits + 1))]
    spread = {
        key: (min(values[key] for values in found), max(values[key] for values in found))
        for key in found[0]
    }
    pictures = []
    for seed in range(SHOWN_SEED, SHOWN_SEED + shown):
        pictures.append(_made(kind, members, {**best, **held}, seed, towns))
        told()
    return Fit(kind, best, held, spread, left, tries, pictures)


def apart(made: Mapping[str, float], real: Mapping[str, float]) -> float:
    """The weighted sum of squared differences of the logarithms of ``FIGURES``."""
    total = 0.0
    for figure in FIGURES:
        nothing = _NOTHING.get(figure, 1e-9)
        away = math.log((made[figure] + nothing) / (real[figure] + nothing))
        total += _WEIGHTS.get(figure, 1) * away**2
    return total


def population_of(kind: GraphKind, members: int, values: Values) -> Population:
    """A scenario's population with these parameters. Raises ScenarioError."""
    tables = tables_of(kind, values) | {"members": members}
    return parse_scenario({"population": tables}, name="fit", folder=Path()).population


def tables_of(kind: GraphKind, values: Values) -> dict[str, object]:
    """The table ``population``, of keys with dots."""
    tables: dict[str, object] = {"graph": kind}
    for key, value in values.items():
        name, _, inner = key.rpartition(".")
        number = int(value) if float(value).is_integer() and inner in _WHOLES else value
        if name:
            table = tables.setdefault(name, {})
            assert isinstance(table, dict), "made here"
            table[inner] = number
        else:
            tables[inner] = number
    return tables


def _made(kind: GraphKind, members: int, values: Values, seed: int, towns: int) -> dict[str, float]:
    population = population_of(kind, members, values)
    # A seed's towns are drawn from seeds of their own, which no other seed has.
    graphs = [
        friendships(population, members, seed * _TOWNS_MAX + town, threads=1)
        for town in range(towns)
    ]
    return figures_of(side_by_side(graphs))


def _search(
    loss: Callable[[Values], float], start: Values, knobs: Sequence[Knob], step: float
) -> tuple[Values, float]:
    """Goes wherever it is better, in steps that halve when it is better nowhere."""
    best = dict(start)
    known: dict[tuple[float, ...], float] = {}

    def of(values: Values) -> float:
        key = tuple(values[knob.key] for knob in knobs)
        if key not in known:
            known[key] = loss(values)
        return known[key]

    least = of(best)
    while step >= _LAST_STEP and len(known) < _TRIES_MAX:
        before = least
        for knob in knobs:
            for signed in (step, -step):
                trial = {**best, knob.key: knob.moved(best[knob.key], signed)}
                if (value := of(trial)) < least:
                    best, least = trial, value
                    break
        if least > 0.999 * before:
            step /= 2
    return best, least


# --- the kinds ---------------------------------------------------------------------------

_WHOLES: Final = ("degree", "size", "neighbourhood", "clubs", "club", "town")


def _knobs(kind: GraphKind, real: Mapping[str, float]) -> Sequence[Knob]:
    most = max(8.0, 6 * real["friends"])
    match kind:
        case "small-world":  # ``degree`` is the real mean, or what is even beside it
            return (Knob("rewiring", 0, 1, is_share=True),)
        case "preferential":
            return (Knob("triads", 0, 1, is_share=True),)
        case "blocks":
            size = Knob("blocks.size", 3, max(4, int(real["members"]) // 2), is_whole=True)
            return (size, Knob("blocks.inside", 0.1, most), Knob("blocks.outside", 0.01, most))
        case _:
            return (
                Knob("town.neighbourhood", 3, 1000, is_whole=True),
                Knob("town.neighbours", 0.1, most),
                Knob("town.club", 3, 1000, is_whole=True),
                Knob("town.club_friends", 0.01, most),
                Knob("town.far", 0.01, most),
                Knob("town.variety", 0, 1, is_share=True),
                Knob("town.uneven", 0.05, 2),
            )


def _starts(kind: GraphKind, start: Values, knobs: Sequence[Knob]) -> list[Values]:
    """Where to begin: with many parameters in several places, by factors of the first."""
    places: list[Values] = [{}]
    if kind == "town":
        places += [
            {"town.neighbours": 1.4, "town.club_friends": 0.3, "town.uneven": 2.5},
            {"town.neighbourhood": 3.0, "town.club_friends": 0.5, "town.far": 3.0},
            {"town.neighbours": 0.4, "town.club_friends": 1.4, "town.club": 2.0},
        ]
    return [
        {knob.key: knob.clipped(start[knob.key] * factors.get(knob.key, 1)) for knob in knobs}
        for factors in places
    ]


def _first(kind: GraphKind, real: Mapping[str, float]) -> dict[str, float]:
    """Where simple formulas put the parameters, from friends and clustering alone."""
    friends, clustering = real["friends"], max(real["clustering"], 0.01)
    even = float(max(2, 2 * round(friends / 2)))
    match kind:
        case "small-world":
            ring = 0.75 * (even - 2) / max(1.0, even - 1)
            stay = min(1.0, (clustering / ring) ** (1 / 3)) if ring else 1.0
            return {"degree": even, "rewiring": round(1 - stay, 3)}
        case "preferential":
            return {"degree": even, "triads": round(min(0.9, clustering), 3)}
        case "blocks":
            inside = 0.85 * friends
            size = max(3.0, float(round(1 + inside * 0.85**2 / clustering)))
            return {
                "blocks.size": max(size, float(math.ceil(inside) + 1)),
                "blocks.inside": float(f"{inside:.3g}"),
                "blocks.outside": float(f"{0.15 * friends:.3g}"),
            }
        case _:
            near = max(0.5, 0.55 * (friends - 1.2))
            return {
                "town.household": 2.2,
                "town.neighbourhood": float(math.ceil(2 * near) + 3),
                "town.neighbours": float(f"{near:.3g}"),
                "town.club": float(math.ceil(1.5 * near) + 3),
                "town.club_friends": float(f"{0.6 * near:.3g}"),
                "town.far": float(f"{0.1 * friends:.3g}"),
                "town.variety": 0.8,
                "town.uneven": 0.5,
            }
