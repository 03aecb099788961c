"""What others call a file is made into a name that can do nothing (spec §20.3)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.file_names import NAME_SIZE_MAX_BYTES, numbered, safe_name
from node.i18n import translator
from node.wording.file_words import size_words

HOSTILE = st.text(st.sampled_from("./\\:.  ab\0\n\u202e\u200bCONé~$%\ud800"), max_size=200)


@given(st.text() | HOSTILE)
def test_a_name_is_one_visible_part_of_a_path_whatever_the_title(title: str) -> None:
    name = safe_name(title)

    assert 0 < len(name.encode()) <= NAME_SIZE_MAX_BYTES
    assert not any(c in name for c in "/\\:\0\n<>|*?\"'`$&;")
    assert not any(unicodedata.category(c)[0] in "CZ" and c != " " for c in name)
    assert not name.startswith((".", " ", "-"))
    assert not name.endswith((".", " "))
    assert safe_name(name) == name, "a name that was made is kept"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Épisode 1 – le pain.ogg", "Épisode 1 – le pain.ogg"),
        ("../../etc/passwd", "etc passwd"),
        ("C:\\autoexec.bat", "C autoexec.bat"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("song\u202egpj.exe", "song gpj.exe"),
        ("CON.txt", "file CON.txt"),
        ("com1", "file com1"),
        ("", "file"),
        ("...", "file"),
        ("x" * 300 + ".tar", "x" * 116 + ".tar"),
        ("é" * 200, "é" * 60),
        ("notes.with a dot", "notes.with a dot"),
    ],
)
def test_examples(title: str, name: str) -> None:
    assert safe_name(title) == name


def test_one_more_of_a_name_keeps_its_ending() -> None:
    assert ("a (2).ogg", "a (3)") == (numbered("a.ogg", 2), numbered("a", 3))


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (999_999, "1000 kB"),
     (1_000_000, "1 MB"), (1_600_000, "1.6 MB"), (512_000_000, "512 MB")],
)  # fmt: skip
def test_sizes_are_said_as_exactly_as_anybody_needs(size_bytes: int, words: str) -> None:
    assert size_words(size_bytes, translator("en")) == words
    assert "," in size_words(1_600_000, translator("fr"))
