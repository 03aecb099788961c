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
    ("holder", "lost"): N_("It is lost. Say here if it turns up. How did it go with {other}?"),
    ("borrower", "lost"): N_("It is lost. How did it go with {other}?"),
    ("holder", "kept"): N_("You gave it to {other}. How did it go?"),
    ("borrower", "kept"): N_("{other} gave it to you. How did it go?"),
    ("between", "asked"): N_("{borrower} asks {holder}, through you."),
}
_ON_PAPER: Final = {
    "handed_over": N_("{other} has it: you wrote it down. Say here when it is back."),
    "returned": N_("{other} had it: it is back."),
}
_NOTHING_TO_HAND_OVER: Final = {
    "holder": N_("You said yes to {other}. Say here when it is done."),
    "borrower": N_("{other} said yes. Say here when it is done."),
}
_DONE_WITHOUT_RETURN: Final = N_("It is done. How did it go with {other}?")
_HAVE_RATED: Final = N_("You have said how it went. Both answers are shown together.")
_NO_MORE_RATING: Final = N_("It is done; the time to say how it went is over.")
_LOST_AND_RATED: Final = N_("It is lost. You have said how it went.")
_KEPT_AND_RATED: Final = N_("It was given for good. You have said how it went.")
_WAITS_FOR_WORD: Final = N_("You asked {other}, through {through}. It waits to be passed on.")
_WAITS_ELSEWHERE: Final = N_("You asked {other}, now through {through}. It waits to be passed on.")
_WENT_ANOTHER_WAY: Final = N_("Your home asked {other} again, by another way.")
_OTHER_WAY_DUE: Final = N_("If nobody passes it on, your home asks by another way after {day}.")
_PASSED_ON: Final = N_("You passed the request of {borrower} on to {holder}.")
_SET_ASIDE: Final = N_("You left the request of {borrower} to {holder} aside.")
_BETWEEN_OTHERS: Final = N_("This is now between {borrower} and {holder}.")


_OVER: Final = {"lost": _LOST_AND_RATED, "kept": _KEPT_AND_RATED}
_LATE: Final = {
    "holder": N_("The days you agreed on are over. A word to {other} helps more than waiting."),
    "borrower": N_("The days you agreed on are over. Bring it back, or ask {other} for longer."),
    "between": N_("The days they agreed on are over."),
}
_DAMAGED_SAYS_OTHER: Final = N_("{other} says that it was damaged.")
_DAMAGED_SAY_YOU: Final = N_("You said that it was damaged.")
_WHAT_WOULD_REPAIR: Final = N_(
    "It did not go as agreed. What would put it right? Tell {other}: a word, a repair or something "
    "of the kind is often enough. Say here when it was made good."
)
_ASK_WHAT_WOULD_REPAIR: Final = N_(
    "For {other} it did not go as agreed. Ask what would put it right: it happens to the most "
    "careful, and what was made good hardly weighs."
)
_REPAIRED_SAYS_OTHER: Final = N_("{other} says that it was made good. Thank you.")
_REPAIRED_SAY_YOU: Final = N_("You said that it was made good. It weighs on nobody any more.")
_PROPOSALS: Final = {
    (True, True): N_("{other} asks to keep it until another day."),
    (True, False): N_("You asked {other} to bring it back by another day."),
    (False, True): N_("{other} asks to have it back by another day."),
    (False, False): N_("You asked {other} to keep it until another day."),
}
"""Other dates for an agreed loan, by (I lend, the other asks)."""


def sentence(loan: Loan) -> str:
    """Where a loan stands for the reader, in English, with names to fill in."""
    state, role = loan["state"], loan["role"]
    if loan["paper"]:
        return _ON_PAPER[state]
    if loan["asked_again"] is not None and state == "withdrawn":
        return _WENT_ANOTHER_WAY
    if state in _ENDED:
        return _ENDED[state]
    if loan["waits_for_word"] and state == "asked":
        return _WAITS_FOR_WORD if loan["asked_before"] is None else _WAITS_ELSEWHERE
    if role == "between":
        if loan["set_aside"]:
            return _SET_ASIDE
        if state != "asked":
            return _BETWEEN_OTHERS
        return _SENTENCES[role, state] if "recommend" in loan["can"] else _PASSED_ON
    if state in _OVER and "rate" not in loan["can"] and loan["rated"] is not None:
        return _OVER[state]
    if state == "returned" and "rate" not in loan["can"]:
        return _HAVE_RATED if loan["rated"] is not None else _NO_MORE_RATING
    if loan["kind"] in ("spot", "copy"):
        if state == "agreed":
            return _NOTHING_TO_HAND_OVER[role]
        if state == "returned":
            return _DONE_WITHOUT_RETURN
    return _SENTENCES[role, state]


def notices(loan: Loan) -> list[str]:
    """What else is to be known of a loan, in English, with names to fill in."""
    found = []
    if loan["late_days"]:
        late = _LATE["between" if loan["role"] == "between" else loan["role"]]
        found.append(late)
    mine, name = loan["role"] == "holder", "other"
    if loan["damaged_by"] and loan["role"] != "between":
        others = any(member == loan[name] for member in loan["damaged_by"])
        found.append(_DAMAGED_SAYS_OTHER if others else _DAMAGED_SAY_YOU)
    proposal = loan["proposal"]
    if proposal is not None and loan["role"] != "between":
        by_other = proposal["by"] == loan[name]
        found.append(_PROPOSALS[mine, by_other])
    if loan["other_way_on"] is not None:
        found.append(_OTHER_WAY_DUE)
    if loan["repair_asked"]:
        found.append(_WHAT_WOULD_REPAIR)
    bad = loan["rated_by_other"] is not None and loan["rated_by_other"]["confiance"] == 0
    if bad and not loan["repaired_by_other"] and not loan["taken_back_by_other"]:
        found.append(_ASK_WHAT_WOULD_REPAIR)
    if loan["repaired"]:
        found.append(_REPAIRED_SAY_YOU)
    if loan["repaired_by_other"]:
        found.append(_REPAIRED_SAYS_OTHER)
    return found


def is_under_way(loan: Loan) -> bool:
    """Whether anything can still happen to a loan."""
    state = loan["state"]
    if loan["paper"]:
        return bool(loan["can"])
    if loan["repair_asked"]:
        return True
    return "rate" in loan["can"] or (state not in _ENDED and state not in ("returned", *_OVER))
