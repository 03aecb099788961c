"""The tally: what each person wanted, got, kept and lost, and who stood in the way.

It counts what happened; no node knows of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from simulations.behaviours.behaviour import Person

MISTRUST: Final = (
    "declined", "not-passed-on", "unreliable", "borrower-unreliable", "borrower-not-unique",
)  # fmt: skip
"""Why somebody gets nothing who is not trusted, by people or by nodes."""
BY_RULE: Final = (
    "capacity-engaged", "circle-closed", "circle-shut", "borrower-circle-closed",
    "borrower-circle-shut", "nothing-shared", "sharing-closed", "first-loans-near",
    "borrower-first-loans-near", "one-loan-beyond", "borrower-has-one-out",
    "borrower-shares-nothing",
)  # fmt: skip
"""Why somebody has to wait whom nobody need mistrust. Besides, there are things that are taken
then, and ``decoy``: listed by somebody who never meant to lend."""


@dataclass(slots=True)
class Count:
    """One person's numbers.

    Args:
        wants: how often they wanted something.
        borrowed, lent: things handed over to and by them.
        kept: things that they were lent, and did not bring back or make good.
        lost: things of theirs that did not come back and were not made good.
        victims: members they have not brought something back to.
        first_kept_week: when they first did not bring something back.
        last_borrowed_week: when they were last lent something.
        refused: why they were not lent what they wanted, each want once.
    """

    wants: int = 0
    borrowed: int = 0
    lent: int = 0
    kept: int = 0
    lost: int = 0
    victims: dict[int, None] = field(default_factory=dict)
    first_kept_week: int | None = None
    last_borrowed_week: int | None = None
    refused: Counter[str] = field(default_factory=Counter)

    def refused_for(self, reasons: tuple[str, ...]) -> int:
        return sum(self.refused[reason] for reason in reasons)


class Tally:
    """Everybody's numbers."""

    def __init__(self) -> None:
        self._of: dict[int, Count] = {}
        self._reasons: dict[str, str] = {}

    def of(self, person: Person) -> Count:
        return self._of.setdefault(person.number, Count())

    def asked(self, person: Person, loan: str) -> None:
        self.of(person).wants += 1
        self._reasons[loan] = ""

    def refused_by_own_node(self, person: Person, why: str | None) -> None:
        count = self.of(person)
        count.wants += 1
        count.refused[why or "nothing-seen"] += 1

    def turned_down(self, borrower: Person, loan: str, why: str | None) -> None:
        """Somebody on the way did not let it go on; it counts once, until it is lent after all."""
        if self._reasons.get(loan) == "":
            self._reasons[loan] = why or ""
            self.of(borrower).refused[why or ""] += 1

    def lent(self, holder: Person, borrower: Person, loan: str, week: int) -> None:
        self.of(holder).lent += 1
        self.of(borrower).borrowed += 1
        self.of(borrower).last_borrowed_week = week
        why = self._reasons.pop(loan, "")
        if why:
            self.of(borrower).refused[why] -= 1

    def lost(self, holder: Person, borrower: Person, week: int) -> None:
        self.of(holder).lost += 1
        count = self.of(borrower)
        count.kept += 1
        count.victims[holder.number] = None
        if count.first_kept_week is None:
            count.first_kept_week = week

    def made_good(self, holder: Person, borrower: Person) -> None:
        self.of(holder).lost -= 1
        self.of(borrower).kept -= 1

    def counts(self) -> Mapping[int, Count]:
        return self._of
