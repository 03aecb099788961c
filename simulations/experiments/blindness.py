"""Does it matter that ratings are blind until both have rated?"""

from __future__ import annotations

from typing import Final

from node.engine.commands import Command, Rate
from simulations.behaviours import Person, read_mix
from simulations.customs import Customs, Out
from simulations.experiments.shape import (
    Cell,
    Experiment,
    Figure,
    Found,
    Panel,
    Size,
    Values,
    number,
    whole,
)  # fmt: skip
from simulations.experiments.towns import share
from simulations.shock import Variant, small_world
from simulations.society import Society
from simulations.street import Row

_BUSY_WEEKS: Final = 6
_BUSY: Final = 8.0

_CUSTOMS: Final = (
    ("blind", True, 0.0),
    ("open, nobody afraid", False, 0.0),
    ("open, every second one afraid", False, 0.5),
)
_RETALIATING: Final = ((0.07, "few pay back"), (0.3, "3 in 10 pay back"))


class _Heard(Society):
    """A town in which all words are counted, by whether they are true.

    Args:
        told: losses that the holder called a loss.
        unjust: words of 0 about somebody who had done nothing wrong.
    """

    losses = 0
    told = 0
    words = 0
    unjust = 0
    _rated: tuple[Out, bool] | None = None

    def _lose(self, out: Out, holder: Person, borrower: Person) -> None:
        self.losses += 1
        super()._lose(out, holder, borrower)

    def _rate_both(self, out: Out, *, went_well: bool) -> None:
        self._rated = (out, went_well)
        super()._rate_both(out, went_well=went_well)
        self._rated = None

    def try_(self, number: int, command: Command) -> Row | None:
        row = super().try_(number, command)
        if isinstance(command, Rate) and row is not None and self._rated is not None:
            out, went_well = self._rated
            is_loss = number == out.holder and not went_well
            self.words += 1
            self.told += is_loss and command.confiance == 0
            self.unjust += not is_loss and command.confiance == 0
        return row


def _cells(members: int, weeks: int) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            f"{name}; {told}",
            {
                "members": members, "weeks": weeks, "blind": is_blind, "fear": fear,
                "retaliating": retaliating,
            },
        )
        for retaliating, told in _RETALIATING
        for name, is_blind, fear in _CUSTOMS
    )  # fmt: skip


def run(values: Values, seed: int) -> Found:
    """A town with one in ten who keeps things, and some who pay back every bad word."""
    members = whole(values, "members")
    retaliating = number(values, "retaliating")
    mix = read_mix(
        f"sharer={0.7 - retaliating:g},clumsy=0.2,defector=0.1,retaliator={retaliating:g}"
    )
    customs = Customs(is_blind=bool(values["blind"]), fear=number(values, "fear"))
    charter = Variant("", customs).charter()
    town = _Heard(members, small_world(members, seed), charter, customs, seed, mix)
    for week in range(whole(values, "weeks")):
        town.live_a_week(_BUSY if week < _BUSY_WEEKS else 1.0)
    honest = [person for person in town.people if person.behaviour.is_honest]
    others = [person for person in town.people if not person.behaviour.is_honest]
    lent = sum(town.tally.of(person).borrowed for person in honest)
    return {
        "told": share(town.told, town.losses),
        "unjust": 100.0 * share(town.unjust, town.words),
        "borrowed": lent / len(honest),
        "trust": sum(person.trust for person in honest) / len(honest),
        "kept": sum(town.tally.of(person).kept for person in others) / len(others),
    }


_LINES: Final = {told: [f"{name}; {told}" for name, _, _ in _CUSTOMS] for _, told in _RETALIATING}

EXPERIMENT: Final = Experiment(
    name="blindness",
    title="Does blindness matter?",
    question=(
        "Ratings are hidden until both have rated. What would be otherwise if each were seen at "
        "once, among people who pay back a bad word with a bad word?"
    ),
    cell_title="ratings; people",
    figures=(
        Figure("told", "of things not brought back, called so by their holder", "share"),
        Figure("unjust", "of 100 ratings, a 0 for somebody who had done nothing wrong"),
        Figure("borrowed", "things that one honest person borrowed"),
        Figure("trust", "what honest people expect of lending", "share"),
        Figure("kept", "things that one who keeps things kept"),
    ),
    regular=Size(_cells(32, 16), 10),
    quick=Size(_cells(12, 4)[:2], 1),
    run=run,
    panels=tuple(
        Panel(
            title,
            "ratings",
            tuple(name for name, _, _ in _CUSTOMS),
            {told: [(cell, figure) for cell in cells] for told, cells in _LINES.items()},
        )
        for figure, title in (
            ("unjust", "Of 100 ratings, a 0 for somebody who had done nothing wrong"),
            ("kept", "Things that one who keeps things kept"),
        )
    ),
)
