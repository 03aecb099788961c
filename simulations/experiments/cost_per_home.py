"""How does what a home sends and keeps grow with the network?"""

from __future__ import annotations

from typing import Final

from simulations.experiments.shape import (
    Cell,
    Experiment,
    Figure,
    Found,
    Panel,
    Size,
    Values,
    whole,
)  # fmt: skip
from simulations.experiments.towns import friends_in_town
from simulations.population.reach import reach as exact_reach
from simulations.population.towns import town
from simulations.reach import reach
from simulations.scenario_population import TownPlan

_CIRCLES: Final = (1, 2, 3)
_HOMES: Final = (30, 60, 120)
_LARGE: Final = (1_000, 10_000, 100_000)


def _name(homes: int, circles: int) -> str:
    told = "circle" if circles == 1 else "circles"
    return f"{homes:,} homes, {circles} {told}"


def _cells(homes: tuple[int, ...], large: tuple[int, ...]) -> tuple[Cell, ...]:
    engines = [
        Cell(_name(count, circles), {"homes": count, "circles": circles, "engines": True})
        for circles in _CIRCLES
        for count in homes
    ]
    arrays = [
        Cell(_name(count, circles), {"homes": count, "circles": circles, "engines": False})
        for circles in _CIRCLES
        for count in large
    ]
    return (*engines, *arrays)


def run(values: Values, seed: int) -> Found:
    """Everybody lists one thing, for so many circles; on real engines where there are few."""
    homes, circles = whole(values, "homes"), whole(values, "circles")
    if not values["engines"]:
        sizes = exact_reach(town(homes, TownPlan(), seed, 1), circles, threads=1)
        return {"seen": float(sizes.sum() / homes)}
    members, edges = friends_in_town(homes, seed)
    result = reach(members, edges, list(range(members)), circles, seed)
    assert result.is_good, "every home sees what it should, and nothing else"
    return {
        "seen": result.seen / members,
        "messages": result.messages / members,
        "kib": result.bytes / members / 1024,
        "kib_each": result.bytes / result.seen / 1024,
        "copies": result.superfluous_per_delivery,
    }


EXPERIMENT: Final = Experiment(
    name="cost-per-home",
    title="How does the cost of a home grow with the network?",
    question=(
        "If a house has a hundred, a thousand, a hundred thousand members: what more does one home "
        "have to send, and to keep?"
    ),
    cell_title="network",
    figures=(
        Figure("seen", "things that one home sees"),
        Figure("messages", "messages that one home sends"),
        Figure("kib", "KiB that one home sends"),
        Figure("kib_each", "KiB for each thing seen"),
        Figure("copies", "copies too many for each thing seen"),
    ),
    regular=Size(_cells(_HOMES, _LARGE), 5),
    quick=Size(_cells((8, 16), (1_000,)), 1),
    run=run,
    panels=(
        Panel(
            "Things that one home sees, when everybody lists one",
            "homes in the network",
            tuple(f"{count:,}" for count in (*_HOMES, *_LARGE)),
            {
                f"{circles} circle{'s' if circles > 1 else ''}": [
                    (_name(count, circles), "seen") for count in (*_HOMES, *_LARGE)
                ]
                for circles in _CIRCLES
            },
        ),
        Panel(
            "KiB that one home sends, for each thing that it sees",
            "homes in the network",
            tuple(f"{count:,}" for count in _HOMES),
            {
                f"{circles} circle{'s' if circles > 1 else ''}": [
                    (_name(count, circles), "kib_each") for count in _HOMES
                ]
                for circles in _CIRCLES
            },
        ),
    ),
)
