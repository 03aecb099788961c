"""Lists of things from spreadsheets and programs for books."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.things_file import FILE_SIZE_MAX_BYTES, ThingRow, read_things
from protocol.bodies import Category, ThingKind
from protocol.errors import Refused


def read(text: str, encoding: str = "utf-8") -> list[ThingRow]:
    return read_things(text.encode(encoding))


def problem(row: ThingRow) -> str:
    assert row.problem is not None
    return row.problem.code


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        read_things(data)
    return refusal.value.code


@pytest.mark.parametrize(
    "text",
    [
        "title,text,circles\nDrill,two batteries,2\n",
        "Titre;Texte;Cercles\r\nDrill;two batteries;2\r\n",
        "TÍTULO\tTexto\tCírculos\nDrill\ttwo batteries\t2",
        '\n\n"circles","Title","text"\n"2","Drill","two batteries"\n\n',
    ],
)
def test_separators_headings_and_line_ends_are_those_that_are_met(text: str) -> None:
    [row] = read(text)

    assert ("Drill", "two batteries", 2) == (row.title, row.text, row.circles)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_accents_survive_the_encodings_of_spreadsheets(encoding: str) -> None:
    [row] = read("titre;texte\nÉchelle;à côté de l’évier\n", encoding)

    assert ("Échelle", "à côté de l’évier") == (row.title, row.text)


def test_categories_are_understood_as_they_are_called_here_and_a_book_is_one() -> None:
    rows = read(
        "titre;catégorie;conditions;licence;isbn;genre\n"
        "Tente;Sport et plein air;à rendre sèche;;;\n"
        "Pedigree;roman;;;9782253142973;\n"
        "Pódcast;música;;CC BY;;copy\n"
        "Radio;radios;;;;\n"
    )

    assert [Category.SPORT, Category.BOOKS, Category.MUSIC, Category.OTHER] == [
        row.category for row in rows
    ]
    assert ["à rendre sèche", "", "", ""] == [row.conditions for row in rows]
    assert (ThingKind.COPY, "CC BY") == (rows[2].kind, rows[2].licence)


def test_a_shelf_of_books_as_a_program_for_books_writes_it() -> None:
    rows = read(
        "Book Id,Title,Author,ISBN13,My Rating,Type\n"
        '7,"Pedigree","Simenon, Georges","=""9782253142973""",4,paperback\n'
        "8,Maigret,Simenon,2-07-036822-X,,\n"
    )

    assert ["Pedigree", "Maigret"] == [row.title for row in rows]
    assert "Simenon, Georges\nISBN 9782253142973" == rows[0].text
    assert "Simenon\nISBN 9782070368228" == rows[1].text
    assert all(row.kind is ThingKind.OBJECT for row in rows)


def test_each_line_that_cannot_be_shared_says_why_and_which() -> None:
    rows = read(
        "title,isbn,circles\n,9782253142973,\n,,3\nMaigret,9782253142974,\nTent,,9\nTent,,x\n"
    )

    assert [(row.line, problem(row)) for row in rows] == [
        (2, "book-without-title"),
        (3, "title-missing"),
        (4, "isbn-wrong"),
        (5, "list-circles"),
        (6, "list-circles"),
    ]


def test_a_text_over_several_lines_keeps_the_number_of_its_last() -> None:
    rows = read('title,text\nTent,"for four\nbring it back dry"\n,x\n')

    assert "for four\nbring it back dry" == rows[0].text
    assert (4, "title-missing") == (rows[1].line, problem(rows[1]))


def test_kinds_are_the_words_of_the_command_line() -> None:
    rows = read("title,kind\nFlat,stay\nWasher,Spot\nSong,copy\nBook,novel\n")

    assert [ThingKind.STAY, ThingKind.SPOT, ThingKind.COPY, ThingKind.OBJECT] == [
        row.kind for row in rows
    ]


def test_what_is_no_list_is_refused_as_a_whole() -> None:
    assert "list-without-titles" == refused(b"")
    assert "list-without-titles" == refused(b"Drill,2\n")
    assert "list-without-titles" == refused(b"\xff\xd8\xff\xe0 a photo")
    assert "list-too-large" == refused(b"title\n" + b"x" * FILE_SIZE_MAX_BYTES)
    assert "list-too-long" == refused(b"title\n" + b"x\n" * 2001)
    assert "list-unreadable" == refused(b"title\n" + b"x" * 200_000)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"title,isbn,circles,kind\n"):
        try:
            rows = read_things(start + data)
        except Refused:
            continue
        assert all(row.problem is not None or row.title for row in rows)


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: int, place: int, change: int) -> None:
    """ISO 2108, GS1: the check digit is there for mistyping."""
    digits = f"{number:012}"
    total = sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(digits))
    good = digits + str(-total % 10)
    changed = str((int(good[place]) + change) % 10)
    wrong = good[:place] + changed + good[place + 1 :]

    assert read(f"title,ean\nx,{good}\n")[0].problem is None
    assert "isbn-wrong" == problem(read(f"title,ean\nx,{wrong}\n")[0])
