"""A loan in words: where it stands for the reader.

What can be done is decided by the engine (``can`` of ``views.loans``); this only says
it. Sentences may name ``{other}``, ``{borrower}`` and ``{holder}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from node.i18n import N_

Loan = Mapping[str, Any]
"""One item of ``views.loans``."""

_ENDED: Final = {
    "declined": N_("The answer was no."),
    "withdrawn": N_("The request was taken back."),
    "cancelled": N_("It was cancelled."),
    "expired": N_("Nobody answered in time."),
    "rated": N_("It is done, and both of you have said how it went."),
}
_SENTENCES: Final = {
    ("holder", "asked"): N_("{other} asks you."),
    ("holder", "countered"): N_("You proposed other dates. {other} has not answered yet."),
    ("holder", "agreed"): N_("You said yes to {other}. Say here when you have handed it over."),
    ("holder", "handed_over"): N_("{other} has it. Say here when it is back."),
    ("holder", "returned"): N_("It is back. How did it go with {other}?"),
    ("borrower", "asked"): N_("You asked {other}. There is no answer yet."),
    ("borrower", "countered"): N_("{other} proposes other dates."),
    ("borrower", "agreed"): N_("{other} said yes. Say here when you have it."),
    ("borrower", "handed_over"): N_("You have it. Say here when you have brought it back."),
    ("borrower", "returned"): N_("You brought it back. How did it go with {other}?"),
    ("between", "asked"): N_("{borrower} asks {holder}, through you."),
}
_NOTHING_TO_HAND_OVER: Final = {
    "holder": N_("You said yes to {other}. Say here when it is done."),
    "borrower": N_("{other} said yes. Say here when it is done."),
}
_DONE_WITHOUT_RETURN: Final = N_("It is done. How did it go with {other}?")
_HAVE_RATED: Final = N_("You have said how it went. Both answers are shown together.")
_NO_MORE_RATING: Final = N_("It is done; the time to say how it went is over.")
_PASSED_ON: Final = N_("You passed the request of {borrower} on to {holder}.")
_SET_ASIDE: Final = N_("You left the request of {borrower} to {holder} aside.")
_BETWEEN_OTHERS: Final = N_("This is now between {borrower} and {holder}.")


def sentence(loan: Loan) -> str:
    """Where a loan stands for the reader, in English, with names to fill in."""
    state, role = loan["state"], loan["role"]
    if state in _ENDED:
        return _ENDED[state]
    if role == "between":
        if loan["set_aside"]:
            return _SET_ASIDE
        if state != "asked":
            return _BETWEEN_OTHERS
        return _SENTENCES[role, state] if "recommend" in loan["can"] else _PASSED_ON
    if state == "returned" and "rate" not in loan["can"]:
        return _HAVE_RATED if loan["rated"] is not None else _NO_MORE_RATING
    if loan["kind"] in ("spot", "copy"):
        if state == "agreed":
            return _NOTHING_TO_HAND_OVER[role]
        if state == "returned":
            return _DONE_WITHOUT_RETURN
    return _SENTENCES[role, state]


def is_under_way(loan: Loan) -> bool:
    """Whether anything can still happen to a loan."""
    return bool(loan["can"]) or (loan["state"] not in _ENDED and loan["state"] != "returned")
