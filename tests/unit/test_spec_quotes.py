"""Code that quotes the specification quotes it word for word, and cites sections that exist.

Two forms are checked in ``protocol/`` and ``node/``: comments such as
``# Spec 5.2: "A receiver MUST refuse ..."`` (over as many comment lines as needed), and
``§5.2`` in comments and docstrings. Sections of other documents are written with the
document's name in front ("RFC 8032 §5.1.7", "Noise §5.3") and left alone.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SPEC = REPOSITORY / "protocol" / "spec.md"
SOURCES = tuple(
    path for folder in ("protocol", "node") for path in sorted((REPOSITORY / folder).rglob("*.py"))
)

HEADING = re.compile(r"^#{1,6}\s+§?(\d+(?:\.\d+)*)\.?(?:\s|$)")
QUOTE_START = re.compile(r"^Spec §?(\d+(?:\.\d+)*):\s*(?=[\"“])")
QUOTE = re.compile(r"^Spec §?(\d+(?:\.\d+)*):\s*[\"“](.*?)[\"”]\.?\s*$")
CITATION = re.compile(r"(?:(RFC \d+|Noise|BOLT \d+|BIP \d+),?\s+)?§(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Quote:
    """One quotation of the specification in a source file."""

    line: int
    section: str
    text: str


def normalised(text: str) -> str:
    """The words alone: one space between them, without Markdown's marks and line quotes."""
    text = re.sub(r"^\s*(?:>|[-*] )\s*", " ", text, flags=re.MULTILINE)
    text = re.sub(r"[`*]|(?<!\w)_|_(?!\w)", "", text)
    return re.sub(r"\s+", " ", text.replace("’", "'")).strip()


def spec_sections(text: str) -> dict[str, str]:
    """Each numbered section's words, those of its subsections included."""
    sections: dict[str, list[str]] = {}
    open_numbers: list[str] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= line.startswith("```")
        heading = None if in_code else HEADING.match(line)
        if heading:
            number = heading[1]
            open_numbers = [n for n in open_numbers if number.startswith(f"{n}.")] + [number]
            sections[number] = []
        for number in open_numbers:
            sections[number].append(line)
    return {number: normalised("\n".join(lines)) for number, lines in sections.items()}


@cache
def the_spec() -> dict[str, str]:
    return spec_sections(SPEC.read_text(encoding="utf-8")) if SPEC.exists() else {}


def test_the_specification_is_there() -> None:
    """Without it nothing below can hold."""
    assert SPEC.exists()


def comment_blocks(source: str) -> list[tuple[int, list[str]]]:
    """Runs of comment lines at one indentation: first line number, texts without ``#``."""
    blocks: list[tuple[int, list[str]]] = []
    last = (-1, -1)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        row, column = token.start
        if (row - 1, column) != last:
            blocks.append((row, []))
        blocks[-1][1].append(token.string.lstrip("#").strip())
        last = (row, column)
    return blocks


def quotes(source: str) -> list[Quote]:
    """Every quotation of the specification in a source; an unended one has no text."""
    found = []
    for first_line, lines in comment_blocks(source):
        for i in range(len(lines)):
            start = QUOTE_START.match(lines[i])
            if start is None:
                continue
            ends = (QUOTE.match(" ".join(lines[i:j])) for j in range(i + 1, len(lines) + 1))
            whole = next(filter(None, ends), None)
            found.append(Quote(first_line + i, start[1], whole[2] if whole else ""))
    return found


def citations(source: str) -> list[str]:
    """Every ``§N.M`` of ours in a source."""
    return [number for other, number in CITATION.findall(source) if not other]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_quotes_are_the_words_of_the_spec(path: Path) -> None:
    """A rule quoted in the code stands in the section it names."""
    wrong = [
        f"line {quote.line}: not in section {quote.section}: {quote.text!r}"
        for quote in quotes(path.read_text(encoding="utf-8"))
        if not quote.text or normalised(quote.text) not in the_spec().get(quote.section, "")
    ]

    assert wrong == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_cited_sections_exist(path: Path) -> None:
    """A section that the code points to is a heading of the specification."""
    cited = citations(path.read_text(encoding="utf-8"))
    missing = sorted({f"§{number}" for number in cited if number not in the_spec()})

    assert missing == []


def test_a_quote_over_two_lines_is_read_whole() -> None:
    """Quotations go on over comment lines until their closing mark."""
    source = (
        'x = 1  # Spec 1: "A."\n'
        "def f():\n"
        '    # Spec 5.2: "A node MUST\n'
        '    # discard it."\n'
        "    # For a reason of its own.\n"
        '    # Spec 6.1: "never ended\n'
    )

    assert [
        Quote(1, "1", "A."),
        Quote(3, "5.2", "A node MUST discard it."),
        Quote(6, "6.1", ""),
    ] == quotes(source)


def test_sections_hold_the_words_of_their_subsections() -> None:
    """Numbers are read from headings, not from code blocks; marks and breaks are dropped."""
    text = (
        "# 5 Records\n\nA `node`\n**MUST** go.\n\n## 5.2. Order\n\n```\n# 9 no\n```\nOn.\n# 6 End\n"
    )

    assert {
        "5": "# 5 Records A node MUST go. ## 5.2. Order # 9 no On.",
        "5.2": "## 5.2. Order # 9 no On.",
        "6": "# 6 End",
    } == spec_sections(text)


def test_sections_of_other_documents_are_not_ours() -> None:
    """A citation with a document's name in front is left alone."""
    assert ["5.2", "7"] == citations("Spec: §5.2, §7. See RFC 8032 §5.1.7 and Noise §5.3.")
