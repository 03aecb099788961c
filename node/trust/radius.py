"""The blast radius: how much can go wrong at once with somebody whom few know.

A newcomer's first loans are from friends, and beyond friends one loan is open at a time. Both
bound what one person can keep who never meant to bring it back: the first by asking for a
little patience, the second for a life.

    missing = first_loans_from_friends - loans borrowed that went well or were made good

for who came less than ``newcomer_ms`` ago; nothing is missing to anybody else, to whom
``first_loans_from_friends`` is 0, or in a house of which fewer than ``young_house_members`` are
known: there everybody is new.

Pure: must not import anything that acts.

Source: design 8.11; Friedman and Resnick (2001): where identities cost little, newcomers pay
their dues, or nobody can trust them.

Spec: §12.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.trust.evidence import Evidence
from protocol.charter import Charter
from protocol.keys import MemberId

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class OpenLoan:
    """A loan beyond circle 1 that is agreed, or out.

    Args:
        from_minute, to_minute: the dates that were agreed.
    """

    from_minute: int
    to_minute: int
    is_out: bool


def loans_that_went_well(evidence: Evidence, borrower: MemberId) -> int:
    """Loans that somebody borrowed and brought back as agreed, or made good."""
    rated = (r for r in evidence.about(borrower) if r.holder == r.rater)
    return sum(rating.confiance == 1 or rating.is_repaired for rating in rated)


def first_loans_missing(
    charter: Charter, *, went_well: int, joined_ms: int | None, members: int, now_ms: int
) -> int:
    """Loans from friends that a newcomer still lacks before borrowing beyond them.

    Args:
        went_well: see ``loans_that_went_well``.
        joined_ms: when they came, as far as is known; None is taken for long ago.
        members: how many the judging node knows to be members.
    """
    if joined_ms is None or now_ms >= joined_ms + charter.newcomer_ms:
        return 0
    if members < charter.young_house_members:
        return 0
    return max(0, charter.first_loans_from_friends - went_well)


def has_room(
    charter: Charter, others: Iterable[OpenLoan], from_minute: int, to_minute: int, now_ms: int
) -> bool:
    """Whether one loan more beyond circle 1 may be open on these dates.

    Args:
        others: loans of the same borrower beyond circle 1 that are agreed, or out.
    """
    if not charter.open_loans_beyond_max:
        return True
    now_minute = now_ms // _MINUTE_MS
    meeting = sum(
        1
        for loan in others
        # What is late may be back on any day, or none.
        if (loan.is_out and loan.to_minute <= now_minute)
        or (loan.from_minute < to_minute and from_minute < loan.to_minute)
    )
    return meeting < charter.open_loans_beyond_max
