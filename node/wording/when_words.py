"""When a thing is lent, in words: days of the week, hours, how long.

What the page and the terminal say of ``availability`` and of a thing's own calendar.

Spec: §5.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from gettext import NullTranslations
from typing import Any, Final

from node.i18n import N_

_MINUTES_PER_HOUR: Final = 60
_MINUTES_PER_DAY: Final = 24 * 60
WEEKDAYS: Final = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}


def length_words(minutes: int, catalogue: NullTranslations) -> str:
    """A length in the largest unit that it is a whole number of: "2 days", "90 minutes"."""
    if minutes % _MINUTES_PER_DAY == 0:
        count = minutes // _MINUTES_PER_DAY
        words = catalogue.ngettext("{count} day", "{count} days", count)
    elif minutes % _MINUTES_PER_HOUR == 0:
        count = minutes // _MINUTES_PER_HOUR
        words = catalogue.ngettext("{count} hour", "{count} hours", count)
    else:
        count = minutes
        words = catalogue.ngettext("{count} minute", "{count} minutes", count)
    return words.format(count=count)


def week_words(texts: Sequence[str], catalogue: NullTranslations) -> str:
    """Days of the week with their hours: "Saturday, Sunday 10:00–12:00".

    Args:
        texts: as ``node.engine.week`` writes them.
    """
    days_by_hours: dict[str, list[str]] = {}
    for text in texts:
        day, _, hours = text.partition(" ")
        days_by_hours.setdefault(hours, []).append(catalogue.gettext(WEEKDAYS.get(day, day)))
    groups = [
        f"{', '.join(days)} {hours.replace('-', '–')}".strip()
        for hours, days in days_by_hours.items()
    ]
    return " · ".join(groups)


def when_sentences(thing: Mapping[str, Any], catalogue: NullTranslations) -> list[str]:
    """What is to be known before choosing dates; nothing when all are as good.

    Args:
        thing: as ``node.engine.views.things`` gives it.
    """
    given = thing["availability"]
    said: list[str] = []
    if given["weekly"]:
        if thing["kind"] == "spot":
            sentence = catalogue.gettext("It can be used on: {week}.")
        else:
            sentence = catalogue.gettext("It can be fetched and brought back on: {week}.")
        said.append(sentence.format(week=week_words(given["weekly"], catalogue)))
    if given["shortest_minutes"]:
        length = length_words(given["shortest_minutes"], catalogue)
        said.append(catalogue.gettext("For {length} at least.").format(length=length))
    if given["longest_minutes"]:
        length = length_words(given["longest_minutes"], catalogue)
        said.append(catalogue.gettext("For {length} at most.").format(length=length))
    return said
