"""What is said when one asks and answers: a first message, and buttons that name the thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from node.i18n import N_

Loan = Mapping[str, Any]

_MESSAGES: Final = {
    "object": N_("Hello {holder}, may I borrow “{title}”? I will look after it well. {me}"),
    "stay": N_("Hello {holder}, may I stay at “{title}”? I will leave it as I found it. {me}"),
    "spot": N_("Hello {holder}, may I come and use “{title}”? {me}"),
    "copy": N_("Hello {holder}, may I have a copy of “{title}”? {me}"),
}
_LEND: Final = {
    "object": N_("Yes, lend “{title}”"),
    "stay": N_("Yes, open “{title}”"),
    "spot": N_("Yes, let {other} use “{title}”"),
    "copy": N_("Yes, give a copy of “{title}”"),
}
_NOT_LEND: Final = {
    "object": N_("Do not lend “{title}” this time"),
    "stay": N_("Do not open “{title}” this time"),
    "spot": N_("“{title}”: not this time"),
    "copy": N_("Give no copy of “{title}”"),
}
_TAKE: Final = (N_("Take “{title}” on these dates"), N_("Do without “{title}”"))
_MOVE: Final = (N_("Agree to these dates"), N_("Keep the dates as they were"))
_COUNTER: Final = N_("Propose other dates for “{title}”")


def first_message(kind: str) -> str:
    """What stands in the letter before anybody writes, in English, with names to fill in."""
    return _MESSAGES[kind]


def answer_words(loan: Loan) -> tuple[str, str, str]:
    """Yes, no and "other dates", in English, with names to fill in."""
    if loan["proposal"] is not None:
        return (*_MOVE, _COUNTER)
    if loan["role"] == "borrower":
        return (*_TAKE, _COUNTER)
    return _LEND[loan["kind"]], _NOT_LEND[loan["kind"]], _COUNTER
