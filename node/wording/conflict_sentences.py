"""Two members who give one e-mail address or phone number, in words. Spec: §9.5, rule R7."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from node.i18n import N_

_SENTENCES: Final = {
    "e-mail": N_("{name} gives the same e-mail address as {other}, who was here before."),
    "phone": N_("{name} gives the same phone number as {other}, who was here before."),
}


_TO_DO: Final = N_("One person has one account: ask both.")
_TO_DO_AS_SPONSOR: Final = N_(
    "You answer for {name} in this house: meet them, compare the six digits (befriend), and say "
    "what you checked."
)
_WITH: Final = N_("Speak with {sponsors} too, who answer for them.")
_MET: Final = {
    (True, True): N_("{by} met {name} and checked e-mail address and phone number."),
    (True, False): N_("{by} met {name} and checked the e-mail address."),
    (False, True): N_("{by} met {name} and checked the phone number."),
}


def what_to_do(conflict: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """What the reader can do about it, as a sponsor of one of the two or as anybody."""
    whose = "name" if conflict["is_mine"] else "other_name"
    is_sponsor = conflict["is_mine"] or conflict["other_is_mine"]
    sentence = say(_TO_DO_AS_SPONSOR if is_sponsor else _TO_DO).format(name=conflict[whose])
    sponsors = dict.fromkeys([*conflict["sponsors"], *conflict["sponsors_of_other"]])
    if sponsors:
        sentence += " " + say(_WITH).format(sponsors=", ".join(sponsors))
    return sentence


def met_sentences(
    checked: Sequence[Mapping[str, Any]], name: str, say: Callable[[str], str]
) -> list[str]:
    """Who met somebody and checked what. ``checked``: as the API gives it."""
    return [
        say(_MET[each["email"], each["phone"]]).format(by=each["by_name"], name=name)
        for each in checked
    ]


def conflict_sentence(conflict: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """Who gives what another gave before."""
    sentence = say(_SENTENCES[conflict["what"]])
    return sentence.format(name=conflict["name"], other=conflict["other_name"])
