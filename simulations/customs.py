"""What a house asks of people beside its charter, and the loans that are out among them."""

from __future__ import annotations

from dataclasses import dataclass

from simulations.behaviours import Loan


@dataclass(frozen=True, slots=True)
class Customs:
    """What the house asks of people beside its charter.

    Args:
        repairs: whoever lost something is asked to make it good, and some do.
        is_blind: ratings are shown when both have rated; else at once, and people who
            fear the answer say nothing.
        fear: chance that somebody says nothing bad where it is seen at once.
    """

    repairs: bool = True
    is_blind: bool = True
    fear: float = 0.5


@dataclass(slots=True)
class Out:
    """A loan that has been handed over."""

    loan: Loan
    holder: int
    borrower: int
    due_week: int
