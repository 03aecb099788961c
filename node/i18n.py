"""The languages of people: one small gettext loader for the page and the command line.

English is written in the code and is the key of the other catalogues. A catalogue
is ``locales/<language>/LC_MESSAGES/openhouse.po``, edited by people; the ``.mo``
next to it is what is read here, compiled from it by ``python -m node.locales`` and
committed with it, so that a plain install needs no compiler.

The caller chooses the language of every sentence; there is no language of the
process, because one node may serve a page in French and a command in Spanish.
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "fr", "es")
LANGUAGE_NAMES: Final = {"en": "English", "fr": "Français", "es": "Español"}
DEFAULT_LANGUAGE: Final = "en"

_ACCEPT_LANGUAGE_ITEMS_MAX: Final = 32


def N_(message: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return message


@cache
def translator(language: str) -> gettext.NullTranslations:
    """The catalogue of ``language`` ("fr", "fr-CA", "fr_FR.UTF-8"); English if there is none.

    Use ``.gettext(message)`` and ``.ngettext(singular, plural, count)``.
    """
    known = known_language(language)
    if known is None or known == DEFAULT_LANGUAGE:
        return gettext.NullTranslations()
    catalogue = files("node").joinpath("locales", known, "LC_MESSAGES", "openhouse.mo")
    with catalogue.open("rb") as stream:
        return gettext.GNUTranslations(stream)


def known_language(tag: str) -> str | None:
    """The language of ours that a tag or a locale name means, if any."""
    primary = tag.strip().lower().replace("_", "-").split("-")[0].split(".")[0]
    return primary if primary in LANGUAGES else None


def language_of_environment() -> str:
    """As gettext chooses: the first variable that is set decides."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return known_language(value.split(":")[0]) or DEFAULT_LANGUAGE
    return DEFAULT_LANGUAGE


def preferred_language(accept_language: str) -> str:
    """The best of our languages for an ``Accept-Language`` header (RFC 9110, 12.5.4)."""
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for item in accept_language.split(",")[:_ACCEPT_LANGUAGE_ITEMS_MAX]:
        tag, _, parameters = item.partition(";")
        language = known_language(tag)
        weight = _weight(parameters)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    """The ``q`` of one item: 1 when absent, 0 when unreadable."""
    name, separator, value = parameters.strip().partition("=")
    if not separator:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0.0 <= weight <= 1.0 else 0.0
