"""One in twenty keeps what they borrowed, all in one week: what becomes of the others?"""

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
)
from simulations.experiments.towns import share
from simulations.shock import AFTER_WEEKS, BEFORE_WEEKS, VARIANTS, run_course

_VARIANTS: Final = ("no shock", "as built", "no repair", "open ratings")


def _cells(members: int) -> tuple[Cell, ...]:
    return tuple(Cell(name, {"variant": name, "members": members}) for name in _VARIANTS)


def run(values: Values, seed: int) -> Found:
    """Half a year of a small town around the shock."""
    (variant,) = (one for one in VARIANTS if one.name == values["variant"])
    course = run_course(variant, whole(values, "members"), seed)
    before = sum(course.weeks[:BEFORE_WEEKS]) / BEFORE_WEEKS
    after = sum(course.weeks[BEFORE_WEEKS:]) / AFTER_WEEKS
    found = {
        "lost": float(course.lost),
        "level": share(after, before),
        "unharmed": share(course.unharmed_reduced, course.unharmed),
    }
    if course.harmed:
        found["harmed"] = course.harmed_left / course.harmed
    return found


EXPERIMENT: Final = Experiment(
    name="shock",
    title="A shock",
    question=(
        "All in one week, one in twenty keeps what they borrowed. Do the others go on lending, and "
        "what helps?"
    ),
    cell_title="variant",
    figures=(
        Figure("lost", "things kept"),
        Figure("level", "exchanges of the 20 weeks after, to those before (1 = as many)"),
        Figure("unharmed", "unharmed people who shared less", "share"),
        Figure("harmed", "victims who share less at the end", "share"),
    ),
    regular=Size(_cells(40), 5),
    quick=Size(_cells(16)[:2], 1),
    run=run,
    panels=(
        Panel(
            "People who lost nothing, and shared less",
            "",
            _VARIANTS,
            {"": [(name, "unharmed") for name in _VARIANTS]},
        ),
    ),
)
