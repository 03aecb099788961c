"""The terminal: sentences and aligned tables in the reader's language."""

from __future__ import annotations

import json
import shlex
import sys
import unicodedata
from collections.abc import Sequence
from typing import Final, TextIO

from node.cli.client import Answer
from node.i18n import translator

_COLUMN_GAP: Final = "  "
_ID_LENGTH_MIN: Final = 8
# Overrides of the writing direction: they can make a text read as another one.
_DIRECTION_CONTROLS: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Screen:
    """Where a command writes, and in which language.

    Args:
        language: language of the sentences.
        stream: where answers go (standard output).
        home: the data directory given with ``--home``; commands are shown with it.
    """

    def __init__(
        self, language: str, stream: TextIO | None = None, home: str | None = None
    ) -> None:
        self.language = language
        self._home = home
        self._stream = sys.stdout if stream is None else stream
        self.catalogue = translator(language)
        self.gettext = self.catalogue.gettext
        self.ngettext = self.catalogue.ngettext

    def line(self, text: str = "") -> None:
        self._stream.write(naming_home(_without_controls(text), self._home) + "\n")

    def raw(self, text: str) -> None:
        """Write text made by this program (a QR code) as it is."""
        self._stream.write(text)

    def json(self, value: Answer) -> None:
        self._stream.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns; the last one is as wide as it is."""
        lines = [headings, *([_without_controls(cell) for cell in row] for row in rows)]
        widths = [max(width_of(line[i]) for line in lines) for i in range(len(headings))]
        for line in lines:
            cells = [
                cell + " " * (width - width_of(cell))
                for cell, width in zip(line, widths, strict=True)
            ]
            self._stream.write(naming_home(_COLUMN_GAP.join(cells).rstrip(), self._home) + "\n")

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and values under each other."""
        width = max(width_of(name) for name, _ in pairs)
        for name, value in pairs:
            self.line(name + " " * (width - width_of(name)) + _COLUMN_GAP + value)


def naming_home(text: str, home: str | None) -> str:
    """Commands as they have to be typed here: for the data directory that was given."""
    if home is None:
        return text
    return text.replace("openhouse ", f"openhouse --home {shlex.quote(home)} ")


def width_of(text: str) -> int:
    """How many columns a terminal gives a text: wide characters take two, marks none."""
    width = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        width += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
    return width


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """The shortest beginnings, of eight or more characters, that tell these ids apart."""
    unique = sorted(set(ids))
    length = _ID_LENGTH_MIN
    while len({identity[:length] for identity in unique}) < len(unique):
        length += 1
    return {identity: identity[:length] for identity in unique}


def short_id(identity: str) -> str:
    """The beginning of one id; accepted wherever it is the only one."""
    return identity[:_ID_LENGTH_MIN]


def moment(instant: str) -> str:
    """An instant in UTC as the clock on this wall shows it."""
    from datetime import datetime

    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M")


def span(start: str, end: str) -> str:
    start, end = start.replace("T", " "), end.replace("T", " ")
    return start if start == end else f"{start} – {end}"


def _without_controls(text: str) -> str:
    """What another member wrote must not drive this terminal (escape sequences)."""
    kept = (" " if character in "\n\t" else character for character in text)
    return "".join(
        character
        for character in kept
        if unicodedata.category(character) not in ("Cc", "Cs")
        and character not in _DIRECTION_CONTROLS
    )
