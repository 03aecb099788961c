"""What does each behaviour gain, under the charter as it is and as an experiment proposes it?"""

from __future__ import annotations

from dataclasses import replace
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
)
from simulations.lives import live, measures_of, usual_charter
from simulations.mixes import HARD_MIX

_QUARTER_MS: Final = 91 * 86_400_000
_PROPOSED: Final = {"circle_2_exchanges": 1, "newcomer_ms": _QUARTER_MS}
_CHARTERS: Final[tuple[tuple[str, dict[str, int]], ...]] = (
    ("as it is", {}),
    ("circle 2 after 1, newcomers for 3 months", _PROPOSED),
)
_KEEPING: Final = ("defector", "sleeper", "whitewasher", "ring", "sybils")


def _cells(members: int, weeks: int) -> tuple[Cell, ...]:
    return tuple(
        Cell(name, {"members": members, "weeks": weeks, **changed}) for name, changed in _CHARTERS
    )


def run(values: Values, seed: int) -> Found:
    """A town on real engines, one in five of whom takes advantage; under oracles at every step."""
    changed = {name: whole(values, name) for name in values if name in _PROPOSED}
    charter = replace(usual_charter(), **changed)
    town = live(whole(values, "members"), whole(values, "weeks"), seed, HARD_MIX, charter)
    assert not town.violations, "the bounds of spec 12.7 hold"
    measured = measures_of(town)
    found = {f"kept_{name}": measured.get(f"{name}.kept") for name in _KEEPING}
    for name in ("borrowed", "lost", "mistrusted", "made_to_wait"):
        found[name] = measured[f"sharer.{name}"]
    return {name: value for name, value in found.items() if value is not None}


EXPERIMENT: Final = Experiment(
    name="behaviours",
    title="What does each behaviour gain?",
    question=(
        "Defectors, sleepers, rings, families of inventions and people who come again under "
        "another name: what do they keep, under the charter as it is and as it might be?"
    ),
    cell_title="charter",
    figures=(
        *(Figure(f"kept_{name}", f"{name}: kept") for name in _KEEPING),
        Figure("borrowed", "sharer: borrowed"),
        Figure("lost", "sharer: lost"),
        Figure("mistrusted", "sharer: not trusted", "share"),
        Figure("made_to_wait", "sharer: had to wait", "share"),
    ),
    regular=Size(_cells(60, 26), 6),
    quick=Size(_cells(20, 3)[:1], 1),
    run=run,
    panels=(
        Panel(
            "Things kept by one person",
            "behaviour",
            _KEEPING,
            {name: [(name, f"kept_{kept}") for kept in _KEEPING] for name, _ in _CHARTERS},
        ),
    ),
)
