"""Keeps the catalogues in step with the sources: extract, update, compile.

    python -m node.locales           update the .po files, compile the .mo files
    python -m node.locales --check   say what is missing, and fail if anything is

Needs Babel (the ``dev`` extra); the program itself reads the .mo files with the
standard library. The files are written without dates, line numbers and tool versions,
so that a change shows the sentences that changed and nothing else.

To translate: write the sentence in English with ``_``, ``gettext``, ``ngettext`` or
``N_`` around it, run the first command, fill in the empty ``msgstr`` in
``node/locales/*/LC_MESSAGES/openhouse.po``, run it again, commit both files.
French says "tu", Spanish says "tú".
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from node.i18n import DEFAULT_LANGUAGE, LANGUAGES

TRANSLATED_LANGUAGES: Final = tuple(code for code in LANGUAGES if code != DEFAULT_LANGUAGE)

_HERE: Final = Path(__file__).resolve().parent
_ROOT: Final = _HERE.parent.parent
_SOURCES: Final = ("node", "protocol")
_METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS: Final = {
    "**/templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "silent": "false"}
}
_LINE_LENGTH: Final = 96
# What changes with every run says nothing about the sentences.
_VOLATILE: Final = (
    "POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Project-Id-Version",
    "Report-Msgid-Bugs-To", "Last-Translator", "Language-Team",
)  # fmt: skip
_PLACEHOLDER: Final = re.compile(r"%\((?P<old>\w+)\)[sd]|\{(?P<new>\w+)\}")


def po_path(language: str) -> Path:
    return _HERE / language / "LC_MESSAGES" / "openhouse.po"


def extract() -> Catalog:
    """Every sentence in the sources and templates."""
    template = Catalog(project="openhouse", charset="utf-8")
    for folder in _SOURCES:
        found = extract_from_dir(_ROOT / folder, method_map=_METHODS, options_map=_OPTIONS)
        for file_name, line, message, comments, context in found:
            place = [(f"{folder}/{file_name}", line)]
            template.add(message, None, place, auto_comments=comments, context=context)
    return template


def read(language: str) -> Catalog:
    """The catalogue of a language as it is kept."""
    with po_path(language).open("rb") as stream:
        return read_po(stream, locale=language, domain="openhouse")


def update(language: str, template: Catalog) -> None:
    """Bring a catalogue in step with the sources: new sentences empty, old ones gone."""
    catalogue = read(language)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.header_comment = f"# Open House in {language}. See node/locales/catalogues.py."
    catalogue.fuzzy = False
    text = io.BytesIO()
    write_po(
        text,
        catalogue,
        width=_LINE_LENGTH,
        ignore_obsolete=True,
        sort_by_file=True,
        include_lineno=False,
    )
    lines = text.getvalue().decode().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(tuple(f'"{key}' for key in _VOLATILE))]
    po_path(language).write_text("".join(kept), encoding="utf-8")


def compile_one(language: str) -> None:
    """Write the .mo file next to the .po file."""
    with po_path(language).with_suffix(".mo").open("wb") as stream:
        write_mo(stream, read(language))


def problems(language: str, template: Catalog) -> Iterator[str]:
    """What keeps a catalogue from being complete, one sentence each."""
    catalogue = read(language)
    wanted = {message.id for message in template if message.id}
    for message in catalogue:
        if message.id and message.id not in wanted:
            yield f"{language}: no longer in the sources: {message.id!r}"
    for message_id in wanted:
        kept = catalogue.get(message_id)
        if kept is None:
            yield f"{language}: missing: {message_id!r}"
        elif kept.fuzzy:
            yield f"{language}: fuzzy: {message_id!r}"
        else:
            yield from _problems_of(language, kept)


def _problems_of(language: str, message: Message) -> Iterator[str]:
    originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if len(strings) != len(originals) or not all(strings):
        yield f"{language}: not translated: {message.id!r}"
        return
    allowed = set().union(*(placeholders(original) for original in originals))
    needed = placeholders(originals[0]) if len(originals) == 1 else set()
    for string in strings:
        used = placeholders(string or "")
        if used - allowed or needed - used:
            yield f"{language}: other placeholders than {message.id!r}: {string!r}"


def placeholders(text: str) -> set[str]:
    """The names that are filled in when a sentence is shown."""
    return {match["old"] or match["new"] for match in _PLACEHOLDER.finditer(text)}
