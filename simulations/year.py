"""A year: wants that rise and fall with its weeks, and people who move away.

    [people.year]
    seasons = [0.6, 1.0, 1.6, 0.8]     # factors of everybody's wants, over equal parts of a year
    first_week = 12                    # the week of the year in which a run begins, from 0
    moves_away = 0.1                   # share of the members who leave within a year

Twelve factors are months, fifty-two are weeks. Who moves away leaves properly: nothing of theirs is
out at that time of the week, what waits is declined, things are withdrawn, every friendship is
ended, and the home is off for good. Nobody comes in their place (``NOT_REPLACED``, said wherever
figures of such a town are shown).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from node.engine.commands import AnswerLoan, CancelLoan, Command, EndFriendship, WithdrawThing
from node.engine.core import Core
from node.engine.loan_book import book_of
from protocol.exchange import Role, role_on
from simulations.tables import Table

WEEKS: Final = 52
FACTOR_MAX: Final = 10.0
NOT_REPLACED: Final = "Nobody comes in the place of those who move away: the town grows smaller."


@dataclass(frozen=True, slots=True)
class Year:
    """What differs from week to week of a year; nothing does if nothing is said."""

    seasons: tuple[float, ...] = ()
    first_week: int = 0
    moves_away: float = 0.0

    def factor(self, week: int) -> float:
        """Of everybody's wants in a week of the run."""
        if not self.seasons:
            return 1.0
        of_year = (self.first_week + week) % WEEKS
        return self.seasons[of_year * len(self.seasons) // WEEKS]

    @property
    def leaving_chance(self) -> float:
        """That somebody moves away in one week."""
        return float(1.0 - (1.0 - self.moves_away) ** (1 / WEEKS))


def read_year(table: Table) -> Year:
    """The table ``people.year``. Raises ScenarioError."""
    year = Year(
        seasons=table.numbers("seasons", 0.0, FACTOR_MAX, WEEKS),
        first_week=table.whole("first_week", 0, 0, WEEKS - 1),
        moves_away=table.share("moves_away", 0.0),
    )
    table.finish()
    return year


def say_goodbye(core: Core, things: Iterable[str], do: Callable[[Command], object]) -> None:
    """Leave the house, as ``node.goodbye`` does, with nothing out.

    Args:
        things: what they list.
        do: tells the node something, which may refuse it.
    """
    for loan in list(book_of(core).asked()):
        role = role_on(loan.path, core.me)
        if role is Role.BORROWER:
            do(CancelLoan(loan.loan.hex()))
        elif role is Role.HOLDER:
            do(AnswerLoan(loan.loan.hex(), "no"))
    for thing in things:
        do(WithdrawThing(thing))
    for friend in list(core.live_friends()):
        do(EndFriendship(friend.hex()))
