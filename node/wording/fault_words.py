"""What was not as agreed, in words; for command line and page. Spec: §5.9."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from node.i18n import N_

FAULTS: Final = {
    "not-returned": N_("it was not brought back"),
    "late": N_("it came back late"),
    "damaged": N_("it was damaged"),
    "rude": N_("there were unkind words or manners"),
    "unsafe": N_("somebody did not feel safe"),
    "other": N_("something else"),
}
_SAYS: Final = N_("{by} says that it did not go as agreed: {fault}.")
_SAYS_REPAIRED: Final = N_("{by} says that it did not go as agreed ({fault}), and was made good.")
_REPLIES: Final = N_("{name} replies: “{reply}”")


_ASKED: Final = N_("{by} asks you to mediate with {about}, before anything is told.")
_SAID_SETTLED: Final = N_("{by} asked you to mediate with {about}. You said that it is settled.")
_SAID_STANDS: Final = N_("{by} asked you to mediate with {about}. You let it stand.")
_WAITS: Final = N_("It waits for {name}, who mediates: until then nobody is told.")
_IS_SETTLED: Final = N_("{name}, who mediated, says that it is settled: it is shown as made good.")
_STANDS: Final = N_("{name}, who mediated, lets it stand.")


def mediation_sentence(row: Mapping[str, Any], gettext: Callable[[str], str]) -> str:
    """For the mediator: what they are asked, or said."""
    texts = {None: _ASKED, True: _SAID_SETTLED, False: _SAID_STANDS}
    return gettext(texts[row["settled"]]).format(by=row["by_name"], about=row["about_name"])


def waiting_sentence(mediation: Mapping[str, Any], gettext: Callable[[str], str]) -> str:
    """For who asked: how it stands."""
    texts = {None: _WAITS, True: _IS_SETTLED, False: _STANDS}
    return gettext(texts[mediation["settled"]]).format(name=mediation["name"])


def fault_word(fault: str, gettext: Callable[[str], str]) -> str:
    return gettext(FAULTS.get(fault, FAULTS["other"]))


def failure_sentences(
    failures: Sequence[Mapping[str, Any]], name: str, gettext: Callable[[str], str]
) -> list[str]:
    """One sentence for each, with the reply after it.

    Args:
        failures: as the API gives them for ``name``.
    """
    sentences = []
    for said in failures:
        template = gettext(_SAYS_REPAIRED if said["repaired"] else _SAYS)
        words = template.format(by=said["by_name"], fault=fault_word(said["fault"], gettext))
        if said["reply"]:
            words += " " + gettext(_REPLIES).format(name=name, reply=said["reply"])
        sentences.append(words)
    return sentences
