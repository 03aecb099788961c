"""Templates, their language, and the words that data becomes.

One Jinja environment per language, autoescaped, with strict undefined names: a
template that asks for what it was not given fails its test instead of showing a gap.
Templates stand in ``templates/``; they hold no decisions, only shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from node.i18n import LANGUAGE_NAMES, LANGUAGES, N_, translator
from node.wording.fault_words import FAULTS
from node.wording.file_words import size_words
from node.wording.thing_words import CATEGORIES, LICENCE_WORDS, LICENCES
from node.wording.when_words import WEEKDAYS, when_sentences

_HERE: Final = Path(__file__).parent
STATIC_DIRECTORY: Final = _HERE / "static"

KINDS: Final = {
    "object": N_("To take home and bring back"),
    "stay": N_("A place to sleep"),
    "spot": N_("To use where it is"),
    "copy": N_("To copy: nothing has to come back"),
}
_WANTED: Final = N_("Looked for")
CIRCLES: Final = (
    N_("Nobody yet: a draft"),
    N_("My friends"),
    N_("My friends and their friends"),
    N_("Friends of friends of friends"),
    N_("As far as four circles away"),
)
"""Who sees a thing, by the number of its circles."""
_MONTHS: Final = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"),
    N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translator(language)
    templates.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    words = Words(language)
    templates.filters.update(
        day=words.day, dates=words.dates, kind=words.kind, circles=words.circles,
        through=words.through, names=words.names, fault=words.fault,
        rounded=words.rounded, when=words.when, weekday=words.weekday,
        category=words.category, month=words.month,
        size=words.size, tint=tint,
    )  # fmt: skip
    said = [catalogue.gettext(licence) for licence in LICENCE_WORDS]
    templates.globals.update(
        categories=list(CATEGORIES),
        licences=[*LICENCES, *said],
        language=language,
        languages=[(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
    )
    return templates


def render(language: str, template: str, values: dict[str, Any]) -> str:
    """One page as HTML."""
    return environment(language).get_template(template).render(values)


class Words:
    """What data is called in one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._catalogue = translator(language)

    def kind(self, kind: str) -> str:
        return self._say(KINDS.get(kind, _WANTED))

    def category(self, category: str) -> str:
        return self._say(CATEGORIES[category])

    def circles(self, circles: int) -> str:
        return self._say(CIRCLES[circles])

    def fault(self, fault: str) -> str:
        return self._say(FAULTS[fault])

    def names(self, names: Sequence[str]) -> str:
        """``Ana, Luc and Zoé``."""
        if len(names) < 2:
            return "".join(names)
        return self._say(N_("{some} and {last}")).format(some=", ".join(names[:-1]), last=names[-1])

    def through(self, path_names: Sequence[str]) -> str:
        """How a thing comes here, from a path that runs from its holder to me."""
        between = list(reversed(path_names[1:-1]))
        if not between:
            return self._say(N_("your friend"))
        if len(between) == 1:
            return self._say(N_("through {name}")).format(name=between[0])
        return self._say(N_("through {nearest}, then {others}")).format(
            nearest=between[0], others=self.names(between[1:])
        )

    def day(self, text: str) -> str:
        """``2026-12-01`` or ``2026-12-01T14:00`` as people say it."""
        moment = datetime.fromisoformat(text)
        said = self._say(N_("{day}, {year}")).format(
            day=self._day_of_year(moment), year=moment.year
        )
        if "T" not in text:
            return said
        return self._say(N_("{day} at {time}")).format(day=said, time=f"{moment:%H:%M}")

    def dates(self, span: dict[str, str]) -> str:
        """A loan's or a calendar's ``from`` and ``to``."""
        start, end = span["from"], span["to"]
        if start == end:
            return self.day(start)
        first = self.day(start)
        if "T" not in start + end and start[:4] == end[:4]:
            begins, ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
            if begins.month == ends.month:
                return self._say(N_("{month} {first} to {last}, {year}")).format(
                    month=self._say(_MONTHS[ends.month - 1]),
                    first=self._day_of_month(begins),
                    last=ends.day,
                    year=ends.year,
                )
            first = self._day_of_year(begins)
        return self._say(N_("{start} to {end}")).format(start=first, end=self.day(end))

    def when(self, thing: dict[str, Any]) -> list[str]:
        """What is to be known of a thing before choosing dates, in sentences."""
        return when_sentences(thing, self._catalogue)

    def month(self, text: str) -> str:
        """The month of a day: ``December 2026``."""
        moment = datetime.fromisoformat(text)
        name = self._say(_MONTHS[moment.month - 1])
        return self._say(N_("{month} {year}")).format(month=name, year=moment.year)

    def size(self, size_bytes: int) -> str:
        return size_words(size_bytes, self._catalogue)

    def weekday(self, word: str) -> str:
        return self._say(WEEKDAYS[word])

    def rounded(self, number: float) -> str:
        """``8`` or ``8.5``, with the language's own sign."""
        text = f"{number:g}"
        return text if self._language == "en" else text.replace(".", ",")

    def _day_of_year(self, moment: datetime) -> str:
        month = self._say(_MONTHS[moment.month - 1])
        return self._say(N_("{month} {day}")).format(day=self._day_of_month(moment), month=month)

    def _day_of_month(self, moment: datetime) -> str:
        return "1er" if self._language == "fr" and moment.day == 1 else str(moment.day)

    def _say(self, message: str) -> str:
        return self._catalogue.gettext(message)


def tint(member: str) -> int:
    """Which of six colours somebody's face has, by their id."""
    return int(member[:2] or "0", 16) % 6


def moment_here(unix_ms: int) -> str:
    """An instant by the clock of this computer, to the minute, as ``day`` takes it."""
    return datetime.fromtimestamp(unix_ms // 1000).strftime("%Y-%m-%dT%H:%M")


def today() -> str:
    """The owner's day, as the earliest that a form offers."""
    return date.today().isoformat()
