"""Guests and candidates in words: for the terminal and the page. Spec: §9.7."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.i18n import N_

Say = Callable[[str], str]
SayCounted = Callable[[str, str, int], str]

_GUESTS: Final = {
    "answering": N_("You answer for {name} until {until}."),
    "fell": N_(
        "Loans to {name} went wrong. Ask {name} and who lent to them what happened, and help to "
        "make it good: until then it costs you a seat, and nothing else."
    ),
    "well": N_("It went well with {name}: your seat comes back."),
    "over": N_("You answered for {name} until {until}."),
}


def guest_sentence(guest: Mapping[str, Any], _: Say, say_day: Say) -> str:
    """What answering for a guest comes to now."""
    return _(_GUESTS[guest["state"]]).format(name=guest["name"], until=say_day(guest["until"][:10]))


def candidate_sentence(candidate: Mapping[str, Any], _: Say, ngettext: SayCounted) -> str:
    """Who answers for a friend that is no member yet, and what is missing."""
    missing = max(0, candidate["needed"] - candidate["seats"])
    names = ", ".join(candidate["sponsors"])
    said = ngettext(
        "{name} needs {count} more seat to become a member.",
        "{name} needs {count} more seats to become a member.",
        missing,
    ).format(name=candidate["name"], count=missing)
    if names:
        said += " " + _("Given by: {names}.").format(names=names)
    if candidate["near"] is False:
        said += " " + _(
            "You do not know who answers for them already: get to know each other first."
        )
    return said


def seats_sentence(sponsoring: Mapping[str, Any], _: Say, ngettext: SayCounted) -> str:
    """How many newcomers this member can still answer for, or why none now."""
    if sponsoring["why_not"] is not None:
        return str(sponsoring["why_not"]["message"])
    return ngettext(
        "You can answer for {count} more newcomer.",
        "You can answer for {count} more newcomers.",
        sponsoring["seats_left"],
    ).format(count=sponsoring["seats_left"])
