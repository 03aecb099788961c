"""Can a loan be hidden?"""

from __future__ import annotations

from typing import Final, cast

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
from simulations.experiments.towns import share
from simulations.hidden import Outcome, Trick, run_case

_TRICKS: Final[tuple[tuple[Trick, str], ...]] = (
    ("drop", "tell nobody"),
    ("fork", "show two ledgers"),
)


def _cells(cases: int) -> tuple[Cell, ...]:
    return tuple(Cell(name, {"trick": trick, "cases": cases}) for trick, name in _TRICKS)


def run(values: Values, seed: int) -> Found:
    """Some neighbourhoods in which a borrower keeps a thing, and the loan to itself."""
    trick, cases = cast(Trick, values["trick"]), whole(values, "cases")
    drawn = range(cases * (seed - 1) + 1, cases * seed + 1)
    outcomes = [outcome for number in drawn if (outcome := run_case(number, trick)) is not None]
    assert all(outcome.holds for outcome in outcomes), "who could know knows"
    return {
        "could_know": _share(outcomes, [o.could_know for o in outcomes]),
        "knew": _share(outcomes, [o.is_known for o in outcomes]),
        "proved": _share(outcomes, [o.account.is_forked for o in outcomes]),
        "afterwards": _share(outcomes, [o.account_after.bad > 0 for o in outcomes]),
    }


def _share(outcomes: list[Outcome], which: list[bool]) -> float:
    return share(sum(which), len(outcomes))


EXPERIMENT: Final = Experiment(
    name="hidden-negatives",
    title="Can a loan be hidden?",
    question=(
        "Somebody keeps what they borrowed while its holder is away, and hides the loan. Does the "
        "next one who is asked hear of it?"
    ),
    cell_title="trick",
    figures=(
        Figure("could_know", "an honest way leads to who is asked next", "share"),
        Figure("knew", "who is asked next knows", "share"),
        Figure("proved", "sees two ledgers proved", "share"),
        Figure("afterwards", "sees a 0, once the holder is back", "share"),
    ),
    regular=Size(_cells(6), 5),
    quick=Size(_cells(1)[:1], 1),
    run=run,
    panels=(
        Panel(
            "Who is asked next could know, and knows",
            "what the borrower does",
            tuple(name for _, name in _TRICKS),
            {
                told: [(name, figure) for _, name in _TRICKS]
                for figure, told in (("could_know", "could know"), ("knew", "knows"))
            },
        ),
    ),
)
