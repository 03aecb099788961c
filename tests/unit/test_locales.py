"""The catalogues are complete: every sentence, in every language, with its names (R16)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.i18n import (
    DEFAULT_LANGUAGE,
    LANGUAGE_NAMES,
    LANGUAGES,
    known_language,
    preferred_language,
    translator,
)
from node.locales import catalogues
from node.web.render import CIRCLES, Words, environment
from protocol.limits import CIRCLES_HARD_MAX


@pytest.mark.parametrize("language", catalogues.TRANSLATED_LANGUAGES)
def test_no_sentence_is_missing_fuzzy_stale_or_without_its_names(language: str) -> None:
    """Run ``python -m node.locales`` and translate what it lists."""
    assert [] == sorted(catalogues.problems(language, catalogues.extract()))


@pytest.mark.parametrize("language", catalogues.TRANSLATED_LANGUAGES)
def test_what_is_read_is_what_was_written(language: str) -> None:
    """The compiled catalogue is committed: it must not be older than its source."""
    compiled = translator(language)
    for message in catalogues.read(language):
        if isinstance(message.id, tuple | list):
            one, many = message.id
            written = message.string or ("", "")
            assert written[0] == compiled.ngettext(one, many, 1)
            assert written[1] == compiled.ngettext(one, many, 2)
        elif message.id:
            assert message.string == compiled.gettext(message.id)


@pytest.mark.parametrize("language", catalogues.TRANSLATED_LANGUAGES)
def test_people_are_addressed_as_friends(language: str) -> None:
    """French says "tu", Spanish says "tú"; one slip shows at once to a reader."""
    formal = {"fr": ("votre ", "Veuillez"), "es": ("usted", " su cuenta")}[language]
    said = " ".join(
        text
        for message in catalogues.read(language)
        for text in ([message.string] if isinstance(message.string, str) else message.string or ())
    )

    assert [] == [word for word in formal if word in said]


def test_a_missing_sentence_and_a_lost_name_are_noticed() -> None:
    """The check itself is checked."""
    template = catalogues.extract()
    template.add("A sentence that nobody translated")
    found = list(catalogues.problems("fr", template))

    assert ["fr: missing: 'A sentence that nobody translated'"] == found
    assert {"name", "count"} == catalogues.placeholders("{name} has %(count)s")


# Which word stands for which is settled in CONTRIBUTING.md ("Words for people").
_HOUSE: Final = re.compile(r"house(?!hold)", re.IGNORECASE)
_AS_HOUSE: Final = {"fr": re.compile(r"\bmaisons?\b", re.I), "es": re.compile(r"\bcasas?\b", re.I)}
_AT_SOMEBODYS: Final = re.compile(r"\b(de|a|en) casa de \{")
_OTHER_HANDS: Final = {
    "fr": re.compile(r"[\u202f'\u201c\u201d]|«[^\u00a0]|[^\u00a0]»|\s[:;?!](?<!\u00a0.)"),
    "es": re.compile(r"[\u201c\u201d]|Confiance"),
}


@pytest.mark.parametrize("language", catalogues.TRANSLATED_LANGUAGES)
def test_a_home_is_never_called_by_the_word_for_a_house(language: str) -> None:
    found = [
        string
        for message, string in _sentences(language)
        if not _HOUSE.search(message) and _AS_HOUSE[language].search(_AT_SOMEBODYS.sub("", string))
    ]
    assert [] == found


@pytest.mark.parametrize("language", catalogues.TRANSLATED_LANGUAGES)
def test_sentences_are_set_as_the_language_sets_them(language: str) -> None:
    pattern = _OTHER_HANDS[language]
    assert [] == [string for _, string in _sentences(language) if pattern.search(string)]


def _sentences(language: str) -> Iterator[tuple[str, str]]:
    """Each sentence in English, with each of its forms in the language."""
    for message in catalogues.read(language):
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        for string in strings if message.id else ():
            yield " ".join(ids), string or ""


# --- choosing a language -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,en;q=0.5", "fr"),
        ("de,es;q=0.4,fr;q=0.9", "fr"),
        ("de", "en"),
        ("en;q=0,es;q=0.1", "es"),
        ("es;q=nonsense,fr;q=0.2", "fr"),
        ("fr;q=2,es", "es"),
        ("*", "en"),
        ("," * 10_000 + "fr", "en"),
    ],
)
def test_the_language_a_browser_prefers_is_chosen(header: str, language: str) -> None:
    """RFC 9110, 12.5.4; what cannot be read is passed over."""
    assert language == preferred_language(header)


@given(st.text())
def test_any_header_and_any_tag_give_a_language_of_ours(text: str) -> None:
    """Nothing that is sent can ask for another file than ours."""
    assert preferred_language(text) in LANGUAGES
    assert known_language(text) in (*LANGUAGES, None)
    assert translator(text).gettext("Nothing like this")


def test_locale_names_of_the_system_are_understood() -> None:
    assert ("fr", "es", "en", None) == tuple(
        map(known_language, ("fr_FR.UTF-8", "es-419", "EN", "C.UTF-8"))
    )


def test_every_language_has_a_name_and_english_comes_first() -> None:
    assert LANGUAGES == tuple(LANGUAGE_NAMES)
    assert DEFAULT_LANGUAGE == LANGUAGES[0]


# --- words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "first", "span", "path"),
    [
        ("en", "December 1, 2026", "December 1 to 3, 2026", "through Luc, then Ana"),
        ("fr", "1er décembre 2026", "du 1er au 3 décembre 2026", "par Luc, puis Ana"),
        (
            "es",
            "1 de diciembre de 2026",
            "del 1 al 3 de diciembre de 2026",
            "a través de Luc, luego Ana",
        ),
    ],
)
def test_dates_and_paths_are_said_as_people_say_them(
    language: str, first: str, span: str, path: str
) -> None:
    words = Words(language)

    assert first == words.dates({"from": "2026-12-01", "to": "2026-12-01"})
    assert span == words.dates({"from": "2026-12-01", "to": "2026-12-03"})
    assert path == words.through(["Zoé", "Ana", "Luc", "me"])


def test_a_time_and_a_turn_of_the_month_or_year_are_written_out() -> None:
    words = Words("en")

    spoken = words.dates({"from": "2026-11-30", "to": "2026-12-02"})
    assert "November 30 to December 2, 2026" == spoken
    assert "December 1, 2026 at 14:00" == words.day("2026-12-01T14:00")
    spoken = words.dates({"from": "2026-12-30", "to": "2027-01-02"})
    assert "December 30, 2026 to January 2, 2027" == spoken


def test_names_are_joined_with_and() -> None:
    words = Words("fr")

    assert ["", "Ana", "Ana et Luc", "Ana, Luc et Zoé"] == [
        words.names(names) for names in ([], ["Ana"], ["Ana", "Luc"], ["Ana", "Luc", "Zoé"])
    ]


def test_every_number_of_circles_has_words() -> None:
    assert len(CIRCLES) == CIRCLES_HARD_MAX + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_can_be_read_in_every_language(language: str) -> None:
    templates = environment(language)
    for name in templates.list_templates():
        assert name == templates.get_template(name).name
