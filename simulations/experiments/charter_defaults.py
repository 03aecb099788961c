"""Which default numbers of the charter should change?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from protocol.charter import Charter
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
from simulations.experiments.towns import YEAR_WEEKS, grown, live, share, who_is_honest
from simulations.scenario_population import Customs

_DAY_MS: Final = 86_400_000
_QUARTER_MS: Final = 91 * _DAY_MS
_TEMPERS: Final = (
    ("sharer", 0.55), ("careful", 0.2), ("clumsy", 0.17), ("slanderer", 0.05), ("defector", 0.03),
)  # fmt: skip
_NEEDS: Final = 2.0

_CHANGES: Final[tuple[tuple[str, dict[str, int]], ...]] = (
    ("as it is", {}),
    ("circle 2 after 1 exchange", {"circle_2_exchanges": 1}),
    ("circle 2 after 3", {"circle_2_exchanges": 3}),
    ("circle 3 after 3", {"circle_3_exchanges": 3}),
    ("circle 3 after 8", {"circle_3_exchanges": 8}),
    ("no first loans from friends", {"first_loans_from_friends": 0}),
    ("1 first loan from friends", {"first_loans_from_friends": 1}),
    ("newcomers for 3 months", {"newcomer_ms": _QUARTER_MS}),
    ("1 unit at most", {"capacity_max": 1}),
    ("2 units for a new friend", {"capacity_new": 2}),
    ("a 0 closes no circle", {"failed_exchange_cost": 0}),
    ("a 0 weighs half after 45 days", {"failed_half_life_ms": 45 * _DAY_MS}),
    ("reliable from 75 %", {"reliability_min_percent": 75}),
    (
        "circle 2 after 1, newcomers for 3 months",
        {"circle_2_exchanges": 1, "newcomer_ms": _QUARTER_MS},
    ),
)


def _cells(members: int) -> tuple[Cell, ...]:
    return tuple(Cell(name, {"members": members, **changed}) for name, changed in _CHANGES)


def run(values: Values, seed: int) -> Found:
    """Two years, with some who keep whatever they get and some who say what is not true."""
    changed = {name: whole(values, name) for name in values if name != "members"}
    customs = Customs(tempers=_TEMPERS, needs=_NEEDS, on_word=True)
    life = grown(whole(values, "members"), replace(Charter(), **changed), customs, seed)
    is_honest = who_is_honest(life, customs)
    first = live(life, YEAR_WEEKS, is_honest)
    second = live(life, YEAR_WEEKS, is_honest)
    return {
        "open_2": float((life.opened >= 2)[is_honest].mean()),
        "open_3": float((life.opened >= 3)[is_honest].mean()),
        "far_first": first.far_loans / first.honest,
        "far": second.far_loans / second.honest,
        "stopped": share(second.doubted + second.no_unit, second.far_asked),
        "kept": first.kept_each() + second.kept_each(),
    }


_CELLS: Final = tuple(name for name, _ in _CHANGES)

EXPERIMENT: Final = Experiment(
    name="charter-defaults",
    title="Which numbers of the charter should change?",
    question=(
        "Each number of the default charter changed alone, in a town where three in a hundred keep "
        "whatever they get and five slander: what does it open to the honest, and what to them?"
    ),
    cell_title="charter",
    figures=(
        Figure("open_2", "circle 2 open after two years", "share"),
        Figure("open_3", "circle 3 open after two years", "share"),
        Figure("far_first", "loans from beyond friends, in the first year"),
        Figure("far", "the same in the second year"),
        Figure("stopped", "of what was asked for beyond friends, stopped by a rule", "share"),
        Figure("kept", "things that one who keeps things got in two years"),
    ),
    regular=Size(_cells(1000), 8),
    quick=Size(_cells(120)[:4], 2),
    run=run,
    panels=tuple(
        Panel(title, "", _CELLS, {"": [(name, figure) for name in _CELLS]})
        for figure, title in (
            ("far", "Loans from beyond friends to one honest person, in the second year"),
            ("kept", "Things that one who keeps things got in two years"),
        )
    ),
)
