"""Lists of things from other programs: tables as text, with a heading for each column.

A spreadsheet saves them, and so do programs for books (their ISBN becomes a line of the
thing's text). Separators, quotes and encodings are those that are met; headings are known in
English, French and Spanish, whatever their case and accents. Nothing is looked up anywhere:
a book needs its title.

Source of the check digits: ISO 2108 (ISBN), GS1 General Specifications 7.9 (EAN-13).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from node.engine.views.things import CATEGORIES_BY_WORD, KINDS_BY_WORD
from node.i18n import LANGUAGES, translator
from node.wording.thing_words import CATEGORIES
from protocol import limits
from protocol.bodies import Category, ThingKind
from protocol.errors import Refused

FILE_SIZE_MAX_BYTES: Final = 1024 * 1024
_ROWS_MAX: Final = 2000
_HEADING_MAX: Final = 40
_SEPARATORS: Final = ";\t,"
_NOT_DIGITS: Final = re.compile(r"[^0-9Xx]")

# What programs and people write above their columns.
_HEADINGS: Final = {
    "title": ("title", "name", "thing", "titre", "nom", "chose", "titulo", "nombre", "cosa"),
    "author": ("author", "authors", "primary author", "auteur", "auteurs", "autor", "autores"),
    "text": ("text", "description", "note", "notes", "texte", "texto", "descripcion", "notas"),
    "kind": ("kind", "genre", "type", "sorte", "tipo"),
    "circles": ("circles", "cercles", "circulos"),
    "category": ("category", "categorie", "rubrique", "categoria"),
    "conditions": ("conditions", "condiciones"),
    "licence": ("licence", "license", "licencia"),
    "isbn": ("isbn", "isbn13", "isbn 13", "isbns", "ean", "ean13", "isbn/ean"),
}
_COLUMNS: Final = {word: column for column, words in _HEADINGS.items() for word in words}


@dataclass(frozen=True, slots=True)
class ThingRow:
    """One thing of a list.

    Args:
        line: of the file, from 1, for who has to mend it.
        circles: None where the list does not say.
        problem: why it cannot be shared; the other fields mean nothing then.
    """

    line: int
    title: str = ""
    text: str = ""
    kind: ThingKind = ThingKind.OBJECT
    circles: int | None = None
    category: Category = Category.OTHER
    conditions: str = ""
    licence: str = ""
    problem: Refused | None = None


def read_things(data: bytes) -> list[ThingRow]:
    """The things of a file, line by line.

    Raises:
        Refused: it is no such table at all, or has too many lines.
    """
    text = _decoded(data)
    heading = text.lstrip("\r\n").splitlines()[:1]
    separator = max(_SEPARATORS, key=heading[0].count) if heading else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[ThingRow] = []
    columns: list[str | None] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = [_COLUMNS.get(_folded(cell)) for cell in cells]
                if "title" not in columns:
                    raise Refused("list-without-titles")
            elif len(rows) >= _ROWS_MAX:
                raise Refused("list-too-long", maximum=_ROWS_MAX)
            else:
                rows.append(_row(reader.line_num, columns, cells))
    except csv.Error as error:
        raise Refused("list-unreadable", line=reader.line_num) from error
    if columns is None:
        raise Refused("list-without-titles")
    return rows


def _row(line: int, columns: list[str | None], cells: list[str]) -> ThingRow:
    given: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column is not None and cell.strip() and column not in given:
            given[column] = cell.strip()
    try:
        isbn = _checked_number(given.get("isbn", ""))
        if "title" not in given:
            raise Refused("book-without-title" if isbn else "title-missing")
        return ThingRow(
            line,
            given["title"],
            _text(given, isbn),
            _kind(given),
            _circles(given),
            _category(given, isbn),
            given.get("conditions", ""),
            given.get("licence", ""),
        )
    except Refused as problem:
        return ThingRow(line, problem=problem)


def _text(given: dict[str, str], isbn: str) -> str:
    """Author, description and number, each on a line of its own."""
    parts = (given.get("author", ""), given.get("text", ""), isbn and f"ISBN {isbn}")
    return "\n".join(part for part in parts if part)


def _kind(given: dict[str, str]) -> ThingKind:
    # Programs for books say "paperback" or "novel" there: that is no kind of lending.
    return KINDS_BY_WORD.get(given.get("kind", "").lower(), ThingKind.OBJECT)


def _category(given: dict[str, str], isbn: str) -> Category:
    """As it is called here, in any language; a word of another program says nothing."""
    known = _categories().get(_folded(given.get("category", "")))
    return known or (Category.BOOKS if isbn else Category.OTHER)


@cache
def _categories() -> dict[str, Category]:
    catalogues = [translator(language) for language in LANGUAGES]
    return {
        name: category
        for word, category in CATEGORIES_BY_WORD.items()
        for name in (word, *(_folded(c.gettext(CATEGORIES[word])) for c in catalogues))
    }


def _circles(given: dict[str, str]) -> int | None:
    text = given.get("circles")
    if text is None:
        return None
    if not text.isdecimal() or not text.isascii() or int(text[:9]) > limits.CIRCLES_HARD_MAX:
        raise Refused("list-circles", value=text[:20], maximum=limits.CIRCLES_HARD_MAX)
    return int(text)


def _checked_number(text: str) -> str:
    """An ISBN or EAN as its digits, as 13; empty stays empty.

    Raises:
        Refused: its check digit says that it was mistyped.
    """
    digits = _NOT_DIGITS.sub("", text).upper()
    if not digits:
        return ""
    if len(digits) == 10 and "X" not in digits[:9]:
        weighted = [(10 - i) * (10 if d == "X" else int(d)) for i, d in enumerate(digits)]
        if sum(weighted) % 11 == 0:
            return _with_check_digit("978" + digits[:9])
    elif len(digits) == 13 and "X" not in digits and _with_check_digit(digits[:12]) == digits:
        return digits
    raise Refused("isbn-wrong", value=text[:40])


def _with_check_digit(twelve: str) -> str:
    total = sum(int(digit) * (1 + 2 * (i % 2)) for i, digit in enumerate(twelve))
    return twelve + str(-total % 10)


def _decoded(data: bytes) -> str:
    if len(data) > FILE_SIZE_MAX_BYTES:
        raise Refused("list-too-large", limit=FILE_SIZE_MAX_BYTES // 1024)
    for encoding in (
        ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",)
    ):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    # What spreadsheets on old Windows write; it reads every byte but five.
    return data.decode("cp1252", "replace")


def _folded(heading: str) -> str:
    """Without case, accents and the blanks around it."""
    plain = unicodedata.normalize("NFD", heading.strip()[:_HEADING_MAX].lower())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("_", " ")
