"""Two members who give one e-mail address or phone number, in words. Spec: §9.5, rule R7."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.i18n import N_

_SENTENCES: Final = {
    "e-mail": N_("{name} gives the same e-mail address as {other}, who was here before."),
    "phone": N_("{name} gives the same phone number as {other}, who was here before."),
}


def conflict_sentence(conflict: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """Who gives what another gave before."""
    sentence = say(_SENTENCES[conflict["what"]])
    return sentence.format(name=conflict["name"], other=conflict["other_name"])
