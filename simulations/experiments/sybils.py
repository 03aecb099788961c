"""How many invented people pay?"""

from __future__ import annotations

from typing import Final

from simulations.attack import Attack, attack_on
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

_EDGES: Final = 2
_CROWDS: Final = (2, 5, 12)


def _name(crowd: int, is_counted: bool) -> str:
    return f"{crowd} invented, units {'counted' if is_counted else 'not counted'}"


def _cells(members: int, crowds: tuple[int, ...]) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            _name(crowd, is_counted),
            {"members": members, "crowd": crowd, "counted": is_counted},
        )
        for is_counted in (True, False)
        for crowd in crowds
    )


def run(values: Values, seed: int) -> Found:
    """They borrow whatever they can over two friendships with real people."""
    members, edges = friends_in_town(whole(values, "members"), seed)
    attack = Attack(whole(values, "crowd"), _EDGES, 2, seed, bool(values["counted"]))
    damage = attack_on(members, edges, attack)
    return {
        "held": float(damage.engaged),
        "held_each": damage.engaged / damage.sybils,
        "of_bound": damage.engaged / damage.capacity,
        "most_of_one": float(damage.exposure_max),
        "asked": float(damage.asked),
    }


EXPERIMENT: Final = Experiment(
    name="sybils",
    title="How many invented people pay?",
    question=(
        "Somebody makes up two, five, twelve members, and two real people befriend some of them. "
        "How much do they all get from beyond friends?"
    ),
    cell_title="crowd behind two friendships",
    figures=(
        Figure("held", "things they hold from beyond friends"),
        Figure("held_each", "for each invented person"),
        Figure("of_bound", "of what was placed on them (C)"),
        Figure("most_of_one", "most from one lender"),
        Figure("asked", "requests they made"),
    ),
    regular=Size(_cells(60, _CROWDS), 5),
    quick=Size(_cells(16, (2, 4)), 1),
    run=run,
    panels=(
        Panel(
            "Things that the crowd holds from beyond friends",
            "invented people",
            tuple(str(crowd) for crowd in _CROWDS),
            {
                f"units {'counted' if is_counted else 'not counted'}": [
                    (_name(crowd, is_counted), "held") for crowd in _CROWDS
                ]
                for is_counted in (True, False)
            },
        ),
    ),
)
