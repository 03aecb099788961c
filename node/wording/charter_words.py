"""The charter in words: its rules by what they are about, and what is wrong with a file.

Spec: §13.
"""

from __future__ import annotations

from gettext import NullTranslations
from typing import Final

from node.i18n import N_, translator
from protocol.charter import Explanation


def ngettext(singular: str, plural: str) -> tuple[str, str]:
    """Mark a sentence with a count; named so that extraction finds both forms."""
    return (singular, plural)


GROUP_TITLES: Final = {
    "circles": N_("Circles"),
    "cooptation": N_("Who belongs to the house"),
    "loans": N_("Asking and lending"),
    "trust": N_("Trust"),
    "time": N_("How long things last"),
}
"""What the rules of a group are about, in the order they are shown."""

CHARTER_NOT_POSSIBLE: Final = N_("The charter's “{key}” cannot be that; possible is: {possible}.")
_UNKNOWN_KEY: Final = N_("The charter has no rule called “{key}”; the nearest is “{possible}”.")
_FIXED: Final = N_(
    "“{key}” stays as it is, {possible}: it was fixed when the house was founded, or members "
    "would stop being members."
)
_POSSIBLE: Final = {
    "number": N_("a whole number from {low} to {high}"),
    "duration": N_("a duration from {low} to {high}, written like 30d, 48h, 90m or 20s"),
    "less": N_("less than “{low}”, which is {high}"),
}
_UNITS: Final = {
    "day": ngettext("{count} day", "{count} days"),
    "hour": ngettext("{count} hour", "{count} hours"),
    "minute": ngettext("{count} minute", "{count} minutes"),
    "second": ngettext("{count} second", "{count} seconds"),
    "millisecond": ngettext("{count} millisecond", "{count} milliseconds"),
}


def charter_sentence(explanation: Explanation, language: str) -> str:
    """One rule of the charter in words, with its number and unit."""
    catalogue = translator(language)
    amount = str(explanation.value)
    if explanation.unit != "count":
        singular, plural = _UNITS[explanation.unit]
        amount = catalogue.ngettext(singular, plural, explanation.value).format(
            count=explanation.value
        )
    return catalogue.gettext(explanation.message).format(value=amount)


def possible_words(possible: tuple[str | int, ...], catalogue: NullTranslations) -> tuple[str, str]:
    """The sentence for a wrong key, and what may stand there, in words."""
    kind, *values = possible
    if kind == "unknown":
        return catalogue.gettext(_UNKNOWN_KEY), str(values[0])
    if kind == "fixed":
        return catalogue.gettext(_FIXED), str(values[0])
    words = catalogue.gettext(_POSSIBLE[str(kind)]).format(low=values[0], high=values[1])
    return catalogue.gettext(CHARTER_NOT_POSSIBLE), words
