"""What comes when: things that leave, come back, are fetched and are to be brought back.

Made from the rows of ``views.loans``. Dates are those on the wall where the thing is; what
is late is what the loan itself says (``late_days``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from node.engine.calendar import MINUTES_PER_DAY
from node.i18n import N_

Loan = Mapping[str, Any]

_SENTENCES: Final = {
    ("holder", "start"): N_("{other} comes to fetch it."),
    ("holder", "end"): N_("It comes back from {other}."),
    ("borrower", "start"): N_("You fetch it from {other}."),
    ("borrower", "end"): N_("You bring it back to {other}."),
    ("holder", "use"): N_("{other} comes to use it."),
    ("borrower", "use"): N_("You use it at {other}’s."),
}
_LATE: Final = {
    "holder": N_("{other} was to bring it back by now. A word helps more than waiting."),
    "borrower": N_("It was to be back with {other} by now. Bring it back, or ask for longer."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is to happen.

    Args:
        minute: the calendar minute; of a whole day, the one at which it begins.
        at: the day, or the day and time, in ISO 8601.
        sentence: in English, with ``{other}`` to fill in.
    """

    loan: Loan
    minute: int
    at: str
    sentence: str
    is_late: bool


def entries(loans: Iterable[Loan]) -> list[Entry]:
    """What is to happen, the late first, then by time."""
    found = [entry for loan in loans for entry in _of(loan)]
    return sorted(found, key=lambda entry: (not entry.is_late, entry.minute, entry.loan["loan"]))


def _of(loan: Loan) -> list[Entry]:
    role, state = loan["role"], loan["state"]
    if role == "between" or state not in ("agreed", "handed_over") or loan["kind"] == "copy":
        return []
    start = loan["from_minute"], loan["from"]
    if loan["kind"] == "spot":
        return [Entry(loan, *start, _SENTENCES[role, "use"], is_late=False)]
    # A whole day includes its evening: what ends at midnight is due the day before.
    to_minute = loan["to_minute"]
    last = to_minute - MINUTES_PER_DAY if "T" not in loan["to"] else to_minute
    is_late = loan["late_days"] > 0
    sentence = _LATE[role] if is_late else _SENTENCES[role, "end"]
    end = Entry(loan, last, loan["to"], sentence, is_late)
    if state == "handed_over":
        return [end]
    return [Entry(loan, *start, _SENTENCES[role, "start"], is_late=False), end]
